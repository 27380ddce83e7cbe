package client

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Delete deletes a capture for good. One that never was is CodeNotFound, and one
// that somebody else deleted is CodeDeleted. Where the answer was lost and the
// capture is gone, the receipt does not know what that freed.
func (c *Client) Delete(ctx context.Context, id jarvis.ID) (jarvis.Receipt, error) {
	const op = "delete a capture"
	var done jarvis.Receipt
	if err := noID(op, id); err != nil {
		return done, err
	}
	r := request{op: op, method: http.MethodDelete, path: capturePath(id, "")}
	begun := false // by an attempt whose answer was lost
	err := c.retry(ctx, r, func() (verdict, error) {
		v, err := c.once(ctx, r, func(res *http.Response) error { return c.decode(res, &done) })
		if begun && errors.Is(err, jarvis.ErrDeleted) {
			done = jarvis.Receipt{Removed: 1}
			return verdict{}, nil
		}
		begun = begun || v.begun
		return v, err
	})
	if err == nil && done.Removed != 1 {
		err = c.strange(op)
	}
	return done, err
}

// Deletion is what a filter would delete, as of a moment.
type Deletion struct {
	jarvis.Summary
	Samples   []*jarvis.Capture `json:"samples"`    // some of them
	Confirm   string            `json:"confirm"`    // for Confirm, once
	ExpiresAt time.Time         `json:"expires_at"` // when Confirm ends to be good
}

// longPatience is how long a server may think before it answers, where it counts
// every capture that a filter selects, or changes it.
const longPatience = time.Hour

// PlanDeletion counts what the filter selects, all pages of it, and deletes
// nothing. CreatedBefore is not supported.
func (c *Client) PlanDeletion(ctx context.Context, f jarvis.CaptureFilter) (*Deletion, error) {
	const op = "plan a deletion"
	if !f.CreatedBefore.IsZero() {
		return nil, c.noStoredTime(op)
	}
	plan := new(Deletion)
	r := request{op: op, method: http.MethodPost, path: "/api/captures/delete", query: filterQuery(&f), patience: longPatience}
	if err := c.doJSON(ctx, r, plan); err != nil {
		return nil, err
	}
	if plan.Confirm == "" || slices.Contains(plan.Samples, nil) {
		return nil, c.strange(op)
	}
	return plan, nil
}

// ConfirmDeletion deletes just what was planned. A plan that was confirmed before,
// or is older than ten minutes, is CodeNotFound, and CodeConflict when the filter
// selects others by now. An error of CodeUnavailable leaves open how much of it
// was deleted: it is not sent again once it was begun.
func (c *Client) ConfirmDeletion(ctx context.Context, d *Deletion) (jarvis.Receipt, error) {
	var done jarvis.Receipt
	confirm, err := asJSON(map[string]string{"confirm": d.Confirm})
	if err != nil {
		return done, err
	}
	r := request{op: "delete captures", method: http.MethodPost, path: "/api/captures/delete", payload: confirm, once: true, patience: longPatience}
	err = c.doJSON(ctx, r, &done)
	return done, err
}
