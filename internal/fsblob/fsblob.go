// Package fsblob keeps images as files: {root}/{YYYY}/{MM}/{DD}/{id}.jpg, the
// date in UTC, so that whole days can be archived, copied or removed with the
// tools that a person already has.
//
// An image is written to a staging file, synced, and only then given its name,
// with link(2), which never overwrites. So a name always shows a whole image,
// whenever the power goes. What this package needs for itself is in one
// folder, {root}/.jarvis:
//
//	store        the marker: the id of the store that the tree belongs to
//	staging/     images that have no name yet; swept by the first process that opens the tree
//	quarantine/  files that verify found and could not place; never deleted by us
//	locks/       locks of ids, shared by processes
//	lock         who has the tree open; lock.start while opening (package filelock)
//
// Files have mode 0600 and folders 0700, whatever the umask.
package fsblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/filelock"
)

// Names within the root.
const (
	ownFolder        = ".jarvis"
	markerFile       = ownFolder + "/store"
	stagingFolder    = ownFolder + "/staging"
	quarantineFolder = ownFolder + "/quarantine"
	locksFolder      = ownFolder + "/locks"
	lockFile         = ownFolder + "/lock"
)

// Defaults of Options.
const (
	DefaultMaxInFlight = 64
	DefaultMaxRead     = 1 << 30
)

// Options says how a Store works. The zero Options are good.
type Options struct {
	// FS is the file system that holds the tree; nil means the folder that
	// Open was given. The caller closes it, if it needs closing, after the Store.
	FS FileSystem

	// Create makes the root folder, and its parents, when it is missing, and our
	// own folder in it. Set it only for a store that is being made: afterwards a
	// missing folder is a disk that is not mounted.
	Create bool

	// MinFree returns the space in bytes that is left free for others on a file
	// system of total bytes: Stage refuses what would go below it. Nil means none.
	MinFree func(total int64) int64

	// MaxInFlight bounds the file operations that run at one time, those of a
	// disk that hangs included. 0 means DefaultMaxInFlight.
	MaxInFlight int

	// MaxRead bounds the size in bytes of what Read returns. 0 means DefaultMaxRead.
	MaxRead int64
}

// Store is a jarvis.BlobStore on a file system.
type Store struct {
	fs       FileSystem
	closeFS  func() error
	root     string // for messages
	maxRead  int64
	lock     *filelock.Lock // nil until the tree is prepared
	inFlight *inFlight
	health   health
	space    space
	folders  folders
	ids      idLocks

	preparing chan struct{} // full while somebody prepares the tree
	prepared  atomic.Bool

	closeOnce sync.Once
	closeErr  error
}

var _ jarvis.BlobStore = (*Store)(nil)

// Open opens the tree in the folder root, which it shares with every other
// process that has it open. The first of them sweeps what a process that died
// left in the staging folder, and tries whether the file system can do what the
// tree needs; a tree on one that has no hard links, no locks or no fsync of
// folders is refused with CodeUnavailable, and so is a folder that is missing,
// no folder, or not writable.
//
// A folder that no store was ever in is opened all the same, unless
// Options.Create is set, and nothing is written to it: it may be where a disk is
// not mounted. The caller learns that from Marker. The first call that writes
// does then what Open would have done.
//
// The caller must Close the Store.
func Open(ctx context.Context, root string, options Options) (*Store, error) {
	if options.MinFree == nil {
		options.MinFree = func(int64) int64 { return 0 }
	}
	if options.MaxInFlight <= 0 {
		options.MaxInFlight = DefaultMaxInFlight
	}
	if options.MaxRead <= 0 {
		options.MaxRead = DefaultMaxRead
	}
	s := &Store{
		root:      root,
		maxRead:   options.MaxRead,
		inFlight:  newInFlight(options.MaxInFlight),
		preparing: make(chan struct{}, 1),
	}
	// The goroutine of an Open that was given up closes what it opened.
	return do(ctx, s.inFlight, func() (*Store, error) {
		if err := s.openFS(options); err != nil {
			return nil, err
		}
		s.folders = newFolders(s.fs)
		s.space = space{fs: s.fs, root: root, minFree: options.MinFree}
		used, err := s.used()
		if err == nil && (used || options.Create) {
			err = s.prepare(ctx)
		}
		if err != nil {
			return nil, errors.Join(inRoot(root, err), s.closeFS())
		}
		return s, nil
	}, func(s *Store) { s.health.note(s.closeAll()) })
}

func (s *Store) openFS(options Options) (err error) {
	s.fs, s.closeFS = options.FS, func() error { return nil }
	if s.fs == nil {
		var folder *folderFS
		folder, err = openFolder(s.root, options.Create)
		if err == nil {
			s.fs, s.closeFS = folder, folder.close
		}
	}
	return err
}

// used reports whether a store was ever in the tree.
func (s *Store) used() (bool, error) {
	_, err := s.fs.Lstat(ownFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, fail("find", ownFolder, err)
}

// writable returns when the tree is prepared. Every method that writes to our
// own folder calls it first.
func (s *Store) writable(ctx context.Context) error {
	if s.prepared.Load() {
		return nil
	}
	return run(ctx, s.inFlight, func() error { return inRoot(s.root, s.prepare(ctx)) })
}

// prepare takes the lock of the tree, once.
func (s *Store) prepare(ctx context.Context) error {
	select {
	case s.preparing <- struct{}{}:
		defer func() { <-s.preparing }()
	case <-ctx.Done():
		return stopped(ctx.Err())
	}
	if s.prepared.Load() {
		return nil
	}
	lock, err := s.join(ctx)
	if err != nil {
		return fail("lock", lockFile, err)
	}
	s.lock = lock
	s.prepared.Store(true)
	return nil
}

// join makes our own folder and joins those who have the tree open.
func (s *Store) join(ctx context.Context) (*filelock.Lock, error) {
	// Not durable yet: who publishes into one of them sees to that.
	for _, folder := range []string{ownFolder, stagingFolder, locksFolder} {
		if err := s.fs.Mkdir(folder); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fail("make the folder", folder, err)
		}
	}
	openLock := func(name string) (filelock.File, error) {
		file, err := s.fs.OpenLock(name)
		return file, fail("open", name, err)
	}
	return filelock.OpenWith(ctx, openLock, lockFile, func(ctx context.Context) error {
		if err := s.sweep(ctx); err != nil {
			return fail("sweep", stagingFolder, err)
		}
		return s.tryOut()
	})
}

// sweep removes what is in the staging folder. Nobody else has the tree open.
func (s *Store) sweep(ctx context.Context) error {
	return s.eachStaged(ctx, func(entry fs.DirEntry) error { return s.removeStaged(entry.Name()) })
}

// eachStaged calls fn for each file in the staging folder, if there is one.
func (s *Store) eachStaged(ctx context.Context, fn func(fs.DirEntry) error) (err error) {
	dir, err := s.fs.OpenDir(stagingFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	for ctx.Err() == nil {
		entries, err := dir.ReadDir(chunk)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, entry := range entries {
			if entry.IsDir() {
				continue // not ours
			}
			if err := fn(entry); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

func (s *Store) removeStaged(base string) error {
	err := s.fs.Remove(path.Join(stagingFolder, base))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// tryOut does once what every capture needs of the file system.
func (s *Store) tryOut() error {
	first, second := stagingName(), stagingName()
	file, err := s.fs.Create(first)
	if err != nil {
		return fail("write", first, err)
	}
	if err := file.Close(); err != nil {
		return fail("write", first, err)
	}
	if err := s.fs.Link(first, second); err != nil {
		return errors.Join(s.cannot("hard links", "a capture could overwrite another", err), s.fs.Remove(first))
	}
	if err := errors.Join(s.fs.Remove(second), s.fs.Remove(first)); err != nil {
		return fail("remove", first, err)
	}
	if err := s.folders.sync(stagingFolder); err != nil {
		return s.cannot("a way to sync folders", "a capture could be lost in a power cut", err)
	}
	return nil
}

// cannot says what the file system lacks, unless it only failed.
func (s *Store) cannot(what, consequence string, err error) error {
	for _, errno := range []syscall.Errno{syscall.EPERM, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.EINVAL, syscall.EMLINK} {
		if errors.Is(err, errno) {
			return &jarvis.Error{
				Code:    jarvis.CodeUnavailable,
				Op:      "fsblob: open",
				Message: fmt.Sprintf("the file system of %s has no %s, and without them %s: keep the tree on a local disk with ext4, xfs, btrfs or apfs", s.root, what, consequence),
				Err:     err,
			}
		}
	}
	return fail("try out", stagingFolder, err)
}

// inRoot names the root in an error that names a file relative to it.
func inRoot(root string, err error) error {
	e, ok := errors.AsType[*jarvis.Error](err)
	if !ok || strings.Contains(e.Message, root) {
		return err
	}
	return &jarvis.Error{Code: e.Code, Op: e.Op, Message: "cannot open the storage " + root + ": " + e.Message, Err: err}
}

// Close waits a moment for the operations in flight and gives the tree up. When
// the disk hangs it returns CodeUnavailable; the rest of the work is then done if
// the disk ever answers. It also returns errors of cleaning up that no caller
// had been there for. Calling it again returns the
// same.
func (s *Store) Close() error {
	s.closeOnce.Do(func() { s.closeErr = s.close() })
	return s.closeErr
}

func (s *Store) close() error {
	idle, ended := s.inFlight.close(patience)
	if !ended {
		go func() {
			<-idle
			s.health.note(s.closeAll())
		}()
		return jarvis.Errorf(jarvis.CodeUnavailable, "the storage was left while the disk did not answer: what was being written then is not acknowledged")
	}
	return errors.Join(s.closeAll(), s.health.noted())
}

func (s *Store) closeAll() error {
	err := s.ids.close()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return errors.Join(err, s.closeFS())
}
