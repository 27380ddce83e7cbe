package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/timetext"
)

type addCmd struct {
	Files     []string `arg:"" name:"file" help:"Images, folders, patterns such as 'Screenshot*.png', or - for standard input."`
	Timestamp string   `placeholder:"TIME" help:"When the screen was photographed, for all of them."`
	Monitor   int      `placeholder:"N" help:"Number of the monitor."`
	Device    string   `placeholder:"NAME" help:"Which machine was photographed (default: user@host)."`
	App       string   `placeholder:"NAME" help:"Application in front."`
	Title     string   `placeholder:"TEXT" help:"Title of the window in front."`
	Undelete  bool     `help:"Store also what was deleted before."`

	Jobs           string `placeholder:"N" help:"How many images are worked on at once (default: ${default_jobs})."`
	MaxImageBytes  string `placeholder:"SIZE" help:"Largest file that is taken (default: ${default_max_image_bytes})."`
	MaxImagePixels string `placeholder:"N" help:"Most pixels that an image may have (default: ${default_max_image_pixels})."`
	MinFree        string `placeholder:"SPACE" help:"Space to leave free on the disk (default: ${default_min_free})."`
	creation
}

// Help is the long help.
func (addCmd) Help() string {
	return `Stores JPEG, PNG and WebP images, byte for byte. Each is on disk for good before
its line is printed. Adding the same file again adds nothing twice.

The time of a screenshot is --timestamp, else what its EXIF says, else a date in
the file's name, else when the file was last changed. A time without a zone is
local; see --tz.

A folder is added with its subfolders, beginning in the order of names; a line is
printed when its image is stored, so the lines may come in another order. Hidden files in it,
symbolic links, files that are not called like an image, and formats that are not
taken (GIF, HEIC, ...) are passed over and counted. What you name yourself is not: a
link is followed, and a GIF refused.

Examples:

    jarvis add ~/Pictures/Screenshots
    jarvis add 'Screenshot from *.png' --tz Europe/Berlin
    grim - | jarvis add - --title "$(swaymsg -t get_tree | jq -r '..|select(.focused?).name')"
    jarvis add --json ~/Pictures | jq -r 'select(.status == "failed").file'
`
}

// Run stores the files.
func (cmd *addCmd) Run(ctx context.Context, a *app) error {
	a.setting("device", cmd.Device)
	a.setting("jobs", cmd.Jobs)
	a.setting("max_image_bytes", cmd.MaxImageBytes)
	a.setting("max_image_pixels", cmd.MaxImagePixels)
	a.setting("min_free", cmd.MinFree)
	cmd.creation.set(a)
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	if err := cmd.check(a); err != nil {
		return err
	}
	var fixed time.Time
	if cmd.Timestamp != "" {
		if fixed, err = timetext.Parse(cmd.Timestamp, a.now(), cfg.Location); err != nil {
			return err
		}
	}
	m, err := a.openMemory(ctx, cfg, needs{may: storeMayBeNew, key: keyRequired, images: true})
	if err != nil {
		return err
	}
	adder := newAdder(a, cfg, m)
	adder.fixed = fixed
	adder.request.Monitor, adder.request.AppName = cmd.Monitor, cmd.App
	adder.request.WindowTitle, adder.request.Undelete = cmd.Title, cmd.Undelete
	from := &sources{names: cmd.Files, storage: storageOf(cfg)}
	tally, err := a.runAdder(ctx, cfg, adder, from, linesOnTerminal)
	return errors.Join(tally.outcome(err), m.close(ctx))
}

func (cmd *addCmd) check(a *app) error {
	if cmd.Monitor < 0 {
		return jarvis.Errorf(jarvis.CodeInvalid, "--monitor %d: monitors are numbered from 0", cmd.Monitor)
	}
	for i, name := range cmd.Files {
		switch {
		case name == "":
			return jarvis.Errorf(jarvis.CodeInvalid, "the %d. file name is empty: check the quotes", i+1)
		case name == standardInput && a.inTerminal:
			return jarvis.Errorf(jarvis.CodeInvalid, "standard input is a terminal, not an image: pipe one in (grim - | jarvis add -)")
		}
	}
	return nil
}

func newAdder(a *app, cfg *config.Config, m memory) *adder {
	return &adder{
		store:    m,
		stdin:    a.in,
		limits:   cfg.Images,
		jobs:     max(cfg.Jobs, 1),
		loc:      cfg.Location,
		now:      a.now,
		request:  jarvis.Submission{Device: cfg.Device},
		inFlight: semaphore.NewWeighted(bytesInFlight),
	}
}

// linesOnTerminal is how many files are listed one by one on a terminal, before
// only the bar and what failed are shown.
const linesOnTerminal = 20

// addTally counts what became of the files.
type addTally struct {
	stored, existed, failed int64
	restored                int64 // of the existing ones: the image was gone
	future                  int64 // of the stored and existing ones
	bytes                   int64 // stored
	firstError              error
}

func (t *addTally) total() int64 { return t.stored + t.existed + t.failed }

func (t *addTally) count(r added) {
	if r.Future {
		t.future++
	}
	switch r.Status {
	case statusStored:
		t.stored++
		t.bytes += r.size
	case statusExists:
		t.existed++
		if r.restored {
			t.restored++
		}
	case statusFailed:
		t.failed++
		if t.firstError == nil {
			t.firstError = r.err
		}
	}
}

// runAdder stores the sources, prints a line for each, and sums up. On a
// terminal only the first lines are printed, and what failed. The error is what
// stopped it; what failed is told and counted.
func (a *app) runAdder(ctx context.Context, cfg *config.Config, adder *adder, from *sources, lines int64) (addTally, error) {
	var tally addTally
	told := int64(0)
	bar := a.newProgress("screenshots")
	expected := a.countSources(ctx, from)
	err := adder.run(ctx, from, func(r added) error {
		tally.count(r)
		isLine := a.json || r.Status != statusFailed && (!a.outTerminal || told < lines)
		isError := !a.json && r.Status == statusFailed && !isFatal(r.err) // a fatal one is told in the end
		if isLine || isError {
			bar.hide()
		}
		var err error
		switch {
		case isLine && a.json:
			err = a.printJSON(r)
		case isLine:
			a.printAdded(cfg, r)
			if told++; a.outTerminal && told == lines {
				a.printf("From here on only what fails is shown.\n")
			}
		case isError:
			a.note("jarvis: %s: %s", r.File, *r.Error)
		}
		bar.set(tally.total(), expected.Load())
		return errors.Join(err, a.flush())
	})
	bar.hide()
	passed := from.passed.String()
	switch {
	case a.json || errors.Is(err, errClosedPipe) || errors.Is(err, context.Canceled):
	case tally.total() == 0 && err == nil:
		a.note("%s.", strings.Join(nonEmpty("No images in "+strings.Join(from.names, ", "), passed), "; "))
	case tally.total() > 1 || passed != "":
		a.note("%s", tally.summary(passed))
	}
	return tally, err
}

// printAdded writes the line of one file that is in the store.
func (a *app) printAdded(cfg *config.Config, r added) {
	t := table{columns: []column{{}, {optional: 1}, {}, {optional: 2, faint: true}, {shrink: 28, keepEnd: true}}}
	source := r.TimeSource.String()
	if r.Future {
		source += ", in the future"
	}
	t.add(string(r.Status), r.ID.String(), timeText(*r.Timestamp, cfg.Location), "("+source+")", r.File)
	t.print(a.console, false)
}

// summary says in one line what was done; what was not is the error's to say.
func (t *addTally) summary(passed string) string {
	var parts []string
	add := func(n int64, text string) {
		if n > 0 {
			parts = append(parts, countText(n)+" "+text)
		}
	}
	parts = append(parts, fmt.Sprintf("Stored %s (%s)", plural(t.stored, "screenshot"), sizeText(t.bytes)))
	add(t.existed, "already there")
	add(t.restored, "of them with an image that was gone and is there again")
	add(t.future, "in the future")
	return strings.Join(nonEmpty(strings.Join(parts, ", "), passed), "; ") + "."
}

// outcome turns the counts and the error that stopped the work into the error
// of the command.
func (t *addTally) outcome(err error) error {
	switch {
	case errors.Is(err, errClosedPipe):
		return err
	case errors.Is(err, context.Canceled):
		return &statusError{exitInterrupted, fmt.Sprintf(
			"interrupted: %s stored, %s already there; run the same command again for the rest", plural(t.stored, "screenshot"), countText(t.existed))}
	case err != nil:
		if t.stored == 0 {
			return err
		}
		return jarvis.Errorf(jarvis.ErrorCode(err), "%w; what was reported as stored is safe: run the same command again for the rest", err)
	case t.failed == 0:
		return nil
	case t.failed < t.total():
		return &statusError{exitPartial, fmt.Sprintf("%s of %s not added", countText(t.failed), plural(t.total(), "file"))}
	default:
		return &statusError{exitStatus(t.firstError), ""} // each was told
	}
}

// countSources counts, beside the work, how many files there are, for the bar.
// The number is 0 until it is known.
func (a *app) countSources(ctx context.Context, from *sources) *atomic.Int64 {
	var total atomic.Int64
	if !a.errTerminal || a.json {
		return &total
	}
	counted := &sources{names: from.names, storage: from.storage, wanted: from.wanted, flat: from.flat}
	go func() {
		n := int64(0)
		err := counted.each(ctx, func(source) error { n++; return nil }, func(string, error) error { n++; return nil })
		if err == nil {
			total.Store(n)
		}
	}()
	return &total
}
