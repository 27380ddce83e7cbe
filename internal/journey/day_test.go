package journey

import (
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis/internal/demo"
)

// shot is a capture, as the pages' scripts know it.
type capture struct {
	ID        string    `json:"id"`
	Timestamp time.Time `json:"timestamp"`
	Device    string    `json:"device"`
	Monitor   int       `json:"monitor_index"`
	App       string    `json:"app_name"`
	Title     string    `json:"window_title"`
}

// browse opens the pages on the simulated days, signed in.
func browse(t *testing.T, l look) *page {
	t.Helper()
	shared.fixture.start(t)
	return open(t, shared.fixture.server, l).signIn()
}

// each runs a journey once for each way of looking, on the simulated days.
func each(t *testing.T, looks []look, journey func(*testing.T, *page)) {
	t.Helper()
	for _, l := range looks {
		t.Run(l.name, func(t *testing.T) { journey(t, browse(t, l)) })
	}
}

// dayOf returns the address of a moment in its day.
func dayOf(at time.Time, device string, monitor int) string {
	query := url.Values{"device": {device}, "monitor": {strconv.Itoa(monitor)}, "at": {at.UTC().Format("2006-01-02T15:04:05.000000Z")}}
	return "/day/" + at.In(shared.fixture.zone).Format(time.DateOnly) + "?" + query.Encode()
}

// go to a moment in its day, and wait for its picture.
func (p *page) visitMoment(at time.Time, device string, monitor int) capture {
	p.Helper()
	p.visit(dayOf(at, device, monitor))
	return p.rest()
}

// rest waits until picture, caption, text and address are of one capture, and
// returns it.
func (p *page) rest() capture {
	p.Helper()
	p.wait("a picture whose caption and text are its own", `jarvis.moment?.current?.capture && seen.same() && seen.picture()`)
	return p.current()
}

func (p *page) current() capture {
	p.Helper()
	return value[capture](p, "jarvis.moment.current.capture")
}

// shows waits until the page shows a capture, all of it.
func (p *page) shows(id string) {
	p.Helper()
	p.wait("the capture "+id, `jarvis.moment?.current?.capture?.id === %s && seen.same() && seen.picture()`, id)
}

// captures lists a monitor's captures of a day of the zone, the oldest first.
func (p *page) captures(day time.Time, device string, monitor int) []capture {
	p.Helper()
	from := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, day.Location())
	return value[[]capture](p, `(async () => {
		const all = [];
		for (let cursor = ""; ;) {
			const answer = await (await fetch("/api/captures?order=oldest&limit=200&device=" + encodeURIComponent(%s) + "&monitor=" + %s + "&from=" + %s + "&to=" + %s + (cursor && "&cursor=" + encodeURIComponent(cursor)))).json();
			all.push(...answer.items);
			if (!(cursor = answer.next ?? "")) return all;
		}
	})()`, device, monitor, from.UTC().Format(time.RFC3339), from.AddDate(0, 0, 1).UTC().Format(time.RFC3339))
}

// busiest returns the monitor of the last day that has the most captures, and them.
func (p *page) busiest() (demo.Device, int, []capture) {
	p.Helper()
	days := shared.fixture.days
	var device demo.Device
	var monitor int
	var most []capture
	for _, d := range days.Devices {
		for _, m := range d.Monitors {
			if m.Width <= m.Height {
				continue
			}
			if all := p.captures(shared.fixture.lastDay(), d.Name, m.Index); len(all) > len(most) {
				device, monitor, most = d, m.Index, all
			}
		}
	}
	if len(most) < 20 {
		p.Fatalf("the last day has %d captures of its busiest monitor", len(most))
	}
	return device, monitor, most
}

// lastDay is a time of the last day.
func (f *fixture) lastDay() time.Time { return f.days.To.Add(-time.Hour).In(f.zone) }

// box is a rectangle in CSS pixels of the window.
type box struct{ X, Y, Width, Height float64 }

// boxOf returns where an element is.
func (p *page) boxOf(selector string) box {
	p.Helper()
	return value[box](p, `(() => { const r = document.querySelector(%s).getBoundingClientRect(); return {X: r.x, Y: r.y, Width: r.width, Height: r.height}; })()`, selector)
}

// at returns a place in the box, in parts of its sides.
func (b box) at(x, y float64) point { return point{b.X + b.Width*x, b.Y + b.Height*y} }

func (b box) String() string {
	return fmt.Sprintf("%.0fx%.0f at %.0f,%.0f", b.Width, b.Height, b.X, b.Y)
}

// query returns a part of the address's query.
func (p *page) query(name string) string {
	p.Helper()
	return value[string](p, "new URLSearchParams(location.search).get(%s) ?? \"\"", name)
}
