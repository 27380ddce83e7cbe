package client

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Search returns a page of results. The server must know the location by its
// name: "Local" is none. CodeTimeout is a search that took too long, and is not
// tried again.
func (c *Client) Search(ctx context.Context, r jarvis.SearchRequest) (*jarvis.SearchPage, error) {
	const op = "search"
	query := url.Values{"q": {r.Query}, "group": {string(cmp.Or(r.Group, jarvis.GroupNone))}}
	setText(query, "sort", string(r.Sort))
	setText(query, "cursor", r.Cursor)
	if r.Facets {
		query.Set("facets", "true")
	}
	if r.Limit != 0 {
		query.Set("limit", strconv.Itoa(r.Limit))
	}
	if r.Location != nil {
		query.Set("tz", r.Location.String())
	}
	page := new(jarvis.SearchPage)
	if err := c.getJSON(ctx, op, "/api/search", query, page); err != nil {
		return nil, err
	}
	if !isPage(page) {
		return nil, c.strange(op)
	}
	return page, nil
}

// isPage reports whether all that a page promises is there.
func isPage(page *jarvis.SearchPage) bool {
	return !slices.ContainsFunc(page.Results, func(r *jarvis.SearchResult) bool {
		return r == nil || r.Capture == nil || r.Capture.ID.IsZero() || !areMarks(r.Snippet.Marks, len(r.Snippet.Text))
	})
}

// areMarks reports whether marks are parts of a text of so many bytes, in order.
func areMarks(marks []jarvis.Mark, length int) bool {
	end := 0
	for _, m := range marks {
		if m.Start < end || m.End < m.Start || m.End > length {
			return false
		}
		end = m.End
	}
	return true
}

// capturedText is what was read in a capture, as a server sends it.
type capturedText struct {
	ID       jarvis.ID        `json:"id"`
	State    jarvis.TextState `json:"state"`
	Reason   string           `json:"reason"`
	Text     *string          `json:"text"`
	Language string           `json:"language"`
	Engine   string           `json:"engine"`
	Masked   int              `json:"masked"`
	ReadAt   *time.Time       `json:"read_at"`
	Words    []jarvis.Word    `json:"words"`
}

// FindText returns what was read in a capture. Of the capture itself there are
// only the id and the text.
func (c *Client) FindText(ctx context.Context, id jarvis.ID) (*jarvis.CaptureText, error) {
	const op = "get a text"
	if err := noID(op, id); err != nil {
		return nil, err
	}
	var t capturedText
	if err := c.getJSON(ctx, op, capturePath(id, "/text"), nil, &t); err != nil {
		return nil, err
	}
	found := &jarvis.CaptureText{Capture: &jarvis.Capture{ID: t.ID, OCRText: t.Text}, State: t.State, Reason: t.Reason}
	if t.ReadAt != nil && t.Text != nil {
		found.Reading = &jarvis.Reading{Text: *t.Text, Words: t.Words, Language: t.Language, Engine: t.Engine, Masked: t.Masked, ReadAt: *t.ReadAt}
	}
	if t.ID != id || found.Reading != nil && found.Reading.Check() != nil {
		return nil, c.strange(op)
	}
	return found, nil
}

// Suggest completes what a person types, by at most limit suggestions.
func (c *Client) Suggest(ctx context.Context, text string, limit int) ([]jarvis.Suggestion, error) {
	query := url.Values{"q": {text}, "limit": {strconv.Itoa(limit)}}
	found, _, err := list[jarvis.Suggestion](ctx, c, "complete a query", "/api/suggest", query)
	return found, err
}
