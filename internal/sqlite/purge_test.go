package sqlite

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cipher "lukechampine.com/adiantum"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// decrypt returns a file of the catalogue as SQLite sees it, block by block:
// with free pages and everything else that nobody reads.
func decrypt(key, content []byte) []byte {
	plain := bytes.Clone(content[:len(content)/blockSize*blockSize])
	for at := 0; at < len(plain); at += blockSize {
		tweak := binary.LittleEndian.AppendUint64(nil, uint64(at))
		cipher.New(key).Decrypt(plain[at:at+blockSize], tweak)
	}
	return plain
}

// remnants lists the files of a catalogue that hold some text, as stored or
// decrypted.
func remnants(t *testing.T, o Options, text string) (files []string) {
	t.Helper()
	folder := filepath.Dir(o.Path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if o.Key != nil {
			content = append(content, decrypt(o.Key, content)...)
		}
		if n := bytes.Count(content, []byte(text)); n > 0 {
			files = append(files, fmt.Sprintf("%s (%d times)", e.Name(), n))
		}
	}
	return files
}

// Whatever the sizes of what is around them, and however the pages were filled,
// nothing is left of captures that were deleted.
func TestCatalog_Purge_AnyPages(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		for seed := range uint64(proof.Rounds(3, 100)) {
			random := rand.New(rand.NewPCG(seed, 7))
			o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key}
			c := mustOpen(t, o)
			const marker = "marker-qzxv"
			word := func(marked bool, most int) string {
				filler := strings.Repeat("word ", random.IntN(most))
				if marked {
					return filler[:len(filler)/2] + marker + filler[len(filler)/2:]
				}
				return filler
			}
			var doomed []jarvis.ID
			for n := range 150 {
				capture := testCapture(random.IntN(1 << 20))
				capture.ID = jarvis.NewRandomID()
				marked := random.IntN(3) == 0
				capture.AppName, capture.WindowTitle, capture.URL = word(marked, 40), word(marked, 200), word(marked, 100)
				if n%2 == 0 {
					text := word(marked, 3000)
					capture.OCRText = &text
				}
				if err := c.InsertCapture(t.Context(), capture); err != nil {
					t.Fatal(err)
				}
				if n%3 > 0 {
					document := strings.TrimSpace(word(marked, 300))
					readCapture(t, c, capture.ID, document)
				}
				if marked {
					doomed = append(doomed, capture.ID)
				}
			}
			if len(remnants(t, o, marker)) == 0 {
				t.Fatal("the marker is nowhere before it is deleted")
			}
			random.Shuffle(len(doomed), func(i, j int) { doomed[i], doomed[j] = doomed[j], doomed[i] })
			for _, id := range doomed {
				if _, err := c.BeginDelete(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				if err := c.FinishDelete(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.Purge(t.Context()); err != nil {
				t.Fatal(err)
			}
			if files := remnants(t, o, marker); len(files) != 0 {
				t.Errorf("seed %d: what was deleted and purged is still in %q", seed, files)
			}
			checkSound(t, c)
		}
	})
}
