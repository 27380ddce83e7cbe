package journey

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/jarvis-memory/jarvis/internal/demo"
)

// TestJump: to a day of long ago by typing it, and back to the exact place.
func TestJump(t *testing.T) {
	each(t, usual, func(_ *testing.T, p *page) {
		// The clocks changed months ago.
		old := shared.fixture.known(p, demo.KnownClock).Hits[0]
		day := old.At.In(shared.fixture.zone)
		all := p.captures(shared.fixture.lastDay(), old.Device, old.Monitor)
		middle := all[len(all)/2]
		p.visitMoment(middle.Timestamp, old.Device, old.Monitor)
		p.wait("the address of the moment", `location.search.includes("at=")`)
		address := value[string](p, "location.href")

		p.press("g")
		p.wait("where to go", `["INPUT", "TEXTAREA"].includes(document.activeElement?.tagName)`)
		p.sound("go to")
		p.do(`document.activeElement.select()`)
		p.write(day.Format("2006-01-02 15:04:05"))
		p.press(kb.Enter)
		p.wait("that day", `location.pathname === "/day/" + %s && document.documentElement.dataset.ready === "1"`, day.Format("2006-01-02"))
		there := p.rest()
		if off := there.Timestamp.Sub(old.At).Abs(); off.Hours() > 12 {
			p.Errorf("g went to %v, want %v", there.Timestamp, old.At)
		}
		p.sound("long ago")

		p.do("history.back()")
		p.wait("the place before", `location.pathname === new URL(%s).pathname && document.documentElement.dataset.ready === "1"`, address)
		p.shows(middle.ID)
		p.wait("its address", `[...new URL(%s).searchParams].every(([name, v]) => new URLSearchParams(location.search).get(name) === v)`, address)
	})
}

// TestReload: a reload keeps the moment and the zoom.
func TestReload(t *testing.T) {
	p := browse(t, laptop)
	device, monitor, all := p.busiest()
	p.visitMoment(all[len(all)/3].Timestamp, device.Name, monitor)
	p.press("1") // hour
	p.press(kb.ArrowRight)
	p.shows(all[len(all)/3+1].ID)
	p.wait("the address of what is shown", `new URLSearchParams(location.search).get("zoom") === "hour"`)
	p.wait("the time of what is shown", `Math.abs(Date.parse(new URLSearchParams(location.search).get("at")) - Date.parse(jarvis.moment.current.capture.timestamp)) < 1`)
	p.do("location.reload()")
	p.wait("the page again", `document.readyState === "complete" && document.documentElement.dataset.ready === "1" && performance.getEntriesByType("navigation")[0].type === "reload"`)
	p.shows(all[len(all)/3+1].ID)
	if zoom := p.query("zoom"); zoom != "hour" {
		p.Errorf("after a reload the zoom is %q, want hour", zoom)
	}
}
