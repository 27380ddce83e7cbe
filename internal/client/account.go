package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// items is the answer that lists something.
type items[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"` // the cursor of the next page; empty when this is the last
}

// NewToken makes a token and returns its text, which nobody can show again. A
// name that one has, or had, is CodeConflict. With CodeUnavailable it may have
// been made: revoke it then, and choose another name.
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
	err = c.doJSON(ctx, request{op: "make a token", method: http.MethodPost, path: "/api/tokens", payload: asked, once: true}, &made)
	return made.Token, err
}

// FindTokens lists all tokens by name, revoked ones too.
func (c *Client) FindTokens(ctx context.Context) ([]*jarvis.Token, error) {
	var list items[*jarvis.Token]
	err := c.getJSON(ctx, "list tokens", "/api/tokens", nil, &list)
	return list.Items, err
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
	var list items[*jarvis.Session]
	err := c.getJSON(ctx, "list sessions", "/api/sessions", nil, &list)
	return list.Items, err
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
	var page items[jarvis.Access]
	err := c.getJSON(ctx, "read the access log", "/api/audit", query, &page)
	return page.Items, page.Next, err
}
