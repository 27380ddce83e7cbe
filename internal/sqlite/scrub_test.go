package sqlite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// wordy is a catalogue whose documents have no word in common.
type wordy struct {
	o   Options
	c   *Catalog
	ids []jarvis.ID
}

func newWordy(t *testing.T, key []byte) *wordy {
	t.Helper()
	w := &wordy{o: Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key}}
	w.c = mustOpen(t, w.o)
	random := rand.New(rand.NewPCG(1, 1))
	err := w.c.write(t.Context(), "fill", func(on *conn) error {
		for n := range proof.Rounds(300, 3000) {
			capture := testCapture(n)
			w.ids = append(w.ids, capture.ID)
			words := make([]string, 40)
			for i := range words {
				// Words that differ late make the index keep much of them.
				words[i] = fmt.Sprintf("%czwortq%04dx%d", 'a'+random.IntN(26), n, i)
			}
			document := strings.Join(words, " ")
			capture.OCRText = &document
			err := insert(on, capture)
			if err == nil {
				var row counted
				row, _, err = findCounted(on, capture.ID)
				err = errors.Join(err, setDocument(on, row.seq, document), flush(on))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// doomed are the captures that are deleted.
func (w *wordy) doomed(n int) bool { return n%2 == 0 || n < len(w.ids)/4 }

func (w *wordy) delete(t *testing.T) {
	t.Helper()
	const clients = 8
	var wg sync.WaitGroup
	for first := range clients {
		wg.Go(func() {
			for n := first; n < len(w.ids); n += clients {
				if !w.doomed(n) {
					continue
				}
				_, err := w.c.BeginDelete(t.Context(), w.ids[n])
				if err == nil {
					err = w.c.FinishDelete(t.Context(), w.ids[n])
				}
				if err != nil {
					t.Errorf("delete: %v (%v)", err, errors.Unwrap(err))
				}
			}
		})
	}
	wg.Wait()
}

func (w *wordy) reopen(t *testing.T) {
	t.Helper()
	if err := w.c.Close(); err != nil {
		t.Fatal(err)
	}
	w.c = mustOpen(t, w.o)
}

func (w *wordy) purge(t *testing.T) {
	t.Helper()
	if err := w.c.Purge(t.Context()); err != nil {
		t.Fatalf("Purge: %v (%v)", err, errors.Unwrap(err))
	}
}

// noted counts the words that Purge has yet to look for.
func (w *wordy) noted(t *testing.T) int64 {
	t.Helper()
	n, err := read(t.Context(), w.c, "count words", func(on *conn) (int64, error) { return on.number("SELECT count(*) FROM unindexed") })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// wantNoWords looks for words of captures that were deleted in every file.
func (w *wordy) wantNoWords(t *testing.T) {
	t.Helper()
	left, kept := make(map[string]bool), make(map[int]bool)
	entries, err := os.ReadDir(filepath.Dir(w.o.Path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(filepath.Dir(w.o.Path), e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if w.o.Key != nil {
			content = decrypt(w.o.Key, content)
		}
		for _, found := range regexp.MustCompile(`zwortq(\d{4})x`).FindAllSubmatch(content, -1) {
			n, err := strconv.Atoi(string(found[1]))
			if err != nil {
				t.Fatal(err)
			}
			if kept[n] = true; w.doomed(n) {
				left[e.Name()+": "+string(found[0])] = true
			}
		}
	}
	if len(left) > 0 {
		t.Errorf("%d words of captures that were deleted are left, such as %v", len(left), slices.Sorted(maps.Keys(left))[:min(5, len(left))])
	}
	for n := range w.ids {
		if !w.doomed(n) && !kept[n] {
			t.Errorf("capture %d was kept, and its words were not", n)
		}
	}
	if n := w.noted(t); n != 0 {
		t.Errorf("%d words are still noted", n)
	}
	wantKeys(t, w.c)
	checkSound(t, w.c)
}

// Nothing is left of the words of captures that were deleted: not in the index
// either, of which some pages begin with them.
func TestCatalog_Purge_LeavesNoWords(t *testing.T) {
	for name, purge := range map[string]func(t *testing.T, w *wordy){
		"AtOnce": func(t *testing.T, w *wordy) {
			w.delete(t)
			w.purge(t)
		},
		"Interrupted": func(t *testing.T, w *wordy) {
			w.delete(t)
			before := w.noted(t)
			for range 20 {
				w.scrubOne(t)
			}
			if after := w.noted(t); after == 0 || after != before-20 {
				t.Fatalf("of %d words %d are noted after 20 were looked for", before, after)
			}
			w.reopen(t)
			w.purge(t)
			w.purge(t)
		},
		"Cancelled": func(t *testing.T, w *wordy) {
			w.delete(t)
			ctx, cancel := context.WithCancel(t.Context())
			purged := make(chan error)
			go func() { purged <- w.c.Purge(ctx) }()
			w.scrubOne(t)
			cancel()
			if err := <-purged; err != nil && !errors.Is(err, context.Canceled) {
				t.Fatalf("Purge = %v", err)
			}
			w.purge(t)
		},
		"WhileRebuilding": func(t *testing.T, w *wordy) {
			w.rebuildHalf(t)
			w.delete(t)
			w.purge(t)
			w.wantNoWords(t)
			if err := w.c.RebuildIndex(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			w.purge(t)
		},
		"OldIndex": func(t *testing.T, w *wordy) {
			w.rebuildHalf(t)
			for n := int64(1); n > 0; {
				var err error
				if n, err = doWrite(t.Context(), w.c, "rebuild", rebuildSome); err != nil {
					t.Fatal(err)
				}
			}
			w.delete(t)
			w.purge(t)
		},
		"OtherDocuments": func(t *testing.T, w *wordy) {
			var documents []jarvis.Document
			for n, id := range w.ids {
				if w.doomed(n) {
					documents = append(documents, jarvis.Document{ID: id, Words: "another document"})
				}
			}
			err := w.c.SetDocuments(t.Context(), documents, jarvis.Cursor{})
			if err == nil {
				err = w.c.write(t.Context(), "forget the texts", func(on *conn) error {
					return on.exec("UPDATE captures SET ocr_text = NULL WHERE EXISTS (SELECT 1 FROM documents WHERE seq = captures.seq AND words = 'another document')")
				})
			}
			if err != nil {
				t.Fatal(err)
			}
			w.purge(t)
		},
	} {
		if raceDetector && name != "Cancelled" {
			continue // they do one thing after another, and take minutes
		}
		t.Run(name, func(t *testing.T) {
			w := newWordy(t, testKey)
			purge(t, w)
			w.wantNoWords(t)
		})
	}
}

// scrubOne looks for one word that was noted.
func (w *wordy) scrubOne(t *testing.T) {
	t.Helper()
	if _, err := doWrite(t.Context(), w.c, "purge", func(on *conn) (bool, error) { return scrubSome(on, 0) }); err != nil {
		t.Fatal(err)
	}
}

// rebuildHalf makes an index anew, and does not end with it.
func (w *wordy) rebuildHalf(t *testing.T) {
	t.Helper()
	_, _, err := w.c.beginRebuild(t.Context())
	for range len(w.ids) / 2 / rebuildBatch {
		if err == nil {
			_, err = doWrite(t.Context(), w.c, "rebuild", rebuildSome)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Words that a document keeps, or that others have, stay.
func TestCatalog_Purge_SharedWords(t *testing.T) {
	w := &wordy{o: Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}}
	w.c = mustOpen(t, w.o)
	for n, document := range []string{"shared lost", "shared kept", "renewed dropped"} {
		capture := testCapture(n)
		w.ids = append(w.ids, capture.ID)
		if err := w.c.InsertCapture(t.Context(), capture); err != nil {
			t.Fatal(err)
		}
		readCapture(t, w.c, capture.ID, document)
	}
	if err := w.c.SetDocuments(t.Context(), []jarvis.Document{{ID: w.ids[2], Words: "renewed added"}}, jarvis.Cursor{}); err != nil {
		t.Fatal(err)
	}
	if n := w.noted(t); n != 1 {
		t.Errorf("%d words are noted of a document that lost one", n)
	}
	if _, err := w.c.BeginDelete(t.Context(), w.ids[0]); err != nil {
		t.Fatal(err)
	}
	if n := w.noted(t); n != 3 {
		t.Errorf("%d words are noted after a deletion, want 3", n)
	}
	w.purge(t)
	if n := w.noted(t); n != 0 {
		t.Errorf("%d words are noted after Purge", n)
	}
	for word, want := range map[string]int{"shared": 1, "lost": 0, "kept": 1, "renewed": 1, "dropped": 0, "added": 1} {
		wantWords(t, w.c, word, want)
	}
	checkSound(t, w.c)
}

// wantKeys checks that each key of the index is how a word begins that is there.
func wantKeys(t *testing.T, c *Catalog) {
	t.Helper()
	_, err := read(t.Context(), c, "read the keys", func(on *conn) (struct{}, error) {
		keys := 0
		err := on.query(func(s *sqlite3.Stmt) error {
			keys++
			key := strings.TrimPrefix(string(s.ColumnBlob(0, nil)), idxKey)
			if next, err := nextWord(on, key); err != nil || !strings.HasPrefix(next, key) {
				t.Errorf("a key %q of the index is left, and the next word is %q (%v)", key, next, err)
			}
			return nil
		}, "SELECT term FROM search_idx")
		if keys < 20 {
			t.Errorf("the index has %d keys, which proves little", keys)
		}
		return struct{}{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
}
