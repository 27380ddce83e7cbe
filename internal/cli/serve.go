package cli

import (
	"context"
	"errors"
	"strings"
)

type serveCmd struct {
	Listen       string   `placeholder:"HOST:PORT" help:"Address on which the server listens (default: ${default_listen})."`
	TLSCert      string   `name:"tls-cert" placeholder:"FILE" help:"Certificate with its chain; read anew when it changes."`
	TLSKey       string   `name:"tls-key" placeholder:"FILE" help:"Key of the certificate."`
	PublicURL    []string `name:"public-url" placeholder:"URL" help:"How browsers reach the server, where that is not the address on which it listens."`
	BehindProxy  []string `placeholder:"CIDR" help:"Network of the proxies in front of the server, which see to TLS."`
	PlainHTTP    []string `name:"plain-http" placeholder:"CIDR" help:"Network that may come without TLS."`
	TrustNetwork []string `placeholder:"CIDR" help:"Network that may upload without a credential."`
	AllowOrigin  []string `placeholder:"URL" help:"Origin of another site whose pages may use the server."`
	MaxUploads   string   `placeholder:"N" help:"Uploads that are taken at once (default: ${default_max_uploads})."`
	LogLevel     string   `placeholder:"LEVEL" help:"Least that is logged: debug, info, warn or error (default: ${default_log_level}; warn on a terminal)."`

	MaxImageBytes  string `placeholder:"SIZE" help:"Largest image that is taken (default: ${default_max_image_bytes})."`
	MaxImagePixels string `placeholder:"N" help:"Most pixels that an image may have (default: ${default_max_image_pixels})."`
	MinFree        string `placeholder:"SPACE" help:"Space to leave free on the disk (default: ${default_min_free})."`
	SearchTimeout  string `placeholder:"TIME" help:"How long a search may take (default: ${default_search_timeout})."`
	engineFlags
	creation
}

// Help is the long help.
func (serveCmd) Help() string {
	return `Takes captures from any number of machines over HTTP, acknowledges what is durable, and
gives it back. Commands on the same store may run beside it. Where there is no store,
one is made.

Every request needs a credential: the token of a device, or a browser's session. On a
terminal a link is printed that signs a browser in; elsewhere jarvis signin prints
one. Beyond this machine the server speaks TLS, or says why it does not start.

It reads the text in captures as they come, with tesseract unless --ocr-engine says
otherwise; where that is not installed, they wait. See also jarvis work and jarvis ocr.

SIGTERM or Ctrl-C ends it within ten seconds, and loses nothing that was acknowledged;
a second one ends it at once. It logs JSON lines to standard error.

Examples:

    jarvis serve
    jarvis serve --listen :8443 --tls-cert cert.pem --tls-key key.pem
    jarvis serve --listen 100.64.0.7:8000 --plain-http 100.64.0.0/10
    jarvis serve --behind-proxy 127.0.0.1 --public-url https://memory.example.org
`
}

// set makes settings of the flags.
func (cmd *serveCmd) set(a *app) {
	a.setting("listen", cmd.Listen)
	a.setting("tls_cert", cmd.TLSCert)
	a.setting("tls_key", cmd.TLSKey)
	a.setting("public_url", strings.Join(cmd.PublicURL, ","))
	a.setting("behind_proxy", strings.Join(cmd.BehindProxy, ","))
	a.setting("plain_http", strings.Join(cmd.PlainHTTP, ","))
	a.setting("trust_network", strings.Join(cmd.TrustNetwork, ","))
	a.setting("allow_origin", strings.Join(cmd.AllowOrigin, ","))
	a.setting("max_uploads", cmd.MaxUploads)
	a.setting("log_level", cmd.LogLevel)
	a.setting("max_image_bytes", cmd.MaxImageBytes)
	a.setting("max_image_pixels", cmd.MaxImagePixels)
	a.setting("min_free", cmd.MinFree)
	a.setting("search_timeout", cmd.SearchTimeout)
	cmd.engineFlags.set(a)
	cmd.creation.set(a)
}

// listeningMessage is what the server logs once it listens, with its address.
const listeningMessage = "listening"

// Run serves until it is told to end.
func (cmd *serveCmd) Run(ctx context.Context, a *app) error {
	cmd.set(a)
	cfg, err := a.loadOwnConfig("serve")
	if err != nil {
		return err
	}
	logger := a.logToStandardError(cfg)
	s, err := a.openStore(ctx, cfg, storeMayBeNew, keyRequired)
	if err != nil {
		return err
	}
	return errors.Join(a.serve(ctx, cfg, s, logger), s.close(ctx))
}
