package postgres

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/jarvis-memory/jarvis"
)

func TestCatalog_Fold(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	for i := range int64(300) {
		if err := c.InsertCapture(t.Context(), sample(i)); err != nil {
			t.Fatalf("InsertCapture: %v", err)
		}
	}
	before := statsOf(t, c)
	if before.Captures != 300 {
		t.Fatalf("Stats counts %d captures", before.Captures)
	}
	if n, err := c.foldSome(t.Context()); err != nil || n == 0 {
		t.Fatalf("foldSome = %d, %v", n, err)
	}
	if n := intOf(t, c, "SELECT count(*) FROM counter_deltas"); n != 0 {
		t.Errorf("%d deltas are left after folding", n)
	}
	if n := intOf(t, c, "SELECT count(*) FROM counters"); n == 0 || n > 20 {
		t.Errorf("300 captures within an hour fold into %d counters", n)
	}
	wantSums(t, c)
	if _, err := c.pool.Exec(t.Context(), "DELETE FROM counters"); err != nil { // which are many, and Stats is quick
		t.Fatalf("empty the counters: %v", err)
	}
	if diff := cmp.Diff(before, statsOf(t, c)); diff != "" {
		t.Errorf("stats after folding (-before +after):\n%s", diff)
	}
}

// TestCatalog_FoldAtOnce folds from several goroutines while others write.
func TestCatalog_FoldAtOnce(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	const writers, each = 4, 150
	var writing, all sync.WaitGroup
	written := make(chan struct{})
	for w := range int64(writers) {
		writing.Go(func() {
			for i := range int64(each) {
				if err := c.InsertCapture(t.Context(), sample(w*each+i)); err != nil {
					t.Errorf("InsertCapture: %v", err)
				}
			}
		})
		all.Go(func() {
			for {
				if _, err := c.foldSome(t.Context()); err != nil {
					t.Errorf("foldSome: %v", err)
				}
				select {
				case <-written:
					return
				default:
				}
			}
		})
	}
	writing.Wait()
	close(written)
	all.Wait()
	if got := statsOf(t, c).Captures; got != writers*each {
		t.Errorf("Stats counts %d captures, want %d", got, writers*each)
	}
	wantSums(t, c)
}

// wantSums compares the sums of devices with the counters.
func wantSums(t *testing.T, c *Catalog) {
	t.Helper()
	const wrong = `SELECT count(*) FROM (SELECT device, sum(captures), sum(bytes) FROM counters GROUP BY device
		EXCEPT SELECT device, captures, bytes FROM devices) AS wrong`
	if n := intOf(t, c, wrong); n != 0 {
		t.Errorf("the sums of %d devices are not those of their counters", n)
	}
}

func TestCatalog_FoldWhenRead(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	_, err := c.pool.Exec(t.Context(), "INSERT INTO counter_deltas SELECT n % 7, '', 1, 10 FROM generate_series(1, $1) AS n", 3*foldAtOnce+1)
	if err != nil {
		t.Fatalf("make deltas: %v", err)
	}
	if got := statsOf(t, c).Captures; got != 3*foldAtOnce+1 {
		t.Fatalf("Stats counts %d captures", got)
	}
	if err := c.Close(); err != nil { // waits for the folding
		t.Fatalf("Close: %v", err)
	}
	again := openAt(t, c.server.config.ConnString())
	if n := intOf(t, again, "SELECT count(*) FROM counter_deltas"); n != 0 {
		t.Errorf("%d deltas are left after a look at the stats", n)
	}
	if n := intOf(t, again, "SELECT sum(captures)::bigint FROM counters"); n != 3*foldAtOnce+1 {
		t.Errorf("the counters count %d captures", n)
	}
}

func TestCatalog_CloseLeavesNothing(t *testing.T) {
	url := cluster.NewDatabase(t)
	running := goleak.IgnoreCurrent()
	c, err := Open(t.Context(), Options{URL: url})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if err := c.InsertCapture(t.Context(), sample(1)); err != nil {
		t.Fatalf("InsertCapture: %v", err)
	}
	c.fold()
	if err := c.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	goleak.VerifyNone(t, running)
}

func TestCatalog_Purge_OnlyOnce(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	file := func() int64 { return intOf(t, c, "SELECT pg_relation_filenode('captures')::bigint") }
	first := file()
	gone := sample(1)
	if err := c.InsertCapture(t.Context(), gone); err != nil {
		t.Fatalf("InsertCapture: %v", err)
	}
	if err := c.Purge(t.Context()); err != nil || file() != first {
		t.Fatalf("Purge with nothing to do rewrote the captures (%v)", err)
	}
	if _, err := c.BeginDelete(t.Context(), gone.ID); err != nil {
		t.Fatalf("BeginDelete: %v", err)
	}
	if err := c.FinishDelete(t.Context(), gone.ID); err != nil {
		t.Fatalf("FinishDelete: %v", err)
	}
	if err := c.Purge(t.Context()); err != nil || file() == first {
		t.Fatalf("Purge has not rewritten the captures (%v)", err)
	}
	second := file()
	if err := c.Purge(t.Context()); err != nil || file() != second {
		t.Errorf("the second Purge of one deletion rewrote the captures (%v)", err)
	}
	if n := intOf(t, c, "SELECT count(*) FROM tombstones WHERE purged"); n != 1 {
		t.Errorf("%d tombstones are purged, want 1", n)
	}
}

// TestCatalog_PurgeIsPatient makes VACUUM wait longer than a statement may take,
// and finishes another deletion meanwhile.
func TestCatalog_PurgeIsPatient(t *testing.T) {
	const timeout = 100 * time.Millisecond
	other := openAt(t, cluster.NewDatabase(t))
	config := other.server.poolConfig()
	config.ConnConfig.RuntimeParams["statement_timeout"] = milliseconds(timeout)
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	c := &Catalog{server: other.server, pool: pool}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	gone, late := sample(1), sample(2)
	for _, capture := range []*jarvis.Capture{late, gone} {
		if err := other.InsertCapture(t.Context(), capture); err != nil {
			t.Fatalf("InsertCapture: %v", err)
		}
		if _, err := other.BeginDelete(t.Context(), capture.ID); err != nil {
			t.Fatalf("BeginDelete: %v", err)
		}
	}
	if err := other.FinishDelete(t.Context(), gone.ID); err != nil {
		t.Fatalf("FinishDelete: %v", err)
	}

	tx, err := other.pool.Begin(t.Context())
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE captures IN SHARE UPDATE EXCLUSIVE MODE"); err != nil {
		t.Fatalf("LOCK: %v", err)
	}
	purged := make(chan error, 1)
	go func() { purged <- c.Purge(context.Background()) }()
	until(t, "VACUUM waits for longer than a statement may take", func() bool {
		return intOf(t, other, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'VACUUM%' AND now() - query_start > interval '"+(2*timeout).String()+"'") == 1
	})
	if err := other.FinishDelete(t.Context(), late.ID); err != nil {
		t.Fatalf("FinishDelete: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatalf("end the transaction: %v", err)
	}
	if err := <-purged; err != nil {
		t.Fatalf("Purge: %v (%v)", err, errors.Unwrap(err))
	}
	for id, want := range map[jarvis.ID]int64{gone.ID: 1, late.ID: 0} {
		if n := intOf(t, c, "SELECT count(*) FROM tombstones WHERE purged AND id = '"+id.String()+"'"); n != want {
			t.Errorf("of deletion %s %d are purged, want %d", id, n, want)
		}
	}
}

func statsOf(t *testing.T, c *Catalog) jarvis.CatalogStats {
	t.Helper()
	stats, err := c.Stats(t.Context())
	if err != nil {
		t.Fatalf("Stats: %v", err)
	}
	return stats
}

func intOf(t *testing.T, c *Catalog, query string) (n int64) {
	t.Helper()
	if err := c.pool.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
