package sqlite

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// damageText flips a bit of a text on the disk.
func damageText(t testing.TB, o Options, text string) {
	t.Helper()
	if _, err := openSQL(t, o).ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	plain := content
	if o.Key != nil {
		plain = decrypt(o.Key, content)
	}
	at := bytes.Index(plain, []byte(text[len(text)/2:][:40]))
	if at < 0 {
		at = bytes.Index(plain, []byte(text[len(text)/2+40:][:40])) // a page ended in the first
	}
	if at < 0 {
		t.Fatal("the text is not in the file")
	}
	content[at] ^= 4
	if err := os.WriteFile(o.Path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Whichever byte of whichever page is flipped, the catalogue is not called sound,
// though its index pages and the pages of long texts are seldom read.
func TestCatalog_CheckWhole_AnyPage(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key}
		c := mustOpen(t, o)
		for n := range 400 {
			capture := testCapture(n)
			if n%50 == 0 {
				text := strings.Repeat("read ", 4000)
				capture.OCRText = &text
			}
			if err := c.InsertCapture(t.Context(), capture); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		sound, err := os.ReadFile(o.Path)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		flips := 0
		for page := range len(sound) / blockSize {
			for range proof.Rounds(1, 40) {
				at := page*blockSize + random.IntN(blockSize)
				damaged := bytes.Clone(sound)
				damaged[at] ^= 1 << random.IntN(8)
				if err := os.WriteFile(o.Path, damaged, 0o600); err != nil {
					t.Fatal(err)
				}
				if err := checkWholeOf(t, o); err == nil {
					t.Errorf("byte %d of page %d is flipped, and all is well", at%blockSize, page+1)
				} else if page > 0 && !errors.Is(err, jarvis.ErrCorrupt) {
					t.Errorf("byte %d of page %d is flipped: %v (%v)", at%blockSize, page+1, err, errors.Unwrap(err))
				}
				flips++
			}
		}
		if err := os.WriteFile(o.Path, sound, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := checkWholeOf(t, o); err != nil {
			t.Errorf("nothing is flipped: %v", err)
		}
		proof.Record(t, "%d flipped bits in %d pages, each found", flips, len(sound)/blockSize)
	})
}

// checkWholeOf opens a catalogue and checks it.
func checkWholeOf(t *testing.T, o Options) error {
	t.Helper()
	c, err := Open(t.Context(), o)
	if err != nil {
		return err
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	return c.CheckWhole(t.Context())
}
