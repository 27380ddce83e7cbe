package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// filters are all combinations of what a page may be asked for.
func filters(size int) map[string]jarvis.CaptureFilter {
	monitor := 1
	at := func(n int) time.Time { return time.UnixMicro(1_700_000_000_000_000 + int64(n)*7_000_000).UTC() }
	set := []struct {
		name  string
		apply func(*jarvis.CaptureFilter)
	}{
		{"Device", func(f *jarvis.CaptureFilter) { f.Device = "user@host1" }},
		{"App", func(f *jarvis.CaptureFilter) { f.AppName = "App 7" }},
		{"Monitor", func(f *jarvis.CaptureFilter) { f.Monitor = &monitor }},
		{"From", func(f *jarvis.CaptureFilter) { f.From = at(size / 4) }},
		{"To", func(f *jarvis.CaptureFilter) { f.To = at(size * 3 / 4) }},
		{"After", func(f *jarvis.CaptureFilter) {
			f.After = jarvis.Cursor{Timestamp: at(size / 2), ID: jarvis.NewRandomID()}
		}},
		{"OldestFirst", func(f *jarvis.CaptureFilter) { f.Order = jarvis.OldestFirst }},
	}
	all := make(map[string]jarvis.CaptureFilter)
	for mask := range 1 << len(set) {
		f := jarvis.CaptureFilter{Limit: jarvis.DefaultPage}
		name := "All"
		for i, s := range set {
			if mask>>i&1 == 1 {
				s.apply(&f)
				name += s.name
			}
		}
		all[name] = f
	}
	return all
}

// No page is sorted, and none reads more rows than it has to, wherever it is.
func TestCatalog_FindCaptures_Plan(t *testing.T) {
	size := proof.Rounds(6000, 20_000)
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	fill(t, c, size)
	for name, f := range filters(size) {
		sql, args := pageSQL(columns, f)
		got := costOf(t, c, sql, args...)
		const pins = "; CORRELATED SCALAR SUBQUERY 1; SEARCH pins USING PRIMARY KEY (captured_at=? AND capture_id=?)"
		walk, looked := strings.CutSuffix(got.plan, pins)
		if !looked || strings.Contains(walk, ";") {
			t.Errorf("%s: the plan does more than walk an index and look for pins: %s", name, got.plan)
		}
		// A row takes some 35 steps, and every other one may be of another monitor.
		got.want(t, name, 100*100, "USING INDEX ix_captures_")
	}
}

// Stats looks up sums; CountDays reads counters; neither reads captures.
func TestCatalog_Stats_Plan(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	fill(t, c, 5000)
	if err := c.write(t.Context(), "break the rows", func(on *conn) error { return on.exec("UPDATE captures SET file_size = 'x', stored_size = 'x'") }); err != nil {
		t.Fatal(err)
	}
	stats, err := c.Stats(t.Context())
	if err != nil || stats.Captures != 5000 || stats.Bytes != 5000*156_000 || len(stats.Devices) != 3 {
		t.Errorf("Stats = %+v, %v", stats, err)
	}
	days, err := c.CountDays(t.Context(), time.Time{}, time.Time{}, time.UTC)
	sum := int64(0)
	for _, d := range days {
		sum += d.Captures
	}
	if err != nil || sum != 5000 {
		t.Errorf("CountDays = %+v, %v", days, err)
	}
}
