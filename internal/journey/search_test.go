package journey

import (
	"math"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/demo"
)

// find searches by typing into the box of the bar.
func (p *page) find(query string) {
	p.Helper()
	p.press("/")
	p.wait("the box to search", `document.activeElement?.name === "q"`)
	p.do("document.activeElement.select()")
	p.write(query)
	p.press(kb.Enter)
	p.wait("the results", `location.pathname === "/search" && document.readyState === "complete" && document.documentElement.dataset.ready === "1" && new URLSearchParams(location.search).get("q") === %s`, query)
}

// TestSearch: from a word to the moment that showed it, with the word boxed, and back.
func TestSearch(t *testing.T) {
	each(t, careful, func(_ *testing.T, p *page) {
		p.visit("/")
		p.rest()
		if p.look.touch {
			p.visit("/search?q=" + url.QueryEscape(shared.fixture.known(p, demo.KnownSession).Query))
		} else {
			p.find(shared.fixture.known(p, demo.KnownSession).Query)
		}
		session := shared.fixture.known(p, demo.KnownSession)
		p.wait("results", `document.querySelector(".result[data-capture]")`)
		p.sound("session")
		if n := value[int](p, `document.querySelectorAll(".result[data-capture]").length`); n != 1 {
			p.Errorf("%d captures of one session make %d cards, want 1", len(session.Hits), n)
		}
		if text := value[string](p, `document.querySelector(".result .seen").textContent`); text == "" {
			p.Error("the card does not say how often it was seen")
		}

		once := shared.fixture.known(p, demo.KnownOnce)
		p.visit("/search?q=" + url.QueryEscape(once.Query))
		p.wait("the one result", `document.querySelectorAll(".result[data-capture]").length === 1`)
		hit := once.Hits[0]
		if id := value[string](p, `document.querySelector(".result").dataset.capture`); id != hit.ID.String() {
			p.Errorf("the result is %s, want %s", id, hit.ID)
		}
		p.wait("its picture", `(() => { const img = document.querySelector(".result .crop img"); return img ? img.complete && img.naturalWidth > 0 : document.querySelector(".result .crop canvas"); })()`)
		p.sound("once")

		p.do("document.querySelector('.result').scrollIntoView({block: 'center'})")
		results := value[string](p, "location.href")
		p.click(".result a[href]")
		p.wait("the frame", `!location.pathname.startsWith("/search") && document.documentElement.dataset.ready === "1"`)
		p.shows(hit.ID.String())
		p.boxed(hit, once)
		p.sound("opened")

		p.press("n")
		p.wait("the next hit", `jarvis.moment.current.capture`)
		p.press(kb.Escape)
		p.wait("no boxes", `!document.querySelector("#frame .highlights .highlight")`)
		p.do("history.back()")
		p.wait("the results again", `location.href === %s && document.querySelector(".result[data-capture]")`, results)
	})
}

// boxed checks that the boxes of a hit are where the words are, within 2 px.
func (p *page) boxed(hit demo.Hit, known demo.Known) {
	p.Helper()
	p.wait("boxes", `document.querySelector("#frame .highlights .highlight")`)
	boxes := value[[]box](p, `(() => {
		const img = document.querySelector("#frame img.frame-image").getBoundingClientRect();
		const c = jarvis.moment.current.capture, scale = c.width / img.width;
		return [...document.querySelectorAll("#frame .highlights .highlight")].map(e => e.getBoundingClientRect()).map(r => ({X: (r.x - img.x) * scale, Y: (r.y - img.y) * scale, Width: r.width * scale, Height: r.height * scale}));
	})()`)
	all := union(hit.Boxes)
	var drawn box
	for i, b := range boxes {
		if i == 0 {
			drawn = b
			continue
		}
		right, bottom := max(drawn.X+drawn.Width, b.X+b.Width), max(drawn.Y+drawn.Height, b.Y+b.Height)
		drawn.X, drawn.Y = min(drawn.X, b.X), min(drawn.Y, b.Y)
		drawn.Width, drawn.Height = right-drawn.X, bottom-drawn.Y
	}
	for _, off := range []float64{drawn.X - all.X, drawn.Y - all.Y, drawn.X + drawn.Width - all.X - all.Width, drawn.Y + drawn.Height - all.Y - all.Height} {
		if math.Abs(off) > 2.01 {
			p.Errorf("the boxes of %q are at %v, want %v within 2 px: %v", known.Query, drawn, all, boxes)
			return
		}
	}
}

func union(boxes []jarvis.Box) box {
	first := boxes[0]
	left, top, right, bottom := first.X, first.Y, first.X+first.Width, first.Y+first.Height
	for _, b := range boxes[1:] {
		left, top, right, bottom = min(left, b.X), min(top, b.Y), max(right, b.X+b.Width), max(bottom, b.Y+b.Height)
	}
	return box{float64(left), float64(top), float64(right - left), float64(bottom - top)}
}

// TestNothingFound: the query that finds nothing is repaired by one click.
func TestNothingFound(t *testing.T) {
	each(t, usual, func(_ *testing.T, p *page) {
		word := shared.fixture.known(p, demo.KnownOnce).Query
		p.visit("/search?q=" + url.QueryEscape(word+" app:Nosuchapp"))
		p.wait("why", `document.querySelector(".zero")`)
		p.sound("nothing")
		if n := value[int](p, `document.querySelectorAll(".result").length`); n != 0 {
			p.Errorf("%d results beside the page that says there are none", n)
		}
		p.click(".zero a[href^='/search']")
		p.wait("results", `document.readyState === "complete" && document.documentElement.dataset.ready === "1" && document.querySelector(".result[data-capture]")`)
		p.sound("repaired")
	})
}

// TestSearchOthers: Japanese, titles, addresses, and chips that go by a click.
func TestSearchOthers(t *testing.T) {
	p := browse(t, laptop)
	for _, kind := range []demo.KnownKind{demo.KnownJapanese, demo.KnownTitle, demo.KnownURL, demo.KnownSessions} {
		query := shared.fixture.known(p, kind).Query
		if kind == demo.KnownURL {
			query = "url:" + query
		}
		p.visit("/search?q=" + url.QueryEscape(query))
		p.wait("results for the "+string(kind), `document.querySelector(".result[data-capture]")`)
		p.sound(string(kind))
	}
	known := shared.fixture.known(p, demo.KnownSessions)
	p.visit("/search?q=" + url.QueryEscape(known.Query+" device:"+known.Hits[0].Device))
	p.wait("chips", `document.querySelector(".chip")`)
	p.sound("chips")
	p.click(".chip a[href], a.chip[href], button.chip, .chip button")
	p.wait("the query without it", `document.readyState === "complete" && !(new URLSearchParams(location.search).get("q") ?? "").includes("device:")`)
}
