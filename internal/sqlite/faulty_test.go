package sqlite

import (
	"syscall"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// What a full disk and one that cannot sync look like to SQLite.
var (
	errFull     = vfs.SystemError(syscall.ENOSPC, sqlite3.IOERR_WRITE)
	errNoReason = sqlite3.IOERR_WRITE
	errSync     = vfs.SystemError(syscall.EIO, sqlite3.IOERR_FSYNC)
)

// faulty is a VFS on real files whose operations may fail or wait.
type faulty struct {
	vfs.VFS
	before func(path, operation string) error // "write", "sync" or "read"; nil lets it pass
}

func newFaulty(before func(path, operation string) error) *faulty {
	return &faulty{vfs.Find(""), before}
}

func (f *faulty) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := vfsutil.WrapOpenFilename(f.VFS, name, flags)
	if err != nil {
		return nil, flags, err
	}
	return &faultyFile{file, f, name.String()}, flags, nil
}

type faultyFile struct {
	vfs.File
	f    *faulty
	path string
}

func (f *faultyFile) Unwrap() vfs.File               { return f.File }
func (f *faultyFile) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(f.File) }

func (f *faultyFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.f.before(f.path, "read"); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *faultyFile) WriteAt(p []byte, off int64) (int, error) {
	if err := f.f.before(f.path, "write"); err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, off)
}

func (f *faultyFile) Sync(flags vfs.SyncFlag) error {
	if err := f.f.before(f.path, "sync"); err != nil {
		return err
	}
	return f.File.Sync(flags)
}
