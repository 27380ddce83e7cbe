package timeline

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

// press makes sheets of nothing, and remembers of which tiles.
type press struct {
	mu    sync.Mutex
	made  [][]jarvis.Tile
	kinds []jarvis.SheetKind
	err   error
	part  bool
}

func (p *press) Sheet(_ context.Context, kind jarvis.SheetKind, tiles []jarvis.Tile, _ func(context.Context, jarvis.ID) ([]byte, error)) ([]byte, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made, p.kinds = append(p.made, tiles), append(p.kinds, kind)
	return []byte("jpeg"), !p.part && p.err == nil, p.err
}

func (p *press) sheets() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.made)
}

func TestService_Sheets(t *testing.T) {
	c, p := new(catalog), new(press)
	s := New(Options{Catalog: c, Sheets: p, Now: func() time.Time { return noon.Add(24 * time.Hour) }})
	add := func(text string, device string, monitor int) jarvis.ID {
		one := &jarvis.Capture{Timestamp: at(text), Device: device, MonitorIndex: monitor}
		c.add(one)
		return one.ID
	}
	add("10:00:00", "lap", 0)
	add("10:00:00", "desk", 1)
	first, second := add("10:00:59", "desk", 0), add("10:01:00", "desk", 0)
	add("10:01:04", "desk", 0)
	last, next := add("10:59:59", "desk", 0), add("11:00:00", "desk", 0)
	list := func(kind jarvis.SheetKind, from, to string) []jarvis.Sheet {
		t.Helper()
		found, err := s.Sheets(t.Context(), "desk", 0, kind, at(from), at(to))
		must(t, err)
		return found
	}
	hours := list(jarvis.SheetHour, "10:30:00", "11:00:01") // those that have an instant in it
	if len(hours) != 2 || !hours[0].From.Equal(at("10:00:00")) || !hours[1].From.Equal(at("11:00:00")) || hours[0].Tiles != 3 || hours[1].Tiles != 1 || hours[0].Name == hours[1].Name {
		t.Fatalf("the sheets are %v", hours)
	}
	if one := list(jarvis.SheetHour, "10:30:00", "11:00:00"); len(one) != 1 || one[0] != hours[0] {
		t.Errorf("the sheets are %v", one)
	}
	if none := list(jarvis.SheetHour, "12:00:00", "13:00:00"); len(none) != 0 {
		t.Errorf("the sheets are %v", none)
	}
	fives := list(jarvis.SheetFiveMinutes, "10:00:00", "11:05:00")
	if len(fives) != 3 || fives[0].Tiles != 2 || !fives[1].From.Equal(at("10:55:00")) {
		t.Errorf("the sheets are %v", fives)
	}
	for _, want := range []struct {
		kind  jarvis.SheetKind
		sheet jarvis.Sheet
		tiles []jarvis.Tile
	}{
		{jarvis.SheetHour, hours[0], []jarvis.Tile{{Place: 0, ID: first}, {Place: 1, ID: second}, {Place: 59, ID: last}}},
		{jarvis.SheetHour, hours[1], []jarvis.Tile{{Place: 0, ID: next}}},
		{jarvis.SheetFiveMinutes, fives[0], []jarvis.Tile{{Place: 11, ID: first}, {Place: 12, ID: second}}},
		{jarvis.SheetFiveMinutes, fives[1], []jarvis.Tile{{Place: 59, ID: last}}},
	} {
		name, jpeg, err := s.Sheet(t.Context(), "desk", 0, want.kind, want.sheet.From)
		must(t, err)
		if name != want.sheet.Name || string(jpeg) != "jpeg" || fmt.Sprint(p.made[len(p.made)-1]) != fmt.Sprint(want.tiles) || p.kinds[len(p.kinds)-1] != want.kind {
			t.Errorf("sheet %s is of %v, want %v", name, p.made[len(p.made)-1], want.tiles)
		}
	}
	// A capture that came late, or was deleted, makes it another one.
	add("10:30:00", "desk", 0)
	if changed := list(jarvis.SheetHour, "10:00:00", "11:00:00"); changed[0].Name == hours[0].Name {
		t.Error("the name is still that of the sheet without it")
	}
	c.captures = slices.DeleteFunc(c.captures, func(one *jarvis.Capture) bool { return one.Timestamp.Equal(at("10:30:00")) })
	if again := list(jarvis.SheetHour, "10:00:00", "11:00:00"); again[0].Name != hours[0].Name {
		t.Error("the name of what it was before is another one")
	}
}

func TestService_Sheet_Refused(t *testing.T) {
	c := new(catalog)
	s := New(Options{Catalog: c, Sheets: new(press)})
	c.every(time.Minute, noon, noon.Add(time.Hour))
	for _, test := range []struct {
		kind jarvis.SheetKind
		from time.Time
		code jarvis.Code
	}{
		{"day", noon, jarvis.CodeInvalid},
		{"", noon, jarvis.CodeInvalid},
		{jarvis.SheetHour, noon.Add(5 * time.Minute), jarvis.CodeInvalid},
		{jarvis.SheetFiveMinutes, noon.Add(time.Minute), jarvis.CodeInvalid},
		{jarvis.SheetHour, noon.Add(time.Microsecond), jarvis.CodeInvalid},
		{jarvis.SheetHour, time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC), jarvis.CodeInvalid},
		{jarvis.SheetHour, noon.Add(time.Hour), jarvis.CodeNotFound},
	} {
		_, _, err := s.Sheet(t.Context(), "desk", 0, test.kind, test.from)
		wantCode(t, err, test.code)
	}
	_, err := s.Sheets(t.Context(), "desk", 0, "day", noon, noon.Add(time.Hour))
	wantCode(t, err, jarvis.CodeInvalid)
	_, _, err = newService(c, noon).Sheet(t.Context(), "desk", 0, jarvis.SheetHour, noon)
	wantCode(t, err, jarvis.CodeNotFound)
}

// A sheet in which an image is missing has no name: under it, it would be kept.
func TestService_Sheet_NotWhole(t *testing.T) {
	c := new(catalog)
	c.every(time.Minute, noon, noon.Add(time.Hour))
	name, data, err := New(Options{Catalog: c, Sheets: &press{part: true}}).Sheet(t.Context(), "desk", 0, jarvis.SheetHour, noon)
	if err != nil || name != "" || len(data) == 0 {
		t.Errorf("it is called %q, %d bytes, error %v", name, len(data), err)
	}
}

// Each tile is the first capture of its slot, and every slot with captures has one.
func TestService_Sheets_Property(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c, p := new(catalog), new(press)
		kind := rapid.SampledFrom([]jarvis.SheetKind{jarvis.SheetHour, jarvis.SheetFiveMinutes}).Draw(r, "kind")
		length := kind.Length()
		for range rapid.IntRange(0, 200).Draw(r, "captures") {
			c.captures = append(c.captures, &jarvis.Capture{ID: jarvis.NewRandomID(), Device: "desk", Timestamp: noon.Add(time.Duration(rapid.Int64Range(0, 3*length.Microseconds()-1).Draw(r, "time")) * time.Microsecond)})
		}
		slices.SortFunc(c.captures, compare)
		want := make(map[int64]jarvis.ID) // by slot since noon
		slot := length / jarvis.SheetTiles
		for _, one := range c.captures {
			n := int64(one.Timestamp.Sub(noon) / slot)
			if _, ok := want[n]; !ok {
				want[n] = one.ID
			}
		}
		s := New(Options{Catalog: c, Sheets: p})
		sheets, err := s.Sheets(t.Context(), "desk", 0, kind, noon, noon.Add(3*length))
		must(t, err)
		seen := 0
		for _, sheet := range sheets {
			name, _, err := s.Sheet(t.Context(), "desk", 0, kind, sheet.From)
			must(t, err)
			tiles := p.made[len(p.made)-1]
			if name != sheet.Name || len(tiles) != sheet.Tiles {
				r.Fatalf("sheet %v is of %d tiles, and called %s", sheet, len(tiles), name)
			}
			for _, tile := range tiles {
				if id := want[int64(sheet.From.Sub(noon)/slot)+int64(tile.Place)]; id != tile.ID {
					r.Fatalf("tile %d of %v is %s, want %s", tile.Place, sheet, tile.ID, id)
				}
				seen++
			}
		}
		if seen != len(want) {
			r.Fatalf("%d tiles, want %d", seen, len(want))
		}
	})
}

// waitUntil waits for what another goroutine does.
func waitUntil(t testing.TB, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if <-tick.C; time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
	}
}

func TestService_Start(t *testing.T) {
	c, p := new(catalog), new(press)
	c.every(10*time.Minute, noon.Add(-60*time.Hour), noon)
	s := New(Options{Catalog: c, Sheets: p, Now: func() time.Time { return noon.Add(90 * time.Second) }})
	must(t, s.Stop(t.Context())) // before it began
	done := s.answering()
	s.Start(t.Context())
	if p.sheets() != 0 {
		t.Error("a sheet was made while a request is being answered")
	}
	done()
	waitUntil(t, func() bool { return p.sheets() == 48 })
	must(t, s.Stop(t.Context()))
	must(t, s.Stop(t.Context()))
	// The newest hour that is over comes first; the one that ended just now is not settled.
	if first := p.made[0]; len(first) != 6 || first[0].ID != c.captures[len(c.captures)-12].ID {
		t.Errorf("the first sheet is of %v", first)
	}
	made := make(map[hour]int)
	s.prepare(t.Context(), made)
	s.prepare(t.Context(), made)
	if p.sheets() != 96 {
		t.Errorf("%d sheets were made, want 96", p.sheets())
	}
	// One that came late.
	c.add(&jarvis.Capture{Timestamp: noon.Add(-3 * time.Hour), Device: "desk"})
	s.prepare(t.Context(), made)
	if p.sheets() != 97 {
		t.Errorf("%d sheets were made, want 97", p.sheets())
	}
	p.err = jarvis.Errorf(jarvis.CodeUnavailable, "the disk hangs")
	clear(made)
	before := p.sheets()
	s.prepare(t.Context(), made)
	if len(made) != 0 {
		t.Error("what failed is not tried again")
	}
	if tried := p.sheets() - before; tried != 1 {
		t.Errorf("%d sheets were tried while the disk hangs, want 1", tried)
	}
}

func TestService_Start_Stopped(t *testing.T) {
	c := new(catalog)
	c.every(time.Minute, noon.Add(-time.Hour), noon)
	s := New(Options{Catalog: c, Sheets: new(press), Now: func() time.Time { return noon.Add(time.Hour) }})
	defer s.answering()()
	ctx, cancel := context.WithCancel(t.Context())
	s.Start(ctx)
	cancel() // it waits for the request, and then for nothing any more
	must(t, s.Stop(t.Context()))
}
