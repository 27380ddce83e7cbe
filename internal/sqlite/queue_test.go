package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// fillQueue queues every capture that fill made: the newest wait for a later try,
// and of the others one has failed.
func fillQueue(t *testing.T, c *Catalog, size, later int) {
	t.Helper()
	fill(t, c, size)
	err := c.write(t.Context(), "fill", func(on *conn) error {
		return on.exec(`INSERT INTO queue (aside, seq, due_at, claims, failures)
			SELECT 0, seq, CASE WHEN n <= ?1 THEN ?2 ELSE 0 END, 1, n <= ?1 OR n = ?1 + 1
			FROM (SELECT seq, row_number() OVER (ORDER BY seq DESC) AS n FROM captures)`, later, readingNow.UnixMicro())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A claim costs the same however many newer captures are leased or are to be tried
// again later, and a retry however many wait that have not failed.
func TestCatalog_Queue_Plan(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	fillQueue(t, c, 6000, 3000)
	costOf(t, c, dueSQL, 1).want(t, "ClaimReadings", 40, "SEARCH queue USING INDEX ix_queue_due (due_at=?)")
	costOf(t, c, ripeSQL, readingNow.UnixMicro(), 1).want(t, "what is ripe", 40, "SEARCH queue USING COVERING INDEX ix_queue_due (due_at>? AND due_at<?)")
	costOf(t, c, someSQL, readingNow.UnixMicro()).want(t, "whether any is due", 40, "SEARCH queue USING COVERING INDEX ix_queue_due (due_at<?)")
	err := c.write(t.Context(), "fill", func(on *conn) error {
		return on.exec("UPDATE queue SET failures = 0 WHERE due_at > 0")
	})
	if err != nil {
		t.Fatal(err)
	}
	far := jarvis.MaxTime.UnixMicro()
	costOf(t, c, requeueFailedSQL, -1, 0, far, requeueBatch).want(t, "Requeue", 60, "SEARCH queue USING INDEX ix_queue_failed (seq>?)", "SEARCH captures USING INTEGER PRIMARY KEY")
}

// While nothing is due, to ask for it waits for nobody.
func TestCatalog_ClaimReadings_NothingDue(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	fillQueue(t, c, 10, 10)
	other, err := c.db.connectWriter(c.db.path)
	if err == nil {
		err = other.Exec("BEGIN IMMEDIATE")
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	claims, err := c.ClaimReadings(ctx, readingNow.Add(-time.Second), time.Minute, 5)
	if err != nil || claims == nil || len(claims) != 0 {
		t.Errorf("ClaimReadings = %v, %v, want none", claims, err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
}

// What becomes due by and by is claimed with what was due before, the newest first,
// however much it is.
func TestCatalog_ClaimReadings_MuchBecomesDue(t *testing.T) {
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")})
	const later = 2*ripenBatch + 50
	fillQueue(t, c, later+50, later)
	var last time.Time
	for claimed := 0; claimed < later+50; {
		claims, err := c.ClaimReadings(t.Context(), readingNow, time.Minute, 70)
		if err != nil || len(claims) == 0 {
			t.Fatalf("ClaimReadings = %d, %v after %d", len(claims), err, claimed)
		}
		for _, claim := range claims {
			at := claim.Capture.Timestamp
			if claimed > 0 && !at.Before(last) {
				t.Fatalf("claim %d is newer than the one before", claimed)
			}
			if failed := claim.Failures > 0; failed != (claimed <= later) {
				t.Fatalf("claim %d has failed: %t", claimed, failed)
			}
			last = at
			claimed++
		}
	}
}
