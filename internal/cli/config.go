package cli

import "context"

type configCmd struct{}

// Help is the long help.
func (configCmd) Help() string {
	return `A setting is a flag, else an environment variable (JARVIS_DATA_DIR), else a line of
the file of settings, else its default. JARVIS_X_FILE names a file that holds the
value of JARVIS_X: for passwords and the passphrase, which are never printed.

Examples:

    jarvis config
    JARVIS_DATABASE_URL_FILE=/run/secrets/db jarvis config --json
`
}

// Run prints the settings.
func (configCmd) Run(_ context.Context, a *app) error {
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	t := table{columns: []column{{title: "SETTING"}, {title: "VALUE"}, {title: "FROM", faint: true}}}
	for _, value := range cfg.Values {
		if !a.json {
			t.add(value.Key, value.Value, value.Source)
			continue
		}
		if err := a.printJSON(value); err != nil {
			return err
		}
	}
	t.print(a.console, true)
	return nil
}
