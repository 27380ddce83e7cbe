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
	durable map[string]bool // known to survive a power cut, with everything above them
}

// ensure makes a folder and those above it, and returns when they would survive
// a power cut. A folder that exists is synced into its parent as well, once: the
// process that made it may not have come that far.
func (f *folders) ensure(folder string) error {
	if folder == "." || f.knows(folder) {
		return nil
	}
	parent := path.Dir(folder)
	if err := f.ensure(parent); err != nil {
		return err
	}
	if err := f.fs.Mkdir(folder); err != nil && !errors.Is(err, fs.ErrExist) {
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
	f.durable[folder] = true
	return nil
}

func (f *folders) knows(folder string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.durable[folder]
}

// forget is called when a folder that was known turned out to be missing.
func (f *folders) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.durable)
}

// sync returns when every name that was in the folder at the time of the call
// is on the disk. Many may sync one folder at once: every journaling file system
// makes one commit of that, and measured on ext4 with eight writers, 0.95 of a
// bare loop is reached so, and 0.8 when they wait for each other here to share
// an fsync.
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
