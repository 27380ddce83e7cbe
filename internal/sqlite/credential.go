package sqlite

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

var (
	_ jarvis.Credentials = (*Catalog)(nil)
	_ jarvis.AccessLog   = (*Catalog)(nil)
	_ jarvis.Coverage    = (*Catalog)(nil)
)

var errComing = jarvis.Errorf(jarvis.CodeInternal, "migration 5 is not there yet")

// SetPinned pins a capture or unpins it.
func (c *Catalog) SetPinned(ctx context.Context, id jarvis.ID, pinned bool) error { return errComing }

// CountMinutes counts captures by minute, device, monitor and app.
func (c *Catalog) CountMinutes(ctx context.Context, from, to time.Time) ([]jarvis.MinuteCount, error) {
	return nil, errComing
}

// InsertToken adds a token.
func (c *Catalog) InsertToken(ctx context.Context, t *jarvis.Token) error { return errComing }

// FindToken returns the token of a hash.
func (c *Catalog) FindToken(ctx context.Context, hash []byte) (*jarvis.Token, error) {
	return nil, errComing
}

// FindTokens lists all tokens by name.
func (c *Catalog) FindTokens(ctx context.Context) ([]*jarvis.Token, error) { return nil, errComing }

// RevokeToken records when a token ceased to be valid.
func (c *Catalog) RevokeToken(ctx context.Context, name string, at time.Time) error { return errComing }

// TouchToken records a use.
func (c *Catalog) TouchToken(ctx context.Context, name string, at time.Time, address string) error {
	return errComing
}

// InsertSignIn adds the hash of a sign-in link.
func (c *Catalog) InsertSignIn(ctx context.Context, hash []byte, expires time.Time) error {
	return errComing
}

// RedeemSignIn uses up a link and adds the session.
func (c *Catalog) RedeemSignIn(ctx context.Context, hash []byte, now time.Time, s *jarvis.Session) error {
	return errComing
}

// FindSession returns the session of a hash.
func (c *Catalog) FindSession(ctx context.Context, hash []byte, now time.Time) (*jarvis.Session, error) {
	return nil, errComing
}

// FindSessions lists the sessions that have not expired.
func (c *Catalog) FindSessions(ctx context.Context, now time.Time) ([]*jarvis.Session, error) {
	return nil, errComing
}

// TouchSession records a use.
func (c *Catalog) TouchSession(ctx context.Context, id jarvis.ID, at time.Time, address string) error {
	return errComing
}

// EndSession removes a session.
func (c *Catalog) EndSession(ctx context.Context, id jarvis.ID) error { return errComing }

// RecordAccess adds to a line of the access log.
func (c *Catalog) RecordAccess(ctx context.Context, a jarvis.Access) error { return errComing }

// FindAccess returns a page of the access log.
func (c *Catalog) FindAccess(ctx context.Context, f jarvis.AccessFilter) ([]jarvis.Access, error) {
	return nil, errComing
}

// PutSpans adds spans.
func (c *Catalog) PutSpans(ctx context.Context, spans []jarvis.Span) error { return errComing }

// FindSpans returns a page of spans.
func (c *Catalog) FindSpans(ctx context.Context, f jarvis.SpanFilter) ([]jarvis.Span, error) {
	return nil, errComing
}

// FindDevices describes every device.
func (c *Catalog) FindDevices(ctx context.Context) ([]jarvis.DeviceInfo, error) {
	return nil, errComing
}
