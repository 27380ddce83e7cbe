package postgres

import (
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Taking the migration back keeps the texts; applied again, it queues every
// capture, with its text.
func TestMigrate_Reading(t *testing.T) {
	url := cluster.NewDatabase(t)
	c, err := Open(t.Context(), Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	queued(t, c, 3)
	claims, err := c.ClaimReadings(t.Context(), clock, time.Minute, 2)
	if err != nil || len(claims) != 2 {
		t.Fatalf("ClaimReadings = %v, %v", claims, err)
	}
	if err := c.FinishReading(t.Context(), claims[0].Lease, &jarvis.Reading{Text: "what it says", ReadAt: clock}, "what it says"); err != nil {
		t.Fatalf("FinishReading: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if m, err := MigrateDown(t.Context(), Options{URL: url}); err != nil || m.Version != 6 {
		t.Fatalf("MigrateDown = %+v, %v", m, err)
	}
	for _, name := range []string{"queue", "readings", "documents", "reindexing"} {
		run(t, url, "CREATE TABLE "+name+" ()")
		run(t, url, "DROP TABLE "+name)
	}
	c = openAt(t, url)
	if n := intOf(t, c, "SELECT count(*) FROM pg_proc WHERE proname LIKE 'jarvis%'"); n != 2 {
		t.Errorf("there are %d functions", n)
	}
	claims, err = c.ClaimReadings(t.Context(), clock, time.Minute, 10)
	if err != nil || len(claims) != 3 {
		t.Fatalf("ClaimReadings = %v, %v", claims, err)
	}
	for i, claim := range claims {
		text := claim.Capture.OCRText
		if claim.ID != sample(int64(2-i)).ID || claim.Redo || claim.Twin != nil || (text != nil) != (i == 0) {
			t.Errorf("claim %d is %+v", i, claim)
		}
	}
	if text := claims[0].Capture.OCRText; text != nil && *text != "what it says" {
		t.Errorf("the text is now %q", *text)
	}
}
