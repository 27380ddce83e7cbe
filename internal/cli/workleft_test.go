package cli

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// withCatalog works on the catalogue of a place that no other process uses.
func (p *place) withCatalog(t *testing.T, work func(c *catalog, all []*jarvis.Capture) error) {
	t.Helper()
	a, cfg := p.app(t)
	c, err := a.openCatalog(t.Context(), cfg, storeMustExist, keyRequired)
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.FindCaptures(t.Context(), jarvis.CaptureFilter{Limit: jarvis.MaxPage})
	if err == nil {
		err = work(c, all)
	}
	if err = errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestWork_LeftToOthers: a worker that ends while captures are leased to others says
// so, and so does the status.
func TestWork_LeftToOthers(t *testing.T) {
	p := newReadingPlace(t)
	p.pictures(t, "pictures", 2)
	p.must(t, "add", "pictures")
	p.withCatalog(t, func(c *catalog, _ []*jarvis.Capture) error {
		_, err := c.ClaimReadings(t.Context(), jarvis.Instant(time.Now()), time.Hour, 1)
		return err
	})
	if text := p.must(t, "work", "--once"); !strings.HasPrefix(text, "Read 1 capture\n1 is being read by others, or was by a worker that was killed: due again within ") {
		t.Errorf("the worker ended with %q", text)
	}
	if text := p.must(t, "work", "--once", "--json"); !strings.Contains(text, `"leased":1,"failures":[]}`) {
		t.Errorf("the worker ended with %q", text)
	}
	if text := p.must(t, "ocr", "status"); !regexp.MustCompile(`being read +1 \(what a worker had that was killed waits`).MatchString(text) {
		t.Errorf("the status is %q", text)
	}
}

// TestLeftToOthers: a time is never shorter than the lease.
func TestLeftToOthers(t *testing.T) {
	for lease, want := range map[time.Duration]string{
		11*time.Second + time.Millisecond: "12 seconds",
		80 * time.Second:                  "80 seconds",
		380 * time.Second:                 "7 minutes",
	} {
		if got := leftToOthers(2, lease); got != "2 are being read by others, or were by a worker that was killed: due again within "+want {
			t.Errorf("of %s it says %q", lease, got)
		}
	}
}

// TestWork_ManyFail: the first failures are told one by one.
func TestWork_ManyFail(t *testing.T) {
	log := &workLog{}
	for range shownFailures + 5 {
		log.failed(jarvis.NewRandomID(), "no good")
	}
	if len(log.failures()) != shownFailures || len(log.lines) != shownFailures+1 || !strings.HasPrefix(log.lines[shownFailures], "Further captures") {
		t.Errorf("it keeps %d failures and says %q", len(log.failures()), log.lines)
	}
}

// TestReindex_GoesOn: what was interrupted says from where it goes on.
func TestReindex_GoesOn(t *testing.T) {
	p := newReadingPlace(t)
	p.env = append(p.env, "JARVIS_TZ=UTC")
	p.pictures(t, "pictures", 3)
	p.must(t, "add", "pictures", "--timestamp", "2026-01-24T10:00:00Z")
	p.must(t, "work", "--once")
	for _, flags := range [][]string{{}, {"--restart"}} {
		p.withCatalog(t, func(c *catalog, all []*jarvis.Capture) error {
			return c.SetDocuments(t.Context(), nil, all[0].Cursor())
		})
		_, told, status := p.run(t, append([]string{"reindex"}, flags...)...)
		goesOn := strings.Contains(told, "with the captures before 2026-01-24 10:00:00.")
		if status != 0 || goesOn != (len(flags) == 0) {
			t.Errorf("with %q it ended with %d and said %q", flags, status, told)
		}
	}
	if _, told, _ := p.run(t, "reindex"); told != "" {
		t.Errorf("from the beginning it said %q", told)
	}
}
