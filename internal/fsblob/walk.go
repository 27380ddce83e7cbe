package fsblob

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	jarvis "github.com/jarvis-memory/jarvis"
)

// chunk is how many entries of a folder are read at a time.
const chunk = 512

// Days implements jarvis.BlobStore. Symbolic links to folders are not followed.
func (s *Store) Days(ctx context.Context) ([]jarvis.Day, error) {
	folders := []string{"."}
	for _, digits := range []int{4, 2, 2} {
		var below []string
		for _, folder := range folders {
			found, err := s.subfolders(ctx, folder, digits)
			if err != nil {
				return nil, err
			}
			below = append(below, found...)
		}
		folders = below
	}
	var days []jarvis.Day
	for _, folder := range folders {
		if day, ok := jarvis.ParseDayFolder(folder); ok {
			days = append(days, day)
		}
	}
	slices.SortFunc(days, jarvis.Day.Compare)
	return days, nil
}

// subfolders lists the folders in a folder whose names have that many digits.
// One that is removed meanwhile has none.
func (s *Store) subfolders(ctx context.Context, folder string, digits int) ([]string, error) {
	var found []string
	err := list(ctx, s, folder, func(entry fs.DirEntry) (string, bool, error) {
		name := entry.Name()
		return path.Join(folder, name), entry.IsDir() && len(name) == digits && strings.Trim(name, "0123456789") == "", nil
	}, func(name string) error {
		found = append(found, name)
		return nil
	})
	if folder != "." && errors.Is(err, jarvis.ErrNotFound) {
		return nil, nil
	}
	return found, err
}

// WalkDay implements jarvis.BlobStore. fn runs in the caller's goroutine, while
// no file operation is in flight, and may use the store.
func (s *Store) WalkDay(ctx context.Context, day jarvis.Day, fn func(jarvis.BlobInfo) error) error {
	if err := checkDay(day); err != nil {
		return err
	}
	return list(ctx, s, day.Folder(), func(entry fs.DirEntry) (jarvis.BlobInfo, bool, error) {
		if entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return jarvis.BlobInfo{}, false, nil
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return jarvis.BlobInfo{}, false, nil // removed since the folder was read
		}
		if err != nil {
			return jarvis.BlobInfo{}, false, fail("find", path.Join(day.Folder(), entry.Name()), err)
		}
		return blobInfo(day, info), true, nil
	}, fn)
}

// blobInfo describes a file in a day's folder. A symbolic link is a foreign
// file whatever it is called.
func blobInfo(day jarvis.Day, info fs.FileInfo) jarvis.BlobInfo {
	blob := jarvis.BlobInfo{Base: info.Name(), Size: info.Size(), ModTime: info.ModTime()}
	if info.Mode().IsRegular() {
		if name, ok := jarvis.NewDayEntryName(day, info.Name()); ok {
			blob.Name = name
		}
	}
	return blob
}

// list reads a folder in chunks. pick chooses among the entries, as a file
// operation; use gets what it chose, in the caller's goroutine, and ends the
// listing with its error.
func list[T any](ctx context.Context, s *Store, folder string, pick func(fs.DirEntry) (T, bool, error), use func(T) error) error {
	dir, err := do(ctx, s.inFlight, func() (*listing, error) {
		dir, err := s.fs.OpenDir(folder)
		if err != nil {
			return nil, fail("list", folder, err)
		}
		return &listing{store: s, dir: dir}, nil
	}, (*listing).close)
	if err != nil {
		return err
	}
	defer func() {
		if ctx.Err() != nil {
			go dir.close() // a read that hangs may still be using it
		} else {
			dir.close()
		}
	}()

	for {
		picked, err := do(ctx, s.inFlight, func() ([]T, error) {
			entries, err := dir.next()
			if errors.Is(err, io.EOF) {
				return nil, err
			}
			if err != nil {
				return nil, fail("list", folder, err)
			}
			picked := make([]T, 0, len(entries))
			for _, entry := range entries {
				value, wanted, err := pick(entry)
				if err != nil {
					return nil, err
				}
				if wanted {
					picked = append(picked, value)
				}
			}
			return picked, nil
		}, nil)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, value := range picked {
			if ctx.Err() != nil {
				return stopped(ctx.Err())
			}
			if err := use(value); err != nil {
				return err
			}
		}
	}
}

// listing is a folder that is being read. Its mutex keeps it open while a read
// that the caller no longer waits for goes on.
type listing struct {
	store *Store
	mu    sync.Mutex
	dir   Dir
}

func (l *listing) next() ([]fs.DirEntry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dir.ReadDir(chunk)
}

func (l *listing) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.store.health.note(l.dir.Close())
}
