package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// say gives every capture of fill a short document, of which some words are in
// all, and some in few.
func say(t *testing.T, c *Catalog) {
	t.Helper()
	c.run(t,
		`INSERT INTO documents SELECT id, timestamp, 'common other n' || n || CASE WHEN n % 5 = 0 THEN ' fifth' ELSE '' END ||
			CASE WHEN n % 2000 = 3 THEN ' rare' ELSE '' END || CASE WHEN n % 997 = 3 THEN ' other common' ELSE '' END
		FROM (SELECT id, timestamp, row_number() OVER (ORDER BY timestamp, id COLLATE "C") AS n FROM captures) AS c`)
}

func wordsOf(tokens ...string) jarvis.Clause {
	return jarvis.Clause{{Kind: jarvis.AtomWords, Tokens: tokens}}
}

// TestCatalog_FindMatches_Plans looks at how PostgreSQL searches, whether it has
// looked at the tables or not, and when it does not know what is looked for.
func TestCatalog_FindMatches_Plans(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	const n = 20_000
	fill(t, c, n)
	say(t, c)
	c.run(t, "INSERT INTO pins SELECT timestamp, id FROM captures ORDER BY timestamp LIMIT 1500")
	p := newPlanner(t, c)
	for _, gathered := range []bool{false, true} {
		if gathered {
			c.run(t, "VACUUM ANALYZE")
		}
		from, to := start.AddDate(0, 0, 2), start.AddDate(0, 0, 5)
		within := jarvis.Clause{{Kind: jarvis.AtomTime, From: from, To: to}}
		app := jarvis.Clause{{Kind: jarvis.AtomApp, Names: []string{"rare", "app 3"}}}
		device := jarvis.Clause{{Kind: jarvis.AtomDevice, Names: []string{"rare"}}}
		pinned := jarvis.Clause{{Kind: jarvis.AtomPinned}}
		without := wordsOf("rare")
		without[0].Not = true
		for name, clauses := range map[string][]jarvis.Clause{
			"Word":        {wordsOf("rare")},
			"Phrase":      {wordsOf("other", "common")},
			"Month":       {wordsOf("common"), within},
			"AppAndWords": {wordsOf("fifth"), app, without},
		} {
			for _, after := range []jarvis.Cursor{{}, sample(n / 2).Cursor()} {
				s := searchOf(jarvis.Query{Clauses: clauses}, after)
				what := fmt.Sprintf("%s, gathered %v, after %v", name, gathered, after.Timestamp)
				walk := s.walk(defaultWalked, 20)
				p.wantSearch(t, what+", walk", "documents_pkey", 3*defaultWalked, false, walk)
				reach := s.reachStatement(defaultWalked)
				p.wantSearch(t, what+", reach", "documents_pkey", 2*defaultWalked, false, reach)
				if s.before.at.IsZero() {
					s.before = edge{at: sample(n).Timestamp}
				}
				p.exec(t, "BEGIN")
				if err := setPlanner(t.Context(), p.conn); err != nil {
					t.Fatal(err)
				}
				asked := s.asked(s.m.lexemes(map[string]string{"other common": "x"}), sample(0).Timestamp, 20)
				p.wantSearch(t, what+", asked", "Bitmap Index Scan on ix_documents_words", 30_000, true, asked)
				p.exec(t, "COMMIT")
			}
		}
		for name, q := range map[string]struct {
			index   string
			pages   int
			sort    bool
			clauses []jarvis.Clause
		}{
			"All":     {"ix_captures_timestamp_id", 200, false, nil},
			"Without": {"ix_captures_timestamp_id", 500, false, []jarvis.Clause{without}},
			"App":     {"ix_captures_app_name", 300, true, []jarvis.Clause{app}},
			"Device":  {"ix_captures_device", 200, true, []jarvis.Clause{device, within}},
			"Pinned":  {"pins_pkey", 500, false, []jarvis.Clause{pinned}},
		} {
			for _, after := range []jarvis.Cursor{{}, sample(n / 2).Cursor()} {
				if name == "Pinned" && !after.IsZero() {
					continue // before them all
				}
				s := searchOf(jarvis.Query{Clauses: q.clauses}, after)
				p.wantSearch(t, fmt.Sprintf("%s, gathered %v", name, gathered), q.index, q.pages, q.sort, s.list(20))
			}
		}
	}
}

func searchOf(q jarvis.Query, after jarvis.Cursor) *search[*jarvis.Match] {
	s := newSearch(nil, newMatcher(q), defaultWalked, func(*conditions) string { return matchColumns }, scanMatch, after)
	s.captures = true
	return s
}

func (p *planner) wantSearch(t *testing.T, name, index string, pages int, maySort bool, q statement) {
	t.Helper()
	p.want(t, name, index, pages, maySort, q.sql, q.args...)
}

// TestCatalog_FindMatches_Many compares with a look at every document, where there
// are enough for every way of searching: thousands a day, and a few for years.
func TestCatalog_FindMatches_Many(t *testing.T) {
	for name, captures := range map[string]func(*Catalog){
		"Days": func(c *Catalog) { fill(t, c, 20_000) },
		"Years": func(c *Catalog) {
			c.run(t, `INSERT INTO captures (id, filepath, timestamp, width, height, file_size)
				SELECT gen_random_uuid()::text, '', timestamptz '2015-01-01 00:00:00Z' + n * interval '7 hours', 1, 1, 1 FROM generate_series(1, 6000) AS n`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := openWith(t, Options{URL: cluster.NewDatabase(t), walked: 50})
			captures(c)
			say(t, c)
			c.run(t, "VACUUM ANALYZE documents")
			var middle jarvis.Cursor
			var id string
			err := c.pool.QueryRow(t.Context(), "SELECT captured_at, capture_id FROM documents ORDER BY captured_at OFFSET 3333 LIMIT 1").Scan(&middle.Timestamp, &id)
			if err == nil {
				middle.ID, err = storedID(id)
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, atom := range []jarvis.Atom{
				{Tokens: []string{"com"}, Prefix: true},
				{Tokens: []string{"fif"}, Prefix: true},
				{Tokens: []string{"n1"}, Prefix: true},
				{Tokens: []string{"n199"}, Prefix: true},
				{Tokens: []string{"x"}, Prefix: true},
				{Tokens: []string{"common"}},
				{Tokens: []string{"fifth"}},
				{Tokens: []string{"rare"}},
				{Tokens: []string{"n77"}},
				{Tokens: []string{"other", "common"}},
				{Tokens: []string{"common", "other"}},
				{Tokens: []string{"fifth", "oth"}, Prefix: true},
			} {
				for _, limit := range []int{10, 30, 500, jarvis.MaxMatches} {
					wantAll(t, c, atom, limit, jarvis.Cursor{}, time.Time{})
					wantAll(t, c, atom, limit, middle, time.Time{})
					wantAll(t, c, atom, limit, jarvis.Cursor{}, middle.Timestamp)
				}
			}
		})
	}
}

// wantAll compares the matches of one atom after a position and from a time on.
func wantAll(t *testing.T, c *Catalog, a jarvis.Atom, limit int, after jarvis.Cursor, from time.Time) {
	t.Helper()
	q := jarvis.Query{Clauses: []jarvis.Clause{{a}, {{Kind: jarvis.AtomTime, From: from}}}}
	found, err := c.FindMatches(t.Context(), jarvis.MatchFilter{Query: q, After: after, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	to := after.Timestamp
	if after.IsZero() {
		to = time.Date(2100, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	want, err := findAll(t.Context(), c, "look at all", pgx.RowTo[string], `SELECT capture_id FROM documents
		WHERE captured_at >= $1 AND captured_at < $2 AND strpos(' ' || words || ' ', $3) > 0 ORDER BY captured_at DESC, capture_id DESC LIMIT $4`,
		from, to, sought(a), limit)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]string, len(found))
	for i, m := range found {
		got[i] = m.ID.String()
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, prefix %v, limit %d, after %v, from %v: %d matches, want %d", a.Tokens, a.Prefix, limit, after.Timestamp, from, len(got), len(want))
	}
}

// TestCatalog_FindMatches_ContextEnds ends searches that take long. They end in
// the database too.
func TestCatalog_FindMatches_ContextEnds(t *testing.T) {
	url := cluster.NewDatabase(t)
	c, other := openAt(t, url), openAt(t, url)
	fill(t, c, 2000)
	say(t, c)
	without := wordsOf("common")
	without[0].Not = true
	for name, f := range map[string]jarvis.MatchFilter{
		"Words":     {Query: jarvis.Query{Clauses: []jarvis.Clause{wordsOf("common")}}},
		"NoWords":   {},
		"Without":   {Query: jarvis.Query{Clauses: []jarvis.Clause{without}}},
		"RareApp":   {Query: jarvis.Query{Clauses: []jarvis.Clause{wordsOf("common"), {{Kind: jarvis.AtomApp, Names: []string{"rare"}}}}}},
		"Relevance": {Query: jarvis.Query{Clauses: []jarvis.Clause{wordsOf("common")}}, Sort: jarvis.SortRelevance},
	} {
		t.Run(name, func(t *testing.T) {
			release := hold(t, url, "BEGIN", "LOCK TABLE captures, documents IN ACCESS EXCLUSIVE MODE")
			defer release()
			f.Limit = 20
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				_, err := c.FindMatches(ctx, f)
				ended <- err
			}()
			const running = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND query ~ 'FROM (captures|documents)' AND pid <> pg_backend_pid()`
			until(t, "the search runs", func() bool { return intOf(t, other, running) > 0 })
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("FindMatches = %v", err)
			}
			until(t, "the search has ended in the database", func() bool { return intOf(t, other, running) == 0 })
		})
	}
}

// A search sees one state of the catalogue, however many statements it takes.
func TestCatalog_FindMatches_WhileOthersWrite(t *testing.T) {
	c := openWith(t, Options{URL: cluster.NewDatabase(t), walked: 500})
	fill(t, c, 3000)
	say(t, c)
	stop, stopped := context.WithCancel(t.Context())
	writing := make(chan error, 1)
	go func() {
		var err error
		for i := int64(3000); err == nil; i++ {
			s := sample(i)
			if err = c.InsertCapture(stop, s); err != nil {
				break
			}
			var claim *jarvis.Claim
			if claim, err = c.ClaimReading(stop, s.ID, clock, time.Hour); err == nil {
				err = c.FinishReading(stop, claim.Lease, nil, "common")
			}
		}
		writing <- err
	}()
	for range 20 {
		matches, err := c.FindMatches(t.Context(), jarvis.MatchFilter{Query: jarvis.Query{Clauses: []jarvis.Clause{wordsOf("common")}}, Limit: jarvis.MaxMatches})
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[jarvis.ID]bool)
		for _, m := range matches {
			if seen[m.ID] {
				t.Fatalf("capture %s was found twice", m.ID)
			}
			seen[m.ID] = true
		}
		for i := range int64(3000) {
			if !seen[sample(i).ID] {
				t.Fatalf("capture %d was not found", i)
			}
		}
	}
	stopped()
	if err := <-writing; !errors.Is(err, context.Canceled) {
		t.Errorf("the writer: %v", err)
	}
}

// What PostgreSQL cannot have is not found, and no error; what the index cannot
// have is looked for all the same.
func TestCatalog_FindMatches_Strange(t *testing.T) {
	c := openWith(t, Options{URL: cluster.NewDatabase(t), walked: 1})
	fill(t, c, 3)
	long := strings.Repeat("long", jarvis.MaxToken/4)
	c.run(t, "INSERT INTO documents SELECT id, timestamp, 'some "+long+" words' FROM captures")
	for text, want := range map[string]int{"\x00": 0, "\xff": 0, "": 0, "some words": 0, "some": 3, long: 3, long[1:]: 0, long + long: 0} {
		for _, a := range []jarvis.Atom{
			{Kind: jarvis.AtomWords, Tokens: []string{text}},
			{Kind: jarvis.AtomWords, Tokens: []string{text, "nothing"}, Not: true},
			{Kind: jarvis.AtomApp, Names: []string{text, "app 1"}, Not: true},
		} {
			for _, sort := range []jarvis.Sort{jarvis.SortTime, jarvis.SortRelevance} {
				all := jarvis.Query{Clauses: []jarvis.Clause{wordsOf("words"), {a, {Kind: jarvis.AtomDevice, Names: []string{text}}}}}
				found, err := c.FindMatches(t.Context(), jarvis.MatchFilter{Query: all, Limit: 10, Sort: sort})
				if err != nil || a.Kind == jarvis.AtomWords && !a.Not && len(found) != want {
					t.Errorf("%.20q, %+.60v: %d matches, %v", text, a, len(found), err)
				}
				only, err := c.FindMatches(t.Context(), jarvis.MatchFilter{Query: jarvis.Query{Clauses: []jarvis.Clause{{a}}}, Limit: 10, Sort: sort})
				if err != nil || a.Kind == jarvis.AtomWords && !a.Not && len(only) != want {
					t.Errorf("%.20q alone, %+.60v: %d matches, %v", text, a, len(only), err)
				}
			}
		}
	}
}

// A word that all documents have is looked for in the few captures that are
// pinned, or of a rare app or device.
func TestCatalog_FindMatches_Rare(t *testing.T) {
	c := openWith(t, Options{URL: cluster.NewDatabase(t), walked: 50})
	fill(t, c, 20_000)
	say(t, c)
	c.run(t, "INSERT INTO pins SELECT captured_at, capture_id FROM documents WHERE words LIKE '% n77%' LIMIT 20")
	often := jarvis.Clause{{Kind: jarvis.AtomApp, Names: []string{"app 0", "rare"}}}
	for name, q := range map[string]struct {
		clauses []jarvis.Clause
		want    int
		rare    bool
	}{
		"App":     {[]jarvis.Clause{{{Kind: jarvis.AtomApp, Names: []string{"rare"}}}}, 2, true},
		"Device":  {[]jarvis.Clause{often, {{Kind: jarvis.AtomDevice, Names: []string{"rare"}}}}, 2, true},
		"Pinned":  {[]jarvis.Clause{{{Kind: jarvis.AtomPinned}}}, 20, true},
		"Nothing": {[]jarvis.Clause{{{Kind: jarvis.AtomApp, Names: []string{"none"}}}}, 0, true},
		"Often":   {[]jarvis.Clause{often}, 30, false},
	} {
		m := newMatcher(jarvis.Query{Clauses: append(q.clauses, wordsOf("common"))})
		err := pgx.BeginFunc(t.Context(), c.pool, func(tx pgx.Tx) error { return m.narrow(t.Context(), tx, c.walked, jarvis.Cursor{}) })
		if err != nil || (m.rare != nil) != q.rare {
			t.Errorf("%s is rare: %v, %v", name, m.rare, err)
		}
		for _, sort := range []jarvis.Sort{jarvis.SortTime, jarvis.SortRelevance} {
			found, err := c.FindMatches(t.Context(), jarvis.MatchFilter{Query: m.query, Limit: 30, Sort: sort})
			if err != nil || len(found) != q.want {
				t.Errorf("%s: %d matches, %v", name, len(found), err)
			}
		}
	}
}

// The index has all of the longest documents.
func TestCatalog_FindMatches_LongDocument(t *testing.T) {
	c := openWith(t, Options{URL: cluster.NewDatabase(t), walked: 1})
	fill(t, c, 3)
	for name, token := range map[string]func(i int) string{
		"Short":  func(i int) string { return strconv.FormatInt(int64(i), 36) },
		"Long":   func(i int) string { return fmt.Sprintf("%0*d", jarvis.MaxToken, i) },
		"Single": func(i int) string { return string(rune(0x20000 + i)) },
		"Same":   func(i int) string { return strconv.Itoa(i % 2) },
	} {
		var words []string
		for i, length := 0, len(" end"); ; i++ {
			word := token(i)
			if length += len(word) + 1; length > jarvis.MaxDocument {
				break
			}
			words = append(words, word)
		}
		c.run(t, "TRUNCATE documents", "INSERT INTO documents SELECT id, timestamp, '"+strings.Join(words, " ")+" end' FROM captures")
		last := words[len(words)-1]
		for _, clauses := range [][]jarvis.Clause{{wordsOf("end")}, {wordsOf(last, "end")}, {wordsOf(words[0]), wordsOf("end")}} {
			found, err := c.FindMatches(t.Context(), jarvis.MatchFilter{Query: jarvis.Query{Clauses: clauses}, Limit: 10})
			if err != nil || len(found) != 3 {
				t.Errorf("%s, %v: %d matches, %v", name, clauses, len(found), err)
			}
		}
	}
}

// TestCover compares with what the index has.
func TestCover(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	at := time.Date(1969, time.December, 30, 23, 59, 59, 999_999_000, time.UTC)
	for i := range 40 {
		at = at.Add(time.Duration(1<<i) * 7 * time.Microsecond)
		for _, length := range []time.Duration{time.Microsecond, time.Minute, 5 * time.Hour, 17 * time.Hour, 40 * 24 * time.Hour, 9 * 365 * 24 * time.Hour} {
			for _, from := range []time.Time{at, at.Add(-length / 2), at.Add(time.Microsecond - length)} {
				lexemes := cover(from, from.Add(length))
				if len(lexemes) == 0 || len(lexemes) > maxCover {
					t.Fatalf("%d lexemes cover %v of %v", len(lexemes), length, from)
				}
				for i := range lexemes {
					lexemes[i] = quoteLexeme(lexemes[i])
				}
				var covered bool
				err := c.pool.QueryRow(t.Context(), "SELECT jarvis_lexemes('', $1::timestamptz) @@ $2::text::tsquery", at, strings.Join(lexemes, "|")).Scan(&covered)
				if err != nil || !covered {
					t.Fatalf("%q do not cover %v (%v)", lexemes, at, err)
				}
			}
		}
	}
	if lexemes := cover(at.AddDate(-100, 0, 0), at); lexemes != nil {
		t.Errorf("%d lexemes cover a hundred years", len(lexemes))
	}
}
