package reading_test

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// row is a capture of a fake queue.
type row struct {
	capture  *jarvis.Capture
	due      time.Time
	token    jarvis.ID // zero when it is not leased
	claims   int
	failures int
	redo     bool
	aside    bool
	reason   string

	readings int // how often reading it was finished
	document string
	read     *jarvis.Reading
	gone     bool
}

func (r *row) waits() bool { return r.readings == 0 && !r.aside && !r.gone || r.redo }

// queue keeps the contract of jarvis.Readings in memory.
type queue struct {
	mu       sync.Mutex
	rows     []*row
	released int
	asked    int           // for claims
	fault    error         // of every call; nil for none
	finished chan struct{} // gets one for each end of a lease but by release
}

func newQueue(captures ...*jarvis.Capture) *queue {
	q := &queue{finished: make(chan struct{}, 10000)}
	for _, c := range captures {
		q.insert(c)
	}
	return q
}

func (q *queue) insert(c *jarvis.Capture) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rows = append(q.rows, &row{capture: c})
	slices.SortStableFunc(q.rows, func(a, b *row) int { return b.capture.Timestamp.Compare(a.capture.Timestamp) })
}

// row returns a copy of the row of a capture.
func (q *queue) row(c *jarvis.Capture) row {
	q.mu.Lock()
	defer q.mu.Unlock()
	return *q.find(c.ID)
}

// change changes the row of a capture.
func (q *queue) change(c *jarvis.Capture, change func(*row)) {
	q.mu.Lock()
	defer q.mu.Unlock()
	change(q.find(c.ID))
}

func (q *queue) setFault(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fault = err
}

func (q *queue) find(id jarvis.ID) *row {
	for _, r := range q.rows {
		if r.capture.ID == id {
			return r
		}
	}
	return nil
}

func (q *queue) claim(r *row, now time.Time, lease time.Duration) *jarvis.Claim {
	r.token, r.due = jarvis.NewRandomID(), now.Add(lease)
	r.claims++
	c := &jarvis.Claim{
		Lease: jarvis.Lease{ID: r.capture.ID, Token: r.token}, Capture: r.capture,
		Until: r.due, Claims: r.claims, Failures: r.failures, Redo: r.redo,
	}
	for _, other := range q.rows {
		if other.read != nil && r.capture.ContentDigest != nil && slices.Equal(other.capture.ContentDigest, r.capture.ContentDigest) && !r.redo {
			c.Twin = other.read
		}
	}
	return c
}

func (q *queue) ClaimReadings(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]*jarvis.Claim, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.asked++
	if err := cmp.Or(q.fault, ctx.Err()); err != nil {
		return nil, err
	}
	var claims []*jarvis.Claim
	for _, r := range q.rows {
		if len(claims) < limit && r.waits() && !r.due.After(now) {
			claims = append(claims, q.claim(r, now, lease))
		}
	}
	return claims, nil
}

func (q *queue) ClaimReading(ctx context.Context, id jarvis.ID, now time.Time, lease time.Duration) (*jarvis.Claim, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := cmp.Or(q.fault, ctx.Err()); err != nil {
		return nil, err
	}
	if r := q.find(id); r != nil && r.waits() && !r.due.After(now) {
		return q.claim(r, now, lease), nil
	}
	return nil, nil
}

// end ends a lease and returns its row.
func (q *queue) end(ctx context.Context, lease jarvis.Lease, change func(*row)) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := cmp.Or(q.fault, ctx.Err()); err != nil {
		return err
	}
	defer func() { q.finished <- struct{}{} }()
	r := q.find(lease.ID)
	switch {
	case r == nil || r.gone:
		return jarvis.CaptureDeleted(lease.ID)
	case r.token != lease.Token:
		return jarvis.LeaseOver(lease.ID)
	}
	r.token, r.due = jarvis.ID{}, time.Time{}
	change(r)
	return nil
}

func (q *queue) FinishReading(ctx context.Context, lease jarvis.Lease, reading *jarvis.Reading, document string) error {
	if reading != nil {
		if err := reading.Check(); err != nil {
			return err
		}
	}
	return q.end(ctx, lease, func(r *row) {
		r.readings++
		r.document, r.read, r.redo = document, reading, false
	})
}

func (q *queue) FailReading(ctx context.Context, lease jarvis.Lease, f jarvis.ReadFailure) error {
	return q.end(ctx, lease, func(r *row) {
		r.failures++
		r.due, r.reason = f.Retry, f.Reason
		r.aside = f.Retry.IsZero()
	})
}

func (q *queue) SetAside(ctx context.Context, lease jarvis.Lease, reason, document string) error {
	return q.end(ctx, lease, func(r *row) {
		r.failures++
		r.aside, r.reason, r.document = true, reason, document
	})
}

func (q *queue) ReleaseReading(ctx context.Context, lease jarvis.Lease) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := cmp.Or(q.fault, ctx.Err()); err != nil {
		return err
	}
	if r := q.find(lease.ID); r != nil && r.token == lease.Token {
		r.token, r.due = jarvis.ID{}, time.Time{}
		r.claims--
		q.released++
	}
	return nil
}
