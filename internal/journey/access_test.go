package journey

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// TestKeyboard: everything by the keyboard, with a focus that can be seen.
func TestKeyboard(t *testing.T) {
	p := browse(t, laptop)
	device, monitor, all := p.busiest()
	p.visitMoment(all[len(all)/2].Timestamp, device.Name, monitor)
	reached := make(map[string]bool)
	for range 60 {
		p.press(kb.Tab)
		name := value[string](p, `(() => { const e = document.activeElement; return e === document.body ? "" : e.id || e.rel || e.name || e.dataset.zoom || e.className || e.tagName; })()`)
		if name != "" && !value[bool](p, `(() => {
			const e = document.activeElement, r = e.getBoundingClientRect(), s = getComputedStyle(e);
			return r.width > 0 && r.height > 0 && (s.outlineStyle !== "none" || s.boxShadow !== "none" || e.matches("[role=slider]"));
		})()`) {
			p.Errorf("the focus on %s cannot be seen", name)
		}
		reached[name] = true
	}
	for _, name := range []string{"q", "live", "help", "goto", "scrubber", "hour", "day", "week"} {
		if !reached[name] {
			p.Errorf("the Tab key never reaches %s, only %v", name, reached)
		}
	}
	p.do("document.activeElement.blur()")
	p.press("?")
	p.wait("the help", `document.querySelector("dialog[open]")`)
	p.sound("help")
	p.press(kb.Escape)
	p.wait("no help", `!document.querySelector("dialog[open]")`)
	// Keys never fire in fields.
	before := p.rest()
	p.press("/")
	p.wait("the box to search", `document.activeElement?.name === "q"`)
	p.do("document.activeElement.value = ''")
	p.press("t")
	p.press("]")
	if text := value[string](p, "document.activeElement.value"); text != "t]" {
		p.Errorf("typing in the box gives %q, want t]", text)
	}
	p.press(kb.Escape)
	p.do("document.activeElement.blur()")
	if after := p.rest(); after.ID != before.ID {
		p.Error("keys in a field moved the playhead")
	}
	// The days beside this one.
	p.press("[")
	p.wait("the day before", `!location.pathname.endsWith(%s) && document.documentElement.dataset.ready === "1"`, before.Timestamp.In(shared.fixture.zone).Format("2006-01-02"))
	p.rest()
	p.press("]")
	p.wait("the day after", `location.pathname.endsWith(%s) && document.documentElement.dataset.ready === "1"`, before.Timestamp.In(shared.fixture.zone).Format("2006-01-02"))
	p.rest()
	// The app before, and the one after.
	app := p.rest()
	p.press("k")
	p.wait("another moment", `jarvis.moment.current.capture.id !== %s`, app.ID)
	p.rest()
}

// TestMedia: without motion, and with colours that the person chose.
func TestMedia(t *testing.T) {
	p := browse(t, laptop)
	device, monitor, all := p.busiest()
	p.media(object{"prefers-reduced-motion": "reduce"})
	p.visitMoment(all[0].Timestamp, device.Name, monitor)
	if moving := value[[]string](p, `[...document.querySelectorAll("*")].filter(e => { const s = getComputedStyle(e); return [s.transitionDuration, s.animationDuration].some(d => d.split(", ").some(one => parseFloat(one) > 0.001)); }).slice(0, 5).map(e => e.tagName + "#" + e.id + "." + e.className)`); len(moving) > 0 {
		p.Errorf("under reduced motion these move: %v", moving)
	}
	p.media(object{"forced-colors": "active"})
	p.visitMoment(all[0].Timestamp, device.Name, monitor)
	p.sound("forced colours")
	p.media(object{"prefers-contrast": "more"})
	p.drawn()
	p.sound("contrast")
}

// TestMagnified: at 400 % of 1440 px nothing scrolls sideways, and all is there.
func TestMagnified(t *testing.T) {
	p := browse(t, laptop)
	device, monitor, all := p.busiest()
	p.call("Emulation.setDeviceMetricsOverride", object{"width": 360, "height": 225, "deviceScaleFactor": 4, "mobile": false})
	p.visitMoment(all[0].Timestamp, device.Name, monitor)
	p.sound("day")
	p.visit("/search?q=" + "app:" + "Editor")
	p.sound("search")
}
