package journey

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/jarvis-memory/jarvis"
)

// hole is a time without captures that a page draws.
type hole struct {
	Device   string
	From, To int64
	State    jarvis.HoleState
}

// minutes is how long it is.
func (h hole) minutes() float64 { return float64(h.To-h.From) / 6e7 }

// TestGaps: each kind of gap says what it is, why, and what to do.
func TestGaps(t *testing.T) {
	each(t, usual, func(t *testing.T, p *page) {
		days := shared.fixture.days
		seen := make(map[jarvis.HoleState]bool)
		for day := range slices.Backward(days.Days) {
			d := days.Days[day]
			if d.Empty || d.Clock {
				continue
			}
			noon := d.From.Add(d.To.Sub(d.From) / 2)
			for _, device := range days.Devices {
				// The longest of each kind, in the device's own view.
				p.visit(dayOf(noon, device.Name, device.Monitors[0].Index))
				p.wait("the timeline", "jarvis.timeline && jarvis.scrubber")
				longest := make(map[jarvis.HoleState]hole)
				for _, h := range value[[]hole](p, `fetch("/api/timeline?from=" + %s + "&to=" + %s).then(r => r.json()).then(t => t.holes.map(h => ({Device: h.device, From: Date.parse(h.from) * 1000, To: Date.parse(h.to) * 1000, State: h.state})))`,
					d.From.UTC().Format(time.RFC3339), d.To.UTC().Format(time.RFC3339)) {
					if h.Device == device.Name && h.minutes() > longest[h.State].minutes() {
						longest[h.State] = h
					}
				}
				for _, state := range slices.Sorted(maps.Keys(longest)) {
					h := longest[state]
					if seen[state] || h.minutes() < 3 || state == jarvis.HoleUnchanged {
						continue
					}
					seen[state] = true
					p.explains(h)
				}
			}
		}
		for _, state := range []jarvis.HoleState{jarvis.HoleIdle, jarvis.HolePaused, jarvis.HoleExcluded, jarvis.HoleFailed, jarvis.HoleUnknown, jarvis.HoleOffline, jarvis.HoleLocked, jarvis.HoleSuspended, jarvis.HoleSpoolFull} {
			if !seen[state] {
				t.Errorf("no gap of the state %d was seen", state)
			}
		}
	})
}

// explains clicks a gap and reads what the page says.
func (p *page) explains(h hole) {
	p.Helper()
	middle := (h.From + h.To) / 2
	p.settled() // the view follows the playhead, which a click on a gap moves
	// It may follow once more, to where the last click led.
	p.wait("the gap to stay in view", `(async () => {
		jarvis.scrubber.show(%s, %s);
		for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
		const x = jarvis.scrubber.x(%s);
		return x > 0 && x < innerWidth;
	})()`, h.From-int64(20*time.Minute/time.Microsecond), h.To+int64(20*time.Minute/time.Microsecond), middle)
	at := value[point](p, `({X: jarvis.scrubber.x(%s), Y: jarvis.scrubber.y(%s)})`, middle, h.Device)
	p.clickAt(at, 0)
	p.wait(fmt.Sprintf("the words of the gap %v at %v", h, at), `!document.querySelector("#gap").hidden`)
	text := value[string](p, `document.querySelector("#gap").innerText`)
	if len(text) < 40 {
		p.Errorf("the gap of the state %d says only %q", h.State, text)
	}
	from := instant(h.From).In(shared.fixture.zone).Format("15:04")
	p.wait("when it began", `document.querySelector("#gap").innerText.includes(%s)`, from)
	if p.look == laptop || h.State == jarvis.HoleFailed {
		p.sound("gap " + text[:min(8, len(text))])
	}
	p.press(kb.Escape)
	p.wait("the words to close", `document.querySelector("#gap").hidden`)
}

// TestEmptyDay: a day of which nothing is known says so, and leads to others.
func TestEmptyDay(t *testing.T) {
	each(t, usual, func(_ *testing.T, p *page) {
		for _, d := range shared.fixture.days.Days {
			if !d.Empty {
				continue
			}
			p.visit("/day/" + d.Day.String())
			p.wait("what the day lacks", `document.querySelector("#frame .card, .card")?.innerText.length > 20`)
			p.sound("empty day")
			if links := value[int](p, `document.querySelectorAll(".card a[href^='/day/'], a[rel=prev][href], a[rel=next][href]").length`); links < 2 {
				p.Errorf("an empty day leads to %d others", links)
			}
		}
	})
}

// TestClockChange: a day on which the clocks change has as many hours as it has.
func TestClockChange(t *testing.T) {
	p := browse(t, laptop)
	for _, d := range shared.fixture.days.Days {
		if !d.Clock {
			continue
		}
		p.visit("/day/" + d.Day.String())
		p.rest()
		hours := value[float64](p, `(() => { const d = JSON.parse(document.querySelector("#page-data").textContent); return (d.to - d.from) / 3.6e9; })()`)
		if want := d.To.Sub(d.From).Hours(); hours != want || hours == 24 {
			p.Errorf("the day has %v hours, want %v", hours, want)
		}
		p.sound("clock change")
	}
}
