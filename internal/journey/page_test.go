package journey

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// look is how somebody looks at pages.
type look struct {
	name          string
	width, height int
	dark, touch   bool
}

var (
	laptop  = look{name: "laptop", width: 1440, height: 900}
	phone   = look{name: "phone", width: 390, height: 844, dark: true, touch: true}
	tablet  = look{name: "tablet", width: 768, height: 1024, touch: true}
	ultra   = look{name: "4k", width: 3840, height: 2160, dark: true}
	usual   = []look{laptop, phone}
	careful = []look{laptop, phone, tablet, ultra}
)

// page is a tab in a profile of its own, without a session at first.
type page struct {
	testing.TB
	*watch
	server *server
	look   look
	target *chromedp.Target
	name   string // of its screenshots
}

// object is one of JSON.
type object = map[string]any

// early runs in every document before its own scripts: it keeps what only events tell.
const early = `
window.seen = {reports: [], shift: 0, shifted: [], tasks: []};
performance.setResourceTimingBufferSize(100000);
seen.ids = () => {
	const of = selector => document.querySelector(selector)?.dataset.capture ?? null;
	return {caption: of("#caption"), frame: of("#frame"), text: of("#frame .text-layer"), boxes: of("#frame .highlights"), moment: jarvis.moment?.current?.capture?.id ?? null};
};
seen.same = () => document.querySelector("#frame .text-layer") !== null && new Set(Object.values(seen.ids()).filter(id => id !== null)).size === 1;
seen.picture = () => { const img = document.querySelector("#frame img.frame-image"); return img !== null && img.complete && img.naturalWidth > 0; };

document.addEventListener("securitypolicyviolation", e => seen.reports.push(e.violatedDirective + " " + e.blockedURI + " " + e.sourceFile + ":" + e.lineNumber));
new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) {
	seen.shift += e.value;
	seen.shifted.push(e.sources.map(s => (s.node?.id || s.node?.className || s.node?.nodeName) + " " + JSON.stringify(s.previousRect) + " to " + JSON.stringify(s.currentRect)).join("; "));
} }).observe({type: "layout-shift", buffered: true});
new PerformanceObserver(list => { for (const e of list.getEntries()) seen.tasks.push({from: e.startTime, length: e.duration}); }).observe({type: "longtask", buffered: true});
`

// open opens a tab.
func open(t testing.TB, s *server, l look) *page {
	t.Helper()
	shared.chromium.start(t)
	p := &page{TB: t, watch: newWatch(s.url), server: s, look: l, name: strings.ReplaceAll(strings.TrimPrefix(t.Name(), "Test"), "/", "-")}
	tab := shared.chromium.tab(t, p.see)
	p.target = tab.Target
	p.show(l)
	p.call("Page.addScriptToEvaluateOnNewDocument", object{"source": early})
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		params := object{"permission": object{"name": name}, "setting": "granted", "browserContextId": tab.BrowserContextID}
		if err := tab.Browser.Call(t.Context(), "Browser.setPermission", params, nil); err != nil {
			t.Fatalf("permit %s: %v", name, err)
		}
	}
	t.Cleanup(func() { p.report(t) })
	return p
}

// show makes the tab as large and as dark as l says.
func (p *page) show(l look) {
	p.Helper()
	p.call("Emulation.setDeviceMetricsOverride", object{"width": l.width, "height": l.height, "deviceScaleFactor": 1, "mobile": l.touch})
	p.call("Emulation.setTouchEmulationEnabled", object{"enabled": l.touch, "maxTouchPoints": 5})
	p.media(object{})
}

// media emulates media features beside the look's own.
func (p *page) media(more object) {
	p.Helper()
	scheme := "light"
	if p.look.dark {
		scheme = "dark"
	}
	features := []object{{"name": "prefers-color-scheme", "value": scheme}}
	for name, value := range more {
		features = append(features, object{"name": name, "value": value})
	}
	p.call("Emulation.setEmulatedMedia", object{"features": features})
}

// call calls a method of the tab's protocol.
func (p *page) call(method string, params object) {
	p.Helper()
	p.ask(method, params, nil)
}

func (p *page) ask(method string, params object, answer any) {
	p.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.Context()), patience)
	defer cancel()
	if err := p.target.Call(ctx, method, params, answer); err != nil {
		p.Fatalf("%s: %v", method, err)
	}
}

// run evaluates an expression, waits for it where it is a promise, and returns its
// value as JSON.
func (p *page) run(expression string) (json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.Context()), patience)
	defer cancel()
	var answer struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		ExceptionDetails *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	err := p.target.Call(ctx, "Runtime.evaluate", object{
		"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
	}, &answer)
	if err == nil && answer.ExceptionDetails != nil {
		err = fmt.Errorf("%s %s", answer.ExceptionDetails.Text, answer.ExceptionDetails.Exception.Description)
	}
	return answer.Result.Value, err
}

// value returns what an expression is in the page, which must not be undefined.
func value[T any](p *page, expression string, args ...any) T {
	p.Helper()
	var v T
	expression = script(expression, args...)
	text, err := p.run(expression)
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		p.shot("failed")
		p.Fatalf("%s: %v", expression, err)
	}
	return v
}

// do evaluates an expression whose value does not matter.
func (p *page) do(expression string, args ...any) {
	p.Helper()
	expression = script(expression, args...)
	if _, err := p.run(expression); err != nil {
		p.shot("failed")
		p.Fatalf("%s: %v", expression, err)
	}
}

// script puts values into an expression, in place of %s, as JavaScript writes them.
func script(expression string, args ...any) string {
	literals := make([]any, len(args))
	for i, arg := range args {
		text, err := json.Marshal(arg)
		if err != nil {
			panic(err) // a test that passes what is no JSON
		}
		literals[i] = string(text)
	}
	if len(args) == 0 {
		return expression
	}
	return fmt.Sprintf(expression, literals...)
}

// wait waits until an expression is true. What fails while a page is left or not yet
// there is not true yet.
func (p *page) wait(what, expression string, args ...any) {
	p.Helper()
	expression = script(expression, args...)
	deadline := time.Now().Add(patience)
	var last string
	for tick := time.NewTicker(40 * time.Millisecond); ; <-tick.C {
		text, err := p.run("Promise.resolve(" + expression + ").then(Boolean)")
		if err == nil && string(text) == "true" {
			tick.Stop()
			return
		}
		if last = string(text); err != nil {
			last = err.Error()
		}
		if time.Now().After(deadline) {
			p.shot("failed")
			p.Fatalf("%s never came: %s is %s\n%s", what, expression, last, p.state())
		}
	}
}

// state describes the page for a message.
func (p *page) state() string {
	text, err := p.run(`location.pathname + location.search + "\n" + document.documentElement.dataset.ready + "\n" + document.body?.innerText.slice(0, 600)`)
	if err != nil {
		return err.Error()
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err.Error()
	}
	return s
}

// visit goes to an address of the server and waits until its page can be used.
func (p *page) visit(path string) {
	p.Helper()
	p.navigate(path)
	p.ready()
}

func (p *page) navigate(path string) {
	p.Helper()
	var answer struct {
		ErrorText string `json:"errorText"`
	}
	p.ask("Page.navigate", object{"url": p.server.url + path}, &answer)
	if answer.ErrorText != "" && answer.ErrorText != "net::ERR_ABORTED" {
		p.Fatalf("go to %s: %s", path, answer.ErrorText)
	}
}

func (p *page) ready() {
	p.Helper()
	p.wait("a page that can be used", `document.readyState === "complete" && document.documentElement.dataset.ready === "1"`)
}

// signIn signs in by a printed link, as a person does.
func (p *page) signIn() *page {
	p.Helper()
	link := p.server.link(p)
	p.navigate(strings.TrimPrefix(link, p.server.url))
	p.wait("the form", `document.querySelector("form button[type=submit], form button:not([type])") && (document.querySelector("#linked:not([hidden])") || document.querySelector("input[name=secret]").value)`)
	p.click("form input[name=own]")
	p.click("form[action='/sign-in'] button")
	p.wait("the page after signing in", `document.readyState === "complete" && !document.querySelector("input[name=secret]")`)
	return p
}

//go:embed testdata/axe/axe.min.js
var axe string

// barrier is a finding of axe.
type barrier struct {
	ID, Impact, Help string
	Nodes            []string
}

// sound checks what every page must be at any time, and takes a screenshot.
func (p *page) sound(state string) {
	p.Helper()
	p.shot(state)
	p.report(p)
	for _, report := range value[[]string](p, "seen.reports") {
		p.Errorf("%s: the page broke its policy: %s", state, report)
	}
	p.do("seen.reports = []")
	if over := value[int](p, "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"); over > 0 {
		p.Errorf("%s: the page scrolls %d px sideways: %v", state, over, value[[]string](p, wide))
	}
	if value[string](p, "typeof axe") == "undefined" {
		p.do(axe + ";0")
	}
	for _, b := range value[[]barrier](p, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => ({id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.slice(0, 5).map(n => n.target.join(" ") + " " + n.html.slice(0, 160) + " " + n.any.map(a => a.message).join("; ").slice(0, 200))})))`) {
		p.Errorf("%s: a %s barrier, %s: %s\n  %s", state, b.Impact, b.ID, b.Help, strings.Join(b.Nodes, "\n  "))
	}
}

// wide lists what reaches beyond the right side.
const wide = `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > document.scrollingElement.clientWidth + 1).slice(0, 5)
	.map(e => e.tagName + "#" + e.id + "." + e.className)`

// shot takes a screenshot.
func (p *page) shot(state string) {
	p.Helper()
	folder := os.Getenv("JARVIS_SCREENSHOTS")
	if folder == "" {
		folder = p.ArtifactDir()
	}
	var answer struct {
		Data string `json:"data"`
	}
	p.ask("Page.captureScreenshot", object{"format": "png"}, &answer)
	data, err := base64.StdEncoding.DecodeString(answer.Data)
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, p.name+"-"+strings.ReplaceAll(state, " ", "-")+".png"), data, 0o644)
	}
	if err != nil {
		p.Errorf("keep the screenshot: %v", err)
	}
}
