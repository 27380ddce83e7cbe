package search

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

func TestService_Search_Moments(t *testing.T) {
	f := &fake{}
	for i := range 300 { // one page of a browser, a counter in its title
		c := text("Browser", "fox", i*2)
		c.WindowTitle, c.URL = fmt.Sprintf("(%d) Inbox", i), fmt.Sprintf("https://example.org/#%d", i)
		f.add(c)
	}
	f.add(text("Browser", "fox", 300*2+4*60)).WindowTitle = "Other"
	f.add(text("Terminal", "fox", 601))
	second := text("Terminal", "fox", 602)
	second.MonitorIndex = 1
	f.add(second)
	f.add(text("Terminal", "fox", -3600))
	page := f.search(t, jarvis.SearchRequest{Query: "fox", Group: jarvis.GroupMoments})
	var got []string
	for _, r := range page.Results {
		got = append(got, fmt.Sprintf("%s %d %s %d", r.Capture.AppName, r.Capture.MonitorIndex, r.To.Sub(r.From), r.Count))
	}
	want := []string{"Browser 0 0s 1", "Terminal 1 0s 1", "Terminal 0 0s 1", "Browser 0 9m58s 300", "Terminal 0 0s 1"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if page.Next != "" || page.Partial {
		t.Errorf("next %q, partial %t", page.Next, page.Partial)
	}
}

// TestService_Search_Sessions checks that what is on one monitor is one result,
// whatever app and title it has.
func TestService_Search_Sessions(t *testing.T) {
	f := &fake{}
	for i := range 42 {
		f.add(text(fmt.Sprintf("App %d", i%3), "fox", i*119)).WindowTitle = fmt.Sprint("Title ", i)
	}
	f.add(text("App 0", "fox", 41*119+120)) // two minutes after the last
	second := text("App 0", "fox", 10)
	second.MonitorIndex = 1
	f.add(second)
	other := text("App 0", "fox", 20)
	other.Device = "you@desk"
	f.add(other)
	page := f.search(t, jarvis.SearchRequest{Query: "fox", Group: jarvis.GroupSessions})
	var got []string
	for _, r := range page.Results {
		got = append(got, fmt.Sprintf("%s %d %s %d", r.Capture.Device, r.Capture.MonitorIndex, r.To.Sub(r.From), r.Count))
	}
	want := []string{"me@desk 0 0s 1", "me@desk 0 1h21m19s 42", "you@desk 0 0s 1", "me@desk 1 0s 1"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestService_Search_NoWindow checks that captures are alone of which nobody said
// what window they show.
func TestService_Search_NoWindow(t *testing.T) {
	f := &fake{}
	says := "fox"
	for i := range 3 {
		f.captures = append(f.captures, &entry{
			capture:  &jarvis.Capture{ID: testID(i), Timestamp: noon.Add(time.Duration(-i) * time.Second), Device: "ada@desk", OCRText: &says},
			document: says,
		})
	}
	if page := f.search(t, jarvis.SearchRequest{Query: "fox", Group: jarvis.GroupMoments}); len(page.Results) != 3 {
		t.Errorf("%d results for 3 captures of no window", len(page.Results))
	}
}

// TestService_Search_LongMoment checks that a moment with more captures than are
// looked at is cut, with each capture counted once.
func TestService_Search_LongMoment(t *testing.T) {
	f := &fake{}
	says := "fox"
	const n = 2*maxLook + 100
	for i := range n {
		f.captures = append(f.captures, &entry{
			capture:  &jarvis.Capture{ID: testID(i), Timestamp: noon.Add(time.Duration(-i) * time.Second), AppName: "Browser", OCRText: &says},
			document: says,
		})
	}
	var counts []int64
	r := jarvis.SearchRequest{Query: "fox", Group: jarvis.GroupMoments}
	for {
		page := f.search(t, r)
		if len(page.Results) != 1 || page.Partial != (page.Next != "") {
			t.Fatalf("%d results, partial %t", len(page.Results), page.Partial)
		}
		counts = append(counts, page.Results[0].Count)
		if r.Cursor = page.Next; r.Cursor == "" {
			break
		}
	}
	if diff := gocmp.Diff([]int64{maxLook, maxLook, 100}, counts); diff != "" {
		t.Error(diff)
	}
}

// shown is what a person sees of a moment.
type shown struct {
	newest   string
	from, to time.Time
	count    int64
}

// groupsOf makes groups of captures as their definition says: two captures of a
// window, or of a monitor, are of one if no pause between them is too long.
func groupsOf(captures []*entry, group jarvis.Grouping) []shown {
	var all []shown
	windows := make(map[window][]*jarvis.Capture)
	for _, e := range captures {
		c := e.capture
		w := windowOf(&jarvis.Match{ID: c.ID, Device: c.Device, MonitorIndex: c.MonitorIndex, AppName: c.AppName, WindowTitle: c.WindowTitle, URL: c.URL})
		if group == jarvis.GroupSessions {
			w = window{device: c.Device, monitor: c.MonitorIndex}
		}
		windows[w] = append(windows[w], c)
	}
	for _, of := range windows {
		for len(of) > 0 {
			n := 1
			for n < len(of) && together(of[n-1].Timestamp.Sub(of[n].Timestamp), group) {
				n++
			}
			all = append(all, shown{of[0].ID.String(), of[n-1].Timestamp, of[0].Timestamp, int64(n)})
			of = of[n:]
		}
	}
	order := func(id string) int {
		return slices.IndexFunc(captures, func(e *entry) bool { return e.capture.ID.String() == id })
	}
	slices.SortFunc(all, func(a, b shown) int { return cmp.Compare(order(a.newest), order(b.newest)) })
	return all
}

func together(pause time.Duration, group jarvis.Grouping) bool {
	if group == jarvis.GroupSessions {
		return pause < 2*time.Minute
	}
	return pause <= 5*time.Minute
}

// drawGroup draws moments or sessions.
func drawGroup(t *rapid.T) jarvis.Grouping {
	return rapid.SampledFrom([]jarvis.Grouping{jarvis.GroupMoments, jarvis.GroupSessions}).Draw(t, "group")
}

// drawFake draws captures of few windows, many of them at one time.
func drawFake(t *rapid.T) *fake {
	f := &fake{}
	step := rapid.SampledFrom([]time.Duration{time.Microsecond, time.Minute, longestPause, longestPause / 2, longestPause + time.Microsecond, sessionPause, sessionPause + time.Microsecond})
	at := noon
	for range rapid.IntRange(0, 60).Draw(t, "captures") {
		if rapid.Bool().Draw(t, "later") {
			at = at.Add(step.Draw(t, "step"))
		}
		c := text(rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "app"), "fox", 0)
		c.Timestamp, c.MonitorIndex = at, rapid.IntRange(0, 1).Draw(t, "monitor")
		f.add(c)
	}
	return f
}

// pages reads all pages, each with a limit of its own.
func pages(t *rapid.T, s *Service, r jarvis.SearchRequest, each func(*jarvis.SearchPage)) {
	for {
		r.Limit = rapid.IntRange(1, 5).Draw(t, "limit")
		page, err := s.Search(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Results) > r.Limit || len(page.Results) == 0 && page.Next != "" {
			t.Fatalf("a page of %d results, of %d, before %q", len(page.Results), r.Limit, page.Next)
		}
		each(page)
		if r.Cursor = page.Next; r.Cursor == "" {
			return
		}
	}
}

func shownOf(page *jarvis.SearchPage) (all []shown) {
	for _, r := range page.Results {
		all = append(all, shown{r.Capture.ID.String(), r.From, r.To, r.Count})
	}
	return all
}

// TestService_Search_MomentPages checks that pages of any size have all moments,
// each once and whole.
func TestService_Search_MomentPages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFake(t)
		r := jarvis.SearchRequest{Query: "fox", Group: drawGroup(t), Facets: rapid.Bool().Draw(t, "facets")}
		var got []shown
		pages(t, f.service(), r, func(page *jarvis.SearchPage) {
			if page.Partial {
				t.Fatal("a page is partial")
			}
			got = append(got, shownOf(page)...)
		})
		if diff := gocmp.Diff(groupsOf(f.captures, r.Group), got, gocmp.AllowUnexported(shown{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestService_Search_MomentPagesCut checks that where little is looked at, no
// moment is lost and none is repeated, and that a page says when one is not whole.
func TestService_Search_MomentPagesCut(t *testing.T) {
	partial, cut := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		f := drawFake(t)
		s := f.service()
		s.look = rapid.IntRange(1, 12).Draw(t, "look")
		var got []shown
		complete := true
		group := drawGroup(t)
		pages(t, s, jarvis.SearchRequest{Query: "fox", Group: group}, func(page *jarvis.SearchPage) {
			got = append(got, shownOf(page)...)
			if page.Partial {
				complete = false
				partial++
			}
		})
		want := groupsOf(f.captures, group)
		if complete {
			if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(shown{})); diff != "" {
				t.Fatal(diff)
			}
			return
		}
		cut++
		seen := make(map[string]bool)
		counted := int64(0)
		for _, m := range got {
			if seen[m.newest] {
				t.Fatalf("capture %s is shown twice", m.newest)
			}
			seen[m.newest] = true
			counted += m.count
		}
		if counted > int64(len(f.captures)) {
			t.Fatalf("%d captures are counted of %d", counted, len(f.captures))
		}
		for _, m := range want {
			if !seen[m.newest] {
				t.Fatalf("moment %s is lost", m.newest)
			}
		}
	})
	proof.Record(t, "%d pages were partial, in %d searches", partial, cut)
}

func TestService_Search_FramePages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFake(t)
		var got []jarvis.ID
		pages(t, f.service(), jarvis.SearchRequest{Query: "fox"}, func(page *jarvis.SearchPage) {
			for _, r := range page.Results {
				got = append(got, r.Capture.ID)
			}
		})
		var want []jarvis.ID
		for _, e := range f.captures {
			want = append(want, e.capture.ID)
		}
		if !slices.Equal(want, got) {
			t.Fatalf("%d captures became %d", len(want), len(got))
		}
	})
}
