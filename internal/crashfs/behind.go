package crashfs

import (
	"errors"
	"io"
	"path"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// WriteFile puts a file there behind the back of the code under test: durably,
// with the folders above it, over one that was there. It is not counted, and
// works when the power is off.
func (f *FS) WriteFile(name string, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.put(name, data)
}

func (f *FS) put(name string, data []byte) error {
	if err := f.mem.MkdirAll(memPath(path.Dir(name)), 0o700); err != nil {
		return err
	}
	mem, err := f.mem.Create(memPath(name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = mem.Write(slices.Clone(data))
	if err := errors.Join(err, mem.Sync(), mem.Close()); err != nil {
		return err
	}
	f.added(name)
	for folder := path.Dir(name); ; folder = path.Dir(folder) {
		f.touch(folder)
		if err := syncMemDir(f.mem, folder); err != nil || folder == "." {
			return err
		}
	}
}

// RemoveAll removes a file, or a folder with all that is in it, behind the back
// of the code under test, durably. It is not counted.
func (f *FS) RemoveAll(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.mem.RemoveAll(memPath(name)); err != nil {
		return err
	}
	f.touch(name)
	return syncMemDir(f.mem, path.Dir(name))
}

// ReadFile returns the bytes of a file. It is not counted, and works when the
// power is off.
func (f *FS) ReadFile(name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.stat(Open, name); err != nil {
		return nil, err
	}
	mem, err := f.mem.Open(memPath(name))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(mem)
	return data, errors.Join(err, mem.Close())
}

// Files returns the names of all files, sorted. It is not counted, and works
// when the power is off.
func (f *FS) Files() ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var files []string
	folders := []string{"."}
	for len(folders) > 0 {
		folder := folders[0]
		folders = folders[1:]
		entries, err := f.list(folder)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			name := path.Join(folder, entry.Name())
			if entry.IsDir() {
				folders = append(folders, name)
			} else {
				files = append(files, name)
			}
		}
	}
	slices.Sort(files)
	return files, nil
}
