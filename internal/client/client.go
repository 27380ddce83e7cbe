// Package client is the Go client of the API of a Jarvis server: for commands
// that work on a store elsewhere, for agents, and for tests.
//
// # Errors
//
// Every error is a *jarvis.Error, with the code that the server's own error had
// and a message that the server worded. Where the server answered, the cause is
// an *[AnswerError]; where it did not, the code is CodeUnavailable. No error holds the
// token, or what was asked for: filters name devices and apps.
//
// # Repeating
//
// A request is sent again, after a wait that grows and is drawn by lot, when the
// network failed, and on 5xx, for as long as Options allow; a server's Retry-After
// is heeded. Refusals (4xx) are final, 429 too, whose error says how long to wait;
// and so is what only a person can mend, a locked, mixed-up or damaged store, and
// what took the server too long (CodeTimeout). What must not happen twice (making a
// token, a confirmed deletion, a claim) is sent again only when the server cannot
// have begun it.
//
// # The token
//
// It is sent to the host of the base URL and to no other: redirections are
// refused, and so is plain HTTP to another machine.
package client

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Options say which server is meant. Zero fields mean what is said of them.
type Options struct {
	BaseURL string // http:// or https://, a host, and perhaps a path that a proxy put before the API's
	Token   string // "" sends none
	Version string // of the program, for the User-Agent

	// AllowPlainHTTP permits http:// to another machine: everybody on the way
	// reads the token and the captures.
	AllowPlainHTTP bool

	Attempts int           // how often a request is sent; 0 means 5
	MaxWait  time.Duration // the longest wait between two; 0 means 30 s. A server that asks for more is not asked again
	Patience time.Duration // how long nothing may come or go; 0 means one minute

	// Transport carries the requests; nil means one of the client's own.
	Transport http.RoundTripper
}

// Client asks one server. Its methods may be called concurrently. It prints
// without its token.
type Client struct {
	base     *url.URL
	token    func() string // a function: fmt prints every field that it can reach
	agent    string
	http     *http.Client
	attempts int
	maxWait  time.Duration
	patience time.Duration
	sleep    func(ctx context.Context, d time.Duration) error
}

// New returns a client, without asking the server anything. Options that cannot
// be right, or that would show the token to others, are CodeInvalid.
func New(o Options) (*Client, error) {
	base, err := parseBase(o.BaseURL, o.AllowPlainHTTP)
	if err != nil {
		return nil, err
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the token has characters that none has: it begins with jarvis_ and is one line of letters, digits, - and _")
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	return &Client{
		base:  base,
		token: func() string { return o.Token },
		agent: "jarvis/" + cmp.Or(o.Version, "unknown"),
		http: &http.Client{
			Transport:     o.Transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		attempts: cmp.Or(max(o.Attempts, 0), 5),
		maxWait:  cmp.Or(max(o.MaxWait, 0), 30*time.Second),
		patience: cmp.Or(max(o.Patience, 0), time.Minute),
		sleep:    sleep,
	}, nil
}

// CloseIdle closes connections that nothing uses.
func (c *Client) CloseIdle() { c.http.CloseIdleConnections() }

// Server returns the address of the server, for messages.
func (c *Client) Server() string { return c.base.String() }

func parseBase(text string, allowPlain bool) (*url.URL, error) {
	base, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		// Neither the text nor the cause, which quotes it: there may be a password in it.
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the address of the server is not one: expected something like https://memory.example.org or http://127.0.0.1:8000")
	}
	if base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the address of the server holds more than scheme, host and path: leave user, password, ? and # out; the token is given apart")
	}
	if base.Scheme == "http" && !allowPlain && !isLoopback(base.Hostname()) {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "http:// to %s would show the token and every capture to everybody on the way: use https://", base.Host)
	}
	return base, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}

// newTransport is http.DefaultTransport but for its own pool of connections, more
// of them, and no proxy that would read what is not encrypted.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if r.URL.Scheme != "https" {
				return nil, nil
			}
			return http.ProxyFromEnvironment(r)
		},
		DialContext:         dialer.DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        64,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 15 * time.Second,
	}
}

// sleep waits, or returns the error of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
