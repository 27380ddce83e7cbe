package jarvis

import "time"

// Removal is what a filter would remove, as of a moment. An archive plans it, and
// removes just what was planned.
type Removal struct {
	Summary
	Filter CaptureFilter    // with CreatedBefore: what is stored later is not removed
	Ahead  map[ID]time.Time // what the filter selects besides, stored ahead of the clock, and when
}

// Holds reports whether a capture was there when the removal was planned.
func (r *Removal) Holds(c *Capture) bool {
	at, ahead := r.Ahead[c.ID]
	return c.CreatedAt.Before(r.Filter.CreatedBefore) || ahead && c.CreatedAt.Equal(at)
}

// Receipt says what a removal did.
type Receipt struct {
	Removed int64 `json:"removed"` // captures whose row and image are gone
	Bytes   int64 `json:"bytes"`   // freed on disk
	Missing int64 `json:"missing"` // of the removed, those whose image was already gone
	Failed  int64 `json:"failed"`  // captures that are still there, or whose image may be
}

// Progress is told how far a long operation is. Total is an estimate, 0 when
// unknown. It is called from the goroutine of the operation and should be quick.
type Progress func(done, total int64)

// RemoveOptions are the callbacks of a removal; each may be nil. They are not
// called concurrently.
type RemoveOptions struct {
	Progress Progress
	// Removed is told of each capture whose row is gone.
	Removed func(id ID)
	// Failed is told of each capture that could not be removed.
	Failed func(id ID, err error)
}
