package sqlite

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
)

// gatherSize bounds in bytes what a gathering file holds back.
const gatherSize = 256 << 10

// A WAL is a header and frames, each of which is a header and a page.
const (
	walHeader = 32
	walFrame  = 24 + blockSize
)

// gathers is the parameter of a URI that asks for a gathering WAL.
const gathers = "gather"

// gathering is a VFS on which the frames of a commit reach the encryption in few
// large writes. SQLite writes the header of a frame and its page apart, some
// twenty small writes for a commit, and nearly each has a block read, decrypted
// and rewritten that the one before wrote.
//
// A connection that asks for it must not spill (PRAGMA cache_spill = OFF) and
// must sync every commit (synchronous = FULL): then SQLite writes to the WAL only
// while it commits. It syncs before it does anything else with it, but for one
// thing: it fills the last sector of a commit with a copy of its last frame, and
// syncs in the middle of that. What begins within a frame is not held back.
type gathering struct{ vfs.VFS }

func (g gathering) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := vfsutil.WrapOpenFilename(g.VFS, name, flags)
	if err == nil && flags&vfs.OPEN_WAL != 0 && name.URIParameter(gathers) != "" {
		file = &gatheringFile{File: file}
	}
	return file, flags, err
}

// gatheringFile is a WAL. SQLite uses it from one goroutine at a time.
//
// What is held back is written by Sync, or when it grows too long, and by
// nothing else. Were it kept beyond the commit that it belongs to, it would be
// written over what another process has committed since: so whatever fails
// forgets it, and whatever comes instead of the sync fails.
type gatheringFile struct {
	vfs.File
	held []byte // belongs at off
	off  int64
}

func (f *gatheringFile) Unwrap() vfs.File { return f.File }

func (f *gatheringFile) WriteAt(p []byte, off int64) (int, error) {
	if len(f.held) > 0 && off != f.off+int64(len(f.held)) {
		return 0, f.abandon()
	}
	if len(f.held)+len(p) > gatherSize {
		if err := f.flush(); err != nil {
			return 0, err
		}
	}
	if len(f.held) == 0 {
		if off != 0 && (off-walHeader)%walFrame != 0 {
			return f.File.WriteAt(p, off)
		}
		f.off = off
	}
	f.held = append(f.held, p...)
	return len(p), nil
}

func (f *gatheringFile) flush() error {
	held := f.held
	f.held = held[:0]
	if len(held) == 0 {
		return nil
	}
	_, err := f.File.WriteAt(held, f.off)
	// The driver gives an error of the system the code of what was asked for: a
	// write that failed would be taken for a failed sync.
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return vfs.SystemError(err, sqlite3.IOERR_WRITE)
	}
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return vfs.SystemError(err, sqlite3.IOERR_WRITE)
	}
	return err
}

var errUnsynced = errors.New("a write-ahead log was used between a commit and its sync")

// abandon forgets what is held back. There is nothing unless SQLite does what we
// do not expect of it.
func (f *gatheringFile) abandon() error {
	if len(f.held) == 0 {
		return nil
	}
	f.held = f.held[:0]
	return vfs.SystemError(errUnsynced, sqlite3.IOERR_WRITE)
}

func (f *gatheringFile) Sync(flags vfs.SyncFlag) error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Sync(flags)
}

func (f *gatheringFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.abandon(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *gatheringFile) Size() (int64, error) {
	if err := f.abandon(); err != nil {
		return 0, err
	}
	return f.File.Size()
}

func (f *gatheringFile) Truncate(size int64) error {
	if err := f.abandon(); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *gatheringFile) Close() error { return errors.Join(f.abandon(), f.File.Close()) }
