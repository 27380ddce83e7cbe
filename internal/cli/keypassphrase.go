package cli

import (
	"context"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

type keyPassphraseCmd struct {
	New    string `name:"new-passphrase-file" placeholder:"FILE" xor:"new" help:"Take the new passphrase from a file instead of asking for it."`
	Remove bool   `xor:"new" help:"Leave the identity without a passphrase."`
}

// Help is the long help.
func (keyPassphraseCmd) Help() string {
	return `Gives the identity file a passphrase, or another one, or with --remove none. The
identity and its recovery words stay the same, so that no store changes. The file is
replaced once the new one was found to open; copies of the old one that you made open
as before.

The present passphrase is asked for, or read from the file that JARVIS_PASSPHRASE_FILE
names, and the new one is asked for twice.

Example:

    jarvis key passphrase
`
}

// passphraseSet is what passphrase prints with --json.
type passphraseSet struct {
	IdentityFile string `json:"identity_file"`
	PublicKey    string `json:"public_key"`
	Passphrase   bool   `json:"passphrase"`
}

// Run replaces the identity file.
func (cmd keyPassphraseCmd) Run(ctx context.Context, a *app) error {
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	var given config.Secret
	switch {
	case cmd.New != "":
		if given, err = config.ReadPassphrase(cmd.New); err != nil {
			return err
		}
	case !cmd.Remove && !a.canAskSecret():
		return jarvis.Errorf(jarvis.CodeInvalid, "nobody is there to type a passphrase: name a file that holds it with --new-passphrase-file, or remove the present one with --remove")
	}
	identity, err := a.loadIdentity(ctx, cfg)
	if err != nil {
		return locked(identityAlone, err)
	}
	passphrase := given.Reveal()
	if given.IsZero() && !cmd.Remove {
		if passphrase, err = a.askPassphrase(ctx, "New passphrase: "); err != nil {
			return err
		}
		if passphrase == "" {
			return &statusError{exitInterrupted, "stopped: nothing was changed; to leave the identity without a passphrase, use --remove"}
		}
	}
	if err := vault.ReplaceIdentityFile(cfg.IdentityFile, identity, passphrase); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(passphraseSet{cfg.IdentityFile, identity.PublicKey(), passphrase != ""})
	}
	if passphrase == "" {
		a.printf("The identity in %s has no passphrase now: whoever takes the whole disk has both, the store and its identity.\n", tilde(cfg.IdentityFile))
	} else {
		a.printf("The identity in %s has a new passphrase.\n", tilde(cfg.IdentityFile))
	}
	return nil
}
