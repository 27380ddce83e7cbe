package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

type rmCmd struct {
	IDs []string `arg:"" optional:"" name:"id" help:"Ids of captures."`
	selection
	Yes bool `short:"y" help:"Do not ask."`
}

// Help is the long help.
func (rmCmd) Help() string {
	return `Removes captures: image, text and everything known about them. It says what would
go and asks first. What was removed stays removed: adding the same file again does
not bring it back, unless with --undelete.

Examples:

    jarvis rm 019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00
    jarvis rm --from '2026-01-24 20:00' --to '2026-01-24 21:00'
    jarvis rm --app signal --yes
`
}

// Run removes the captures.
func (cmd *rmCmd) Run(ctx context.Context, a *app) error {
	ids, err := parseIDs(cmd.IDs)
	if err != nil {
		return err
	}
	switch {
	case len(ids) > 0 && !cmd.isEmpty():
		return jarvis.Errorf(jarvis.CodeInvalid, "ids and a time range, device or app exclude each other: give one of them")
	case len(ids) == 0 && cmd.isEmpty():
		return jarvis.Errorf(jarvis.CodeInvalid, "nothing says what to remove: give ids, or --from, --to, --device or --app")
	}
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	filter, err := cmd.filter(a, cfg)
	if err != nil {
		return err
	}
	m, err := a.openMemory(ctx, cfg, needs{images: true})
	if err != nil {
		return err
	}
	if len(ids) > 0 {
		err = cmd.removeIDs(ctx, a, m, ids, cfg.Location)
	} else {
		err = cmd.removeSelected(ctx, a, m, filter, cfg.Location)
	}
	return errors.Join(err, m.close(ctx))
}

func parseIDs(texts []string) ([]jarvis.ID, error) {
	ids := make([]jarvis.ID, 0, len(texts))
	for _, text := range texts {
		id, err := jarvis.ParseID(text)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (cmd *rmCmd) removeIDs(ctx context.Context, a *app, m memory, ids []jarvis.ID, loc *time.Location) error {
	if !cmd.Yes && a.canAsk() {
		if err := a.printDoomed(ctx, m, ids, loc); err != nil {
			return err
		}
	}
	if err := a.confirm(ctx, cmd.Yes, "Remove "+plural(int64(len(ids)), "capture")+" for good?"); err != nil {
		return err
	}
	return a.remove(func(o jarvis.RemoveOptions) (receipt, error) { return m.RemoveIDs(ctx, ids, o) })
}

// doomedShown is how many captures are shown before a question about them.
const doomedShown = 10

// printDoomed shows the first captures of those that would be removed.
func (a *app) printDoomed(ctx context.Context, m memory, ids []jarvis.ID, loc *time.Location) error {
	for i, id := range ids {
		if i == doomedShown {
			a.note("  and %s more", countText(int64(len(ids)-i)))
			return nil
		}
		c, err := m.FindCapture(ctx, id)
		switch {
		case errors.Is(err, jarvis.ErrNotFound), errors.Is(err, jarvis.ErrDeleted):
			a.note("  %s  not in the store", id)
		case err != nil:
			return err
		default:
			a.note("  %s  %s", timeText(c.Timestamp, loc), strings.Join(nonEmpty(c.Device, c.AppName, c.WindowTitle, sizeText(c.FileSize)), "  "))
		}
	}
	return nil
}

func nonEmpty(texts ...string) []string {
	var kept []string
	for _, text := range texts {
		if text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}

func (cmd *rmCmd) removeSelected(ctx context.Context, a *app, m memory, filter jarvis.CaptureFilter, loc *time.Location) error {
	plan, remove, err := m.PlanRemoval(ctx, filter)
	if err != nil {
		return err
	}
	if plan.Captures == 0 {
		return a.printReceipt(receipt{Gone: []trace{}, MayRemain: []trace{}})
	}
	of := ""
	if devices := nonEmpty(plan.Devices...); len(devices) > 0 {
		of = " of " + strings.Join(devices, ", ")
	}
	if plan.Pinned > 0 {
		of += ", " + countText(plan.Pinned) + " of them pinned,"
	}
	question := fmt.Sprintf("Remove %s (%s)%s from %s to %s for good?", plural(plan.Captures, "capture"), sizeText(plan.Bytes),
		of, timeText(plan.Oldest, loc), timeText(plan.Newest, loc))
	if err := a.confirm(ctx, cmd.Yes, question); err != nil {
		return err
	}
	return a.remove(func(o jarvis.RemoveOptions) (receipt, error) { return remove(ctx, o) })
}

// failedRemoval is the line of --json for a capture that could not be removed.
type failedRemoval struct {
	ID    jarvis.ID   `json:"id"`
	Error string      `json:"error"`
	Code  jarvis.Code `json:"code"`
}

// removalMessage says why a capture was not removed; its id stands before it.
func removalMessage(err error) string {
	switch {
	case errors.Is(err, jarvis.ErrDeleted):
		return "was deleted already"
	case errors.Is(err, jarvis.ErrNotFound):
		return "there is no such capture: check the id"
	}
	return errorMessage(err)
}

// remove removes with a bar, tells what failed, and prints the receipt.
func (a *app) remove(work func(jarvis.RemoveOptions) (receipt, error)) error {
	bar := a.newProgress("captures")
	var firstError, printError error
	done, err := work(jarvis.RemoveOptions{
		Progress: bar.set,
		Failed: func(id jarvis.ID, err error) {
			if firstError == nil {
				firstError = err
			}
			bar.hide()
			if a.json {
				printError = errors.Join(printError, a.printJSON(failedRemoval{id, removalMessage(err), jarvis.ErrorCode(err)}))
				return
			}
			a.note("jarvis: %s: %s", id, removalMessage(err))
		},
	})
	bar.hide()
	if printErr := errors.Join(printError, a.printReceipt(done)); printErr != nil {
		return printErr
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &statusError{exitInterrupted, "interrupted: what the receipt counts is removed, the rest is as it was"}
	case err != nil:
		return err
	case done.Failed > 0 && done.Removed > 0:
		return &statusError{exitPartial, plural(done.Failed, "capture") + " not removed"}
	case done.Failed > 0:
		return &statusError{exitStatus(firstError), ""} // each was told
	}
	return nil
}
