package vault

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	jarvis "github.com/jarvis-memory/jarvis"
)

// createFile writes content to a new file at path, readable by the owner alone,
// durably, and never overwrites. The file has its name only once it is
// complete: a power cut in between leaves a temporary file that nothing
// depends on. what names the file in errors.
func createFile(what, path string, content []byte) error {
	op := "vault: create the " + what + " file"
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return jarvis.WrapError(jarvis.CodeUnavailable, op, fmt.Sprintf("the folder of the %s file %s cannot be made", what, path), err)
	}
	err := linkNew(path, content)
	if errors.Is(err, fs.ErrExist) {
		return jarvis.WrapError(jarvis.CodeConflict, op, fmt.Sprintf("there already is a file %s: it is never overwritten; move it away if you are sure that nothing needs it", path), err)
	}
	if err != nil {
		return jarvis.WrapError(jarvis.CodeUnavailable, op, fmt.Sprintf("the %s file %s cannot be written: check the folder's owner, the space, and that its file system has hard links", what, path), err)
	}
	return nil
}

// linkNew writes a temporary file beside path and links it there.
func linkNew(path string, content []byte) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+"-*") // O_EXCL, 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Link(f.Name(), path)
	}
	if err := errors.Join(err, os.Remove(f.Name())); err != nil {
		return err
	}
	return syncFolder(folder)
}

// makeFolder makes the folder (0700) and those above it that are missing, and
// syncs every folder that gained an entry.
func makeFolder(folder string) error {
	err := os.Mkdir(folder, 0o700)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(folder) != folder {
		if err := makeFolder(filepath.Dir(folder)); err != nil {
			return err
		}
		err = os.Mkdir(folder, 0o700)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil // if it is not a folder, what follows says so
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(folder))
}
