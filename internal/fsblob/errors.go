package fsblob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	jarvis "github.com/jarvis-memory/jarvis"
)

// ErrNotRegular is the cause of an error about a name that belongs to a symbolic
// link, a folder or a device, where only a file can be an image.
var ErrNotRegular = errors.New("not a regular file")

// failure says what an errno of the system means to the person whose disk it is.
type failure struct {
	errno   syscall.Errno
	code    jarvis.Code
	meaning string
}

var failures = []failure{
	{syscall.ENOSPC, jarvis.CodeNoSpace, "the disk is full: free some space"},
	{syscall.EDQUOT, jarvis.CodeNoSpace, "the disk quota is used up: free some space or raise the quota"},
	{syscall.EROFS, jarvis.CodeUnavailable, "the file system is read-only: after a disk error the system may have made it so; check the disk and mount it for writing"},
	{syscall.EACCES, jarvis.CodeUnavailable, "permission denied: give the user that runs Jarvis the right to read and write here"},
	{syscall.EPERM, jarvis.CodeUnavailable, "operation not permitted: give the user that runs Jarvis the right to read and write here, on a file system that has hard links"},
	{syscall.EIO, jarvis.CodeUnavailable, "the disk reported an input/output error: check its health and its cable"},
	{syscall.EMFILE, jarvis.CodeUnavailable, "too many open files: raise the limit of the process (ulimit -n)"},
	{syscall.ENFILE, jarvis.CodeUnavailable, "too many open files on this system: raise its limit (fs.file-max)"},
	{syscall.ENAMETOOLONG, jarvis.CodeInvalid, "the name is too long for the file system"},
	{syscall.ENOTDIR, jarvis.CodeUnavailable, "a file stands where a folder should be: move it away"},
	{syscall.ELOOP, jarvis.CodeUnavailable, "a symbolic link leads in circles or stands where a folder should be"},
	{syscall.EXDEV, jarvis.CodeUnavailable, "it is on another file system than the storage root, and hard links do not reach there: keep the tree on one file system"},
	{syscall.EMLINK, jarvis.CodeUnavailable, "the file system allows no more links"},
	{syscall.ENOLINK, jarvis.CodeUnavailable, "the connection to the disk was lost"},
	{syscall.ESTALE, jarvis.CodeUnavailable, "the network file system no longer knows the folder: mount it again"},
	{syscall.ENODEV, jarvis.CodeUnavailable, "the disk is gone: is it connected?"},
	{syscall.ENXIO, jarvis.CodeUnavailable, "the disk is gone: is it connected?"},
	{syscall.ETIMEDOUT, jarvis.CodeUnavailable, "the disk did not answer in time"},
	{syscall.EOPNOTSUPP, jarvis.CodeUnavailable, "the file system cannot do that: keep the tree on a local one, such as ext4, xfs, btrfs or apfs"},
	{syscall.ENOSYS, jarvis.CodeUnavailable, "the file system cannot do that: keep the tree on a local one, such as ext4, xfs, btrfs or apfs"},
	{syscall.ENOENT, jarvis.CodeNotFound, "there is no such file"},
	{syscall.EEXIST, jarvis.CodeConflict, "something of that name is there already"},
}

// fail translates an error of the file system that happened while doing, such
// as "store", to the file called name, relative to the root. Errors that need no
// translation are returned as they are.
func fail(doing, name string, err error) error {
	if _, ok := errors.AsType[*jarvis.Error](err); ok || err == nil {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return stopped(err)
	}
	code, meaning := meaningOf(err)
	return &jarvis.Error{
		Code:    code,
		Op:      "fsblob: " + doing,
		Message: fmt.Sprintf("cannot %s %s: %s", doing, name, meaning),
		Err:     err,
	}
}

// stopped is the error of a call whose context was done: err holds the context's.
func stopped(err error) error {
	message := "the storage was not waited for: the operation was cancelled"
	if errors.Is(err, context.DeadlineExceeded) {
		message = "the storage was not waited for: the time allowed ran out"
	}
	return &jarvis.Error{Code: jarvis.CodeUnavailable, Op: "fsblob", Message: message, Err: err}
}

func meaningOf(err error) (jarvis.Code, string) {
	if errors.Is(err, ErrNotRegular) {
		return jarvis.CodeNotFound, "it is a symbolic link, a folder or a device, not an image"
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		for _, f := range failures {
			if f.errno == errno {
				return f.code, f.meaning
			}
		}
		return jarvis.CodeUnavailable, errno.Error()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return jarvis.CodeNotFound, "there is no such file"
	case errors.Is(err, fs.ErrExist):
		return jarvis.CodeConflict, "something of that name is there already"
	}
	return jarvis.CodeUnavailable, err.Error()
}
