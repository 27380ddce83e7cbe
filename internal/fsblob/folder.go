package fsblob

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/filelock"
)

// folderFS is the FileSystem of a real folder. It holds the folder open: should
// its disk be unmounted by force, nothing goes to the folder below. os.Root sees
// to it that no name leads out of it, whatever symbolic links are in it.
type folderFS struct {
	root *os.Root
}

// openFolder opens the folder at path, and makes it when create is set.
func openFolder(path string, create bool) (*folderFS, error) {
	if create {
		if err := makeFolder(path); err != nil {
			return nil, failRoot(path, err)
		}
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return nil, failRoot(path, unix.ENOTDIR)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, failRoot(path, err)
	}
	return &folderFS{root}, nil
}

// makeFolder makes a folder and those above it, durably.
func makeFolder(path string) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return unix.ENOTDIR
		}
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := os.Chmod(path, 0o700); err != nil {
		return err
	}
	dir, err := os.Open(parent)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func failRoot(path string, err error) error {
	_, meaning := meaningOf(err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		meaning = "it is not there; is the disk mounted?"
	case errors.Is(err, unix.ENOTDIR):
		meaning = "it is not a folder, or a file stands above it: name a folder"
	}
	return &jarvis.Error{
		Code:    jarvis.CodeUnavailable,
		Op:      "fsblob: open",
		Message: fmt.Sprintf("cannot open the storage %s: %s", path, meaning),
		Err:     err,
	}
}

func (f *folderFS) close() error { return f.root.Close() }

// Create implements FileSystem.
func (f *folderFS) Create(name string) (File, error) {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := file.Chmod(0o600); err != nil { // a umask may have taken the owner's rights
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Open implements FileSystem.
func (f *folderFS) Open(name string) (File, error) {
	// Looking first keeps a named pipe from blocking and a link from being followed.
	info, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: ErrNotRegular}
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// OpenDir implements FileSystem.
func (f *folderFS) OpenDir(name string) (Dir, error) {
	dir, err := f.root.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	return dir, nil
}

// FolderState implements FileSystem. An inode alone would not do, since it is
// given again once it is free, nor the time of modification, which who restores
// a copy sets. Opening the folder makes NFS ask its server.
func (f *folderFS) FolderState(name string) (state FolderState, err error) {
	dir, err := f.root.OpenFile(name, os.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return state, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	var st unix.Stat_t
	if err := ignoringEINTR(func() error { return unix.Fstat(int(dir.Fd()), &st) }); err != nil {
		return state, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return FolderState{Inode: st.Ino, Changed: st.Ctim.Nano()}, nil
}

// Mkdir implements FileSystem.
func (f *folderFS) Mkdir(name string) error {
	if err := f.root.Mkdir(name, 0o700); err != nil {
		return err
	}
	return f.root.Chmod(name, 0o700)
}

// Link implements FileSystem.
func (f *folderFS) Link(oldname, newname string) error { return f.root.Link(oldname, newname) }

// Rename implements FileSystem.
func (f *folderFS) Rename(oldname, newname string) error { return f.root.Rename(oldname, newname) }

// Remove implements FileSystem.
func (f *folderFS) Remove(name string) error { return f.root.Remove(name) }

// Lstat implements FileSystem.
func (f *folderFS) Lstat(name string) (fs.FileInfo, error) { return f.root.Lstat(name) }

// OpenLock implements FileSystem.
func (f *folderFS) OpenLock(name string) (filelock.File, error) {
	file, err := f.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return filelock.NewFile(file)
}

// Usage implements FileSystem.
func (f *folderFS) Usage() (usage jarvis.Usage, err error) {
	dir, err := f.root.Open(".")
	if err != nil {
		return usage, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	var st unix.Statfs_t
	if err := ignoringEINTR(func() error { return unix.Fstatfs(int(dir.Fd()), &st) }); err != nil {
		return usage, err
	}
	// Bavail leaves out what is reserved for the system, which is not ours even
	// when we run as root.
	return jarvis.Usage{Free: blockBytes(st.Bavail, st.Bsize), Total: blockBytes(st.Blocks, st.Bsize)}, nil
}

// ignoringEINTR repeats a call that a signal interrupted.
func ignoringEINTR(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// blockBytes returns the bytes of so many blocks. The types of the two differ
// from system to system.
func blockBytes[C, S int32 | int64 | uint32 | uint64](count C, size S) int64 {
	return int64(count) * int64(size)
}
