package journey

import (
	"slices"
	"testing"
	"time"
)

// TestPlay: playing stays on one monitor, passes gaps with a card, and never tears.
func TestPlay(t *testing.T) {
	each(t, usual, func(_ *testing.T, p *page) {
		device, monitor, all := p.busiest()
		// A minute of captures before the first long gap.
		start := slices.IndexFunc(all[:len(all)-1], func(c capture) bool {
			i := slices.Index(all, c)
			return all[i+1].Timestamp.Sub(c.Timestamp) > 10*time.Minute
		})
		if start < 0 {
			p.Fatal("the busiest monitor has no gap")
		}
		p.visitMoment(all[max(0, start-6)].Timestamp, device.Name, monitor)
		p.do(follow)
		p.do(`seen.cards = 0; new MutationObserver(() => { if (document.querySelector("#frame .card:not([hidden])")) seen.cards++; }).observe(document.querySelector("#frame"), {subtree: true, childList: true, attributes: true})`)
		p.press(" ")
		p.wait("playing", `document.querySelector("#play")?.getAttribute("aria-pressed") === "true"`)
		for range 4 {
			p.press(">")
		}
		p.wait("a gap to be passed, and more", `seen.cards > 0 && seen.changes.filter(c => Date.parse(c.at) > %s).length >= 5`, all[start].Timestamp.UnixMilli())
		p.shot("playing")
		p.press(" ")
		p.wait("rest", `document.querySelector("#play").getAttribute("aria-pressed") === "false"`)
		p.rest()
		for _, torn := range value[[]string](p, "seen.torn") {
			p.Errorf("a change of several parts: %s", torn)
		}
		if shown := value[[]string](p, `[...new Set(seen.changes.map(c => c.device + " " + c.monitor))]`); len(shown) != 1 {
			p.Errorf("playing showed several monitors: %v", shown)
		}
		if !value[bool](p, `seen.changes.every((c, i) => i === 0 || Date.parse(c.at) >= Date.parse(seen.changes[i - 1].at))`) {
			p.Error("playing went back in time")
		}
		p.sound("played")
	})
}
