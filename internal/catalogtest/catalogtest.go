// Package catalogtest is the contract suite of jarvis.Catalog. Every catalogue
// passes all of it; there are no exceptions for one database.
//
// An adapter's tests build a [Harness] and call [Run]. Each sentence in the
// comments of jarvis.Catalog has its case here, and the messages that a person
// may see are compared with one text, so that two databases cannot differ in
// what they say.
package catalogtest

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/jarvis-memory/jarvis"
)

// Catalog is all that a catalogue does.
type Catalog interface {
	jarvis.Catalog
	jarvis.Credentials
	jarvis.AccessLog
	jarvis.Coverage
	jarvis.Readings
	jarvis.Index
}

// Harness is what the suite needs of an adapter.
type Harness struct {
	// New makes an empty database, not yet a catalogue, and removes it when
	// the test ends.
	New func(t testing.TB) Database

	// NewSealed makes one on which a sealed store can be made, of a database
	// that asks for more than New does; nil for New.
	NewSealed func(t testing.TB) Database

	// TimestampType and Now spell the column type and the default of the
	// table that an older Jarvis made: "timestamptz" and "now()" on PostgreSQL,
	// "DATETIME" and "CURRENT_TIMESTAMP" on SQLite. The suite writes its times as
	// text: 2026-01-24 20:39:09.123456, with or without +00:00.
	TimestampType, Now string

	// VersionTable is goose's table, with columns version_id and is_applied.
	VersionTable string

	// BlockWrites is SQL that, run in a transaction, makes every write of the
	// catalogue wait until the transaction ends: "LOCK TABLE captures IN
	// EXCLUSIVE MODE" on PostgreSQL; on SQLite any write that changes nothing.
	BlockWrites string
}

// Database is one database of the adapter under test. Its functions may be
// called in any order and concurrently.
type Database struct {
	// Open opens the catalogue as a program that starts does: it makes or
	// migrates it. Each call is another handle, as if of another process.
	Open func(ctx context.Context) (Catalog, error)

	// OpenNew is Open with something to record when the store is made.
	OpenNew func(ctx context.Context, n jarvis.NewStore) (Catalog, error)

	// Status lists every migration the program knows, oldest first. It
	// changes nothing.
	Status func(ctx context.Context) ([]jarvis.Migration, error)

	// Up applies what is missing and returns it, oldest first.
	Up func(ctx context.Context) ([]jarvis.Migration, error)

	// Down takes back the newest migration and returns it. It is refused with
	// CodeUnavailable while a catalogue is open, and with CodeConflict when only
	// migration 1 is left: that one made the captures themselves.
	Down func(ctx context.Context) (jarvis.Migration, error)

	// SQL opens the database below the catalogue and closes it by the test's
	// Cleanup. On an empty database it may come before Open.
	SQL func(t testing.TB) *sql.DB

	// Damage spoils, below an open catalogue, a part of the one text in it that is
	// too long to lie with its row. It skips the test where it cannot.
	Damage func(t testing.TB, text string)
}

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	for _, group := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"Store", testStore},
		{"Sealed", testSealed},
		{"Capture", testCapture},
		{"Pin", testPin},
		{"Page", testPage},
		{"Delete", testDelete},
		{"Readings", testReadings},
		{"Requeue", testRequeue},
		{"Index", testIndex},
		{"Count", testCount},
		{"Minutes", testMinutes},
		{"Tokens", testTokens},
		{"Sessions", testSessions},
		{"AccessLog", testAccessLog},
		{"Coverage", testCoverage},
		{"Devices", testDevices},
		{"Cancel", testCancel},
		{"Concurrent", testConcurrent},
		{"Close", testClose},
		{"Migrate", testMigrate},
		{"Adopt", testAdopt},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(t, h) })
	}
}

// tester is what *testing.T and *rapid.T share.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

func (d Database) open(t testing.TB) Catalog {
	t.Helper()
	c, err := d.Open(t.Context())
	if err != nil {
		t.Fatalf("Open: %v (cause: %v)", err, errors.Unwrap(err))
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

func (h Harness) open(t testing.TB) Catalog {
	t.Helper()
	return h.New(t).open(t)
}

// noon is a time with microseconds to lose.
var noon = time.Date(2026, time.January, 24, 12, 0, 0, 123_456_000, time.UTC)

func newCapture(at time.Time, change ...func(*jarvis.Capture)) *jarvis.Capture {
	id := jarvis.NewRandomID()
	c := &jarvis.Capture{
		ID:            id,
		Filepath:      jarvis.NewBlobName(id, at, jarvis.JPEG, false).String(),
		Timestamp:     jarvis.Instant(at),
		MonitorIndex:  0,
		Width:         2560,
		Height:        1440,
		FileSize:      156_000,
		CreatedAt:     noon.Add(time.Hour),
		Device:        "ada@desk",
		AppName:       "Firefox",
		WindowTitle:   "Inbox",
		URL:           "https://example.org/",
		StoredSize:    156_200,
		StoredSHA256:  slices.Repeat([]byte{0x5a}, 32),
		ContentDigest: slices.Repeat([]byte{0xa5}, 32),
	}
	for _, f := range change {
		f(c)
	}
	return c
}

func insert(t tester, cat Catalog, captures ...*jarvis.Capture) {
	t.Helper()
	for _, c := range captures {
		if err := cat.InsertCapture(context.Background(), c); err != nil {
			t.Fatalf("InsertCapture(%s): %v (cause: %v)", c.ID, err, errors.Unwrap(err))
		}
	}
}

func remove(t tester, cat Catalog, id jarvis.ID) {
	t.Helper()
	if _, err := cat.BeginDelete(context.Background(), id); err != nil {
		t.Fatalf("BeginDelete(%s): %v", id, err)
	}
	if err := cat.FinishDelete(context.Background(), id); err != nil {
		t.Fatalf("FinishDelete(%s): %v", id, err)
	}
}

func page(t tester, cat Catalog, f jarvis.CaptureFilter) []*jarvis.Capture {
	t.Helper()
	captures, err := cat.FindCaptures(context.Background(), f)
	if err != nil {
		t.Fatalf("FindCaptures(%+v): %v (cause: %v)", f, err, errors.Unwrap(err))
	}
	if captures == nil {
		t.Fatalf("FindCaptures(%+v) = nil, nil", f)
	}
	return captures
}

// wantError checks the code and, unless message is empty, the text of an error.
func wantError(t tester, err error, code jarvis.Code, message string) {
	t.Helper()
	e, ok := errors.AsType[*jarvis.Error](err)
	if !ok {
		t.Fatalf("error %v (%T) is not a *jarvis.Error of code %s", err, err, code)
	}
	if e.Code != code {
		t.Fatalf("error %q (cause: %v) has code %s, want %s", e.Message, e.Err, e.Code, code)
	}
	if message != "" && err.Error() != message {
		t.Fatalf("error\n got %q\nwant %q", err.Error(), message)
	}
}

var comparers = cmp.Options{
	cmp.Comparer(func(a, b jarvis.ID) bool { return a == b }),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() }),
	cmpopts.EquateEmpty(),
}

// wantEqual fails with the difference, where got should be want.
func wantEqual(t tester, what string, got, want any) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return // quickly, where there are thousands
	}
	if diff := cmp.Diff(want, got, comparers); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}
