package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

// storeKey opens a sealed store.
type storeKey struct {
	identity *vault.Identity
	data     vault.DataKey
	unused   string // the key file with which no catalogue was made yet; empty when one was
}

// markUsed notes that there is a catalogue that k opens.
func (k *storeKey) markUsed() error {
	if k == nil || k.unused == "" {
		return nil
	}
	return vault.MarkKeyUsed(k.unused)
}

// unlock opens the wrapped key of a store with the identity of this person.
func (a *app) unlock(ctx context.Context, cfg *config.Config, store jarvis.ID, wrapped []byte) (*storeKey, error) {
	identity, err := a.loadIdentity(ctx, cfg)
	if err != nil {
		return nil, locked(storeLocked, err)
	}
	data, err := vault.UnwrapKey(wrapped, store, identity)
	if err != nil {
		return nil, locked(storeLocked, err)
	}
	return &storeKey{identity: identity, data: data}, nil
}

// unlockFile is unlock for the key file of a catalogue, and tells whose key it is.
func (a *app) unlockFile(ctx context.Context, cfg *config.Config, path string) (*storeKey, vault.KeyInfo, error) {
	info, err := vault.InspectKeyFile(path)
	if err != nil {
		return nil, info, locked(storeLocked, err)
	}
	identity, err := a.loadIdentity(ctx, cfg)
	if err != nil {
		return nil, info, locked(storeLocked, err)
	}
	data, err := vault.LoadKeyFile(path, info.Store, identity)
	if err != nil {
		return nil, info, locked(storeLocked, err)
	}
	return &storeKey{identity: identity, data: data}, info, nil
}

// locked turns what keeps something sealed shut into CodeLocked, with what that
// is before its message.
func locked(what string, err error) error {
	known, ok := errors.AsType[*jarvis.Error](err)
	if !ok || errors.Is(err, context.Canceled) {
		return err
	}
	switch known.Code {
	case jarvis.CodeNotFound, jarvis.CodeInvalid, jarvis.CodeMismatch, jarvis.CodeUnavailable, jarvis.CodeCorrupt:
		return &jarvis.Error{Code: jarvis.CodeLocked, Op: known.Op, Message: what + known.Message, Err: known.Err}
	}
	return err
}

// What locked says of a store, and of one that is to be made.
const (
	storeLocked   = "the store is sealed: "
	storeUnmade   = "no sealed store can be made: "
	identityAlone = ""
)

// loadIdentity reads the identity, and asks for its passphrase when it has one
// that no setting tells.
func (a *app) loadIdentity(ctx context.Context, cfg *config.Config) (*vault.Identity, error) {
	switch {
	case a.identity != nil:
		return a.identity, nil
	case cfg.IdentityFile == "":
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "there is no home folder with an identity: name its file with --identity-file or JARVIS_IDENTITY_FILE")
	}
	identity, err := a.openIdentity(ctx, cfg)
	if errors.Is(err, jarvis.ErrNotFound) || errors.Is(err, jarvis.ErrCorrupt) {
		return nil, jarvis.Errorf(jarvis.ErrorCode(err), "%w with %s", err, a.command("key restore"))
	}
	if err != nil {
		return nil, err
	}
	if err := vault.RemoveLeftovers(cfg.IdentityFile); err != nil {
		a.note("%s.", errorMessage(err)) // what is asked for does not depend on it
	}
	a.identity = identity
	return identity, nil
}

// passphraseTries is how often a person may type the passphrase of an identity.
const passphraseTries = 3

// openIdentity reads the identity file. A wrong passphrase is asked for again
// where a person typed it.
func (a *app) openIdentity(ctx context.Context, cfg *config.Config) (*vault.Identity, error) {
	for try := 1; ; try++ {
		typed := false
		identity, err := vault.LoadIdentityFile(cfg.IdentityFile, func() (string, error) {
			if !cfg.Passphrase.IsZero() {
				return cfg.Passphrase.Reveal(), nil
			}
			if !a.canAskSecret() {
				return "", jarvis.Errorf(jarvis.CodeInvalid, "the identity file %s is protected by a passphrase, and nobody is there to ask: name a file that holds it in JARVIS_PASSPHRASE_FILE", cfg.IdentityFile)
			}
			typed = true
			return a.askSecret(ctx, "Passphrase of "+tilde(cfg.IdentityFile)+": ")
		})
		if !typed || try == passphraseTries || !errors.Is(err, vault.ErrWrongPassphrase) {
			return identity, err
		}
		a.note("That is not its passphrase.")
	}
}

// makeIdentity returns the identity of this person for a new store, and makes
// one where there is none.
func (a *app) makeIdentity(ctx context.Context, cfg *config.Config) (*vault.Identity, error) {
	identity, err := a.loadIdentity(ctx, cfg)
	if !errors.Is(err, jarvis.ErrNotFound) {
		a.warnIdentityPlace(cfg)
		return identity, locked(storeUnmade, err)
	}
	passphrase := cfg.Passphrase.Reveal()
	if passphrase == "" && a.canAskSecret() && !a.json {
		if passphrase, err = a.choosePassphrase(ctx); err != nil {
			return nil, err
		}
	}
	if identity, err = vault.NewIdentity(); err == nil {
		err = vault.CreateIdentityFile(cfg.IdentityFile, identity, passphrase)
	}
	if errors.Is(err, jarvis.ErrConflict) { // another process was first
		identity, err = a.loadIdentity(ctx, cfg)
		return identity, locked(storeUnmade, err)
	}
	if err != nil {
		return nil, err
	}
	a.note("Keep the identity %s apart from the store and its backups, and write its recovery words down: %s", tilde(cfg.IdentityFile), a.command("key show-recovery"))
	if passphrase == "" {
		a.note("It has no passphrase: whoever takes this whole disk has both.")
	}
	a.identity = identity
	return identity, nil
}

// choosePassphrase asks for the passphrase of a new identity. It returns "" when
// the person wants none.
func (a *app) choosePassphrase(ctx context.Context) (string, error) {
	return a.askPassphrase(ctx, "Passphrase to protect the identity with (Enter for none): ")
}

// askPassphrase asks for a new passphrase until it was typed the same twice, or
// nothing was.
func (a *app) askPassphrase(ctx context.Context, question string) (string, error) {
	for {
		first, err := a.askSecret(ctx, question)
		if err != nil || first == "" {
			return "", err
		}
		second, err := a.askSecret(ctx, "The same again: ")
		if err != nil {
			return "", err
		}
		if first == second {
			return first, nil
		}
		a.note("They differ.")
	}
}

// catalogFile is what an SQLite catalogue is before it is opened.
type catalogFile struct {
	path, key  string // the catalogue, and its key file
	exists     bool
	plain      bool // an SQLite database that is not encrypted
	keyPresent bool
	keyUnused  bool // the key is there, and no catalogue was made with it yet
}

// lost reports whether the catalogue was made once and is not there now.
func (f catalogFile) lost() bool { return !f.exists && f.keyPresent && !f.keyUnused }

// sealed reports whether the store is sealed, or will be.
func (f catalogFile) sealed() bool { return f.keyPresent || f.exists && !f.plain }

// inspectCatalog looks at a catalogue without opening it.
func inspectCatalog(path string) (catalogFile, error) {
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved // as sqlite does: the key lies beside the file, not beside a link to it
	}
	f := catalogFile{path: path, key: path + ".key"}
	if _, err := os.Lstat(f.key); err == nil {
		f.keyPresent = true
		f.keyUnused = vault.KeyUnused(f.key) // before the catalogue, which another process may be making
	} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return f, jarvis.WrapError(jarvis.CodeUnavailable, "open", f.key+" cannot be looked for: "+cause(err), err)
	}
	header, err := readHeader(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	unreadable := err != nil                 // opening it says what is wrong
	f.exists = unreadable || len(header) > 0 // a catalogue is made of an empty file
	f.plain = string(header) == sqliteMagic || unreadable && !f.keyPresent
	return f, nil
}

// sqliteMagic begins every SQLite database that is not encrypted.
const sqliteMagic = "SQLite format 3\x00"

// readHeader returns as much of sqliteMagic as the file may hold.
func readHeader(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrInvalid // opening a pipe would hang
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	header := make([]byte, len(sqliteMagic))
	n, err := io.ReadFull(file, header)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return header[:n], errors.Join(err, file.Close())
}

// check refuses files that are not of one store.
func (f catalogFile) check() error {
	switch {
	case f.exists && f.plain && f.keyPresent:
		return jarvis.Errorf(jarvis.CodeMismatch, "%s is not sealed, but %s is the key of a sealed store: put the catalogue back that belongs to it, or move the key file away if no sealed store is meant", f.path, f.key)
	case f.exists && !f.plain && !f.keyPresent:
		return jarvis.Errorf(jarvis.CodeLocked, "%s is sealed and its key file %s is missing, or it is no catalogue: restore the key file from a copy of the store", f.path, f.key)
	}
	return nil
}
