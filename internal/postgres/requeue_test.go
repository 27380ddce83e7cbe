package postgres

import (
	"errors"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// A deletion that begins while its capture is put into the queue takes it out.
func TestCatalog_Requeue_WhileDeleted(t *testing.T) {
	url := cluster.NewDatabase(t)
	c, other := openAt(t, url), openAt(t, url)
	queued(t, c, 1)
	id := sample(0).ID
	claim, err := c.ClaimReading(t.Context(), id, clock, time.Minute)
	if err == nil {
		err = c.FinishReading(t.Context(), claim.Lease, &jarvis.Reading{Text: "read", ReadAt: clock}, "read")
	}
	if err != nil {
		t.Fatal(err)
	}
	// Requeue waits to see whether this row stays, which it does not.
	release := hold(t, url, "BEGIN", "INSERT INTO queue (capture_id, captured_at) VALUES ('"+id.String()+"', now())")
	waiting := func(n int64) func() bool {
		return func() bool {
			return intOf(t, other, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == n
		}
	}
	ended := make(chan error, 2)
	go func() { _, err := c.Requeue(t.Context(), jarvis.RequeueFilter{}, clock); ended <- err }()
	until(t, "Requeue waits", waiting(1))
	go func() { _, err := c.BeginDelete(t.Context(), id); ended <- err }()
	until(t, "BeginDelete waits", waiting(2))
	release()
	if err := errors.Join(<-ended, <-ended); err != nil {
		t.Fatal(err)
	}
	if n := intOf(t, c, "SELECT count(*) FROM queue"); n != 0 {
		t.Errorf("the queue has %d captures, of which none is there", n)
	}
}

// What another program removes from captures is not claimed for ever, and what it
// leaves of them is found.
func TestCatalog_ClaimReadings_Removed(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	queued(t, c, 3)
	claim, err := c.ClaimReading(t.Context(), sample(1).ID, clock, time.Minute)
	if err == nil {
		err = c.FinishReading(t.Context(), claim.Lease, &jarvis.Reading{Text: "read", ReadAt: clock}, "read")
	}
	if err != nil {
		t.Fatal(err)
	}
	c.run(t, "DELETE FROM captures WHERE id <> '"+sample(0).ID.String()+"'")
	claims, err := c.ClaimReadings(t.Context(), clock, time.Minute, 10)
	if err != nil || len(claims) != 1 || claims[0].ID != sample(0).ID {
		t.Errorf("ClaimReadings = %v, %v", claims, err)
	}
	if n := intOf(t, c, "SELECT count(*) FROM queue"); n != 1 {
		t.Errorf("the queue has %d captures, of which one is there", n)
	}
	for _, table := range []string{"documents", "readings"} {
		if err := c.CheckWhole(t.Context()); !errors.Is(err, jarvis.ErrCorrupt) {
			t.Errorf("CheckWhole = %v", err)
		}
		c.run(t, "DELETE FROM "+table)
	}
	if err := c.CheckWhole(t.Context()); err != nil {
		t.Errorf("CheckWhole of a mended catalogue: %v (%v)", err, errors.Unwrap(err))
	}
}
