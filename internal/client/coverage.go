package client

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// PutSpans says what an agent did. It may be repeated: see [jarvis.Coverage]. More
// than MaxPage are sent in parts, each of which is taken as a whole or not at all.
func (c *Client) PutSpans(ctx context.Context, spans []jarvis.Span) error {
	const op = "report coverage"
	for some := range slices.Chunk(spans, jarvis.MaxPage) {
		told, err := asJSON(map[string][]jarvis.Span{"spans": some})
		if err != nil {
			return err
		}
		var taken struct {
			Stored int `json:"stored"`
		}
		if err := c.doJSON(ctx, request{op: op, method: http.MethodPost, path: "/api/coverage", payload: told}, &taken); err != nil {
			return err
		}
		if taken.Stored != len(some) {
			return c.strange(op)
		}
	}
	return nil
}

// Coverage is what is said of a time, and the rest that nobody explained.
type Coverage struct {
	From  time.Time     `json:"from"`
	To    time.Time     `json:"to"`
	Spans []jarvis.Span `json:"spans"` // by device and beginning
	Gaps  []jarvis.Gap  `json:"gaps"`  // of devices that sent spans before, up to now
}

// FindCoverage returns the spans of a time, at most 32 days, and what they leave
// open, of all devices when none is named. A zero to means now, a zero from a day
// before it.
func (c *Client) FindCoverage(ctx context.Context, from, to time.Time, device string) (*Coverage, error) {
	query := rangeQuery(from, to)
	setText(query, "device", device)
	coverage := new(Coverage)
	if err := c.getJSON(ctx, "get coverage", "/api/coverage", query, coverage); err != nil {
		return nil, err
	}
	return coverage, nil
}
