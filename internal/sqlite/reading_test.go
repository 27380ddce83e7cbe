package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"
	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

// readingNow is when captures are read in the tests.
var readingNow = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)

// readCapture has a capture read as its document.
func readCapture(t testing.TB, c *Catalog, id jarvis.ID, document string) {
	t.Helper()
	claim, err := c.ClaimReading(t.Context(), id, readingNow, time.Minute)
	if err != nil || claim == nil {
		t.Fatalf("ClaimReading = %v, %v", claim, err)
	}
	r := &jarvis.Reading{Text: document, Language: "eng", Engine: "test", ReadAt: readingNow}
	if err := c.FinishReading(t.Context(), claim.Lease, r, document); err != nil {
		t.Fatalf("FinishReading: %v (%v)", err, errors.Unwrap(err))
	}
}

// Migration 6 queues what is there, and takes the texts of before for read only
// when they are indexed; taken back, it leaves the texts.
func TestMigrate_Reading(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key}
		c := mustOpen(t, o)
		var captures []*jarvis.Capture
		for n := range 300 {
			capture := testCapture(n)
			if err := c.InsertCapture(t.Context(), capture); err != nil {
				t.Fatal(err)
			}
			if n%3 == 0 {
				text := fmt.Sprintf("text number%d", n)
				readCapture(t, c, capture.ID, text)
				capture.OCRText = &text
			}
			captures = append(captures, capture)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		downAndUp(t, o)
		c = mustOpen(t, o)
		status, err := c.ReadStatus(t.Context(), readingNow)
		if want := (jarvis.ReadStatus{Waiting: 300}); err != nil || status != want {
			t.Fatalf("ReadStatus = %+v, %v; want %+v", status, err, want)
		}
		claims, err := c.ClaimReadings(t.Context(), readingNow, time.Minute, 300)
		if err != nil || len(claims) != 300 {
			t.Fatalf("ClaimReadings = %d, %v", len(claims), err)
		}
		for i, claim := range claims {
			want := captures[len(captures)-1-i]
			if claim.ID != want.ID || claim.Redo || claim.Twin != nil || (claim.Capture.OCRText == nil) != (want.OCRText == nil) {
				t.Fatalf("claim %d is %+v", i, claim)
			}
			if want.OCRText != nil {
				if err := c.FinishReading(t.Context(), claim.Lease, nil, *want.OCRText); err != nil {
					t.Fatal(err)
				}
			}
		}
		wantWords(t, c, "number297", 1)
		wantWords(t, c, "text", 100)
		checkSound(t, c)
	})
}

// wantWords counts what a word finds.
func wantWords(t testing.TB, c *Catalog, word string, want int) {
	t.Helper()
	q := jarvis.Query{Clauses: []jarvis.Clause{{{Kind: jarvis.AtomWords, Tokens: []string{word}}}}}
	got, err := c.FindMatches(t.Context(), jarvis.MatchFilter{Query: q, Limit: jarvis.MaxMatches})
	if err != nil || len(got) != want {
		t.Errorf("%q finds %d, %v; want %d", word, len(got), err, want)
	}
}

// The index has what the documents say, whatever was done to them.
func TestCatalog_Index_AnyChanges(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	next := 0
	rapid.Check(t, func(t *rapid.T) {
		documents := make(map[jarvis.ID]string)
		var ids []jarvis.ID
		word := rapid.SampledFrom([]string{"alpha", "beta", "gamma", "delta", "ünï"})
		document := func() string { return strings.Join(rapid.SliceOfN(word, 0, 6).Draw(t, "document"), " ") }
		must := func(err error) {
			if err != nil {
				t.Fatalf("%v (%v)", err, errors.Unwrap(err))
			}
		}
		ctx := context.Background()
		t.Repeat(map[string]func(*rapid.T){
			"read": func(*rapid.T) {
				capture := testCapture(next)
				next++
				must(c.InsertCapture(ctx, capture))
				claim, err := c.ClaimReading(ctx, capture.ID, readingNow, time.Minute)
				must(err)
				documents[capture.ID] = document()
				ids = append(ids, capture.ID)
				must(c.FinishReading(ctx, claim.Lease, nil, documents[capture.ID]))
			},
			"set": func(t *rapid.T) {
				if len(ids) > 0 {
					id := rapid.SampledFrom(ids).Draw(t, "id")
					documents[id] = document()
					must(c.SetDocuments(ctx, []jarvis.Document{{ID: id, Words: documents[id]}}, jarvis.Cursor{}))
				}
			},
			"delete": func(*rapid.T) {
				if len(ids) > 0 {
					_, err := c.BeginDelete(ctx, ids[0])
					must(err)
					delete(documents, ids[0])
					ids = ids[1:]
				}
			},
			"rebuild": func(*rapid.T) { must(c.RebuildIndex(ctx, nil)) },
			"rebuild a little": func(*rapid.T) {
				_, _, err := c.beginRebuild(ctx)
				must(err)
				_, err = doWrite(ctx, c, "rebuild", rebuildSome)
				must(err)
			},
			"": func(t *rapid.T) {
				must(c.write(ctx, "check", func(on *conn) error {
					return on.exec("INSERT INTO search (search, rank) VALUES ('integrity-check', 1)")
				}))
			},
		})
	})
	checkSound(t, c)
}

// What has long waited, failed or been read does not make a claim dearer.
func TestCatalog_Claim_Plan(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	fill(t, c, 6000)
	err := c.write(t.Context(), "fill", func(on *conn) error {
		if err := on.exec("INSERT INTO queue (aside, seq, due_at, claims, failures) SELECT n % 2, seq, 0, 0, 0 FROM (SELECT seq, row_number() OVER () AS n FROM captures)"); err != nil {
			return err
		}
		return on.exec(`INSERT INTO readings (seq, digest, language, engine, masked, read_at)
			SELECT seq, CASE WHEN seq % 3 = 0 THEN x'77' ELSE content_digest END, '', '', 0, seq FROM captures`)
	})
	if err != nil {
		t.Fatal(err)
	}
	costOf(t, c, twinSQL, []byte{0x77}, 0).want(t, "the twin", 60, "SEARCH readings USING INDEX ix_readings_digest (digest=? AND read_at>?)", "SEARCH captures USING INTEGER PRIMARY KEY")
	var id string
	_, err = read(t.Context(), c, "an id", func(on *conn) (bool, error) {
		return on.find(func(s *sqlite3.Stmt) { id = s.ColumnText(0) }, "SELECT id FROM captures LIMIT 1 OFFSET 3000")
	})
	if err != nil {
		t.Fatal(err)
	}
	costOf(t, c, findTextSQL, id).want(t, "FindTexts", 150, "captures_1 (id=?)", "SEARCH queue USING PRIMARY KEY (aside=? AND seq=?)", "SEARCH readings USING INTEGER PRIMARY KEY")
	costOf(t, c, appsSQL, jarvis.MaxNames).want(t, "FindNames", 3000)
}

// A page costs what is on it, not what there is.
func TestCatalog_FindMatches_Plan(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	const size = 6000
	fill(t, c, size)
	err := c.write(t.Context(), "fill", func(on *conn) error {
		if err := on.exec("INSERT INTO documents SELECT seq, 'common ' || CASE WHEN seq % 3 = 0 THEN 'third' ELSE 'other' END FROM captures"); err != nil {
			return err
		}
		return on.exec("INSERT INTO search (search) VALUES ('rebuild')")
	})
	if err != nil {
		t.Fatal(err)
	}
	word := func(tokens ...string) jarvis.Clause { return jarvis.Clause{{Kind: jarvis.AtomWords, Tokens: tokens}} }
	middle := time.UnixMicro(1_700_000_000_000_000 + size/2*7_000_000)
	month := jarvis.Clause{{Kind: jarvis.AtomTime, From: middle.Add(-time.Hour), To: middle}}
	app := jarvis.Clause{{Kind: jarvis.AtomApp, Names: []string{"App 7", "App 8"}}}
	for name, clauses := range map[string][]jarvis.Clause{
		"Everything": {},
		"Range":      {month},
		"Word":       {word("common")},
		"WordRange":  {word("common"), month},
		"Two":        {word("common"), word("third")},
		"Phrase":     {word("common", "third")},
		"Without":    {word("common"), {{Kind: jarvis.AtomWords, Tokens: []string{"third"}, Not: true}}},
		"Monitor":    {word("common"), {{Kind: jarvis.AtomMonitor, Monitor: 1}}},
		"App":        {app},
		"AppRange":   {app, month},
		"Mixed":      {{word("third")[0], app[0]}},
	} {
		m := newMatcher(jarvis.Query{Clauses: clauses}, jarvis.Cursor{})
		_, err := read(t.Context(), c, "explain", func(on *conn) (struct{}, error) {
			s, err := choose(on, m)
			if err != nil {
				return struct{}{}, err
			}
			got := costOf(t, c, s.sql(matchColumns)+" LIMIT 20", s.args...)
			got.want(t, name, 20*250)
			if strings.Contains(got.plan, "TEMP B-TREE") {
				t.Errorf("%s: the plan sorts: %s", name, got.plan)
			}
			return struct{}{}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
