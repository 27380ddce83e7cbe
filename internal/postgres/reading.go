package postgres

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.Readings = (*Catalog)(nil)

var errUnmade = jarvis.Errorf(jarvis.CodeInternal, "this is not made yet")

// ClaimReadings leases the newest captures that are due.
func (c *Catalog) ClaimReadings(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]*jarvis.Claim, error) {
	return nil, errUnmade
}

// ClaimReading leases one capture.
func (c *Catalog) ClaimReading(ctx context.Context, id jarvis.ID, now time.Time, lease time.Duration) (*jarvis.Claim, error) {
	return nil, errUnmade
}

// FinishReading stores what was read.
func (c *Catalog) FinishReading(ctx context.Context, lease jarvis.Lease, r *jarvis.Reading, document string) error {
	return errUnmade
}

// FailReading ends a lease and counts a failure.
func (c *Catalog) FailReading(ctx context.Context, lease jarvis.Lease, f jarvis.ReadFailure) error {
	return errUnmade
}

// SetAside ends a lease for good, and indexes the document.
func (c *Catalog) SetAside(ctx context.Context, lease jarvis.Lease, reason, document string) error {
	return errUnmade
}

// ReleaseReading gives a lease back.
func (c *Catalog) ReleaseReading(ctx context.Context, lease jarvis.Lease) error { return errUnmade }

// ReadStatus counts the queue.
func (c *Catalog) ReadStatus(ctx context.Context, now time.Time) (jarvis.ReadStatus, error) {
	return jarvis.ReadStatus{}, errUnmade
}

// FindFailed lists captures that were set aside.
func (c *Catalog) FindFailed(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.FailedReading, error) {
	return nil, errUnmade
}

// Requeue makes captures due.
func (c *Catalog) Requeue(ctx context.Context, f jarvis.RequeueFilter, now time.Time) (int64, error) {
	return 0, errUnmade
}

// FindTexts returns what is known of the texts of captures.
func (c *Catalog) FindTexts(ctx context.Context, ids []jarvis.ID) ([]*jarvis.CaptureText, error) {
	return nil, errUnmade
}
