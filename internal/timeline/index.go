package timeline

import (
	"cmp"
	"context"
	"encoding/binary"
	"hash/maphash"
	"maps"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// The form of an index, see docs/timeline.md.
const (
	indexMagic  = "JDX1"
	indexApps   = 254
	otherApp    = 255
	lastMonitor = 255

	newTitle = 1 << 0
	isPinned = 1 << 1

	indexPage   = 1000
	maxIndexed  = 500_000 // captures; about five bytes each
	longestName = 255     // bytes of an app that is told
)

// Index implements jarvis.Timelines.
func (s *Service) Index(ctx context.Context, device string, from, to time.Time) ([]byte, error) {
	defer s.answering()()
	if err := checkRange(from, to); err != nil {
		return nil, err
	}
	x := newIndex()
	f := jarvis.CaptureFilter{From: from, To: to, Device: device, Order: jarvis.OldestFirst, Limit: indexPage}
	for {
		page, err := s.o.Catalog.FindCaptures(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if c.Device == device { // an empty one filters nothing
				x.add(c)
			}
		}
		if len(page) < f.Limit {
			return x.bytes(), nil
		}
		if len(x.monitors) > maxIndexed {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "there are more than %d captures in this time: ask for a shorter one", maxIndexed)
		}
		f.After = page[len(page)-1].Cursor()
	}
}

// index is the columns of captures.
type index struct {
	base, last int64 // of the first capture in microseconds, of the last in milliseconds
	deltas     []byte
	monitors   []byte
	apps       []uint16 // places in names
	flags      []byte

	seed   maphash.Seed
	titles map[int]uint64    // of the last capture of each monitor
	places map[string]uint16 // of apps in names
	names  []string
	used   []int
}

func newIndex() *index {
	return &index{seed: maphash.MakeSeed(), titles: make(map[int]uint64), places: make(map[string]uint16)}
}

// add appends a capture.
func (x *index) add(c *jarvis.Capture) {
	milli := floorMilli(c.Timestamp)
	if len(x.monitors) == 0 {
		x.base, x.last = c.Timestamp.UnixMicro(), milli
	}
	x.deltas = binary.AppendUvarint(x.deltas, uint64(milli-x.last))
	x.last = milli
	monitor := byte(min(max(c.MonitorIndex, 0), lastMonitor))
	x.monitors = append(x.monitors, monitor)
	x.apps = append(x.apps, x.app(c.AppName))

	var flags byte
	title := maphash.String(x.seed, c.WindowTitle)
	if before, ok := x.titles[int(monitor)]; !ok || before != title {
		flags |= newTitle
		x.titles[int(monitor)] = title
	}
	if c.Pinned {
		flags |= isPinned
	}
	x.flags = append(x.flags, flags)
}

func floorMilli(t time.Time) int64 { return t.UnixMilli() }

// noApp and restApp are no places in names.
const (
	noApp   = 0xffff
	restApp = 0xfffe
)

func (x *index) app(name string) uint16 {
	name = jarvis.CleanText(name, longestName)
	if name == "" {
		return noApp
	}
	place, ok := x.places[name]
	if !ok {
		if len(x.names) >= restApp {
			return restApp
		}
		place = uint16(len(x.names))
		x.places[name] = place
		x.names, x.used = append(x.names, name), append(x.used, 0)
	}
	x.used[place]++
	return place
}

// bytes returns the index in its form. The apps are in order of use.
func (x *index) bytes() []byte {
	order := slices.SortedFunc(maps.Values(x.places), func(a, b uint16) int {
		return cmp.Or(cmp.Compare(x.used[b], x.used[a]), cmp.Compare(x.names[a], x.names[b]))
	})
	order = order[:min(len(order), indexApps)]
	out := make([]byte, 0, 18+len(x.deltas)+3*len(x.monitors)+16*len(order))
	out = append(out, indexMagic...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(x.monitors)))
	out = binary.LittleEndian.AppendUint64(out, uint64(x.base))
	out = binary.LittleEndian.AppendUint16(out, uint16(len(order)))
	codes := make([]byte, len(x.names))
	for i := range codes {
		codes[i] = otherApp
	}
	for i, place := range order {
		codes[place] = byte(1 + i)
		out = binary.LittleEndian.AppendUint16(out, uint16(len(x.names[place])))
		out = append(out, x.names[place]...)
	}
	out = append(append(out, x.deltas...), x.monitors...)
	for _, place := range x.apps {
		code := byte(otherApp)
		switch {
		case place == noApp:
			code = 0
		case int(place) < len(codes):
			code = codes[place]
		}
		out = append(out, code)
	}
	return append(out, x.flags...)
}
