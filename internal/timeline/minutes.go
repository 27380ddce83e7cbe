package timeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

const (
	countedAtOnce = 48 * time.Hour // at most jarvis.MaxMinutesRange
	maxLanes      = 256            // whoever uploads says which monitor it was
)

// lane is where captures come from.
type lane struct {
	device  string
	monitor int
}

func compareLanes(a, b lane) int {
	return cmp.Or(cmp.Compare(a.device, b.device), cmp.Compare(a.monitor, b.monitor))
}

// The apps of a minute that is of none.
const (
	appNone  = 0
	appMixed = -1
)

// minutes counts captures by minute and lane.
type minutes struct {
	from    time.Time
	length  int // in minutes
	counts  map[lane][]byte
	apps    map[lane][]int32 // of each minute: appNone, appMixed, or 1 + a place in names
	names   []string         // of apps, in the order in which they came
	places  map[string]int32 // in names
	used    []int64          // captures of each of names
	passing bool             // over lanes, for there are too many
}

// count reads the captures of whole minutes.
func (s *Service) count(ctx context.Context, from, to time.Time) (*minutes, error) {
	m := &minutes{
		from: from, length: int(to.Sub(from) / time.Minute),
		counts: make(map[lane][]byte), apps: make(map[lane][]int32), places: make(map[string]int32),
	}
	for begin := from; begin.Before(to); begin = begin.Add(countedAtOnce) {
		end := begin.Add(countedAtOnce)
		if end.After(to) {
			end = to
		}
		rows, err := s.o.Catalog.CountMinutes(ctx, begin, end)
		if err != nil {
			return nil, err
		}
		for len(rows) > 0 {
			n := 1
			for n < len(rows) && rows[n].Minute.Equal(rows[0].Minute) && rows[n].Device == rows[0].Device && rows[n].Monitor == rows[0].Monitor {
				n++
			}
			m.add(rows[:n])
			rows = rows[n:]
		}
	}
	if m.passing {
		s.log.WarnContext(ctx, "more monitors sent captures in this time than are shown", "shown", maxLanes)
	}
	return m, nil
}

// add adds the apps of one minute of a lane.
func (m *minutes) add(rows []jarvis.MinuteCount) {
	of := lane{rows[0].Device, rows[0].Monitor}
	counts := m.counts[of]
	if counts == nil {
		if len(m.counts) >= maxLanes {
			m.passing = true
			return
		}
		counts = make([]byte, m.length)
		m.counts[of], m.apps[of] = counts, make([]int32, m.length)
	}
	var sum int64
	most := &rows[0]
	for i := range rows {
		sum += rows[i].Captures
		if rows[i].Captures > most.Captures {
			most = &rows[i]
		}
		m.used[m.app(rows[i].AppName)] += rows[i].Captures
	}
	at := int(rows[0].Minute.Sub(m.from) / time.Minute)
	counts[at] = byte(min(sum, 255))
	m.apps[of][at] = appMixed
	if 2*most.Captures > sum {
		m.apps[of][at] = 1 + m.app(most.AppName)
	}
}

// app returns the place of an app in names.
func (m *minutes) app(name string) int32 {
	place, ok := m.places[name]
	if !ok {
		place = int32(len(m.names))
		m.places[name] = place
		m.names, m.used = append(m.names, name), append(m.used, 0)
	}
	return place
}

// lanes returns what was counted as a jarvis.Timeline has it. said returns the holes of
// a device, and what it said.
func (m *minutes) lanes(said func(device string) (holes, spans []stretch)) ([]string, []jarvis.Lane) {
	order := make([]int32, 0, len(m.names))
	for i, name := range m.names {
		if name != "" {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(m.used[b], m.used[a]), cmp.Compare(m.names[a], m.names[b]))
	})
	order = order[:min(len(order), jarvis.MaxTimelineApps)]
	apps, codes := make([]string, len(order)), make([]byte, len(m.names))
	for i := range codes {
		codes[i] = jarvis.MinuteOther
	}
	for i, place := range order {
		apps[i], codes[place] = m.names[place], byte(1+i)
	}
	lanes := []jarvis.Lane{}
	for _, of := range slices.SortedFunc(maps.Keys(m.counts), compareLanes) {
		text := make([]byte, 0, jarvis.MinuteBytes*m.length)
		for i, count := range m.counts[of] {
			app := byte(appNone)
			switch place := m.apps[of][i]; place {
			case appNone:
			case appMixed:
				app = jarvis.MinuteMixed
			default:
				app = codes[place-1]
			}
			text = append(text, count, app, 0)
		}
		holes, spans := said(of.device)
		paint(text, m.from, holes, spans)
		lanes = append(lanes, jarvis.Lane{Device: of.device, Monitor: of.monitor, Minutes: text})
	}
	return apps, lanes
}

// present returns which minutes of a device have captures of any of its monitors.
func (m *minutes) present(device string) []bool {
	has := make([]bool, m.length)
	for of, counts := range m.counts {
		if of.device != device {
			continue
		}
		for i, count := range counts {
			has[i] = has[i] || count > 0
		}
	}
	return has
}

// paint sets the state of the minutes of a lane that have no captures.
func paint(text []byte, from time.Time, holes, spans []stretch) {
	length := len(text) / jarvis.MinuteBytes
	inHole, inSpan := newReel(holes), newReel(spans)
	for first := 0; first < length; {
		if text[first*jarvis.MinuteBytes] > 0 {
			first++
			continue
		}
		last := first
		for last < length && text[last*jarvis.MinuteBytes] == 0 {
			last++
		}
		for i := first; i < last; i++ {
			begin := from.Add(time.Duration(i) * time.Minute)
			end := begin.Add(time.Minute)
			state := inHole.most(begin, end)
			if state == jarvis.HoleNone { // another monitor has captures
				state = elsewhere(inSpan.most(begin, end), last-first)
			}
			text[i*jarvis.MinuteBytes+2] = byte(state)
		}
		first = last
	}
}

// elsewhere returns the state of a monitor that has had no captures for some minutes
// while another of the device had some.
func elsewhere(said jarvis.HoleState, minutes int) jarvis.HoleState {
	switch {
	case said == jarvis.HoleRecording:
		return jarvis.HoleUnchanged // it was watched, too
	case said != jarvis.HoleNone || time.Duration(minutes)*time.Minute < leastUnsaid:
		return said
	}
	return jarvis.HoleUnknown
}
