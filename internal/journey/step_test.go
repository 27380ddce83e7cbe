package journey

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// follow checks at each change that everything shown is of one capture.
const follow = `
seen.changes = []; seen.torn = [];
jarvis.moment.addEventListener("change", () => {
	const c = jarvis.moment.current.capture;
	seen.changes.push({id: c.id, device: c.device, monitor: c.monitor_index, at: c.timestamp});
	requestAnimationFrame(() => {
		const ids = seen.ids();
		if (!seen.same()) seen.torn.push(JSON.stringify(ids));
		if (!seen.picture()) seen.torn.push("no picture of " + ids.frame);
	});
});
`

// TestSteps: a hundred steps, each with the picture, caption and text of one capture.
func TestSteps(t *testing.T) {
	each(t, usual, func(_ *testing.T, p *page) {
		device, monitor, all := p.busiest()
		start := p.visitMoment(all[0].Timestamp, device.Name, monitor)
		if start.ID != all[0].ID {
			p.Fatalf("the page shows %v, want %v", start, all[0])
		}
		p.do(follow)
		last := min(60, len(all)-1)
		for i := 1; i <= last; i++ {
			p.press(kb.ArrowRight)
			p.shows(all[i].ID)
		}
		for i := last - 1; i >= last-40 && i >= 0; i-- {
			p.press(kb.ArrowLeft)
			p.shows(all[i].ID)
		}
		for _, torn := range value[[]string](p, "seen.torn") {
			p.Errorf("a change of several parts: %s", torn)
		}
		p.sound("stepped")
		if p.look.touch {
			p.swipe()
		}
	})
}

// swipe steps by swiping the picture.
func (p *page) swipe() {
	p.Helper()
	before := p.rest()
	b := p.boxOf("#frame img.frame-image")
	p.drag(0, between(b.at(0.8, 0.5), b.at(0.2, 0.5), 6)...)
	p.wait("a step by a swipe", `jarvis.moment.current.capture.id !== %s`, before.ID)
	if after := p.rest(); !after.Timestamp.After(before.Timestamp) {
		p.Errorf("a swipe to the left leads from %v to %v, want a later one", before.Timestamp, after.Timestamp)
	}
}

// TestHeldKey: a key that is held passes many captures, never tears, and ends where
// it was let go.
func TestHeldKey(t *testing.T) {
	p := browse(t, laptop)
	device, monitor, all := p.busiest()
	p.visitMoment(all[0].Timestamp, device.Name, monitor)
	p.do(follow)
	for range 30 {
		p.call("Input.dispatchKeyEvent", object{"type": "keyDown", "key": "ArrowRight", "code": "ArrowRight", "windowsVirtualKeyCode": 39, "autoRepeat": true})
	}
	p.call("Input.dispatchKeyEvent", object{"type": "keyUp", "key": "ArrowRight", "code": "ArrowRight", "windowsVirtualKeyCode": 39})
	p.wait("rest", `!jarvis.moment.busy && seen.changes.length > 0`)
	p.rest()
	for _, torn := range value[[]string](p, "seen.torn") {
		p.Errorf("a change of several parts: %s", torn)
	}
	p.report(p)
}
