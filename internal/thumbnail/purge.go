package thumbnail

import (
	"errors"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Purger removes what a cache has of captures, while the cache is open, in whichever
// process, or not. It remembers which captures are in which sheets. Its methods may be
// called concurrently.
type Purger struct {
	folder string // of the cache
	seed   maphash.Seed

	mu     sync.Mutex
	listed time.Time // when the folder of the sheets was modified last; zero when it is to be listed
	sheets map[string]purgeable
}

// purgeable is what is known of the file of a sheet.
type purgeable struct {
	info fs.FileInfo
	ids  []uint64 // digests of the captures in it
}

// NewPurger returns a Purger of the cache in a folder, which need not be there.
func NewPurger(folder string) *Purger {
	return &Purger{folder: folder, seed: maphash.MakeSeed(), sheets: make(map[string]purgeable)}
}

// Purge removes every thumbnail of the capture, and every sheet that it is in. None is
// no error. What cannot be removed is CodeUnavailable.
func (p *Purger) Purge(id jarvis.ID) error {
	return errors.Join(p.thumbnails(id), p.ofSheets(id))
}

func (p *Purger) thumbnails(id jarvis.ID) error {
	files, err := readFolder(shelf(p.folder, id))
	if err != nil {
		return err
	}
	for _, file := range files {
		if strings.HasPrefix(strings.TrimPrefix(file.Name(), "."), id.String()+"-") {
			if err := remove(filepath.Join(shelf(p.folder, id), file.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// ofSheets removes the sheets that a capture is in. Whoever writes one while this looks
// for it, looks for the capture afterwards: see Options.Exists.
func (p *Purger) ofSheets(id jarvis.ID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.list(); err != nil {
		return err
	}
	digest := maphash.String(p.seed, id.String())
	for path, sheet := range p.sheets {
		if slices.Contains(sheet.ids, digest) {
			if err := remove(path); err != nil {
				return err
			}
			delete(p.sheets, path)
			p.listed = time.Time{}
		}
	}
	return nil
}

// coarsest is how much later a file system may say that a folder was modified.
const coarsest = 3 * time.Second

// list learns of the sheets that were written since.
func (p *Purger) list() error {
	path := sheetsIn(p.folder)
	before, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		clear(p.sheets)
		return nil
	}
	if err != nil {
		return unreadable(err)
	}
	if !p.listed.IsZero() && before.ModTime().Equal(p.listed) {
		return nil
	}
	now := time.Now()
	entries, err := (&sheetFolder{path: path}).entries()
	if err != nil {
		return err
	}
	there := make(map[string]purgeable, len(entries))
	for _, e := range entries {
		if known, ok := p.sheets[e.path]; ok && os.SameFile(known.info, e.info) && known.info.ModTime().Equal(e.modified) && known.info.Size() == e.size {
			there[e.path] = known
			continue
		}
		text, err := readList(e.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			// Nobody can tell what is in it: it is not finished, or damaged.
			if err := remove(e.path); err != nil {
				return err
			}
			continue
		}
		sheet := purgeable{info: e.info}
		for _, id := range idsOf(text) {
			sheet.ids = append(sheet.ids, maphash.String(p.seed, id.String()))
		}
		there[e.path] = sheet
	}
	p.sheets, p.listed = there, time.Time{}
	if now.Sub(before.ModTime()) > coarsest { // a later change is one that can be seen
		p.listed = before.ModTime()
	}
	return nil
}
