package client

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

const anID = "019bef3e-9d00-7000-8000-000000000001"

func mustID(t testing.TB) jarvis.ID {
	t.Helper()
	id, err := jarvis.ParseID(anID)
	must(t, err)
	return id
}

// What each method asks for.
func TestClient_Calls(t *testing.T) {
	id := mustID(t)
	from := time.Date(2026, 1, 24, 10, 0, 0, 123456000, time.FixedZone("", 3600))
	monitor, pinned := 2, false
	filter := jarvis.CaptureFilter{From: from, To: from.Add(time.Hour), Device: "a&b=c", AppName: "ä b+c", Monitor: &monitor, Pinned: &pinned, Limit: 7, Order: jarvis.OldestFirst}
	const selects = "app=%C3%A4+b%2Bc&device=a%26b%3Dc&from=2026-01-24T09%3A00%3A00.123456Z&"
	const ends = "pinned=false&to=2026-01-24T10%3A00%3A00.123456Z"
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	must(t, err)
	for name, test := range map[string]struct {
		call   func(ctx context.Context, c *Client) error
		want   string // method, path and query
		body   string
		answer string
	}{
		"FindCaptures": {
			func(ctx context.Context, c *Client) error { return second(c.FindCaptures(ctx, filter)) },
			"GET /api/captures?" + selects + "limit=7&monitor=2&order=oldest&" + ends, "", `{"items":[]}`,
		},
		"FindCapture":  {func(ctx context.Context, c *Client) error { return second(c.FindCapture(ctx, id)) }, "GET /api/captures/" + anID, "", `{"id":"` + anID + `"}`},
		"Delete":       {func(ctx context.Context, c *Client) error { return second(c.Delete(ctx, id)) }, "DELETE /api/captures/" + anID, "", `{"removed":1}`},
		"Pin":          {func(ctx context.Context, c *Client) error { return c.SetPinned(ctx, id, true) }, "PUT /api/captures/" + anID + "/pin", "", ``},
		"Unpin":        {func(ctx context.Context, c *Client) error { return c.SetPinned(ctx, id, false) }, "DELETE /api/captures/" + anID + "/pin", "", ``},
		"PlanDeletion": {func(ctx context.Context, c *Client) error { return second(c.PlanDeletion(ctx, filter)) }, "POST /api/captures/delete?" + selects + "monitor=2&" + ends, "", `{"confirm":"x"}`},
		"ConfirmDeletion": {func(ctx context.Context, c *Client) error {
			return second(c.ConfirmDeletion(ctx, &Deletion{Confirm: "x"}))
		}, "POST /api/captures/delete", `{"confirm":"x"}`, `{}`},
		"CountDays": {func(ctx context.Context, c *Client) error { return second(c.CountDays(ctx, from, time.Time{}, tokyo)) }, "GET /api/days?from=2026-01-24T09%3A00%3A00.123456Z&tz=Asia%2FTokyo", "", `{"items":[{"day":"2026-01-24","captures":1}]}`},
		"Minutes": {func(ctx context.Context, c *Client) error {
			return second(c.Minutes(ctx, jarvis.DayOf(from), tokyo, "d"))
		}, "GET /api/days/2026-01-24/minutes?device=d&tz=Asia%2FTokyo", "", `{}`},
		"Stats":        {func(ctx context.Context, c *Client) error { return second(c.Stats(ctx)) }, "GET /api/stats", "", `{}`},
		"FindDevices":  {func(ctx context.Context, c *Client) error { return second(c.FindDevices(ctx)) }, "GET /api/devices", "", `{}`},
		"FindCoverage": {func(ctx context.Context, c *Client) error { return second(c.FindCoverage(ctx, time.Time{}, from, "d")) }, "GET /api/coverage?device=d&to=2026-01-24T09%3A00%3A00.123456Z", "", `{}`},
		"PutSpans": {
			func(ctx context.Context, c *Client) error {
				return c.PutSpans(ctx, []jarvis.Span{{Device: "d", Number: 1, From: from.UTC(), To: from.UTC().Add(time.Second), State: jarvis.SpanIdle}})
			},
			"POST /api/coverage", `{"spans":[{"device":"d","number":1,"from":"2026-01-24T09:00:00.123456Z","to":"2026-01-24T09:00:01.123456Z","state":"idle"}]}`, `{"stored":1}`,
		},
		"NewToken":     {func(ctx context.Context, c *Client) error { return second(c.NewToken(ctx, "n", jarvis.ScopeRead)) }, "POST /api/tokens", `{"name":"n","scope":"read"}`, `{"token":"t"}`},
		"FindTokens":   {func(ctx context.Context, c *Client) error { return second(c.FindTokens(ctx)) }, "GET /api/tokens", "", `{}`},
		"RevokeToken":  {func(ctx context.Context, c *Client) error { return c.RevokeToken(ctx, "a/b ?#%") }, "DELETE /api/tokens/a%2Fb%20%3F%23%25", "", ``},
		"FindSessions": {func(ctx context.Context, c *Client) error { return second(c.FindSessions(ctx)) }, "GET /api/sessions", "", `{}`},
		"EndSession":   {func(ctx context.Context, c *Client) error { return c.EndSession(ctx, id) }, "DELETE /api/sessions/" + anID, "", ``},
		"NewSignIn":    {func(ctx context.Context, c *Client) error { return second(c.NewSignIn(ctx)) }, "POST /api/sign-in-links", "", `{"url":"http://127.0.0.1/sign-in#x"}`},
		"FindAccess": {
			func(ctx context.Context, c *Client) error {
				_, _, err := c.FindAccess(ctx, jarvis.AccessFilter{From: from, Who: "token x", Action: jarvis.ActionView, Limit: 5}, "cursor")
				return err
			},
			"GET /api/audit?action=view&cursor=cursor&from=2026-01-24T09%3A00%3A00.123456Z&limit=5&who=token+x", "", `{}`,
		},
		"Search": {
			func(ctx context.Context, c *Client) error {
				return second(c.Search(ctx, jarvis.SearchRequest{Query: `a "b c" -d&e`, Location: tokyo, Sort: jarvis.SortRelevance, Group: jarvis.GroupMoments, Facets: true, Limit: 7, Cursor: "x"}))
			},
			"GET /api/search?cursor=x&facets=true&group=moment&limit=7&q=a+%22b+c%22+-d%26e&sort=relevance&tz=Asia%2FTokyo", "", `{"items":[]}`,
		},
		"SearchAll": {func(ctx context.Context, c *Client) error { return second(c.Search(ctx, jarvis.SearchRequest{})) }, "GET /api/search?group=none&q=", "", `{"items":[]}`},
		"FindText":  {func(ctx context.Context, c *Client) error { return second(c.FindText(ctx, id)) }, "GET /api/captures/" + anID + "/text", "", `{"id":"` + anID + `","state":"waiting","text":null}`},
		"Suggest":   {func(ctx context.Context, c *Client) error { return second(c.Suggest(ctx, "a b", 5)) }, "GET /api/suggest?limit=5&q=a+b", "", `{}`},
		"ClaimReadings": {
			func(ctx context.Context, c *Client) error {
				return second(c.ClaimReadings(ctx, from, 90*time.Second+time.Millisecond, 1000))
			},
			"POST /api/readings/claim", `{"limit":32,"lease":91}`, `{}`,
		},
		"ClaimReading": {
			func(ctx context.Context, c *Client) error {
				return second(c.ClaimReading(ctx, id, from, time.Minute))
			},
			"POST /api/readings/claim", `{"id":"` + anID + `","limit":1,"lease":60}`, `{}`,
		},
		"FinishReading": {
			func(ctx context.Context, c *Client) error {
				return c.FinishReading(ctx, jarvis.Lease{ID: id, Token: id}, &jarvis.Reading{
					Text: "ab", Words: []jarvis.Word{{Start: 1, End: 2, Box: jarvis.Box{X: 3, Y: 4, Width: 5, Height: 6}, Confidence: 7, Masked: true}},
					Language: "eng", Engine: "e", Masked: 8, ReadAt: from.UTC(),
				}, "ab cd")
			},
			"POST /api/readings/" + anID + "/finish",
			`{"token":"` + anID + `","reading":{"text":"ab","words":[{"start":1,"end":2,"box":{"x":3,"y":4,"width":5,"height":6},"confidence":7,"masked":true}],"language":"eng","engine":"e","masked":8,"read_at":"2026-01-24T09:00:00.123456Z"}}`, ``,
		},
		"FinishUnread": {
			func(ctx context.Context, c *Client) error {
				return c.FinishReading(ctx, jarvis.Lease{ID: id, Token: id}, nil, "")
			},
			"POST /api/readings/" + anID + "/finish", `{"token":"` + anID + `"}`, ``,
		},
		"FailReading": {
			func(ctx context.Context, c *Client) error {
				return c.FailReading(ctx, jarvis.Lease{ID: id, Token: id}, jarvis.ReadFailure{Reason: "r\xff", Retry: from})
			},
			"POST /api/readings/" + anID + "/fail", `{"token":"` + anID + `","reason":"r�","retry":"2026-01-24T09:00:00.123456Z"}`, ``,
		},
		"SetAside": {
			func(ctx context.Context, c *Client) error {
				return c.SetAside(ctx, jarvis.Lease{ID: id, Token: id}, "r", "d")
			},
			"POST /api/readings/" + anID + "/fail", `{"token":"` + anID + `","reason":"r"}`, ``,
		},
		"ReleaseReading": {
			func(ctx context.Context, c *Client) error {
				return c.ReleaseReading(ctx, jarvis.Lease{ID: id, Token: id})
			},
			"POST /api/readings/" + anID + "/release", `{"token":"` + anID + `"}`, ``,
		},
		"ReadStatus":  {func(ctx context.Context, c *Client) error { return second(c.ReadStatus(ctx, from)) }, "GET /api/readings", "", `{}`},
		"KeepsNoText": {func(ctx context.Context, c *Client) error { return second(c.KeepsNoText(ctx)) }, "GET /api/readings", "", `{}`},
		"FindFailed":  {func(ctx context.Context, c *Client) error { return second(c.FindFailed(ctx, jarvis.Cursor{}, 7)) }, "GET /api/readings/failed?limit=7", "", `{}`},
		"Requeue": {
			func(ctx context.Context, c *Client) error {
				return second(c.Requeue(ctx, jarvis.RequeueFilter{From: from, Failed: true}, from))
			},
			"POST /api/readings/requeue?failed=true&from=2026-01-24T09%3A00%3A00.123456Z", "", `{"queued":1}`,
		},
		"Health": {func(ctx context.Context, c *Client) error { return second(c.Health(ctx)) }, "GET /health/", "", `{}`},
		"Ready":  {func(ctx context.Context, c *Client) error { return second(c.Ready(ctx)) }, "GET /health/ready", "", `{"ready":true}`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(w http.ResponseWriter, r *http.Request, _ int) {
				body, err := io.ReadAll(r.Body)
				if got := r.Method + " " + r.RequestURI; err != nil || got != test.want || string(body) != test.body {
					t.Errorf("asked for %s with %s, want %s with %s, error %v", got, body, test.want, test.body, err)
				}
				if kind := r.Header.Get("Content-Type"); kind != "" && kind != "application/json" || kind == "" && test.body != "" {
					t.Errorf("Content-Type is %q", kind)
				}
				if test.answer == "" {
					w.WriteHeader(http.StatusNoContent)
					return
				}
				writeJSON(w, test.answer)
			})
			c, _ := newClient(t, f.URL, Options{})
			if err := test.call(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
}

// Answers that have the form of the API and cannot be right are not passed on:
// whoever trusts them would stumble.
func TestClient_WrongAnswers(t *testing.T) {
	id := mustID(t)
	for name, test := range map[string]struct {
		call   func(ctx context.Context, c *Client) error
		answer string
	}{
		"NullCapture":    {func(ctx context.Context, c *Client) error { return second(c.FindCaptures(ctx, jarvis.CaptureFilter{})) }, `{"items":[null]}`},
		"OtherCapture":   {func(ctx context.Context, c *Client) error { return second(c.FindCapture(ctx, jarvis.NewRandomID())) }, `{"id":"` + anID + `"}`},
		"NoCapture":      {func(ctx context.Context, c *Client) error { return second(c.FindCapture(ctx, id)) }, `{}`},
		"BadID":          {func(ctx context.Context, c *Client) error { return second(c.FindCapture(ctx, id)) }, `{"id":"../../etc"}`},
		"NullToken":      {func(ctx context.Context, c *Client) error { return second(c.FindTokens(ctx)) }, `{"items":[null]}`},
		"NullSession":    {func(ctx context.Context, c *Client) error { return second(c.FindSessions(ctx)) }, `{"items":[null]}`},
		"NoToken":        {func(ctx context.Context, c *Client) error { return second(c.NewToken(ctx, "n", jarvis.ScopeRead)) }, `{}`},
		"NoConfirm":      {func(ctx context.Context, c *Client) error { return second(c.PlanDeletion(ctx, jarvis.CaptureFilter{})) }, `{"captures":5}`},
		"NullSample":     {func(ctx context.Context, c *Client) error { return second(c.PlanDeletion(ctx, jarvis.CaptureFilter{})) }, `{"confirm":"x","samples":[null]}`},
		"FewerSpans":     {func(ctx context.Context, c *Client) error { return c.PutSpans(ctx, make([]jarvis.Span, 2)) }, `{"stored":1}`},
		"UnevenCounts":   {func(ctx context.Context, c *Client) error { return second(c.Minutes(ctx, jarvis.Day{}, nil, "")) }, `{"counts":{"minute":[1]}}`},
		"UnevenSpans":    {func(ctx context.Context, c *Client) error { return second(c.Minutes(ctx, jarvis.Day{}, nil, "")) }, `{"spans":{"device":[0]}}`},
		"UnknownDevice":  {func(ctx context.Context, c *Client) error { return second(c.Minutes(ctx, jarvis.Day{}, nil, "")) }, `{"apps":["a"],"counts":{"minute":[1],"device":[0],"monitor":[0],"app":[0],"captures":[1]}}`},
		"NegativeDevice": {func(ctx context.Context, c *Client) error { return second(c.Minutes(ctx, jarvis.Day{}, nil, "")) }, `{"devices":["a"],"spans":{"device":[-1],"from":[0],"to":[1],"state":["idle"]}}`},
		"NothingDeleted": {func(ctx context.Context, c *Client) error { return second(c.Delete(ctx, id)) }, `{}`},
		"NullResult":     {func(ctx context.Context, c *Client) error { return second(c.Search(ctx, jarvis.SearchRequest{})) }, `{"items":[null]}`},
		"NoResult":       {func(ctx context.Context, c *Client) error { return second(c.Search(ctx, jarvis.SearchRequest{})) }, `{"items":[{}]}`},
		"MarkBeyond": {
			func(ctx context.Context, c *Client) error { return second(c.Search(ctx, jarvis.SearchRequest{})) },
			`{"items":[{"capture":{"id":"` + anID + `"},"snippet":{"text":"ab","marks":[{"start":1,"end":3}]}}]}`,
		},
		"MarksCross": {
			func(ctx context.Context, c *Client) error { return second(c.Search(ctx, jarvis.SearchRequest{})) },
			`{"items":[{"capture":{"id":"` + anID + `"},"snippet":{"text":"ab","marks":[{"start":0,"end":2},{"start":1,"end":2}]}}]}`,
		},
		"OtherText":  {func(ctx context.Context, c *Client) error { return second(c.FindText(ctx, jarvis.NewRandomID())) }, `{"id":"` + anID + `"}`},
		"WordBeyond": {func(ctx context.Context, c *Client) error { return second(c.FindText(ctx, id)) }, `{"id":"` + anID + `","text":"ab","read_at":"2026-01-24T09:00:00Z","words":[{"start":0,"end":3}]}`},
		"NullClaim": {func(ctx context.Context, c *Client) error {
			return second(c.ClaimReadings(ctx, time.Now(), time.Minute, 1))
		}, `{"items":[null]}`},
		"NoLease": {func(ctx context.Context, c *Client) error {
			return second(c.ClaimReadings(ctx, time.Now(), time.Minute, 1))
		}, `{"items":[{"capture":{"id":"` + anID + `"}}]}`},
		"OtherClaim": {
			func(ctx context.Context, c *Client) error {
				return second(c.ClaimReading(ctx, jarvis.NewRandomID(), time.Now(), time.Minute))
			},
			`{"items":[{"capture":{"id":"` + anID + `"},"token":"` + anID + `"}]}`,
		},
		"BadTwin": {
			func(ctx context.Context, c *Client) error {
				return second(c.ClaimReadings(ctx, time.Now(), time.Minute, 1))
			},
			`{"items":[{"capture":{"id":"` + anID + `"},"token":"` + anID + `","twin":{"text":"a","words":[{"start":0,"end":9}]}}]}`,
		},
		"NullFailed": {func(ctx context.Context, c *Client) error { return second(c.FindFailed(ctx, jarvis.Cursor{}, 1)) }, `{"items":[null]}`},
		"NotReady":   {func(ctx context.Context, c *Client) error { return second(c.Ready(ctx)) }, `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) { writeJSON(w, test.answer) })
			c, _ := newClient(t, f.URL, Options{})
			wantCode(t, test.call(t.Context(), c), jarvis.CodeInvalid)
			if f.requests.Load() != 1 {
				t.Errorf("%d requests", f.requests.Load())
			}
		})
	}
}

// The answer of a deletion was lost: what the next attempt finds deleted is what
// this one deleted.
func TestClient_Delete_AnswerLost(t *testing.T) {
	gone := func(w http.ResponseWriter) { writeProblem(w, 410, `{"code":"deleted","detail":"it was deleted"}`) }
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, before int) {
		if before == 0 {
			reset(t, w)
			return
		}
		gone(w)
	})
	c, _ := newClient(t, f.URL, Options{})
	if done, err := c.Delete(t.Context(), mustID(t)); err != nil || done != (jarvis.Receipt{Removed: 1}) {
		t.Errorf("got %+v, error %v", done, err)
	}
	wantCode(t, second(c.Delete(t.Context(), mustID(t))), jarvis.CodeDeleted) // by somebody else
}

func TestClient_Delete_Receipt(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		writeJSON(w, `{"removed":1,"bytes":4711,"missing":1}`)
	})
	c, _ := newClient(t, f.URL, Options{})
	if done, err := c.Delete(t.Context(), mustID(t)); err != nil || done != (jarvis.Receipt{Removed: 1, Bytes: 4711, Missing: 1}) {
		t.Errorf("got %+v, error %v", done, err)
	}
}

// What must not happen twice is sent again only if it did not happen.
func TestClient_Once(t *testing.T) {
	for name, call := range map[string]func(c *Client) error{
		"NewToken":        func(c *Client) error { return second(c.NewToken(t.Context(), "n", jarvis.ScopeRead)) },
		"ConfirmDeletion": func(c *Client) error { return second(c.ConfirmDeletion(t.Context(), &Deletion{Confirm: "x"})) },
		"ClaimReadings":   func(c *Client) error { return second(c.ClaimReadings(t.Context(), time.Now(), time.Minute, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			for fault, test := range map[string]struct {
				answer   func(w http.ResponseWriter)
				requests int64
			}{
				"Reset":  {func(w http.ResponseWriter) { reset(t, w) }, 1},
				"500":    {func(w http.ResponseWriter) { writeProblem(w, 500, `{}`) }, 1},
				"503":    {func(w http.ResponseWriter) { writeProblem(w, 503, `{}`) }, 1},
				"Half":   {func(w http.ResponseWriter) { w.Header().Set("Content-Length", "9"); writeJSON(w, `{`) }, 1},
				"429":    {func(w http.ResponseWriter) { writeProblem(w, 429, `{}`) }, 1},
				"Forbid": {func(w http.ResponseWriter) { writeProblem(w, 403, `{}`) }, 1},
			} {
				f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) { test.answer(w) })
				c, _ := newClient(t, f.URL, Options{})
				if err := call(c); err == nil || f.requests.Load() != test.requests {
					t.Errorf("%s: %d requests, error %v", fault, f.requests.Load(), err)
				}
			}
			f := newFake(t, nil)
			f.Close()
			c, waited := newClient(t, f.URL, Options{})
			wantCode(t, call(c), jarvis.CodeUnavailable)
			if len(waited.all) != 4 { // nobody was there
				t.Errorf("it waited %v", waited.all)
			}
		})
	}
}

// The answer to the end of a lease was lost: that the lease is over is then no
// failure, and otherwise it is.
func TestClient_FinishReading_AnswerLost(t *testing.T) {
	over := func(w http.ResponseWriter) { writeProblem(w, 409, `{"code":"conflict","detail":"the lease is over"}`) }
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, before int) {
		if before == 0 {
			reset(t, w)
			return
		}
		over(w)
	})
	c, _ := newClient(t, f.URL, Options{})
	lease := jarvis.Lease{ID: mustID(t), Token: mustID(t)}
	must(t, c.FinishReading(t.Context(), lease, nil, ""))
	wantCode(t, c.FinishReading(t.Context(), lease, nil, ""), jarvis.CodeConflict)
	wantCode(t, c.FinishReading(t.Context(), jarvis.Lease{ID: mustID(t)}, nil, ""), jarvis.CodeInvalid)
	wantCode(t, c.ReleaseReading(t.Context(), jarvis.Lease{Token: mustID(t)}), jarvis.CodeInvalid)
}

// A search that took the server too long is not tried again.
func TestClient_Search_Timeout(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		writeProblem(w, 504, `{"code":"timeout","detail":"ask for less"}`)
	})
	c, _ := newClient(t, f.URL, Options{})
	err := second(c.Search(t.Context(), jarvis.SearchRequest{Query: "secret-app"}))
	wantCode(t, err, jarvis.CodeTimeout)
	if f.requests.Load() != 1 || err.Error() != "ask for less" {
		t.Errorf("%d requests, error %v", f.requests.Load(), err)
	}
}

func TestClient_Ready(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `{"ready":false}`)
	})
	c, _ := newClient(t, f.URL, Options{})
	if ready, err := c.Ready(t.Context()); ready || err != nil || f.requests.Load() != 1 {
		t.Errorf("ready: %t after %d requests, error %v", ready, f.requests.Load(), err)
	}
	f.Close()
	_, err := c.Ready(t.Context())
	wantCode(t, err, jarvis.CodeUnavailable)
}

// Connections are used again, whatever the answers were.
func TestClient_KeepAlive(t *testing.T) {
	answers := []func(w http.ResponseWriter){
		func(w http.ResponseWriter) { writeJSON(w, `{"captures":3}`) },
		func(w http.ResponseWriter) { writeProblem(w, 404, `{"detail":"no"}`) },
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
		func(w http.ResponseWriter) { writeProblem(w, 503, `{}`) },
		func(w http.ResponseWriter) { writeJSON(w, `{"removed":1}`+strings.Repeat(" ", 100_000)) },
	}
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, before int) { answers[before/2%len(answers)](w) })
	var connections atomic.Int64
	transport := newTransport()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		connections.Add(1)
		return dial(ctx, network, address)
	}
	c, _ := newClient(t, f.URL, Options{Attempts: 1, Transport: transport})
	for range 20 {
		_, err := c.Delete(t.Context(), mustID(t))
		_, statsErr := c.Stats(t.Context())
		if text := fmt.Sprint(err, statsErr); strings.Contains(text, "cannot be reached") {
			t.Fatal(text)
		}
	}
	if n := connections.Load(); n != 1 || f.requests.Load() != 40 {
		t.Errorf("%d requests took %d connections", f.requests.Load(), n)
	}
}
