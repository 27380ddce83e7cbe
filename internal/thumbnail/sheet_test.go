package thumbnail

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

// album is images by capture, and counts how often it was asked.
type album struct {
	mu     sync.Mutex
	images map[jarvis.ID][]byte
	errs   map[jarvis.ID]error
	asked  atomic.Int64
}

func newAlbum() *album {
	return &album{images: make(map[jarvis.ID][]byte), errs: make(map[jarvis.ID]error)}
}

func (a *album) get(_ context.Context, id jarvis.ID) ([]byte, error) {
	a.asked.Add(1)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.errs[id]; err != nil {
		return nil, err
	}
	return a.images[id], nil
}

// add adds an image and returns its tile.
func (a *album) add(place int, data []byte) jarvis.Tile {
	t := jarvis.Tile{Place: place, ID: jarvis.NewRandomID()}
	a.images[t.ID] = data
	return t
}

func plainImage(width, height int, c color.Color) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, c)
		}
	}
	return img
}

var (
	red   = color.NRGBA{R: 255, A: 255}
	green = color.NRGBA{G: 255, A: 255}
	black = color.NRGBA{A: 255}
)

func TestMaker_MakeSheet(t *testing.T) {
	a := newAlbum()
	tiles := []jarvis.Tile{
		a.add(0, jpegFile(t, plainImage(1920, 1080, red))),
		a.add(9, pngFile(t, plainImage(640, 360, green))),
		a.add(17, jpegFile(t, plainImage(1080, 1920, green))), // a monitor that stands
		a.add(22, []byte("no image")),
		a.add(23, pngFile(t, plainImage(33, 21, red))), // a small one
	}
	sheet, whole, err := NewMaker(Limits{}).MakeSheet(t.Context(), tiles, a.get)
	must(t, err)
	if !whole {
		t.Error("a damaged image will not be whole another time")
	}
	img := wantSize(t, sheet, 3200, 3*180)
	for _, p := range []struct {
		x, y int
		want color.Color
	}{
		{2, 2, red},
		{317, 177, red},
		{324, 90, black},
		{160, 184, black},
		{9*320 + 4, 4, green},
		{9*320 + 315, 175, green},
		{7*320 + 160, 180 + 90, green},
		{7*320 + 90, 180 + 90, black},
		{7*320 + 230, 180 + 90, black},
		{7*320 + 160, 180 + 12, green},
		{2*320 + 160, 360 + 90, black},
		{3*320 + 160, 360 + 90, red},
		{3*320 + 136, 360 + 90, black},
	} {
		wantColor(t, img, p.x, p.y, p.want)
	}
}

func TestMaker_MakeSheet_Refused(t *testing.T) {
	a, m := newAlbum(), NewMaker(Limits{})
	x, y := a.add(1, nil), a.add(2, nil)
	for _, tiles := range [][]jarvis.Tile{nil, {y, x}, {x, x}, {{Place: 60, ID: x.ID}}, {{Place: -1, ID: x.ID}}, {{Place: 1}}} {
		_, _, err := m.MakeSheet(t.Context(), tiles, a.get)
		wantCode(t, err, jarvis.CodeInvalid)
	}
	// A disk that does not answer is no reason for black tiles.
	a.errs[y.ID] = jarvis.Errorf(jarvis.CodeUnavailable, "the disk hangs")
	_, _, err := m.MakeSheet(t.Context(), []jarvis.Tile{x, y}, a.get)
	wantCode(t, err, jarvis.CodeUnavailable)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = m.MakeSheet(ctx, []jarvis.Tile{x}, a.get)
	wantCode(t, err, jarvis.CodeUnavailable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestCache_Sheet(t *testing.T) {
	for _, kind := range []struct {
		name   string
		sealer Sealer
	}{{"Plain", nil}, {"Sealed", newSealer(t)}} {
		t.Run(kind.name, func(t *testing.T) {
			c, a := newCache(t, Options{Sealer: kind.sealer}), newAlbum()
			tiles := []jarvis.Tile{a.add(0, jpegFile(t, halves(320, 180)))}
			sheet := func(want int64) []byte {
				t.Helper()
				got, _, err := c.Sheet(t.Context(), jarvis.SheetHour, tiles, a.get)
				must(t, err)
				if asked := a.asked.Swap(0); asked != want {
					t.Errorf("%d images were asked for, want %d", asked, want)
				}
				return got
			}
			first := sheet(1)
			if again := sheet(0); !bytes.Equal(first, again) {
				t.Error("the sheet is another the second time")
			}
			names := files(t, c.sheets.path)
			if len(names) != 1 || !strings.HasPrefix(names[0], tiles[0].ID.String()+"-hour.jpg") {
				t.Fatalf("the files are %q", names)
			}
			content, err := os.ReadFile(filepath.Join(c.sheets.path, names[0]))
			must(t, err)
			if readable := bytes.Contains(content, first); readable != (kind.sealer == nil) {
				t.Errorf("the picture is in the file: %t", readable)
			}
			// One that grows replaces what it was.
			tiles = append(tiles, a.add(30, jpegFile(t, halves(320, 180))))
			wantSize(t, sheet(2), 3200, 4*180)
			sheet(0)
			if names := files(t, c.sheets.path); len(names) != 1 {
				t.Errorf("the files are %q", names)
			}
			// The same captures at other places, or of another kind, are another sheet.
			tiles[1].Place = 31
			sheet(2)
			_, _, err = c.Sheet(t.Context(), jarvis.SheetFiveMinutes, tiles, a.get)
			must(t, err)
			if asked := a.asked.Swap(0); asked != 2 {
				t.Errorf("%d images were asked for", asked)
			}
		})
	}
}

// What is damaged, cut, or of another store is made anew.
func TestCache_Sheet_Damaged(t *testing.T) {
	for _, sealer := range []Sealer{nil, newSealer(t)} {
		c, a := newCache(t, Options{Sealer: sealer}), newAlbum()
		tiles := []jarvis.Tile{a.add(3, jpegFile(t, halves(64, 36)))}
		get := func() {
			t.Helper()
			_, _, err := c.Sheet(t.Context(), jarvis.SheetHour, tiles, a.get)
			must(t, err)
		}
		get()
		path := c.sheets.file(listOf(jarvis.SheetHour, tiles))
		good, err := os.ReadFile(path)
		must(t, err)
		for i, bad := range [][]byte{nil, good[:len(good)/2], good[1:], append([]byte{1}, good...), bytes.Replace(good, good[10:20], make([]byte, 10), 1)} {
			must(t, os.WriteFile(path, bad, 0o600))
			a.asked.Store(0)
			get()
			if a.asked.Load() != 1 {
				t.Errorf("case %d was taken for the sheet", i)
			}
		}
	}
}

// An image that is gone may come back: its sheet is not kept without it.
func TestCache_Sheet_NotWhole(t *testing.T) {
	c, a := newCache(t, Options{}), newAlbum()
	tiles := []jarvis.Tile{a.add(0, jpegFile(t, halves(64, 36))), a.add(1, nil)}
	a.errs[tiles[1].ID] = jarvis.ErrNotFound
	for range 2 {
		_, whole, err := c.Sheet(t.Context(), jarvis.SheetHour, tiles, a.get)
		must(t, err)
		if whole {
			t.Error("a sheet without an image is whole")
		}
	}
	if names := files(t, c.sheets.path); len(names) != 0 || a.asked.Load() != 4 {
		t.Errorf("the files are %q, asked %d times", names, a.asked.Load())
	}
}

func TestCache_Sheet_Once(t *testing.T) {
	c, a := newCache(t, Options{}), newAlbum()
	tiles := []jarvis.Tile{a.add(0, jpegFile(t, halves(64, 36)))}
	begun, goOn := make(chan struct{}), make(chan struct{})
	image := func(ctx context.Context, id jarvis.ID) ([]byte, error) {
		close(begun) // a second time would panic
		<-goOn
		return a.get(ctx, id)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, whole, err := c.Sheet(t.Context(), jarvis.SheetHour, tiles, image); err != nil || !whole {
				t.Errorf("whole %t, error %v", whole, err)
			}
		})
	}
	<-begun
	waitUntil(t, func() bool { return c.flights.waiting(flightKey{sheet: listOf(jarvis.SheetHour, tiles).digest}) == 20 })
	close(goOn)
	all.Wait()
}

func TestCache_Sheet_Cancelled(t *testing.T) {
	c, a := newCache(t, Options{}), newAlbum()
	tiles := []jarvis.Tile{a.add(0, nil)}
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := c.Sheet(ctx, jarvis.SheetHour, tiles, func(ctx context.Context, _ jarvis.ID) ([]byte, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	})
	wantCode(t, err, jarvis.CodeUnavailable)
}

// Nothing of a deleted capture stays, in whichever sheets it was and whoever deletes it.
func TestPurger_Sheets(t *testing.T) {
	c, a := newCache(t, Options{}), newAlbum()
	data := jpegFile(t, halves(64, 36))
	doomed, other, third := a.add(5, data), a.add(6, data), a.add(7, data)
	keep := func(kind jarvis.SheetKind, tiles ...jarvis.Tile) string {
		_, _, err := c.Sheet(t.Context(), kind, tiles, a.get)
		must(t, err)
		return c.sheets.file(listOf(kind, tiles))
	}
	stays := keep(jarvis.SheetHour, other, third)
	purger := NewPurger(c.files.path)
	must(t, purger.Purge(jarvis.NewRandomID())) // it knows what was there
	gone := []string{
		keep(jarvis.SheetHour, doomed, other), keep(jarvis.SheetFiveMinutes, third, jarvis.Tile{Place: 9, ID: doomed.ID}),
		filepath.Join(c.sheets.path, "."+other.ID.String()+"-hour.jpg-17"), // being written
	}
	must(t, os.WriteFile(gone[2], []byte("half"), 0o600))
	must(t, purger.Purge(doomed.ID))
	for _, path := range gone {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is left", filepath.Base(path))
		}
	}
	if _, err := os.Stat(stays); err != nil {
		t.Error("a sheet without the capture was removed")
	}
	// The one that replaces a sheet is looked at anew.
	keep(jarvis.SheetHour, other, jarvis.Tile{Place: 8, ID: doomed.ID})
	must(t, purger.Purge(doomed.ID))
	if names := files(t, c.sheets.path); len(names) != 0 {
		t.Errorf("the files are %q", names)
	}
	must(t, NewPurger(filepath.Join(t.TempDir(), "nowhere")).Purge(doomed.ID))
}

// A capture that is deleted while a sheet of it is made is in none that is kept.
func TestCache_Sheet_Deleted(t *testing.T) {
	a := newAlbum()
	data := jpegFile(t, halves(64, 36))
	tiles := []jarvis.Tile{a.add(0, data), a.add(1, data)}
	var gone atomic.Bool
	c := newCache(t, Options{Exists: func(_ context.Context, id jarvis.ID) (bool, error) {
		return id != tiles[1].ID || !gone.Load(), nil
	}})
	_, _, err := c.Sheet(t.Context(), jarvis.SheetHour, tiles, func(ctx context.Context, id jarvis.ID) ([]byte, error) {
		if id == tiles[1].ID {
			gone.Store(true)
			must(t, c.Purge(id))
		}
		return a.get(ctx, id)
	})
	must(t, err)
	if names := files(t, c.sheets.path); len(names) != 0 {
		t.Errorf("the files are %q", names)
	}
}

func TestCache_Clean_Sheets(t *testing.T) {
	folder, a := t.TempDir(), newAlbum()
	data := jpegFile(t, halves(64, 36))
	gone, stays := a.add(0, data), a.add(1, data)
	keep := func(sealer Sealer, exists func(context.Context, jarvis.ID) (bool, error), tiles ...jarvis.Tile) *Cache {
		c := newCache(t, Options{Folder: folder, Sealer: sealer, Exists: exists})
		_, _, err := c.Sheet(t.Context(), jarvis.SheetHour, tiles, a.get)
		must(t, err)
		return c
	}
	keep(nil, nil, gone, stays)
	keep(newSealer(t), nil, stays)
	c := keep(nil, func(_ context.Context, id jarvis.ID) (bool, error) { return id == stays.ID, nil }, stays)
	must(t, os.WriteFile(filepath.Join(c.sheets.path, "a picture.jpg"), nil, 0o600))
	must(t, c.Clean(t.Context()))
	if names := files(t, c.sheets.path); len(names) != 2 || !slices.Contains(names, stays.ID.String()+"-hour.jpg") || !slices.Contains(names, "a picture.jpg") {
		t.Errorf("the files are %q", names)
	}
}

func TestCache_Sheet_Room(t *testing.T) {
	c, a := newCache(t, Options{MaxSheetBytes: 100_000}), newAlbum()
	data := jpegFile(t, halves(64, 36))
	for range 30 {
		_, _, err := c.Sheet(t.Context(), jarvis.SheetHour, []jarvis.Tile{a.add(0, data)}, a.get)
		must(t, err)
	}
	entries, err := c.sheets.entries()
	must(t, err)
	var used int64
	for _, e := range entries {
		used += e.size
	}
	if used > 100_000 || len(entries) == 0 || len(entries) == 30 {
		t.Errorf("%d sheets have %d bytes", len(entries), used)
	}
}

// A decoder that scales shows what the standard library shows.
func TestHeader_Smaller_Property(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w, h := rapid.IntRange(640, 900).Draw(r, "width"), rapid.IntRange(360, 700).Draw(r, "height")
		img := image.NewRGBA(image.Rect(0, 0, w, h))
		step := rapid.IntRange(40, 120).Draw(r, "step")
		for y := range h {
			for x := range w {
				img.SetRGBA(x, y, color.RGBA{uint8(x / step * 37), uint8(y / step * 53), uint8((x + y) / step * 29), 255})
			}
		}
		var b bytes.Buffer
		must(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}))
		head, err := inspect(b.Bytes())
		must(t, err)
		small := head.smaller(b.Bytes(), contained)
		if small == nil {
			r.Fatal("it was not decoded")
		}
		whole, err := jpeg.Decode(&b)
		must(t, err)
		to := contained(image.Pt(w, h))
		got, want := scale(small, to), scale(whole, to)
		var sum int
		for i := range got.Pix {
			d := int(got.Pix[i]) - int(want.Pix[i])
			sum += max(d, -d)
		}
		if mean := float64(sum) / float64(len(got.Pix)); mean > 4 {
			r.Fatalf("pixels differ by %.1f", mean)
		}
	})
}

func TestHeader_Smaller_Cut(t *testing.T) {
	whole := jpegFile(t, halves(1920, 1080))
	for _, data := range [][]byte{whole[:len(whole)/2], whole[:len(whole)-2]} {
		head, err := inspect(data)
		must(t, err)
		if head.smaller(data, contained) != nil {
			t.Error("half an image was taken for one")
		}
	}
}

// FuzzMaker_MakeSheet decodes at a part of the size, too.
func FuzzMaker_MakeSheet(f *testing.F) {
	m := NewMaker(Limits{MaxPixels: 4 << 20, MaxMemory: 64 << 20})
	f.Add(jpegFile(f, halves(1300, 740)))
	f.Add(jpegFile(f, image.NewGray(image.Rect(0, 0, 700, 400))))
	f.Add(jpegClaim(0xc0, 1920, 1080))
	id := jarvis.NewRandomID()
	f.Fuzz(func(t *testing.T, data []byte) {
		sheet, _, err := m.MakeSheet(t.Context(), []jarvis.Tile{{Place: 0, ID: id}}, func(context.Context, jarvis.ID) ([]byte, error) { return data, nil })
		must(t, err)
		wantSize(t, sheet, 3200, 180)
	})
}
