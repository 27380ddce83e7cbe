package client

import (
	"context"
	"net/http"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// CountDays returns the days in loc that have captures, oldest first, as
// [jarvis.Catalog] does. loc needs a name that the server knows too: "Local" is
// none.
func (c *Client) CountDays(ctx context.Context, from, to time.Time, loc *time.Location) ([]jarvis.DayCount, error) {
	query := rangeQuery(from, to)
	if loc != nil {
		query.Set("tz", loc.String())
	}
	var list items[jarvis.DayCount]
	err := c.getJSON(ctx, "count days", "/api/days", query, &list)
	return list.Items, err
}

// Stats sums up the store.
func (c *Client) Stats(ctx context.Context) (*jarvis.CatalogStats, error) {
	stats := new(jarvis.CatalogStats)
	if err := c.getJSON(ctx, "get statistics", "/api/stats", nil, stats); err != nil {
		return nil, err
	}
	return stats, nil
}

// FindDevices describes every device that sent something, or has a token.
func (c *Client) FindDevices(ctx context.Context) ([]jarvis.DeviceInfo, error) {
	var list items[jarvis.DeviceInfo]
	err := c.getJSON(ctx, "list devices", "/api/devices", nil, &list)
	return list.Items, err
}

// PutSpans says what an agent did. It may be repeated: see [jarvis.Coverage].
func (c *Client) PutSpans(ctx context.Context, spans []jarvis.Span) error {
	told, err := asJSON(map[string][]jarvis.Span{"spans": spans})
	if err != nil {
		return err
	}
	return c.doJSON(ctx, request{op: "report coverage", method: http.MethodPost, path: "/api/coverage", payload: told}, nil)
}

// Coverage is what is said of a time, and the rest that nobody explained.
type Coverage struct {
	Spans []jarvis.Span `json:"spans"`
	Gaps  []jarvis.Gap  `json:"gaps"`
}

// FindCoverage returns the spans of a time and the gaps between them. Without a
// device it is about all of them.
func (c *Client) FindCoverage(ctx context.Context, from, to time.Time, device string) (*Coverage, error) {
	query := rangeQuery(from, to)
	setText(query, "device", device)
	coverage := new(Coverage)
	if err := c.getJSON(ctx, "get coverage", "/api/coverage", query, coverage); err != nil {
		return nil, err
	}
	return coverage, nil
}
