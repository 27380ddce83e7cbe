package postgres

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// TestCatalog_FindCaptures_Plans looks at how PostgreSQL reads each kind of page
// when it does not know what the filter's values are, as after a few calls.
func TestCatalog_FindCaptures_Plans(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	fill(t, c, 20_000)
	conn, err := c.pool.Acquire(t.Context())
	if err != nil {
		t.Fatalf("acquire: %v", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), "SET plan_cache_mode = force_generic_plan"); err != nil {
		t.Fatalf("ask for generic plans: %v", err)
	}
	for name, f := range speedFilters() {
		for _, order := range []jarvis.Order{jarvis.NewestFirst, jarvis.OldestFirst} {
			for _, after := range []jarvis.Cursor{{}, sample(10_000).Cursor()} {
				f.Order, f.After, f.Limit = order, after, 100
				plan := explain(t, conn.Conn(), f)
				index := "ix_captures_timestamp_id"
				switch {
				case f.AppName != "" && f.Device != "":
					index = "ix_captures_device_app_name"
				case f.AppName != "":
					index = "ix_captures_app_name"
				case f.Device != "":
					index = "ix_captures_device"
				case f.Monitor != nil:
					index = "ix_captures_monitor"
				}
				if !strings.Contains(plan, "using "+index+" ") || strings.Contains(plan, "Sort") {
					t.Errorf("%s, order %d: want a scan of %s and no sort:\n%s", name, order, index, plan)
				}
			}
		}
	}
}

func explain(t *testing.T, conn *pgx.Conn, f jarvis.CaptureFilter) string {
	t.Helper()
	statement, args := pageStatement(captureColumns, f)
	return explainStatement(t, conn, "COSTS OFF", statement, args)
}

// explainStatement explains a statement that was prepared.
func explainStatement(t *testing.T, conn *pgx.Conn, options, statement string, args []any) string {
	t.Helper()
	if _, err := conn.Exec(t.Context(), "PREPARE page AS "+statement); err != nil {
		t.Fatalf("PREPARE %s: %v", statement, err)
	}
	literals := make([]string, len(args))
	for i, arg := range args {
		literals[i] = "'" + strings.ReplaceAll(literal(arg), "'", "''") + "'"
	}
	execute := "EXECUTE page"
	if len(args) > 0 {
		execute += "(" + strings.Join(literals, ", ") + ")"
	}
	rows, err := conn.Query(t.Context(), "EXPLAIN ("+options+") "+execute)
	if err != nil {
		t.Fatalf("EXPLAIN: %v", err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("EXPLAIN %s: %v", statement, err)
	}
	if _, err := conn.Exec(t.Context(), "DEALLOCATE page"); err != nil {
		t.Fatalf("DEALLOCATE: %v", err)
	}
	return strings.Join(lines, "\n")
}

// literal spells an argument, an array too.
func literal(arg any) string {
	elements := func(n int, at func(int) any) string {
		texts := make([]string, n)
		for i := range n {
			texts[i] = literal(at(i))
		}
		return "{" + strings.Join(texts, ",") + "}"
	}
	switch arg := arg.(type) {
	case time.Time:
		return arg.Format(time.RFC3339Nano)
	case []time.Time:
		return elements(len(arg), func(i int) any { return arg[i] })
	case []string:
		return elements(len(arg), func(i int) any { return `"` + arg[i] + `"` })
	case []int32:
		return elements(len(arg), func(i int) any { return arg[i] })
	case []byte:
		return fmt.Sprintf("\\x%x", arg)
	}
	return fmt.Sprint(arg)
}

// planner explains statements as PostgreSQL plans them when it does not know
// their arguments, and counts the pages that they touch.
type planner struct{ conn *pgx.Conn }

func newPlanner(t *testing.T, c *Catalog) *planner {
	t.Helper()
	conn, err := c.pool.Acquire(t.Context())
	if err != nil {
		t.Fatalf("acquire: %v", err)
	}
	t.Cleanup(conn.Release)
	if _, err := conn.Exec(t.Context(), "SET plan_cache_mode = force_generic_plan"); err != nil {
		t.Fatalf("ask for generic plans: %v", err)
	}
	return &planner{conn: conn.Conn()}
}

var pagesTouched = regexp.MustCompile(`Buffers: shared hit=\d+`)

// want runs a statement twice, checks that it goes through an index, sorts
// nothing unless it may, and touches few pages the second time.
func (p *planner) want(t *testing.T, name, index string, pages int, maySort bool, statement string, args ...any) {
	t.Helper()
	var plan string
	for range 2 { // the first sets hint bits
		plan = explainStatement(t, p.conn, "ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF", statement, args)
	}
	var touched int
	if m := pagesTouched.FindString(plan); m != "" {
		if _, err := fmt.Sscanf(m, "Buffers: shared hit=%d", &touched); err != nil {
			t.Fatalf("%s: %v", m, err)
		}
	}
	scans := strings.ReplaceAll(plan, "Seq Scan on pins", "") // which may be one page
	if !strings.Contains(plan, index) || strings.Contains(scans, "Seq Scan") || strings.Contains(plan, "Sort") && !maySort || touched == 0 || touched > pages {
		t.Errorf("%s: want at most %d pages through %s, no sort and no scan of a table; %d pages:\n%s", name, pages, index, touched, plan)
	}
}

func (p *planner) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := p.conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// What a server asks is found by an index, whether PostgreSQL has looked at the
// tables since they were filled or not.
func TestCatalog_Server_Plans(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	fill(t, c, 20_000)
	p := newPlanner(t, c)
	p.exec(t,
		"INSERT INTO pins SELECT timestamp, id FROM captures ORDER BY timestamp LIMIT 1500",
		"INSERT INTO tokens SELECT 'token ' || n, 'read', ('hash ' || n)::bytea, now(), NULL, '', NULL FROM generate_series(1, 5000) AS n",
		"INSERT INTO sessions SELECT 'session ' || n, ('hash ' || n)::bytea, now(), now() + interval '1 day', now(), '', '', false FROM generate_series(1, 5000) AS n",
		`INSERT INTO accesses SELECT 30000000 - n, CASE WHEN n % 1000 = 0 THEN 'rare' ELSE 'who ' || (n % 3) END, '::1',
			CASE WHEN n % 700 = 0 THEN 'delete' ELSE 'view' END, 1, 1 FROM generate_series(1, 40000) AS n`,
		`INSERT INTO spans SELECT 'ada@desk', n, timestamptz '2025-01-01' + n * interval '10 minutes', timestamptz '2025-01-01' + (n + 1) * interval '10 minutes',
			'recording', 1 FROM generate_series(1, 40000) AS n`,
		"INSERT INTO spans SELECT 'bob@lap', 1, '2025-01-01', '2040-01-01', 'idle', 5",
		"VACUUM pins, tokens, sessions, accesses, spans")
	for _, analyzed := range []string{"", "all", "few pins"} {
		switch analyzed {
		case "all":
			p.exec(t, "ANALYZE pins, tokens, sessions, accesses, spans")
		case "few pins":
			p.exec(t, "DELETE FROM pins WHERE captured_at > '2025-03-01 08:10'", "VACUUM pins")
		}
		t.Run("Analyzed="+analyzed, func(t *testing.T) {
			p.wantPins(t)
			p.want(t, "FindToken", "tokens_hash_key", 10, false, findToken, []byte("hash 1700"))
			p.want(t, "FindSession", "sessions_hash_key", 10, false, findSession, []byte("hash 1700"), start)
			p.wantAccesses(t)
			p.wantSpans(t)
			p.want(t, "the devices of spans", "ix_spans_", 60, true, "WITH RECURSIVE "+spanning+" SELECT device FROM spanning WHERE device IS NOT NULL ORDER BY device")
		})
	}
}

func (p *planner) wantPins(t *testing.T) {
	t.Helper()
	yes, no := true, false
	for _, order := range []jarvis.Order{jarvis.NewestFirst, jarvis.OldestFirst} {
		for _, after := range []jarvis.Cursor{{}, sample(10_000).Cursor()} {
			f := jarvis.CaptureFilter{Order: order, After: after, Limit: 100}
			for name, change := range map[string]func(*jarvis.CaptureFilter){
				"All":       func(*jarvis.CaptureFilter) {},
				"TimeRange": func(f *jarvis.CaptureFilter) { f.From, f.To = start.AddDate(0, 0, 1), start.AddDate(0, 0, 5) },
			} {
				f := f
				change(&f)
				f.Pinned = &yes
				statement, args := pageStatement(captureColumns, f)
				p.want(t, fmt.Sprintf("%s, pinned, order %d", name, order), "pins_pkey", 900, false, statement, args...)
				f.Pinned = &no
				statement, args = pageStatement(captureColumns, f)
				p.want(t, fmt.Sprintf("%s, not pinned, order %d", name, order), "ix_captures_timestamp_id", 6000, false, statement, args...)
			}
		}
	}
}

func (p *planner) wantAccesses(t *testing.T) {
	t.Helper()
	middle := time.Unix((30_000_000-20_000)*60, 0)
	for who, action := range map[string]jarvis.Action{"": "", "who 1": "", "rare": "", "who 2": "view", "rare ": "delete", "nobody": ""} {
		for _, after := range []*jarvis.Access{nil, {Minute: middle, Who: "s"}} {
			for _, from := range []time.Time{{}, middle.Add(-10_000 * time.Minute)} {
				f := jarvis.AccessFilter{Who: strings.TrimSpace(who), Action: action, After: after, From: from, Limit: 100}
				index := "ix_accesses_minute"
				switch {
				case f.Who != "" && f.Action != "":
					index = "ix_accesses_who_action"
				case f.Who != "":
					index = "ix_accesses_who"
				}
				statement, args := accessStatement(f)
				p.want(t, fmt.Sprintf("%+v", f), index+" ", 250, false, statement, args...)
			}
		}
	}
	statement, args := accessStatement(jarvis.AccessFilter{Action: "delete", Limit: 100})
	p.want(t, "an action", "ix_accesses_action ", 250, false, statement, args...)
}

func (p *planner) wantSpans(t *testing.T) {
	t.Helper()
	middle := time.Date(2025, 5, 1, 0, 5, 0, 0, time.UTC)
	for name, f := range map[string]jarvis.SpanFilter{
		"Day":   {From: middle, To: middle.AddDate(0, 0, 1)},
		"From":  {From: middle},
		"After": {From: middle, After: &jarvis.Span{Device: "ada@desk", From: middle.AddDate(0, -1, 0), Number: 7}},
	} {
		for i, part := range spanParts("ada@desk", f) {
			part.w.args = append(part.w.args, 100)
			index := [...]string{"ix_spans_size", "ix_spans_begins"}[i]
			p.want(t, name, index, 150, i == 0, part.String(), part.w.args...)
		}
	}
}
