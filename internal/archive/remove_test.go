package archive_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

func TestArchive_RemovePlanned(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		all := r.addMany(10)
		plan, err := r.PlanRemoval(t.Context(), jarvis.CaptureFilter{From: all[2].Timestamp, To: all[7].Timestamp, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if plan.Captures != 5 || plan.Bytes != 5*all[0].StoredSize {
			t.Errorf("plan %+v; want 5 captures", plan.Summary)
		}
		later := request(100) // stored after the preview, in its range
		later.Timestamp = all[3].Timestamp
		r.clock.advance(time.Second)
		kept := r.add(later)
		r.drop(all[4].Filepath)

		var done, total int64
		receipt, err := r.RemovePlanned(t.Context(), plan, archive.RemoveOptions{Progress: func(d, t int64) { done, total = d, t }})
		if err != nil {
			t.Fatal(err)
		}
		want := archive.Receipt{Removed: 5, Missing: 1, Bytes: 4 * all[0].StoredSize}
		if receipt != want || done != 5 || total != 5 {
			t.Errorf("receipt %+v, progress %d of %d; want %+v", receipt, done, total, want)
		}
		for i, c := range all {
			if gone := i >= 2 && i < 7; gone {
				_, _, err := r.Fetch(t.Context(), c.ID)
				wantCode(t, err, jarvis.CodeDeleted)
				if r.exists(c.Filepath) {
					t.Errorf("the image of removed capture %d is there", i)
				}
			} else {
				r.holds(c, photo(i))
			}
		}
		r.holds(kept, photo(100))
		r.isClean()
	})
}

// A capture that was removed and stored again since the preview is not what was
// shown, even when that happens between reading its row and removing it.
func TestArchive_RemovePlanned_StoredAgain(t *testing.T) {
	for _, meanwhile := range []bool{false, true} {
		r := newRig(t, seal{})
		c := r.add(request(1))
		locking := &lockHook{BlobStore: r.blobs}
		a, err := archive.Open(t.Context(), r.catalog, locking, r.options())
		if err != nil {
			t.Fatal(err)
		}
		plan, err := a.PlanRemoval(t.Context(), jarvis.CaptureFilter{})
		if err != nil {
			t.Fatal(err)
		}
		storeAgain := func() {
			if _, err := r.RemoveIDs(t.Context(), []jarvis.ID{c.ID}, archive.RemoveOptions{}); err != nil {
				t.Error(err)
			}
			r.clock.advance(time.Second)
			q := request(1)
			q.Undelete = true
			c = r.add(q)
		}
		if meanwhile {
			locking.before = storeAgain
		} else {
			storeAgain()
		}
		receipt, err := a.RemovePlanned(t.Context(), plan, archive.RemoveOptions{})
		if err != nil || receipt != (archive.Receipt{}) {
			t.Errorf("meanwhile=%v: receipt %+v, %v; want nothing removed", meanwhile, receipt, err)
		}
		r.holds(c, photo(1))
	}
}

// What was stored by a clock that was ahead is removed as well, and yet not what
// is stored after the preview.
func TestArchive_RemovePlanned_ClockSetBack(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		r.add(request(0))
		r.clock.advance(2 * time.Hour)
		all := r.addMany(10)
		r.clock.advance(-time.Hour)
		plan, err := r.PlanRemoval(t.Context(), jarvis.CaptureFilter{From: all[1].Timestamp})
		if err != nil {
			t.Fatal(err)
		}
		if plan.Captures != 9 || plan.Bytes != 9*all[0].StoredSize {
			t.Errorf("plan %+v; want 9 captures", plan.Summary)
		}
		r.clock.advance(time.Second)
		kept := r.add(request(5_000))
		if _, err := r.RemoveIDs(t.Context(), []jarvis.ID{all[9].ID}, archive.RemoveOptions{}); err != nil {
			t.Fatal(err)
		}
		again := request(9)
		again.Undelete = true
		keptToo := r.add(again)

		receipt, err := r.RemovePlanned(t.Context(), plan, archive.RemoveOptions{})
		if want := (archive.Receipt{Removed: 8, Bytes: 8 * all[0].StoredSize}); err != nil || receipt != want {
			t.Errorf("receipt %+v, %v; want %+v", receipt, err, want)
		}
		r.holds(all[0], photo(0))
		r.holds(kept, photo(5_000))
		r.holds(keptToo, photo(9))
		r.isClean()
	})
}

func TestArchive_RemoveIDs(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		all := r.addMany(3)
		unknown := jarvis.NewRandomID()
		failures := map[jarvis.ID]error{}
		receipt, err := r.RemoveIDs(t.Context(), []jarvis.ID{all[0].ID, unknown, all[2].ID}, archive.RemoveOptions{
			Failed: func(id jarvis.ID, err error) { failures[id] = err },
		})
		if err != nil || receipt.Removed != 2 || receipt.Failed != 1 {
			t.Errorf("receipt %+v, %v", receipt, err)
		}
		if !errors.Is(failures[unknown], jarvis.ErrNotFound) {
			t.Errorf("failures %v", failures)
		}
		receipt, err = r.RemoveIDs(t.Context(), []jarvis.ID{all[0].ID}, archive.RemoveOptions{
			Failed: func(id jarvis.ID, err error) { failures[id] = err },
		})
		if err != nil || receipt.Failed != 1 || !errors.Is(failures[all[0].ID], jarvis.ErrDeleted) {
			t.Errorf("again: %+v, %v, %v", receipt, err, failures)
		}
		r.holds(all[1], photo(1))
		r.isClean()
	})
}

// An image that can't be unlinked is a failure, and removing it again finishes it.
func TestArchive_RemoveIDs_DiskFails(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		c := r.add(request(1))
		failing := &faultyBlobs{BlobStore: r.blobs, deleteErr: jarvis.Errorf(jarvis.CodeUnavailable, "read-only")}
		a, err := archive.Open(t.Context(), r.catalog, failing, r.options())
		if err != nil {
			t.Fatal(err)
		}
		receipt, err := a.RemoveIDs(t.Context(), []jarvis.ID{c.ID}, archive.RemoveOptions{})
		if err != nil || receipt.Failed != 1 || receipt.Removed != 0 {
			t.Errorf("receipt %+v, %v", receipt, err)
		}
		receipt, err = r.RemoveIDs(t.Context(), []jarvis.ID{c.ID}, archive.RemoveOptions{})
		if err != nil || receipt.Removed != 1 || r.exists(c.Filepath) {
			t.Errorf("again: %+v, %v", receipt, err)
		}
		r.isClean()
	})
}

func TestArchive_Remove_Cancelled(t *testing.T) {
	onSQLite(t, func(t *testing.T, r *rig) {
		all := r.addMany(60)
		plan, err := r.PlanRemoval(t.Context(), jarvis.CaptureFilter{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		receipt, err := r.RemovePlanned(ctx, plan, archive.RemoveOptions{Progress: func(done, _ int64) {
			if done == 10 {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want it cancelled", err)
		}
		if receipt.Removed < 10 || receipt.Removed >= 60 || receipt.Failed > 0 {
			t.Errorf("receipt %+v; want it stopped soon after 10", receipt)
		}
		stats, err := r.catalog.Stats(t.Context())
		if err != nil || stats.Captures != 60-receipt.Removed {
			t.Errorf("%d captures are left, %v; the receipt says %d went", stats.Captures, err, receipt.Removed)
		}
		for i, c := range all {
			if _, err := r.catalog.FindCapture(t.Context(), c.ID); err == nil {
				r.holds(c, photo(i))
			}
		}
		r.isClean()
	})
}
