package cli

import (
	"context"
	"errors"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

type keyStatusCmd struct{}

// Help is the long help.
func (keyStatusCmd) Help() string {
	return `Says whether the store is sealed, where its identity and its key lie, whether a
passphrase protects the identity, and whether it opens the store. When it does not,
the exit status is 10.

Example:

    jarvis key status --json | jq .opens
`
}

// keyStatus is what status prints with --json. What is not known is null.
type keyStatus struct {
	Store        string  `json:"store"`      // sealed, plain or none
	PublicKey    *string `json:"public_key"` // of the identity that the store is sealed to
	KeyFile      *string `json:"key_file"`   // null where the database keeps the key
	IdentityFile string  `json:"identity_file"`
	Identity     *string `json:"identity"`          // its public key; null when it is missing, unreadable, or protected and not opened
	InStore      bool    `json:"identity_in_store"` // it lies in the store's own folders
	Passphrase   *bool   `json:"passphrase"`        // whether one protects the identity
	NoText       *bool   `json:"no_text_in_database"`
	Opens        *bool   `json:"opens"` // whether the identity opens the store

	// What only the text tells.
	keyMissing bool
	lost       bool // the catalogue, while the key file is there
	wrong      bool // something is, which standard error tells
}

// Run prints the status.
func (keyStatusCmd) Run(ctx context.Context, a *app) error {
	cfg, err := a.loadOwnConfig("key")
	if err != nil {
		return err
	}
	status, err := a.keyStatus(ctx, cfg)
	if status == nil {
		return err
	}
	status.wrong = err != nil
	if !a.json {
		a.printKeyStatus(cfg, status)
		return err
	}
	return errors.Join(a.printJSON(status), err)
}

// keyStatus finds the status. With an error that keeps the store shut it
// returns also what is known.
func (a *app) keyStatus(ctx context.Context, cfg *config.Config) (*keyStatus, error) {
	state, err := a.sealState(ctx, cfg)
	if err != nil && !state.sealed {
		return nil, err
	}
	status := &keyStatus{Store: "none", IdentityFile: cfg.IdentityFile, lost: state.file.lost(), keyMissing: state.sealed && state.keyFile != "" && !state.file.keyPresent}
	switch {
	case state.sealed:
		status.Store = "sealed"
	case state.exists:
		status.Store = "plain"
	}
	if state.publicKey != "" {
		status.PublicKey = &state.publicKey
	}
	if state.keyFile != "" {
		status.KeyFile = &state.keyFile
	}
	file, fileErr := vault.InspectIdentityFile(cfg.IdentityFile)
	if fileErr == nil {
		a.warnIdentityPlace(cfg)
		status.InStore = identityWithin(cfg) != ""
		status.Passphrase = &file.Protected
		if !file.Protected {
			status.Identity = &file.PublicKey
		}
	}
	switch {
	case state.sealed:
		return status, a.tryIdentity(ctx, cfg, state, status, err)
	case !state.exists:
		return status, checkNoStore(ctx, cfg, jarvis.ID{}) // the images may have lost theirs
	}
	return status, nil
}

// tryIdentity notes whether the identity opens the sealed store, where that can be
// found out, and returns what is wrong with the store; err is what already is.
func (a *app) tryIdentity(ctx context.Context, cfg *config.Config, state sealState, status *keyStatus, err error) error {
	unasked := status.Passphrase != nil && *status.Passphrase && cfg.Passphrase.IsZero() && !a.canAskSecret()
	switch {
	case err != nil:
	case unasked: // whether it opens the store is not known
	case state.exists:
		err = a.tryKey(ctx, cfg, status)
	default:
		_, _, err = a.unlockFile(ctx, cfg, state.keyFile)
	}
	opens := err == nil
	if opens && !unasked || errors.Is(err, jarvis.ErrLocked) || errors.Is(err, jarvis.ErrMismatch) {
		status.Opens = &opens
	}
	if err == nil && status.lost {
		return a.catalogLost(state.file)
	}
	return err
}

// tryKey opens the catalogue with the identity, and notes what that tells.
func (a *app) tryKey(ctx context.Context, cfg *config.Config, status *keyStatus) error {
	c, err := a.openCatalog(ctx, cfg, storeMustExist, keyRequired)
	if err != nil {
		return err
	}
	status.NoText = &c.info.NoText
	if c.key != nil {
		public := c.key.identity.PublicKey()
		status.Identity = &public
	}
	return c.Close()
}

func (a *app) printKeyStatus(cfg *config.Config, s *keyStatus) {
	line := func(name, value string) { a.printf("%s  %s\n", a.style.faint(pad(name, 10)), value) }
	sealed := s.Store == "sealed"
	switch {
	case sealed && s.lost:
		line("store", "sealed, in "+storePlace(cfg)+": its catalogue is missing")
	case sealed:
		line("store", "sealed, in "+storePlace(cfg))
	case s.Store == "plain":
		line("store", "plain, in "+storePlace(cfg)+": whoever reads the disk can read it")
	case s.wrong:
		line("store", "none in "+storePlace(cfg))
	default:
		line("store", "none yet, in "+storePlace(cfg)+": see "+a.command("start"))
	}
	if s.PublicKey != nil {
		line("sealed to", *s.PublicKey)
	}
	switch {
	case !sealed:
	case s.KeyFile == nil:
		line("key", "in the database")
	case s.keyMissing:
		line("key file", *s.KeyFile+": missing")
	default:
		line("key file", *s.KeyFile+": a copy of the store needs it")
	}
	a.printIdentityStatus(s, sealed)
	if s.NoText != nil && *s.NoText {
		line("text", "kept out of the catalogue")
	}
}

func (a *app) printIdentityStatus(s *keyStatus, sealed bool) {
	line := func(name, value string) { a.printf("%s  %s\n", a.style.faint(pad(name, 10)), value) }
	switch {
	case s.Passphrase != nil:
		line("identity", s.IdentityFile)
	case sealed && missing(s.IdentityFile):
		line("identity", s.IdentityFile+": missing")
	case sealed:
		line("identity", s.IdentityFile+": not usable")
	}
	switch {
	case s.Passphrase == nil:
	case *s.Passphrase:
		line("passphrase", "yes")
	case sealed:
		line("passphrase", "none: whoever takes the whole disk has both, the store and its identity")
	default:
		line("passphrase", "none")
	}
	switch {
	case !sealed:
	case s.Opens != nil && *s.Opens:
		line("opens it", "yes")
	case s.Opens != nil:
		line("opens it", "no")
	case s.wrong:
		line("opens it", "not known")
	default:
		line("opens it", "not known: nobody is there to ask for the passphrase")
	}
}
