package search

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

func TestService_Search_Relevance(t *testing.T) {
	f := &fake{}
	for i, n := range []int{1, 3, 2} {
		f.add(text("A", strings.Repeat("fox ", n), i*3600))
	}
	r := jarvis.SearchRequest{Query: "fox", Sort: jarvis.SortRelevance, Limit: 2}
	first := f.search(t, r)
	f.add(text("A", "fox fox fox fox fox", 4*3600)) // is not known to the pages that follow
	r.Cursor = first.Next
	second := f.search(t, r)
	var got []float64
	for _, result := range slices.Concat(first.Results, second.Results) {
		got = append(got, result.Score)
	}
	if diff := gocmp.Diff([]float64{3, 2, 1}, got); diff != "" {
		t.Error(diff)
	}
	if first.Ranked != 3 || second.Ranked != 3 || second.Next != "" {
		t.Errorf("ranked %d and %d, then %q", first.Ranked, second.Ranked, second.Next)
	}
}

func TestService_Search_RelevanceOfNothing(t *testing.T) {
	page := (&fake{}).search(t, jarvis.SearchRequest{Query: "fox", Sort: jarvis.SortRelevance, Group: jarvis.GroupMoments})
	if len(page.Results) > 0 || page.Next != "" || page.Ranked != 0 {
		t.Errorf("page %+v", page)
	}
}

func TestService_Search_RankedMomentPages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFake(t)
		score := make(map[jarvis.ID]float64)
		for _, e := range f.captures {
			n := rapid.IntRange(1, 4).Draw(t, "score")
			says := strings.Repeat("fox ", n)
			e.capture.OCRText, e.document = &says, strings.TrimSpace(strings.Repeat("fox ", n))
			score[e.capture.ID] = float64(n)
		}
		var got []string
		last := 5.0
		pages(t, f.service(), jarvis.SearchRequest{Query: "fox", Sort: jarvis.SortRelevance, Group: jarvis.GroupMoments}, func(page *jarvis.SearchPage) {
			for _, r := range page.Results {
				got = append(got, fmt.Sprint(r.To.UnixMicro(), r.From.UnixMicro(), r.Count, r.Capture.AppName, r.Capture.MonitorIndex))
				if r.Score > last || r.Score < score[r.Capture.ID] {
					t.Fatalf("score %g behind %g", r.Score, last)
				}
				last = r.Score
			}
		})
		var want []string
		for _, m := range groupsOf(f.captures, jarvis.GroupMoments) {
			c := f.captures[slices.IndexFunc(f.captures, func(e *entry) bool { return e.capture.ID.String() == m.newest })].capture
			want = append(want, fmt.Sprint(m.to.UnixMicro(), m.from.UnixMicro(), m.count, c.AppName, c.MonitorIndex))
		}
		slices.SortFunc(want, cmp.Compare[string])
		slices.SortFunc(got, cmp.Compare[string])
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestRankMoments_Partial(t *testing.T) {
	f := &fake{}
	says := "fox"
	for i := range maxRankedMoments + 1 {
		f.captures = append(f.captures, &entry{
			capture:  &jarvis.Capture{ID: testID(i), Timestamp: noon.Add(time.Duration(-i) * time.Second), AppName: "Browser", OCRText: &says},
			document: says,
		})
	}
	r := jarvis.SearchRequest{Sort: jarvis.SortRelevance, Group: jarvis.GroupMoments}
	if page := f.search(t, r); !page.Partial || page.Ranked != len(f.captures) || page.Results[0].Count != maxRankedMoments {
		t.Errorf("partial %t, ranked %d", page.Partial, page.Ranked)
	}
	f.captures = f.captures[1:]
	if page := f.search(t, r); page.Partial {
		t.Error("partial")
	}
}
