package sqlite

import (
	"bytes"
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// memoryFile keeps what is written to it, unless it fails.
type memoryFile struct {
	vfs.File
	content []byte
	writes  int
	fails   error
}

func (m *memoryFile) WriteAt(p []byte, off int64) (int, error) {
	if m.fails != nil {
		return 0, m.fails
	}
	m.writes++
	m.content = append(m.content[:off], p...)
	return len(p), nil
}

func (m *memoryFile) ReadAt([]byte, int64) (int, error) { return 0, nil }
func (m *memoryFile) Size() (int64, error)              { return int64(len(m.content)), nil }
func (m *memoryFile) Truncate(int64) error              { return nil }
func (m *memoryFile) Sync(vfs.SyncFlag) error           { return nil }
func (m *memoryFile) Close() error                      { return nil }

// writeFrames writes the header of a WAL and n frames, as SQLite does.
func writeFrames(t *testing.T, f *gatheringFile, n int) (written []byte) {
	t.Helper()
	parts := [][]byte{bytes.Repeat([]byte{1}, walHeader)}
	for i := range n {
		parts = append(parts, bytes.Repeat([]byte{byte(2 + i)}, walFrame-blockSize), bytes.Repeat([]byte{byte(100 + i)}, blockSize))
	}
	for _, p := range parts {
		if _, err := f.WriteAt(p, int64(len(written))); err != nil {
			t.Fatal(err)
		}
		written = append(written, p...)
	}
	return written
}

func TestGatheringFile(t *testing.T) {
	t.Run("SyncWrites", func(t *testing.T) {
		var m memoryFile
		f := &gatheringFile{File: &m}
		want := writeFrames(t, f, 5)
		if m.writes != 0 {
			t.Errorf("%d writes before the sync", m.writes)
		}
		if err := f.Sync(0); err != nil || m.writes != 1 || !bytes.Equal(m.content, want) {
			t.Errorf("Sync = %v, with %d writes of %d bytes, want 1 of %d", err, m.writes, len(m.content), len(want))
		}
	})

	t.Run("LongCommit", func(t *testing.T) {
		var m memoryFile
		f := &gatheringFile{File: &m}
		want := writeFrames(t, f, 200)
		if err := f.Sync(0); err != nil || m.writes > 10 || !bytes.Equal(m.content, want) {
			t.Errorf("Sync = %v, with %d writes of %d bytes, want %d bytes", err, m.writes, len(m.content), len(want))
		}
	})

	t.Run("RestOfAFrame", func(t *testing.T) {
		var m memoryFile
		f := &gatheringFile{File: &m}
		want := writeFrames(t, f, 1)
		if err := f.Sync(0); err != nil {
			t.Fatal(err)
		}
		rest := []byte("what fills the sector ends after the sync")
		if err := f.Sync(0); err != nil {
			t.Fatal(err)
		}
		m.content, want = append(m.content, "part"...), append(want, "part"...)
		if _, err := f.WriteAt(rest, int64(len(want))); err != nil || !bytes.Equal(m.content, append(want, rest...)) {
			t.Errorf("WriteAt = %v, and the file has %d bytes, want %d", err, len(m.content), len(want)+len(rest))
		}
	})

	// Nothing of a commit that came to nothing is ever written.
	for name, use := range map[string]func(*gatheringFile) error{
		"Elsewhere": func(f *gatheringFile) error { _, err := f.WriteAt(make([]byte, walHeader), 0); return err },
		"ReadAt":    func(f *gatheringFile) error { _, err := f.ReadAt(make([]byte, 8), 0); return err },
		"Size":      func(f *gatheringFile) error { _, err := f.Size(); return err },
		"Truncate":  func(f *gatheringFile) error { return f.Truncate(0) },
		"Close":     func(f *gatheringFile) error { return f.Close() },
	} {
		t.Run("Unsynced"+name, func(t *testing.T) {
			var m memoryFile
			f := &gatheringFile{File: &m}
			writeFrames(t, f, 3)
			if err := use(f); err == nil {
				t.Errorf("%s before the sync succeeded", name)
			}
			if err := errors.Join(use(f), f.Sync(0)); err != nil {
				t.Errorf("%s, then Sync = %v", name, err)
			}
			if len(m.content) > walHeader {
				t.Errorf("%d bytes of an abandoned commit were written", len(m.content))
			}
		})
	}

	// A write that fails when the file is synced is no failed sync, which nothing
	// is accepted after.
	t.Run("FailedWrite", func(t *testing.T) {
		for _, cause := range []error{&fs.PathError{Op: "write", Err: syscall.EIO}, syscall.EIO} {
			m := memoryFile{fails: cause}
			f := &gatheringFile{File: &m}
			writeFrames(t, f, 3)
			var got, want any = f.Sync(0), vfs.SystemError(cause, sqlite3.IOERR_WRITE) // its code shows in no other way
			if got != want {
				t.Errorf("Sync whose write fails = %#v", got)
			}
			m.fails = nil
			if err := f.Sync(0); err != nil || m.writes != 0 {
				t.Errorf("Sync afterwards = %v, with %d writes", err, m.writes)
			}
		}
	})
}
