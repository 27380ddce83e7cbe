package catalogtest

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

const writers = 32

// atOnce runs work in that many goroutines and fails with what they return.
func atOnce(t tester, goroutines int, work func(worker int) error) {
	t.Helper()
	var wg sync.WaitGroup
	failed := make([]error, goroutines)
	for i := range goroutines {
		wg.Go(func() { failed[i] = work(i) })
	}
	wg.Wait()
	if err := errors.Join(failed...); err != nil {
		t.Fatalf("at once: %v", err)
	}
}

// insertFast inserts with many goroutines, which lets a catalogue commit
// several captures together.
func insertFast(t tester, captures []*jarvis.Capture, cats ...Catalog) {
	t.Helper()
	var next atomic.Int64
	atOnce(t, writers, func(worker int) error {
		for {
			i := int(next.Add(1)) - 1
			if i >= len(captures) {
				return nil
			}
			if err := cats[worker%len(cats)].InsertCapture(background, captures[i]); err != nil {
				return err
			}
		}
	})
}

func testConcurrent(t *testing.T, h Harness) {
	t.Run("Inserts", func(t *testing.T) {
		db := h.New(t)
		cats := []Catalog{db.open(t), db.open(t)}
		captures := manyCaptures(proof.Rounds(300, 10_000))
		insertFast(t, captures, cats...)
		m := newModel(captures...)
		for _, cat := range cats {
			wantCounts(t, cat, m)
			wantEqual(t, "FindCaptures", walk(t, cat, jarvis.CaptureFilter{Limit: jarvis.MaxPage}), m.page(jarvis.CaptureFilter{Limit: len(captures)}))
		}
	})

	t.Run("OneId", func(t *testing.T) {
		db := h.New(t)
		cats := []Catalog{db.open(t), db.open(t)}
		m := newModel()
		for range proof.Rounds(6, 200) {
			id := jarvis.NewRandomID()
			captures := make([]*jarvis.Capture, writers)
			results := make([]error, writers)
			start := make(chan struct{})
			var wg sync.WaitGroup
			for i := range writers {
				captures[i] = newCapture(noon.Add(time.Duration(i)*time.Minute), func(c *jarvis.Capture) { c.ID = id })
				wg.Go(func() {
					<-start
					results[i] = cats[i%len(cats)].InsertCapture(background, captures[i])
				})
			}
			close(start)
			wg.Wait()
			won := 0
			for i, err := range results {
				if err == nil {
					won++
					m.captures[id] = captures[i]
				} else {
					wantError(t, err, jarvis.CodeConflict, messageTaken(id))
				}
			}
			if won != 1 {
				t.Fatalf("%d writers inserted %s", won, id)
			}
		}
		wantState(t, cats[0], m)
	})

	t.Run("DeleteAndInsert", func(t *testing.T) {
		db := h.New(t)
		cats := []Catalog{db.open(t), db.open(t)}
		m := newModel()
		for range proof.Rounds(6, 200) {
			c := newCapture(noon)
			insert(t, cats[0], c)
			atOnce(t, 8, func(worker int) error {
				cat := cats[worker%len(cats)]
				if worker < 2 {
					if _, err := cat.BeginDelete(background, c.ID); err != nil {
						return err
					}
					return nil
				}
				if worker == 2 {
					if code := jarvis.ErrorCode(cat.SetPinned(background, c.ID, true)); code != "" && code != jarvis.CodeDeleted {
						return jarvis.Errorf(jarvis.CodeInternal, "a pin beside a deletion ends with code %q", code)
					}
					return nil
				}
				switch code := jarvis.ErrorCode(cat.InsertCapture(background, c)); code {
				case jarvis.CodeConflict, jarvis.CodeDeleted:
					return nil
				default:
					return jarvis.Errorf(jarvis.CodeInternal, "an insert beside a deletion ends with code %q", code)
				}
			})
			m.pending[c.ID] = c.Filepath
			wantGone(t, cats[1], c)
		}
		wantState(t, cats[1], m)
		if n := count(t, db.SQL(t), "SELECT count(*) FROM pins"); n != 0 {
			t.Errorf("%d pins are left of captures that were deleted", n)
		}
	})

	t.Run("Mixed", func(t *testing.T) {
		db := h.New(t)
		cats := []Catalog{db.open(t), db.open(t)}
		var mu sync.Mutex
		m := newModel()
		atOnce(t, writers, func(worker int) error {
			random := rand.New(rand.NewPCG(uint64(worker), 5))
			cat := cats[worker%len(cats)]
			for range proof.Rounds(6, 200) {
				c := newCapture(noon.Add(time.Duration(random.IntN(3000)) * time.Minute))
				if err := cat.InsertCapture(background, c); err != nil {
					return err
				}
				switch random.IntN(4) {
				case 0:
					if _, err := cat.BeginDelete(background, c.ID); err != nil {
						return err
					}
					if err := cat.FinishDelete(background, c.ID); err != nil {
						return err
					}
					continue
				case 1:
					c.StoredSize = 5
					if err := cat.SetStored(background, c.ID, c.Filepath, 5, c.StoredSHA256); err != nil {
						return err
					}
				case 2:
					if err := statsAgree(cat); err != nil {
						return err
					}
				}
				mu.Lock()
				m.captures[c.ID] = c
				mu.Unlock()
			}
			return nil
		})
		for _, cat := range cats {
			wantState(t, cat, m)
		}
	})

	t.Run("Many", func(t *testing.T) {
		db := h.New(t)
		cats := []Catalog{db.open(t), db.open(t)}
		captures := manyCaptures(proof.Rounds(2500, 100_000))
		for i, c := range captures {
			c.Timestamp = noon.Add(time.Duration(i/3) * 10 * time.Second)
		}
		began := time.Now()
		insertFast(t, captures, cats...)
		proof.Record(t, "%d captures inserted by %d goroutines over two handles in %.1f s", len(captures), writers, time.Since(began).Seconds())
		m := newModel(captures...)
		wantCounts(t, cats[0], m)
		for _, order := range []jarvis.Order{jarvis.NewestFirst, jarvis.OldestFirst} {
			f := jarvis.CaptureFilter{Order: order, Limit: proof.Rounds(1000, jarvis.MaxPage)} // several pages
			walked := walk(t, cats[1], f)
			f.Limit = len(captures)
			wantEqual(t, "all pages", walked, m.page(f))
		}
	})
}

// statsAgree checks one answer of Stats with itself, while others write.
func statsAgree(cat Catalog) error {
	stats, err := cat.Stats(background)
	if err != nil {
		return err
	}
	var captures, bytes int64
	for _, d := range stats.Devices {
		captures, bytes = captures+d.Captures, bytes+d.Bytes
	}
	if captures != stats.Captures || bytes != stats.Bytes {
		return jarvis.Errorf(jarvis.CodeInternal, "devices with %d captures and %d bytes in stats of %d and %d", captures, bytes, stats.Captures, stats.Bytes)
	}
	return nil
}
