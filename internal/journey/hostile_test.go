package journey

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis/internal/demo"
)

// TestHostile: what is on a screen, in a title, an address or a device's name is shown
// as text, runs nothing, and leaves the page in shape.
func TestHostile(t *testing.T) {
	each(t, usual, func(_ *testing.T, p *page) {
		known := shared.fixture.known(p, demo.KnownHostile)
		for i, hit := range known.Hits {
			p.visitMoment(hit.At, hit.Device, hit.Monitor)
			p.shows(hit.ID.String())
			p.wait("its text", `["ready", "read"].includes(document.querySelector("#frame .text-layer").dataset.state) || document.querySelector("#frame .text-layer .text-word")`)
			p.harmless()
			if title := p.current().Title; title != "" {
				if shown := value[string](p, `document.querySelector("#caption [data-part=title]").textContent`); shown != title {
					p.Errorf("the caption says %q for the title %q", shown, title)
				}
			}
			if i < 3 {
				p.sound("frame " + string(rune('a'+i)))
			} else {
				p.inShape()
			}
		}
		if p.look == laptop {
			p.click("#panel-toggle")
		} else {
			p.click("nav.bottom [data-for=panel-toggle]")
		}
		p.wait("the panel", `!document.querySelector("#panel").hidden && document.querySelector("#panel").innerText.length > 0`)
		p.harmless()
		p.sound("panel")
		p.visit("/search?q=" + url.QueryEscape(known.Query))
		p.wait("results", `document.querySelector(".result[data-capture]")`)
		p.harmless()
		p.sound("results")
		p.visit("/search?q=" + url.QueryEscape(`"><img src=x onerror=seen.run=1> <script>seen.run=1</script> nothing`))
		p.harmless()
		p.sound("query")
	})
}

// harmless fails when something of a capture became a part of the page.
func (p *page) harmless() {
	p.Helper()
	if value[bool](p, `"run" in seen || "pwned" in window || document.querySelector("img[src=x], [onerror], [onload], svg [onclick], iframe, object, embed") !== null || document.querySelectorAll("script:not([type='application/json']):not([src^='/static/'])").length > 0`) {
		p.Error("what is on a screen became a part of the page")
	}
	if value[int](p, `document.querySelectorAll("a[href^='javascript:' i], a[href^='data:' i]").length`) > 0 {
		p.Error("an address of a capture became a link that runs")
	}
}

// inShape fails when the page scrolls sideways.
func (p *page) inShape() {
	p.Helper()
	if over := value[int](p, "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"); over > 0 {
		p.Errorf("the page scrolls %d px sideways: %v", over, value[[]string](p, wide))
	}
}

// TestSecret: a secret that was masked is blurred until it is clicked.
func TestSecret(t *testing.T) {
	each(t, usual, func(_ *testing.T, p *page) {
		hit := shared.fixture.known(p, demo.KnownMasked).Hits[0]
		hidden := `getComputedStyle(document.querySelector("#frame img.frame-image")).filter.includes("blur(")`
		p.visitMoment(hit.At.Add(-2*time.Hour), hit.Device, hit.Monitor)
		p.wait("a picture whose secrets are known", "!"+hidden)
		p.do(`(() => {
			const real = window.fetch, held = new Promise((go) => { seen.release = go; });
			window.fetch = async (to, ...rest) => { if (String(to.url ?? to).includes("/text")) await held; return real(to, ...rest); };
			void jarvis.moment.go({id: ` + strconv.Quote(hit.ID.String()) + `});
		})()`)
		p.shows(hit.ID.String())
		if !value[bool](p, hidden) {
			p.Error("the picture is sharp before its secrets are known")
		}
		p.do(`seen.release()`)
		p.wait("the picture with its secrets blurred", `document.querySelector("#frame .mask[aria-pressed=false]") && !`+hidden)
		p.visitMoment(hit.At, hit.Device, hit.Monitor)
		p.shows(hit.ID.String())
		p.wait("its text", `document.querySelector("#frame .text-layer").dataset.state === "ready"`)
		if n := value[int](p, `fetch("/api/captures/" + %s + "/text").then(r => r.json()).then(t => t.words.filter(w => w.masked).length)`, hit.ID.String()); n == 0 {
			p.Fatal("the capture has no secret")
		}
		p.wait("the blurred secret", `document.querySelector("#frame .mask[aria-pressed=false]")`)
		p.sound("blurred")
		if filter := value[string](p, `getComputedStyle(document.querySelector("#frame .mask")).backdropFilter`); !strings.HasPrefix(filter, "blur(") {
			p.Error("nothing covers the secret")
		}
		if p.look.touch {
			p.do(`document.querySelector("#frame .mask").click()`) // narrower than a finger when the whole screen is shown
		} else {
			p.click("#frame .mask")
		}
		p.wait("the secret", `document.querySelector("#frame .mask[aria-pressed=true]")`)
		p.shot("shown")
	})
}
