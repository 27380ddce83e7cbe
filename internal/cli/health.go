package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
)

type healthCmd struct{}

// Help is the long help.
func (healthCmd) Help() string {
	return `Asks the server of this machine, or that of --server, whether it can store captures
now. It needs no credential. Without --server the certificate is not looked at: the
server is this machine's own. It ends with 5 when the server is not ready or does not
answer, as the health checks of containers and scripts expect.

Example:

    jarvis health || systemctl --user restart jarvis
`
}

// healthPatience is how long a healthy server takes at most.
const healthPatience = 4 * time.Second

// Run asks the server.
func (healthCmd) Run(ctx context.Context, a *app) error {
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	health, err := askHealth(ctx, cfg)
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(health)
	} else {
		a.printf("%s: version %s, database %s, storage %s\n", health.Status, health.Version, health.Database, health.Storage)
	}
	if err == nil && health.Status != "healthy" {
		err = &statusError{exitUnavailable, "the server cannot store captures now"}
	}
	return err
}

// serverHealth is what a server says of itself.
type serverHealth struct {
	Status   string `json:"status"`
	Version  string `json:"version"`
	Database string `json:"database"`
	Storage  string `json:"storage"`
}

func askHealth(ctx context.Context, cfg *config.Config) (_ *serverHealth, err error) {
	transport := &http.Transport{DisableKeepAlives: true}
	base := cfg.ServerURL
	if base == "" {
		base = cmp.Or(readRunning(cfg).Local, listenURL(cfg, cfg.Server.Listen))
		transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/health/", http.NoBody)
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		message := "no server answers at " + base
		if _, isCertificate := errors.AsType[*tls.CertificateVerificationError](err); isCertificate {
			message = "the certificate of " + base + " is not valid here: check the address, or name the certificate's authority in SSL_CERT_FILE"
		}
		return nil, jarvis.WrapError(jarvis.CodeUnavailable, "ask for health", message, err)
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	var health serverHealth
	if response.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&health) != nil {
		return nil, jarvis.Errorf(jarvis.CodeUnavailable, "what answers at %s is not a Jarvis server", base)
	}
	return &health, nil
}
