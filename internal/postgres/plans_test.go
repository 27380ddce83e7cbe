package postgres

import (
	"fmt"
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
	if _, err := conn.Exec(t.Context(), "PREPARE page AS "+statement); err != nil {
		t.Fatalf("PREPARE %s: %v", statement, err)
	}
	literals := make([]string, len(args))
	for i, arg := range args {
		if at, ok := arg.(time.Time); ok {
			arg = at.Format(time.RFC3339Nano)
		}
		literals[i] = fmt.Sprintf("'%v'", arg)
	}
	rows, err := conn.Query(t.Context(), "EXPLAIN (COSTS OFF) EXECUTE page("+strings.Join(literals, ", ")+")")
	if err != nil {
		t.Fatalf("EXPLAIN: %v", err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("EXPLAIN: %v", err)
	}
	if _, err := conn.Exec(t.Context(), "DEALLOCATE page"); err != nil {
		t.Fatalf("DEALLOCATE: %v", err)
	}
	return strings.Join(lines, "\n")
}
