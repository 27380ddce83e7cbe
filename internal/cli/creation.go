package cli

// creation are the flags of commands that may make a store.
type creation struct {
	Seal             string `placeholder:"on|off" help:"Whether a new store is sealed (default: ${default_seal})."`
	NoTextInDatabase bool   `help:"Keep the text in images out of a new store's catalogue."`
}

// set makes settings of the flags.
func (c creation) set(a *app) {
	a.setting("seal", c.Seal)
	if c.NoTextInDatabase {
		a.setting("no_text_in_database", "on")
	}
}
