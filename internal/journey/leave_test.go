package journey

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// TestSignOut: nothing private stays in the window, nor comes back.
func TestSignOut(t *testing.T) {
	each(t, usual, func(_ *testing.T, p *page) {
		device, monitor, all := p.busiest()
		p.visitMoment(all[0].Timestamp, device.Name, monitor)
		p.expect("status 401") // what the page still asked for
		p.do(`(() => { const f = document.createElement("form"); f.method = "post"; f.action = "/sign-out"; document.body.append(f); f.submit(); })()`)
		p.wait("the way in", `location.pathname === "/sign-in" && document.readyState === "complete"`)
		p.sound("signed out")
		p.navigate("/")
		p.wait("the way in again", `location.pathname === "/sign-in" && document.readyState === "complete"`)
		p.do("history.go(-2)")
		p.wait("no picture from before", `document.readyState === "complete" && !document.querySelector("#frame img.frame-image") && !document.body.innerText.includes(%s)`, device.Name)
	})
}

// TestDeepLink: a link to a moment asks to sign in first, shows nothing, and leads on.
func TestDeepLink(t *testing.T) {
	p := browse(t, laptop)
	_, _, all := p.busiest()
	stranger := open(t, p.server, laptop)
	stranger.navigate("/frame/" + all[1].ID)
	stranger.wait("the way in", `location.pathname === "/sign-in" && document.readyState === "complete"`)
	if to := stranger.query("to"); to != "/frame/"+all[1].ID {
		stranger.Errorf("signing in leads to %q", to)
	}
	for _, r := range stranger.sent(0) {
		if r.kind == "Image" && r.address.Path != "/static/icon.svg" && r.address.Scheme != "data" {
			stranger.Errorf("a stranger was sent %s", r.address.Path)
		}
	}
	p.visit("/frame/" + all[1].ID)
	p.shows(all[1].ID)
	p.navigate("/at/" + all[4].Timestamp.UTC().Format("2006-01-02T15:04:05.000000Z"))
	p.ready()
	p.rest()
}

// TestDelete: one capture is deleted after it was confirmed and nobody undid it.
func TestDelete(t *testing.T) {
	p := browse(t, laptop)
	device, monitor, all := p.busiest()
	victim := all[len(all)-4]
	p.visitMoment(victim.Timestamp, device.Name, monitor)
	p.press(kb.Delete)
	p.wait("the question", `[...document.querySelectorAll("#frame button, dialog button, .confirm button, .popover button")].some(b => /^delete/i.test(b.innerText.trim()))`)
	p.sound("asked")
	if n := p.deletions(); n != 0 {
		p.Errorf("%d captures were deleted before it was confirmed", n)
	}
	confirm := `[...document.querySelectorAll("#frame button, dialog button, .confirm button, .popover button")].findLast(b => /^delete/i.test(b.innerText.trim())).click()`
	p.do(confirm)
	p.wait("the way back", `[...document.querySelectorAll("#notices button")].some(b => /undo/i.test(b.innerText))`)
	p.sound("deleted")
	p.do(`[...document.querySelectorAll("#notices button")].find(b => /undo/i.test(b.innerText)).click()`)
	p.wait("no notice", `![...document.querySelectorAll("#notices button")].some(b => /undo/i.test(b.innerText))`)
	p.visitMoment(victim.Timestamp, device.Name, monitor)
	p.shows(victim.ID)
	if n := p.deletions(); n != 0 {
		p.Errorf("%d captures were deleted although it was undone", n)
	}

	p.press(kb.Delete)
	p.wait("the question", `[...document.querySelectorAll("#frame button, dialog button, .confirm button, .popover button")].some(b => /^delete/i.test(b.innerText.trim()))`)
	p.do(confirm)
	p.expect("/api/captures/" + victim.ID)
	p.wait("the deletion", `fetch("/api/captures/" + %s).then(r => r.status === 404 || r.status === 410)`, victim.ID)
	p.shot("gone")
	if n := p.deletions(); n != 1 {
		p.Errorf("%d captures were deleted, want 1", n)
	}
	p.do(`jarvis.moment.go({id: %s}, {jump: true})?.catch?.(() => {})`, all[0].ID)
	p.shows(all[0].ID)
}

// deletions returns how many deletions the page asked for.
func (p *page) deletions() int {
	p.Helper()
	n := 0
	for _, r := range p.sent(0) {
		if r.method == "DELETE" {
			n++
		}
	}
	return n
}
