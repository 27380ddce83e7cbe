package cli

import (
	"context"
	"errors"
	"time"

	"github.com/jarvis-memory/jarvis"
)

type deviceCmd struct {
	Add    deviceAddCmd    `cmd:"" help:"Make a token for a device or another program, and print it once."`
	List   deviceListCmd   `cmd:"" help:"List the tokens, and when each was last used."`
	Revoke deviceRevokeCmd `cmd:"" help:"Make a token invalid, at once."`
}

// Help is the long help.
func (deviceCmd) Help() string {
	return `A program that talks to the server shows a token: "Authorization: Bearer jarvis_...".
The token of a device may upload its captures, and nothing else. The store keeps no
token, only a hash of each.

Examples:

    jarvis device add ann@laptop
    jarvis device list
    jarvis device revoke ann@laptop
`
}

type deviceAddCmd struct {
	Name  string `arg:"" help:"Name of the device, as in its captures, or of the program."`
	Scope string `default:"upload" placeholder:"upload|read|work|admin" help:"What the token permits: upload (the default), read, work or admin."`
}

// Help is the long help.
func (deviceAddCmd) Help() string {
	return `Prints the token once; nobody can show it again. Scopes are upload (captures and
spans of this one device), read (everything may be looked at), work (captures that wait
to be read may be fetched, and what they say stored), and admin (everything).

Examples:

    jarvis device add ann@laptop
    (umask 077; jarvis device add backup --scope read >~/.config/jarvis/token)
    JARVIS_TOKEN_FILE=~/.config/jarvis/token jarvis list --server https://memory.example.org
`
}

// madeToken is what --json prints of a new token.
type madeToken struct {
	Name  string       `json:"name"`
	Scope jarvis.Scope `json:"scope"`
	Token string       `json:"token"`
}

// Run makes the token.
func (cmd *deviceAddCmd) Run(ctx context.Context, a *app) error {
	scope, err := jarvis.ParseScope(cmd.Scope)
	if err != nil {
		return err
	}
	return a.withMemory(ctx, func(m memory, _ *time.Location) error {
		text, err := m.NewToken(ctx, cmd.Name, scope)
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(madeToken{cmd.Name, scope, text})
		}
		a.printf("%s\n", text)
		if a.outTerminal {
			a.note("This is the token of %s, of scope %s. It is not shown again: keep it in a file that only its program reads.", cmd.Name, scope)
		}
		return nil
	})
}

type deviceListCmd struct{}

// Help is the long help.
func (deviceListCmd) Help() string {
	return `Example:

    jarvis device list --json | jq -r 'select(.revoked_at == null) | .name'
`
}

// Run lists the tokens.
func (deviceListCmd) Run(ctx context.Context, a *app) error {
	return a.withMemory(ctx, func(m memory, loc *time.Location) error {
		tokens, err := m.FindTokens(ctx)
		if err != nil {
			return err
		}
		if len(tokens) == 0 && !a.json {
			a.note("No tokens yet: jarvis device add NAME makes one.")
		}
		t := table{columns: []column{
			{title: "NAME", shrink: 12},
			{title: "SCOPE"},
			{title: "MADE", optional: 2},
			{title: "LAST USED"},
			{title: "FROM", optional: 1},
			{title: "REVOKED"},
		}}
		for _, token := range tokens {
			if a.json {
				if err := a.printJSON(token); err != nil {
					return err
				}
				continue
			}
			t.add(token.Name, string(token.Scope), whenText(token.CreatedAt, loc), usedText(token.LastUsed, loc), token.Address, whenText(token.RevokedAt, loc))
		}
		t.print(a.console, true)
		return nil
	})
}

type deviceRevokeCmd struct {
	Name string `arg:"" help:"Name of the token."`
}

// Help is the long help.
func (deviceRevokeCmd) Help() string {
	return `What the device sent stays. Its name may be given to a token of the same scope again,
as for the same machine when it was set up anew.

Example:

    jarvis device revoke ann@laptop
    jarvis device add ann@laptop
`
}

// Run revokes the token.
func (cmd *deviceRevokeCmd) Run(ctx context.Context, a *app) error {
	return a.withMemory(ctx, func(m memory, _ *time.Location) error {
		if err := m.RevokeToken(ctx, cmd.Name); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(struct {
				Name    string `json:"name"`
				Revoked bool   `json:"revoked"`
			}{cmd.Name, true})
		}
		a.printf("Revoked the token of %s.\n", cmd.Name)
		return nil
	})
}

// withMemory opens the catalogue of the store that the settings mean, works on it,
// and closes it.
func (a *app) withMemory(ctx context.Context, work func(memory, *time.Location) error) error {
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	m, err := a.openMemory(ctx, cfg, needs{})
	if err != nil {
		return err
	}
	return errors.Join(work(m, cfg.Location), a.flush(), m.close(ctx))
}

// whenText is timeText to the minute, and nothing for the zero time.
func whenText(t time.Time, loc *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(loc).Format("2006-01-02 15:04")
}

// usedText says when a credential was last used.
func usedText(t time.Time, loc *time.Location) string {
	if t.IsZero() {
		return "never"
	}
	return whenText(t, loc)
}
