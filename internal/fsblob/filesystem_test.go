package fsblob_test

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/filelock"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
)

// TestFileSystem holds both file systems to the contract of the interface, so
// that what is proven on the one in memory is true on the other.
func TestFileSystem(t *testing.T) {
	t.Run("Folder", func(t *testing.T) { testFileSystem(t, fsblob.OpenFolder(t, t.TempDir())) })
	t.Run("CrashFS", func(t *testing.T) { testFileSystem(t, crashfs.New()) })
}

func TestFileSystem_FolderState(t *testing.T) {
	t.Run("Folder", func(t *testing.T) { testFolderState(t, fsblob.OpenFolder(t, t.TempDir())) })
	t.Run("CrashFS", func(t *testing.T) { testFolderState(t, crashfs.New()) })
}

func testFolderState(t *testing.T, disk fsblob.FileSystem) {
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	create := func(name string) {
		t.Helper()
		file, err := disk.Create(name)
		must(err)
		must(file.Close())
	}
	state := func() fsblob.FolderState {
		t.Helper()
		state, err := disk.FolderState("a")
		must(err)
		return state
	}
	must(disk.Mkdir("a"))
	must(disk.Mkdir("a/b"))
	create("c")
	for _, change := range []struct {
		what     string
		do, undo func() error
	}{
		{"a folder", func() error { return disk.Mkdir("a/x") }, func() error { return disk.Remove("a/x") }},
		{"a link", func() error { return disk.Link("c", "a/x") }, func() error { return disk.Remove("a/x") }},
		{"a move", func() error { return disk.Rename("c", "a/x") }, func() error { return disk.Rename("a/x", "c") }},
		{"the folder made anew", func() error {
			return errors.Join(disk.Remove("a/b"), disk.Remove("a"), disk.Mkdir("a"), disk.Mkdir("a/b"))
		}, func() error { return nil }},
	} {
		// The clock of a real folder ticks in milliseconds.
		deadline := time.Now().Add(10 * time.Second)
		for before := state(); before == state(); must(change.undo()) {
			if time.Now().After(deadline) {
				t.Fatalf("%s does not show", change.what)
			}
			must(change.do())
		}
	}
	before := state()
	create("a/b/x")
	create("d")
	if after := state(); after != before {
		t.Errorf("the state %+v became %+v by a change elsewhere", before, after)
	}
	if _, err := disk.FolderState("missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the state of a missing folder: %v", err)
	}
}

func testFileSystem(t *testing.T, disk fsblob.FileSystem) {
	ok := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	fails := func(what string, err, want error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s = %v, want %v", what, err, want)
		}
	}
	write := func(name, text string) {
		t.Helper()
		file, err := disk.Create(name)
		ok("Create "+name, err)
		_, err = io.WriteString(file, text)
		ok("Write", err)
		ok("Sync", file.Sync())
		ok("Close", file.Close())
	}
	read := func(name, want string) {
		t.Helper()
		file, err := disk.Open(name)
		ok("Open "+name, err)
		data, err := io.ReadAll(file)
		ok("Read", err)
		info, err := file.Stat()
		ok("Stat", err)
		ok("Close", file.Close())
		if string(data) != want || info.Size() != int64(len(want)) || !info.Mode().IsRegular() {
			t.Errorf("%s holds %q (%d bytes, %v), want %q", name, data, info.Size(), info.Mode(), want)
		}
	}

	ok("Mkdir", disk.Mkdir("a"))
	ok("Mkdir below", disk.Mkdir("a/b"))
	fails("Mkdir of what is there", disk.Mkdir("a"), fs.ErrExist)
	fails("Mkdir below nothing", disk.Mkdir("x/y"), fs.ErrNotExist)
	write("a/one", "first")
	_, err := disk.Create("a/one")
	fails("Create of what is there", err, fs.ErrExist)
	_, err = disk.Create("x/one")
	fails("Create below nothing", err, fs.ErrNotExist)
	_, err = disk.Create("a/one/two")
	fails("Create below a file", err, syscall.ENOTDIR)

	ok("Link", disk.Link("a/one", "a/b/two"))
	read("a/b/two", "first")
	write("other", "second")
	fails("Link over a file", disk.Link("other", "a/one"), fs.ErrExist)
	fails("Link of nothing", disk.Link("missing", "free"), fs.ErrNotExist)
	fails("Link into nothing", disk.Link("other", "x/other"), fs.ErrNotExist)
	read("other", "second")

	fails("Rename of nothing", disk.Rename("missing", "a/one"), fs.ErrNotExist)
	fails("Rename into nothing", disk.Rename("other", "x/other"), fs.ErrNotExist)
	fails("Rename over a folder", disk.Rename("other", "a/b"), fs.ErrExist)
	read("other", "second")
	ok("Rename over a file", disk.Rename("other", "a/one"))
	read("a/one", "second")
	read("a/b/two", "first")
	_, err = disk.Lstat("other")
	fails("Lstat of what was renamed", err, fs.ErrNotExist)

	_, err = disk.Open("a")
	fails("Open of a folder", err, fsblob.ErrNotRegular)
	_, err = disk.Open("missing")
	fails("Open of nothing", err, fs.ErrNotExist)
	_, err = disk.OpenDir("missing")
	fails("OpenDir of nothing", err, fs.ErrNotExist)
	_, err = disk.OpenDir("a/one")
	fails("OpenDir of a file", err, syscall.ENOTDIR)

	testListing(t, disk, write)

	fails("Remove of a folder that is not empty", disk.Remove("a"), syscall.ENOTEMPTY)
	fails("Remove of nothing", disk.Remove("missing"), fs.ErrNotExist)
	ok("Remove", disk.Remove("a/b/two"))
	ok("Remove of an empty folder", disk.Remove("a/b"))
	_, err = disk.Lstat("a/b")
	fails("Lstat of what was removed", err, fs.ErrNotExist)

	usage, err := disk.Usage()
	if err != nil || usage.Total <= 0 || usage.Free > usage.Total {
		t.Errorf("Usage = %+v, %v", usage, err)
	}
	testLocks(t, disk)
}

func testListing(t *testing.T, disk fsblob.FileSystem, write func(name, text string)) {
	t.Helper()
	if err := disk.Mkdir("list"); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, base := range []string{"p", "q", "r", "s", "t"} {
		write("list/"+base, base)
		want = append(want, base)
	}
	dir, err := disk.OpenDir("list")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		entries, err := dir.ReadDir(2)
		if err == io.EOF {
			break
		}
		if err != nil || len(entries) == 0 || len(entries) > 2 {
			t.Fatalf("ReadDir(2) = %d entries, %v", len(entries), err)
		}
		for _, entry := range entries {
			info, err := entry.Info()
			if err != nil || info.Size() != 1 || entry.IsDir() {
				t.Errorf("%s: %v, %v", entry.Name(), info, err)
			}
			got = append(got, entry.Name())
		}
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		t.Error(err)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("ReadDir found %v, want %v", got, want)
	}
}

func testLocks(t *testing.T, disk fsblob.FileSystem) {
	t.Helper()
	open := func() filelock.File {
		file, err := disk.OpenLock("lock")
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	try := func(what string, file filelock.File, mode filelock.Mode, want bool) {
		t.Helper()
		if got, err := file.Try(mode); got != want || err != nil {
			t.Errorf("%s: %t, %v; want %t", what, got, err, want)
		}
	}
	first, second, third := open(), open(), open()
	try("the first shares", first, filelock.Shared, true)
	try("the second shares", second, filelock.Shared, true)
	try("alone beside two", third, filelock.Exclusive, false)
	if err := second.Unlock(); err != nil {
		t.Error(err)
	}
	try("the first alone, after the second let go", first, filelock.Exclusive, true)
	try("sharing with one that is alone", second, filelock.Shared, false)
	try("the first shares again", first, filelock.Shared, true)
	try("sharing", second, filelock.Shared, true)
	try("alone beside another gives up the shared lock", second, filelock.Exclusive, false)
	try("alone after that", first, filelock.Exclusive, true)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	try("alone after the other was closed", third, filelock.Exclusive, true)
	if err := errors.Join(second.Close(), third.Close()); err != nil {
		t.Error(err)
	}
	if _, err := disk.OpenLock("x/lock"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenLock below nothing = %v", err)
	}
}
