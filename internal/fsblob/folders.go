package fsblob

import (
	"errors"
	"io/fs"
	"path"
	"sync"
)

// maxKnownFolders bounds the memory of folders: three years of days.
const maxKnownFolders = 1024

// folders makes folders durable and syncs them.
type folders struct {
	fs FileSystem

	mu      sync.Mutex
	durable map[string]FolderState // of what holds a folder, as it was when that was synced last
}

func newFolders(fs FileSystem) folders {
	return folders{fs: fs, durable: make(map[string]FolderState)}
}

// put has move put a name into a folder, which is made if need be, and returns
// when that would survive a power cut.
func (f *folders) put(folder string, move func() error) error {
	err := move()
	if errors.Is(err, fs.ErrNotExist) {
		if err := f.remake(folder); err != nil {
			return err
		}
		err = move()
	}
	if err != nil {
		return err
	}
	return f.settle(folder)
}

// settle returns when every name that was in the folder at the time of the call,
// and the folder itself, would survive a power cut.
func (f *folders) settle(folder string) error {
	if err := f.ensure(folder); err != nil {
		return err
	}
	return f.sync(folder)
}

// ensure makes a folder and those above it, and returns when they would survive
// a power cut. A folder that exists is synced into its parent as well, once: the
// process that made it may not have come that far. And again when anything in
// the parent changed since: somebody may have removed it and made another.
func (f *folders) ensure(folder string) error {
	if folder == "." {
		return nil
	}
	parent := path.Dir(folder)
	if err := f.ensure(parent); err != nil {
		return err
	}
	state, err := f.fs.FolderState(parent)
	if err != nil || f.knows(folder, state) {
		return err
	}
	if err := f.fs.Mkdir(folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if state, err = f.fs.FolderState(parent); err != nil {
		return err
	}
	if err := f.sync(parent); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.durable) >= maxKnownFolders {
		clear(f.durable)
	}
	f.durable[folder] = state
	return nil
}

func (f *folders) knows(folder string, state FolderState) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.durable[folder]
	return ok && known == state
}

// remake is ensure for a folder that turned out to be missing, which the states
// do not tell when it was made and removed within one tick of the clock.
func (f *folders) remake(folder string) error {
	f.mu.Lock()
	clear(f.durable)
	f.mu.Unlock()
	return f.ensure(folder)
}

// sync returns when every name that was in the folder at the time of the call
// is on the disk. Many may sync one folder at once: a journaling file system
// makes one commit of that by itself, and on ext4 with eight writers it was
// slower to let them wait for each other here in order to share an fsync.
func (f *folders) sync(folder string) error {
	dir, err := f.fs.OpenDir(folder)
	if err != nil {
		return err
	}
	if err := dir.Sync(); err != nil {
		return errors.Join(&syncError{folder, err}, dir.Close())
	}
	return dir.Close()
}

// syncError is a failed fsync. What it was to make durable may be lost although
// a second fsync would succeed, so it poisons the store.
type syncError struct {
	name string
	err  error
}

func (e *syncError) Error() string { return "sync " + e.name + ": " + e.err.Error() }
func (e *syncError) Unwrap() error { return e.err }
