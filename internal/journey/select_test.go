package journey

import (
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis/internal/demo"
)

// word is a piece of a text and where it is on the picture.
type word struct {
	Text       string
	Start, End int
	Box        struct{ X, Y, Width, Height float64 }
	Masked     bool
}

// TestSelect: two lines, selected with the mouse, are copied as they are read, at any
// zoom.
func TestSelect(t *testing.T) {
	each(t, careful, func(_ *testing.T, p *page) {
		hit := shared.fixture.known(p, demo.KnownSession).Hits[0]
		p.visitMoment(hit.At, hit.Device, hit.Monitor)
		p.shows(hit.ID.String())
		p.wait("its text", `document.querySelector("#frame .text-layer .text-word")`)
		first, last, want := p.twoLines(hit.ID.String())
		for _, zoom := range []struct {
			name  string
			scale float64
		}{{"100", 1}, {"200", 2}} {
			middle := value[point](p, `(() => { const r = jarvis.viewer.stage.getBoundingClientRect(); return {X: r.x + r.width / 2, Y: r.y + r.height / 2}; })()`)
			p.do(`jarvis.viewer.zoomTo(%s, %s, %s)`, zoom.scale, middle.X, middle.Y)
			p.do(`jarvis.viewer.reveal({x: %s, y: %s, width: 10, height: 10})`, first.Box.X, first.Box.Y)
			p.drawn()
			p.do("getSelection().removeAllRanges()")
			from, to := p.onScreen(first, 0.02), p.onScreen(last, 0.98)
			if !p.visible(from) || !p.visible(to) {
				// A narrow window shows no whole line at this zoom: then by the keyboard.
				p.selectBetween(first, last)
			} else {
				p.byMouse(from, to)
			}
			got := value[string](p, "getSelection().toString()")
			if strings.TrimRight(got, "\n") != want {
				p.Errorf("at %s%% the selection is %q, want %q", zoom.name, got, want)
			}
			p.do(`document.execCommand("copy")`)
			if copied := value[string](p, "navigator.clipboard.readText()"); strings.TrimRight(copied, "\n") != want {
				p.Errorf("at %s%% the clipboard has %q, want %q", zoom.name, copied, want)
			}
			p.sound("selected at " + zoom.name)
		}
	})
}

// twoLines returns the first word of a line, the last of the next one, and the text
// from one to the other. Both lines have several words.
func (p *page) twoLines(id string) (first, last word, text string) {
	p.Helper()
	type reading struct {
		Text  string
		Words []word
	}
	r := value[reading](p, `fetch("/api/captures/" + %s + "/text").then(r => r.json()).then(t => ({Text: t.text, Words: t.words.map(w => ({Text: w.text, Start: w.start, End: w.end, Box: w.box, Masked: w.masked}))}))`, id)
	starts := 0
	for line := range strings.SplitSeq(r.Text, "\n") {
		end := starts + len(line)
		if next, _, ok := strings.Cut(r.Text[min(end+1, len(r.Text)):], "\n"); ok && strings.Count(line, " ") >= 2 && strings.Count(next, " ") >= 2 {
			var found []word
			for _, w := range r.Words {
				if w.Start >= starts && w.End <= end+1+len(next) {
					found = append(found, w)
				}
			}
			if n := len(found); n > 4 && found[n-1].Box.Y < found[0].Box.Y+5*found[0].Box.Height && found[n-1].Box.Y > found[0].Box.Y {
				return found[0], found[n-1], r.Text[found[0].Start:found[n-1].End]
			}
		}
		starts = end + 1
	}
	p.Fatalf("the capture %s has no two lines that follow each other: %q", id, r.Text)
	return first, last, ""
}

// onScreen returns a place in a word, in parts of its width.
func (p *page) onScreen(w word, part float64) point {
	p.Helper()
	return value[point](p, `(() => {
		const img = document.querySelector("#frame img.frame-image").getBoundingClientRect(), scale = img.width / jarvis.moment.current.capture.width;
		return {X: img.x + %s * scale, Y: img.y + %s * scale};
	})()`, w.Box.X+w.Box.Width*part, w.Box.Y+w.Box.Height/2)
}

// visible reports whether a place is in the frame and the window.
func (p *page) visible(at point) bool {
	p.Helper()
	return value[bool](p, `document.elementFromPoint(%s, %s)?.closest("#frame") != null`, at.X, at.Y)
}

func (p *page) byMouse(from, to point) {
	p.Helper()
	p.mouse("mouseMoved", from, nil)
	p.mouse("mousePressed", from, object{"button": "left", "buttons": 1, "clickCount": 1})
	for _, at := range between(from, to, 12) {
		p.mouse("mouseMoved", at, object{"button": "left", "buttons": 1})
	}
	p.mouse("mouseReleased", to, object{"button": "left", "clickCount": 1})
}

// selectBetween selects from the start of a word to the end of another.
func (p *page) selectBetween(first, last word) {
	p.Helper()
	p.do(`(() => {
		const words = [...document.querySelectorAll("#frame .text-layer .text-word")];
		const a = words.findIndex(w => w.textContent.startsWith(%s)), b = words.findIndex((w, i) => i > a && w.textContent.startsWith(%s));
		getSelection().setBaseAndExtent(words[a].firstChild, 0, words[b].firstChild, %s);
	})()`, first.Text, last.Text, len([]rune(last.Text)))
}
