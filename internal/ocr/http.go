package ocr

import (
	"context"

	"github.com/jarvis-memory/jarvis"
)

// HTTPOptions configure NewHTTP.
type HTTPOptions struct {
	Limits
	URL       string // https, or http to this machine
	Insecure  bool   // http to another machine as well: images and texts cross the network in the clear
	Languages string // handed on as it is; may be empty
	// Token returns what is sent as "Authorization: Bearer"; nil, or an empty
	// text, sends none. No error and no log ever has it.
	Token func() string
}

// HTTP is an engine behind an address, as docs/reading.md says.
type HTTP struct{}

// NewHTTP returns an engine; it does not connect. An address that is none, has a
// password in it, or would send images in the clear is CodeInvalid.
func NewHTTP(o HTTPOptions) (*HTTP, error) {
	return nil, jarvis.Errorf(jarvis.CodeUnavailable, "addresses are not there yet")
}

// Read implements Engine.
func (h *HTTP) Read(ctx context.Context, image []byte) (*jarvis.Reading, error) {
	return nil, jarvis.Errorf(jarvis.CodeUnavailable, "addresses are not there yet")
}

// Name implements Engine.
func (h *HTTP) Name() string { return "" }

// Close implements Engine.
func (h *HTTP) Close() error { return nil }

var _ Engine = (*HTTP)(nil)
