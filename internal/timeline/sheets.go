package timeline

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Sheets implements jarvis.Timelines.
func (s *Service) Sheets(ctx context.Context, device string, monitor int, kind jarvis.SheetKind, from, to time.Time) ([]jarvis.Sheet, error) {
	defer s.answering()()
	if err := checkRange(from, to); err != nil {
		return nil, err
	}
	length := kind.Length()
	if length == 0 {
		return nil, noKind(kind)
	}
	begin := sheetOf(from, length)
	end := sheetOf(to.Add(-1), length).Add(length)
	all := []jarvis.Sheet{}
	var naming *naming
	finish := func() {
		if naming != nil {
			all = append(all, jarvis.Sheet{From: naming.from, Name: naming.name(), Tiles: naming.tiles})
		}
	}
	err := s.tiles(ctx, device, monitor, kind, begin, end, func(sheet time.Time, t jarvis.Tile) {
		if naming == nil || !naming.from.Equal(sheet) {
			finish()
			naming = newNaming(kind, sheet)
		}
		naming.add(t)
	})
	if err != nil {
		return nil, err
	}
	finish()
	return all, nil
}

// Sheet implements jarvis.Timelines.
func (s *Service) Sheet(ctx context.Context, device string, monitor int, kind jarvis.SheetKind, from time.Time) (string, []byte, error) {
	defer s.answering()()
	return s.sheet(ctx, device, monitor, kind, from)
}

func (s *Service) sheet(ctx context.Context, device string, monitor int, kind jarvis.SheetKind, from time.Time) (string, []byte, error) {
	length := kind.Length()
	if length == 0 {
		return "", nil, noKind(kind)
	}
	if err := checkRange(from, from.Add(length)); err != nil {
		return "", nil, err
	}
	if !sheetOf(from, length).Equal(from) {
		return "", nil, jarvis.Errorf(jarvis.CodeInvalid, "no sheet begins at %s: it begins at a whole %s", from.UTC().Format(time.RFC3339), length)
	}
	if s.o.Sheets == nil {
		return "", nil, jarvis.Errorf(jarvis.CodeNotFound, "this server makes no sheets: look at the images themselves")
	}
	naming := newNaming(kind, from)
	var tiles []jarvis.Tile
	err := s.tiles(ctx, device, monitor, kind, from, from.Add(length), func(_ time.Time, t jarvis.Tile) {
		naming.add(t)
		tiles = append(tiles, t)
	})
	if err != nil {
		return "", nil, err
	}
	if len(tiles) == 0 {
		return "", nil, jarvis.Errorf(jarvis.CodeNotFound, "there are no captures of this monitor in the time of this sheet")
	}
	jpeg, whole, err := s.o.Sheets.Sheet(ctx, kind, tiles, s.o.Image)
	if !whole {
		return "", jpeg, err
	}
	return naming.name(), jpeg, err
}

func noKind(kind jarvis.SheetKind) error {
	return jarvis.Errorf(jarvis.CodeInvalid, "%.20q is no kind of sheet: it is hour or five", kind)
}

// sheetOf returns when the sheet begins in whose time t lies.
func sheetOf(t time.Time, length time.Duration) time.Time {
	seconds, whole := t.Unix(), int64(length/time.Second)
	return time.Unix(seconds-seconds%whole, 0).UTC()
}

// tiles calls each with the first capture of every slot in [from, to), in order of
// time, and with the beginning of its sheet.
func (s *Service) tiles(ctx context.Context, device string, monitor int, kind jarvis.SheetKind, from, to time.Time, each func(time.Time, jarvis.Tile)) error {
	length := kind.Length()
	slot := length / jarvis.SheetTiles
	next := from // the first instant that may be in the next tile
	take := func(id jarvis.ID, at time.Time) {
		if at.Before(next) {
			return
		}
		sheet := sheetOf(at, length)
		place := int(at.Sub(sheet) / slot)
		next = sheet.Add(time.Duration(place+1) * slot)
		each(sheet, jarvis.Tile{Place: place, ID: id})
	}
	f := jarvis.CaptureFilter{From: from, To: to, Device: device, Monitor: &monitor, Order: jarvis.OldestFirst, Limit: indexPage}
	for {
		n, last, err := s.page(ctx, f, take)
		if err != nil || n < f.Limit {
			return err
		}
		f.After = last
	}
}

// page calls take with a page of captures, and returns how many there are.
func (s *Service) page(ctx context.Context, f jarvis.CaptureFilter, take func(jarvis.ID, time.Time)) (n int, last jarvis.Cursor, err error) {
	if f.Device != "" {
		files, err := s.o.Catalog.FindFiles(ctx, f)
		for i := range files {
			take(files[i].ID, files[i].Timestamp)
			last = files[i].Cursor()
		}
		return len(files), last, err
	}
	// No device filters nothing, and files do not say whose they are.
	captures, err := s.o.Catalog.FindCaptures(ctx, f)
	for _, c := range captures {
		if c.Device == "" {
			take(c.ID, c.Timestamp)
		}
		last = c.Cursor()
	}
	return len(captures), last, err
}

// naming makes the name of a sheet: a digest of what it is made of.
type naming struct {
	from   time.Time
	digest hash.Hash
	tiles  int
}

func newNaming(kind jarvis.SheetKind, from time.Time) *naming {
	n := &naming{from: from, digest: sha256.New()}
	n.digest.Write([]byte("jarvis sheet 1\x00" + kind))
	return n
}

func (n *naming) add(t jarvis.Tile) {
	n.tiles++
	n.digest.Write([]byte{byte(t.Place)})
	n.digest.Write([]byte(t.ID.String()))
}

func (n *naming) name() string {
	return base64.RawURLEncoding.EncodeToString(n.digest.Sum(nil)[:16])
}
