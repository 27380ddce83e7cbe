package cli

import (
	"context"
	"errors"
	"time"

	"github.com/jarvis-memory/jarvis/internal/search"
)

type reindexCmd struct {
	Restart bool `help:"Begin with the first capture, not where an interrupted run ended."`
}

// Help is the long help.
func (reindexCmd) Help() string {
	return `Makes what jarvis search looks into anew, from the texts, titles and addresses in the
catalogue. Needed after an upgrade that says so, or when a search does not find what
jarvis show shows. Captures are stored, read and found meanwhile; images are not read
again: for that see jarvis ocr redo.

Interrupted, it goes on where it was when it is run again.

Examples:

    jarvis reindex
    jarvis reindex --restart
`
}

// reindexed is the object that --json prints.
type reindexed struct {
	Captures int64 `json:"captures"` // whose words were made anew by this run
}

// Run makes the index anew.
func (cmd *reindexCmd) Run(ctx context.Context, a *app) error {
	cfg, err := a.loadOwnConfig("reindex")
	if err != nil {
		return err
	}
	mask, err := newMask(cfg)
	if err != nil {
		return err
	}
	c, err := a.openCatalog(ctx, cfg, storeMustExist, keyUnused)
	if err != nil {
		return err
	}
	from, err := cmd.position(ctx, c)
	if err != nil {
		return errors.Join(err, c.Close())
	}
	if !from.IsZero() && !a.json {
		a.note("Goes on where an interrupted run ended: with the captures before %s. --restart begins anew.", timeText(from, cfg.Location))
	}
	o := searchOptions(cfg, c, a.now)
	o.Mask = mask
	bar := a.newProgress("captures")
	var captures int64
	err = search.New(o).Reindex(ctx, cmd.Restart, func(done, total int64) {
		captures = max(captures, done)
		bar.set(done, total)
	})
	bar.hide()
	if err = errors.Join(err, c.Close()); err != nil {
		if ctx.Err() != nil {
			return &statusError{exitInterrupted, "interrupted: run the same command again for the rest"}
		}
		return err
	}
	if a.json {
		return a.printJSON(reindexed{captures})
	}
	a.printf("Indexed %s anew\n", plural(captures, "capture"))
	return nil
}

// position returns the time of the last capture that an interrupted run made anew,
// from which this run goes on; zero where it begins with the first.
func (cmd *reindexCmd) position(ctx context.Context, c *catalog) (time.Time, error) {
	if cmd.Restart {
		return time.Time{}, nil
	}
	at, err := c.ReindexPosition(ctx)
	return at.Timestamp, err
}
