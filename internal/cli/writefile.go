package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jarvis-memory/jarvis"
)

// writeFile writes a file of mode 0600 that appears whole or not at all.
// Without force a file of that name is CodeConflict and stays as it is. A device
// or a pipe is written to, never replaced.
func writeFile(target string, data []byte, force bool) error {
	if info, err := os.Stat(target); err == nil && !info.Mode().IsRegular() {
		return writeError(target, writeInto(target, data))
	}
	temporary, err := os.CreateTemp(filepath.Dir(target), ".jarvis-*") // mode 0600
	if err != nil {
		return writeError(target, err)
	}
	_, err = temporary.Write(data)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = publish(temporary.Name(), target, force)
	}
	if removeErr := os.Remove(temporary.Name()); !errors.Is(removeErr, fs.ErrNotExist) {
		err = errors.Join(err, removeErr)
	}
	return writeError(target, err)
}

// publish gives a temporary file its name. Where the file system has no hard
// links, a file that appears between the check and the renaming is lost.
func publish(temporary, target string, force bool) error {
	if force {
		return os.Rename(temporary, target)
	}
	err := os.Link(temporary, target) // never overwrites
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS) {
		if _, statErr := os.Lstat(target); !errors.Is(statErr, fs.ErrNotExist) {
			return errors.Join(fs.ErrExist, statErr)
		}
		return os.Rename(temporary, target)
	}
	return err
}

func writeInto(target string, data []byte) error {
	file, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

// writeError says why a file that a person named cannot be written.
func writeError(target string, err error) error {
	if err == nil {
		return nil
	}
	code, message := jarvis.CodeInvalid, "cannot be written: "+cause(err)
	switch {
	case errors.Is(err, fs.ErrExist):
		code, message = jarvis.CodeConflict, "exists: choose another name, or overwrite it with --force"
	case errors.Is(err, fs.ErrNotExist):
		message = "cannot be written: its folder does not exist; make it first"
	case errors.Is(err, fs.ErrPermission):
		message = "may not be written: check the permissions of its folder"
	case errors.Is(err, syscall.EROFS):
		message = "cannot be written: the disk is read-only; choose another folder"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		code, message = jarvis.CodeNoSpace, "cannot be written: the disk is full; free some space there, or write elsewhere"
	}
	return &jarvis.Error{Code: code, Op: "write", Message: target + ": " + message, Err: err}
}

// cause returns the operating system's word for what is wrong, without the path.
func cause(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return err.Error()
}
