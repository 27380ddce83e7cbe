// Package postgres is a jarvis.Catalog on PostgreSQL 13 or newer.
package postgres

import (
	"context"

	"github.com/jarvis-memory/jarvis"
)

// Options says where the catalogue is.
type Options struct {
	// URL is postgres://, postgresql:// or postgresql+asyncpg://. Its
	// password appears in no error.
	URL string
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

// MigrateDown takes back every migration above version and returns them, newest
// first. What only newer columns hold is lost. It is refused with
// CodeUnavailable while another Jarvis uses the database, and with CodeInvalid
// below version 1, which would remove the captures.
func MigrateDown(ctx context.Context, o Options, version int64) ([]jarvis.Migration, error) {
	return nil, jarvis.Errorf(jarvis.CodeInternal, "not there yet")
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
