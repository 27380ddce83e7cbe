package demo

import (
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// steady is how long nothing need be captured before an agent says that nothing changed.
const steady = time.Minute

// span adds what an agent said, as far as it is over by the end.
func (p *planner) span(m int, from, to time.Time, state jarvis.SpanState) {
	from, to = jarvis.Instant(from), jarvis.Instant(earlier(to, p.End))
	if !to.After(from) {
		return
	}
	spans := p.result.Spans
	if n := len(spans); n > 0 && spans[n-1].Device == p.machines[m].name && spans[n-1].State == state && spans[n-1].To.Equal(from) {
		spans[n-1].To = to
		return
	}
	p.numbers[m]++
	p.result.Spans = append(spans, jarvis.Span{Device: p.machines[m].name, Number: p.numbers[m], From: from, To: to, State: state})
}

// recorded adds the spans of a time in which captures were taken: recording, and
// unchanged where they are far apart.
func (p *planner) recorded(m int, from, to time.Time, times []time.Time) {
	slices.SortFunc(times, time.Time.Compare)
	at := from
	for _, t := range append(times, to) {
		if seen := at.Add(steady / 6); t.Sub(at) > steady && seen.Before(t) {
			p.span(m, at, seen, recording)
			p.span(m, seen, t, jarvis.SpanUnchanged)
		} else {
			p.span(m, at, t, recording)
		}
		at = t
	}
}

// clockNight plans the night in which the clocks change.
func (p *planner) clockNight(d Day) {
	change, _ := d.To.In(p.Location).ZoneBounds()
	from, length := change.Add(-90*time.Minute).UTC(), 4*time.Hour
	n := max(p.PerDay/4, 4)
	var times []time.Time
	for k := range n {
		at := jarvis.Instant(from.Add(time.Duration((float64(k) + 0.5) / float64(n) * float64(length))))
		if at.After(p.End) {
			break
		}
		v := view{screen: p.machines[0].screens[0], app: appTerminal, story: 1, step: k * 24 / n}
		if off := at.Sub(change); off > -time.Hour && off < time.Hour {
			v.plant = plant{KnownClock, clockText}
		}
		p.moments = append(p.moments, moment{at: at, machine: 0, view: v})
		times = append(times, at)
	}
	p.recorded(0, from, from.Add(length), times)
}

// devices sums the machines up.
func (p *planner) devices() {
	for _, m := range p.machines {
		d := Device{Name: m.name}
		for i, s := range m.screens {
			d.Monitors = append(d.Monitors, Monitor{Index: i, Width: s.width, Height: s.height})
		}
		for _, s := range p.result.Spans {
			if s.Device == m.name && s.To.After(d.SeenTo) {
				d.SeenTo = s.To
			}
		}
		d.Offline = p.End.Sub(d.SeenTo) > time.Hour
		p.result.Devices = append(p.result.Devices, d)
	}
}

// count counts the captures of devices and days.
func (p *planner) count() {
	for _, m := range p.moments {
		p.result.Devices[m.machine].Captures++
		for i := range p.result.Days {
			if d := &p.result.Days[i]; !m.at.Before(d.From) && m.at.Before(d.To) {
				d.Captures++
			}
		}
	}
}
