package fsblob

import (
	"io"
	"io/fs"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/filelock"
)

// FileSystem is what a Store needs of the file system that holds a tree. Names
// are relative to the tree's root, with forward slashes; "." is the root. All
// methods may be called concurrently. Errors satisfy errors.Is for the
// fs.Err… values and hold the syscall.Errno where the system gave one.
//
// What an operation did survives a power cut only after a Sync: of the File
// for its bytes, of the Dir for the names in it.
type FileSystem interface {
	// Create makes a file that was not there (fs.ErrExist) and opens it for
	// writing. Its mode is 0600 whatever the umask.
	Create(name string) (File, error)

	// Open opens a file for reading. A symbolic link, a folder, or anything
	// else that is no regular file is ErrNotRegular.
	Open(name string) (File, error)

	// OpenDir opens a folder, for listing and syncing it.
	OpenDir(name string) (Dir, error)

	// FolderState returns the state of a folder.
	FolderState(name string) (FolderState, error)

	// Mkdir makes a folder that was not there (fs.ErrExist). Its mode is 0700
	// whatever the umask.
	Mkdir(name string) error

	// Link gives a file a second name, which must be free (fs.ErrExist).
	Link(oldname, newname string) error

	// Rename moves a file, atomically over the one that had the new name, but
	// not over a folder (fs.ErrExist).
	Rename(oldname, newname string) error

	// Remove removes a file, or a folder that is empty.
	Remove(name string) error

	// Lstat describes a file, and a symbolic link as itself.
	Lstat(name string) (fs.FileInfo, error)

	// OpenLock opens a lock file, and makes it when it is missing. Handles of
	// every process that has this tree open exclude each other.
	OpenLock(name string) (filelock.File, error)

	// Usage returns the space of the file system.
	Usage() (jarvis.Usage, error)
}

// FolderState tells which folder stands under a name, and which names are in
// it: it differs once one was added, removed or moved, unless that was within
// one tick of the file system's clock, some milliseconds.
type FolderState struct {
	Inode   uint64
	Changed int64
}

// File is an open file. Its methods are for one goroutine.
type File interface {
	io.Reader
	io.Writer
	io.Closer

	// Stat describes the open file.
	Stat() (fs.FileInfo, error)

	// Sync returns once the file's bytes and size are on the disk.
	Sync() error
}

// Dir is an open folder. Its methods are for one goroutine.
type Dir interface {
	io.Closer

	// ReadDir returns the next entries, at most n of them, in no order, and
	// io.EOF after the last. The Info of an entry is as of Lstat.
	ReadDir(n int) ([]fs.DirEntry, error)

	// Sync returns once the names in the folder are on the disk.
	Sync() error
}
