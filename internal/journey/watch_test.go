package journey

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// request is a request of a page, and what became of it.
type request struct {
	method  string
	address *url.URL
	kind    network.ResourceType
	status  int64
	size    int // bytes on the wire, with the headers
	failed  string
}

// watch is all that happened in a tab.
type watch struct {
	mu       sync.Mutex
	origin   string // of the server; others are not to be asked
	expected []string
	faults   []string
	order    []network.RequestID
	requests map[network.RequestID]*request
	paused   chan *fetch.EventRequestPaused
}

func newWatch(origin string) *watch {
	return &watch{origin: origin, requests: make(map[network.RequestID]*request), paused: make(chan *fetch.EventRequestPaused, 1000)}
}

// see notes an event. It is called in the order of events, and may not wait.
func (w *watch) see(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			w.faultf("console: %s", consoleText(e.Args))
		}
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
		w.faultf("exception: %s", text)
	case *log.EventEntryAdded:
		// What was not loaded is seen below, with its address.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			w.faultf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		w.begun(e)
	case *network.EventResponseReceived:
		if r := w.requests[e.RequestID]; r != nil {
			r.status = e.Response.Status
			if r.status >= 400 {
				w.faultf("%s %s: status %d", r.method, r.address.RequestURI(), r.status)
			}
		}
	case *network.EventLoadingFinished:
		if r := w.requests[e.RequestID]; r != nil {
			r.size = int(e.EncodedDataLength)
		}
	case *network.EventLoadingFailed:
		if r := w.requests[e.RequestID]; r != nil {
			r.failed = e.ErrorText
			if !e.Canceled && e.ErrorText != "net::ERR_ABORTED" {
				w.faultf("%s %s: %s %s", r.method, r.address.RequestURI(), e.ErrorText, e.BlockedReason)
			}
		}
	case *fetch.EventRequestPaused:
		w.paused <- e
	}
}

func (w *watch) begun(e *network.EventRequestWillBeSent) {
	address, err := url.Parse(e.Request.URL)
	if err != nil {
		w.faultf("the address %q: %v", e.Request.URL, err)
		return
	}
	if address.Scheme != "data" && address.Scheme != "blob" && address.Scheme+"://"+address.Host != w.origin {
		w.faultf("a request to somebody else: %s", e.Request.URL)
	}
	if _, redirected := w.requests[e.RequestID]; !redirected {
		w.order = append(w.order, e.RequestID)
	}
	w.requests[e.RequestID] = &request{method: e.Request.Method, address: address, kind: e.Type}
}

func (w *watch) faultf(format string, args ...any) {
	fault := fmt.Sprintf(format, args...)
	if !slices.ContainsFunc(w.expected, func(part string) bool { return strings.Contains(fault, part) }) {
		w.faults = append(w.faults, fault)
	}
}

// expect says that faults with this text are part of the journey.
func (w *watch) expect(part string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expected = append(w.expected, part)
}

// report fails the test with the faults so far, once each.
func (w *watch) report(t testing.TB) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, fault := range w.faults {
		if !slices.Contains(w.faults[:i], fault) {
			t.Error(fault)
		}
	}
	w.faults = nil
}

// sent returns the requests from the n-th on, in order.
func (w *watch) sent(n int) []request {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []request
	for _, id := range w.order[min(n, len(w.order)):] {
		all = append(all, *w.requests[id])
	}
	return all
}

// count returns how many requests there were.
func (w *watch) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.order)
}

func consoleText(args []*runtime.RemoteObject) string {
	var parts []string
	for _, arg := range args {
		if arg.Description != "" {
			parts = append(parts, arg.Description)
		} else {
			parts = append(parts, string(arg.Value))
		}
	}
	return strings.Join(parts, " ")
}
