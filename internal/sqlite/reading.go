package sqlite

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

var (
	_ jarvis.Readings = (*Catalog)(nil)
	_ jarvis.Index    = (*Catalog)(nil)
)

var errNotYet = jarvis.Errorf(jarvis.CodeInternal, "not yet")

func (c *Catalog) ClaimReadings(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]*jarvis.Claim, error) {
	return nil, errNotYet
}
func (c *Catalog) ClaimReading(ctx context.Context, id jarvis.ID, now time.Time, lease time.Duration) (*jarvis.Claim, error) {
	return nil, errNotYet
}
func (c *Catalog) FinishReading(ctx context.Context, lease jarvis.Lease, r *jarvis.Reading, document string) error {
	return errNotYet
}
func (c *Catalog) FailReading(ctx context.Context, lease jarvis.Lease, f jarvis.ReadFailure) error {
	return errNotYet
}
func (c *Catalog) SetAside(ctx context.Context, lease jarvis.Lease, reason, document string) error {
	return errNotYet
}
func (c *Catalog) ReleaseReading(ctx context.Context, lease jarvis.Lease) error { return errNotYet }
func (c *Catalog) ReadStatus(ctx context.Context, now time.Time) (jarvis.ReadStatus, error) {
	return jarvis.ReadStatus{}, errNotYet
}
func (c *Catalog) FindFailed(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.FailedReading, error) {
	return nil, errNotYet
}
func (c *Catalog) Requeue(ctx context.Context, f jarvis.RequeueFilter, now time.Time) (int64, error) {
	return 0, errNotYet
}
func (c *Catalog) FindTexts(ctx context.Context, ids []jarvis.ID) ([]*jarvis.CaptureText, error) {
	return nil, errNotYet
}
func (c *Catalog) FindMatches(ctx context.Context, f jarvis.MatchFilter) ([]*jarvis.Match, error) {
	return nil, errNotYet
}
func (c *Catalog) FindNames(ctx context.Context, kind jarvis.NameKind) ([]string, error) {
	return nil, errNotYet
}
func (c *Catalog) FindDocumented(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.Capture, error) {
	return nil, errNotYet
}
func (c *Catalog) SetDocuments(ctx context.Context, documents []jarvis.Document, next jarvis.Cursor) error {
	return errNotYet
}
func (c *Catalog) ReindexPosition(ctx context.Context) (jarvis.Cursor, error) {
	return jarvis.Cursor{}, errNotYet
}
func (c *Catalog) RebuildIndex(ctx context.Context, progress jarvis.Progress) error { return errNotYet }
