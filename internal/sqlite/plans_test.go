package sqlite

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// cost is how SQLite runs a statement.
type cost struct {
	plan  string
	rows  int
	steps int64 // of its virtual machine
}

func costOf(t *testing.T, c *Catalog, sql string, args ...any) cost {
	t.Helper()
	got, err := read(t.Context(), c, "explain", func(on *conn) (got cost, err error) {
		var plan []string
		err = on.query(func(s *sqlite3.Stmt) error {
			plan = append(plan, s.ColumnText(3))
			return nil
		}, "EXPLAIN QUERY PLAN "+sql, args...)
		if err != nil {
			return got, err
		}
		got.plan = strings.Join(plan, "; ")
		s, err := on.prepare(sql, args)
		if err != nil {
			return got, err
		}
		for s.Step() {
			got.rows++
		}
		got.steps = int64(s.Status(sqlite3.STMTSTATUS_VM_STEP, true))
		return got, s.Reset()
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

// want checks the indexes that a plan goes through, in their order, and that
// nothing else is read and little is done.
func (c cost) want(t *testing.T, name string, steps int64, indexes ...string) {
	t.Helper()
	rest := c.plan
	for _, index := range indexes {
		_, after, found := strings.Cut(rest, index)
		if !found {
			t.Errorf("%s: the plan does not use %s: %s", name, index, c.plan)
			return
		}
		rest = after
	}
	if c.rows == 0 || c.steps > steps {
		t.Errorf("%s: %d rows took %d steps, want at most %d: %s", name, c.rows, c.steps, steps, c.plan)
	}
}

// A pinned capture costs the same wherever it is, and however many others there are.
func TestCatalog_FindCaptures_PinnedPlan(t *testing.T) {
	const size = 6000
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	fill(t, c, size)
	for name, every := range map[string]int{"Many": 2, "Few": 600} {
		err := c.write(t.Context(), "pin", func(on *conn) error {
			if err := on.exec("DELETE FROM pins"); err != nil {
				return err
			}
			return on.exec("INSERT INTO pins SELECT timestamp, id FROM captures WHERE (timestamp / 7000000) % ? = 0", every)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, pinned := range []bool{true, false} {
			for filter, f := range filters(size) {
				f.Pinned = &pinned
				if filter := f; pinned && (filter.Device != "" || filter.AppName != "" || filter.Monitor != nil) {
					continue // of pins, few as they are, the others are passed by
				}
				sql, args := pageSQL(columns, f)
				order, most := "SEARCH captures USING INDEX ix_captures_", int64(100*160)
				if pinned {
					order = "pins"
				} else if f.From.IsZero() && f.To.IsZero() && f.After.IsZero() && f.Device == "" && f.AppName == "" && f.Monitor == nil {
					order = "SCAN captures USING INDEX ix_captures_timestamp"
				}
				got := costOf(t, c, sql, args...)
				got.want(t, fmt.Sprintf("%s/%s/%v", name, filter, pinned), most, order)
				if strings.Contains(got.plan, "TEMP B-TREE") {
					t.Errorf("%s/%s: the plan sorts: %s", name, filter, got.plan)
				}
			}
		}
	}
}

// Who comes in is looked up, not searched for.
func TestCatalog_Credentials_Plan(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	err := c.write(t.Context(), "fill", func(on *conn) error {
		const numbers = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 3000) "
		if err := on.exec(numbers + "INSERT INTO tokens SELECT 'token ' || n, 'read', 'hash ' || n, n, NULL, '', NULL FROM numbers"); err != nil {
			return err
		}
		return on.exec(numbers + "INSERT INTO sessions SELECT 'session ' || n, 'hash ' || n, n, n, n, '', '', 0 FROM numbers")
	})
	if err != nil {
		t.Fatal(err)
	}
	costOf(t, c, findTokenSQL, "hash 1700").want(t, "FindToken", 40, "SEARCH tokens USING INDEX sqlite_autoindex_tokens_2 (hash=?)")
	costOf(t, c, findSessionSQL, "hash 1700", 7).want(t, "FindSession", 40, "SEARCH sessions USING INDEX sqlite_autoindex_sessions_2 (hash=?)")
}

func TestCatalog_FindAccess_Plan(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	const lines = 20_000
	now := time.Date(2026, 1, 24, 12, 0, 0, 0, time.UTC)
	err := c.write(t.Context(), "fill", func(on *conn) error {
		return on.exec(`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
			INSERT INTO accesses SELECT ? - n, CASE WHEN n % 1000 = 0 THEN 'rare' ELSE 'who ' || (n % 3) END, '::1',
				CASE WHEN n % 700 = 0 THEN 'delete' ELSE 'view' END, 1, 1 FROM numbers`, lines, minutes(now))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"", "who 1", "rare"} {
		for _, action := range []jarvis.Action{"", jarvis.ActionView, jarvis.ActionDelete} {
			for _, from := range []time.Time{{}, now.Add(-lines / 4 * 3 * time.Minute)} {
				for _, to := range []time.Time{{}, now.Add(-lines / 4 * time.Minute)} {
					for _, after := range []*jarvis.Access{nil, {Minute: now.Add(-lines / 2 * time.Minute), Who: "s"}} {
						f := jarvis.AccessFilter{Who: who, Action: action, From: from, To: to, After: after, Limit: 100}
						sql, args := accessSQL(f)
						index := "ix_accesses_minute"
						switch {
						case who != "" && action != "":
							index = "ix_accesses_who_action"
						case who != "":
							index = "ix_accesses_who"
						case action != "":
							index = "ix_accesses_action"
						}
						got := costOf(t, c, sql, args...)
						got.plan += " " // after the name of an index
						got.want(t, fmt.Sprintf("%+v", f), 100*40, index+" ")
						if strings.Contains(got.plan, ";") {
							t.Errorf("%+v: the plan does more than walk an index: %s", f, got.plan)
						}
					}
				}
			}
		}
	}
}

// A day is found among years of spans, and so are those that reach into it.
func TestCatalog_FindSpans_Plan(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	const number = 20_000
	begin := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	var spans []jarvis.Span
	for i := range int64(number) {
		s := jarvis.Span{Device: "ada@desk", Number: i, From: begin.Add(time.Duration(i) * 10 * time.Minute), State: jarvis.SpanRecording}
		s.To = s.From.Add(10 * time.Minute)
		spans = append(spans, s)
	}
	spans = append(spans, jarvis.Span{Device: "ada@desk", Number: number, From: begin, To: begin.AddDate(10, 0, 0), State: jarvis.SpanSuspended})
	spans = append(spans, jarvis.Span{Device: "bob@lap", Number: 1, From: begin, To: begin.AddDate(10, 0, 0), State: jarvis.SpanIdle})
	if err := c.PutSpans(t.Context(), spans); err != nil {
		t.Fatal(err)
	}
	middle := begin.Add(number / 2 * 10 * time.Minute).Add(5 * time.Minute)
	for name, f := range map[string]jarvis.SpanFilter{
		"Day":   {From: middle, To: middle.Add(time.Hour)},
		"From":  {From: middle},
		"After": {From: middle, After: &jarvis.Span{Device: "ada@desk", From: begin, Number: 7}},
	} {
		parts := spanParts("ada@desk", f)
		if len(parts) != 2 {
			t.Fatalf("%s: %d statements", name, len(parts))
		}
		reach := costOf(t, c, parts[0].sql, append(parts[0].args, 100)...)
		reach.want(t, name+": what reaches in", 3000, "SEARCH spans USING INDEX ix_spans_size (device=? AND size=? AND begins>? AND begins<?)")
		if reach.rows != 2 {
			t.Errorf("%s: %d spans reach into the middle of one within a longer one", name, reach.rows)
		}
		begun := costOf(t, c, parts[1].sql, append(parts[1].args, 100)...)
		begun.want(t, name+": what begins", 100*30, "SEARCH spans USING INDEX ix_spans_begins (device=? AND begins>?")
		if strings.Contains(begun.plan, ";") {
			t.Errorf("%s: the plan does more than walk an index: %s", name, begun.plan)
		}
	}
	costOf(t, c, "WITH RECURSIVE "+spanning+" SELECT device FROM spanning").want(t, "the devices of spans", 200)
	fill(t, c, 6000)
	costOf(t, c, devicesSQL, jarvis.MaxPage).want(t, "FindDevices", 1500)
}

// What changes nothing writes nothing.
func TestCatalog_Touch_WritesNothing(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}
	c := mustOpen(t, o)
	now := time.Date(2026, 1, 24, 12, 0, 0, 0, time.UTC)
	token := &jarvis.Token{Name: "ada@desk", Scope: jarvis.ScopeUpload, Hash: []byte("hash"), CreatedAt: now}
	span := jarvis.Span{Device: "ada@desk", Number: 1, From: now, To: now.Add(time.Hour), State: jarvis.SpanIdle}
	repeated := func() error {
		if err := c.TouchToken(t.Context(), "ada@desk", now, "::1"); err != nil {
			return err
		}
		return c.PutSpans(t.Context(), []jarvis.Span{span})
	}
	if err := c.InsertToken(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if err := repeated(); err != nil {
		t.Fatal(err)
	}
	changes := func() int64 {
		n, err := doWrite(t.Context(), c, "count changes", func(on *conn) (int64, error) { return on.TotalChanges(), nil })
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := changes()
	for range 10 {
		if err := repeated(); err != nil {
			t.Fatal(err)
		}
	}
	if after := changes(); after != before {
		t.Errorf("what was known already changed %d rows", after-before)
	}
}
