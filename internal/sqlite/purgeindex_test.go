package sqlite

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ncruces/go-sqlite3"
)

// wordyWord is a word of a capture of newWordy, whose number it has.
var wordyWord = regexp.MustCompile(`zwortq(\d{4})x`)

// grow adds captures in one transaction: the more, the longer are the segments that
// are merged.
func (w *wordy) grow(t *testing.T, captures int) {
	t.Helper()
	err := w.c.write(t.Context(), "grow", func(on *conn) error {
		for range captures {
			n := len(w.ids)
			capture := testCapture(n)
			w.ids = append(w.ids, capture.ID)
			if err := insert(on, capture); err != nil {
				return err
			}
			words := make([]string, 60)
			for i := range words {
				words[i] = grownWord(n, i)
			}
			seq, err := on.number("SELECT seq FROM captures WHERE id = ?", capture.ID.String())
			if err == nil {
				err = setDocument(on, seq, strings.Join(words, " "))
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
}

// grownWord returns a word: those of captures come in their order, so that a merge
// consumes one segment after the other.
func grownWord(capture, i int) string { return fmt.Sprintf("zwortq%04dx%d", capture, i) }

// merge begins to merge what a table is made of, and stops when it has consumed words
// of captures that are doomed.
func (w *wordy) merge(t *testing.T, table string) {
	t.Helper()
	for range 500 {
		found, err := read(t.Context(), w.c, "look for words", func(on *conn) (bool, error) {
			spent, err := findSpent(on)
			found := false
			for _, s := range spent {
				if s.table != table || err != nil {
					continue
				}
				err = on.query(func(row *sqlite3.Stmt) error {
					for _, word := range wordyWord.FindAllSubmatch(row.ColumnBlob(0, nil), -1) {
						n, err := strconv.Atoi(string(word[1]))
						if found = found || w.doomed(n); err != nil {
							return err
						}
					}
					return nil
				}, "SELECT block FROM "+s.table+"_data WHERE id >= ? AND id < ?", s.id<<pageBits, s.id<<pageBits+s.pages)
			}
			return found, err
		})
		if err == nil && !found {
			w.tell(t, table, "merge", 1)
		}
		if err != nil {
			t.Fatal(err)
		}
		if found {
			return
		}
	}
	t.Fatal("no merge was under way")
}

// What a merge has consumed is gone with what was deleted, in copies too; and merges
// go on as if it were there.
func TestCatalog_Purge_Merges(t *testing.T) {
	for _, table := range []string{"search", "search_new"} {
		t.Run(table, func(t *testing.T) {
			w := &wordy{o: Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}}
			w.c = mustOpen(t, w.o)
			w.tell(t, "search", "automerge", 0)
			for range 8 {
				w.grow(t, 25)
			}
			if table == "search_new" {
				if _, _, err := w.c.beginRebuild(t.Context()); err != nil {
					t.Fatal(err)
				}
				w.tell(t, table, "automerge", 0)
				for range len(w.ids) / rebuildBatch { // the last transaction would end it
					if _, err := doWrite(t.Context(), w.c, "rebuild", rebuildSome); err != nil {
						t.Fatal(err)
					}
				}
			}
			w.tell(t, table, "usermerge", 2)
			w.merge(t, table)
			w.tell(t, table, "automerge", 4)
			w.copyAside(t)
			w.delete(t)
			w.purge(t)
			w.wantNoWords(t)
			w.wantKept(t)
			w.grow(t, 100)
			w.tell(t, "search", "integrity-check", 1)
			checkSound(t, w.c)
			if err := w.c.RebuildIndex(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			w.tell(t, "search", "integrity-check", 1)
			checkSound(t, w.c)
			w.wantKept(t)
		})
	}
}

// An index that was replaced, and not thrown away, is gone in copies too.
func TestCatalog_Purge_OldIndexOfCopy(t *testing.T) {
	w := newWordy(t, nil)
	_, _, err := w.c.beginRebuild(t.Context())
	for n := int64(1); n > 0 && err == nil; {
		n, err = doWrite(t.Context(), w.c, "rebuild", rebuildSome)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.copyAside(t)
	w.delete(t)
	w.purge(t)
	w.wantNoWords(t)
}

// wantKept looks for words of captures that are kept.
func (w *wordy) wantKept(t *testing.T) {
	t.Helper()
	for n := range w.ids {
		if !w.doomed(n) && n%7 == 0 {
			wantWords(t, w.c, grownWord(n, 7), 1)
		}
	}
}

// tell gives a command to an index.
func (w *wordy) tell(t *testing.T, table, command string, value int) {
	t.Helper()
	err := w.c.write(t.Context(), "command", func(on *conn) error {
		return on.exec("INSERT INTO "+table+" ("+table+", rank) VALUES (?, ?)", command, value)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// copyAside makes a copy as a migration to come will.
func (w *wordy) copyAside(t *testing.T) {
	t.Helper()
	err := withConn(t.Context(), func() (*conn, error) { return w.c.db.connectWriter(w.o.Path) }, func(on *conn) error {
		return w.c.db.copyAside(t.Context(), on, schema{captures: true, version: latest})
	})
	if copies := copiesOf(t, w.o); err != nil || len(copies) != 1 {
		t.Fatalf("the copies are %q, %v", copies, err)
	}
}

func TestSpentOf(t *testing.T) {
	whole := []byte("\x00\x00\x00\x07" + "\x02\x03\x81\x00" + "\x02\x02" + "\x05\x00\x00" + "\x81\x06\x00\x00" + "\x00\x01" + "\x07\x02\x03")
	if ids, ok := spentOf(whole); !ok || !slices.Equal(ids, []spent{{segment{id: 5}, 1 << pageBits}, {segment{id: 134}, 1 << pageBits}, {segment{id: 7}, 2}}) {
		t.Errorf("spentOf = %v, %t", ids, ok)
	}
	for n := range whole {
		if ids, ok := spentOf(whole[:n]); ok {
			t.Errorf("spentOf of the first %d bytes = %v", n, ids)
		}
	}
	if _, ok := spentOf(append(whole, 0)); ok {
		t.Error("spentOf takes more than a record")
	}
	long := varints{rest: []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")}
	if a, b := long.next(), long.next(); a != 1<<64-1 || b != 1 || long.short {
		t.Errorf("the varints are %x and %x", a, b)
	}
}

// A copy may have a capture in both spellings of its id.
func TestPurgeRow_BothSpellings(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	captures := insertMany(t, c, 2)
	err := c.write(t.Context(), "purge", func(on *conn) error {
		err := on.exec("UPDATE captures SET id = upper(?) WHERE id = ?", captures[0].ID.String(), captures[1].ID.String())
		if err == nil {
			err = on.exec("INSERT INTO documents SELECT seq, 'some words' FROM captures")
		}
		if err == nil {
			err = on.exec("INSERT INTO search (search) VALUES ('rebuild')")
		}
		if err == nil {
			err = purgeRow(on, schema{version: latest}, captures[0].ID.String())
		}
		if err != nil {
			return err
		}
		left, err := on.number("SELECT (SELECT count(*) FROM captures) + (SELECT count(*) FROM documents) + (SELECT count(*) FROM queue)")
		if left != 0 {
			t.Errorf("%d rows are left", left)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
