package catalogtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

func testIndex(t *testing.T, h Harness) {
	t.Run("Words", func(t *testing.T) {
		cat := h.open(t)
		indexed := make(map[string]*jarvis.Capture)
		for i, words := range []string{
			"alpha beta", "beta alpha", "alpha", "alphabet", "alpha " + jarvis.DocumentGap + " beta", jarvis.TitleMark + "alpha", "", "or and not near",
			"ünïcode 日本 本語 語", strings.Repeat("q", jarvis.MaxToken) + " end", "x" + strings.Repeat(" alpha", 300) + " gamma " + "alpha omega",
		} {
			c := newUnread(noon.Add(time.Duration(i) * time.Second))
			insert(t, cat, c)
			finish(t, cat, claimOne(t, cat, noon).Lease, newReading("x", noon), words)
			indexed[words] = c
		}
		unread := newUnread(noon.Add(time.Hour))
		insert(t, cat, unread)
		long := "x" + strings.Repeat(" alpha", 300) + " gamma " + "alpha omega"
		gap := "alpha " + jarvis.DocumentGap + " beta"
		all := []*jarvis.Capture{unread}
		for _, c := range indexed {
			all = append(all, c)
		}
		for name, c := range map[string]struct {
			query jarvis.Query
			want  []*jarvis.Capture
		}{
			"Everything":    {jarvis.Query{}, all},
			"Word":          {wordsQuery("alpha"), []*jarvis.Capture{indexed["alpha beta"], indexed["beta alpha"], indexed["alpha"], indexed[gap], indexed[long]}},
			"Both":          {jarvis.Query{Clauses: []jarvis.Clause{words("alpha"), words("beta")}}, []*jarvis.Capture{indexed["alpha beta"], indexed["beta alpha"], indexed[gap]}},
			"Phrase":        {wordsQuery("alpha", "beta"), []*jarvis.Capture{indexed["alpha beta"]}},
			"PhraseLate":    {wordsQuery("gamma", "alpha", "omega"), []*jarvis.Capture{indexed[long]}},
			"Prefix":        {prefixQuery("alph"), []*jarvis.Capture{indexed["alpha beta"], indexed["beta alpha"], indexed["alpha"], indexed["alphabet"], indexed[gap], indexed[long]}},
			"PrefixWhole":   {prefixQuery("alphabet"), []*jarvis.Capture{indexed["alphabet"]}},
			"PhrasePrefix":  {prefixQuery("beta", "al"), []*jarvis.Capture{indexed["beta alpha"]}},
			"Marked":        {wordsQuery(jarvis.TitleMark + "alpha"), []*jarvis.Capture{indexed[jarvis.TitleMark+"alpha"]}},
			"MarkedPrefix":  {prefixQuery(jarvis.TitleMark + "a"), []*jarvis.Capture{indexed[jarvis.TitleMark+"alpha"]}},
			"Keywords":      {wordsQuery("or", "and", "not", "near"), []*jarvis.Capture{indexed["or and not near"]}},
			"Unicode":       {wordsQuery("日本", "本語"), []*jarvis.Capture{indexed["ünïcode 日本 本語 語"]}},
			"UnicodePrefix": {prefixQuery("日"), []*jarvis.Capture{indexed["ünïcode 日本 本語 語"]}},
			"Accents":       {prefixQuery("ünï"), []*jarvis.Capture{indexed["ünïcode 日本 本語 語"]}},
			"Long":          {wordsQuery(strings.Repeat("q", jarvis.MaxToken)), []*jarvis.Capture{indexed[strings.Repeat("q", jarvis.MaxToken)+" end"]}},
			"None":          {wordsQuery("delta"), nil},
			"PartOfWord":    {wordsQuery("lpha"), nil},
			"Hostile":       {wordsQuery(`'"*:&|!()\`), nil},
			"Percent":       {prefixQuery("%"), nil},
			"Underscore":    {wordsQuery("alph_"), nil},
			"Without":       {jarvis.Query{Clauses: []jarvis.Clause{words("beta"), {{Kind: jarvis.AtomWords, Tokens: []string{"alpha", "beta"}, Not: true}}}}, []*jarvis.Capture{indexed["beta alpha"], indexed[gap]}},
		} {
			t.Run(name, func(t *testing.T) { wantMatches(t, cat, c.query, c.want...) })
		}
		t.Run("OnlyWithout", func(t *testing.T) {
			want := slices.DeleteFunc(slices.Clone(all), func(c *jarvis.Capture) bool {
				return c == indexed["alpha"] || c == indexed["alpha beta"] || c == indexed["beta alpha"] || c == indexed[gap] || c == indexed[long]
			})
			wantMatches(t, cat, jarvis.Query{Clauses: []jarvis.Clause{{{Kind: jarvis.AtomWords, Tokens: []string{"alpha"}, Not: true}}}}, want...)
		})
	})

	t.Run("Fields", func(t *testing.T) {
		cat := h.open(t)
		c := newUnread(noon)
		c.MonitorIndex, c.AppName, c.Device, c.WindowTitle, c.URL = 3, "Text Editor", "grace@lab", "Notes", "https://example.org/notes"
		insert(t, cat, c)
		want := []*jarvis.Match{{ID: c.ID, Timestamp: c.Timestamp, Device: c.Device, MonitorIndex: 3, AppName: c.AppName, WindowTitle: c.WindowTitle, URL: c.URL}}
		got, err := cat.FindMatches(t.Context(), jarvis.MatchFilter{Limit: 1})
		if err != nil {
			t.Fatalf("FindMatches: %v", err)
		}
		wantEqual(t, "the match", got, want)
		for _, limit := range []int{0, -1, jarvis.MaxMatches + 1} {
			_, err := cat.FindMatches(t.Context(), jarvis.MatchFilter{Limit: limit})
			wantError(t, err, jarvis.CodeInvalid, messageMatches(limit))
		}
	})

	t.Run("Names", func(t *testing.T) {
		cat := h.open(t)
		var captures []*jarvis.Capture
		for _, name := range []string{"", "b", "a", "A", "Ä", "b", "日本", `q"u'ote`} {
			c := newUnread(noon)
			c.AppName, c.Device = name, "on "+name
			captures = append(captures, c)
		}
		insert(t, cat, captures...)
		for kind, want := range map[jarvis.NameKind][]string{
			jarvis.NameApp:    {"A", "a", "b", `q"u'ote`, "Ä", "日本"},
			jarvis.NameDevice: {"on ", "on A", "on a", "on b", `on q"u'ote`, "on Ä", "on 日本"},
		} {
			got, err := cat.FindNames(t.Context(), kind)
			if err != nil {
				t.Fatalf("FindNames: %v (cause: %v)", err, errors.Unwrap(err))
			}
			wantEqual(t, "the names", got, want)
		}
		remove(t, cat, captures[6].ID)
		if got, err := cat.FindNames(t.Context(), jarvis.NameApp); err != nil || slices.Contains(got, "日本") {
			t.Errorf("FindNames after a deletion = %q, %v", got, err)
		}
	})

	t.Run("Model", func(t *testing.T) {
		cat := h.open(t)
		m := newIndexModel(t, cat, proof.Rounds(250, 1000))
		rapid.Check(t, func(t *rapid.T) {
			q := m.drawQuery(t)
			wantMatches(t, cat, q, m.matching(q)...)
		})
	})

	t.Run("Pages", func(t *testing.T) {
		cat := h.open(t)
		m := newIndexModel(t, cat, 200)
		rapid.Check(t, func(t *rapid.T) {
			q := m.drawQuery(t)
			want := m.matching(q)
			limit := rapid.SampledFrom([]int{3, 7, 50, 199, 200, 1000}).Draw(t, "limit")
			var got []*jarvis.Match
			for f := (jarvis.MatchFilter{Query: q, Limit: limit}); ; {
				page := matches(t, cat, f)
				got = append(got, page...)
				if len(page) < limit {
					break
				}
				f.After = page[len(page)-1].Cursor()
			}
			wantSame(t, got, want)

			from := rapid.IntRange(0, len(want)).Draw(t, "skip")
			ranked := matches(t, cat, jarvis.MatchFilter{Query: q, Limit: jarvis.MaxMatches, Sort: jarvis.SortRelevance})
			wantSameSet(t, ranked, want)
			for i, match := range ranked {
				if match.Ranked != len(want) {
					t.Fatalf("match %d says that %d were ranked, of %d", i, match.Ranked, len(want))
				}
				if i > 0 && match.Score > ranked[i-1].Score {
					t.Fatalf("match %d is better than the one before", i)
				}
			}
			part := matches(t, cat, jarvis.MatchFilter{Query: q, Limit: limit, Sort: jarvis.SortRelevance, Skip: from})
			wantEqual(t, "the best without the first", part, ranked[from:min(len(ranked), from+limit)])
		})
	})

	t.Run("Relevance", func(t *testing.T) {
		cat := h.open(t)
		filler := strings.Repeat("common ", 60)
		var captures []*jarvis.Capture
		for i, words := range []string{"rare", filler + "rare", filler, filler + "rare rare rare", "other words here", filler, filler, filler, filler, filler, filler} {
			c := newUnread(noon.Add(time.Duration(i) * time.Second))
			insert(t, cat, c)
			finish(t, cat, claimOne(t, cat, noon).Lease, newReading("x", noon), strings.TrimSpace(words))
			captures = append(captures, c)
		}
		got := matches(t, cat, jarvis.MatchFilter{Query: wordsQuery("rare"), Limit: 10, Sort: jarvis.SortRelevance})
		if len(got) != 3 || got[2].ID != captures[1].ID {
			t.Errorf("the one that says it once in a long text is not the last of %d", len(got))
		}
		got = matches(t, cat, jarvis.MatchFilter{Query: jarvis.Query{Clauses: []jarvis.Clause{append(words("rare"), words("common")...)}}, Limit: 20, Sort: jarvis.SortRelevance})
		if len(got) != 10 {
			t.Fatalf("a rare word or a common one finds %d", len(got))
		}
		for _, match := range got[:3] {
			if id := match.ID; id != captures[0].ID && id != captures[1].ID && id != captures[3].ID {
				t.Error("one without the rare word is among the best three of ten")
			}
		}
	})

	t.Run("OneMicrosecond", func(t *testing.T) {
		cat := h.open(t)
		var captures []*jarvis.Capture
		for range 120 {
			captures = append(captures, newUnread(noon))
		}
		insertFast(t, captures, cat)
		for range captures {
			finish(t, cat, claimOne(t, cat, noon).Lease, newReading("same", noon), "same")
		}
		for _, q := range []jarvis.Query{{}, wordsQuery("same"), prefixQuery("sa")} {
			var got []*jarvis.Match
			for f := (jarvis.MatchFilter{Query: q, Limit: 50}); ; {
				page := matches(t, cat, f)
				got = append(got, page...)
				if len(page) < 50 {
					break
				}
				f.After = page[49].Cursor()
			}
			wantSameSet(t, got, captures)
		}
	})

	t.Run("Documents", func(t *testing.T) {
		cat := h.open(t)
		m := newIndexModel(t, cat, 60)
		if at, err := cat.ReindexPosition(t.Context()); err != nil || !at.IsZero() {
			t.Fatalf("ReindexPosition of what was never done = %v, %v", at, err)
		}
		gone := newUnread(noon)
		insert(t, cat, gone)
		remove(t, cat, gone.ID)
		var after jarvis.Cursor
		var found []*jarvis.Capture
		for {
			page, err := cat.FindDocumented(t.Context(), after, 7)
			if err != nil {
				t.Fatalf("FindDocumented: %v (cause: %v)", err, errors.Unwrap(err))
			}
			found = append(found, page...)
			var documents []jarvis.Document
			for _, c := range page {
				m.documents[c.ID] = strings.TrimSpace("renewed " + m.documents[c.ID])
				documents = append(documents, jarvis.Document{ID: c.ID, Words: m.documents[c.ID]})
			}
			if len(page) > 0 {
				after = page[len(page)-1].Cursor()
			}
			documents = append(documents, jarvis.Document{ID: gone.ID, Words: "gone"}, jarvis.Document{ID: jarvis.NewRandomID(), Words: "gone"})
			for _, c := range m.captures {
				if _, known := m.documents[c.ID]; !known {
					documents = append(documents, jarvis.Document{ID: c.ID, Words: "gone"})
				}
			}
			if err := cat.SetDocuments(t.Context(), documents, after); err != nil {
				t.Fatalf("SetDocuments: %v (cause: %v)", err, errors.Unwrap(err))
			}
			if at, err := cat.ReindexPosition(t.Context()); err != nil || at != after {
				t.Fatalf("ReindexPosition = %v, %v; want %v", at, err, after)
			}
			if len(page) < 7 {
				break
			}
		}
		documented := m.matching(jarvis.Query{})
		documented = slices.DeleteFunc(documented, func(c *jarvis.Capture) bool { _, known := m.documents[c.ID]; return !known })
		wantEqual(t, "FindDocumented", found, documented)
		wantMatches(t, cat, wordsQuery("renewed"), documented...)
		wantMatches(t, cat, wordsQuery("gone"))
		if err := cat.SetDocuments(t.Context(), nil, jarvis.Cursor{}); err != nil {
			t.Fatalf("SetDocuments: %v", err)
		}
		if at, err := cat.ReindexPosition(t.Context()); err != nil || !at.IsZero() {
			t.Fatalf("ReindexPosition after the end = %v, %v", at, err)
		}
		rapid.Check(t, func(t *rapid.T) {
			q := m.drawQuery(t)
			wantMatches(t, cat, q, m.matching(q)...)
		})
	})

	t.Run("Rebuild", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		m := newIndexModel(t, cat, 150)
		check := func() {
			t.Helper()
			random := rand.New(rand.NewPCG(3, 3))
			for range 30 {
				q := wordsQuery(vocabulary[random.IntN(len(vocabulary))])
				wantMatches(t, cat, q, m.matching(q)...)
			}
		}
		// Interrupted at its first step, over and over, it gets on.
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			if err := cat.RebuildIndex(ctx, func(int64, int64) { cancel() }); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatalf("RebuildIndex: %v (cause: %v)", err, errors.Unwrap(err))
			}
			cancel()
			m.add(t, cat, 1)
			check()
		}
		var last, of int64
		if err := cat.RebuildIndex(t.Context(), func(done, total int64) {
			if done < last {
				t.Errorf("progress goes back from %d to %d", last, done)
			}
			last, of = done, total
		}); err != nil {
			t.Fatalf("RebuildIndex: %v (cause: %v)", err, errors.Unwrap(err))
		}
		if last != of {
			t.Errorf("the last progress was %d of %d", last, of)
		}
		check()
		if err := cat.RebuildIndex(t.Context(), nil); err != nil {
			t.Fatalf("RebuildIndex: %v", err)
		}
		check()
		remove(t, cat, m.captures[0].ID)
		m.captures = m.captures[1:]
		check()
		if err := cat.CheckWhole(t.Context()); err != nil {
			t.Fatalf("CheckWhole: %v (cause: %v)", err, errors.Unwrap(err))
		}
	})

	t.Run("Cancelled", func(t *testing.T) {
		cat := h.open(t)
		newIndexModel(t, cat, 20)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := cat.FindMatches(ctx, jarvis.MatchFilter{Query: wordsQuery("alpha"), Limit: 10}); !errors.Is(err, context.Canceled) {
			t.Errorf("FindMatches with a context that is done: %v", err)
		}
		wantSameSet(t, matches(t, cat, jarvis.MatchFilter{Query: wordsQuery("nobody"), Limit: 10}), nil)
	})
}

func words(tokens ...string) jarvis.Clause {
	return jarvis.Clause{{Kind: jarvis.AtomWords, Tokens: tokens}}
}

func wordsQuery(tokens ...string) jarvis.Query {
	return jarvis.Query{Clauses: []jarvis.Clause{words(tokens...)}}
}

func prefixQuery(tokens ...string) jarvis.Query {
	return jarvis.Query{Clauses: []jarvis.Clause{{{Kind: jarvis.AtomWords, Tokens: tokens, Prefix: true}}}}
}

func matches(t tester, cat Catalog, f jarvis.MatchFilter) []*jarvis.Match {
	t.Helper()
	got, err := cat.FindMatches(background, f)
	if err != nil {
		t.Fatalf("FindMatches(%+v): %v (cause: %v)", f, err, errors.Unwrap(err))
	}
	return got
}

// wantMatches checks all matches of a query, and the first of them alone.
func wantMatches(t tester, cat Catalog, q jarvis.Query, want ...*jarvis.Capture) {
	t.Helper()
	all := matches(t, cat, jarvis.MatchFilter{Query: q, Limit: jarvis.MaxMatches})
	sorted := slices.Clone(want)
	slices.SortFunc(sorted, func(a, b *jarvis.Capture) int { return b.Timestamp.Compare(a.Timestamp) })
	wantSame(t, all, sorted)
	wantEqual(t, "the newest two matches", matches(t, cat, jarvis.MatchFilter{Query: q, Limit: 2}), all[:min(2, len(all))])
}

// wantSame compares with captures, the newest first: those of one microsecond in any
// order.
func wantSame(t tester, got []*jarvis.Match, want []*jarvis.Capture) {
	t.Helper()
	wantSameSet(t, got, want)
	for i, match := range got {
		if !match.Timestamp.Equal(want[i].Timestamp) {
			t.Fatalf("match %d is of %s, want %s", i, match.Timestamp, want[i].Timestamp)
		}
	}
}

func wantSameSet(t tester, got []*jarvis.Match, want []*jarvis.Capture) {
	t.Helper()
	var found, wanted []string
	for _, match := range got {
		found = append(found, match.ID.String())
	}
	for _, c := range want {
		wanted = append(wanted, c.ID.String())
	}
	slices.Sort(found)
	slices.Sort(wanted)
	wantEqual(t, "the matches", found, wanted)
}

func messageMatches(limit int) string {
	return "a page of matches holds 1 to " + strconv.Itoa(jarvis.MaxMatches) + ", not " + strconv.Itoa(limit)
}
