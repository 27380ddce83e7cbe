package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/timetext"
)

// selection narrows a command to some captures.
type selection struct {
	From   string `placeholder:"TIME" help:"Only from this time on."`
	To     string `placeholder:"TIME" help:"Only up to this time; a date is meant to its end."`
	Device string `placeholder:"NAME" help:"Only of this device."`
	App    string `placeholder:"NAME" help:"Only of this application."`
}

func (s *selection) filter(a *app, cfg *config.Config) (jarvis.CaptureFilter, error) {
	from, to, err := timetext.ParseRange(s.From, s.To, a.now(), cfg.Location)
	if err != nil {
		return jarvis.CaptureFilter{}, err
	}
	return jarvis.CaptureFilter{From: from, To: to, Device: s.Device, AppName: s.App}, nil
}

func (s *selection) isEmpty() bool { return *s == selection{} }

// number is a whole number, with an error that a person reads.
type number int64

// UnmarshalText reads the value of a flag.
func (n *number) UnmarshalText(text []byte) error {
	value, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number", text)
	}
	*n = number(value)
	return nil
}

type listCmd struct {
	selection
	Pinned bool   `help:"Only captures that are pinned."`
	Limit  number `default:"100" placeholder:"N" help:"At most this many (default: 100)."`
	After  string `placeholder:"CURSOR" help:"Go on after this capture: the cursor of the last one."`
}

// Help is the long help.
func (listCmd) Help() string {
	return `Lists captures, the newest first. Each object of --json has a cursor; give the
last one to --after for the next page. The text of a capture is in jarvis show.

Examples:

    jarvis list --from yesterday --to yesterday
    jarvis list --from '2h ago' --app firefox
    jarvis list --limit 1000000 --json | jq -r .id
`
}

// Run lists the captures.
func (cmd *listCmd) Run(ctx context.Context, a *app) error {
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	if cmd.Limit < 1 {
		return jarvis.Errorf(jarvis.CodeInvalid, "--limit %d: a page has at least 1 capture", cmd.Limit)
	}
	filter, err := cmd.filter(a, cfg)
	if err != nil {
		return err
	}
	if cmd.Pinned {
		filter.Pinned = &cmd.Pinned
	}
	if filter.After, err = jarvis.ParseCursor(cmd.After); err != nil {
		return err
	}
	m, err := a.openMemory(ctx, cfg, needs{})
	if err != nil {
		return err
	}
	return errors.Join(cmd.list(ctx, a, cfg, m, filter), m.close(ctx))
}

// rowsPerQuery bounds the captures in memory, and in a table whose columns are
// aligned with each other.
const rowsPerQuery = 500

func (cmd *listCmd) list(ctx context.Context, a *app, cfg *config.Config, m memory, filter jarvis.CaptureFilter) error {
	for listed := int64(0); ; {
		wanted := min(int64(cmd.Limit)-listed, rowsPerQuery)
		filter.Limit = int(wanted) + 1 // one more tells whether there are more
		captures, err := m.FindCaptures(ctx, filter)
		if err != nil {
			return err
		}
		more := int64(len(captures)) > wanted
		if more {
			captures = captures[:wanted]
		}
		if err := a.printCaptures(captures, cfg.Location, listed == 0); err != nil {
			return err
		}
		listed += int64(len(captures))
		if listed == 0 && !a.json {
			a.note("No captures%s.", map[bool]string{true: " yet: " + a.command("add FILE") + " stores some", false: " match"}[cmd.isEmpty() && cmd.After == "" && !cmd.Pinned])
		}
		if !more {
			return nil
		}
		filter.After = captures[len(captures)-1].Cursor()
		if listed == int64(cmd.Limit) {
			if !a.json {
				a.note("There are more: the same command with --after %s", filter.After)
			}
			return nil
		}
	}
}

// listedCapture is a capture without its text, which a list does not read.
type listedCapture struct {
	*jarvis.Capture
	OCRText *string `json:"ocr_text,omitempty"` // hides the field of Capture, and is never set
	Cursor  string  `json:"cursor"`
	Future  bool    `json:"future,omitempty"` // the time is still to come
}

// printCaptures writes captures as JSON Lines, or as a table.
func (a *app) printCaptures(captures []*jarvis.Capture, loc *time.Location, heading bool) error {
	if a.json {
		for _, c := range captures {
			if err := a.printJSON(listedCapture{Capture: c, Cursor: c.Cursor().String(), Future: c.Timestamp.After(a.now())}); err != nil {
				return err
			}
		}
		return a.flush()
	}
	t := table{columns: []column{
		{title: "TIME"},
		{title: "DEVICE", shrink: 8, optional: 3},
		{title: "APP", shrink: 7, optional: 1},
		{title: "PIXELS", right: true, optional: 5},
		{title: "SIZE", right: true, optional: 4},
		{title: "ID", faint: true},
		{title: "TITLE", shrink: 12, optional: 2}, // last: in a pipe, where it is not cut, no column has to follow it
	}}
	for _, c := range captures {
		when := timeText(c.Timestamp, loc)
		if c.Timestamp.After(a.now()) {
			when += " (future)"
		}
		t.add(when, c.Device, c.AppName, pixelsText(c), sizeText(c.FileSize), c.ID.String(), c.WindowTitle)
	}
	t.print(a.console, heading)
	return a.flush()
}

func pixelsText(c *jarvis.Capture) string {
	return strconv.Itoa(c.Width) + "×" + strconv.Itoa(c.Height)
}
