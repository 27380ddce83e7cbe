package timeline

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

// place is what an index tells of a capture.
type place struct {
	at      int64 // milliseconds
	monitor int
	app     string
	flags   byte
}

// readIndex reads an index as a browser does.
func readIndex(data []byte) (base int64, places []place, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	if string(data[:4]) != "JDX1" {
		return 0, nil, fmt.Errorf("it begins with %q", data[:4])
	}
	count := int(binary.LittleEndian.Uint32(data[4:]))
	base = int64(binary.LittleEndian.Uint64(data[8:]))
	names := int(binary.LittleEndian.Uint16(data[16:]))
	data = data[18:]
	var apps []string
	for range names {
		length := int(binary.LittleEndian.Uint16(data))
		apps, data = append(apps, string(data[2:2+length])), data[2+length:]
	}
	places = make([]place, count)
	milli := floorMilli(time.UnixMicro(base))
	for i := range places {
		delta, n := binary.Uvarint(data)
		milli, data = milli+int64(delta), data[n:]
		places[i].at = milli
	}
	for i := range places {
		places[i].monitor = int(data[i])
		switch app := data[count+i]; app {
		case 0:
		case 255:
			places[i].app = "?"
		default:
			places[i].app = apps[app-1]
		}
		places[i].flags = data[2*count+i]
	}
	if len(data) != 3*count {
		return 0, nil, fmt.Errorf("%d bytes are left", len(data)-3*count)
	}
	return base, places, nil
}

func TestService_Index_Property(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := new(catalog)
		n := rapid.IntRange(0, 1200).Draw(r, "captures")
		apps := rapid.IntRange(1, 300).Draw(r, "apps")
		gap := rapid.Int64Range(0, 90_000_000)
		seed := rapid.IntRange(0, 1000).Draw(r, "seed")
		when := noon
		var wanted []*jarvis.Capture
		for i := range n {
			if i%50 == 0 {
				when = when.Add(time.Duration(gap.Draw(r, "gap")) * time.Microsecond)
			}
			when = when.Add(time.Duration((i*7919+seed)%5_000_000) * time.Microsecond)
			one := &jarvis.Capture{
				ID: jarvis.NewRandomID(), Timestamp: when, MonitorIndex: (i * seed) % 5, AppName: fmt.Sprintf("app %d", (i+seed)%apps),
				WindowTitle: fmt.Sprint((i + seed) / 3 % 7), Pinned: (i+seed)%11 == 0, Device: []string{"desk", "lap", ""}[(i+seed)%3],
			}
			if one.Device == "desk" {
				wanted = append(wanted, one)
			}
			c.captures = append(c.captures, one)
		}
		index, err := newService(c, noon).Index(t.Context(), "desk", noon, noon.Add(jarvis.MaxTimelineRange))
		must(t, err)
		base, got, err := readIndex(index)
		if err != nil || len(got) != len(wanted) {
			r.Fatalf("%d of %d captures, error %v", len(got), len(wanted), err)
		}
		titles := make(map[int]string)
		rest := 0
		for i, one := range wanted {
			if i == 0 && base != one.Timestamp.UnixMicro() {
				r.Fatalf("it begins at %d, want %s", base, one.Timestamp)
			}
			before, ok := titles[one.MonitorIndex]
			titles[one.MonitorIndex] = one.WindowTitle
			var flags byte
			if !ok || before != one.WindowTitle {
				flags |= newTitle
			}
			if one.Pinned {
				flags |= isPinned
			}
			want := place{one.Timestamp.UnixMilli(), one.MonitorIndex, one.AppName, flags}
			if got[i].app == "?" {
				got[i].app = one.AppName
				rest++
			}
			if got[i] != want {
				r.Fatalf("capture %d is %v, want %v", i, got[i], want)
			}
		}
		if apps <= indexApps && rest > 0 {
			r.Fatalf("%d apps are not told of %d", rest, apps)
		}
	})
}

func TestService_Index(t *testing.T) {
	c := new(catalog)
	s := newService(c, noon)
	index, err := s.Index(t.Context(), "desk", noon, noon.Add(time.Hour))
	must(t, err)
	if base, places, err := readIndex(index); err != nil || base != 0 || len(places) != 0 || len(index) != 18 {
		t.Errorf("no captures are %d bytes, error %v", len(index), err)
	}
	c.add(
		&jarvis.Capture{Timestamp: noon.Add(999 * time.Microsecond), MonitorIndex: 1 << 20, AppName: strings.Repeat("ü", 200)},
		&jarvis.Capture{Timestamp: noon.Add(1000 * time.Microsecond), MonitorIndex: 300},
		&jarvis.Capture{Timestamp: noon.Add(1 * time.Second), Device: "desk"},
	)
	index, err = s.Index(t.Context(), "", noon, noon.Add(time.Hour)) // of no device, not of any
	must(t, err)
	base, places, err := readIndex(index)
	must(t, err)
	milli := noon.UnixMilli()
	want := []place{{milli, 255, strings.Repeat("ü", 127), newTitle}, {milli + 1, 255, "", 0}}
	if base != noon.UnixMicro()+999 || fmt.Sprint(places) != fmt.Sprint(want) {
		t.Errorf("%d %v, want %v", base, places, want)
	}
	for _, to := range []time.Time{noon, noon.Add(jarvis.MaxTimelineRange + 1)} {
		_, err := s.Index(t.Context(), "desk", noon, to)
		wantCode(t, err, jarvis.CodeInvalid)
	}
}
