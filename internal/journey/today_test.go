package journey

import (
	"slices"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// Budgets of opening a day, in bytes on the wire, with their headers.
const (
	maxHTML     = 30 << 10
	maxStyle    = 25 << 10
	maxScript   = 60 << 10
	maxRequests = 12 // up to the first frame
	maxShift    = 0.02
)

// TestToday: the newest moment, within the budgets.
func TestToday(t *testing.T) {
	each(t, careful, func(_ *testing.T, p *page) {
		p.call("Network.clearBrowserCache", object{})
		before := p.count()
		p.visit("/")
		p.rest()
		first := value[float64](p, `performance.getEntriesByType("resource").filter(e => e.initiatorType === "img" && e.name.includes("/fit")).map(e => e.responseEnd)[0] ?? 0`)
		if first == 0 {
			p.Error("the first frame is no part of the page")
		}
		if n := value[int](p, `1 + performance.getEntriesByType("resource").filter(e => e.startTime < %s).length`, first); n > maxRequests {
			p.Errorf("%d requests up to the first frame, want at most %d: %v", n, maxRequests, value[[]string](p, `performance.getEntriesByType("resource").map(e => e.name)`))
		}
		sizes := make(map[network.ResourceType]int)
		early := value[[]string](p, `performance.getEntriesByType("resource").filter(e => e.startTime < %s).map(e => e.name)`, first)
		all := 0
		for _, r := range p.sent(before) {
			if r.kind == network.ResourceTypeScript {
				all += r.size
				if !slices.Contains(early, r.address.String()) {
					continue // it is imported once the first frame is there
				}
			}
			sizes[r.kind] += r.size
		}
		p.Logf("bytes: %v; of all scripts %d", sizes, all)
		for kind, limit := range map[network.ResourceType]int{network.ResourceTypeDocument: maxHTML, network.ResourceTypeStylesheet: maxStyle, network.ResourceTypeScript: maxScript} {
			if sizes[kind] > limit {
				p.Errorf("%s: %d bytes, want at most %d", kind, sizes[kind], limit)
			}
		}
		p.settled()
		if shift := value[float64](p, "seen.shift"); shift > maxShift {
			p.Errorf("the layout shifted by %.3f, want at most %.2f: %v", shift, maxShift, value[[]string](p, "seen.shifted"))
		}
		if p.look == laptop {
			p.covers("with the strip", 0.50)
			p.do(`document.querySelector("#strip").hidden = true`)
			p.drawn()
			p.covers("alone", 0.65)
			p.do(`document.querySelector("#strip").hidden = false`)
			p.drawn()
		}
		for _, part := range []string{"date", "time", "zone", "device", "monitor", "app", "title"} {
			if value[string](p, `document.querySelector("#caption [data-part=" + %s + "]")?.textContent.trim() ?? ""`, part) == "" {
				p.Errorf("the caption does not say the %s", part)
			}
		}
		if title := value[string](p, "document.title"); title == "" {
			p.Error("the page has no title")
		}
		p.sound("today")
	})
}

// covers fails unless the picture covers a part of the window.
func (p *page) covers(state string, least float64) {
	p.Helper()
	b := p.boxOf("#frame img.frame-image")
	if part := b.Width * b.Height / float64(p.look.width*p.look.height); part < least {
		p.Errorf("%s, the picture (%s) covers %.0f%% of the window, want %.0f%%", state, b, 100*part, 100*least)
	}
}
