package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/jarvis-memory/jarvis"
)

// found is a search that answers as it is told, and keeps what it was asked.
type found struct {
	page    *jarvis.SearchPage
	explain *jarvis.Explanation
	err     error
	asked   []jarvis.SearchRequest
}

func (f *found) Search(_ context.Context, r jarvis.SearchRequest) (*jarvis.SearchPage, error) {
	f.asked = append(f.asked, r)
	return f.page, f.err
}

func (f *found) Explain(context.Context, jarvis.SearchRequest) (*jarvis.Explanation, error) {
	return f.explain, nil
}

// look returns a page of a search as a browser reads it.
func (f *found) look(t *testing.T, status int, address string) *html.Node {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(Options{Search: f, Location: berlin, Now: func() time.Time { return time.Date(2026, 1, 25, 0, 0, 0, 0, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if _, err := p.Page(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil), jarvis.Principal{Own: true}, true); err != nil {
		t.Fatal(err)
	}
	if w.Code != status {
		t.Errorf("%s was answered %d, not %d", address, w.Code, status)
	}
	root, err := html.Parse(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// all returns the elements that have a class, or a name.
func all(root *html.Node, class string) (nodes []*html.Node) {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && (n.Data == class || strings.Contains(" "+attribute(n, "class")+" ", " "+class+" ")) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// asks returns the query that the address of a link asks for.
func asks(t *testing.T, n *html.Node) string {
	t.Helper()
	u, err := url.Parse(attribute(n, "href"))
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("q")
}

const someID = "019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00"

// session returns a page with one session of a title and a text, in which "fox" is
// marked.
func session(t *testing.T, title, text string) *jarvis.SearchPage {
	t.Helper()
	id, err := jarvis.ParseID(someID)
	if err != nil {
		t.Fatal(err)
	}
	to := time.Date(2026, 1, 24, 14, 20, 0, 123456000, time.UTC)
	marked := func(s string) []jarvis.Mark {
		if i := strings.Index(s, "fox"); i >= 0 {
			return []jarvis.Mark{{Start: i, End: i + 3}}
		}
		return nil
	}
	return &jarvis.SearchPage{
		Understood: "fox app:fire", Sort: jarvis.SortRelevance, Next: "R1", Partial: true,
		Terms: []jarvis.Term{{Query: "fox", Without: "app:fire"}, {Query: "app:fire", Without: "fox", Filter: true}},
		Results: []*jarvis.SearchResult{{
			Capture: &jarvis.Capture{ID: id, Timestamp: to, Device: "me@desk", MonitorIndex: 1, AppName: "Firefox", WindowTitle: title, Width: 1920, Height: 1080},
			Count:   42, From: to.Add(-18 * time.Minute), To: to,
			Snippet: jarvis.Snippet{Text: text, Marks: marked(text)}, Title: marked(title),
			Boxes: []jarvis.Box{{X: 1, Y: 2, Width: 3, Height: 4}},
		}},
		Facets: &jarvis.Facets{
			Total: 1042, More: true,
			Apps:    []jarvis.FacetCount{{Value: "Firefox", Count: 1000, Query: "app:Firefox"}, {Value: "", Count: 40}},
			Devices: []jarvis.FacetCount{{Value: "me@desk", Count: 1042, Query: "device:me@desk"}},
			Days:    []jarvis.FacetCount{{Value: "2026-01-24", Count: 42, Query: "on:2026-01-24"}, {Value: "2026-01-20", Count: 1000, Query: "on:2026-01-20"}},
		},
	}
}

func TestPages_Search(t *testing.T) {
	f := &found{page: session(t, "The fox", "a fox & a dog")}
	root := f.look(t, http.StatusOK, "/search?q=fox+app%3Afire&tz=Asia/Tokyo")
	if r := f.asked[0]; r.Query != "fox app:fire" || r.Sort != jarvis.SortAuto || r.Group != jarvis.GroupSessions || r.Limit != 20 || !r.Facets || r.Location.String() != "Asia/Tokyo" {
		t.Errorf("asked for %+v", r)
	}
	if title := textOf(all(root, "title")[0]); title != "Search" {
		t.Errorf("the title is %q: histories of browsers would keep it", title)
	}
	card := all(root, "result")[0]
	for class, want := range map[string]string{
		"time": "Sat 24 Jan 2026, 23:02:00 to 23:20:00", "seen": "seen 42 times over 18 min", "snippet": "a fox & a dog",
		"app": "Firefox", "title": "The fox", "where": "Found on the screen and in the title", "place": "me@desk, monitor 2Found on the screen and in the title",
	} {
		if got := textOf(all(card, class)[0]); got != want {
			t.Errorf("%s: %q, not %q", class, got, want)
		}
	}
	if marks := all(card, "mark"); len(marks) != 2 || textOf(marks[1]) != "fox" {
		t.Errorf("%d marks", len(marks))
	}
	to, err := url.Parse(attribute(all(card, "open")[0], "href"))
	if err != nil {
		t.Fatal(err)
	}
	q := to.Query()
	if to.Path != "/day/2026-01-24" || q.Get("at") != "2026-01-24T14:20:00.123456Z" || q.Get("device") != "me@desk" || q.Get("monitor") != "1" || q.Get("q") != "fox app:fire" || q.Get("tz") != "Asia/Tokyo" {
		t.Errorf("the card opens %s", to)
	}
	if chips := all(root, "chip"); len(chips) != 1 || asks(t, chips[0]) != "fox" {
		t.Errorf("%d chips", len(chips))
	}
	if text := textOf(all(root, "search-head")[0]); !strings.Contains(text, "More than 1,042 captures found") || !strings.Contains(text, "may be longer") {
		t.Error(text)
	}
	if bars := all(all(root, "bars")[0], "li"); len(bars) != 5 {
		t.Errorf("%d days", len(bars))
	}
	var narrowed []string
	for _, a := range all(all(root, "facets")[0], "a") {
		narrowed = append(narrowed, asks(t, a))
	}
	want := "fox app:fire on:2026-01-20|fox app:fire on:2026-01-24|fox app:fire app:Firefox|fox app:fire device:me@desk"
	if got := strings.Join(narrowed, "|"); got != want {
		t.Errorf("the facets lead to %s", got)
	}
	if next := attribute(all(all(root, "pages")[0], "a")[0], "href"); next != "/search?cursor=R1&q=fox+app%3Afire&sort=relevance&tz=Asia%2FTokyo" {
		t.Errorf("the next page is %s", next)
	}
}

// TestPages_Search_Hostile checks that what screens and windows said stays text.
func TestPages_Search_Hostile(t *testing.T) {
	evil := "\u202e<script>alert(1)</script></script><img src=x onerror=alert(1)> fox \"'&" + strings.Repeat("x", 100_000)
	f := &found{page: session(t, evil, evil)}
	f.page.Results[0].Capture.Device, f.page.Results[0].Capture.AppName = evil, evil
	f.page.Facets.Apps[0].Value, f.page.Facets.Devices[0].Value = evil, evil
	f.page.Terms[1].Query = evil
	root := f.look(t, http.StatusOK, "/search?q="+url.QueryEscape(evil[:500]))
	for n := range root.Descendants() {
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
				t.Errorf("<%s> has %s", n.Data, a.Key)
			}
		}
		if n.Type == html.ElementNode && n.Data == "script" && attribute(n, "src") == "" && attribute(n, "id") != "page-data" {
			t.Errorf("there is a script: %.60s", textOf(n))
		}
	}
	if images := all(root, "img"); len(images) > 0 {
		t.Errorf("%d images", len(images))
	}
	if text := textOf(all(root, "snippet")[0]); len(text) > 3*maxPiece {
		t.Errorf("a snippet of %d bytes", len(text))
	}
}

func TestPages_Search_Nothing(t *testing.T) {
	noon := time.Date(2026, 1, 24, 12, 0, 0, 0, time.UTC)
	f := &found{page: &jarvis.SearchPage{Understood: "fox app:x"}, explain: &jarvis.Explanation{
		Understood: "fox app:x",
		Terms: []jarvis.ExplainedTerm{
			{Term: jarvis.Term{Query: "fox", Without: "app:x"}, Count: 1000, Rest: 900},
			{Term: jarvis.Term{Query: "app:x", Without: "fox", Filter: true}, Rest: 3},
		},
		Spellings: []jarvis.Spelling{{Term: "app:x", Close: "app:y", Query: "fox app:y"}},
		From:      noon, There: 5, Waiting: 7,
		Spans: []jarvis.Span{{Device: "desk", From: noon, To: noon.Add(time.Hour), State: jarvis.SpanPaused}},
	}}
	root := f.look(t, http.StatusOK, "/search?q=fox+app:x")
	zero := all(root, "zero")[0]
	links := all(zero, "a")
	var queries []string
	for _, a := range links {
		queries = append(queries, asks(t, a))
	}
	if got := strings.Join(queries, "|"); got != "fox|fox app:y|app:x|fox" {
		t.Errorf("it offers %s", got)
	}
	text := textOf(zero)
	for _, want := range []string{"Understood as fox app:x", "Search without app:x", "1,000 or more", "desk, Sat 24 Jan, 13:00 to 14:00: recording was paused (1 h).", "7 captures still wait"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
}

func TestPages_Search_Failures(t *testing.T) {
	for _, tt := range []struct {
		err    error
		status int
		offers string
	}{
		{&jarvis.Error{Code: jarvis.CodeTimeout, Message: "it took too long"}, http.StatusGatewayTimeout, "fox after:30d"},
		{jarvis.Errorf(jarvis.CodeInvalid, "it is no cursor"), http.StatusBadRequest, "fox"},
	} {
		f := &found{err: tt.err}
		root := f.look(t, tt.status, "/search?q=fox&cursor=x")
		if got := asks(t, all(all(root, "failure")[0], "a")[0]); got != tt.offers {
			t.Errorf("%v: it offers %s", tt.err, got)
		}
		if input := all(root, "input")[0]; attribute(input, "value") != "fox" {
			t.Errorf("%v: the query is gone", tt.err)
		}
	}
	root := (&found{}).look(t, http.StatusOK, "/search")
	if n := len(all(all(root, "examples")[0], "a")); n != 5 {
		t.Errorf("%d examples", n)
	}
}

func TestSentence(t *testing.T) {
	for message, want := range map[string]string{"": "", "it is no cursor": "It is no cursor.", "über.": "Über."} {
		if got := sentence(message); got != want {
			t.Errorf("of %q it makes %q", message, got)
		}
	}
}

func TestAsked_Bars(t *testing.T) {
	a := &asked{}
	days := func(names ...string) (counts []jarvis.FacetCount) {
		for _, name := range names {
			counts = append(counts, jarvis.FacetCount{Value: name, Count: 2})
		}
		return counts
	}
	for _, tt := range []struct {
		days []jarvis.FacetCount
		want string
	}{
		{days("2026-01-24"), "day 1 24 Jan on:2026-01-24"},
		{days("2026-03-01", "2026-02-27"), "day 3 27 Feb on:2026-02-27"},
		{days("2026-03-31", "2026-01-31"), "month 3 Jan 26 on:2026-01"},
		{days("2026-03-31", "2020-02-29"), "year 7 2020 on:2020"},
		{nil, " 0"},
	} {
		bars, unit := a.bars(tt.days, &jarvis.SearchPage{})
		got := fmt.Sprint(unit, " ", len(bars))
		if len(bars) > 0 {
			u, err := url.Parse(bars[0].Href)
			if err != nil {
				t.Fatal(err)
			}
			got += " " + bars[0].Text + " " + u.Query().Get("q")
		}
		if got != tt.want {
			t.Errorf("%v: %s, not %s", tt.days, got, tt.want)
		}
	}
}
