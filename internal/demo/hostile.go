package demo

import (
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// hostile is what is made to break a page. Empty texts change nothing.
type hostile struct {
	app, title, address string
	word                string       // is read in the picture, below what is there
	times               int          // how often; 0 means once
	boxes               []jarvis.Box // of the word, in turn
}

// hostileDevice is a device whose name is no name.
const hostileDevice = `<img src=x onerror="window.hacked=1">@` + "\u202Egnirts\u202C"

const (
	script = `<script>window.hacked=1</script>`
	breaks = `"'><svg onload=window.hacked=1>`
)

// hostiles are of one capture each.
var hostiles = [...]hostile{
	{word: script, title: script, app: script, address: "javascript:window.hacked=1"},
	{word: breaks, title: breaks, app: breaks, address: "data:text/html," + script},
	{word: `</script>` + script + `<!--`, title: `</title>` + script, address: `https://example.org/"onclick="window.hacked=1`},
	{word: "{{constructor.constructor('window.hacked=1')()}}", title: "${window.hacked=1}", address: "https://example.org/?q=%3Cscript%3E"},
	{word: "\u202Eexe.gpj\u202C", title: "invoice\u202Efdp.exe", app: "\u2066\u2067Web\u2069", address: "https://example.org/\u202Egro.elpmaxe"},
	{word: strings.Repeat("A", 100<<10), title: strings.Repeat("W", jarvis.MaxTitle), app: strings.Repeat("M", jarvis.MaxTitle), address: "https://example.org/" + strings.Repeat("a", jarvis.MaxURL)},
	{word: "Z" + strings.Repeat("\u0351\u036B\u0321", 500), title: "Z" + strings.Repeat("\u0351\u036B\u0321", 300)},
	{word: "line\u2028break\u2029\u0085", title: "a\nb\tc\x1b[31md\x07", app: " \t "},
	{word: "word", times: 20_000, title: "20,000 words"},
	{word: "outside", title: "words beyond the picture", boxes: []jarvis.Box{{X: 5000, Y: 5000, Width: 90, Height: 20}, {X: 1800, Y: 1000, Width: 9000, Height: 9000}}, times: 2},
	{word: "nothing", title: "words without a size", boxes: []jarvis.Box{{}, {X: 10, Y: 10}, {X: 0, Y: 0, Width: 1, Height: 1080}}, times: 3},
	{word: "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466", title: "مرحبا " + script + " עולם", app: "ﷺ"},
}

// hostile plans the hostile captures, in the forenoon of the first day.
func (p *planner) hostile() {
	p.machines = append(p.machines, machine{name: hostileDevice})
	p.result.Devices = append(p.result.Devices, Device{Name: hostileDevice, Monitors: []Monitor{{0, 1920, 1080}}, Offline: true})
	at := p.result.Days[p.first].From.Add(10 * time.Hour)
	for i := range hostiles {
		if at.Add(time.Duration(i) * time.Minute).After(p.End) {
			break
		}
		p.moments = append(p.moments, moment{
			at: at.Add(time.Duration(i) * time.Minute), machine: len(p.machines) - 1, hostile: i + 1,
			view: view{screen: screen{1920, 1080, 1, i%2 == 1}, app: appWeb, story: i % len(pages), step: i, plant: plant{KnownHostile, hostileText}},
		})
	}
}

// apply makes a capture hostile.
func (h hostile) apply(s *jarvis.Submission, r *jarvis.Reading) {
	for to, text := range map[*string]string{&s.AppName: h.app, &s.WindowTitle: h.title, &s.URL: h.address} {
		if text != "" {
			*to = text
		}
	}
	var text strings.Builder
	text.WriteString(r.Text + "\n\n")
	words := append([]jarvis.Word(nil), r.Words...)
	for i := range max(h.times, 1) {
		box := jarvis.Box{X: 300 + 70*(i%20), Y: 950 - 6*(i/20%120), Width: 60, Height: 20}
		if len(h.boxes) > 0 {
			box = h.boxes[i%len(h.boxes)]
		}
		start := text.Len()
		text.WriteString(h.word)
		words = append(words, jarvis.Word{Start: start, End: text.Len(), Box: box, Confidence: 50})
		text.WriteString(" ")
	}
	r.Text, r.Words = text.String(), words
}
