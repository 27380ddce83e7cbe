package cli

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/mask"
	"github.com/jarvis-memory/jarvis/internal/ocr"
	"github.com/jarvis-memory/jarvis/internal/panel"
	"github.com/jarvis-memory/jarvis/internal/query"
	"github.com/jarvis-memory/jarvis/internal/reading"
)

// leaseOf returns how long a capture is leased to be read: as long as the engine may
// take, which is longer for a program on a machine that is too busy to let it run, and
// a quarter more, of which package reading leaves an eighth of all for storing what it
// says, and the rest is for fetching the image. Who is killed keeps what was in hand
// from others for so long.
func leaseOf(r config.Reading) time.Duration {
	longest := r.Timeout
	switch {
	case r.Engine.None():
		longest = 0
	case r.Engine.URL == "" && runtime.GOOS == "linux":
		longest = ocr.Longest(r.Timeout)
	}
	return longest + longest/4 + 5*time.Second
}

// newMask returns what replaces secrets in what is read; nil where the settings say
// that nothing does.
func newMask(cfg *config.Config) (func(*jarvis.Reading), error) {
	if !cfg.Reading.MaskSecrets {
		return nil, nil
	}
	masker, err := mask.New()
	if err != nil {
		return nil, err
	}
	return masker.Mask, nil
}

// readerOf returns the options of what reads captures by the settings. The caller
// adds the queue, and closes the engine.
func (a *app) readerOf(cfg *config.Config, engine *lazyEngine, mask func(*jarvis.Reading), logger *slog.Logger) reading.Options {
	o := reading.Options{
		Document: query.Document,
		Mask:     mask,
		Workers:  cfg.Reading.Workers,
		Lease:    leaseOf(cfg.Reading),
		Now:      a.now,
		Logger:   logger,
	}
	if engine != nil {
		o.Engine = engine
	}
	return o
}

// openEngine opens the engine that the settings name.
func openEngine(ctx context.Context, cfg *config.Config, logger *slog.Logger) (ocr.Engine, error) {
	r := cfg.Reading
	limits := ocr.Limits{Workers: r.Workers, Timeout: r.Timeout, Memory: r.Memory, Pixels: cfg.Images.MaxPixels, Logger: logger}
	switch {
	case r.Engine.URL != "":
		return ocr.NewHTTP(ocr.HTTPOptions{
			Limits: limits, URL: r.Engine.URL, Languages: r.Languages, Token: r.Token.Reveal, Plain: cfg.Server.PlainHTTP,
		})
	case r.Engine.Command != nil:
		return ocr.NewProgram(ocr.ProgramOptions{Limits: limits, Command: r.Engine.Command, Languages: r.Languages, Token: r.Token.Reveal})
	}
	return ocr.NewTesseract(ctx, ocr.TesseractOptions{Limits: limits, Languages: r.Languages, Panels: panel.Find})
}

// lazyEngine is an engine that is opened again when it is needed and could not be
// before: a program may be installed while the server runs.
type lazyEngine struct {
	cfg    *config.Config
	logger *slog.Logger

	mu     sync.Mutex
	engine ocr.Engine // nil until it is open
	closed bool
}

// newEngine returns the engine of the settings, nil where they say that nothing is
// read. missing says why it cannot read now, and may later.
func newEngine(ctx context.Context, cfg *config.Config, logger *slog.Logger) (_ *lazyEngine, missing, err error) {
	if cfg.Reading.Engine.None() {
		return nil, nil, nil
	}
	e := &lazyEngine{cfg: cfg, logger: logger}
	_, err = e.open(ctx)
	if errors.Is(err, jarvis.ErrUnavailable) && ctx.Err() == nil {
		return e, err, nil
	}
	return e, nil, err
}

func (e *lazyEngine) open(ctx context.Context) (ocr.Engine, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, jarvis.Errorf(jarvis.CodeUnavailable, "what reads images was stopped")
	}
	if e.engine != nil {
		return e.engine, nil
	}
	engine, err := openEngine(ctx, e.cfg, e.logger)
	if err != nil {
		return nil, err // a nil *Tesseract is no nil Engine
	}
	e.engine = engine
	return engine, nil
}

// Read implements reading.Engine.
func (e *lazyEngine) Read(ctx context.Context, image []byte) (*jarvis.Reading, error) {
	engine, err := e.open(ctx)
	if err != nil {
		// Whatever it is, it is no picture's fault.
		return nil, &jarvis.Error{Code: jarvis.CodeUnavailable, Op: "cli: open the engine", Message: errorMessage(err), Err: err}
	}
	return engine.Read(ctx, image)
}

// Close stops what is under way. A nil engine has nothing to close.
func (e *lazyEngine) Close() error {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	engine := e.engine
	e.closed = true
	e.mu.Unlock()
	if engine == nil {
		return nil
	}
	return engine.Close()
}

// newLocalReader returns what reads the captures of a store of this machine, not
// started, and the engine, which is to be closed after it. Without an engine that
// works now, it waits for one.
func (a *app) newLocalReader(ctx context.Context, cfg *config.Config, s *store, mask func(*jarvis.Reading), logger *slog.Logger) (*reading.Reader, *lazyEngine, error) {
	engine, missing, err := newEngine(ctx, cfg, logger)
	if err != nil {
		return nil, nil, err
	}
	o := a.readerOf(cfg, engine, mask, logger)
	queue := queueOf(s)
	o.Queue, o.Fetch, o.NoText = queue.Queue, queue.Fetch, queue.NoText
	r := reading.New(o)
	if missing != nil && !o.NoText {
		r.Pause(missing)
	}
	return r, engine, nil
}

// queueOf returns the queue of a store of this machine, and what gives its images.
func queueOf(s *store) reading.Options {
	return reading.Options{
		Queue:  s.catalog,
		NoText: s.catalog.info.NoText,
		Fetch: func(ctx context.Context, id jarvis.ID) ([]byte, error) {
			_, image, err := s.archive.Fetch(ctx, id)
			return image, err
		},
	}
}
