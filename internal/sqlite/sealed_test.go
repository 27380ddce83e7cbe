package sqlite

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/jarvis-memory/jarvis"
)

// scribe is a VFS below the encryption that keeps what reaches each kind of file.
type scribe struct {
	vfs.VFS
	mu      sync.Mutex
	written map[string]*bytes.Buffer // by the end of the name; a temporary file has none
}

func (s *scribe) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := vfsutil.WrapOpenFilename(s.VFS, name, flags)
	if err != nil {
		return nil, flags, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := "temporary"
	if name != nil {
		kind = name.String()[strings.LastIndexAny(name.String(), ".-"):]
	}
	if s.written[kind] == nil {
		s.written[kind] = new(bytes.Buffer)
	}
	return &scribedFile{file, s, kind}, flags, nil
}

type scribedFile struct {
	vfs.File
	s    *scribe
	kind string
}

func (f *scribedFile) Unwrap() vfs.File               { return f.File }
func (f *scribedFile) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(f.File) }

func (f *scribedFile) WriteAt(p []byte, off int64) (int, error) {
	f.s.mu.Lock()
	f.s.written[f.kind].Write(p)
	f.s.mu.Unlock()
	return f.File.WriteAt(p, off)
}

// An encrypted catalogue in use leaves nothing to read in any file: not in the
// log, not in one that is being made, not in copies, not in temporary ones.
func TestCatalog_InUse(t *testing.T) {
	s := &scribe{VFS: vfs.Find(""), written: make(map[string]*bytes.Buffer)}
	o := Options{
		Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: testKey, base: s,
		NewStore: jarvis.NewStore{Sealed: true, PublicKey: "age1plainword"},
	}
	use := func() {
		t.Helper()
		c := mustOpen(t, o)
		for n := range 60 {
			capture := testCapture(n)
			capture.ID = jarvis.NewRandomID()
			capture.WindowTitle, capture.AppName = "a plainword in a title", "plainword"
			text := strings.Repeat("plainword after plainword ", 4000)
			capture.OCRText = &text
			if err := c.InsertCapture(t.Context(), capture); err != nil {
				t.Fatalf("InsertCapture: %v (%v)", err, errors.Unwrap(err))
			}
		}
		if _, err := read(t.Context(), c, "sort", func(on *conn) (n int64, err error) {
			return n, on.query(func(*sqlite3.Stmt) error { n++; return nil }, "SELECT ocr_text || id FROM captures ORDER BY 1 DESC")
		}); err != nil {
			t.Fatal(err)
		}
		wantNothingPlain(t, s, o.Path)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		wantNothingPlain(t, s, o.Path)
	}
	use()
	downAndUp(t, o)
	use()
	for _, kind := range []string{".db", "-wal", ".new", ".partial", "temporary"} {
		if s.written[kind] == nil || s.written[kind].Len() == 0 {
			t.Errorf("nothing was written to a file of the kind %q, only to %v", kind, s.written)
		}
	}
}

// readable is what may be in no file of an encrypted catalogue. Each is long enough
// not to be met by chance in some hundred megabytes of what is encrypted.
var readable = []string{"plainword", "2026/01/24", "SQLite format 3", "CREATE TABLE", "captures"}

func wantNothingPlain(t *testing.T, s *scribe, path string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for kind, written := range s.written {
		for _, text := range readable {
			if bytes.Contains(written.Bytes(), []byte(text)) {
				t.Errorf("%q was written to a %s file", text, kind)
			}
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(filepath.Dir(path), e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range readable {
			if bytes.Contains(content, []byte(text)) {
				t.Errorf("%s holds %q", e.Name(), text)
			}
		}
		if bytes.HasPrefix(content, []byte{0x37, 0x7f, 0x06}) {
			t.Errorf("%s begins as a write-ahead log", e.Name())
		}
	}
}

// A catalogue whose making was interrupted has no store yet: whoever may make
// one gives it its identity.
func TestOpen_Unfinished(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: testKey}
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(c.write(t.Context(), "forget", func(on *conn) error { return on.exec("DELETE FROM store") }), c.Close())
	if err != nil {
		t.Fatal(err)
	}
	o.MustExist = true
	if _, err := Open(t.Context(), o); jarvis.ErrorCode(err) != jarvis.CodeNotFound {
		t.Fatalf("Open of an unfinished catalogue that must exist = %v", err)
	}
	o.MustExist, o.NewStore = false, jarvis.NewStore{ID: jarvis.NewRandomID(), Sealed: true, PublicKey: "age1"}
	info, err := mustOpen(t, o).Store(t.Context())
	if err != nil || info.ID != o.NewStore.ID || !info.Sealed {
		t.Fatalf("Store = %+v, %v", info, err)
	}
}

// A sealed store never gets a catalogue that anybody can read.
func TestOpen_SealedWithoutKey(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), NewStore: jarvis.NewStore{Sealed: true, PublicKey: "age1"}}
	_, err := Open(t.Context(), o)
	if jarvis.ErrorCode(err) != jarvis.CodeInvalid {
		t.Fatalf("Open = %v", err)
	}
	if _, err := os.Stat(o.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s was made", o.Path)
	}
}
