package postgres

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// queued inserts captures, the ith of sample for each i below n.
func queued(t *testing.T, c *Catalog, n int64) {
	t.Helper()
	for i := range n {
		if err := c.InsertCapture(t.Context(), sample(i)); err != nil {
			t.Fatalf("InsertCapture: %v", err)
		}
	}
}

var clock = start.AddDate(1, 0, 0)

// TestCatalog_ClaimReadings/AtOnce has many workers, in handles of their own,
// claim what there is: each capture once, and none is left.
func TestCatalog_ClaimReadings_AtOnce(t *testing.T) {
	url := cluster.NewDatabase(t)
	c := openAt(t, url)
	n := int64(proof.Rounds(300, 5000))
	queued(t, c, n)
	var mu sync.Mutex
	claimed := make(map[jarvis.ID]int)
	var workers sync.WaitGroup
	for worker := range 8 {
		handle := openAt(t, url)
		workers.Go(func() {
			for empty := 0; empty < 3; {
				claims, err := handle.ClaimReadings(t.Context(), clock, time.Minute, 1+worker%3)
				if err != nil {
					t.Errorf("ClaimReadings: %v", err)
					return
				}
				if len(claims) == 0 {
					empty++
				}
				mu.Lock()
				for _, claim := range claims {
					claimed[claim.ID]++
				}
				mu.Unlock()
				for _, claim := range claims {
					if err := handle.FinishReading(t.Context(), claim.Lease, &jarvis.Reading{Text: "read", ReadAt: clock}, "read"); err != nil {
						t.Errorf("FinishReading: %v", err)
					}
				}
			}
		})
	}
	workers.Wait()
	if int64(len(claimed)) != n {
		t.Errorf("%d of %d captures were claimed", len(claimed), n)
	}
	for id, times := range claimed {
		if times != 1 {
			t.Errorf("capture %s was claimed %d times", id, times)
		}
	}
	status, err := c.ReadStatus(t.Context(), clock)
	if want := (jarvis.ReadStatus{Read: n}); err != nil || status != want {
		t.Errorf("ReadStatus = %+v, %v, want %+v", status, err, want)
	}
}

// A claim does not wait for another that is being made, nor for a capture that is
// being deleted: it takes the next.
func TestCatalog_ClaimReadings_Skips(t *testing.T) {
	url := cluster.NewDatabase(t)
	c := openAt(t, url)
	queued(t, c, 3)
	defer hold(t, url, "BEGIN", "SELECT FROM queue WHERE capture_id = '"+sample(2).ID.String()+"' FOR UPDATE")()
	claims, err := c.ClaimReadings(t.Context(), clock, time.Minute, 5)
	if err != nil {
		t.Fatalf("ClaimReadings: %v", err)
	}
	var ids []jarvis.ID
	for _, claim := range claims {
		ids = append(ids, claim.ID)
	}
	if want := []jarvis.ID{sample(1).ID, sample(0).ID}; !slices.Equal(ids, want) {
		t.Errorf("claimed %v, want %v", ids, want)
	}
	if claim, err := c.ClaimReading(t.Context(), sample(2).ID, clock, time.Minute); claim != nil || err != nil {
		t.Errorf("ClaimReading of what another claims = %v, %v", claim, err)
	}
}

// TestCatalog_FinishReading_ConnectionEnded ends the connection of a reading that
// waits in the middle of its transaction. Nothing of it is there, and the same
// lease finishes it afterwards.
func TestCatalog_FinishReading_ConnectionEnded(t *testing.T) {
	url := cluster.NewDatabase(t)
	c, other := openAt(t, url), openAt(t, url)
	queued(t, c, 1)
	claims, err := c.ClaimReadings(t.Context(), clock, time.Minute, 1)
	if err != nil || len(claims) != 1 {
		t.Fatalf("ClaimReadings = %v, %v", claims, err)
	}
	end := hold(t, url, "BEGIN", "LOCK TABLE documents IN EXCLUSIVE MODE")
	reading, failed := &jarvis.Reading{Text: "read", ReadAt: clock}, make(chan error, 1)
	go func() { failed <- c.FinishReading(t.Context(), claims[0].Lease, reading, "read") }()
	until(t, "the reading waits and is ended", func() bool {
		return intOf(t, other, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO documents%'`) > 0
	})
	wantError(t, <-failed, jarvis.CodeUnavailable, "")
	end()
	texts, err := c.FindTexts(t.Context(), []jarvis.ID{claims[0].ID})
	if err != nil || len(texts) != 1 || texts[0].State != jarvis.TextWaiting || texts[0].Reading != nil || texts[0].Capture.OCRText != nil {
		t.Fatalf("after the connection ended, FindTexts = %+v, %v", texts, err)
	}
	if err := c.FinishReading(t.Context(), claims[0].Lease, reading, "read"); err != nil {
		t.Fatalf("FinishReading again: %v", err)
	}
	texts, err = c.FindTexts(t.Context(), []jarvis.ID{claims[0].ID})
	if err != nil || len(texts) != 1 || texts[0].State != jarvis.TextRead || texts[0].Reading == nil || texts[0].Reading.Text != "read" {
		t.Errorf("FindTexts = %+v, %v", texts, err)
	}
	wantError(t, c.FinishReading(t.Context(), claims[0].Lease, reading, "read"), jarvis.CodeConflict, "")
}

// What was read leaves with its capture.
func TestCatalog_BeginDelete_Reading(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	queued(t, c, 2)
	claims, err := c.ClaimReadings(t.Context(), clock, time.Minute, 2)
	if err != nil || len(claims) != 2 {
		t.Fatalf("ClaimReadings = %v, %v", claims, err)
	}
	if err := c.FinishReading(t.Context(), claims[0].Lease, &jarvis.Reading{Text: "read", ReadAt: clock}, "read"); err != nil {
		t.Fatalf("FinishReading: %v", err)
	}
	for _, claim := range claims {
		if _, err := c.BeginDelete(t.Context(), claim.ID); err != nil {
			t.Fatalf("BeginDelete: %v", err)
		}
		wantError(t, c.FinishReading(t.Context(), claim.Lease, nil, ""), jarvis.CodeDeleted, "")
	}
	for _, table := range []string{"queue", "readings", "documents"} {
		if n := intOf(t, c, "SELECT count(*) FROM "+table); n != 0 {
			t.Errorf("%s still has %d rows", table, n)
		}
	}
}

// TestCatalog_Readings_Plans looks at how PostgreSQL claims from a long queue, of
// which some are set aside.
func TestCatalog_Readings_Plans(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	fill(t, c, 20_000)
	c.run(t,
		"INSERT INTO queue (capture_id, captured_at, aside, failures) SELECT id, timestamp, width < 0 OR timestamp > '2025-03-06', 1 FROM captures",
		"INSERT INTO readings SELECT id, content_digest, '', '', 0, timestamp, NULL FROM captures")
	say(t, c)
	p := newPlanner(t, c)
	for _, gathered := range []bool{false, true} {
		if gathered {
			c.run(t, "VACUUM ANALYZE")
		}
		what := fmt.Sprintf("gathered %v, ", gathered)
		newest := claimStatement("true ORDER BY captured_at DESC, capture_id DESC LIMIT $3")
		p.want(t, what+"claim", "ix_queue_order", 700, false, newest, clock, clock.Add(time.Minute), 10)
		one := claimStatement(`capture_id = $3::text COLLATE "C"`)
		p.want(t, what+"claim one", "queue_pkey", 150, false, one, clock, clock.Add(time.Minute), sample(7).ID.String())
		p.want(t, what+"texts", "captures_pkey", 1000, false, findTexts, []string{sample(3).ID.String(), sample(19_000).ID.String()})
		p.want(t, what+"names", "ix_captures_app_name", 400, true, appNames, jarvis.MaxNames)
		p.wantSearch(t, what+"documented", "documents_pkey", 700, false, documentedStatement(sample(19_000).Cursor(), 100))
		p.want(t, what+"set documents", "documents_pkey", 200, true, giveDocuments, []string{sample(3).ID.String(), sample(5).ID.String()}, []string{"other", "other"})
		p.wantSearch(t, what+"failed", "ix_queue_aside", 200, false, failedStatement(sample(19_000).Cursor(), 100))
	}
}
