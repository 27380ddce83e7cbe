package cli

import (
	"context"
	"time"
)

type signinCmd struct{}

// Help is the long help.
func (signinCmd) Help() string {
	return `Prints a link that signs a browser in to the server, once, within ten minutes. Whoever
has it first gets in: send it to nobody.

The link leads to the server that runs on this store, as it was started. Where none runs
here, it begins with the setting public_url, else with that of listen.

Examples:

    jarvis signin
    xdg-open "$(jarvis signin)"
`
}

// Run prints the link.
func (signinCmd) Run(ctx context.Context, a *app) error {
	return a.withMemory(ctx, func(m memory, _ *time.Location) error {
		link, err := m.NewSignIn(ctx)
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(link)
		}
		a.printf("%s\n", link.URL)
		if a.outTerminal {
			a.note("It signs one browser in, within ten minutes.")
		}
		return nil
	})
}
