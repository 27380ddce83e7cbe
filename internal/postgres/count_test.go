package postgres

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
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
