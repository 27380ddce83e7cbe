package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/access"
	"github.com/jarvis-memory/jarvis/internal/api"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/listen"
	"github.com/jarvis-memory/jarvis/internal/query"
	"github.com/jarvis-memory/jarvis/internal/thumbnail"
	"github.com/jarvis-memory/jarvis/internal/web"
)

// A server collects garbage seldom, for it makes a lot that lives short, and
// harder before it needs more than this: with 32 clients that upload at once it
// stays under 120 MB. See GOMEMLIMIT and GOGC.
const (
	serveMemoryLimit = 72 << 20
	serveGCPercent   = 400
)

// How long a server takes to stop: requests, then what they left to be written,
// and then the store, which takes closeGrace. Together they are 10 seconds.
const (
	requestGrace = 7 * time.Second
	recordGrace  = time.Second
)

// serve serves an open store until ctx ends.
func (a *app) serve(ctx context.Context, cfg *config.Config, s *store, logger *slog.Logger) (err error) {
	if os.Getenv("GOMEMLIMIT") == "" && os.Getenv("GOGC") == "" {
		debug.SetMemoryLimit(serveMemoryLimit)
		debug.SetGCPercent(serveGCPercent)
	}
	cache, err := thumbnails(cfg, s, logger)
	if err != nil {
		return err
	}
	mask, err := newMask(cfg)
	if err != nil {
		return err
	}
	reader, engine, err := a.newLocalReader(ctx, cfg, s, mask, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	guard := access.New(access.Options{
		Credentials:   s.catalog,
		Log:           s.catalog,
		TrustNetworks: cfg.Server.TrustNetworks,
		Proxies:       cfg.Server.BehindProxy,
		Logger:        logger,
		Now:           a.now,
	})
	timelines := a.newTimeline(s, cache, logger)
	pages, err := web.New(web.Options{Catalog: s.catalog, Search: newSearch(cfg, s.catalog, a.now), Timelines: timelines, Location: a.namedZone(cfg.Location), Version: newBuildVersion(a.version).Version, Now: a.now})
	if err != nil {
		return errors.Join(err, guard.Close(ctx))
	}
	server, err := api.New(api.Options{
		Version:        newBuildVersion(a.version).Version,
		Archive:        s.archive,
		Catalog:        s.catalog,
		Storage:        s.tree,
		Guard:          guard,
		Thumbnails:     cache,
		Timelines:      timelines,
		Pages:          pages,
		Search:         newSearch(cfg, s.catalog, a.now),
		Readings:       s.catalog,
		Mask:           mask,
		Document:       query.Document,
		Stored:         func(c *jarvis.Capture, image []byte) { reader.Offer(c.ID, image) },
		ReadingStats:   func() api.ReadingStats { return api.ReadingStats(reader.Stats()) },
		PublicURLs:     cfg.Server.PublicURLs,
		AllowedOrigins: cfg.Server.AllowedOrigins,
		MaxImageBytes:  cfg.Images.MaxBytes,
		MaxUploads:     cfg.Server.MaxUploads,
		Logger:         logger,
		Now:            a.now,
	})
	if err != nil {
		return errors.Join(err, guard.Close(ctx))
	}
	stopTidying := tidyUp(ctx, cache, logger)
	reader.Start(ctx)
	timelines.Start(ctx)
	err = a.listen(ctx, cfg, s.catalog.info.ID, guard, server, logger)

	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordGrace)
	defer cancel()
	stopTidying(ending)
	return errors.Join(err, reader.Stop(ending), timelines.Stop(ending), server.Close(ending), cache.Close(ending), guard.Close(ending))
}

// tidyUp tidies the cache up beside other work. stop ends that, and waits for it
// until its context is done: a disk that hangs keeps nobody.
func tidyUp(ctx context.Context, cache *thumbnail.Cache, logger *slog.Logger) (stop func(context.Context)) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := cache.Clean(ctx); err != nil && ctx.Err() == nil {
			logger.Warn("the cache of thumbnails was not tidied up", "error", errorMessage(err))
		}
	}()
	return func(ending context.Context) {
		cancel()
		select {
		case <-done:
		case <-ending.Done():
		}
	}
}

// listen answers requests until ctx ends.
func (a *app) listen(ctx context.Context, cfg *config.Config, store jarvis.ID, guard *access.Guard, server *api.Server, logger *slog.Logger) error {
	listener, err := listen.Open(ctx, listen.Options{
		Addresses:   []string{cfg.Server.Listen},
		Handler:     server.Handler(),
		CertFile:    cfg.Server.TLSCert,
		KeyFile:     cfg.Server.TLSKey,
		BehindProxy: cfg.Server.BehindProxy,
		PlainHTTP:   cfg.Server.PlainHTTP,
		Grace:       requestGrace,
		Logger:      logger,
	})
	if err != nil {
		return err
	}
	address := listener.Addresses()[0].String()
	logger.Info(listeningMessage, "address", address, "version", newBuildVersion(a.version).Version)
	local := listenURL(cfg, address)
	base := local
	if len(cfg.Server.PublicURLs) > 0 {
		base = cfg.Server.PublicURLs[0]
	}
	defer noteRunning(cfg, runningNote{store, base, local}, logger)()
	if err := a.announceServer(ctx, cfg, guard, address, base); err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := listener.Run(ctx); err != nil {
		return err
	}
	logger.Info("stopped")
	return nil
}

// announceServer says where the server is, and where browsers find it. A link that signs in is for the eyes
// of a person: it goes to a terminal, and into no pipe and no log, unless app.tellSignIn says so.
func (a *app) announceServer(ctx context.Context, cfg *config.Config, guard *access.Guard, address, base string) error {
	link := ""
	if a.tellSignIn || a.outTerminal && !a.json {
		secret, _, err := guard.NewSignIn(ctx)
		if err != nil {
			return err
		}
		link = signInURL(base, secret)
	}
	switch {
	case a.json:
		return errors.Join(a.printJSON(struct {
			Address string `json:"address"`
			URL     string `json:"url"`
			SignIn  string `json:"sign_in,omitempty"`
		}{address, base, link}), a.flush())
	case link == "":
		return a.flush()
	}
	a.printf("\n%s\n\n", a.style.bold("The server listens on "+listenURL(cfg, address)))
	a.printf("  %s\n\n", link)
	again := fmt.Sprintf("; %s signin prints another", a.name)
	if a.tellSignIn {
		again = ""
	}
	a.printf("This link signs one browser in, within ten minutes%s.\nCtrl-C ends the server.\n", again)
	return a.flush()
}
