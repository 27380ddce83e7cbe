// Package sqlite keeps the catalogue in one SQLite file, plain or encrypted.
//
// Any number of processes may work on the same file. It must lie on a local
// file system: SQLite's shared memory and locks do not work over a network.
package sqlite

import (
	"context"
	"errors"
	"log/slog"

	"github.com/jarvis-memory/jarvis"
)

// KeySize is the length of Options.Key in bytes.
const KeySize = 32

// Options says which catalogue to open and how.
type Options struct {
	// Path is the database file. Its folder is made (0700) when it is missing.
	Path string

	// Key encrypts the whole database. It has KeySize bytes, or none for a
	// plain one. It is never part of a name, a statement, an error or a log.
	Key []byte

	// MustExist refuses to make a new catalogue: a missing one is CodeNotFound.
	MustExist bool

	// Logger is told of upgrades and copies; nil for nobody.
	Logger *slog.Logger
}

// Catalog is a jarvis.Catalog on SQLite.
type Catalog struct{ jarvis.Catalog }

var _ jarvis.Catalog = (*Catalog)(nil)

// Open opens the catalogue, makes it when there is none, and brings its schema
// up to date. An older one is first copied aside; one that an older Jarvis made
// is adopted. The caller must Close it.
//
// Errors are *jarvis.Error: CodeMismatch for a database that is newer than the
// program or not a catalogue, CodeInvalid for a wrong key or a path that cannot
// be a database, CodeCorrupt for a damaged one, CodeNoSpace, and
// CodeUnavailable for the rest, such as a read-only folder, a file system
// without locks, or an upgrade while another process works on the store.
func Open(ctx context.Context, o Options) (*Catalog, error) { return nil, errors.ErrUnsupported }

// MigrationStatus lists every migration in order, applied or not. It changes
// nothing; a missing catalogue is CodeNotFound.
func MigrationStatus(ctx context.Context, o Options) ([]jarvis.Migration, error) {
	return nil, errors.ErrUnsupported
}

// MigrateUp applies the migrations that are missing and returns them.
// It needs the store for itself: CodeUnavailable while another process uses it.
func MigrateUp(ctx context.Context, o Options) ([]jarvis.Migration, error) {
	return nil, errors.ErrUnsupported
}

// MigrateDown undoes the last migration, after copying the database aside, and
// returns it. It needs the store for itself: CodeUnavailable while another
// process uses it. CodeConflict when there is nothing to undo.
func MigrateDown(ctx context.Context, o Options) (jarvis.Migration, error) {
	return jarvis.Migration{}, errors.ErrUnsupported
}
