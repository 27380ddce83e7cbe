package catalogtest

import (
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// testRequeue puts captures into the queue while they are deleted: none of those
// that are gone stays there.
func testRequeue(t *testing.T, h Harness) {
	db := h.New(t)
	cat := db.open(t)
	for round := range proof.Rounds(3, 50) {
		var captures []*jarvis.Capture
		for i := range 40 {
			captures = append(captures, newUnread(noon.Add(time.Duration(round*100+i)*time.Second)))
		}
		insert(t, cat, captures...)
		atOnce(t, 3, func(worker int) error {
			if worker == 0 {
				for range 10 {
					if _, err := cat.Requeue(background, jarvis.RequeueFilter{}, noon); err != nil {
						return err
					}
				}
				return nil
			}
			for i := worker - 1; i < len(captures); i += 2 {
				if _, err := cat.BeginDelete(background, captures[i].ID); err != nil {
					return err
				}
			}
			return nil
		})
		wantReadStatus(t, cat, noon, jarvis.ReadStatus{})
		wantNoClaim(t, cat, noon)
	}
}
