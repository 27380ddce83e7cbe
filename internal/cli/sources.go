package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// standardInput is the name that stands for standard input.
const standardInput = "-"

// source is a file that may hold an image. Name is as the person would type it.
type source struct{ name string }

// sources finds the files to add: those that are named, "-" for standard input,
// what matches a pattern that the shell left as it was, and the images in a
// folder and its subfolders.
//
// A symbolic link that is named is followed. One inside a folder is not: it may
// lead in a circle, or out of what the person meant. In a folder, hidden files,
// files that are not called like an image and those of a format that no store
// takes are passed over and counted: a folder that holds one can still be added
// without an error. A file that is named is never passed over.
type sources struct {
	names []string
	// storage is the store's own tree, which is never added to itself.
	storage fs.FileInfo
	// wanted narrows what is taken from a folder; nil for every image.
	wanted func(base string) bool
	// flat leaves subfolders alone.
	flat bool

	passed passedOver
}

// each calls fn for every source in the order of names, folders in the order of
// the names in them, and stops at the first error of fn, which it returns. What
// cannot be found or read is reported with its name and is no reason to stop.
// Memory does not grow with the number of files.
func (s *sources) each(ctx context.Context, fn func(source) error, report func(name string, err error) error) error {
	for _, name := range s.names {
		if err := s.named(ctx, name, fn, report); err != nil {
			return err
		}
	}
	return nil
}

func (s *sources) named(ctx context.Context, name string, fn func(source) error, report func(string, error) error) error {
	if name == standardInput {
		return fn(source{name})
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(name, "*?["):
		return s.pattern(ctx, name, fn, report)
	case err != nil:
		return report(name, fileError(err))
	case info.Mode()&fs.ModeDevice != 0:
		return report(name, jarvis.Errorf(jarvis.CodeInvalid, "is a device, which has no end: name a file"))
	case !info.IsDir():
		return fn(source{name})
	case os.SameFile(info, s.storage):
		return report(name, jarvis.Errorf(jarvis.CodeInvalid, "is where this store keeps its images: they are in it already"))
	}
	return s.folder(ctx, name, fn, report)
}

func (s *sources) pattern(ctx context.Context, pattern string, fn func(source) error, report func(string, error) error) error {
	matches, err := filepath.Glob(pattern)
	if !strings.HasPrefix(filepath.Base(pattern), ".") { // as a shell does
		matches = slices.DeleteFunc(matches, func(match string) bool { return strings.HasPrefix(filepath.Base(match), ".") })
	}
	if err != nil || len(matches) == 0 {
		return report(pattern, jarvis.Errorf(jarvis.CodeInvalid, "no file matches this pattern: check it"))
	}
	for _, match := range matches {
		if err := s.named(ctx, match, fn, report); err != nil {
			return err
		}
	}
	return nil
}

func (s *sources) folder(ctx context.Context, folder string, fn func(source) error, report func(string, error) error) error {
	return eachEntry(folder, entriesInMemory, func(entry fs.DirEntry, err error) error {
		if ctxErr := context.Cause(ctx); ctxErr != nil {
			return ctxErr
		}
		if err != nil {
			return report(folder, fileError(err))
		}
		name := filepath.Join(folder, entry.Name())
		switch {
		case strings.HasPrefix(entry.Name(), "."):
			s.passed.hidden++
			return nil
		case entry.Type()&fs.ModeSymlink != 0:
			s.passed.links++
			return nil
		case entry.IsDir():
			if s.flat {
				return nil
			}
			if info, err := entry.Info(); err == nil && os.SameFile(info, s.storage) {
				return nil
			}
			return s.folder(ctx, name, fn, report)
		case s.wanted != nil && !s.wanted(entry.Name()):
			return nil
		case !entry.Type().IsRegular():
			s.passed.others++
			return nil
		case !s.passed.takes(entry.Name()):
			return nil
		}
		return fn(source{name})
	})
}

// entriesInMemory bounds the names of one folder that are held at a time.
const entriesInMemory = 16 << 10

// eachEntry calls fn for the entries of a folder in the order of their names,
// or once with the error when the folder cannot be read, and returns the first
// error of fn. However many entries there are, at most twice batch of them are
// in memory: a larger folder is read again for every further batch.
func eachEntry(folder string, batch int, fn func(fs.DirEntry, error) error) error {
	last := ""
	for {
		entries, more, err := entriesAfter(folder, last, batch)
		if err != nil {
			return fn(nil, err)
		}
		for _, entry := range entries {
			if err := fn(entry, nil); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
		last = entries[len(entries)-1].Name()
	}
}

// entriesAfter returns the first batch entries of a folder whose names are
// greater than last, in order, and whether there are more.
func entriesAfter(folder, last string, batch int) (entries []fs.DirEntry, more bool, err error) {
	dir, err := os.Open(folder)
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()

	byName := func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) }
	cut := func() {
		slices.SortFunc(entries, byName)
		if len(entries) > batch {
			clear(entries[batch:])
			entries, more = entries[:batch], true
		}
	}
	for {
		chunk, err := dir.ReadDir(min(batch, 1024))
		for _, entry := range chunk {
			if entry.Name() > last {
				entries = append(entries, entry)
			}
		}
		if len(entries) >= 2*batch-min(batch, 1024) {
			cut()
		}
		if err == io.EOF {
			cut()
			return entries, more, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
}

// content is what a source holds.
type content struct {
	data    []byte
	modTime time.Time // zero when the source is no file with a time
}

// sizeHint returns the bytes that reading the source will need, limit when that
// cannot be known.
func (s source) sizeHint(limit int64) int64 {
	if s.name != standardInput {
		if info, err := os.Stat(s.name); err == nil && info.Mode().IsRegular() {
			return min(info.Size()+1, limit)
		}
	}
	return limit
}

// read returns what the source holds; more than limit bytes are CodeTooLarge. It
// returns as soon as the context is done, even while a pipe or a disk gives
// nothing.
func (s source) read(ctx context.Context, stdin *os.File, limit int64) (content, error) {
	type result struct {
		content content
		err     error
	}
	read := make(chan result, 1)
	go func() {
		c, err := s.readNow(stdin, limit)
		read <- result{c, err}
	}()
	select {
	case r := <-read:
		return r.content, r.err
	case <-ctx.Done():
		return content{}, context.Cause(ctx)
	}
}

func (s source) readNow(stdin *os.File, limit int64) (c content, err error) {
	file := stdin
	if s.name != standardInput {
		if file, err = os.Open(s.name); err != nil {
			return content{}, fileError(err)
		}
		defer file.Close() // nothing was written to it
	}
	info, err := file.Stat()
	if err != nil {
		return content{}, fileError(err)
	}
	size := int64(512)
	if info.Mode().IsRegular() {
		if info.Size() > limit {
			return content{}, jarvis.Errorf(jarvis.CodeTooLarge, "has %s bytes, more than the %s allowed: make it smaller, or raise --max-image-bytes", countText(info.Size()), countText(limit))
		}
		c.modTime = info.ModTime()
		size = info.Size() + 1
	}
	c.data, err = readAtMost(file, size, limit+1)
	switch {
	case err != nil:
		return content{}, fileError(err)
	case int64(len(c.data)) > limit:
		return content{}, jarvis.Errorf(jarvis.CodeTooLarge, "has more than the %s bytes allowed: make it smaller, or raise --max-image-bytes", countText(limit))
	}
	return c, nil
}

// readAtMost reads up to limit bytes, beginning with room for size.
func readAtMost(r io.Reader, size, limit int64) ([]byte, error) {
	data := make([]byte, 0, min(size, limit))
	for int64(len(data)) < limit {
		if len(data) == cap(data) {
			data = slices.Grow(data, len(data)+512)
		}
		room := min(int64(cap(data)), limit)
		n, err := r.Read(data[len(data):room])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return data, nil
}

// fileError says what is wrong with a file that a person named; the caller puts
// the name before it.
func fileError(err error) error {
	var message string
	switch {
	case errors.Is(err, fs.ErrNotExist):
		message = "there is no such file: check the name"
	case errors.Is(err, fs.ErrPermission):
		message = "may not be read: check its permissions (ls -l)"
	case errors.Is(err, syscall.EISDIR):
		message = "is a folder: name a file"
	case errors.Is(err, syscall.ELOOP):
		message = "is a symbolic link that leads in a circle: name the file itself"
	case errors.Is(err, syscall.ENAMETOOLONG):
		message = "the name is too long for the file system: check the name"
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.ESTALE):
		message = "cannot be read: the disk reports an error; check the disk"
	default:
		message = "cannot be read: " + cause(err)
	}
	return jarvis.WrapError(jarvis.CodeInvalid, "read", message, err)
}
