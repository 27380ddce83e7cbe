package cli

import (
	"context"
	"errors"
	"log/slog"
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
}

// Run reads until it is told to end.
func (cmd *workCmd) Run(ctx context.Context, a *app) error {
	cmd.set(a)
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	logger := a.logToStandardError(cfg)
	o, closeStore, err := a.openQueue(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(cmd.work(ctx, a, cfg, o, logger), closeStore())
}

// openQueue opens the queue that the settings mean, and what gives its images.
func (a *app) openQueue(ctx context.Context, cfg *config.Config) (o reading.Options, closeStore func() error, err error) {
	if cfg.ServerURL == "" {
		s, err := a.openStore(ctx, cfg, storeMustExist, keyRequired)
		if err != nil {
			return o, nil, err
		}
		return queueOf(s), func() error { return s.close(ctx) }, nil
	}
	c, err := a.newClient(ctx, cfg, jarvis.ScopeWork)
	if err != nil {
		return o, nil, err
	}
	o.Queue, o.Fetch = c, c.ReadImage
	o.NoText, err = c.KeepsNoText(ctx)
	if err != nil {
		c.CloseIdle()
		return o, nil, err
	}
	return o, func() error { c.CloseIdle(); return nil }, nil
}

// work reads what the queue gives out.
func (cmd *workCmd) work(ctx context.Context, a *app, cfg *config.Config, queue reading.Options, logger *slog.Logger) error {
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
	o.Queue, o.Fetch, o.NoText, o.Once = queue.Queue, queue.Fetch, queue.NoText, cmd.Once
	r := reading.New(o)
	begun := a.now()
	r.Start(ctx)
	if !cmd.Once && !a.json {
		a.note("Reading what waits. Ctrl-C ends it.")
	}
	cmd.watch(ctx, a, r)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestGrace)
	defer cancel()
	err = errors.Join(r.Stop(ending), r.Err(), engine.Close())
	if printErr := a.printWorked(r.Stats(), a.now().Sub(begun)); err == nil {
		err = printErr
	}
	if err == nil && cmd.Once && ctx.Err() != nil {
		return &statusError{exitInterrupted, "interrupted: run the same command again for the rest"}
	}
	return err
}

// watch shows how many captures were read until the reader or ctx ends.
func (cmd *workCmd) watch(ctx context.Context, a *app, r *reading.Reader) {
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
			s := r.Stats()
			bar.set(s.Read+s.Twins+s.Indexed, 0)
		}
	}
}

// progressEvery is how often a bar is looked after that nobody calls.
const progressEvery = 200 * time.Millisecond

// printWorked sums the work up.
func (a *app) printWorked(s reading.Stats, took time.Duration) error {
	if a.json {
		return errors.Join(a.printJSON(worked{s.Read, s.Twins, s.Indexed, s.Failed, s.SetAside, s.Masked, took.Seconds()}), a.flush())
	}
	a.printf("Read %s", plural(s.Read, "capture"))
	for _, part := range []struct {
		n    int64
		what string
	}{
		{s.Twins, "took the text of the same image"},
		{s.Indexed, "indexed without reading"},
		{s.Failed, "failed and tried again later"},
		{s.SetAside, "set aside"},
	} {
		if part.n > 0 {
			a.printf(", %s %s", countText(part.n), part.what)
		}
	}
	if s.Masked > 0 {
		a.printf("; %s masked", plural(s.Masked, "secret"))
	}
	a.printf("\n")
	return a.flush()
}
