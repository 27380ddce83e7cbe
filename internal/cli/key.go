package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"unicode"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

type keyCmd struct {
	Status       keyStatusCmd       `cmd:"" help:"Say whether the store is sealed, and whether the identity opens it."`
	ShowRecovery keyShowRecoveryCmd `cmd:"" help:"Show the words that bring the identity back."`
	Restore      keyRestoreCmd      `cmd:"" help:"Bring the identity back from its words."`
	Passphrase   keyPassphraseCmd   `cmd:"" help:"Set, change or remove the passphrase of the identity."`
}

// Help is the long help.
func (keyCmd) Help() string {
	return `A sealed store is opened by an identity, an age key pair that lies apart from it. Who
has both the store and the identity has everything; who loses the identity and its
recovery words has lost the store.

Examples:

    jarvis key status
    jarvis key show-recovery
    jarvis key restore
    jarvis key passphrase
`
}

// sealState is what can be said of a store without its identity.
type sealState struct {
	exists    bool
	sealed    bool
	file      catalogFile // where the catalogue is one
	publicKey string      // of the identity; empty when it is not known
	keyFile   string      // empty where the database keeps the key
}

// sealState looks at the store without opening what is sealed.
func (a *app) sealState(ctx context.Context, cfg *config.Config) (sealState, error) {
	if cfg.Database.Kind() == config.PostgreSQL {
		c, err := a.databaseOf(cfg).open(ctx, storeMustExist)
		if errors.Is(err, jarvis.ErrNotFound) {
			return sealState{}, nil
		}
		if err != nil {
			return sealState{}, err
		}
		info, err := c.Store(ctx)
		return sealState{exists: true, sealed: info.Sealed, publicKey: info.PublicKey}, errors.Join(err, c.Close())
	}
	file, err := inspectCatalog(cfg.Database.Path())
	if err != nil || !file.exists && !file.keyPresent {
		return sealState{}, err
	}
	state := sealState{exists: file.exists, sealed: file.sealed(), file: file}
	if !state.sealed {
		return state, nil
	}
	state.keyFile = file.key
	if err := file.check(); err != nil {
		return state, err
	}
	info, err := vault.InspectKeyFile(file.key)
	state.publicKey = info.PublicKey
	return state, locked(storeLocked, err)
}

// remark says on standard error what is not a result, and nothing with --json.
func (a *app) remark(format string, args ...any) {
	if !a.json {
		a.note(format, args...)
	}
}

type keyShowRecoveryCmd struct {
	Yes bool `short:"y" help:"Do not ask, and print the words also into a pipe."`
}

// Help is the long help.
func (keyShowRecoveryCmd) Help() string {
	return `Shows the identity as 24 words, and on a terminal as a QR code. Write the words on
paper and keep them where the store is not: they open it without any passphrase.

Example:

    jarvis key show-recovery
`
}

// Run shows the words.
func (cmd keyShowRecoveryCmd) Run(ctx context.Context, a *app) error {
	cfg, err := a.loadOwnConfig("key")
	if err != nil {
		return err
	}
	if !cmd.Yes && !a.outTerminal {
		return jarvis.Errorf(jarvis.CodeInvalid, "the recovery words are for a person, and standard output is no terminal: print them all the same with --yes")
	}
	identity, err := a.loadIdentity(ctx, cfg)
	if err != nil {
		return locked(identityAlone, err)
	}
	if state, err := a.sealState(ctx, cfg); err == nil && state.publicKey != "" && state.publicKey != identity.PublicKey() {
		a.remark("This is not the identity of the store: that is %s.", state.publicKey)
	}
	a.remark("These are the words of the identity %s in %s.", identity.PublicKey(), tilde(cfg.IdentityFile))
	if err := a.confirm(ctx, cmd.Yes, "Whoever sees what comes next can open everything that is sealed. Show it?"); err != nil {
		return err
	}
	words, err := identity.RevealWords()
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(recovery{cfg.IdentityFile, identity.PublicKey(), words})
	}
	return a.printRecovery(identity, words)
}

// recovery is what show-recovery prints with --json.
type recovery struct {
	IdentityFile string   `json:"identity_file"`
	PublicKey    string   `json:"public_key"`
	Words        []string `json:"words"`
}

// Words stand side by side.
const (
	wordColumns = 4
	wordWidth   = 11 // the longest has 8 letters
)

func (a *app) printRecovery(identity *vault.Identity, words []string) error {
	// Along the rows, so that restore reads back what this prints.
	for i, word := range words {
		a.printf("%2d %s", i+1, word)
		if i%wordColumns == wordColumns-1 {
			a.printf("\n")
		} else {
			a.printf("%s", strings.Repeat(" ", wordWidth-len(word)))
		}
	}
	if !a.outTerminal {
		return nil
	}
	code, err := identity.RevealQR()
	if err != nil {
		return err
	}
	a.printf("\nThe same as a code to scan:\n\n%s\n", styled(code))
	a.printf("Bring the identity back with: %s\n", a.command("key restore"))
	return nil
}

type keyRestoreCmd struct{}

// Help is the long help.
func (keyRestoreCmd) Help() string {
	return `Reads the 24 recovery words, or the line AGE-SECRET-KEY-1..., from the terminal or
standard input, and writes the identity file. Where there is a sealed store, it has to
be its identity. An identity file that is there is never overwritten; one that is
damaged is moved aside.

Example:

    jarvis key restore
`
}

// restored is what restore prints with --json.
type restored struct {
	IdentityFile string `json:"identity_file"`
	PublicKey    string `json:"public_key"`
}

// Run restores the identity.
func (keyRestoreCmd) Run(ctx context.Context, a *app) error {
	cfg, err := a.loadOwnConfig("key")
	if err != nil {
		return err
	}
	if cfg.IdentityFile == "" {
		return noIdentityPlace()
	}
	_, err = vault.InspectIdentityFile(cfg.IdentityFile)
	damaged := errors.Is(err, jarvis.ErrCorrupt)
	if !damaged && !missing(cfg.IdentityFile) {
		return jarvis.Errorf(jarvis.CodeConflict, "there already is an identity file %s, and it is never overwritten: move it away first if it is the wrong one, or nobody knows its passphrase", cfg.IdentityFile)
	}
	state, err := a.sealState(ctx, cfg)
	if errors.Is(err, jarvis.ErrLocked) { // the images need the identity alone
		a.note("The identity cannot be compared with that of the store: %s.", errorMessage(err))
	} else if err != nil {
		return err
	}
	identity, err := a.readRecovery(ctx)
	if err != nil {
		return err
	}
	switch {
	case state.publicKey != "" && state.publicKey != identity.PublicKey():
		return jarvis.Errorf(jarvis.CodeMismatch, "this is the identity %s, and the store was sealed to %s: nothing was written; use the words of that one", identity.PublicKey(), state.publicKey)
	case !state.sealed:
		a.remark("There is no sealed store here to compare the identity with.")
	}
	passphrase := cfg.Passphrase.Reveal()
	if passphrase == "" && a.inTerminal && a.canAskSecret() {
		if passphrase, err = a.choosePassphrase(ctx); err != nil {
			return err
		}
	}
	if damaged {
		moved, err := vault.SetAside(cfg.IdentityFile)
		if err != nil {
			return err
		}
		a.note("The damaged identity file is now %s.", tilde(moved))
	}
	if err := vault.CreateIdentityFile(cfg.IdentityFile, identity, passphrase); err != nil {
		return err
	}
	a.warnIdentityPlace(cfg)
	if passphrase == "" {
		a.note("The identity file has no passphrase. To give it one: %s", a.command("key passphrase"))
	}
	if a.json {
		return a.printJSON(restored{cfg.IdentityFile, identity.PublicKey()})
	}
	a.printf("Restored the identity %s in %s.\n", identity.PublicKey(), tilde(cfg.IdentityFile))
	return nil
}

// maxRecovery bounds what restore reads, in bytes.
const maxRecovery = 64 << 10

// recoveryWords is how many words an identity has.
const recoveryWords = 24

// readRecovery reads words or a secret from standard input: to its end, or on a
// terminal until there are enough.
func (a *app) readRecovery(ctx context.Context) (*vault.Identity, error) {
	if !a.inTerminal {
		text, err := io.ReadAll(io.LimitReader(a.in, maxRecovery))
		if err != nil {
			return nil, jarvis.WrapError(jarvis.CodeUnavailable, "read the recovery words", "standard input cannot be read", err)
		}
		return parseRecovery(string(text))
	}
	a.remark("Type the recovery words, in one line or several, and end with Enter:")
	var text strings.Builder
	for text.Len() < maxRecovery {
		line, ok, err := a.readLine(ctx)
		if err != nil {
			return nil, err
		}
		text.WriteString(line)
		enough := isSecret(text.String()) || countWords(text.String()) >= recoveryWords
		if enough || !ok || strings.TrimSpace(line) == "" {
			break
		}
	}
	return parseRecovery(text.String())
}

// countWords counts the words of text, without the numbers before them.
func countWords(text string) int {
	n := 0
	for word := range strings.FieldsSeq(text) {
		if strings.ContainsFunc(word, unicode.IsLetter) {
			n++
		}
	}
	return n
}

// isSecret reports whether text is a secret rather than words.
func isSecret(text string) bool {
	return strings.Contains(strings.ToUpper(text), "AGE-SECRET-KEY-")
}

// parseRecovery reads words, or the lines of an identity file.
func parseRecovery(text string) (*vault.Identity, error) {
	if !isSecret(text) {
		return vault.ParseWords(text)
	}
	var secret bytes.Buffer
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			secret.WriteString(line)
		}
	}
	return vault.ParseSecret(secret.String())
}
