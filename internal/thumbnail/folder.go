package thumbnail

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jarvis-memory/jarvis"
)

const (
	plainSuffix  = ".jpg"
	sealedSuffix = ".jpg.sealed"

	maxFile     = 8 << 20   // bytes; no thumbnail is that large
	leftoverAge = time.Hour // after which an unfinished file is nobody's

	// cacheTag tells backup programs to pass over a folder: bford.info/cachedir.
	cacheTag        = "CACHEDIR.TAG"
	cacheTagContent = "Signature: 8a477f597d28d172789f06886806bc55\n# Thumbnails of Jarvis. They may be deleted at any time.\n"
)

// folder keeps thumbnails as files: {last two digits of the id}/{id}-{width} and
// a suffix. An unfinished one has a dot before its name and more after it.
type folder struct {
	path   string
	sealer Sealer
	suffix string
	max    int64 // bytes

	counted atomic.Bool  // whether used is known
	used    atomic.Int64 // bytes, about: others may write and remove files too
}

func (f *folder) file(id jarvis.ID, width int) string {
	return filepath.Join(shelf(f.path, id), id.String()+"-"+strconv.Itoa(width)+f.suffix)
}

// shelf returns the folder of an id. The last digits are random in every version
// that is in use.
func shelf(path string, id jarvis.ID) string { return filepath.Join(path, id.String()[34:]) }

// read returns a thumbnail, and false unless it is there as it was written.
func (f *folder) read(id jarvis.ID, width int) ([]byte, bool) {
	file, err := os.Open(f.file(id, width))
	if err != nil {
		return nil, false
	}
	content, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, false
	}
	thumbnail, err := f.sealer.Open(id, content)
	return thumbnail, err == nil
}

// write keeps a thumbnail under its name at once, or not at all. It reports
// whether there is no room left, or nobody has looked yet.
func (f *folder) write(id jarvis.ID, width int, thumbnail []byte) (full bool, err error) {
	sealed, err := f.sealer.Seal(id, thumbnail)
	if err != nil {
		return false, err
	}
	name := f.file(id, width)
	err = replace(name, sealed)
	if errors.Is(err, fs.ErrNotExist) { // the folder is not there, or not any more
		if err = makeFolder(f.path, filepath.Dir(name)); err == nil {
			err = replace(name, sealed)
		}
	}
	if err != nil {
		return false, err
	}
	return f.used.Add(int64(len(sealed))) > f.max || !f.counted.Load(), nil
}

// replace writes a file beside path and renames it. Nothing is synced.
func replace(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // 0600
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, remove(file.Name()))
	}
	return nil
}

// entry is a file of ours, finished or not.
type entry struct {
	path     string
	id       jarvis.ID
	suffix   string
	finished bool
	size     int64
	modified time.Time
	info     fs.FileInfo // of a sheet
}

// entries lists the files of ours. Whatever else lies in the folder is passed
// over, and so never removed.
func (f *folder) entries() ([]entry, error) {
	shelves, err := readFolder(f.path)
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, s := range shelves {
		if len(s.Name()) != 2 || !s.IsDir() {
			continue
		}
		files, err := readFolder(filepath.Join(f.path, s.Name()))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			e, ok := parseName(file.Name())
			if !ok {
				continue
			}
			info, err := file.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, unreadable(err)
			}
			e.path, e.size, e.modified = filepath.Join(f.path, s.Name(), file.Name()), info.Size(), info.ModTime()
			all = append(all, e)
		}
	}
	return all, nil
}

// readFolder lists a folder; one that is not there is empty.
func readFolder(path string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unreadable(err)
	}
	return entries, nil
}

func parseName(name string) (entry, bool) {
	name, unfinished := strings.CutPrefix(name, ".")
	if len(name) < 36 {
		return entry{}, false
	}
	id, err := jarvis.ParseID(name[:36])
	if err != nil || id.String() != name[:36] {
		return entry{}, false
	}
	width, suffix, _ := strings.Cut(name[36:], ".")
	suffix = "." + suffix
	if unfinished {
		suffix, _, _ = strings.Cut(suffix, "-")
	}
	number, dash := strings.CutPrefix(width, "-")
	if _, err := strconv.ParseUint(number, 10, 16); err != nil || !dash || suffix != plainSuffix && suffix != sealedSuffix {
		return entry{}, false
	}
	return entry{id: id, suffix: suffix, finished: !unfinished}, true
}

// removeForeign removes what a crash left, and files of the other kind.
func (f *folder) removeForeign() error {
	entries, err := f.entries()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.suffix != f.suffix || !e.finished && time.Since(e.modified) > leftoverAge {
			if err := remove(e.path); err != nil {
				return err
			}
		}
	}
	return nil
}

// ids returns the captures that there are files of, each once.
func (f *folder) ids() ([]jarvis.ID, error) {
	entries, err := f.entries()
	if err != nil {
		return nil, err
	}
	ids := make([]jarvis.ID, len(entries))
	for i, e := range entries {
		ids[i] = e.id
	}
	slices.SortFunc(ids, func(a, b jarvis.ID) int { return cmp.Compare(a.String(), b.String()) })
	return slices.Compact(ids), nil
}

// makeRoom counts the files, and if they are more than the bound removes the
// oldest, and a tenth more, so that it need not be done again at once.
func (f *folder) makeRoom() error {
	before := f.used.Load()
	entries, err := f.entries()
	if err != nil {
		return err
	}
	used, err := evict(entries, f.max)
	if err != nil {
		return err
	}
	f.used.Add(used - before)
	f.counted.Store(true)
	return nil
}

// remove removes a file that may be gone already.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &jarvis.Error{Code: jarvis.CodeUnavailable, Op: "thumbnail: remove", Message: "a thumbnail could not be removed: delete the folder cache of the data folder", Err: err}
	}
	return nil
}

func unreadable(err error) error {
	return &jarvis.Error{Code: jarvis.CodeUnavailable, Op: "thumbnail: list", Message: "the folder of the thumbnails cannot be read: delete the folder cache of the data folder", Err: err}
}

// cause returns what went wrong, for a log.
func cause(err error) string {
	if e, ok := errors.AsType[*jarvis.Error](err); ok && e.Err != nil {
		return fmt.Sprintf("%s: %v", e.Message, e.Err)
	}
	return err.Error()
}

// plainFiles is the Sealer of a plain store: an ordinary JPEG, after whose end is
// a digest of it and of its id. It tells what a crash left of a file that was
// never synced.
type plainFiles struct{}

func (plainFiles) digest(id jarvis.ID, plain []byte) []byte {
	sum := sha256.New()
	fmt.Fprintf(sum, "jarvis thumbnail\x00%s", id)
	sum.Write(plain)
	return sum.Sum(nil)
}

// Seal implements Sealer.
func (p plainFiles) Seal(id jarvis.ID, plain []byte) ([]byte, error) {
	return slices.Concat(plain, p.digest(id, plain)), nil
}

// Open implements Sealer.
func (p plainFiles) Open(id jarvis.ID, file []byte) ([]byte, error) {
	end := max(len(file)-sha256.Size, 0)
	plain := file[:end]
	if !bytes.Equal(file[end:], p.digest(id, plain)) {
		return nil, jarvis.Errorf(jarvis.CodeCorrupt, "the thumbnail of %s is damaged", id)
	}
	return plain, nil
}
