package ocr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// HTTPOptions configure NewHTTP.
type HTTPOptions struct {
	Limits
	URL       string // https, or http to this machine
	Languages string // handed on as it is; may be empty
	// Plain are networks that http may reach as well: images and texts cross them in
	// the clear. Every connection is checked, whatever the name resolved to before.
	Plain []netip.Prefix
	// Token returns what is sent as "Authorization: Bearer"; nil, or an empty
	// text, sends none. No error and no log ever has it.
	Token func() string
}

// HTTP is an engine behind an address, as docs/reading.md says. Limits.Memory
// means nothing to it.
type HTTP struct {
	options HTTPOptions
	host    string // as messages call it
	client  *http.Client
	slots   *slots
	said    said
}

// languagesHeader has the languages that are wished for.
const languagesHeader = "Jarvis-Ocr-Languages"

// errNotHere is the cause when a name turns out to be of a machine to which images
// may not go in the clear.
var errNotHere = errors.New("neither an address of this machine nor of a network that may be plain")

// NewHTTP returns an engine; it does not connect. An address that is none, has a
// password in it, or would send images in the clear is CodeInvalid.
func NewHTTP(o HTTPOptions) (*HTTP, error) {
	o.Limits = o.withDefaults()
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "ocr_engine is not an address of the form https://host/path")
	}
	if u.User != nil {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the address of ocr_engine has a name or a password in it: give the engine's token in its own setting")
	}
	dialer := &net.Dialer{Timeout: o.Timeout}
	if u.Scheme == "http" {
		address, err := netip.ParseAddr(u.Hostname())
		name := err != nil
		if name && u.Hostname() != "localhost" && len(o.Plain) == 0 || !name && !mayBePlain(address, o.Plain) {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "images of your screen would go to %s in the clear: use https", u.Host)
		}
		dialer.Control = onlyPlain(o.Plain)
	}
	transport := &http.Transport{
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   o.Workers,
		IdleConnTimeout:       time.Minute,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
	if u.Scheme == "https" {
		transport.Proxy = http.ProxyFromEnvironment // which sees no image
	}
	h := &HTTP{options: o, host: u.Host, slots: newSlots(o.Workers), client: &http.Client{
		Transport: transport,
		// Where an image may go is said in the configuration, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	h.said.otherwise = u.Host
	return h, nil
}

// onlyPlain refuses to connect to any machine but this one and those of networks,
// whatever a name resolves to at that moment.
func onlyPlain(networks []netip.Prefix) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil || !mayBePlain(to.Addr(), networks) {
			return errNotHere
		}
		return nil
	}
}

// mayBePlain reports whether an address is of this machine or of one of networks.
func mayBePlain(address netip.Addr, networks []netip.Prefix) bool {
	address = address.Unmap().WithZone("")
	return address.IsLoopback() || slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address) })
}

// Read implements Engine.
func (h *HTTP) Read(ctx context.Context, data []byte) (*jarvis.Reading, error) {
	p, err := inspect(data, h.options.Pixels)
	if err != nil {
		return nil, err
	}
	ctx, leave, err := h.slots.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, end := context.WithTimeoutCause(ctx, h.options.Timeout, errTooLong)
	defer end()
	body, err := h.post(ctx, p)
	if err != nil {
		return nil, err
	}
	r, err := parseAnswer(body, p.bounds, h.said.otherwise, h.options.Languages)
	return h.said.note(r, err)
}

// post sends an image, and returns the body of the answer.
func (h *HTTP) post(ctx context.Context, p picture) (body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.options.URL, bytes.NewReader(p.data))
	if err != nil {
		return nil, h.failure(ctx, err)
	}
	request.Header.Set("Content-Type", p.format.MediaType())
	request.Header.Set("Accept", "application/json")
	if h.options.Languages != "" {
		request.Header.Set(languagesHeader, h.options.Languages)
	}
	if h.options.Token != nil && h.options.Token() != "" {
		request.Header.Set("Authorization", "Bearer "+h.options.Token())
	}
	response, err := h.client.Do(request)
	if err != nil {
		return nil, h.failure(ctx, err)
	}
	defer func() {
		if closeErr := response.Body.Close(); err == nil && closeErr != nil {
			err = h.failure(ctx, closeErr)
		}
	}()
	if response.StatusCode != http.StatusOK {
		return nil, h.refusal(response)
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, maxOutput+1))
	switch {
	case err != nil:
		return nil, h.failure(ctx, err)
	case len(body) > maxOutput:
		return nil, jarvis.Errorf(jarvis.CodeInternal, "%s said more than %d MiB about one image", h.host, maxOutput>>20)
	}
	return body, nil
}

// failure says why there is no answer.
func (h *HTTP) failure(ctx context.Context, err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the address, which may have a secret in it
	}
	cause := context.Cause(ctx)
	switch {
	case errors.Is(cause, errTooLong):
		return jarvis.WrapError(jarvis.CodeTimeout, "ocr: http", fmt.Sprintf("%s took longer than %v", h.host, h.options.Timeout), err)
	case cause != nil:
		return stopped(ctx)
	case errors.Is(err, errNotHere):
		return jarvis.WrapError(jarvis.CodeUnavailable, "ocr: http", h.host+" is another machine, to which images of your screen would go in the clear: use https", err)
	}
	return jarvis.WrapError(jarvis.CodeUnavailable, "ocr: http",
		h.host+", which reads text in images, cannot be reached: is it running, and is the address right?", err)
}

// refusal says what an answer's status means. What else is in the answer is not
// shown: it may repeat what was sent.
func (h *HTTP) refusal(response *http.Response) error {
	code, remedy := jarvis.CodeUnavailable, "check the address and the token"
	switch status := response.StatusCode; {
	case status >= 300 && status < 400:
		remedy = "it sends on to another address: name that one in ocr_engine"
	case status == http.StatusTooManyRequests:
		code, remedy = jarvis.CodeBusy, "it has too much to do"
	case status == http.StatusRequestEntityTooLarge:
		code, remedy = jarvis.CodeTooLarge, "the image is too large for it"
	case status == http.StatusBadRequest, status == http.StatusUnsupportedMediaType, status == http.StatusUnprocessableEntity:
		code, remedy = jarvis.CodeInvalid, "it does not read this image"
	case status == http.StatusInternalServerError:
		code, remedy = jarvis.CodeInternal, "it failed over the image"
	case status > http.StatusInternalServerError:
		remedy = "is it overloaded, or being started?"
	}
	return jarvis.Errorf(code, "%s answered with status %d: %s", h.host, response.StatusCode, remedy)
}

// Name implements Engine.
func (h *HTTP) Name() string { return h.said.name() }

// Close implements Engine.
func (h *HTTP) Close() error {
	h.slots.close()
	h.client.CloseIdleConnections()
	return nil
}

var _ Engine = (*HTTP)(nil)
