package search

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jarvis-memory/jarvis"
)

func TestService_Search(t *testing.T) {
	f := &fake{}
	f.add(text("Text Editor", "the quick brown fox", 0))
	f.add(text("Firefox", "the slow fox", 1))
	f.add(text("Terminal", "a quick dog", 2)).Device = "me@laptop"
	tests := []struct {
		name, query string
		want        []string // apps, the newest first
		understood  string
	}{
		{"Everything", "", []string{"Terminal", "Firefox", "Text Editor"}, ""},
		{"Word", "FOX", []string{"Firefox", "Text Editor"}, "fox"},
		{"Words", "quick fox", []string{"Text Editor"}, "quick fox"},
		{"Or", "slow or dog", []string{"Terminal", "Firefox"}, "slow or dog"},
		{"Without", "fox -slow", []string{"Text Editor"}, "fox -slow"},
		{"App", "app:edit", []string{"Text Editor"}, "app:edit"},
		{"AppWords", `app:"text ed"`, []string{"Text Editor"}, `app:"text ed"`},
		{"AppOfNone", "app:nothing", nil, "app:nothing"},
		{"WithoutApp", "-app:fire quick or fox", []string{"Terminal", "Text Editor"}, "-app:fire quick or fox"},
		{"Device", "device:laptop", []string{"Terminal"}, "device:laptop"},
		{"Time", "on:2025", nil, "on:2025"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page := f.search(t, jarvis.SearchRequest{Query: tt.query})
			var got []string
			for _, r := range page.Results {
				got = append(got, r.Capture.AppName)
				if r.Capture.OCRText != nil || r.Boxes == nil || r.Snippet.Marks == nil || r.Count != 1 || !r.From.Equal(r.To) {
					t.Errorf("result %+v", r)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if page.Understood != tt.understood {
				t.Errorf("understood %q", page.Understood)
			}
			if page.Results == nil || page.Next != "" || page.Partial || page.Facets != nil {
				t.Errorf("page %+v", page)
			}
		})
	}
}

func TestService_Search_Snippet(t *testing.T) {
	f := &fake{}
	c := text("Editor", "one two\nthree card 1234\n", 0)
	f.add(c,
		jarvis.Word{Start: 0, End: 3, Box: jarvis.Box{X: 1}},
		jarvis.Word{Start: 4, End: 7, Box: jarvis.Box{X: 2}},
		jarvis.Word{Start: 7, End: 7, Box: jarvis.Box{X: 3}, Masked: true},
		jarvis.Word{Start: 8, End: 13, Box: jarvis.Box{X: 4}},
		jarvis.Word{Start: 14, End: 23, Box: jarvis.Box{X: 5}, Masked: true},
		jarvis.Word{Start: 23, End: 23, Box: jarvis.Box{X: 6}, Masked: true},
	)
	tests := []struct {
		query string
		marks []string
		boxes []int
	}{
		{"one", []string{"one"}, []int{1}},
		{"two", []string{"two"}, []int{2, 3}},
		{`"two three"`, []string{"two three"}, []int{2, 3, 4}},
		{"1234 on*", []string{"one", "1234"}, []int{1, 5, 6}},
		{"app:editor", nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			page := f.search(t, jarvis.SearchRequest{Query: tt.query})
			if len(page.Results) != 1 {
				t.Fatalf("%d results", len(page.Results))
			}
			r := page.Results[0]
			if r.Snippet.Text != "one two three card 1234" {
				t.Errorf("snippet %q", r.Snippet.Text)
			}
			var marks []string
			for _, m := range r.Snippet.Marks {
				marks = append(marks, r.Snippet.Text[m.Start:m.End])
			}
			var boxes []int
			for _, b := range r.Boxes {
				boxes = append(boxes, b.X)
			}
			if diff := cmp.Diff(tt.marks, marks) + cmp.Diff(tt.boxes, boxes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestService_Search_Facets(t *testing.T) {
	f := &fake{}
	for i := range 5 {
		f.add(text([]string{"A", "B"}[i%2], "fox", i*6*3600))
	}
	f.add(text("C", "dog", 0))
	berlin := time.FixedZone("", 3600)
	page := f.search(t, jarvis.SearchRequest{Query: "fox", Facets: true, Group: jarvis.GroupMoments, Location: berlin, Limit: 2})
	want := &jarvis.Facets{
		Total:   5,
		Apps:    []jarvis.FacetCount{{Value: "A", Count: 3, Query: "app:A"}, {Value: "B", Count: 2, Query: "app:B"}},
		Devices: []jarvis.FacetCount{{Value: "me@desk", Count: 5, Query: "device:me@desk"}},
		Days:    []jarvis.FacetCount{{Value: "2026-01-25", Count: 3, Query: "on:2026-01-25"}, {Value: "2026-01-24", Count: 2, Query: "on:2026-01-24"}},
	}
	if diff := cmp.Diff(want, page.Facets); diff != "" {
		t.Error(diff)
	}
	if len(page.Results) != 2 || f.finds != 1 {
		t.Errorf("%d results of %d searches", len(page.Results), f.finds)
	}
}

func TestService_Search_FacetsMore(t *testing.T) {
	f := &fake{}
	says := "fox"
	for i := range jarvis.MaxFacetMatches + 1 {
		f.captures = append(f.captures, &entry{
			capture:  &jarvis.Capture{ID: testID(i), Timestamp: noon.Add(time.Duration(-i) * time.Hour), OCRText: &says},
			document: says,
		})
	}
	facets := f.search(t, jarvis.SearchRequest{Facets: true}).Facets
	if facets.Total != jarvis.MaxFacetMatches || !facets.More {
		t.Errorf("%d, and more %t", facets.Total, facets.More)
	}
	f.captures = f.captures[1:]
	facets = f.search(t, jarvis.SearchRequest{Facets: true}).Facets
	if facets.Total != jarvis.MaxFacetMatches || facets.More {
		t.Errorf("%d, and more %t", facets.Total, facets.More)
	}
}

func TestService_Search_Invalid(t *testing.T) {
	f := &fake{}
	for range 3 {
		f.add(text("A", "fox", len(f.captures)*3600))
	}
	frames := f.search(t, jarvis.SearchRequest{Limit: 1}).Next
	moments := f.search(t, jarvis.SearchRequest{Limit: 1, Group: jarvis.GroupMoments}).Next
	ranked := f.search(t, jarvis.SearchRequest{Limit: 1, Sort: jarvis.SortRelevance}).Next
	tests := []struct {
		name string
		r    jarvis.SearchRequest
	}{
		{"Limit", jarvis.SearchRequest{Limit: jarvis.MaxResults + 1}},
		{"LimitNegative", jarvis.SearchRequest{Limit: -1}},
		{"Sort", jarvis.SearchRequest{Sort: "best"}},
		{"Cursor", jarvis.SearchRequest{Cursor: "x"}},
		{"CursorEmpty", jarvis.SearchRequest{Cursor: "f"}},
		{"CursorOfMoments", jarvis.SearchRequest{Cursor: moments}},
		{"CursorOfFrames", jarvis.SearchRequest{Cursor: frames, Group: jarvis.GroupMoments}},
		{"CursorOfTime", jarvis.SearchRequest{Cursor: frames, Sort: jarvis.SortRelevance}},
		{"CursorOfMomentsForSessions", jarvis.SearchRequest{Cursor: moments, Group: jarvis.GroupSessions}},
		{"Group", jarvis.SearchRequest{Group: "window"}},
		{"CursorOfRanked", jarvis.SearchRequest{Cursor: ranked, Sort: jarvis.SortRelevance, Group: jarvis.GroupMoments}},
		{"CursorWithMore", jarvis.SearchRequest{Cursor: frames + "." + frames[1:]}},
		{"CursorOfAgesAgo", jarvis.SearchRequest{Cursor: "r-zzzzzzzzzzzz.1", Sort: jarvis.SortRelevance}},
		{"CursorBehind", jarvis.SearchRequest{Cursor: ranked + "00000", Sort: jarvis.SortRelevance}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if page, err := f.service().Search(t.Context(), tt.r); !errors.Is(err, jarvis.ErrInvalid) {
				t.Errorf("%v, %v", page, err)
			}
		})
	}
}

func TestService_Search_Timeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{}
		var ended error
		f.onFind = func(ctx context.Context) error {
			<-ctx.Done()
			ended = ctx.Err()
			return &jarvis.Error{Code: jarvis.CodeUnavailable, Message: "the query was ended", Err: ended}
		}
		start := time.Now()
		_, err := f.service().Search(t.Context(), jarvis.SearchRequest{Query: "fox"})
		if jarvis.ErrorCode(err) != jarvis.CodeTimeout || !strings.Contains(err.Error(), "5s") || time.Since(start) != DefaultTimeout {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		if !errors.Is(ended, context.DeadlineExceeded) {
			t.Errorf("the index was told %v", ended)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := f.service().Search(ctx, jarvis.SearchRequest{}); jarvis.ErrorCode(err) != jarvis.CodeUnavailable || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
}

func TestService_Search_NoTimeout(t *testing.T) {
	f := &fake{onFind: func(ctx context.Context) error {
		if _, ok := ctx.Deadline(); ok {
			return errBroken
		}
		return nil
	}}
	s := New(Options{Index: f, Readings: f, Catalog: f, Timeout: -1})
	if _, err := s.Search(t.Context(), jarvis.SearchRequest{}); err != nil {
		t.Error(err)
	}
}

func TestService_Text(t *testing.T) {
	f := &fake{}
	c := f.add(text("A", "fox", 0), jarvis.Word{End: 3})
	got, err := f.service().Text(t.Context(), c.ID)
	if err != nil || textOf(got.Capture) != "fox" || len(got.Reading.Words) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := f.service().Text(t.Context(), testID(99)); !errors.Is(err, jarvis.ErrDeleted) {
		t.Errorf("deleted: %v", err)
	}
}

func TestService_Hits(t *testing.T) {
	f := &fake{}
	box := func(x int) jarvis.Box { return jarvis.Box{X: x} }
	c := f.add(text("Editor", "one two\nthree card 1234\none", 0),
		jarvis.Word{Start: 0, End: 3, Box: box(1)},
		jarvis.Word{Start: 4, End: 7, Box: box(2)},
		jarvis.Word{Start: 7, End: 7, Box: box(3), Masked: true},
		jarvis.Word{Start: 8, End: 23, Box: box(4), Masked: true},
		jarvis.Word{Start: 23, End: 23, Box: box(5), Masked: true},
		jarvis.Word{Start: 24, End: 27, Box: box(6)},
	)
	found, err := f.service().Text(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		query string
		want  []jarvis.Hit
	}{
		{"", []jarvis.Hit{}},
		{"app:editor nothing", []jarvis.Hit{}},
		{"one", []jarvis.Hit{{Mark: jarvis.Mark{Start: 0, End: 3}, Boxes: []jarvis.Box{box(1)}}, {Mark: jarvis.Mark{Start: 24, End: 27}, Boxes: []jarvis.Box{box(6)}}}},
		{`"one two"`, []jarvis.Hit{{Mark: jarvis.Mark{Start: 0, End: 7}, Boxes: []jarvis.Box{box(1), box(2), box(3)}}}},
		{"three or 1234", []jarvis.Hit{{Mark: jarvis.Mark{Start: 8, End: 13}, Boxes: []jarvis.Box{box(4), box(5)}}, {Mark: jarvis.Mark{Start: 19, End: 23}, Boxes: []jarvis.Box{box(4), box(5)}}}},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, f.service().Hits(found, tt.query)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestService_Hits_Bounds(t *testing.T) {
	f := &fake{}
	without := f.add(text("Editor", strings.Repeat("fox ", jarvis.MaxHits+1), 0))
	unread := f.add(text("Editor", "", 1))
	unread.OCRText = nil
	for _, tt := range []struct {
		id   jarvis.ID
		want int
	}{{without.ID, jarvis.MaxHits}, {unread.ID, 0}} {
		found, err := f.service().Text(t.Context(), tt.id)
		if err != nil {
			t.Fatal(err)
		}
		hits := f.service().Hits(found, "fox")
		if len(hits) != tt.want || hits == nil {
			t.Errorf("%d hits, want %d", len(hits), tt.want)
		}
		for _, hit := range hits {
			if hit.Boxes == nil || len(hit.Boxes) != 0 {
				t.Fatalf("a hit of a text without words is %+v", hit)
			}
		}
	}
}

func TestService_Suggest(t *testing.T) {
	f := &fake{}
	for i, app := range []string{"Firefox", "Text Editor", "Fire Alarm"} {
		c := text(app, "x", i)
		c.WindowTitle = "About " + app
		f.add(c)
	}
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"foo ", nil},
		{"nothing", nil},
		{"foo fire", []string{`app:"Fire Alarm"`, "app:Firefox", `title:"About Fire Alarm"`, `title:"About Firefox"`}},
		{"edit", []string{`app:"Text Editor"`, `title:"About Text Editor"`}},
		{"app:", []string{`app:"Fire Alarm"`, "app:Firefox", `app:"Text Editor"`}},
		{"-app:t", []string{`app:"Text Editor"`}},
		{`app:"text e`, []string{`app:"Text Editor"`}},
		{"device:", []string{"device:me@desk"}},
		{"desk", []string{"device:me@desk"}},
		{"title:about", []string{`title:"About Fire Alarm"`, `title:"About Text Editor"`, `title:"About Firefox"`}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			found, err := f.service().Suggest(t.Context(), tt.text, 0)
			if err != nil || found == nil {
				t.Fatalf("%v, %v", found, err)
			}
			var got []string
			for _, s := range found {
				got = append(got, s.Query)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if found, err := f.service().Suggest(t.Context(), "title:", 1); err != nil || len(found) != 1 {
		t.Errorf("%v, %v", found, err)
	}
	if _, err := f.service().Suggest(t.Context(), "x", MaxSuggestions+1); !errors.Is(err, jarvis.ErrInvalid) {
		t.Errorf("%v", err)
	}
}
