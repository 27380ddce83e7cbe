// Package postgres is a jarvis.Catalog on PostgreSQL 13 or newer.
package postgres

import (
	"context"
	"log/slog"

	"github.com/jarvis-memory/jarvis"
)

// Options says where the catalogue is.
type Options struct {
	// URL is postgres://, postgresql:// or postgresql+asyncpg://. Its
	// password appears in no error.
	URL string

	// MustExist refuses to make a new catalogue: a database without one is
	// CodeNotFound.
	MustExist bool

	// Logger is told of migrations; nil for nobody.
	Logger *slog.Logger
}

// MigrationStatus lists every migration that this program knows, oldest first.
// It changes nothing, and an empty database is one where none was applied.
func MigrationStatus(ctx context.Context, o Options) ([]jarvis.Migration, error) {
	return nil, jarvis.Errorf(jarvis.CodeInternal, "not there yet")
}

// MigrateUp applies the migrations that are missing and returns them, oldest first.
func MigrateUp(ctx context.Context, o Options) ([]jarvis.Migration, error) {
	return nil, jarvis.Errorf(jarvis.CodeInternal, "not there yet")
}

// MigrateDown takes back the newest migration and returns it. What only its
// columns hold is lost. It is refused with CodeUnavailable while another Jarvis
// uses the database, and with CodeConflict when only migration 1 is left, which
// made the captures themselves.
func MigrateDown(ctx context.Context, o Options) (jarvis.Migration, error) {
	return jarvis.Migration{}, jarvis.Errorf(jarvis.CodeInternal, "not there yet")
}

// HoldsOlderStore reports whether a database answers within a second and was
// made by an older Jarvis. Any failure is false.
func HoldsOlderStore(ctx context.Context, url string) bool { return false }

// Catalog is a catalogue in PostgreSQL.
type Catalog struct{ jarvis.Catalog }

// Open connects, makes or migrates the catalogue, and adopts the database of an
// older Jarvis.
func Open(ctx context.Context, o Options) (*Catalog, error) {
	return nil, jarvis.Errorf(jarvis.CodeInternal, "not there yet")
}
