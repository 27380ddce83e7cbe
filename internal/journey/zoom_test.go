package journey

import "testing"

// span returns how many seconds the scrubber shows.
func (p *page) span() float64 {
	p.Helper()
	return value[float64](p, "(jarvis.scrubber.view.to - jarvis.scrubber.view.from) / 1e6")
}

// TestZoom: hour, day and week by buttons, wheel, keys and two fingers.
func TestZoom(t *testing.T) {
	each(t, usual, func(_ *testing.T, p *page) {
		device, monitor, all := p.busiest()
		p.visitMoment(all[len(all)/2].Timestamp, device.Name, monitor)
		for _, zoom := range []struct {
			name, key string
			seconds   float64
		}{{"hour", "1", 3600}, {"week", "3", 7 * 86400}, {"day", "2", 86400}} {
			if p.look.touch {
				p.press(zoom.key)
			} else {
				p.click("button[data-zoom=" + zoom.name + "]")
				p.wait("the button of "+zoom.name, `document.querySelector("button[data-zoom=" + %s + "]").getAttribute("aria-pressed") === "true"`, zoom.name)
			}
			p.wait(zoom.name, `Math.abs((jarvis.scrubber.view.to - jarvis.scrubber.view.from) / 1e6 / %s - 1) < 0.05`, zoom.seconds)
			p.wait("its address", `new URLSearchParams(location.search).get("zoom") === %s || (%s === "day" && !location.search.includes("zoom=")) || location.pathname.startsWith("/" + %s)`, zoom.name, zoom.name, zoom.name)
			p.sound(zoom.name)
		}
		p.press("2")
		p.wait("day", `jarvis.scrubber.zoom === "day"`)
		b := p.boxOf("#scrubber")
		at := b.at(0.6, 0.7)
		before := p.span()
		under := value[int64](p, "Math.round(jarvis.scrubber.at(%s))", at.X)
		if p.look.touch {
			p.pinch(at, 4)
		} else {
			for range 4 {
				p.wheel(at, 0, -120, ctrlKey)
			}
		}
		p.wait("a closer look", `(jarvis.scrubber.view.to - jarvis.scrubber.view.from) / 1e6 < %s * 0.8`, before)
		after := value[int64](p, "Math.round(jarvis.scrubber.at(%s))", at.X)
		if off := (after - under) / 1e6; max(off, -off) > int64(before/b.Width*6) {
			p.Errorf("zooming at the pointer moved what is under it by %d s", off)
		}
		// One gesture drives one axis: the plain wheel moves time and leaves the zoom.
		if !p.look.touch {
			p.settled() // or it is the same gesture
			near, from := p.span(), value[int64](p, "jarvis.scrubber.view.from")
			current := p.rest()
			for range 3 {
				p.wheel(at, 0, 120, 0)
			}
			p.wait("the wheel to move time", `jarvis.scrubber.view.from !== %s || jarvis.moment.current.capture.id !== %s`, from, current.ID)
			if now := p.span(); now/near > 1.01 || near/now > 1.01 {
				p.Errorf("the plain wheel changed the zoom from %v to %v seconds", near, now)
			}
		}
		p.settled()
		p.sound("between")
	})
}
