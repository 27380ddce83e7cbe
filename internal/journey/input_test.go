package journey

import (
	"maps"
	"time"

	"github.com/chromedp/chromedp"
)

// point is a place of the page, in CSS pixels of the window.
type point struct{ X, Y float64 }

// ctrlKey is a modifier, as the protocol counts them.
const ctrlKey = 2

// press presses and releases a key, named as chromedp's kb does or typed.
func (p *page) press(keys string) {
	p.Helper()
	if _, err := chromedp.KeyEvent(keys)(p.Context(), p.target); err != nil {
		p.Fatalf("press %q: %v", keys, err)
	}
}

// write puts text where the focus is, as if it was typed.
func (p *page) write(text string) {
	p.Helper()
	p.call("Input.insertText", object{"text": text})
}

// place returns the middle of an element that can be seen and is not covered.
func (p *page) place(selector string) point {
	p.Helper()
	p.wait(selector+", uncovered", `(() => {
		const e = document.querySelector(%s);
		if (!e) return false;
		e.scrollIntoView({block: "nearest", inline: "nearest", behavior: "instant"});
		const r = e.getBoundingClientRect(), top = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
		return r.width > 0 && (e.contains(top) || top?.contains(e));
	})()`, selector)
	return value[point](p, `(() => {
		const r = document.querySelector(%s).getBoundingClientRect();
		return {X: r.x + r.width / 2, Y: r.y + r.height / 2};
	})()`, selector)
}

// click clicks an element, or taps it where there is no mouse.
func (p *page) click(selector string) {
	p.Helper()
	p.clickAt(p.place(selector), 0)
}

func (p *page) clickAt(at point, modifiers int) {
	p.Helper()
	if p.look.touch && modifiers == 0 {
		p.touch("touchStart", at)
		p.touch("touchEnd")
		return
	}
	p.mouse("mouseMoved", at, object{"modifiers": modifiers})
	p.mouse("mousePressed", at, object{"button": "left", "clickCount": 1, "modifiers": modifiers})
	p.mouse("mouseReleased", at, object{"button": "left", "clickCount": 1, "modifiers": modifiers})
}

func (p *page) mouse(kind string, at point, more object) {
	p.Helper()
	params := object{"type": kind, "x": at.X, "y": at.Y}
	maps.Copy(params, more)
	p.call("Input.dispatchMouseEvent", params)
}

func (p *page) touch(kind string, at ...point) {
	p.Helper()
	points := []object{}
	for i, one := range at {
		points = append(points, object{"x": one.X, "y": one.Y, "id": i})
	}
	p.call("Input.dispatchTouchEvent", object{"type": kind, "touchPoints": points})
}

// drag presses at the first point, passes the others and lets go at the last. Between
// two of them the page draws.
func (p *page) drag(modifiers int, path ...point) {
	p.Helper()
	p.grab(modifiers, path...)
	p.release(modifiers, path[len(path)-1])
}

func (p *page) grab(modifiers int, path ...point) {
	p.Helper()
	if p.look.touch {
		p.touch("touchStart", path[0])
		for _, at := range path[1:] {
			p.touch("touchMove", at)
			p.drawn()
		}
		return
	}
	p.mouse("mouseMoved", path[0], object{"modifiers": modifiers})
	p.mouse("mousePressed", path[0], object{"button": "left", "buttons": 1, "clickCount": 1, "modifiers": modifiers})
	for _, at := range path[1:] {
		p.mouse("mouseMoved", at, object{"button": "left", "buttons": 1, "modifiers": modifiers})
		p.drawn()
	}
}

func (p *page) release(modifiers int, at point) {
	p.Helper()
	if p.look.touch {
		p.touch("touchEnd")
		return
	}
	p.mouse("mouseReleased", at, object{"button": "left", "clickCount": 1, "modifiers": modifiers})
}

// drawn waits until the page has drawn once more.
func (p *page) drawn() {
	p.Helper()
	p.do("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
}

// wheel turns the wheel over a place.
func (p *page) wheel(at point, dx, dy float64, modifiers int) {
	p.Helper()
	p.mouse("mouseWheel", at, object{"deltaX": dx, "deltaY": dy, "modifiers": modifiers})
	p.drawn()
}

// pinch moves two fingers apart, or together where by is below 1.
func (p *page) pinch(at point, by float64) {
	p.Helper()
	near, far := 30.0, 30*by
	p.touch("touchStart", point{at.X - near, at.Y}, point{at.X + near, at.Y})
	for i := 1.0; i <= 8; i++ {
		now := near + (far-near)*i/8
		p.touch("touchMove", point{at.X - now, at.Y}, point{at.X + now, at.Y})
		p.drawn()
	}
	p.touch("touchEnd")
}

// between returns n points from a to b, both among them.
func between(a, b point, n int) []point {
	all := make([]point, n)
	for i := range all {
		part := float64(i) / float64(n-1)
		all[i] = point{a.X + (b.X-a.X)*part, a.Y + (b.Y-a.Y)*part}
	}
	return all
}

// instant is a time of the page's scripts, in microseconds since 1970.
func instant(at int64) time.Time { return time.UnixMicro(at).UTC() }
