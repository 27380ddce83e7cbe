package sqlite

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// sectorSize is what a disk writes whole.
const sectorSize = 512

var errPowerCut = errors.New("the power is gone")

// recorder is a VFS on real files that remembers which of their bytes were
// synced. After a number of operations the power goes: what a disk would then
// hold is worked out, and every later operation fails.
type recorder struct {
	vfs.VFS

	mu     sync.Mutex
	random *rand.Rand
	left   int // operations until the cut
	tapes  map[string]*tape
	image  map[string][]byte // what is left, once the power is gone; nil before
}

// tape is the history of one file.
type tape struct {
	durable []byte
	named   bool // its name survives
	pending []operation
	removed bool  // and its folder was not synced since
	older   *tape // a removed file of the same name, which may come back until this one is named
}

// operation is a write, or a truncation when data is nil.
type operation struct {
	offset int64
	data   []byte
}

func newRecorder(seed uint64, operations int) *recorder {
	return &recorder{
		VFS:    vfs.Find(""),
		random: rand.New(rand.NewPCG(seed, 1)),
		left:   operations,
		tapes:  make(map[string]*tape),
	}
}

func (r *recorder) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	if name == nil {
		return vfsutil.WrapOpenFilename(r.VFS, name, flags)
	}
	path := name.String()
	before, err := os.ReadFile(path)
	exists := err == nil
	file, flags, err := vfsutil.WrapOpenFilename(r.VFS, name, flags)
	if err != nil {
		return nil, flags, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tapes[path]
	switch {
	case t == nil:
		t = &tape{durable: before, named: exists}
	case t.removed:
		t = &tape{older: t}
	}
	r.tapes[path] = t
	return &recordedFile{file, r, t}, flags, nil
}

func (r *recorder) Delete(path string, syncDir bool) error {
	return r.do(func() error {
		if err := r.VFS.Delete(path, syncDir); err != nil {
			return err
		}
		if t := r.tapes[path]; t != nil {
			t.removed = true
		}
		if syncDir {
			delete(r.tapes, path)
		}
		return nil
	})
}

// do runs one operation, unless the power is gone. The one at which it goes is
// begun, not finished: it counts as pending.
func (r *recorder) do(operation func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.image != nil {
		return vfs.SystemError(errPowerCut, sqlite3.IOERR_WRITE)
	}
	if err := operation(); err != nil {
		return err
	}
	if r.left--; r.left <= 0 {
		r.cut()
		return vfs.SystemError(errPowerCut, sqlite3.IOERR_WRITE)
	}
	return nil
}

// cutNow cuts the power if it is still there.
func (r *recorder) cutNow() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.image == nil {
		r.cut()
	}
}

func (r *recorder) cut() {
	r.image = make(map[string][]byte)
	chance := []float64{0, 0.1, 0.5, 0.9, 1}[r.random.IntN(5)]
	keep := func() bool { return r.random.Float64() < chance }
	for path, t := range r.tapes {
		for t != nil && (!t.named || t.removed) && !keep() {
			t = t.older
		}
		if t != nil {
			r.image[path] = t.survive(keep)
		}
	}
}

// survive returns what is left of the file when keep decides over each sector
// that was not synced.
func (t *tape) survive(keep func() bool) []byte {
	content := append([]byte{}, t.durable...)
	for _, op := range t.pending {
		content = op.apply(content, keep)
	}
	return content
}

func (op operation) apply(content []byte, keep func() bool) []byte {
	if op.data == nil {
		if keep() {
			content = resize(content, op.offset)
		}
		return content
	}
	for data, at := op.data, op.offset; len(data) > 0; {
		n := min(int64(len(data)), sectorSize-at%sectorSize)
		if keep() {
			if at+n > int64(len(content)) {
				content = resize(content, at+n)
			}
			copy(content[at:], data[:n])
		}
		data, at = data[n:], at+n
	}
	return content
}

func resize(content []byte, size int64) []byte {
	if size <= int64(len(content)) {
		return content[:size]
	}
	return append(content, make([]byte, size-int64(len(content)))...)
}

// restore writes what the cut left into a folder.
func (r *recorder) restore(t testing.TB, folder string) {
	t.Helper()
	for path, content := range r.image {
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(path)), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

type recordedFile struct {
	vfs.File
	r *recorder
	t *tape
}

func (f *recordedFile) Unwrap() vfs.File               { return f.File }
func (f *recordedFile) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(f.File) }

func (f *recordedFile) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.r.do(func() error {
		n, err = f.File.WriteAt(p, off)
		f.t.pending = append(f.t.pending, operation{off, append([]byte{}, p...)})
		return err
	})
	return n, err
}

func (f *recordedFile) Truncate(size int64) error {
	return f.r.do(func() error {
		f.t.pending = append(f.t.pending, operation{offset: size})
		return f.File.Truncate(size)
	})
}

// Sync makes the file durable in the model only: the real disk is not asked.
func (f *recordedFile) Sync(vfs.SyncFlag) error {
	return f.r.do(func() error {
		if f.r.left <= 1 {
			return nil // the power goes before the disk is done
		}
		f.t.durable = f.t.survive(func() bool { return true })
		f.t.pending, f.t.named, f.t.older = nil, true, nil
		return nil
	})
}

func TestRecorder(t *testing.T) {
	r := newRecorder(1, 1000)
	tape := &tape{durable: make([]byte, 2*sectorSize), named: true}
	f := &recordedFile{nullFile{}, r, tape}
	write := func(off int64, text string) {
		t.Helper()
		if _, err := f.WriteAt([]byte(text), off); err != nil {
			t.Fatal(err)
		}
	}
	write(sectorSize-2, "abcd")
	if err := f.Sync(0); err != nil {
		t.Fatal(err)
	}
	write(sectorSize-2, "ABCD")
	tears := make(map[string]bool)
	for range 100 {
		left := tape.survive(func() bool { return r.random.IntN(2) == 0 })
		tears[string(left[sectorSize-2:sectorSize+2])] = true
	}
	for _, want := range []string{"abcd", "ABcd", "abCD", "ABCD"} {
		if !tears[want] {
			t.Errorf("no cut left %q", want)
		}
	}
	if len(tears) != 4 {
		t.Errorf("cuts left %d different files, want 4: a sector is written whole", len(tears))
	}
	r.cutNow()
	if _, err := f.WriteAt([]byte("x"), 0); err == nil {
		t.Error("a write after the cut succeeded")
	}
}

// nullFile is a file whose content nobody asks for.
type nullFile struct{ vfs.File }

func (nullFile) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
