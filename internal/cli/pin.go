package cli

import (
	"context"
	"errors"

	"github.com/jarvis-memory/jarvis"
)

type pinCmd struct {
	IDs []string `arg:"" name:"id" help:"Ids of captures."`
}

// Help is the long help.
func (pinCmd) Help() string {
	return `Marks captures that matter. jarvis list --pinned lists them, and a removal says how
many of them it would remove.

Examples:

    jarvis pin 019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00
    jarvis list --from today --app figma --json | jq -r .id | xargs jarvis pin
`
}

// Run pins the captures.
func (cmd *pinCmd) Run(ctx context.Context, a *app) error { return a.setPinned(ctx, cmd.IDs, true) }

type unpinCmd struct {
	IDs []string `arg:"" name:"id" help:"Ids of captures."`
}

// Help is the long help.
func (unpinCmd) Help() string {
	return `Takes the mark of jarvis pin away. The captures stay.

Example:

    jarvis unpin 019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00
`
}

// Run unpins the captures.
func (cmd *unpinCmd) Run(ctx context.Context, a *app) error { return a.setPinned(ctx, cmd.IDs, false) }

// pinned is the line of --json for one capture.
type pinned struct {
	ID     string      `json:"id"`
	Pinned bool        `json:"pinned"`
	Error  *string     `json:"error"`
	Code   jarvis.Code `json:"code,omitempty"` // of the error
}

// setPinned pins or unpins captures, and goes on after one that is not there.
func (a *app) setPinned(ctx context.Context, texts []string, pin bool) error {
	ids, err := parseIDs(texts)
	if err != nil {
		return err
	}
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	m, err := a.openMemory(ctx, cfg, needs{})
	if err != nil {
		return err
	}
	var failure error // the first
	failed := 0
	for _, id := range ids {
		line := pinned{ID: id.String(), Pinned: pin}
		err := m.SetPinned(ctx, id, pin)
		if err != nil {
			if failed++; failure == nil {
				failure = err
			}
			message := errorMessage(err)
			line.Pinned, line.Error, line.Code = false, &message, jarvis.ErrorCode(err)
		}
		if printErr := a.printPinned(line); printErr != nil {
			return errors.Join(printErr, m.close(ctx))
		}
		if isFatal(err) {
			break
		}
	}
	err = m.close(ctx)
	switch {
	case failed == 0:
		return err
	case failed < len(ids) && !isFatal(failure):
		return errors.Join(&statusError{exitPartial, plural(int64(failed), "capture") + " not changed"}, err)
	}
	return errors.Join(&statusError{exitStatus(failure), ""}, err) // each was told
}

func (a *app) printPinned(p pinned) error {
	switch {
	case a.json:
		return errors.Join(a.printJSON(p), a.flush())
	case p.Error != nil:
		a.note("jarvis: %s: %s", p.ID, *p.Error)
	case p.Pinned:
		a.printf("pinned    %s\n", p.ID)
	default:
		a.printf("unpinned  %s\n", p.ID)
	}
	return a.flush()
}
