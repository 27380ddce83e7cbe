package api_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

// claimed is a claim as a worker gets it.
type claimed struct {
	Capture          *jarvis.Capture
	Token            jarvis.ID
	Until            time.Time
	Claims, Failures int
	Redo             bool
	Twin             *jarvis.Reading
}

// sentFinish is what finishes a reading.
type sentFinish struct {
	Token   jarvis.ID       `json:"token"`
	Reading *jarvis.Reading `json:"reading,omitempty"`
}

// claim leases at most so many captures.
func (r *rig) claim(limit int) []claimed {
	r.t.Helper()
	return listOf[claimed](r.post(r.worker, "/api/readings/claim", fmt.Sprintf(`{"limit":%d,"lease":60}`, limit)).want(http.StatusOK)).Items
}

// readingOf returns a reading of a text, whose nth word is at x 10n.
func readingOf(text string) *jarvis.Reading {
	r := &jarvis.Reading{Text: text, Words: []jarvis.Word{}, Language: "eng", Engine: "an engine 1", ReadAt: noon}
	at := 0
	for n, word := range strings.Fields(text) {
		start := at + strings.Index(text[at:], word)
		at = start + len(word)
		r.Words = append(r.Words, jarvis.Word{Start: start, End: at, Box: jarvis.Box{X: 10 * n, Y: 2, Width: 8, Height: 5}, Confidence: 90})
	}
	return r
}

// finish sends what was read in a claimed capture.
func (r *rig) finish(c claimed, text string) answer {
	r.t.Helper()
	return r.finishWith(c.Capture.ID, sentFinish{c.Token, readingOf(text)})
}

func (r *rig) finishWith(id jarvis.ID, body sentFinish) answer {
	r.t.Helper()
	sent, err := json.Marshal(body)
	must(r.t, err)
	return r.post(r.worker, "/api/readings/"+id.String()+"/finish", string(sent))
}

// find returns a page of results.
func (r *rig) find(q, more string) jarvis.SearchPage {
	r.t.Helper()
	var page jarvis.SearchPage
	r.get(r.reader, "/api/search?q="+url.QueryEscape(q)+more).want(http.StatusOK).json(&page)
	return page
}

// From the upload to what is found: a worker elsewhere reads, and a reader finds.
func TestServer_Search(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		for n := range 3 {
			r.add(n)
		}
		claims := r.claim(32)
		if len(claims) != 3 || !claims[0].Capture.Timestamp.After(claims[1].Capture.Timestamp) || claims[0].Claims != 1 || claims[0].Twin != nil || !claims[0].Until.After(time.Now()) {
			t.Fatalf("the claims are %+v", claims)
		}
		if again := r.claim(32); len(again) != 0 {
			t.Errorf("claimed again: %+v", again)
		}
		image := "/api/captures/" + claims[0].Capture.ID.String() + "/image"
		if a := r.get(r.worker, image).want(http.StatusOK); !bytes.Equal(a.body, photo(2)) {
			t.Errorf("the worker got %d bytes", len(a.body))
		}
		for i, c := range claims {
			r.finish(c, fmt.Sprintf("The invoice\nnumber %d", 2-i)).want(http.StatusNoContent)
		}
		r.get(r.worker, image).wantProblem(http.StatusForbidden, jarvis.CodeForbidden)
		testFound(t, r)
		testExplained(t, r)
		testText(t, r, claims[1].Capture.ID)
		testSearchRecorded(t, r)
	})
}

// testExplained checks that sessions are found, and what is said of a search without
// results.
func testExplained(t *testing.T, r *rig) {
	t.Helper()
	if page := r.find("invoice", "&group=session&sort=auto"); len(page.Results) != 1 || page.Results[0].Count != 3 || page.Sort != jarvis.SortRelevance {
		t.Errorf("found %+v", page)
	}
	var e jarvis.Explanation
	r.get(r.reader, "/api/search/explain?q=invoice+numbre").want(http.StatusOK).json(&e)
	want := jarvis.ExplainedTerm{Term: jarvis.Term{Query: "numbre", Without: "invoice"}, Rest: 3}
	if len(e.Terms) != 2 || e.Terms[1] != want || len(e.Spellings) != 1 || e.Spellings[0].Query != "invoice number" || e.There != 3 {
		t.Errorf("it is explained by %+v", e)
	}
}

func testFound(t *testing.T, r *rig) {
	t.Helper()
	page := r.find("invoice", "&group=none")
	if len(page.Results) != 3 || page.Next != "" || page.Understood == "" || page.Facets != nil {
		t.Fatalf("found %+v", page)
	}
	for i, result := range page.Results {
		c := result.Capture
		if !c.Timestamp.Equal(noon.Add(time.Duration(2-i)*time.Second)) || c.WindowTitle != secretTitle || c.OCRText != nil || strings.HasPrefix(c.Filepath, "/") {
			t.Errorf("result %d is %+v", i, c)
		}
		if len(result.Snippet.Marks) != 1 || result.Snippet.Text[result.Snippet.Marks[0].Start:result.Snippet.Marks[0].End] != "invoice" {
			t.Errorf("the snippet is %+v", result.Snippet)
		}
		if len(result.Boxes) != 1 || result.Boxes[0] != (jarvis.Box{X: 10, Y: 2, Width: 8, Height: 5}) || result.Count != 1 {
			t.Errorf("the boxes are %+v, the count %d", result.Boxes, result.Count)
		}
	}
	moments := r.find("invoice", "&facets=true")
	if len(moments.Results) != 1 || moments.Results[0].Count != 3 || !moments.Results[0].From.Equal(noon) || !moments.Results[0].To.Equal(noon.Add(2*time.Second)) {
		t.Errorf("the moments are %+v", moments.Results)
	}
	if f := moments.Facets; f == nil || f.Total != 3 || f.More || !slices.Equal(f.Apps, []jarvis.FacetCount{{Value: secretApp, Count: 3, Query: "app:" + secretApp}}) ||
		!slices.Equal(f.Devices, []jarvis.FacetCount{{Value: "desk", Count: 3, Query: "device:desk"}}) || !slices.Equal(f.Days, []jarvis.FacetCount{{Value: "2026-01-24", Count: 3, Query: "on:2026-01-24"}}) {
		t.Errorf("the facets are %+v", moments.Facets)
	}
	if f := r.find("invoice", "&facets=true&tz=Pacific/Kiritimati").Facets; f == nil || len(f.Days) != 1 || f.Days[0].Value != "2026-01-25" {
		t.Errorf("the facets elsewhere are %+v", f)
	}
	for _, sort := range []string{"time", "relevance"} {
		var ids []jarvis.ID
		for cursor := ""; ; {
			page := r.find("invoice", "&group=none&limit=1&sort="+sort+"&cursor="+url.QueryEscape(cursor))
			for _, result := range page.Results {
				ids = append(ids, result.Capture.ID)
			}
			if cursor = page.Next; cursor == "" || len(ids) > 3 {
				break
			}
		}
		slices.SortFunc(ids, func(a, b jarvis.ID) int { return cmp.Compare(a.String(), b.String()) })
		if len(slices.Compact(ids)) != 3 {
			t.Errorf("by %s the pages hold %v", sort, ids)
		}
	}
	for q, want := range map[string]int{"number 1": 1, `"number 2"`: 1, "invo*": 3, "invoice -0": 2, "0 or 1": 2, "app:" + secretApp: 3, "device:laptop": 0, "nothing": 0, "": 3, "title:zebra": 3} {
		if page := r.find(q, "&group=none"); len(page.Results) != want {
			t.Errorf("%q finds %d, want %d", q, len(page.Results), want)
		}
	}
}

func testText(t *testing.T, r *rig, id jarvis.ID) {
	t.Helper()
	var text struct {
		ID                       jarvis.ID
		State                    jarvis.TextState
		Reason, Language, Engine string
		Text                     *string
		Masked                   int
		ReadAt                   *time.Time `json:"read_at"`
		Words                    []struct {
			Text string
			jarvis.Word
		}
	}
	r.get(r.reader, "/api/captures/"+id.String()+"/text").want(http.StatusOK).json(&text)
	if text.ID != id || text.State != jarvis.TextRead || text.Text == nil || *text.Text != "The invoice\nnumber 1" || text.Language != "eng" || text.Engine != "an engine 1" || text.ReadAt == nil || !text.ReadAt.Equal(noon) {
		t.Errorf("the text is %+v", text)
	}
	if len(text.Words) != 4 || text.Words[2].Text != "number" || text.Words[2].Start != 12 || text.Words[2].Box.X != 20 || text.Words[2].Confidence != 90 {
		t.Errorf("the words are %+v", text.Words)
	}
	var marked struct{ Hits []jarvis.Hit }
	r.get(r.reader, "/api/captures/"+id.String()+"/text?q=number+app:x").want(http.StatusOK).json(&marked)
	if len(marked.Hits) != 1 || marked.Hits[0].Start != 12 || marked.Hits[0].End != 18 || !slices.Equal(marked.Hits[0].Boxes, []jarvis.Box{{X: 20, Y: 2, Width: 8, Height: 5}}) {
		t.Errorf("the hits are %+v", marked.Hits)
	}
	waiting := r.add(9).ID
	var none struct {
		State jarvis.TextState
		Text  *string
		Words []any
	}
	r.get(r.reader, "/api/captures/"+waiting.String()+"/text").want(http.StatusOK).json(&none)
	if none.State != jarvis.TextWaiting || none.Text != nil || none.Words == nil || len(none.Words) != 0 {
		t.Errorf("a text that is not read is %+v", none)
	}
	r.get(r.reader, "/api/captures/"+jarvis.NewRandomID().String()+"/text").wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	r.get(r.reader, "/api/captures/x/text").wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	r.delete(r.admin, "/api/captures/"+waiting.String()).want(http.StatusOK)
	r.get(r.reader, "/api/captures/"+waiting.String()+"/text").wantProblem(http.StatusGone, jarvis.CodeDeleted)
	found := listOf[jarvis.Suggestion](r.get(r.reader, "/api/suggest?q=zebra&limit=5").want(http.StatusOK)).Items
	if !slices.ContainsFunc(found, func(s jarvis.Suggestion) bool { return s.Kind == "app" && s.Value == secretApp && s.Query != "" }) {
		t.Errorf("the suggestions are %+v", found)
	}
}

// The access log knows that somebody searched, and not for what.
func testSearchRecorded(t *testing.T, r *rig) {
	t.Helper()
	lines := listOf[jarvis.Access](r.get(r.admin, "/api/audit").want(http.StatusOK)).Items
	seen := make(map[string]int64)
	for _, line := range lines {
		seen[line.Who+" "+string(line.Action)] += line.Captures
	}
	if seen["token eyes search"] < 20 || seen["token eyes view"] != 3 || seen["token hands view"] != 4 {
		t.Errorf("the access log has %v", seen)
	}
}

func TestServer_Search_Refused(t *testing.T) {
	r := newRig(t)
	for _, q := range []string{
		"limit=0", "limit=201", "limit=x", "sort=best", "group=day", "facets=maybe", "cursor=x", "cursor=" + strings.Repeat("A", 5000),
		"tz=Nowhere", "tz=Local", "query=x", "q=a;b", "q=%zz", "sort=relevance&cursor=x", "q=a&limit=1&q2=b",
	} {
		r.get(r.reader, "/api/search?"+q).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	}
	for _, q := range []string{"limit=0", "limit=51", "x=y"} {
		r.get(r.reader, "/api/suggest?"+q).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	}
}

// Every text is a query.
func TestServer_Search_AnyQuery(t *testing.T) {
	r := newRig(t)
	r.add(1)
	for _, q := range []string{
		"", " ", "\x00", "\xff\xfe", `"`, `""`, "-", "--", "-\"", "or", "or or or", "*", "a*b", "app:", "app:\"", "before:", "on:nonsense", "before:9999999999-99-99",
		"monitor:-1", "monitor:99999999999999999999", "has:", "is:x", "'; DROP TABLE captures; --", "a AND b OR c NOT d NEAR(e f)", "{a b}", "^a", "title : x", "日本語 漢", "\u202e\ufeff",
		strings.Repeat("a ", 10_000), strings.Repeat("a or ", 5000), strings.Repeat("\"", 3000), strings.Repeat("-app:x ", 2000), "a" + strings.Repeat("\u0301", 5000),
	} {
		for _, more := range []string{"", "&sort=relevance&group=none&facets=true"} {
			r.get(r.reader, "/api/search?q="+url.QueryEscape(q)+more).want(http.StatusOK)
		}
		r.get(r.reader, "/api/suggest?q="+url.QueryEscape(q)).want(http.StatusOK)
		r.get(r.reader, "/api/search/explain?q="+url.QueryEscape(q)).want(http.StatusOK)
	}
}

// slow is a search that fails as it is told.
type slow struct{ err error }

func (s slow) Search(context.Context, jarvis.SearchRequest) (*jarvis.SearchPage, error) {
	return nil, s.err
}

func (s slow) Text(context.Context, jarvis.ID) (*jarvis.CaptureText, error) { return nil, s.err }

func (s slow) Hits(*jarvis.CaptureText, string) []jarvis.Hit { return nil }

func (s slow) Suggest(context.Context, string, int) ([]jarvis.Suggestion, error) { return nil, s.err }

func (s slow) Explain(context.Context, jarvis.SearchRequest) (*jarvis.Explanation, error) {
	return nil, s.err
}

func TestServer_Search_Timeout(t *testing.T) {
	ended := &jarvis.Error{Code: jarvis.CodeTimeout, Op: "search: search", Message: "it was ended: ask for less", Err: context.DeadlineExceeded}
	r := newRig(t, func(o *api.Options) { o.Search = slow{ended} })
	if p := r.get(r.reader, "/api/search?q=zebra").wantProblem(http.StatusGatewayTimeout, jarvis.CodeTimeout); p.Detail != "it was ended: ask for less" {
		t.Errorf("the detail is %q", p.Detail)
	}
	r.get(r.reader, "/api/suggest?q=zebra").wantProblem(http.StatusGatewayTimeout, jarvis.CodeTimeout)
	r.get(r.reader, "/api/search/explain?q=zebra").wantProblem(http.StatusGatewayTimeout, jarvis.CodeTimeout)
	if text := string(r.get(r.reader, "/metrics").want(http.StatusOK).body); !strings.Contains(text, `jarvis_search_seconds_count{result="timeout"} 1`) {
		t.Error("the metrics do not tell of it")
	}
}

// endless is a search that lasts until it is given up.
type endless struct {
	slow
	entered chan struct{}
}

func (h endless) Search(ctx context.Context, _ jarvis.SearchRequest) (*jarvis.SearchPage, error) {
	h.entered <- struct{}{}
	<-ctx.Done()
	return nil, ctx.Err()
}

// One client's searches keep no other from theirs, and of those that hold much there
// are few.
func TestServer_Search_NoRoom(t *testing.T) {
	for query, atOnce := range map[string]int{"group=none": 8, "group=moment": 4, "facets=true": 2} {
		t.Run(query, func(t *testing.T) { testNoRoom(t, "/api/search?"+query, atOnce) })
	}
}

func testNoRoom(t *testing.T, path string, atOnce int) {
	t.Helper()
	h := endless{entered: make(chan struct{})}
	r := newRig(t, func(o *api.Options) { o.Search = h })
	r.server.Hasten(50 * time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	ask := func(token string) {
		req := r.request(http.MethodGet, path, nil).WithContext(ctx)
		req.Header.Set("Authorization", "Bearer "+token)
		all.Go(func() {
			if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
				t.Errorf("a search that hangs was answered %d", res.StatusCode)
				must(t, res.Body.Close())
			}
		})
		<-h.entered
	}
	for range atOnce {
		ask(r.reader)
	}
	if a := r.get(r.reader, path); a.wantProblem(http.StatusServiceUnavailable, jarvis.CodeUnavailable).Detail == "" || a.header.Get("Retry-After") == "" {
		t.Errorf("the answer is %s", a.body)
	}
	ask(r.admin)
}

// A server that was made without search and queue says so.
func TestServer_Search_None(t *testing.T) {
	r := newRig(t, func(o *api.Options) { o.Search, o.Readings = nil, nil })
	id := r.add(1).ID.String()
	for _, path := range []string{"/api/search?q=x", "/api/search/explain?q=x", "/api/suggest?q=x", "/api/captures/" + id + "/text", "/api/readings"} {
		r.get(r.reader, path).wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	}
	r.get(r.worker, "/api/captures/"+id+"/image").wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	r.post(r.worker, "/api/readings/claim", "{}").wantProblem(http.StatusNotFound, jarvis.CodeNotFound)
	r.get(r.reader, "/metrics").want(http.StatusOK)
}
