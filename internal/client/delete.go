package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Delete deletes a capture for good. One that never was is CodeNotFound, and one
// that somebody else deleted is CodeDeleted.
func (c *Client) Delete(ctx context.Context, id jarvis.ID) error {
	const op = "delete a capture"
	if err := noID(op, id); err != nil {
		return err
	}
	r := request{op: op, method: http.MethodDelete, path: capturePath(id, "")}
	begun := false // by an attempt whose answer was lost
	return c.retry(ctx, r, func() (verdict, error) {
		res, v, err := c.open(ctx, r)
		if err == nil {
			return c.judge(ctx, op, res.Body.Close())
		}
		if begun && errors.Is(err, jarvis.ErrDeleted) {
			return verdict{}, nil
		}
		begun = begun || v.begun
		return v, err
	})
}

// Deletion is what a filter would delete, as of a moment.
type Deletion struct {
	jarvis.Summary
	Samples   []*jarvis.Capture `json:"samples"`    // some of them
	Confirm   string            `json:"confirm"`    // for Confirm, once
	ExpiresAt time.Time         `json:"expires_at"` // when Confirm ends to be good
}

// Receipt says what a deletion did.
type Receipt struct {
	Removed int64 `json:"removed"` // captures whose row and image are gone
	Bytes   int64 `json:"bytes"`   // freed on disk
	Missing int64 `json:"missing"` // of the removed, those whose image was already gone
	Failed  int64 `json:"failed"`  // captures that are still there, or whose image may be
}

// deletePatience is how long a server may think before it answers: it counts
// every capture that a filter selects, or deletes it.
const deletePatience = time.Hour

// PlanDeletion counts what the filter selects, all pages of it, and deletes
// nothing. CreatedBefore is not supported.
func (c *Client) PlanDeletion(ctx context.Context, f jarvis.CaptureFilter) (*Deletion, error) {
	const op = "plan a deletion"
	if !f.CreatedBefore.IsZero() {
		return nil, c.failure(op, jarvis.CodeInvalid, "a server does not select captures by when they were stored", nil)
	}
	plan := new(Deletion)
	r := request{op: op, method: http.MethodPost, path: "/api/captures/delete", query: filterQuery(&f), patience: deletePatience}
	if err := c.doJSON(ctx, r, plan); err != nil {
		return nil, err
	}
	return plan, nil
}

// ConfirmDeletion deletes just what was planned. An error of CodeUnavailable
// leaves open how much of it: it is not sent again once it was begun.
func (c *Client) ConfirmDeletion(ctx context.Context, d *Deletion) (Receipt, error) {
	var done Receipt
	confirm, err := asJSON(map[string]string{"confirm": d.Confirm})
	if err != nil {
		return done, err
	}
	r := request{op: "delete captures", method: http.MethodPost, path: "/api/captures/delete", payload: confirm, once: true, patience: deletePatience}
	err = c.doJSON(ctx, r, &done)
	return done, err
}
