package archive

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Removal is what a filter would remove, as of a moment.
type Removal struct {
	jarvis.Summary
	filter jarvis.CaptureFilter
	asOf   time.Time
}

// Receipt says what a removal did.
type Receipt struct {
	Removed int64 `json:"removed"` // captures whose row and image are gone
	Bytes   int64 `json:"bytes"`   // freed on disk
	Missing int64 `json:"missing"` // of the removed, those whose image was already gone
	Failed  int64 `json:"failed"`  // captures that are still there, or whose image is
}

// RemoveOptions are the callbacks of a removal; each may be nil.
type RemoveOptions struct {
	Progress Progress
	// Failed is told of each capture that could not be removed.
	Failed func(id jarvis.ID, err error)
}

// PlanRemoval counts what a filter selects, all pages of it, and fixes the
// moment: RemovePlanned removes nothing that was stored later.
func (a *Archive) PlanRemoval(ctx context.Context, f jarvis.CaptureFilter) (*Removal, error) {
	return nil, nil
}

// RemovePlanned removes what was planned: rows, images and what upgrades copied
// aside, leaving tombstones of the ids. It goes on after a capture that fails,
// and stops between two captures when ctx is done; the receipt is right even
// with an error.
func (a *Archive) RemovePlanned(ctx context.Context, r *Removal, o RemoveOptions) (Receipt, error) {
	return Receipt{}, nil
}

// RemoveIDs removes captures by id, as RemovePlanned does. Unknown and deleted
// ids are failures with CodeNotFound and CodeDeleted.
func (a *Archive) RemoveIDs(ctx context.Context, ids []jarvis.ID, o RemoveOptions) (Receipt, error) {
	return Receipt{}, nil
}
