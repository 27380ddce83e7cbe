package search

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/catalogtest"
	"github.com/jarvis-memory/jarvis/internal/postgres"
	"github.com/jarvis-memory/jarvis/internal/query"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
)

// catalogue is what both databases are.
type catalogue interface {
	jarvis.Catalog
	jarvis.Index
	jarvis.Readings
}

func onBoth(t *testing.T, test func(*testing.T, catalogue)) {
	t.Run("SQLite", func(t *testing.T) {
		c, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "catalog.db")})
		must(t, err)
		t.Cleanup(func() { must(t, c.Close()) })
		test(t, c)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		c, err := postgres.Open(t.Context(), postgres.Options{URL: server.NewDatabase(t)})
		must(t, err)
		t.Cleanup(func() { must(t, c.Close()) })
		test(t, c)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill stores captures of few windows, many of them at one time, with texts of few
// words, and returns them in the order of the catalogue.
func fill(t *testing.T, c catalogue, n int) []*entry {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	entries := make(map[jarvis.ID]*entry)
	at := noon
	for range n {
		at = at.Add([]time.Duration{0, 0, time.Microsecond, 2 * time.Second, longestPause / 3, longestPause, 2 * longestPause}[random.IntN(7)])
		id := jarvis.NewRandomID()
		capture := &jarvis.Capture{
			ID: id, Filepath: jarvis.NewBlobName(id, at, jarvis.JPEG, false).String(), Timestamp: at, CreatedAt: at,
			Width: 100, Height: 100, FileSize: 100, MonitorIndex: random.IntN(2),
			Device: pick("me@desk", "me@laptop"), AppName: pick("Firefox", "Text Editor", ""),
			WindowTitle: pick("(1) Inbox", "(2) Inbox", "Ćwiczenie", "東京タワー"), URL: pick("", "", "https://example.org/a-b#x"),
		}
		must(t, c.InsertCapture(t.Context(), capture))
		e := &entry{capture: capture}
		if claim, err := c.ClaimReading(t.Context(), id, at, time.Minute); err != nil || claim == nil {
			t.Fatalf("claim %v, %v", claim, err)
		} else if random.IntN(10) > 0 {
			words := make([]string, 1+random.IntN(8))
			for i := range words {
				words[i] = pick("fox", "foxes", "dog", "naïve", "foo-bar", "東京都", "日 本語", "カー", "10.5")
			}
			says := strings.Join(words, " ")
			capture.OCRText = &says
			e.document = query.Document(says, capture.WindowTitle, capture.URL)
			reading := &jarvis.Reading{Text: says, Words: []jarvis.Word{{Start: 0, End: len(says), Box: jarvis.Box{X: 1}}}, ReadAt: at}
			must(t, c.FinishReading(t.Context(), claim.Lease, reading, e.document))
		}
		entries[id] = e
	}
	matches, err := c.FindMatches(t.Context(), jarvis.MatchFilter{Limit: jarvis.MaxMatches})
	must(t, err)
	ordered := make([]*entry, len(matches))
	for i, m := range matches {
		ordered[i] = entries[m.ID]
	}
	if len(ordered) != n {
		t.Fatalf("%d captures of %d", len(ordered), n)
	}
	return ordered
}

// TestCatalogue checks that a search finds the same on both databases.
func TestCatalogue(t *testing.T) {
	onBoth(t, func(t *testing.T, c catalogue) {
		all := fill(t, c, 100) // each takes three commits
		t.Run("Pages", func(t *testing.T) { checkPages(t, c, all) })
		t.Run("Relevance", func(t *testing.T) { checkRelevance(t, c, all) })
		t.Run("Reindex", func(t *testing.T) { checkReindex(t, c, all) })
	})
}

// checkPages checks that a database gives what a naive matcher and the definition of
// a moment give, for queries and pages of any kind.
func checkPages(t *testing.T, c catalogue, all []*entry) {
	terms := []string{
		"fox", "fox*", "fo*", "dog", "NAIVE", `"foo bar"`, "foo_bar", `"fox dog"`, "東京", "京", "本語", "日本", "カー", "10.5", "nothing",
		"app:fire", `app:"text ed"`, "device:laptop", "monitor:1", "title:inbox", "title:cwiczenie", "title:東京", "url:example.org", "url:a-b",
		"has:text", "is:pinned", "after:2026-01-24T15:00", "before:2026-01-25", "on:2026-01-24", " or ",
	}
	s := New(Options{Index: c, Readings: c, Catalog: c, Now: func() time.Time { return noon }, Timeout: time.Minute})
	rapid.Check(t, func(t *rapid.T) {
		var text []string
		for range rapid.IntRange(0, 4).Draw(t, "terms") {
			sign := rapid.SampledFrom([]string{"", "", "-"}).Draw(t, "sign")
			text = append(text, sign+rapid.SampledFrom(terms).Draw(t, "term"))
		}
		r := jarvis.SearchRequest{Query: strings.Join(text, " "), Group: rapid.SampledFrom([]jarvis.Grouping{jarvis.GroupNone, jarvis.GroupMoments, jarvis.GroupSessions}).Draw(t, "group"), Facets: rapid.Bool().Draw(t, "facets")}
		q := query.Parse(r.Query, noon, nil)
		if err := s.resolve(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		matching := slices.DeleteFunc(slices.Clone(all), func(e *entry) bool { return !catalogtest.Matches(q, e.capture, e.document) })
		want := groupsOf(matching, r.Group)
		if r.Group == jarvis.GroupNone {
			want = nil
			for _, e := range matching {
				want = append(want, shown{e.capture.ID.String(), e.capture.Timestamp, e.capture.Timestamp, 1})
			}
		}
		var got []shown
		pages(t, s, r, func(page *jarvis.SearchPage) {
			got = append(got, shownOf(page)...)
			if r.Facets && (page.Facets.Total != int64(len(matching)) || page.Facets.More) {
				t.Fatalf("%d matches of %d", page.Facets.Total, len(matching))
			}
		})
		if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(shown{})); diff != "" {
			t.Fatalf("%q: %s", query.String(q), diff)
		}
	})
}

// checkRelevance checks the pages of the best results.
func checkRelevance(t *testing.T, c catalogue, all []*entry) {
	s := New(Options{Index: c, Readings: c, Catalog: c, Timeout: time.Minute})
	for _, text := range []string{"fox", "fox -dog", "has:text"} {
		for _, group := range []jarvis.Grouping{jarvis.GroupNone, jarvis.GroupMoments, jarvis.GroupSessions} {
			q := query.Parse(text, noon, nil)
			matching := slices.DeleteFunc(slices.Clone(all), func(e *entry) bool { return !catalogtest.Matches(q, e.capture, e.document) })
			counted, last := int64(0), 0.0
			r := jarvis.SearchRequest{Query: text, Sort: jarvis.SortRelevance, Group: group, Limit: 7}
			for {
				page, err := s.Search(t.Context(), r)
				must(t, err)
				if page.Ranked != len(matching) {
					t.Errorf("%s: %d are ranked of %d", text, page.Ranked, len(matching))
				}
				for _, result := range page.Results {
					if counted > 0 && result.Score > last {
						t.Errorf("%s: score %g behind %g", text, result.Score, last)
					}
					counted, last = counted+result.Count, result.Score
				}
				if r.Cursor = page.Next; r.Cursor == "" {
					break
				}
			}
			if counted != int64(len(matching)) {
				t.Errorf("%s: pages have %d captures of %d", text, counted, len(matching))
			}
		}
	}
}

// checkReindex checks that an index whose documents an older program made finds
// everything after it was made anew.
func checkReindex(t *testing.T, c catalogue, all []*entry) {
	s := New(Options{Index: c, Readings: c, Catalog: c, Timeout: time.Minute})
	count := func(text string) int64 {
		page, err := s.Search(t.Context(), jarvis.SearchRequest{Query: text, Facets: true})
		must(t, err)
		return page.Facets.Total
	}
	want := count("東京")
	var stale []jarvis.Document
	documented, err := c.FindDocumented(t.Context(), jarvis.Cursor{}, len(all))
	must(t, err)
	for _, capture := range documented {
		stale = append(stale, jarvis.Document{ID: capture.ID, Words: "stale"})
	}
	must(t, c.SetDocuments(t.Context(), stale, jarvis.Cursor{}))
	if n := count("stale"); n != int64(len(documented)) || count("東京") != 0 {
		t.Fatalf("%d of %d are stale", n, len(documented))
	}
	must(t, s.Reindex(t.Context(), false, nil))
	if n := count("東京"); n != want || count("stale") != 0 || want == 0 {
		t.Errorf("%d are found of %d", n, want)
	}
}
