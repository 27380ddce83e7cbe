package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/reading"
)

// engineFlags are the settings of what reads images, as flags.
type engineFlags struct {
	Engine    string `name:"ocr-engine" placeholder:"ENGINE" help:"What reads the text in images: tesseract, none, program: with a command line, or an address (default: ${default_ocr_engine})."`
	Languages string `name:"ocr-languages" placeholder:"LANGUAGES" help:"Languages of the texts, such as eng+deu (default: ${default_ocr_languages})."`
	Workers   string `name:"ocr-workers" placeholder:"N" help:"Images that are read at once (default: ${default_ocr_workers})."`
	Timeout   string `name:"ocr-timeout" placeholder:"TIME" help:"How long reading one image may take (default: ${default_ocr_timeout})."`
	Memory    string `name:"ocr-memory" placeholder:"SIZE" help:"Memory that a process of the engine may have (default: ${default_ocr_memory})."`
	Mask      string `name:"mask-secrets" placeholder:"on|off" help:"Whether secrets in texts are replaced before they are stored (default: ${default_mask_secrets})."`
}

// set makes settings of the flags.
func (f *engineFlags) set(a *app) {
	a.setting("ocr_engine", f.Engine)
	a.setting("ocr_languages", f.Languages)
	a.setting("ocr_workers", f.Workers)
	a.setting("ocr_timeout", f.Timeout)
	a.setting("ocr_memory", f.Memory)
	a.setting("mask_secrets", f.Mask)
}

type workCmd struct {
	Once bool `help:"End when nothing waits any more."`
	engineFlags
}

// Help is the long help.
func (workCmd) Help() string {
	return `Reads the text in captures that wait, as the server does: of the store of this machine,
beside its server, or with --server of another machine's. Any number of workers may read
one store, on any number of machines; no capture is read by two. A worker elsewhere needs
a token of the scope work, which permits nothing but this.

The newest captures come first. What fails is tried again later, at most five times: see
jarvis ocr status. Ctrl-C or SIGTERM ends it, and what was being read is given back.

Examples:

    jarvis work --once
    jarvis work --ocr-workers 8 --ocr-languages eng+deu
    JARVIS_TOKEN_FILE=~/.config/jarvis/work.token jarvis work --server https://memory.example.org
`
}

// worked is the object that --json prints in the end.
type worked struct {
	Read     int64   `json:"read"`
	Twins    int64   `json:"twins"`   // took the text of the same image
	Indexed  int64   `json:"indexed"` // needed no reading
	Failed   int64   `json:"failed"`  // attempts that are repeated later
	SetAside int64   `json:"set_aside"`
	Masked   int64   `json:"masked"` // secrets
	Seconds  float64 `json:"seconds"`
	// Leased are left: others read them, or were killed. Null unless --once came to its end.
	Leased   *int64          `json:"leased"`
	Failures []failedReading `json:"failures"` // the first shownFailures, of both kinds
}

// Run reads until it is told to end.
func (cmd *workCmd) Run(ctx context.Context, a *app) error {
	cmd.set(a)
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	q, err := a.openQueue(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(cmd.work(ctx, a, cfg, q), q.close())
}

// workQueue is a queue to work on, and what gives its images.
type workQueue struct {
	reading.Options
	status func(ctx context.Context, now time.Time) (jarvis.ReadStatus, error)
	close  func() error
}

// openQueue opens the queue that the settings mean.
func (a *app) openQueue(ctx context.Context, cfg *config.Config) (*workQueue, error) {
	if cfg.ServerURL == "" {
		s, err := a.openStore(ctx, cfg, storeMustExist, keyRequired)
		if err != nil {
			return nil, err
		}
		return &workQueue{queueOf(s), s.catalog.ReadStatus, func() error { return s.close(ctx) }}, nil
	}
	c, err := a.newClient(ctx, cfg, jarvis.ScopeWork)
	if err != nil {
		return nil, err
	}
	noText, err := c.KeepsNoText(ctx)
	if err != nil {
		c.CloseIdle()
		return nil, err
	}
	o := reading.Options{Queue: c, Fetch: c.ReadImage, NoText: noText}
	return &workQueue{o, c.ReadStatus, func() error { c.CloseIdle(); return nil }}, nil
}

// work reads what the queue gives out.
func (cmd *workCmd) work(ctx context.Context, a *app, cfg *config.Config, q *workQueue) error {
	log := &workLog{}
	defer log.print(a)
	logger := a.newWorkLogger(cfg, log)
	mask, err := newMask(cfg)
	if err != nil {
		return err
	}
	engine, missing, err := newEngine(ctx, cfg, logger)
	if err == nil {
		err = missing // a worker without an engine is none
	}
	if err != nil {
		return err
	}
	o := a.readerOf(cfg, engine, mask, logger)
	o.Queue, o.Fetch, o.NoText, o.Once = q.Queue, q.Fetch, q.NoText, cmd.Once
	o.Failed, o.Watched = log.failed, true
	r := reading.New(o)
	begun := a.now()
	r.Start(ctx)
	if !cmd.Once && !a.json {
		a.note("Reading what waits. Ctrl-C ends it.")
	}
	cmd.watch(ctx, a, r, log)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestGrace)
	defer cancel()
	err = errors.Join(r.Stop(ending), r.Err(), engine.Close())
	log.print(a)
	end := worked{Failures: log.failures(), Seconds: a.now().Sub(begun).Seconds()}
	if err == nil && cmd.Once && ctx.Err() == nil {
		var s jarvis.ReadStatus
		s, err = q.status(ctx, a.now())
		end.Leased = &s.Leased
	}
	if printErr := a.printWorked(end, r.Stats(), longestLease(cfg.Reading)); err == nil {
		err = printErr
	}
	if err == nil && cmd.Once && ctx.Err() != nil {
		return &statusError{exitInterrupted, "interrupted: run the same command again for the rest"}
	}
	return err
}

// longestLease is how long captures may be leased to others that have the same
// settings, but another engine.
func longestLease(r config.Reading) time.Duration {
	r.Engine = config.Engine{Tesseract: true}
	return leaseOf(r)
}

// watch shows how many captures were read, and what is to be told meanwhile, until
// the reader or ctx ends.
func (cmd *workCmd) watch(ctx context.Context, a *app, r *reading.Reader, log *workLog) {
	bar := a.newProgress("captures")
	defer bar.hide()
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.Done():
			return
		case <-ticker.C:
			if log.waits() {
				bar.hide()
				log.print(a)
			}
			s := r.Stats()
			bar.set(s.Read+s.Twins+s.Indexed, 0)
		}
	}
}

// progressEvery is how often a bar is looked after that nobody calls.
const progressEvery = 200 * time.Millisecond

// printWorked sums the work up. What is leased to others is due again within lease.
func (a *app) printWorked(end worked, s reading.Stats, lease time.Duration) error {
	if a.json {
		end.Read, end.Twins, end.Indexed = s.Read, s.Twins, s.Indexed
		end.Failed, end.SetAside, end.Masked = s.Failed, s.SetAside, s.Masked
		return errors.Join(a.printJSON(end), a.flush())
	}
	a.printf("Read %s", plural(s.Read, "capture"))
	failed := "failed and are tried again later"
	if s.Failed == 1 {
		failed = "failed and is tried again later"
	}
	for _, part := range []struct {
		n    int64
		what string
	}{
		{s.Twins, "took the text of the same image"},
		{s.Indexed, "indexed without reading"},
		{s.Failed, failed},
		{s.SetAside, "set aside"},
	} {
		if part.n > 0 {
			a.printf(", %s %s", countText(part.n), part.what)
		}
	}
	if s.Failed+s.SetAside > 0 {
		a.printf(": jarvis show ID says why")
	}
	if s.Masked > 0 {
		a.printf("; %s masked", plural(s.Masked, "secret"))
	}
	a.printf("\n")
	if end.Leased != nil && *end.Leased > 0 {
		a.printf("%s\n", leftToOthers(*end.Leased, lease))
	}
	return a.flush()
}

// leftToOthers says of captures that are leased when they are due again at the
// latest.
func leftToOthers(n int64, lease time.Duration) string {
	within := plural(int64((lease+time.Second-1)/time.Second), "second")
	if lease > 2*time.Minute {
		within = plural(int64((lease+time.Minute-1)/time.Minute), "minute")
	}
	are, were := "are", "were"
	if n == 1 {
		are, were = "is", "was"
	}
	return fmt.Sprintf("%s %s being read by others, or %s by a worker that was killed: due again within %s", countText(n), are, were, within)
}
