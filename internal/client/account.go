package client

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// page is the answer that lists something.
type page[T comparable] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"` // the cursor of the next page; empty when this is the last
}

// list returns what a list of the API holds, never nil, and the cursor of the next
// page.
func list[T comparable](ctx context.Context, c *Client, op, path string, query url.Values) ([]T, string, error) {
	var answer page[T]
	if err := c.getJSON(ctx, op, path, query, &answer); err != nil {
		return nil, "", err
	}
	if slices.Contains(answer.Items, *new(T)) { // a null where something was promised
		return nil, "", c.strange(op)
	}
	return append([]T{}, answer.Items...), answer.Next, nil
}

// NewToken makes a token and returns its text, which nobody can show again. A
// name that one has, or had, is CodeConflict. With CodeUnavailable it may have
// been made: revoke it then, and make it again.
func (c *Client) NewToken(ctx context.Context, name string, scope jarvis.Scope) (string, error) {
	asked, err := asJSON(struct {
		Name  string       `json:"name"`
		Scope jarvis.Scope `json:"scope"`
	}{name, scope})
	if err != nil {
		return "", err
	}
	var made struct {
		Token string `json:"token"`
	}
	const op = "make a token"
	err = c.doJSON(ctx, request{op: op, method: http.MethodPost, path: "/api/tokens", payload: asked, once: true}, &made)
	if err == nil && made.Token == "" {
		err = c.strange(op)
	}
	return made.Token, err
}

// FindTokens lists all tokens by name, revoked ones too.
func (c *Client) FindTokens(ctx context.Context) ([]*jarvis.Token, error) {
	tokens, _, err := list[*jarvis.Token](ctx, c, "list tokens", "/api/tokens", nil)
	return tokens, err
}

// RevokeToken makes a token invalid at once. It may be repeated.
func (c *Client) RevokeToken(ctx context.Context, name string) error {
	const op = "revoke a token"
	if name == "" {
		return c.failure(op, jarvis.CodeInvalid, "no name of a token is given", nil)
	}
	return c.doJSON(ctx, request{op: op, method: http.MethodDelete, path: "/api/tokens/" + url.PathEscape(name)}, nil)
}

// FindSessions lists the sessions of browsers, the newest first.
func (c *Client) FindSessions(ctx context.Context) ([]*jarvis.Session, error) {
	sessions, _, err := list[*jarvis.Session](ctx, c, "list sessions", "/api/sessions", nil)
	return sessions, err
}

// EndSession signs a browser out.
func (c *Client) EndSession(ctx context.Context, id jarvis.ID) error {
	const op = "end a session"
	if err := noID(op, id); err != nil {
		return err
	}
	return c.doJSON(ctx, request{op: op, method: http.MethodDelete, path: "/api/sessions/" + id.String()}, nil)
}

// SignIn is a link that signs a browser in, once.
type SignIn struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// NewSignIn makes a sign-in link.
func (c *Client) NewSignIn(ctx context.Context) (SignIn, error) {
	var link SignIn
	err := c.doJSON(ctx, request{op: "make a sign-in link", method: http.MethodPost, path: "/api/sign-in-links"}, &link)
	return link, err
}

// FindAccess returns a page of the access log and the cursor of the next, which
// is empty after the last. The first page has the cursor ""; the filter's After
// is not looked at.
func (c *Client) FindAccess(ctx context.Context, f jarvis.AccessFilter, cursor string) ([]jarvis.Access, string, error) {
	query := rangeQuery(f.From, f.To)
	setText(query, "who", f.Who)
	setText(query, "action", string(f.Action))
	setText(query, "cursor", cursor)
	if f.Limit != 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	return list[jarvis.Access](ctx, c, "read the access log", "/api/audit", query)
}
