package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/demo"
	"github.com/jarvis-memory/jarvis/internal/query"
)

type demoCmd struct {
	Days     int    `default:"2" placeholder:"N" help:"Days that are simulated, the last of which is today (default: ${default})."`
	Devices  int    `default:"2" placeholder:"N" help:"Computers that are simulated, 1 to 3 (default: ${default})."`
	Monitors int    `placeholder:"N" help:"Monitors of all computers together (default: one more than computers)."`
	PerDay   int    `default:"600" placeholder:"N" help:"Captures of a computer on a whole day (default: ${default})."`
	Seed     uint64 `placeholder:"N" help:"Another number simulates other times."`
	Hostile  bool   `help:"Add captures that are made to break a page."`
	Listen   string `placeholder:"HOST:PORT" help:"Address on which the server listens (default: ${default_listen}, or the next port that is free)."`
	Keep     string `placeholder:"DIR" help:"Make the store in this new folder, and keep it."`
	NoServe  bool   `help:"End when the store is made, without starting the server; with --keep."`
}

// Help is the long help.
func (demoCmd) Help() string {
	return `Makes a store with simulated days at computers, and serves it: something to try Jarvis
with where there is no display and no history yet. The pictures are drawn, the text in them
was written for this, and nobody in it exists. There are all kinds of gaps, a day without
anything, and the night in which the clocks were last changed.

Search for flamingo, nightjar, "the copper kettle sings at dawn" or 東京; is:pinned and
title:marmalade find something too.

The store is plain, for there is nothing to hide, lies in a temporary folder that only you
can read, and is removed when the command ends. Your own store and settings are not
touched. A link that signs a browser in is printed; with --json it is in the object.

Examples:

    jarvis demo
    jarvis demo --days 1 --per-day 100
    jarvis demo --days 5 --devices 3 --monitors 5 --per-day 6000 --keep ~/demo
`
}

// demoMemory is how much a simulation may take before it collects garbage harder: a
// few screens, and captures on their way to the disk.
const demoMemory = 192 << 20

// Run simulates, serves, and takes away what it made.
func (cmd *demoCmd) Run(ctx context.Context, a *app) (err error) {
	if cmd.NoServe && cmd.Keep == "" {
		return jarvis.Errorf(jarvis.CodeInvalid, "--no-serve makes a store for nothing without --keep: say where to keep it")
	}
	folder, err := cmd.folder()
	if err != nil {
		return err
	}
	if cmd.Keep == "" {
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	cfg, err := cmd.config(a, folder)
	if err != nil {
		return err
	}
	quiet := *a // a new store needs no word here
	quiet.console = &console{}
	*quiet.console = *a.console
	quiet.json = true
	s, err := quiet.openStore(ctx, cfg, storeMayBeNew, keyRequired)
	if err != nil {
		return err
	}
	err = a.simulate(ctx, cfg, s, cmd)
	if err == nil && !cmd.NoServe {
		cfg.Server.Listen, err = cmd.address(ctx, cfg)
	}
	if err == nil && !cmd.NoServe {
		a.tellSignIn = true
		err = a.serve(ctx, cfg, s, a.logToStandardError(cfg))
	}
	return errors.Join(err, s.close(ctx))
}

// folder makes the folder of the demo.
func (cmd *demoCmd) folder() (string, error) {
	if cmd.Keep == "" {
		folder, err := os.MkdirTemp("", "jarvis-demo-") // with mode 0700
		if err != nil {
			return "", writeError(os.TempDir(), err)
		}
		return folder, nil
	}
	folder, err := filepath.Abs(cmd.Keep)
	if err != nil {
		return "", fmt.Errorf("find the folder %s: %w", cmd.Keep, err)
	}
	if err := os.Mkdir(folder, 0o700); errors.Is(err, os.ErrExist) {
		return "", jarvis.Errorf(jarvis.CodeConflict, "%s is there already: name a new folder with --keep", cmd.Keep)
	} else if err != nil {
		return "", writeError(folder, err)
	}
	return folder, nil
}

// config returns the settings of a demo, which are the person's own in nothing but
// the time zone and the space to leave free.
func (cmd *demoCmd) config(a *app, folder string) (*config.Config, error) {
	store := filepath.Join(folder, "store")
	return config.Load(config.Input{
		File: os.DevNull,
		Flags: map[string]string{
			"data_dir": store, "identity_file": filepath.Join(folder, "identity"), "seal": "off",
			"ocr_engine": "none", "tz": a.grammar.TZ, "listen": cmd.Listen, "log_level": "warn",
		},
		LookupEnv: func(name string) (string, bool) {
			if strings.HasPrefix(name, "JARVIS_") && name != "JARVIS_MIN_FREE" {
				return "", false
			}
			return os.LookupEnv(name)
		},
	})
}

// address returns where to listen: where the person said, else the first port from the
// usual one on that is free.
func (cmd *demoCmd) address(ctx context.Context, cfg *config.Config) (string, error) {
	const ports = 20
	if cmd.Listen != "" {
		return cmd.Listen, nil
	}
	host, port, err := net.SplitHostPort(cfg.Server.Listen)
	if err != nil {
		return "", err
	}
	first, err := strconv.Atoi(port)
	if err != nil {
		return "", err
	}
	for i := range ports {
		address := net.JoinHostPort(host, strconv.Itoa(first+i))
		if l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return net.JoinHostPort(host, "0"), nil
}

// simulate fills the store.
func (a *app) simulate(ctx context.Context, cfg *config.Config, s *store, cmd *demoCmd) error {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(demoMemory)
	}
	bar := a.newProgress("captures")
	begun := a.now()
	r, err := demo.Fill(ctx, demoSink{store: s, now: a.now}, demo.Options{
		End: demoEnd(begun.In(cfg.Location)), Location: cfg.Location,
		Days: cmd.Days, Devices: cmd.Devices, Monitors: cmd.Monitors, PerDay: cmd.PerDay,
		EmptyDay: true, ClockChange: true, Hostile: cmd.Hostile, Seed: cmd.Seed,
	}, bar.set)
	bar.hide()
	if err != nil {
		return err
	}
	if !a.json {
		a.note("Simulated %s of %s (%s) in %s", plural(r.Captures, "capture"), plural(int64(len(r.Days)), "day"), sizeText(r.Bytes), a.now().Sub(begun).Round(100*time.Millisecond))
		if cmd.Keep != "" {
			a.note("They are kept: %s", a.command("serve --ocr-engine none --data-dir "+tilde(cfg.DataDir)))
		}
	}
	if cmd.NoServe && a.json {
		return a.printJSON(struct {
			DataDir  string `json:"data_dir"`
			Captures int64  `json:"captures"`
			Bytes    int64  `json:"bytes"`
			Pictures int    `json:"pictures"` // different ones
		}{cfg.DataDir, r.Captures, r.Bytes, r.Pictures})
	}
	return nil
}

// demoEnd is the end of a simulation that is started now: in the forenoon the evening
// before, so that the last day has something to see.
func demoEnd(now time.Time) time.Time {
	if now.Hour() >= 12 {
		return now
	}
	return time.Date(now.Year(), now.Month(), now.Day()-1, 22, 0, 0, 0, now.Location())
}

// demoSink puts a simulation into a store.
type demoSink struct {
	*store
	now func() time.Time
}

// readingLease is longer than a reading that is known takes to be stored.
const readingLease = time.Hour

func (s demoSink) Ingest(ctx context.Context, c jarvis.Submission) (jarvis.Stored, error) {
	return s.archive.Ingest(ctx, c)
}

func (s demoSink) Read(ctx context.Context, id jarvis.ID, r *jarvis.Reading) error {
	claim, err := s.catalog.ClaimReading(ctx, id, s.now(), readingLease)
	if err != nil || claim == nil { // nothing waits: it was there before
		return err
	}
	return s.catalog.FinishReading(ctx, claim.Lease, r, query.Document(r.Text, claim.Capture.WindowTitle, claim.Capture.URL))
}

func (s demoSink) PutSpans(ctx context.Context, spans []jarvis.Span) error {
	return s.catalog.PutSpans(ctx, spans)
}

func (s demoSink) SetPinned(ctx context.Context, id jarvis.ID, pinned bool) error {
	return s.catalog.SetPinned(ctx, id, pinned)
}
