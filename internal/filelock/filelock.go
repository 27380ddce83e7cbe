// Package filelock settles which process of several may prepare a store that
// all of them then share, and keeps everybody out while one changes it.
//
// Two lock files lie side by side. PATH.start is held exclusively while a
// process opens the store. PATH is held shared by every process that has it
// open, and exclusively by the first of them while it prepares the store, and
// by one that wants the store for itself. Both are taken with flock(2): they
// belong to an open file, so two handles in one process exclude each other
// like two processes, and the system releases them when a process dies.
//
// The files are never removed: a process that waits for the lock of a removed
// file would hold it beside one that locked its successor.
package filelock

import (
	"context"
	"errors"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Mode is how a file is locked.
type Mode int

// The modes.
const (
	Shared    Mode = iota // together with others who share
	Exclusive             // alone
)

// File is an open lock file. Its methods are for one goroutine.
type File interface {
	// Try takes the lock, or changes the mode of the one held, and reports
	// false when another handle is in the way. After false no lock is held:
	// flock(2) gives up the old lock before it tries for the new one.
	Try(mode Mode) (bool, error)
	// Unlock releases the lock and leaves the file open.
	Unlock() error
	// Close releases the lock and closes the file.
	Close() error
}

// OpenFunc opens the lock file at path, and makes it (0600) when it is missing.
// Its folder must exist.
type OpenFunc func(path string) (File, error)

// Lock is a store's lock, held until Close.
type Lock struct {
	files []File
}

// Open takes the store's lock shared and returns when the store is ready. The
// process that finds nobody else calls prepare first, alone; when prepare
// fails, nothing is held and its error is returned. Open waits while another
// process opens the store, and while one has it for itself; a done ctx ends the
// wait with ctx.Err().
//
// A process that dies while we open may leave us the only one although we did
// not prepare. That is the same as its dying just after we opened, which every
// user of the store has to bear anyway.
//
// Errors are *jarvis.Error with CodeUnavailable, or those of ctx and prepare.
func Open(ctx context.Context, path string, prepare func(context.Context) error) (*Lock, error) {
	return OpenWith(ctx, OpenFile, path, prepare)
}

// OpenWith is Open on lock files that open opens.
func OpenWith(ctx context.Context, open OpenFunc, path string, prepare func(context.Context) error) (*Lock, error) {
	start, err := takeStart(ctx, open, path)
	if err != nil {
		return nil, err
	}
	file, err := open(path)
	if err != nil {
		return nil, joinClose(err, start)
	}
	if err := share(ctx, file, prepare); err != nil {
		return nil, joinClose(joinClose(err, file), start)
	}
	if err := start.Close(); err != nil {
		return nil, joinClose(err, file)
	}
	return &Lock{[]File{file}}, nil
}

// share leaves file locked shared. The caller holds the start lock, so nobody
// can slip in between the exclusive lock and the shared one.
func share(ctx context.Context, file File, prepare func(context.Context) error) error {
	first, err := file.Try(Exclusive)
	if err != nil {
		return err
	}
	if first && prepare != nil {
		if err := prepare(ctx); err != nil {
			return err
		}
	}
	return Wait(ctx, file, Shared)
}

// OpenExclusive takes the store for this handle alone, until Close. It waits
// for a process that is just opening the store, but not for one that has it
// open: that is CodeUnavailable. Open waits meanwhile.
func OpenExclusive(ctx context.Context, path string) (*Lock, error) {
	start, err := takeStart(ctx, OpenFile, path)
	if err != nil {
		return nil, err
	}
	file, err := OpenFile(path)
	if err != nil {
		return nil, joinClose(err, start)
	}
	alone, err := file.Try(Exclusive)
	if err == nil && !alone {
		err = jarvis.Errorf(jarvis.CodeUnavailable, "%s is held by another process that has this store open: stop it (jarvis serve, or a running command) and try again", path)
	}
	if err != nil {
		return nil, joinClose(joinClose(err, file), start)
	}
	return &Lock{[]File{file, start}}, nil
}

// Close releases the lock. Calling it again does nothing.
func (l *Lock) Close() error {
	files := l.files
	l.files = nil
	var errs []error
	for _, f := range files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func takeStart(ctx context.Context, open OpenFunc, path string) (File, error) {
	start, err := open(path + ".start")
	if err != nil {
		return nil, err
	}
	if err := Wait(ctx, start, Exclusive); err != nil {
		return nil, joinClose(err, start)
	}
	return start, nil
}

// joinClose closes f, whose use ended with err. Without an error of Close it
// returns err itself, so that its type is kept.
func joinClose(err error, f File) error {
	if closeErr := f.Close(); closeErr != nil {
		return errors.Join(err, closeErr)
	}
	return err
}
