package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// FindCaptures returns a page of captures without their text, as
// [jarvis.Catalog] does. CreatedBefore is not supported.
func (c *Client) FindCaptures(ctx context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error) {
	const op = "list captures"
	if !f.CreatedBefore.IsZero() {
		return nil, c.noStoredTime(op)
	}
	query := filterQuery(&f)
	if !f.After.IsZero() {
		query.Set("cursor", f.After.String())
	}
	if f.Limit != 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	if f.Order == jarvis.OldestFirst {
		query.Set("order", "oldest")
	}
	found, _, err := list[*jarvis.Capture](ctx, c, op, "/api/captures", query)
	return found, err
}

// noStoredTime is the error of a filter that the API cannot express: to leave it
// out would select more than was meant.
func (c *Client) noStoredTime(op string) error {
	return c.failure(op, jarvis.CodeInvalid, "a server does not select captures by when they were stored", nil)
}

// filterQuery returns what a filter selects, without the page.
func filterQuery(f *jarvis.CaptureFilter) url.Values {
	query := rangeQuery(f.From, f.To)
	setText(query, "device", f.Device)
	setText(query, "app", f.AppName)
	if f.Monitor != nil {
		query.Set("monitor", strconv.Itoa(*f.Monitor))
	}
	if f.Pinned != nil {
		query.Set("pinned", strconv.FormatBool(*f.Pinned))
	}
	return query
}

func rangeQuery(from, to time.Time) url.Values {
	query := make(url.Values)
	if !from.IsZero() {
		query.Set("from", timeText(from))
	}
	if !to.IsZero() {
		query.Set("to", timeText(to))
	}
	return query
}

func timeText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func setText(query url.Values, name, text string) {
	if text != "" {
		query.Set(name, text)
	}
}

func capturePath(id jarvis.ID, of string) string { return "/api/captures/" + id.String() + of }

// noID refuses the zero id: without one, a path means something else.
func noID(op string, id jarvis.ID) error {
	if id.IsZero() {
		return &jarvis.Error{Code: jarvis.CodeInvalid, Op: "client: " + op, Message: "no id is given"}
	}
	return nil
}

// FindCapture returns a capture with its text.
func (c *Client) FindCapture(ctx context.Context, id jarvis.ID) (*jarvis.Capture, error) {
	const op = "get a capture"
	if err := noID(op, id); err != nil {
		return nil, err
	}
	capture := new(jarvis.Capture)
	if err := c.getJSON(ctx, op, capturePath(id, ""), nil, capture); err != nil {
		return nil, err
	}
	if capture.ID != id {
		return nil, c.strange(op)
	}
	return capture, nil
}

// SetPinned pins a capture or unpins it; it may be repeated.
func (c *Client) SetPinned(ctx context.Context, id jarvis.ID, pinned bool) error {
	const op = "pin a capture"
	if err := noID(op, id); err != nil {
		return err
	}
	method := http.MethodDelete
	if pinned {
		method = http.MethodPut
	}
	return c.doJSON(ctx, request{op: op, method: method, path: capturePath(id, "/pin")}, nil)
}
