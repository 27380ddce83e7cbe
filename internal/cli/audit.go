package cli

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/timetext"
)

type auditCmd struct {
	From   string `placeholder:"TIME" help:"Only from this time on."`
	To     string `placeholder:"TIME" help:"Only up to this time; a date is meant to its end."`
	Who    string `placeholder:"WHO" help:"Only what this one did: 'local ann', 'token ann@laptop', 'session ID', network or nobody."`
	Action string `placeholder:"ACTION" help:"Only this: view, search, export, add, delete, pin, sign_in, token or refused."`
	Limit  number `default:"100" placeholder:"N" help:"At most this many lines (default: 100)."`
}

// Help is the long help.
func (auditCmd) Help() string {
	return `Lists who looked at the history, and who changed what: sessions of browsers, tokens,
and commands on this machine. What one of them did within a minute is one line, with
how often, and how many captures it was about. Words that were searched for are not
kept. What agents upload is not listed: each capture says its device.

Lines are added, and changed or removed by nothing that Jarvis does.

Examples:

    jarvis audit --from today
    jarvis audit --action delete
    jarvis audit --who 'token backup' --json
`
}

// Run lists the access log.
func (cmd *auditCmd) Run(ctx context.Context, a *app) error {
	if cmd.Limit < 1 {
		return jarvis.Errorf(jarvis.CodeInvalid, "--limit %d: a page has at least 1 line", cmd.Limit)
	}
	action, err := parseAction(cmd.Action)
	if err != nil {
		return err
	}
	return a.withMemory(ctx, func(m memory, loc *time.Location) error {
		from, to, err := timetext.ParseRange(cmd.From, cmd.To, a.now(), loc)
		if err != nil {
			return err
		}
		return cmd.list(ctx, a, m, jarvis.AccessFilter{From: from, To: to, Who: cmd.Who, Action: action}, loc)
	})
}

// parseAction reads the name of an action; empty text is any.
func parseAction(text string) (jarvis.Action, error) {
	switch action := jarvis.Action(text); action {
	case "", jarvis.ActionView, jarvis.ActionSearch, jarvis.ActionExport, jarvis.ActionAdd, jarvis.ActionDelete,
		jarvis.ActionPin, jarvis.ActionSignIn, jarvis.ActionToken, jarvis.ActionRefused:
		return action, nil
	}
	return "", jarvis.Errorf(jarvis.CodeInvalid, "--action: %.40q is not an action: it is view, search, export, add, delete, pin, sign_in, token or refused", text)
}

func (cmd *auditCmd) list(ctx context.Context, a *app, m memory, filter jarvis.AccessFilter, loc *time.Location) error {
	for listed := int64(0); listed < int64(cmd.Limit); {
		wanted := min(int64(cmd.Limit)-listed, rowsPerQuery)
		filter.Limit = int(wanted)
		lines, err := m.FindAccess(ctx, filter)
		if err != nil {
			return err
		}
		if err := a.printAccess(lines, loc, listed == 0); err != nil {
			return err
		}
		listed += int64(len(lines))
		if listed == 0 && !a.json {
			a.note("Nothing in the access log matches.")
		}
		if int64(len(lines)) < wanted {
			return nil
		}
		filter.After = &lines[len(lines)-1]
	}
	return nil
}

func (a *app) printAccess(lines []jarvis.Access, loc *time.Location, heading bool) error {
	t := table{columns: []column{
		{title: "MINUTE"},
		{title: "WHO", shrink: 16},
		{title: "FROM", optional: 1},
		{title: "ACTION"},
		{title: "TIMES", right: true},
		{title: "CAPTURES", right: true},
	}}
	for _, line := range lines {
		if a.json {
			if err := a.printJSON(line); err != nil {
				return err
			}
			continue
		}
		t.add(whenText(line.Minute, loc), line.Who, line.Address, string(line.Action), countText(line.Times), countText(line.Captures))
	}
	t.print(a.console, heading)
	return a.flush()
}
