package cli

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

type sessionCmd struct {
	List sessionListCmd `cmd:"" help:"List the browsers that are signed in."`
	End  sessionEndCmd  `cmd:"" help:"Sign a browser out, at once."`
}

// Help is the long help.
func (sessionCmd) Help() string {
	return `A browser is signed in with the link that jarvis signin prints, for twelve hours, or
for 30 days on a computer that the person called their own.

Examples:

    jarvis session list
    jarvis session end 5d0c4c1e-2a61-4a35-9e4b-0c9a6a3f8b52
`
}

type sessionListCmd struct{}

// Help is the long help.
func (sessionListCmd) Help() string {
	return `Example:

    jarvis session list --json
`
}

// Run lists the sessions.
func (sessionListCmd) Run(ctx context.Context, a *app) error {
	return a.withMemory(ctx, func(m memory, loc *time.Location) error {
		sessions, err := m.FindSessions(ctx)
		if err != nil {
			return err
		}
		if len(sessions) == 0 && !a.json {
			a.note("No browser is signed in: jarvis signin prints a link.")
		}
		t := table{columns: []column{
			{title: "ID"},
			{title: "SIGNED IN", optional: 3},
			{title: "LAST USED"},
			{title: "UNTIL", optional: 2},
			{title: "FROM"},
			{title: "OWN"},
			{title: "BROWSER", shrink: 16, optional: 1},
		}}
		for _, s := range sessions {
			if a.json {
				if err := a.printJSON(s); err != nil {
					return err
				}
				continue
			}
			t.add(s.ID.String(), whenText(s.CreatedAt, loc), usedText(s.LastUsed, loc), whenText(s.ExpiresAt, loc),
				s.Address, map[bool]string{true: "yes", false: "no"}[s.Own], s.Browser)
		}
		t.print(a.console, true)
		return nil
	})
}

type sessionEndCmd struct {
	ID string `arg:"" help:"Id of the session."`
}

// Help is the long help.
func (sessionEndCmd) Help() string {
	return `Examples:

    jarvis session end 5d0c4c1e-2a61-4a35-9e4b-0c9a6a3f8b52
    jarvis session list --json | jq -r .id | xargs -n 1 jarvis session end
`
}

// Run ends the session.
func (cmd *sessionEndCmd) Run(ctx context.Context, a *app) error {
	id, err := jarvis.ParseID(cmd.ID)
	if err != nil {
		return err
	}
	return a.withMemory(ctx, func(m memory, _ *time.Location) error {
		if err := m.EndSession(ctx, id); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(struct {
				ID    jarvis.ID `json:"id"`
				Ended bool      `json:"ended"`
			}{id, true})
		}
		a.printf("Ended session %s.\n", id.String())
		return nil
	})
}
