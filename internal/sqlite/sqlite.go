// Package sqlite keeps the catalogue in one SQLite file, plain or encrypted.
//
// Any number of processes may work on the same file. It must lie on a local
// file system: SQLite's shared memory and locks do not work over a network.
//
// # Beside the file
//
// {Path}-wal and {Path}-shm belong to SQLite, {Path}.lock and {Path}.lock.start
// to internal/filelock. {Path}.v{N}-{time}.backup is a copy of the catalogue at
// schema version N, made before a migration; the last two are kept, and what is
// deleted from the catalogue is deleted from them too. {Path}.new and
// {Path}.backup.partial are a database and a copy that are not finished yet.
// {Path}.key, the wrapped key of a sealed store, is internal/vault's.
package sqlite

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/ncruces/go-sqlite3/vfs"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/filelock"
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

	// NewStore is what a catalogue that is made anew records of its store; one
	// that is there already, or an older Jarvis made, ignores it. A sealed store
	// needs a Key.
	NewStore jarvis.NewStore

	// MustExist refuses to make a new catalogue: a missing one is CodeNotFound,
	// and so is one whose making was interrupted.
	MustExist bool

	// Logger is told of upgrades and copies; nil for nobody.
	Logger *slog.Logger

	// What tests set: the VFS below the encryption, the length of the WAL at
	// which it is written back in pages, and the free space of the disk in bytes.
	base            vfs.VFS
	checkpointPages int
	free            func() (uint64, error)
}

// Catalog is a jarvis.Catalog on SQLite.
type Catalog struct {
	db      *database
	lock    *filelock.Lock
	readers *readers
	writer  *writer
	closing closing

	scrubbed atomic.Bool // there are words in the WAL that Purge took out of the index
}

var _ jarvis.Catalog = (*Catalog)(nil)

// Open opens the catalogue, makes it when there is none, and brings its schema
// up to date. An older one is first copied aside; one that an older Jarvis made
// is adopted. The caller must Close it.
//
// Errors are *jarvis.Error: CodeMismatch for a database that is newer than the
// program, not a catalogue, or encrypted with another key, CodeLocked for an
// encrypted one without a key, CodeInvalid for a plain one with a key or a path
// that cannot be a database, CodeCorrupt for a damaged one, CodeNoSpace, and
// CodeUnavailable for the rest, such as a read-only folder, a file system
// without locks, or an upgrade while another process works on the store.
func Open(ctx context.Context, o Options) (*Catalog, error) {
	db, err := newDatabase(o)
	if err != nil {
		return nil, err
	}
	c, err := open(ctx, db)
	if err != nil {
		return nil, db.closeAfter(err)
	}
	return c, nil
}

func open(ctx context.Context, db *database) (*Catalog, error) {
	if err := db.makeFolder(); err != nil {
		return nil, err
	}
	var writing *conn // the connection that prepared the database, if we did
	lock, err := filelock.Open(ctx, db.lockPath(), func(ctx context.Context) (err error) {
		writing, err = db.prepare(ctx)
		if err == nil {
			err = db.upgrade(ctx, writing)
		}
		return err
	})
	if err == nil && writing == nil {
		err = db.join(ctx)
	}
	if err != nil {
		return nil, joinClose(translateContext(ctx, err), closeConn(writing), closeLock(lock))
	}
	c := &Catalog{db: db, lock: lock, readers: newReaders(db), writer: newWriter(db, writing)}
	c.closing.done = make(chan struct{})
	go c.writer.run()
	return c, nil
}

// MigrationStatus lists every migration that this program knows, oldest first.
// It changes nothing; in a database that does not exist none was applied.
func MigrationStatus(ctx context.Context, o Options) ([]jarvis.Migration, error) {
	return withDatabase(o, func(db *database) ([]jarvis.Migration, error) { return db.migrationStatus(ctx) })
}

// MigrateUp makes the catalogue when there is none, applies the migrations that
// are missing, and returns them, oldest first. It needs the store for itself:
// CodeUnavailable while another process uses it.
func MigrateUp(ctx context.Context, o Options) ([]jarvis.Migration, error) {
	return withDatabase(o, func(db *database) ([]jarvis.Migration, error) { return db.migrateUp(ctx) })
}

// MigrateDown copies the database aside, takes back the newest migration, and
// returns it. What only newer columns hold is lost. CodeUnavailable while another
// process uses the store, CodeConflict when only migration 1 is left: it made
// the captures themselves.
func MigrateDown(ctx context.Context, o Options) (jarvis.Migration, error) {
	return withDatabase(o, func(db *database) (jarvis.Migration, error) { return db.migrateDown(ctx) })
}

func withDatabase[T any](o Options, use func(*database) (T, error)) (T, error) {
	var zero T
	db, err := newDatabase(o)
	if err != nil {
		return zero, err
	}
	v, err := use(db)
	if err = db.closeAfter(err); err != nil {
		return zero, err
	}
	return v, nil
}
