package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// The methods of this file are those of jarvis.Readings, as far as a worker and
// a person need them, on the queue of a server. The server goes by its own clock.

// claimJSON is a claim as a server sends it.
type claimJSON struct {
	Capture  *jarvis.Capture `json:"capture"`
	Token    jarvis.ID       `json:"token"`
	Claims   int             `json:"claims"`
	Failures int             `json:"failures"`
	Redo     bool            `json:"redo"`
	Twin     *jarvis.Reading `json:"twin"`
}

// MaxClaims is the most captures that a server leases at once.
const MaxClaims = 32

// ClaimReadings leases captures, at most MaxClaims of them. The server counts the
// lease from when it was asked, which is not before now: Until is by the clock of
// this machine. It is not sent again when the answer was lost: what was
// leased then comes back when the lease ends.
func (c *Client) ClaimReadings(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]*jarvis.Claim, error) {
	return c.claim(ctx, jarvis.ID{}, now, lease, min(limit, MaxClaims))
}

// ClaimReading leases one capture; nil when it is not due.
func (c *Client) ClaimReading(ctx context.Context, id jarvis.ID, now time.Time, lease time.Duration) (*jarvis.Claim, error) {
	const op = "claim a reading"
	if err := noID(op, id); err != nil {
		return nil, err
	}
	claims, err := c.claim(ctx, id, now, lease, 1)
	if err != nil || len(claims) == 0 {
		return nil, err
	}
	if claims[0].ID != id {
		return nil, c.strange(op)
	}
	return claims[0], nil
}

func (c *Client) claim(ctx context.Context, id jarvis.ID, now time.Time, lease time.Duration, limit int) ([]*jarvis.Claim, error) {
	const op = "claim readings"
	asked, err := asJSON(struct {
		ID    jarvis.ID `json:"id,omitzero"`
		Limit int       `json:"limit"`
		Lease int       `json:"lease"`
	}{id, limit, int((lease + time.Second - 1) / time.Second)})
	if err != nil {
		return nil, err
	}
	var answer page[*claimJSON]
	if err := c.doJSON(ctx, request{op: op, method: http.MethodPost, path: "/api/readings/claim", payload: asked, once: true}, &answer); err != nil {
		return nil, err
	}
	claims := make([]*jarvis.Claim, 0, len(answer.Items))
	for _, one := range answer.Items {
		if one == nil || one.Capture == nil || one.Capture.ID.IsZero() || one.Token.IsZero() {
			return nil, c.strange(op)
		}
		claim := &jarvis.Claim{
			Lease: jarvis.Lease{ID: one.Capture.ID, Token: one.Token}, Capture: one.Capture, Until: jarvis.Instant(now.Add(lease)),
			Claims: one.Claims, Failures: one.Failures, Redo: one.Redo, Twin: one.Twin,
		}
		if claim.Twin != nil && claim.Twin.Check() != nil {
			return nil, c.strange(op)
		}
		claims = append(claims, claim)
	}
	return claims, nil
}

// FinishReading stores what was read. The server makes the document itself. Where
// the answer was lost and the lease is over, it was this call that ended it, or
// another worker has the capture.
func (c *Client) FinishReading(ctx context.Context, lease jarvis.Lease, r *jarvis.Reading, _ string) error {
	return c.endLease(ctx, "finish a reading", "/finish", lease, struct {
		Token   jarvis.ID       `json:"token"`
		Reading *jarvis.Reading `json:"reading,omitempty"`
	}{lease.Token, r})
}

// readFailure is what a server is told of a capture that was not read.
type readFailure struct {
	Token  jarvis.ID `json:"token"`
	Reason string    `json:"reason"`
	Retry  string    `json:"retry,omitempty"`
}

// FailReading says why a capture was not read. A lost answer is as that of
// FinishReading.
func (c *Client) FailReading(ctx context.Context, lease jarvis.Lease, f jarvis.ReadFailure) error {
	failed := readFailure{Token: lease.Token, Reason: jarvis.CleanText(f.Reason, jarvis.MaxReason)}
	if !f.Retry.IsZero() {
		failed.Retry = timeText(f.Retry)
	}
	return c.endLease(ctx, "fail a reading", "/fail", lease, failed)
}

// SetAside sets a capture aside. The server makes the document itself. A lost answer
// is as that of FinishReading.
func (c *Client) SetAside(ctx context.Context, lease jarvis.Lease, reason, _ string) error {
	failed := readFailure{Token: lease.Token, Reason: jarvis.CleanText(reason, jarvis.MaxReason)}
	return c.endLease(ctx, "set a capture aside", "/fail", lease, failed)
}

// ReleaseReading gives a lease back. One that is over is no error.
func (c *Client) ReleaseReading(ctx context.Context, lease jarvis.Lease) error {
	return c.endLease(ctx, "release a reading", "/release", lease, struct {
		Token jarvis.ID `json:"token"`
	}{lease.Token})
}

// endLease sends what ends a lease, until it is answered.
func (c *Client) endLease(ctx context.Context, op, of string, lease jarvis.Lease, body any) error {
	if lease.ID.IsZero() || lease.Token.IsZero() {
		return c.failure(op, jarvis.CodeInvalid, "no lease is given", nil)
	}
	sent, err := asJSON(body)
	if err != nil {
		return err
	}
	r := request{op: op, method: http.MethodPost, path: "/api/readings/" + lease.ID.String() + of, payload: sent}
	begun := false // by an attempt whose answer was lost
	return c.retry(ctx, r, func() (verdict, error) {
		v, err := c.once(ctx, r, discard)
		if begun && errors.Is(err, jarvis.ErrConflict) {
			return verdict{}, nil
		}
		begun = begun || v.begun
		return v, err
	})
}

// readings is the state of a queue as a server sends it.
type readings struct {
	jarvis.ReadStatus
	NoText bool `json:"no_text"`
}

func (c *Client) readings(ctx context.Context) (readings, error) {
	var all readings
	err := c.getJSON(ctx, "count readings", "/api/readings", nil, &all)
	return all, err
}

// ReadStatus counts the queue, as of when the server is asked.
func (c *Client) ReadStatus(ctx context.Context, _ time.Time) (jarvis.ReadStatus, error) {
	all, err := c.readings(ctx)
	return all.ReadStatus, err
}

// KeepsNoText reports whether the store of the server keeps no text of images.
func (c *Client) KeepsNoText(ctx context.Context) (bool, error) {
	all, err := c.readings(ctx)
	return all.NoText, err
}

// FindFailed lists captures that were set aside, the newest first.
func (c *Client) FindFailed(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.FailedReading, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	setText(query, "cursor", after.String())
	found, _, err := list[*jarvis.FailedReading](ctx, c, "list failed readings", "/api/readings/failed", query)
	return found, err
}

// Requeue has captures read anew, as of when the server is asked, and returns how
// many.
func (c *Client) Requeue(ctx context.Context, f jarvis.RequeueFilter, _ time.Time) (int64, error) {
	query := rangeQuery(f.From, f.To)
	if f.Failed {
		query.Set("failed", "true")
	}
	var answer struct {
		Queued int64 `json:"queued"`
	}
	r := request{op: "queue captures", method: http.MethodPost, path: "/api/readings/requeue", query: query, patience: longPatience}
	err := c.doJSON(ctx, r, &answer)
	return answer.Queued, err
}
