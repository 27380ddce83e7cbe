package journey

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// maxElements is how many elements the scrubber and the strip may have.
const maxElements = 150

// elements counts them.
func (p *page) elements() int {
	p.Helper()
	return value[int](p, `document.querySelectorAll("#scrubber, #scrubber *, #strip, #strip *").length`)
}

// watchScrub notes what the page shows while the scrubber is held.
const watchScrub = `
seen.scrubs = []; seen.captions = new Set();
jarvis.moment.addEventListener("scrub", event => { seen.scrubs.push(event.detail.at); });
new MutationObserver(() => seen.captions.add(document.querySelector("#caption [data-part=time]").textContent)).observe(document.querySelector("#caption"), {subtree: true, childList: true, characterData: true});
`

// TestScrub: the whole day under the hand, made of sheets alone.
func TestScrub(t *testing.T) {
	each(t, careful, func(_ *testing.T, p *page) {
		device, monitor, all := p.busiest()
		start := p.visitMoment(all[len(all)/2].Timestamp, device.Name, monitor)
		p.sound("day")
		p.do(watchScrub)
		scrubber := p.boxOf("#scrubber")
		from := point{value[float64](p, `jarvis.scrubber.x(jarvis.moment.current.at)`), scrubber.at(0, 0.7).Y}
		p.settled()
		elements, requests := p.elements(), p.count()
		path := append(between(from, scrubber.at(0.25, 0.7), 15), between(scrubber.at(0.25, 0.7), scrubber.at(0.8, 0.7), 30)...)
		// However far the pointer strays, the scrubber is held.
		path = append(path, between(scrubber.at(0.8, 0.7), point{scrubber.at(0.6, 0).X, scrubber.Y - 300}, 12)...)
		p.grab(0, path...)
		p.wait("scrubbing", "seen.scrubs.length >= 10 && seen.captions.size >= 10")
		p.shot("held")
		if n := p.elements(); n > maxElements || n > elements+4 {
			p.Errorf("while it is held, the scrubber and the strip have %d elements, and %d before, want at most %d", n, elements, maxElements)
		}
		for _, r := range p.sent(requests) {
			if strings.HasPrefix(r.address.Path, "/api/captures/") && strings.HasSuffix(r.address.Path, "/fit") || strings.HasSuffix(r.address.Path, "/image") {
				p.Errorf("scrubbing fetched %s", r.address.RequestURI())
			}
		}
		target := value[int64](p, "seen.scrubs.at(-1)")
		p.release(0, path[len(path)-1])
		p.wait("another moment", `jarvis.moment.current.capture.id !== %s`, start.ID)
		p.settled()
		end := p.rest()
		if off := end.Timestamp.Sub(instant(target)).Abs(); off > nearest(all, instant(target))+time.Second {
			p.Errorf("let go at %v, the page shows %v; the nearest is %v away", instant(target), end.Timestamp, nearest(all, instant(target)))
		}
		p.sound("let go")

		// Escape returns to where the hand came from.
		p.settled()
		p.grab(0, between(scrubber.at(0.5, 0.7), scrubber.at(0.3, 0.7), 8)...)
		if !p.look.touch {
			p.press(kb.Escape)
			p.release(0, scrubber.at(0.3, 0.7))
			p.shows(end.ID)
		} else {
			p.release(0, scrubber.at(0.3, 0.7))
			p.settled()
		}
	})
}

// settled waits until nothing is on its way to the page.
func (p *page) settled() {
	p.Helper()
	p.wait("quiet", `(() => {
		const now = performance.now(), n = performance.getEntriesByType("resource").length;
		if (seen.loaded !== n || jarvis.moment?.busy) { seen.loaded = n; seen.quiet = now; }
		return now - seen.quiet > 400;
	})()`)
}

// nearest returns how far the nearest capture is.
func nearest(all []capture, at time.Time) time.Duration {
	least := time.Duration(1 << 62)
	for _, c := range all {
		least = min(least, c.Timestamp.Sub(at).Abs())
	}
	return least
}

// TestScrubberKeys: the scrubber is a slider for whoever has no mouse.
func TestScrubberKeys(t *testing.T) {
	p := browse(t, laptop)
	device, monitor, all := p.busiest()
	p.visitMoment(all[len(all)/2].Timestamp, device.Name, monitor)
	p.do(`document.querySelector("#scrubber").focus()`)
	for _, key := range []struct {
		key, name string
		right     func(before, after time.Time) bool
	}{
		{kb.PageUp, "PageUp", func(before, after time.Time) bool { return !after.Equal(before) }},
		{kb.PageDown, "PageDown", func(before, after time.Time) bool { return !after.Equal(before) }},
		{kb.Home, "Home", func(_, after time.Time) bool { return after.Equal(all[0].Timestamp) }},
		{kb.End, "End", func(_, after time.Time) bool { return after.Equal(all[len(all)-1].Timestamp) }},
	} {
		before := p.rest()
		spoken := value[string](p, `document.querySelector("#scrubber").getAttribute("aria-valuetext")`)
		p.press(key.key)
		p.wait(key.name+" to move", `jarvis.moment.current.capture.id !== %s`, before.ID)
		after := p.rest()
		if !key.right(before.Timestamp, after.Timestamp) {
			p.Errorf("%s leads from %v to %v", key.name, before.Timestamp, after.Timestamp)
		}
		p.wait("other words for the slider", `document.querySelector("#scrubber").getAttribute("aria-valuetext") !== %s`, spoken)
	}
	spoken := value[string](p, `document.querySelector("#scrubber").getAttribute("aria-valuetext")`)
	if last := all[len(all)-1]; !strings.Contains(spoken, last.App) || !strings.Contains(spoken, last.Timestamp.In(shared.fixture.zone).Format("15:04")) {
		p.Errorf("the slider says %q, want the time and the app of %v", spoken, last)
	}
}
