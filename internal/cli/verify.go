package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/timetext"
)

type verifyCmd struct {
	Deep          bool   `help:"Read the whole catalogue and every image; check digests, and that images decode."`
	Repair        bool   `help:"Mend what can be mended. Nothing is ever deleted."`
	ForgetMissing bool   `help:"Drop the captures whose images are gone, such as those of a day folder that you removed."`
	Force         bool   `help:"Repair or forget even if more than 5% would change."`
	From          string `placeholder:"TIME" help:"Only days (UTC) from this one on."`
	To            string `placeholder:"TIME" help:"Only days (UTC) up to this one."`
}

// Help is the long help.
func (verifyCmd) Help() string {
	return `Compares catalogue and images day by day, and prints one line for each finding. The
exit status is 0 when nothing is wrong, and 8 when something is. Files that are
younger than an hour may be on their way into the store and are never wrong.

With --repair, images without a row are adopted, files that do not belong are moved
to .jarvis/quarantine, and deletions that were interrupted are finished.

Examples:

    jarvis verify
    jarvis verify --deep --from yesterday
    jarvis verify --repair
    jarvis verify --forget-missing --force --from 2025-06-01 --to 2025-06-30
`
}

// Run verifies the store.
func (cmd *verifyCmd) Run(ctx context.Context, a *app) error {
	if cmd.ForgetMissing && (cmd.Deep || cmd.Repair) {
		return jarvis.Errorf(jarvis.CodeInvalid, "--forget-missing goes with --from, --to and --force only: run it on its own")
	}
	cfg, err := a.loadOwnConfig("verify")
	if err != nil {
		return err
	}
	from, to, err := timetext.ParseRange(cmd.From, cmd.To, a.now(), cfg.Location)
	if err != nil {
		return err
	}
	need := keyIfAtHand
	if cmd.ForgetMissing {
		need = keyUnused
	}
	s, err := a.openStore(ctx, cfg, storeMustExist, need)
	if err != nil {
		return err
	}
	if cmd.ForgetMissing {
		err = cmd.forget(ctx, a, s.archive, from, to)
	} else {
		err = cmd.verify(ctx, a, s.archive, from, to)
	}
	return errors.Join(err, s.close(ctx))
}

func (cmd *verifyCmd) verify(ctx context.Context, a *app, store *archive.Archive, from, to time.Time) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	bar := a.newProgress("captures")
	report, err := store.Verify(ctx, archive.VerifyOptions{
		From: from, To: to,
		Deep: cmd.Deep, Repair: cmd.Repair, Force: cmd.Force,
		Progress: bar.set,
	}, a.printFindings(bar, stop))
	bar.hide()
	if err == nil {
		err = context.Cause(ctx) // the last remedies may have been left out
	}
	if err == nil || report.Captures+report.Files > 0 { // else it was refused
		if err := a.printReport(&report, cmd.Repair, err == nil); err != nil {
			return err
		}
	}
	switch err := a.stopped(ctx, err); {
	case cmd.Repair && errors.Is(err, context.Canceled):
		return &statusError{exitInterrupted, "interrupted: what the report counts is done, the rest is as it was"}
	case err != nil:
		return err
	}
	if !report.OK() {
		return &statusError{exitWrong, a.wrongText(&report, cmd.Repair)}
	}
	return nil
}

// printReport sums a verification up, which may have been stopped before its end.
func (a *app) printReport(r *archive.VerifyReport, repaired, ended bool) error {
	if a.json {
		return a.printJSON(r)
	}
	a.printf("%s\n", reportText(r, repaired, ended))
	return nil
}

// stopped returns why a verification ended early: a reader of the output that
// went away comes first.
func (a *app) stopped(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errClosedPipe) {
		return cause
	}
	return err
}

// finding is the line of --json for one finding.
type finding struct {
	archive.Finding
	Wrong bool   `json:"wrong"`
	Error string `json:"error,omitempty"` // why the remedy failed
}

// printFindings returns a function that prints each finding on a line, and
// calls stop when nobody reads them any more.
func (a *app) printFindings(bar *progress, stop context.CancelCauseFunc) func(archive.Finding) {
	return func(f archive.Finding) {
		bar.hide()
		if err := errors.Join(a.printFinding(f), a.flush()); err != nil {
			stop(err)
		}
	}
}

func (a *app) printFinding(f archive.Finding) error {
	if a.json {
		return a.printJSON(finding{f, f.Kind.Wrong(), errorMessage(f.Err)})
	}
	kind := a.style.red(pad(string(f.Kind), 10))
	switch {
	case f.Mended:
		kind = a.style.green(pad(string(f.Kind), 10))
	case !f.Kind.Wrong():
		kind = a.style.faint(pad(string(f.Kind), 10))
	}
	about := ""
	if f.Path != "" {
		about = f.Path + ": "
	}
	a.printf("%s  %s%s%s\n", kind, about, f.Detail, outcomeText(f))
	return nil
}

// outcomeText says what repairing did about a finding.
func outcomeText(f archive.Finding) string {
	switch {
	case f.Err != nil:
		return "; not mended: " + errorMessage(f.Err)
	case !f.Mended || f.Remedy == archive.RemedyNone: // of forgotten rows, all is said
		return ""
	case f.Remedy == archive.RemedyAdopt:
		return "; adopted"
	case f.Remedy == archive.RemedyQuarantine:
		return "; moved to " + f.MovedTo
	default:
		return "; mended"
	}
}

// reportText sums a verification up in one line.
func reportText(r *archive.VerifyReport, repaired, ended bool) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Looked at %s and %s (%s)", plural(r.Captures, "capture"), plural(r.Files, "file"), sizeText(r.Bytes))
	if r.Wrong == 0 && ended {
		text.WriteString(": everything agrees")
	}
	if repaired {
		for _, part := range []struct {
			n    int64
			what string
		}{{r.Adopted, "adopted"}, {r.Moved, "quarantined"}, {r.Finished, "deletions finished"}, {r.Recorded, "digests recorded"}} {
			if part.n > 0 {
				fmt.Fprintf(&text, ", %s %s", countText(part.n), part.what)
			}
		}
	}
	if n := r.Found[archive.KindBroken]; n > 0 {
		fmt.Fprintf(&text, "; %s broken already when added", plural(n, "image"))
	}
	if n := r.Found[archive.KindPending]; n > 0 {
		fmt.Fprintf(&text, "; %s may be on the way in", plural(n, "young file"))
	}
	if r.Unopened > 0 {
		fmt.Fprintf(&text, "; %s could not be opened without the identity", plural(r.Unopened, "sealed image"))
	}
	return text.String() + "."
}

// The guard of a repair, which is refused without --force when it would change
// more than guardFree files and more than one in guardShare.
const (
	guardFree  = 10
	guardShare = 20
)

// wrongText says what to do about what is still wrong.
func (a *app) wrongText(r *archive.VerifyReport, repaired bool) string {
	left := r.Wrong - r.Mended
	text := fmt.Sprintf("%s wrong", plural(left, "thing"))
	if repaired {
		return text + " and left as found: see the lines above"
	}
	loose := r.Found[archive.KindOrphan] + r.Found[archive.KindForeign]
	repair := "verify --repair"
	if loose > max(guardFree, (r.Captures+loose)/guardShare) {
		repair += " --force"
	}
	mendable := loose + r.Found[archive.KindDelete]
	gone := r.Found[archive.KindMissing] + r.Found[archive.KindDayGone]
	switch {
	case mendable == left:
		return text + ": " + a.command(repair) + " mends what can be mended"
	case gone == left:
		return text + ": put the images back from a copy, or drop their rows with " + a.command("verify --forget-missing")
	case mendable > 0:
		return text + ": " + a.command(repair) + " mends some of it; the lines above say what to do about the rest"
	}
	return text + ": no repair can mend that; the lines above say what to do"
}

func (cmd *verifyCmd) forget(ctx context.Context, a *app, store *archive.Archive, from, to time.Time) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	bar := a.newProgress("captures")
	printFinding := a.printFindings(bar, stop)
	var firstError error
	receipt, err := store.ForgetMissing(ctx, archive.ForgetOptions{
		From: from, To: to, Force: cmd.Force, Progress: bar.set,
	}, func(f archive.Finding) {
		if firstError == nil {
			firstError = f.Err
		}
		printFinding(f)
	})
	bar.hide()
	if err == nil || receipt.Forgotten+receipt.Failed > 0 { // else it was refused
		if err := a.printForgotten(receipt); err != nil {
			return err
		}
	}
	switch err := a.stopped(ctx, err); {
	case errors.Is(err, context.Canceled):
		return &statusError{exitInterrupted, "interrupted: what the receipt counts is dropped, the rest is as it was"}
	case err != nil:
		return err
	case receipt.Failed > 0 && receipt.Forgotten > 0:
		return &statusError{exitPartial, plural(receipt.Failed, "capture") + " not dropped"}
	case receipt.Failed > 0:
		return &statusError{exitStatus(firstError), ""} // each was told
	}
	return nil
}

func (a *app) printForgotten(r archive.ForgetReceipt) error {
	if a.json {
		return a.printJSON(r)
	}
	a.printf("Looked at %s: dropped %s without an image", plural(r.Captures, "capture"), countText(r.Forgotten))
	if r.Failed > 0 {
		a.printf(", failed to drop %s", countText(r.Failed))
	}
	a.printf(".\n")
	return nil
}
