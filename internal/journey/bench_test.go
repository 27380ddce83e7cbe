package journey

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/jarvis-memory/jarvis/internal/demo"
)

// large are the days on which the pages are measured: three devices, five monitors, and
// 6,000 captures of each device a day.
var large = demo.Options{Days: 2, Devices: 3, Monitors: 5, PerDay: 6000, ClockChange: true, Seed: 6}

// measured is a row of the table.
type measured struct {
	what        string
	values      []float64 // of one unit
	unit        string
	most, least float64 // what p95 may be, or what the least must be; 0 for no such limit
}

// clock runs in every document: it knows when a wish was made, and when its picture
// was on the screen.
const clock = `
seen.latencies = []; seen.drawn = []; seen.inputs = [];
seen.since = 0;
addEventListener("keydown", e => { seen.since = e.timeStamp; }, true);
new PerformanceObserver(list => { for (const e of list.getEntries()) seen.largest = e.startTime; }).observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver(list => { for (const e of list.getEntries()) seen.inputs.push(e.processingStart - e.startTime); }).observe({type: "event", durationThreshold: 16, buffered: true});
seen.follow = () => jarvis.moment.addEventListener("change", () => requestAnimationFrame(() => {
	const channel = new MessageChannel(); // which comes after the frame was painted
	channel.port1.onmessage = () => { seen.latencies.push(performance.now() - seen.since); };
	channel.port2.postMessage(0);
}));
const draw = CanvasRenderingContext2D.prototype.drawImage;
CanvasRenderingContext2D.prototype.drawImage = function (image, ...place) {
	if (this.canvas.matches("#frame canvas")) {
		const what = (image.src ?? image.width) + " " + place.slice(0, 4).join();
		if (seen.last !== what) seen.drawn.push(performance.now());
		seen.last = what;
	}
	return draw.call(this, image, ...place);
};
`

// BenchmarkPages measures the budgets and the latencies of the pages in Chromium, on
// days as large as they may be, and writes them beside their limits to the file that
// JARVIS_BENCH_WEB names.
func BenchmarkPages(b *testing.B) {
	shared.chromium.start(b)
	f := &shared.fixture
	began := time.Now()
	f.once.Do(func() { f.err = f.make(b.Context(), large) })
	if f.err != nil {
		b.Fatal(f.err)
	}
	filled := time.Since(began)
	for b.Loop() {
		p := open(b, f.server, laptop)
		p.call("Page.addScriptToEvaluateOnNewDocument", object{"source": clock})
		p.signIn()
		rows := slices.Concat(p.budgets(), p.opening(), p.stepping(), p.jumping(), p.scrubbing(), p.searching())
		table := report(rows, filled)
		b.Log("\n" + table)
		if path := os.Getenv("JARVIS_BENCH_WEB"); path != "" {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(table), 0o644); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// budgets opens a day with nothing in the browser's cache.
func (p *page) budgets() []measured {
	p.Helper()
	device, monitor, all := p.busiest()
	p.visitMoment(all[len(all)/2].Timestamp, device.Name, monitor) // so that the server has what it makes
	p.settled()
	p.call("Network.clearBrowserCache", object{})
	before := p.count()
	p.visitMoment(all[len(all)/2].Timestamp, device.Name, monitor)
	p.settled()
	sizes := make(map[string]float64)
	for _, r := range p.sent(before) {
		sizes[string(r.kind)] += float64(r.size) / 1024
	}
	first := value[float64](p, `performance.getEntriesByType("resource").filter(e => e.name.includes("/fit")).map(e => e.responseEnd)[0]`)
	return []measured{
		{what: "HTML", values: []float64{sizes["Document"]}, unit: "KB", most: 30},
		{what: "CSS", values: []float64{sizes["Stylesheet"]}, unit: "KB", most: 25},
		{what: "JavaScript, all of it", values: []float64{sizes["Script"]}, unit: "KB", most: 60},
		{what: "requests up to the first frame", values: []float64{value[float64](p, `1 + performance.getEntriesByType("resource").filter(e => e.startTime < %s).length`, first)}, most: 12},
		{what: "first paint, nothing cached", values: []float64{value[float64](p, `performance.getEntriesByType("paint")[0].startTime`)}, unit: "ms", most: 600},
		{what: "layout shift", values: []float64{value[float64](p, "seen.shift")}, most: maxShift},
		{what: "elements of scrubber and strip", values: []float64{float64(p.elements())}, most: maxElements},
	}
}

// opening opens moments of a day that were not seen before.
func (p *page) opening() []measured {
	p.Helper()
	device, monitor, all := p.busiest()
	var visible []float64
	for i := range 15 {
		p.visitMoment(all[(i*len(all)/15+37)%len(all)].Timestamp, device.Name, monitor)
		p.wait("its picture to be painted", "seen.largest > 0")
		p.settled()
		visible = append(visible, value[float64](p, "seen.largest"))
	}
	return []measured{{what: "open day, frame visible", values: visible, unit: "ms", most: 1000}}
}

// latency does something and returns how long the picture took from the last key on,
// and whether it was sent for only then.
func (p *page) latency(act func()) (ms float64, cold bool) {
	p.Helper()
	before := value[int](p, "seen.latencies.length")
	act()
	p.wait("its picture", "seen.latencies.length > %s", before)
	return value[float64](p, "seen.latencies[%s]", before), value[bool](p, `performance.getEntriesByType("resource").some(e => e.startTime >= seen.since && e.name.includes(jarvis.moment.current.capture.id + "/fit"))`)
}

func (p *page) stepping() []measured {
	p.Helper()
	device, monitor, all := p.busiest()
	p.visitMoment(all[len(all)/4].Timestamp, device.Name, monitor)
	p.do("seen.follow()")
	var decoded, cold []float64
	for range 40 {
		p.settled()
		if took, fetched := p.latency(func() { p.press(kb.ArrowRight) }); !fetched {
			decoded = append(decoded, took)
		}
	}
	p.visitMoment(all[0].Timestamp, device.Name, monitor)
	p.do("seen.follow()")
	p.do(`document.querySelector("#scrubber").focus()`)
	for range 25 {
		p.settled()
		if took, fetched := p.latency(func() { p.press(kb.PageDown) }); fetched {
			cold = append(cold, took)
		}
	}
	inputs := value[[]float64](p, "seen.inputs")
	if len(inputs) == 0 {
		inputs = []float64{0}
	}
	return []measured{
		{what: "step, decoded", values: decoded, unit: "ms", most: 50},
		{what: "step, cold", values: cold, unit: "ms", most: 150},
		{what: "input delay", values: inputs, unit: "ms", most: 100},
	}
}

// jumping goes to moments of other days by typing them.
func (p *page) jumping() []measured {
	p.Helper()
	device, monitor, all := p.busiest()
	p.visitMoment(all[0].Timestamp, device.Name, monitor)
	p.do("seen.follow()")
	days := shared.fixture.days
	var took []float64
	for i := range 20 {
		p.settled()
		at := all[(i*len(all)/20+11)%len(all)].Timestamp.In(shared.fixture.zone).AddDate(0, 0, -(i % 2))
		if at.Before(days.From) {
			at = at.AddDate(0, 0, 1)
		}
		p.press("g")
		p.wait("where to go", `document.activeElement?.tagName === "INPUT"`)
		p.do("document.activeElement.select()")
		p.write(at.Format("2006-01-02 15:04:05"))
		ms, _ := p.latency(func() { p.press(kb.Enter) })
		took = append(took, ms)
	}
	return []measured{{what: "jump by g", values: took, unit: "ms", most: 400}}
}

// busy returns the longest time of which no two captures are far apart.
func busy(all []capture) (from, to capture) {
	from, to = all[0], all[0]
	start := 0
	for i := range all {
		if i > 0 && all[i].Timestamp.Sub(all[i-1].Timestamp) > 90*time.Second {
			start = i
		}
		if all[i].Timestamp.Sub(all[start].Timestamp) > to.Timestamp.Sub(from.Timestamp) {
			from, to = all[start], all[i]
		}
	}
	return from, to
}

// scrubbing drags to and fro over recorded time, as fast as a browser takes it.
func (p *page) scrubbing() []measured {
	p.Helper()
	device, monitor, all := p.busiest()
	var rates, tasks []float64
	for range 3 {
		p.visitMoment(all[len(all)/2].Timestamp, device.Name, monitor)
		b := p.boxOf("#scrubber")
		from, to := busy(all)
		left, right := point{value[float64](p, `jarvis.scrubber.x(%s)`, from.Timestamp.UnixMicro()), b.at(0, 0.7).Y}, point{value[float64](p, `jarvis.scrubber.x(%s)`, to.Timestamp.UnixMicro()), b.at(0, 0.7).Y}
		steps := int(right.X-left.X) + 1
		p.grab(0, between(left, right, 60)...) // so that the sheets are there
		p.settled()
		p.do("seen.drawn = []; seen.tasks = []; seen.begun = performance.now()")
		for range 3 {
			for _, at := range slices.Concat(between(right, left, steps), between(left, right, steps)) {
				p.mouse("mouseMoved", at, object{"button": "left", "buttons": 1})
			}
		}
		took := value[float64](p, "(performance.now() - seen.begun) / 1000")
		rates = append(rates, value[float64](p, "seen.drawn.length")/took)
		tasks = append(tasks, value[float64](p, "Math.max(0, ...seen.tasks.map(t => t.length))"))
		p.release(0, right)
		p.settled()
	}
	return []measured{
		{what: "scrub", values: rates, unit: "images/s", least: 30},
		{what: "scrub, longest task (0: none over 50)", values: tasks, unit: "ms", most: 50},
	}
}

// searching asks for a year.
func (p *page) searching() []measured {
	p.Helper()
	var pages, answers []float64
	year := shared.fixture.days.To.AddDate(-1, 0, 0).Format(time.DateOnly)
	for range 5 {
		for _, kind := range []demo.KnownKind{demo.KnownOnce, demo.KnownSession, demo.KnownSessions, demo.KnownTitle} {
			query := shared.fixture.known(p, kind).Query + " after:" + year
			p.visit("/search?q=" + url.QueryEscape(query))
			p.wait("results, painted", `document.querySelector(".result[data-capture]") && performance.getEntriesByType("paint").length > 0`)
			pages = append(pages, value[float64](p, `performance.getEntriesByType("paint").at(-1).startTime`))
			answers = append(answers, value[float64](p, `(async () => { const t = performance.now(); await (await fetch("/api/search?q=" + encodeURIComponent(%s))).text(); return performance.now() - t; })()`, query))
		}
	}
	return []measured{
		{what: "search, results visible", values: pages, unit: "ms", most: 300},
		{what: "search, the answer alone", values: answers, unit: "ms", most: 300},
	}
}

// report writes the rows as a table.
func report(rows []measured, filled time.Duration) string {
	f := &shared.fixture
	var b strings.Builder
	fmt.Fprintf(&b, "# The pages in Chromium\n\nWritten by `make bench-web`.\n\n")
	fmt.Fprintf(&b, "- %s, %d processors, %s/%s; browser, server and driver share them\n", time.Now().UTC().Format("2 January 2006"), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(&b, "- window of %dx%d, no graphics processor, server on the same machine\n", laptop.width, laptop.height)
	fmt.Fprintf(&b, "- %d captures of %d devices on %d days, %d MB, simulated in %v\n", f.days.Captures, len(f.days.Devices), len(f.days.Days), f.days.Bytes>>20, filled.Round(time.Second))
	fmt.Fprintf(&b, "- the searches ask for a year; the store has the days above\n\n")
	fmt.Fprintf(&b, "| what | n | p50 | p95 | limit | |\n|---|--:|--:|--:|--:|---|\n")
	for _, r := range rows {
		slices.Sort(r.values)
		p50, p95 := r.values[len(r.values)/2], r.values[(len(r.values)*95+99)/100-1]
		limit, kept := fmt.Sprintf("at most %g", r.most), p95 <= r.most
		if r.least > 0 {
			p95 = r.values[0] // the slowest
			limit, kept = fmt.Sprintf("at least %g", r.least), p95 >= r.least
		}
		verdict := "kept"
		if !kept {
			verdict = "**missed**"
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s %s | %s |\n", r.what, len(r.values), number(p50, r.unit), number(p95, r.unit), limit, r.unit, verdict)
	}
	return b.String()
}

func number(v float64, unit string) string {
	text := fmt.Sprintf("%.0f", v)
	if v < 10 && v != float64(int(v)) {
		text = fmt.Sprintf("%.3g", v)
	}
	return strings.TrimSpace(text + " " + unit)
}
