package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

// copiesOf lists the copies beside a database.
func copiesOf(t testing.TB, o Options) []string {
	t.Helper()
	db, err := newDatabase(o)
	if err != nil {
		t.Fatal(err)
	}
	copies, err := db.copies()
	if err := db.closeAfter(err); err != nil {
		t.Fatal(err)
	}
	return copies
}

// makeCopies returns a closed catalogue with n captures and two copies of it.
func makeCopies(t testing.TB, key []byte, n int) (Options, []*jarvis.Capture) {
	t.Helper()
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key}
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	captures := insertMany(t, c, n)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	downAndUp(t, o)
	if copies := copiesOf(t, o); len(copies) != 2 {
		t.Fatalf("copies after a migration down and up: %q, want two", copies)
	}
	return o, captures
}

func downAndUp(t testing.TB, o Options) {
	t.Helper()
	if _, err := MigrateDown(t.Context(), o); err != nil {
		t.Fatalf("MigrateDown: %v (%v)", err, errors.Unwrap(err))
	}
	if _, err := MigrateUp(t.Context(), o); err != nil {
		t.Fatalf("MigrateUp: %v (%v)", err, errors.Unwrap(err))
	}
}

func TestCopyAside(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		o, captures := makeCopies(t, key, 50)
		copies := copiesOf(t, o)
		for i, version := range []int64{latest, latest - 1} {
			path := copies[i]
			if !strings.Contains(path, fmt.Sprintf(".v%d-", version)) {
				t.Errorf("copy %d is called %s, want version %d", i, path, version)
			}
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if plain := bytes.Contains(content, []byte(captures[7].Filepath)); plain == (key != nil) {
				t.Errorf("%s is encrypted: %v, and the database: %v", path, !plain, key != nil)
			}
		}
		for _, folder := range []string{"old", "older"} { // a copy is a catalogue
			path := filepath.Join(t.TempDir(), folder)
			if err := os.Rename(copies[0], path); err != nil {
				t.Fatal(err)
			}
			copies = copies[1:]
			c := mustOpen(t, Options{Path: path, Key: key})
			wantAll(t, c, captures)
			checkSound(t, c)
			verify, err := read(t.Context(), c, "read a pragma", func(on *conn) (int64, error) { return on.number("PRAGMA checksum_verification") })
			if err != nil || verify != 1 {
				t.Errorf("checksum_verification of a copy = %d, %v", verify, err)
			}
		}
	})
}

func TestCopyAside_KeepsTheLastTwo(t *testing.T) {
	o, _ := makeCopies(t, nil, 3)
	before := copiesOf(t, o)
	partial := o.Path + ".backup.partial"
	foreign := o.Path + ".v1-mine.backup"
	for _, path := range []string{partial, foreign} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	downAndUp(t, o)
	after := copiesOf(t, o)
	if len(after) != 2 || slices.Contains(before, after[0]) || slices.Contains(before, after[1]) {
		t.Errorf("copies %q became %q, want two new ones", before, after)
	}
	if _, err := os.Stat(partial); !errors.Is(err, os.ErrNotExist) {
		t.Error("a copy that was interrupted is still there")
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Errorf("a file that is no copy of ours: %v", err)
	}
}

func TestCopyAside_NothingToCopy(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}
	if err := mustOpen(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	downAndUp(t, o)
	if copies := copiesOf(t, o); len(copies) != 0 {
		t.Errorf("an empty catalogue was copied to %q", copies)
	}
}

// Who may come in is worth a copy, without a capture too.
func TestCopyAside_Tokens(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	token := &jarvis.Token{Name: "ada@desk", Scope: jarvis.ScopeUpload, Hash: []byte("hash")}
	if err := errors.Join(c.InsertToken(t.Context(), token), c.Close()); err != nil {
		t.Fatal(err)
	}
	downAndUp(t, o)
	copies := copiesOf(t, o)
	if len(copies) != 2 {
		t.Fatalf("copies of a catalogue with a token: %q, want two", copies)
	}
	path := filepath.Join(t.TempDir(), "old")
	if err := os.Rename(copies[0], path); err != nil {
		t.Fatal(err)
	}
	if found, err := mustOpen(t, Options{Path: path}).FindToken(t.Context(), token.Hash); err != nil || found.Name != token.Name {
		t.Errorf("FindToken in the copy = %+v, %v", found, err)
	}
}

// What was deleted cannot be read from any file any more.
func TestCatalog_Purge_LeavesNoBytes(t *testing.T) {
	o, _ := makeCopies(t, nil, 50)
	const secret = "the window title that nobody may see"
	c := mustOpen(t, o)
	doomed := testCapture(1000)
	text := strings.Repeat("what was read: "+secret+"; ", 1000)
	doomed.WindowTitle, doomed.OCRText = secret, &text
	if err := c.InsertCapture(t.Context(), doomed); err != nil {
		t.Fatal(err)
	}
	if err := c.SetPinned(t.Context(), doomed.ID, true); err != nil {
		t.Fatal(err)
	}
	insertAfter := testCapture(1001)
	if err := c.InsertCapture(t.Context(), insertAfter); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	downAndUp(t, o)
	for _, text := range []string{secret, doomed.ID.String()} {
		if files := holding(t, o, text); len(files) < 3 {
			t.Fatalf("only %q hold %q before it is deleted", files, text)
		}
	}

	c = mustOpen(t, o)
	if _, err := c.BeginDelete(t.Context(), doomed.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if files := holding(t, o, secret); len(files) < 2 {
		t.Error("a deletion that is still pending was purged")
	}
	if err := c.FinishDelete(t.Context(), doomed.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Purge(t.Context()); err != nil {
			t.Fatalf("Purge: %v (%v)", err, errors.Unwrap(err))
		}
		if files := holding(t, o, secret); len(files) != 0 {
			t.Fatalf("what was deleted and purged is still in %q", files)
		}
	}
	wantAll(t, c, []*jarvis.Capture{insertAfter})
	checkSound(t, c)
	for _, name := range holding(t, o, doomed.ID.String()) {
		if strings.HasSuffix(name, ".backup") {
			t.Errorf("%s still has the pin", name)
		}
	}
	for _, path := range copiesOf(t, o) {
		moved := filepath.Join(t.TempDir(), "jarvis.db")
		if err := os.Rename(path, moved); err != nil {
			t.Fatal(err)
		}
		c := mustOpen(t, Options{Path: moved})
		if _, err := c.FindCapture(t.Context(), doomed.ID); err == nil {
			t.Error("a copy still has the capture")
		}
		wantAll(t, c, []*jarvis.Capture{insertAfter})
	}
}

// holding lists the files of a database that hold some text.
func holding(t *testing.T, o Options, text string) (files []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(o.Path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(filepath.Dir(o.Path), e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) {
			files = append(files, e.Name())
		}
	}
	return files
}

func TestCatalog_Purge_Encrypted(t *testing.T) {
	o, captures := makeCopies(t, testKey, 5)
	c := mustOpen(t, o)
	if _, err := c.BeginDelete(t.Context(), captures[2].ID); err != nil {
		t.Fatal(err)
	}
	if err := c.FinishDelete(t.Context(), captures[2].ID); err != nil {
		t.Fatal(err)
	}
	if err := c.Purge(t.Context()); err != nil {
		t.Fatalf("Purge: %v (%v)", err, errors.Unwrap(err))
	}
	for _, path := range copiesOf(t, o) {
		db, err := newDatabase(o)
		if err != nil {
			t.Fatal(err)
		}
		err = withConn(t.Context(), func() (*conn, error) { return db.connectReader(path) }, func(on *conn) error {
			n, err := on.number("SELECT count(*) FROM captures")
			if err == nil && n != 4 {
				t.Errorf("%s holds %d captures, want 4", path, n)
			}
			return err
		})
		if err := db.closeAfter(err); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCatalog_Purge_DamagedCopy(t *testing.T) {
	o, captures := makeCopies(t, nil, 5)
	copies := copiesOf(t, o)
	if err := os.WriteFile(copies[0], []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	c := mustOpen(t, o)
	if _, err := c.BeginDelete(t.Context(), captures[0].ID); err != nil {
		t.Fatal(err)
	}
	if err := c.FinishDelete(t.Context(), captures[0].ID); err != nil {
		t.Fatal(err)
	}
	for range 2 { // until it is dealt with
		if err := c.Purge(t.Context()); err == nil || !strings.Contains(err.Error(), copies[0]) {
			t.Fatalf("Purge with a damaged copy = %v", err)
		}
	}
	if err := os.Remove(copies[0]); err != nil {
		t.Fatal(err)
	}
	if err := c.Purge(t.Context()); err != nil {
		t.Fatalf("Purge: %v", err)
	}
}

// A copy that finds the disk full leaves the database as it was.
func TestCopyAside_Full(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		o, captures := makeCopies(t, key, 50)
		before := copiesOf(t, o)
		if _, err := MigrateDown(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		faulty := o
		faulty.base = newFaulty(func(path, operation string) error {
			if operation == "write" && strings.Contains(path, ".partial") {
				return errFull
			}
			return nil
		})
		faulty.free = func() (uint64, error) { return 0, nil }
		_, err := Open(t.Context(), faulty)
		if jarvis.ErrorCode(err) != jarvis.CodeNoSpace {
			t.Fatalf("Open = %v (%v)", err, errors.Unwrap(err))
		}
		if status, err := MigrationStatus(t.Context(), o); err != nil || !status[latest-1].AppliedAt.IsZero() {
			t.Fatalf("MigrationStatus = %v, %v", status, err)
		}
		if _, err := os.Stat(o.Path + ".backup.partial"); !errors.Is(err, os.ErrNotExist) {
			t.Error("half a copy is left")
		}
		if after := copiesOf(t, o); len(after) != 2 || after[0] != before[1] {
			t.Errorf("copies %q became %q", before, after)
		}
		wantAll(t, mustOpen(t, o), captures)
	})
}
