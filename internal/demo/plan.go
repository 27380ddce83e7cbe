package demo

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// machine is a device with what is seen on it.
type machine struct {
	name    string
	screens []screen
	routine []segment
	night   jarvis.SpanState // from the end of a day to the next; empty when nothing is heard of it
	office  int              // minutes after midnight at which its day begins
}

// segment is a part of a day.
type segment struct {
	minutes int
	state   jarvis.SpanState // empty when nobody explains it
	apps    [2]string        // while it records: on the first monitor, and on the others
	plant   KnownKind        // what is planted on the first monitor on the first day
}

const recording = jarvis.SpanRecording

var studioDay = [...]segment{
	{12, recording, [2]string{appMail, appCalendar}, ""},
	{17, recording, [2]string{appWeb, appChat}, KnownOnce},
	{31, recording, [2]string{appEditor, appWeb}, KnownTitle},
	{26, jarvis.SpanUnchanged, [2]string{}, ""},
	{sessionMinutes + 1, recording, [2]string{appTerminal, appEditor}, KnownSession},
	{14, jarvis.SpanIdle, [2]string{}, ""},
	{9, recording, [2]string{appChat, appMail}, KnownJapanese},
	{8, jarvis.SpanExcluded, [2]string{}, ""},
	{19, recording, [2]string{appSheet, appReader}, ""},
	{58, jarvis.SpanLocked, [2]string{}, ""},
	{21, recording, [2]string{appReader, appEditor}, ""},
	{23, "", [2]string{}, ""},
	{33, recording, [2]string{appEditor, appTerminal}, ""},
	{9, jarvis.SpanFailed, [2]string{}, ""},
	{18, recording, [2]string{appWeb, appChat}, KnownPinned},
	{17, jarvis.SpanPaused, [2]string{}, ""},
	{15, recording, [2]string{appTerminal, appEditor}, KnownMasked},
	{11, jarvis.SpanSpoolFull, [2]string{}, ""},
	{7, recording, [2]string{appCalendar, appMail}, ""},
	{44, jarvis.SpanSuspended, [2]string{}, ""},
	{22, recording, [2]string{appWeb, appSheet}, KnownURL},
	{13, recording, [2]string{appMail, appChat}, ""},
	{8, recording, [2]string{appChat, appWeb}, ""},
}

var laptopDay = [...]segment{
	{16, recording, [2]string{appChat, appWeb}, ""},
	{28, recording, [2]string{appReader, appWeb}, ""},
	{35, jarvis.SpanSuspended, [2]string{}, ""},
	{24, recording, [2]string{appWeb, appMail}, ""},
	{12, jarvis.SpanIdle, [2]string{}, ""},
	{33, recording, [2]string{appSheet, appReader}, ""},
	{19, jarvis.SpanUnchanged, [2]string{}, ""},
	{21, recording, [2]string{appMail, appCalendar}, ""},
	{47, jarvis.SpanLocked, [2]string{}, ""},
	{38, recording, [2]string{appEditor, appWeb}, ""},
	{15, "", [2]string{}, ""},
	{17, recording, [2]string{appCalendar, appChat}, ""},
}

var towerDay = [...]segment{
	{44, recording, [2]string{appTerminal, appEditor}, ""},
	{30, jarvis.SpanIdle, [2]string{}, ""},
	{52, recording, [2]string{appEditor, appReader}, ""},
	{21, jarvis.SpanUnchanged, [2]string{}, ""},
	{36, recording, [2]string{appWeb, appChat}, ""},
	{40, jarvis.SpanLocked, [2]string{}, ""},
	{27, recording, [2]string{appReader, appTerminal}, ""},
	{48, recording, [2]string{appEditor, appWeb}, ""},
	{16, jarvis.SpanPaused, [2]string{}, ""},
	{23, recording, [2]string{appSheet, appMail}, ""},
}

// sessionMinutes and sessionCaptures are those of KnownSession.
const (
	sessionMinutes  = 18
	sessionCaptures = 42
)

// machines returns so many devices, with so many monitors of all together.
func machines(devices, monitors int) []machine {
	all := []machine{
		{"mira@studio", []screen{{1920, 1080, 1, false}, {2560, 1440, 1.25, true}, {1080, 1920, 1, false}, {1920, 1080, 1, true}, {1280, 800, 0.9, false}}, studioDay[:], jarvis.SpanSuspended, 8*60 + 30},
		{"mira@laptop", []screen{{1280, 800, 0.9, true}, {1920, 1080, 1, false}, {1080, 1920, 1, true}, {1920, 1080, 1, true}, {2560, 1440, 1.25, false}}, laptopDay[:], "", 9*60 + 5},
		{"lin@tower", []screen{{1920, 1080, 1, true}, {1080, 1920, 1, true}, {2560, 1440, 1.25, false}, {1280, 800, 0.9, true}, {1920, 1080, 1, false}}, towerDay[:], jarvis.SpanIdle, 7*60 + 50},
	}[:devices]
	for i := range all {
		all[i].screens = all[i].screens[:(monitors+devices-1-i)/devices]
	}
	return all
}

// moment is a capture that is planned.
type moment struct {
	at      time.Time
	machine int
	monitor int
	view    view
	hostile int // 1 + the place in hostile; 0 for others
}

// planner plans all that is simulated, before anything is drawn.
type planner struct {
	Options
	machines []machine
	random   *rand.Rand
	moments  []moment
	result   Result
	numbers  []int64 // of the last span of each machine
	first    int     // of the days, the one on which words are planted
}

// plan plans what the options say, which are complete.
func plan(o Options) *planner {
	p := &planner{Options: o, machines: machines(o.Devices, o.Monitors), random: rand.New(rand.NewPCG(o.Seed, 1))}
	p.numbers = make([]int64, len(p.machines))
	p.days()
	p.first = slices.IndexFunc(p.result.Days, func(d Day) bool { return !d.Empty && !(p.ClockChange && d == p.result.Days[0]) })
	for i, d := range p.result.Days {
		switch {
		case d.Empty:
		case i == 0 && p.ClockChange:
			p.clockNight(d)
		default:
			for m := range p.machines {
				p.day(i, m)
			}
		}
	}
	p.devices()
	if o.Hostile {
		p.hostile()
	}
	slices.SortStableFunc(p.moments, func(a, b moment) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.machine, b.machine), cmp.Compare(a.monitor, b.monitor))
	})
	p.count()
	return p
}

// days finds the days that are simulated.
func (p *planner) days() {
	last := p.End.In(p.Location)
	midnight := func(back int) time.Time {
		return time.Date(last.Year(), last.Month(), last.Day()-back, 0, 0, 0, 0, p.Location)
	}
	add := func(back int, empty bool) {
		from, to := midnight(back), midnight(back-1)
		p.result.Days = append(p.result.Days, Day{
			Day: jarvis.DayIn(from, p.Location), From: from.UTC(), To: to.UTC(), Empty: empty,
			Clock: to.Sub(from) != 24*time.Hour,
		})
	}
	calendar := p.Days
	if p.EmptyDay {
		calendar++
	}
	if p.ClockChange {
		first := midnight(calendar - 1)
		if change, _ := first.ZoneBounds(); !change.IsZero() && first.Sub(change) < 366*24*time.Hour {
			at := change.In(p.Location)
			back := int(midnight(0).Sub(time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, p.Location)).Hours()+12) / 24
			add(back, false)
		} else {
			p.ClockChange = false
		}
	}
	for back := calendar - 1; back >= 0; back-- {
		add(back, p.EmptyDay && back == 1)
	}
	p.result.From = p.result.Days[0].From
	p.result.To = p.result.Days[len(p.result.Days)-1].To
}

// day plans a day of a machine.
func (p *planner) day(i, m int) {
	d, device, planted := p.result.Days[i], p.machines[m], i == p.first && m == 0
	midnight := d.From.In(p.Location)
	at := time.Date(midnight.Year(), midnight.Month(), midnight.Day(), 0, device.office, 0, 0, p.Location).UTC()
	if device.night != "" && i > p.first && !p.result.Days[i-1].Empty {
		p.span(m, d.From, at, device.night) // the night before goes on until somebody comes
	}
	shares := p.share(m, planted)
	for j, s := range device.routine {
		to := at.Add(time.Duration(s.minutes) * time.Minute)
		switch {
		case s.state == "":
			if end := earlier(to, p.End); end.After(at) {
				p.result.Unexplained = append(p.result.Unexplained, jarvis.Gap{Device: device.name, From: at, To: end})
			}
		case s.state != recording:
			p.span(m, at, to, s.state)
		default:
			var times []time.Time
			for monitor := range device.screens {
				times = append(times, p.record(i, m, j, monitor, at, shares[j][monitor])...)
			}
			p.recorded(m, at, to, times)
		}
		at = to
	}
	if device.night != "" {
		p.span(m, at, d.To, device.night)
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// share returns how many captures each segment of a machine's day has on each
// monitor, PerDay in all.
func (p *planner) share(m int, planted bool) [][]int {
	device := p.machines[m]
	shares := make([][]int, len(device.routine))
	type slot struct{ segment, monitor, weight int }
	var slots []slot
	weights, left := 0, p.PerDay
	for j, s := range device.routine {
		shares[j] = make([]int, len(device.screens))
		if s.state != recording {
			continue
		}
		for monitor := range device.screens {
			if planted && s.plant == KnownSession && monitor == 0 {
				shares[j][0] = min(sessionCaptures, max(p.PerDay/4, 1))
				left -= shares[j][0]
				continue
			}
			if planted && s.plant != "" && monitor == 0 && left > len(slots) {
				shares[j][0]++ // so that few captures have known words too
				left--
			}
			weight := 2 * s.minutes
			if monitor == 0 {
				weight = 3 * s.minutes
			}
			slots = append(slots, slot{j, monitor, weight})
			weights += weight
		}
	}
	given, sum := 0, 0
	for _, s := range slots { // whole numbers that add up, wherever it is cut
		sum += s.weight
		n := left*sum/weights - given
		shares[s.segment][s.monitor] += n
		given += n
	}
	return shares
}

// record plans n captures of a monitor in a segment, and returns their times.
func (p *planner) record(i, m, j, monitor int, from time.Time, n int) []time.Time {
	device, s := p.machines[m], p.machines[m].routine[j]
	app := s.apps[min(monitor, 1)]
	program := programOf(app)
	story := (i + j + monitor + m) % program.stories
	planted := i == p.first && m == 0 && monitor == 0
	var times []time.Time
	for k := range n {
		length := time.Duration(s.minutes) * time.Minute
		at := from.Add(time.Duration((float64(k) + 0.5 + (p.random.Float64()-0.5)/4) / float64(n) * float64(length))).Truncate(time.Microsecond)
		v := view{screen: device.screens[monitor], app: app, story: story, step: k * program.steps / n}
		if planted {
			v.plant = plantOf(s.plant, k, n)
			if s.plant == KnownSession {
				v.step = k
				at = from.Add(30*time.Second + time.Duration(k)*sessionMinutes*time.Minute/time.Duration(max(n-1, 1)))
			}
		}
		if at.After(p.End) {
			break
		}
		p.moments = append(p.moments, moment{at: jarvis.Instant(at), machine: m, monitor: monitor, view: v})
		times = append(times, at)
	}
	return times
}

// plantOf returns what is planted on the kth of n captures.
func plantOf(kind KnownKind, k, n int) plant {
	text := map[KnownKind]string{
		KnownOnce: onceText, KnownSession: sessionText, KnownJapanese: japaneseText,
		KnownMasked: maskedText, KnownPinned: pinnedText, KnownTitle: titleText, KnownURL: urlText,
	}[kind]
	where := false
	switch kind {
	case KnownSession:
		where = true
	case KnownOnce:
		where = k == n/2
	case KnownPinned, KnownTitle, KnownURL:
		where = k >= n/2 && k < n/2+3
	case KnownJapanese, KnownMasked:
		where = k >= n*2/3
	}
	if !where {
		return plant{}
	}
	return plant{kind, text}
}

func programOf(app string) program {
	for _, a := range apps {
		if a.app == app {
			return a
		}
	}
	return program{app: app, stories: 1, steps: 1}
}
