package thumbnail

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// DefaultMaxSheetBytes bounds the sheets of a cache: more than a month of one monitor
// by the hour.
const DefaultMaxSheetBytes = 512 << 20

// maxSheets is how many sheets are made at once: each holds some 5 MB, and an image.
const maxSheets = 2

// Sheet returns the JPEG of the tiles, with the errors of [Maker.MakeSheet]. It asks
// image for images only when it keeps no sheet of just these tiles, and only once
// however many ask at the same time. whole is false where an image was gone, which could
// be another time: nobody should keep such a sheet.
//
// It returns soon after ctx is done, with CodeUnavailable. What nobody waits for any
// more is given up.
func (c *Cache) Sheet(ctx context.Context, kind jarvis.SheetKind, tiles []jarvis.Tile, image func(context.Context, jarvis.ID) ([]byte, error)) (sheet []byte, whole bool, err error) {
	if kind.Length() == 0 {
		return nil, false, jarvis.Errorf(jarvis.CodeInvalid, "%.20q is no kind of sheet", kind)
	}
	if err := checkTiles(tiles); err != nil {
		return nil, false, err
	}
	list := listOf(kind, tiles)
	result, err := c.flights.join(ctx, flightKey{sheet: list.digest}, func(ctx context.Context) (made, error) {
		if err := c.sheeting.Acquire(ctx, 1); err != nil {
			return made{}, stopped(err)
		}
		defer c.sheeting.Release(1)
		if sheet, ok := c.sheets.read(list); ok {
			return made{jpeg: sheet}, nil
		}
		sheet, whole, err := c.maker.MakeSheet(ctx, tiles, image)
		if err != nil || !whole {
			return made{sheet, !whole}, err
		}
		if err := c.keepSheet(ctx, list, sheet); err != nil {
			c.log.WarnContext(ctx, "a sheet could not be kept", "error", cause(err))
		}
		return made{jpeg: sheet}, nil
	})
	return result.jpeg, !result.part && err == nil, err
}

// keepSheet writes the sheet, then looks whether its captures are still there, and then
// for room. In this order: see Options.Exists.
func (c *Cache) keepSheet(ctx context.Context, list sheetList, sheet []byte) error {
	full, err := c.sheets.write(list, sheet)
	if err != nil {
		return err
	}
	if c.exists != nil {
		for _, id := range list.ids() {
			exists, err := c.exists(context.WithoutCancel(ctx), id)
			if err != nil || !exists {
				return errors.Join(err, remove(c.sheets.file(list)))
			}
		}
	}
	if full && c.full.TryLock() {
		defer c.full.Unlock()
		return c.sheets.makeRoom()
	}
	return nil
}

// sheetList says what a sheet is made of.
type sheetList struct {
	kind   jarvis.SheetKind
	first  jarvis.ID
	text   []byte // the place and the id of every tile
	digest [sha256.Size]byte
}

const (
	tileText = 1 + 36
	// listMark ends the file of a sheet, behind its list and the number of its tiles.
	listMark = "jarvis sheet 1\n"
)

func listOf(kind jarvis.SheetKind, tiles []jarvis.Tile) sheetList {
	list := sheetList{kind: kind, first: tiles[0].ID}
	for _, t := range tiles {
		list.text = append(append(list.text, byte(t.Place)), t.ID.String()...)
	}
	list.digest = sha256.Sum256(slices.Concat([]byte(listMark), []byte(kind), list.text))
	return list
}

func (l sheetList) ids() []jarvis.ID { return idsOf(l.text) }

// idsOf returns the captures of a list; what is no id is passed over.
func idsOf(text []byte) []jarvis.ID {
	var ids []jarvis.ID
	for ; len(text) >= tileText; text = text[tileText:] {
		if id, err := jarvis.ParseID(string(text[1:tileText])); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// sheetFolder keeps sheets as files: {id of the first tile}-{kind} and a suffix. So one
// that grows replaces what it was. Behind what is sealed a file has, for whoever deletes
// a capture, the list of the sheet's tiles; the list's digest is sealed with the JPEG.
type sheetFolder struct {
	path   string
	sealer Sealer
	suffix string
	max    int64 // bytes

	counted atomic.Bool
	used    atomic.Int64
}

// sheetsIn returns where a cache in a folder keeps its sheets.
func sheetsIn(folder string) string { return filepath.Join(folder, "sheets") }

func (f *sheetFolder) file(list sheetList) string {
	return filepath.Join(f.path, list.first.String()+"-"+string(list.kind)+f.suffix)
}

// read returns a sheet, and false unless it is there as it was written.
func (f *sheetFolder) read(list sheetList) ([]byte, bool) {
	file, err := os.Open(f.file(list))
	if err != nil {
		return nil, false
	}
	content, err := io.ReadAll(io.LimitReader(file, maxFile))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, false
	}
	sealed, ok := bytes.CutSuffix(content, list.trailer())
	if !ok {
		return nil, false
	}
	plain, err := f.sealer.Open(list.first, sealed)
	if err != nil {
		return nil, false
	}
	return bytes.CutSuffix(plain, list.digest[:])
}

func (l sheetList) trailer() []byte {
	return slices.Concat(l.text, []byte{byte(len(l.text) / tileText)}, []byte(listMark))
}

// write keeps a sheet. It reports whether there is no room left, or nobody has looked
// yet.
func (f *sheetFolder) write(list sheetList, sheet []byte) (full bool, err error) {
	sealed, err := f.sealer.Seal(list.first, slices.Concat(sheet, list.digest[:]))
	if err != nil {
		return false, err
	}
	content := append(sealed, list.trailer()...)
	name := f.file(list)
	err = replace(name, content)
	if errors.Is(err, fs.ErrNotExist) { // the folder is not there, or not any more
		if err = makeFolder(filepath.Dir(f.path), f.path); err == nil {
			err = replace(name, content)
		}
	}
	if err != nil {
		return false, err
	}
	return f.used.Add(int64(len(content))) > f.max || !f.counted.Load(), nil
}

// readList returns the list behind a sheet.
func readList(path string) (text []byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	tail := make([]byte, min(info.Size(), jarvis.SheetTiles*tileText+1+int64(len(listMark))))
	if _, err := file.ReadAt(tail, info.Size()-int64(len(tail))); err != nil {
		return nil, err
	}
	tail, ok := bytes.CutSuffix(tail, []byte(listMark))
	if !ok || len(tail) == 0 {
		return nil, errNoSheet(path)
	}
	length := int(tail[len(tail)-1]) * tileText
	if tail = tail[:len(tail)-1]; length == 0 || length > len(tail) {
		return nil, errNoSheet(path)
	}
	return tail[len(tail)-length:], nil
}

func errNoSheet(path string) error {
	return jarvis.Errorf(jarvis.CodeCorrupt, "the file %s is no sheet, or not all of one", filepath.Base(path))
}

// entries lists the files of sheets. Whatever else lies in the folder is passed over.
func (f *sheetFolder) entries() ([]entry, error) {
	files, err := readFolder(f.path)
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, file := range files {
		e, ok := parseSheetName(file.Name())
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
		e.path, e.size, e.modified, e.info = filepath.Join(f.path, file.Name()), info.Size(), info.ModTime(), info
		all = append(all, e)
	}
	return all, nil
}

func parseSheetName(name string) (entry, bool) {
	name, unfinished := strings.CutPrefix(name, ".")
	if len(name) < 36 {
		return entry{}, false
	}
	id, err := jarvis.ParseID(name[:36])
	if err != nil {
		return entry{}, false
	}
	kind, suffix, _ := strings.Cut(name[36:], ".")
	suffix = "." + suffix
	if unfinished {
		suffix, _, _ = strings.Cut(suffix, "-")
	}
	kind, dash := strings.CutPrefix(kind, "-")
	if !dash || jarvis.SheetKind(kind).Length() == 0 || suffix != plainSuffix && suffix != sealedSuffix {
		return entry{}, false
	}
	return entry{id: id, suffix: suffix, finished: !unfinished}, true
}

// makeRoom is that of folder.
func (f *sheetFolder) makeRoom() error {
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

// clean removes what does not belong: sheets of another kind of store, what a crash
// left, and those of which a capture is no longer there.
func (f *sheetFolder) clean(ctx context.Context, exists func(context.Context, jarvis.ID) (bool, error)) error {
	entries, err := f.entries()
	if err != nil {
		return err
	}
	known := make(map[jarvis.ID]bool)
	for _, e := range entries {
		if ctx.Err() != nil {
			return stopped(ctx.Err())
		}
		stays, err := f.belongs(ctx, e, known, exists)
		if err != nil {
			return err
		}
		if !stays {
			if err := remove(e.path); err != nil {
				return err
			}
		}
	}
	return f.makeRoom()
}

// belongs reports whether a file is to stay. known is what exists said before.
func (f *sheetFolder) belongs(ctx context.Context, e entry, known map[jarvis.ID]bool, exists func(context.Context, jarvis.ID) (bool, error)) (bool, error) {
	if !e.finished {
		return time.Since(e.modified) <= leftoverAge, nil
	}
	ids, ok := listed(e.path)
	switch {
	case !ok || e.suffix != f.suffix:
		return false, nil
	case exists == nil:
		return true, nil
	}
	for _, id := range ids {
		there, seen := known[id]
		if !seen {
			var err error
			if there, err = exists(ctx, id); err != nil {
				return false, err
			}
			known[id] = there
		}
		if !there {
			return false, nil
		}
	}
	return true, nil
}

// listed returns the captures in a sheet, and false for a file that is none.
func listed(path string) ([]jarvis.ID, bool) {
	text, err := readList(path)
	return idsOf(text), err == nil
}

// evict removes the oldest files if they are more than max bytes, and a tenth more, so
// that it need not be done again at once. It returns how many bytes are left.
func evict(entries []entry, most int64) (used int64, err error) {
	for _, e := range entries {
		used += e.size
	}
	if used <= most {
		return used, nil
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(a.modified.Compare(b.modified), cmp.Compare(a.path, b.path)) })
	for _, e := range entries {
		if used <= most-most/10 {
			break
		}
		if err := remove(e.path); err != nil {
			return used, err
		}
		used -= e.size
	}
	return used, nil
}

// makeFolder makes a folder of the cache, which says of itself that it is one.
func makeFolder(cache, path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	tag := filepath.Join(cache, cacheTag)
	if _, err := os.Lstat(tag); err == nil {
		return nil
	}
	if err := os.WriteFile(tag, []byte(cacheTagContent), 0o600); err != nil {
		return fmt.Errorf("mark the cache: %w", err)
	}
	return nil
}
