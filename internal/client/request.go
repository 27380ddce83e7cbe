package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// maxJSON bounds an answer: the largest is a page of 5000 captures with long
// titles and addresses.
const maxJSON = 64 << 20

// request is one call of the API.
type request struct {
	op       string // what it does, such as "get a capture"
	method   string
	path     string // below the base URL, escaped
	query    url.Values
	header   http.Header   // besides those that every request has
	payload  *payload      // nil for none
	once     bool          // it must not happen twice
	patience time.Duration // if longer than that of Options
}

// payload is what a request carries.
type payload struct {
	mediaType string
	size      int64
	open      func() io.Reader // anew for each time that it is sent
}

// asJSON returns value as a payload.
func asJSON(value any) (*payload, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "client", "the request cannot be put as JSON", err)
	}
	return &payload{"application/json", int64(len(text)), func() io.Reader { return bytes.NewReader(text) }}, nil
}

// verdict says what a failure means for sending again.
type verdict struct {
	again bool          // it may succeed
	begun bool          // the server may have done what was asked
	wait  time.Duration // that the server asks for; 0 if it does not
}

// retry calls try, which sends the request once, until it succeeds.
func (c *Client) retry(ctx context.Context, r request, try func() (verdict, error)) error {
	for sent := 1; ; sent++ {
		v, err := try()
		switch {
		case err == nil:
			return nil
		case !v.again, r.once && v.begun, sent >= c.attempts, v.wait > c.maxWait:
			return err
		}
		if c.sleep(ctx, min(max(backoff(sent), v.wait), c.maxWait)) != nil {
			return c.ended(ctx, r.op, err)
		}
	}
}

// backoff returns how long to wait after so many attempts: about a quarter of a
// second, then twice as long each time, half of it by lot, so that those who
// failed together do not come back together.
func backoff(sent int) time.Duration {
	longest := 250 * time.Millisecond << min(sent-1, 16)
	return longest/2 + rand.N(longest/2)
}

// do sends the request until it succeeds, and hands each answer to read. What
// read returns is a failure of the network unless it is a *jarvis.Error.
func (c *Client) do(ctx context.Context, r request, read func(*http.Response) error) error {
	return c.retry(ctx, r, func() (verdict, error) { return c.once(ctx, r, read) })
}

// once is do without sending again.
func (c *Client) once(ctx context.Context, r request, read func(*http.Response) error) (verdict, error) {
	res, v, err := c.open(ctx, r)
	if err != nil {
		return v, err
	}
	err = read(res)
	if closeErr := res.Body.Close(); err == nil {
		err = closeErr
	}
	return c.judge(ctx, r.op, err)
}

// getJSON asks for something and puts the answer into out, which may be nil.
func (c *Client) getJSON(ctx context.Context, op, path string, query url.Values, out any) error {
	return c.doJSON(ctx, request{op: op, method: http.MethodGet, path: path, query: query}, out)
}

// doJSON sends the request and puts the answer into out, which may be nil.
func (c *Client) doJSON(ctx context.Context, r request, out any) error {
	return c.do(ctx, r, func(res *http.Response) error { return c.decode(res, out) })
}

// decode reads an answer into out, which may be nil.
func (c *Client) decode(res *http.Response, out any) error {
	if out == nil {
		return discard(res)
	}
	if kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return c.stranger()
	}
	text, err := readBounded(res.Body, maxJSON)
	if err != nil {
		return err
	}
	if json.Unmarshal(text, out) != nil { // not its error, which quotes what it read
		return c.stranger()
	}
	return nil
}

// discard reads an answer to its end, so that its connection is used again.
func discard(res *http.Response) error {
	_, err := readBounded(res.Body, maxJSON)
	return err
}

// stranger is the error of an answer that no Jarvis gives.
func (c *Client) stranger() *jarvis.Error {
	return jarvis.Errorf(jarvis.CodeInvalid, "what answers at %s is no Jarvis server, or one of another version: check the address", c.base.Redacted())
}

// strange is stranger for an operation that looked at the answer.
func (c *Client) strange(op string) error {
	return c.failure(op, jarvis.CodeInvalid, c.stranger().Error(), nil)
}

// readBounded reads everything, or returns CodeTooLarge.
func readBounded(r io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(content)) > limit {
		err = jarvis.Errorf(jarvis.CodeTooLarge, "the answer of the server is longer than %d bytes", limit)
	}
	return content, err
}

// open sends the request once and returns an answer of success, whose body the
// caller reads and closes.
func (c *Client) open(ctx context.Context, r request) (*http.Response, verdict, error) {
	watched, w := newWatch(ctx, max(r.patience, c.patience))
	req, err := c.newRequest(watched, r)
	if err != nil {
		w.stop()
		return nil, verdict{}, c.failure(r.op, jarvis.CodeInternal, "the request could not be made", err)
	}
	var sending *outgoing
	if r.payload != nil {
		sending = &outgoing{reader: r.payload.open(), watch: w}
		req.Body, req.ContentLength = sending, r.payload.size
		req.Header.Set("Content-Type", r.payload.mediaType)
	}
	res, err := c.http.Do(req)
	if sending != nil {
		sending.end()
	}
	if err != nil {
		defer w.stop()
		v, err := c.judge(ctx, r.op, w.cause(err))
		return nil, v, err
	}
	res.Body = &incoming{body: res.Body, watch: w}
	if res.StatusCode >= 200 && res.StatusCode <= 299 {
		return res, verdict{}, nil
	}
	v, err := c.refused(r.op, res)
	return nil, v, err
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	target := *c.base
	target.Path, target.RawPath = "", ""
	address := target.String() + c.base.EscapedPath() + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, nil)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, r.header)
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json, application/problem+json, image/*;q=0.9")
	if token := c.token(); token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}
