package sqlite

import (
	"crypto/rand"

	"github.com/ncruces/go-sqlite3/util/vfsutil"
	"github.com/ncruces/go-sqlite3/vfs"
	"github.com/ncruces/go-sqlite3/vfs/adiantum"
	cipher "lukechampine.com/adiantum"
	"lukechampine.com/adiantum/hbsh"
)

// registerVFS gives the driver a VFS of this database's own, which holds the
// key, and returns its name. base is nil for the operating system's.
func registerVFS(base vfs.VFS, key []byte) string {
	if base == nil {
		base = vfs.Find("")
	}
	own := vfs.VFS(unmapped{base})
	if len(key) != 0 {
		own = gathering{adiantum.Wrap(blockwise{base}, keyring{[KeySize]byte(key)})}
	}
	name := "jarvis-" + rand.Text()
	vfs.Register(name, own)
	return name
}

// keyring gives adiantum the key, whatever text the URI asks with.
type keyring struct{ key [KeySize]byte }

func (keyring) HBSH(key []byte) *hbsh.HBSH { return cipher.New(key) }

// KDF returns a key of its own to a temporary file, which has no name to ask with.
func (k keyring) KDF(text string) []byte {
	if text == "" {
		key := make([]byte, KeySize)
		rand.Read(key) // never fails: crypto/rand aborts the program instead
		return key
	}
	return k.key[:]
}

// unmapped is a VFS without memory-mapped files. The driver (v0.36.0) unmaps
// the file of a database with checksums, which is never mapped, through a nil
// interface at every checkpoint: without this wrapper that is a panic.
type unmapped struct{ vfs.VFS }

func (u unmapped) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := vfsutil.WrapOpenFilename(u.VFS, name, flags)
	if err != nil {
		return nil, flags, err
	}
	return unmappedFile{file}, flags, nil
}

// unmappedFile forwards what the driver may ask of a file, but not MemoryMapper.
type unmappedFile struct{ vfs.File }

func (f unmappedFile) Unwrap() vfs.File               { return f.File }
func (f unmappedFile) SharedMemory() vfs.SharedMemory { return vfsutil.WrapSharedMemory(f.File) }
func (f unmappedFile) LockState() vfs.LockLevel       { return vfsutil.WrapLockState(f.File) }
func (f unmappedFile) SizeHint(size int64) error      { return vfsutil.WrapSizeHint(f.File, size) }
func (f unmappedFile) HasMoved() (bool, error)        { return vfsutil.WrapHasMoved(f.File) }

// blockwise is a VFS below the encryption on which a block of a WAL is read and
// written whole. A commit ends within a block, and the next rewrites it to
// begin there; without encryption the first part of it stays as it was, but a
// block that is half old and half new cannot be decrypted. The system does not
// keep one process from reading what another is just writing.
type blockwise struct{ vfs.VFS }

func (b blockwise) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	file, flags, err := vfsutil.WrapOpenFilename(b.VFS, name, flags)
	if err != nil {
		return nil, flags, err
	}
	if d, ok := vfsutil.UnwrapFile[descriptor](file); ok && flags&vfs.OPEN_WAL != 0 {
		file = blockwiseFile{file, d.Fd()}
	}
	return file, flags, nil
}

// descriptor is a file of the operating system's.
type descriptor interface {
	vfs.File
	Fd() uintptr
}

// blockwiseFile is a WAL. SQLite locks other files, never this one.
type blockwiseFile struct {
	vfs.File
	fd uintptr
}

func (f blockwiseFile) Unwrap() vfs.File { return f.File }

func (f blockwiseFile) ReadAt(p []byte, off int64) (n int, err error) {
	unlock, err := lockRange(f.fd, false, off, int64(len(p)))
	if err != nil {
		return 0, err
	}
	n, err = f.File.ReadAt(p, off)
	if unlockErr := unlock(); unlockErr != nil {
		return 0, unlockErr
	}
	return n, err
}

func (f blockwiseFile) WriteAt(p []byte, off int64) (n int, err error) {
	unlock, err := lockRange(f.fd, true, off, int64(len(p)))
	if err != nil {
		return 0, err
	}
	n, err = f.File.WriteAt(p, off)
	if unlockErr := unlock(); unlockErr != nil {
		return 0, unlockErr
	}
	return n, err
}
