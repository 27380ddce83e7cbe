package search

import (
	"context"
	"errors"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/jarvis-memory/jarvis"
)

func TestService_Explain(t *testing.T) {
	f := &fake{status: jarvis.ReadStatus{Waiting: 3, Delayed: 2, Leased: 1, Failed: 4, Read: 9}}
	f.add(text("Firefox", "the invoice of March", 0))
	f.add(text("Text Editor", "a receipt", 10))
	f.add(text("Text Editor", "another receipt", 20)).Device = "you@sofa"
	e := f.explain(t, "invoice app:editor")
	want := []jarvis.ExplainedTerm{
		{Term: jarvis.Term{Query: "invoice", Without: "app:editor"}, Count: 1, Rest: 2},
		{Term: jarvis.Term{Query: "app:editor", Without: "invoice", Filter: true}, Count: 2, Rest: 1},
	}
	if diff := gocmp.Diff(want, e.Terms); diff != "" {
		t.Error(diff)
	}
	if e.Understood != "invoice app:editor" || e.Waiting != 6 || e.Failed != 4 || e.There != 3 || e.Partial {
		t.Errorf("%+v", e)
	}
	if e := f.explain(t, "nothing"); len(e.Terms) != 1 || e.Terms[0].Rest != 0 {
		t.Errorf("without its only term: %+v", e.Terms)
	}
	if e := f.explain(t, "device:sofa nothing monitor:0"); e.There != 1 {
		t.Errorf("%d captures are there, not 1", e.There)
	}
}

func (f *fake) explain(t *testing.T, query string) *jarvis.Explanation {
	t.Helper()
	e, err := f.service().Explain(t.Context(), jarvis.SearchRequest{Query: query})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestService_Explain_Spellings(t *testing.T) {
	f := &fake{}
	f.add(text("Firefox", "the invoice of Straße", 0))
	c := text("Text Editor", "an invoices invoice", 10)
	c.WindowTitle = "Quarterly budget"
	f.add(c)
	for _, tt := range []struct {
		query string
		want  []jarvis.Spelling
	}{
		{"invioce", []jarvis.Spelling{{Term: "invioce", Close: "invoice", Query: "invoice"}}},
		{"budgte app:editor", []jarvis.Spelling{{Term: "budgte", Close: "budget", Query: "budget app:editor"}}},
		{"app:firfox invoice", []jarvis.Spelling{{Term: "app:firfox", Close: "app:Firefox", Query: "app:Firefox invoice"}}},
		{"app:edtor", []jarvis.Spelling{{Term: "app:edtor", Close: `app:"Text Editor"`, Query: `app:"Text Editor"`}}},
		{"device:dsek", []jarvis.Spelling{{Term: "device:dsek", Close: "device:me@desk", Query: "device:me@desk"}}},
		{"ap:firefox", []jarvis.Spelling{{Term: "ap:", Close: "app:", Query: "app:firefox"}}},
		{"budgte app:firefox", []jarvis.Spelling{{Term: "budgte", Close: "budget", Query: "budget"}}}, // the app has no such word
		{"xyzzyx", []jarvis.Spelling{}},
		{"-invioce", []jarvis.Spelling{}},
		{"invoice", []jarvis.Spelling{}},
	} {
		got := f.explain(t, tt.query).Spellings
		if diff := gocmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.query, diff)
		}
	}
}

// What was seen long ago is found by how it begins.
func TestService_Explain_Spellings_Old(t *testing.T) {
	f := &fake{}
	f.add(text("Firefox", "two flamingos and a flamingo", 0))
	for n := range 200 {
		f.add(text("Firefox", "nothing of that", n+1))
	}
	got := f.explain(t, "flamingoo").Spellings
	if len(got) == 0 || got[0].Close != "flamingo" {
		t.Errorf("%+v", got)
	}
}

func TestService_Explain_Spans(t *testing.T) {
	span := func(device string, from, to int, state jarvis.SpanState) jarvis.Span {
		return jarvis.Span{Device: device, From: noon.Add(time.Duration(from) * time.Hour), To: noon.Add(time.Duration(to) * time.Hour), State: state}
	}
	f := &fake{spans: []jarvis.Span{
		span("desk", -40, -39, jarvis.SpanIdle), // the day before
		span("desk", -14, -10, jarvis.SpanIdle),
		span("desk", -10, -1, jarvis.SpanRecording),
		span("desk", -1, 5, jarvis.SpanPaused),
		span("sofa", 0, 1, jarvis.SpanLocked),
	}}
	f.add(text("A", "fox", 0))
	e := f.explain(t, "on:2026-01-24 fox")
	want := []jarvis.Span{span("desk", -1, 5, jarvis.SpanPaused), span("desk", -12, -10, jarvis.SpanIdle), span("sofa", 0, 1, jarvis.SpanLocked)}
	if diff := gocmp.Diff(want, e.Spans); diff != "" {
		t.Error(diff)
	}
	if !e.From.Equal(noon.Add(-12*time.Hour)) || !e.To.Equal(noon.Add(12*time.Hour)) {
		t.Errorf("the time is %s to %s", e.From, e.To)
	}
	if e := f.explain(t, "fox"); len(e.Spans) != 0 {
		t.Errorf("%d spans of all times", len(e.Spans))
	}
	if e.Partial {
		t.Error("all spans were seen")
	}
	for len(f.spans) < jarvis.MaxPage { // the fake has as many on every page
		f.spans = append(f.spans, span("desk", 0, 1, jarvis.SpanIdle))
	}
	f.spans = append(f.spans, f.spans[1:]...)
	if e := f.explain(t, "on:2026-01-24 fox"); !e.Partial || len(e.Spans) != jarvis.MaxExplained {
		t.Errorf("of too many spans %d are told, partial %t", len(e.Spans), e.Partial)
	}
}

// TestService_Explain_Slow checks that an explanation says what it knows when it took
// long enough, and that what else fails is an error.
func TestService_Explain_Slow(t *testing.T) {
	f := &fake{status: jarvis.ReadStatus{Waiting: 3}}
	f.onFind = func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	if e := f.explain(t, "fox"); !e.Partial || e.Waiting != 3 {
		t.Errorf("%+v", e)
	}
	f.onFind = func(context.Context) error { return errBroken }
	if _, err := f.service().Explain(t.Context(), jarvis.SearchRequest{Query: "fox"}); !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.onFind = func(ctx context.Context) error { return ctx.Err() }
	if _, err := f.service().Explain(ctx, jarvis.SearchRequest{Query: "fox"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestService_Search_Terms(t *testing.T) {
	f := &fake{}
	f.add(text("Firefox", "fox", 0))
	page := f.search(t, jarvis.SearchRequest{Query: "fox app:fire -dog title:a or fox", Sort: jarvis.SortAuto, Facets: true})
	want := []jarvis.Term{
		{Query: "fox", Without: "app:fire -dog title:a or fox"},
		{Query: "app:fire", Without: "fox -dog title:a or fox", Filter: true},
		{Query: "-dog", Without: "fox app:fire title:a or fox", Filter: true},
		{Query: "title:a or fox", Without: "fox app:fire -dog"},
	}
	if diff := gocmp.Diff(want, page.Terms); diff != "" {
		t.Error(diff)
	}
	if page.Sort != jarvis.SortRelevance {
		t.Errorf("the order is %s", page.Sort)
	}
	if got := page.Facets.Apps[0].Query + " " + page.Facets.Days[0].Query; got != "app:Firefox on:2026-01-24" {
		t.Error(got)
	}
	if page := f.search(t, jarvis.SearchRequest{Query: "app:fire -dog", Sort: jarvis.SortAuto}); page.Sort != jarvis.SortTime {
		t.Errorf("filters alone: the order is %s", page.Sort)
	}
}
