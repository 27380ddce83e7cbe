package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	jarvis "github.com/jarvis-memory/jarvis"
)

// createFile writes content to a new file at path, readable by the owner alone,
// durably, and never overwrites. The file has its name only once it is
// complete: a power cut in between leaves a temporary file, which the next
// creation of the same file removes, and so does removeLeftovers. what names
// the file in errors.
func createFile(what, path string, content []byte) error {
	op := "vault: create the " + what + " file"
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return writeError(op, fmt.Sprintf("the folder of the %s file %s cannot be made: check who owns the folder above it", what, path), err)
	}
	err := linkNew(path, content)
	if errors.Is(err, fs.ErrExist) {
		return jarvis.WrapError(jarvis.CodeConflict, op, fmt.Sprintf("there already is a file %s: it is never overwritten; move it away if you are sure that nothing needs it", path), err)
	}
	if err != nil {
		return writeError(op, fmt.Sprintf("the %s file %s cannot be written: check the folder's owner, and that its file system has hard links", what, path), err)
	}
	return nil
}

// writeError translates what went wrong when something was written: CodeNoSpace
// for a full disk, else CodeUnavailable with the message.
func writeError(op, message string, err error) error {
	if isFull(err) {
		before, _, _ := strings.Cut(message, ": ")
		return jarvis.WrapError(jarvis.CodeNoSpace, op, before+": the disk is full: make room and try again", err)
	}
	return jarvis.WrapError(jarvis.CodeUnavailable, op, message, err)
}

// linkNew writes a temporary file beside path and links it there.
func linkNew(path string, content []byte) error {
	name, err := writeTemporary(path, content)
	if err == nil {
		err = os.Link(name, path)
	}
	if errors.Is(err, fs.ErrNotExist) && !missing(path) {
		err = fs.ErrExist // another process was first, and removed what was left over
	}
	if err := errors.Join(err, removeTemporary(name)); err != nil {
		return err
	}
	return errors.Join(removeLeftovers(path), syncFolder(filepath.Dir(path)))
}

// replaceFile puts content, durably, in the place of the file at path, which a
// power cut in between leaves as it was.
func replaceFile(path string, content []byte) error {
	const tries = 3 // another process may take the temporary file for a leftover
	var err error
	for range tries {
		var name string
		if name, err = writeTemporary(path, content); err == nil {
			err = os.Rename(name, path)
		}
		if err == nil {
			return errors.Join(removeLeftovers(path), syncFolder(filepath.Dir(path)))
		}
		err = errors.Join(err, removeTemporary(name))
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return err
}

// writeTemporary writes content to a new file beside path, reads it back, and
// returns its name, also with an error once there is such a file.
func writeTemporary(path string, content []byte) (name string, err error) {
	before, after := temporaryName(path)
	f, err := os.CreateTemp(filepath.Dir(path), before+"*"+after) // O_EXCL, 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return f.Name(), err
	}
	written, err := os.ReadFile(f.Name())
	if err == nil && !bytes.Equal(written, content) {
		err = errors.New("what was written came back otherwise")
	}
	return f.Name(), err
}

// temporaryName returns what is before and after the digits in the name of a
// temporary file for path.
func temporaryName(path string) (before, after string) {
	return "." + filepath.Base(path) + "-", ".new"
}

func removeTemporary(name string) error {
	if name == "" {
		return nil
	}
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeLeftovers removes the temporary files that a process left beside path
// when it was killed. It must only be called once there is a file at path:
// whoever is writing a temporary file then would find it there anyway.
func removeLeftovers(path string) error {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	before, after := temporaryName(path)
	var errs []error
	for _, entry := range entries {
		digits, ok := strings.CutPrefix(entry.Name(), before)
		digits, temporary := strings.CutSuffix(digits, after)
		if ok && temporary && digits != "" && strings.Trim(digits, "0123456789") == "" && entry.Type().IsRegular() {
			errs = append(errs, removeTemporary(filepath.Join(filepath.Dir(path), entry.Name())))
		}
	}
	return errors.Join(errs...)
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
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
