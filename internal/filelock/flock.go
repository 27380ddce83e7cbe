package filelock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sys/unix"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Waiting polls: a blocked flock(2) cannot be told that a context is done. The
// first looks come quickly, since most locks are held for one write.
const (
	firstPause = 200 * time.Microsecond
	lastPause  = 20 * time.Millisecond
)

// Wait takes the lock of file, however long that lasts, or returns ctx.Err()
// once that is done. Among several who wait, anyone may be next.
func Wait(ctx context.Context, file File, mode Mode) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		held, err := file.Try(mode)
		if held || err != nil {
			return err
		}
		// Up to twice as long, so that those who wait do not look in step.
		timer := time.NewTimer(pause + rand.N(pause))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

type flockFile struct {
	file *os.File
}

// OpenFile is the OpenFunc of real files. Symbolic links are not followed. The
// file is not inherited by programs that this one starts.
func OpenFile(path string) (File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, &jarvis.Error{
			Code:    jarvis.CodeUnavailable,
			Op:      "filelock: open",
			Message: fmt.Sprintf("cannot open the lock file %s: %v", path, reason(err)),
			Err:     err,
		}
	}
	return NewFile(file)
}

// NewFile makes a File of an open file, which it then owns, and sees to it that
// a strange umask did not take the owner's rights.
func NewFile(file *os.File) (File, error) {
	const owner = 0o600
	info, err := file.Stat()
	if err == nil && info.Mode()&owner != owner {
		err = file.Chmod(owner)
	}
	if err != nil {
		return nil, joinClose(&jarvis.Error{
			Code:    jarvis.CodeUnavailable,
			Op:      "filelock: open",
			Message: fmt.Sprintf("cannot set up the lock file %s: %v", file.Name(), reason(err)),
			Err:     err,
		}, flockFile{file})
	}
	return flockFile{file}, nil
}

func (f flockFile) Try(mode Mode) (bool, error) {
	how := unix.LOCK_SH
	if mode == Exclusive {
		how = unix.LOCK_EX
	}
	err := f.flock(how | unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, f.refused(err)
}

func (f flockFile) Unlock() error { return f.refused(f.flock(unix.LOCK_UN)) }

func (f flockFile) flock(how int) error {
	for {
		// Fd is safe here: the file is never in non-blocking mode, and the
		// methods of a File are for one goroutine, so it is open during the call.
		if err := unix.Flock(int(f.file.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func (f flockFile) refused(err error) error {
	if err == nil {
		return nil
	}
	message := fmt.Sprintf("cannot lock %s: %v", f.file.Name(), err)
	switch {
	case errors.Is(err, unix.ENOLCK), errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.EOPNOTSUPP),
		errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL):
		message = fmt.Sprintf("the file system of %s has no file locks (%v), and without them two processes would damage the store: put it on a local disk", f.file.Name(), err)
	}
	return &jarvis.Error{Code: jarvis.CodeUnavailable, Op: "filelock: lock", Message: message, Err: err}
}

func (f flockFile) Close() error {
	if err := f.file.Close(); err != nil {
		return &jarvis.Error{
			Code:    jarvis.CodeUnavailable,
			Op:      "filelock: close",
			Message: fmt.Sprintf("cannot close the lock file %s: %v", f.file.Name(), reason(err)),
			Err:     err,
		}
	}
	return nil
}

// reason is what a *PathError says without its path, which the message has.
func reason(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}
