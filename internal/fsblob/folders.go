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
	durable map[string]bool      // known to survive a power cut, with everything above them
	waiting map[string]*syncWait // per folder: those who joined a sync that has not begun
	syncing map[string]*sync.Mutex
	users   map[string]int // of the mutex in syncing
}

// syncWait is one fsync of a folder on behalf of all who wait for it.
type syncWait struct {
	done chan struct{}
	err  error
}

func newFolders(fs FileSystem) folders {
	return folders{
		fs:      fs,
		durable: make(map[string]bool),
		waiting: make(map[string]*syncWait),
		syncing: make(map[string]*sync.Mutex),
		users:   make(map[string]int),
	}
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
// is on the disk. Those who call while a sync runs share the next one: it begins
// after all of them have called, so it covers them all.
func (f *folders) sync(folder string) error {
	f.mu.Lock()
	if wait := f.waiting[folder]; wait != nil {
		f.mu.Unlock()
		<-wait.done
		return wait.err
	}
	wait := &syncWait{done: make(chan struct{})}
	f.waiting[folder] = wait
	turn := f.syncing[folder]
	if turn == nil {
		turn = new(sync.Mutex)
		f.syncing[folder] = turn
	}
	f.users[folder]++
	f.mu.Unlock()

	turn.Lock()
	f.mu.Lock()
	delete(f.waiting, folder) // whoever comes now is too late for this one
	f.mu.Unlock()
	wait.err = f.syncNow(folder)
	turn.Unlock()
	close(wait.done)

	f.mu.Lock()
	defer f.mu.Unlock()
	if f.users[folder]--; f.users[folder] == 0 {
		delete(f.users, folder)
		delete(f.syncing, folder)
	}
	return wait.err
}

func (f *folders) syncNow(folder string) error {
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
