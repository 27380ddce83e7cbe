package archive_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// Whoever verifies, repairs or forgets while others store and remove finds
// nothing wrong and changes nothing.
func TestArchive_Verify_WhileOthersWork(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		kept := r.addMany(20)
		stop := make(chan struct{})
		var workers sync.WaitGroup
		for worker := range 4 {
			workers.Go(func() {
				for n := 1000 * (worker + 1); ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					q := request(n)
					q.Timestamp = noon.AddDate(0, 0, rand.IntN(3))
					result, err := r.Ingest(t.Context(), q)
					if err != nil {
						t.Errorf("ingest: %v", err)
						return
					}
					if n%2 == 0 {
						continue
					}
					receipt, err := r.RemoveIDs(t.Context(), []jarvis.ID{result.Capture.ID}, archive.RemoveOptions{})
					if err != nil || receipt.Removed != 1 || receipt.Missing != 0 {
						t.Errorf("remove: %+v, %v", receipt, err)
						return
					}
				}
			})
		}
		for range proof.Rounds(4, 300) {
			for _, o := range []archive.VerifyOptions{{}, {Deep: true}, {Repair: true, Force: true}} {
				report, findings := r.verify(o)
				if !report.OK() || report.Wrong > 0 {
					t.Errorf("%+v: %+v", o, findings)
				}
			}
			receipt, err := r.ForgetMissing(t.Context(), archive.ForgetOptions{Force: true}, func(archive.Finding) {})
			if err != nil || receipt.Forgotten > 0 {
				t.Errorf("forget: %+v, %v", receipt, err)
			}
		}
		close(stop)
		workers.Wait()
		for i, c := range kept {
			r.holds(c, photo(i))
		}
		r.clock.advance(2 * time.Hour)
		r.isClean()
	})
}
