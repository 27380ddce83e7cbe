package fsblob_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/filelock"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
)

func TestOpen_Refused(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	broken := func(errno syscall.Errno, kinds ...crashfs.Kind) fsblob.Options {
		disk := crashfs.New()
		disk.FailFrom(1, errno, kinds...)
		return fsblob.Options{FS: disk, Create: true}
	}
	cases := []struct {
		name    string
		root    string
		options fsblob.Options
		says    string
	}{
		{"missing", filepath.Join(folder, "missing"), fsblob.Options{}, "is the disk mounted?"},
		{"a file", file, fsblob.Options{}, "not a folder"},
		{"a file, to be made", file, fsblob.Options{Create: true}, "not a folder"},
		{"below a file", filepath.Join(file, "x"), fsblob.Options{Create: true}, "not a folder"},
		{"read-only", "tree", broken(syscall.EROFS), "read-only"},
		{"not ours", "tree", broken(syscall.EACCES), "permission denied"},
		{"full", "tree", broken(syscall.ENOSPC), "the disk is full"},
		{"no hard links", "tree", broken(syscall.EPERM, crashfs.Link), "has no hard links"},
		{"no hard links on a network", "tree", broken(syscall.EOPNOTSUPP, crashfs.Link), "has no hard links"},
		{"no sync of folders", "tree", broken(syscall.EINVAL, crashfs.SyncDir), "sync folders"},
		{"broken", "tree", broken(syscall.EIO, crashfs.SyncDir), "input/output error"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := fsblob.Open(t.Context(), c.root, c.options)
			want := jarvis.CodeUnavailable
			if c.name == "full" {
				want = jarvis.CodeNoSpace
			}
			if jarvis.ErrorCode(err) != want || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), c.root) {
				t.Errorf("Open = %v (%s), want %s that says %q and names %s", err, jarvis.ErrorCode(err), want, c.says, c.root)
			}
		})
	}
	if _, err := os.Stat(filepath.Join(folder, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a refused Open made the folder")
	}
}

// A folder without a store may be where a disk is not mounted: nothing is written
// to it before somebody says that it is to be used.
func TestOpen_Unused(t *testing.T) {
	root := t.TempDir()
	store := open(t, root, fsblob.Options{})
	id := jarvis.NewRandomID()
	name := store.Name(id, time.Now(), jarvis.JPEG)
	marker, err := store.Marker(t.Context())
	if err != nil || !marker.IsZero() {
		t.Errorf("Marker = %v, %v; want none", marker, err)
	}
	if _, err := store.Stat(t.Context(), name); !errors.Is(err, jarvis.ErrNotFound) {
		t.Errorf("Stat = %v, want CodeNotFound", err)
	}
	if days, err := store.Days(t.Context()); err != nil || len(days) > 0 {
		t.Errorf("Days = %v, %v", days, err)
	}
	if err := store.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	if entries, err := os.ReadDir(root); err != nil || len(entries) > 0 {
		t.Fatalf("the folder holds %v, %v; want nothing", entries, err)
	}

	// Whoever writes to it first makes it ready, many at once too.
	const writers = 20
	errs := make(chan error, writers)
	for range writers {
		go func() { errs <- store.WriteMarker(t.Context(), id) }()
	}
	for range writers {
		if err := <-errs; err != nil {
			t.Errorf("WriteMarker: %v", err)
		}
	}
	if marker, err := open(t, root, fsblob.Options{}).Marker(t.Context()); err != nil || marker != id {
		t.Errorf("Marker = %v, %v; want %v", marker, err, id)
	}
	if _, err := filelock.OpenExclusive(t.Context(), filepath.Join(root, ".jarvis", "lock")); !errors.Is(err, jarvis.ErrUnavailable) {
		t.Errorf("the tree is not locked: %v", err)
	}
}

// TestStore_Modes publishes under a umask that takes everything and under one
// that takes nothing.
func TestStore_Modes(t *testing.T) {
	for _, umask := range []int{0o777, 0} {
		root := filepath.Join(t.TempDir(), "a", "b")
		before := syscall.Umask(umask)
		func() {
			defer syscall.Umask(before)
			store := open(t, root, fsblob.Options{Create: true})
			s := newScript()
			if err := s.publish(t.Context(), store, 0, "image")(); err != nil {
				t.Fatal(err)
			}
			if err := store.WriteMarker(t.Context(), s.marker); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Quarantine(t.Context(), s.names[0].Day(), s.names[0].Base()); err != nil {
				t.Fatal(err)
			}
			unlock, err := store.Lock(t.Context(), s.names[0].ID())
			if err != nil {
				t.Fatal(err)
			}
			unlock()
		}()
		err := filepath.WalkDir(filepath.Dir(root), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			want := fs.FileMode(0o600)
			if entry.IsDir() {
				want = fs.ModeDir | 0o700
			}
			if info.Mode() != want {
				t.Errorf("umask %03o: %s has mode %v, want %v", umask, path, info.Mode(), want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpen_Sweep(t *testing.T) {
	root := t.TempDir()
	first := open(t, root, fsblob.Options{})
	name := first.Name(jarvis.NewRandomID(), time.Now(), jarvis.JPEG)
	staged, err := first.Stage(t.Context(), name.ID(), []byte("image"))
	if err != nil {
		t.Fatal(err)
	}
	defer staged.Discard()
	open(t, root, fsblob.Options{}) // not the first: sweeps nothing
	if err := staged.Publish(t.Context(), name); err != nil {
		t.Fatalf("Publish after another process opened the tree: %v", err)
	}

	// What a killed process leaves, and a name of an image that was published.
	died := t.TempDir()
	staging := filepath.Join(died, ".jarvis", "staging")
	if err := os.MkdirAll(filepath.Join(staging, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 1500 {
		if err := os.WriteFile(filepath.Join(staging, jarvis.NewRandomID().String()), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open(t, died, fsblob.Options{})
	entries, err := os.ReadDir(staging)
	if err != nil || len(entries) != 1 || !entries[0].IsDir() {
		t.Errorf("after the sweep %d entries are left, %v; want the folder that is not ours", len(entries), err)
	}
}

func TestStore_Marker(t *testing.T) {
	id := jarvis.NewRandomID()
	cases := []struct {
		name, content string
		want          jarvis.Code
	}{
		{"as written", "# text\n" + id.String() + "\n", ""},
		{"other line ends", "# text\r\n\r\n" + id.String() + "\r\n", ""},
		{"bare", id.String(), ""},
		{"empty", "", jarvis.CodeCorrupt},
		{"only text", "# text\n", jarvis.CodeCorrupt},
		{"something else", "hello\n" + id.String(), jarvis.CodeCorrupt},
		{"zeros", strings.Repeat("\x00", 100), jarvis.CodeCorrupt},
		{"huge", strings.Repeat("# text\n", 10_000), jarvis.CodeCorrupt},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			disk := crashfs.New()
			if err := disk.WriteFile(".jarvis/store", []byte(c.content)); err != nil {
				t.Fatal(err)
			}
			store := open(t, "tree", fsblob.Options{FS: disk, Create: true})
			got, err := store.Marker(t.Context())
			if jarvis.ErrorCode(err) != c.want || c.want == "" && got != id {
				t.Errorf("Marker = %q, %v; want %q", got, err, c.want)
			}
			if err := store.WriteMarker(t.Context(), id); jarvis.ErrorCode(err) != c.want {
				t.Errorf("WriteMarker = %v, want %q", err, c.want)
			}
		})
	}

	disk := crashfs.New()
	if err := open(t, "tree", fsblob.Options{FS: disk, Create: true}).WriteMarker(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	data, err := disk.ReadFile(".jarvis/store")
	if err != nil || !strings.HasPrefix(string(data), "# Jarvis ") || !strings.HasSuffix(string(data), "\n"+id.String()+"\n") {
		t.Errorf("the marker reads %q, %v", data, err)
	}
}

// A program that was killed between link and unlink leaves a second name of an
// image: a deletion takes that one too, and no other staging file.
func TestStore_Delete_SecondName(t *testing.T) {
	root := t.TempDir()
	store := open(t, root, fsblob.Options{})
	s := newScript()
	if err := s.publish(t.Context(), store, 0, "image")(); err != nil {
		t.Fatal(err)
	}
	staged, err := store.Stage(t.Context(), s.names[1].ID(), []byte("another"))
	if err != nil {
		t.Fatal(err)
	}
	defer staged.Discard()
	second := filepath.Join(root, ".jarvis", "staging", jarvis.NewRandomID().String())
	if err := os.Link(filepath.Join(root, s.names[0].String()), second); err != nil {
		t.Fatal(err)
	}
	if err := store.Delete(t.Context(), s.names[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(second); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the bytes are still there under their staging name: %v", err)
	}
	if err := staged.Publish(t.Context(), s.names[1]); err != nil {
		t.Errorf("Publish of another image: %v", err)
	}
}

func TestStore_ReadTooLarge(t *testing.T) {
	disk := crashfs.New()
	store := open(t, "tree", fsblob.Options{FS: disk, Create: true, MaxRead: 100})
	name := store.Name(jarvis.NewRandomID(), time.Now(), jarvis.JPEG)
	for size, want := range map[int]jarvis.Code{100: "", 101: jarvis.CodeTooLarge} {
		if err := disk.WriteFile(name.String(), make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		got, err := store.Read(t.Context(), name)
		if jarvis.ErrorCode(err) != want || want == "" && len(got) != size {
			t.Errorf("Read of %d bytes = %d bytes, %v; want %q", size, len(got), err, want)
		}
	}
}

// TestStore_NotAFile has things under an image's name that no image can be.
func TestStore_NotAFile(t *testing.T) {
	root := t.TempDir()
	store := open(t, root, fsblob.Options{})
	pipe := store.Name(jarvis.NewRandomID(), time.Now(), jarvis.JPEG)
	folder := store.Name(jarvis.NewRandomID(), time.Now(), jarvis.JPEG)
	if err := os.MkdirAll(filepath.Join(root, folder.String()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(root, pipe.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []jarvis.BlobName{pipe, folder} {
		if _, err := store.Read(t.Context(), name); !errors.Is(err, jarvis.ErrNotFound) {
			t.Errorf("Read = %v, want CodeNotFound", err)
		}
		if _, err := store.Stat(t.Context(), name); !errors.Is(err, jarvis.ErrNotFound) {
			t.Errorf("Stat = %v, want CodeNotFound", err)
		}
		staged, err := store.Stage(t.Context(), name.ID(), []byte("image"))
		if err != nil {
			t.Fatal(err)
		}
		defer staged.Discard()
		if err := staged.Publish(t.Context(), name); !errors.Is(err, jarvis.ErrConflict) {
			t.Errorf("Publish = %v, want CodeConflict", err)
		}
	}
	staged, err := store.Stage(t.Context(), folder.ID(), []byte("image"))
	if err != nil {
		t.Fatal(err)
	}
	defer staged.Discard()
	if err := staged.Replace(t.Context(), folder); !errors.Is(err, jarvis.ErrConflict) {
		t.Errorf("Replace of a folder = %v, want CodeConflict", err)
	}
	// A file where the folder of a year should be.
	if err := os.WriteFile(filepath.Join(root, "1999"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	inFile := store.Name(folder.ID(), time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), jarvis.JPEG)
	if err := staged.Publish(t.Context(), inFile); !errors.Is(err, jarvis.ErrUnavailable) || !strings.Contains(err.Error(), "a file stands where a folder should be") {
		t.Errorf("Publish below a file = %v", err)
	}
}

func TestStore_Messages(t *testing.T) {
	name := jarvis.NewBlobName(jarvis.NewRandomID(), time.Date(2026, 1, 24, 0, 0, 0, 0, time.UTC), jarvis.JPEG, false)
	cases := []struct {
		errno syscall.Errno
		code  jarvis.Code
		says  string
	}{
		{syscall.ENOSPC, jarvis.CodeNoSpace, "512.0 GiB of 1.0 TiB free"},
		{syscall.EDQUOT, jarvis.CodeNoSpace, "quota"},
		{syscall.EROFS, jarvis.CodeUnavailable, "read-only"},
		{syscall.EACCES, jarvis.CodeUnavailable, "permission denied"},
		{syscall.EPERM, jarvis.CodeUnavailable, "not permitted"},
		{syscall.EIO, jarvis.CodeUnavailable, "input/output error"},
		{syscall.EMFILE, jarvis.CodeUnavailable, "too many open files"},
		{syscall.ENAMETOOLONG, jarvis.CodeInvalid, "too long"},
		{syscall.EXDEV, jarvis.CodeUnavailable, "another file system"},
		{syscall.EBADMSG, jarvis.CodeUnavailable, "bad message"}, // one that nobody foresaw
	}
	for _, c := range cases {
		disk := crashfs.New()
		store := open(t, "tree", fsblob.Options{FS: disk, Create: true})
		staged, err := store.Stage(t.Context(), name.ID(), []byte("image"))
		if err != nil {
			t.Fatal(err)
		}
		defer staged.Discard()
		disk.FailAt(1, c.errno, crashfs.Link)
		err = staged.Publish(t.Context(), name)
		about := "cannot store " + name.String() + ": "
		if c.errno == syscall.ENOSPC {
			about = "the disk of the storage tree is full: "
		}
		if jarvis.ErrorCode(err) != c.code || !strings.HasPrefix(err.Error(), about) || !strings.Contains(err.Error(), c.says) || !errors.Is(err, c.errno) {
			t.Errorf("%v: %v (%s), want %s that says %q", c.errno, err, jarvis.ErrorCode(err), c.code, c.says)
		}
	}
}
