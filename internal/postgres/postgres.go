// Package postgres keeps the catalogue in PostgreSQL 13 or newer.
//
// Any number of processes may work on the same database. Each holds a lock on
// it that ends with its connections, so it must reach the server directly and
// not through a pooler that shares sessions.
package postgres

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/jarvis-memory/jarvis"
)

// Options says which catalogue to open and how.
type Options struct {
	// URL is what pgx reads: postgresql://user:password@host/database, with
	// what is missing from the environment. Its password appears in no error.
	URL string

	// NewStore is what a catalogue that is made anew records of its store; one
	// that is there already, or an older Jarvis made, ignores it.
	NewStore jarvis.NewStore

	// MustExist refuses to make a new catalogue: a database without one is
	// CodeNotFound, and so is one whose making was interrupted.
	MustExist bool

	// Logger is told of migrations; nil for nobody.
	Logger *slog.Logger

	rewriteLimit int64 // what tests set; see defaultRewriteLimit
	walked       int   // likewise; see defaultWalked
}

// Catalog is a jarvis.Catalog on PostgreSQL.
type Catalog struct {
	server server
	pool   *pgxpool.Pool
	noText bool // the store keeps no OCRText

	walked int // documents that a search reads first

	rewriteLimit int64
	leftPages    atomic.Bool

	closed     atomic.Bool
	mu         sync.Mutex     // held while closed is set and while background grows
	background sync.WaitGroup // foldings of counters
	folding    atomic.Bool
}

var _ jarvis.Catalog = (*Catalog)(nil)

// Open connects to the database, makes the catalogue when there is none, and
// brings its schema up to date; the database of an older Jarvis is adopted. The
// caller must Close the catalogue.
//
// Errors are *jarvis.Error: CodeMismatch for a database that is newer than the
// program or holds another program's tables, CodeInvalid for a URL that cannot
// be read, and CodeUnavailable for a server that does not answer or refuses the
// login.
func Open(ctx context.Context, o Options) (*Catalog, error) {
	s, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, s.poolConfig())
	if err != nil {
		return nil, s.translate(ctx, "open the catalogue", err)
	}
	c := &Catalog{server: s, pool: pool, rewriteLimit: cmp.Or(o.rewriteLimit, defaultRewriteLimit), walked: cmp.Or(o.walked, defaultWalked)}
	if err := c.prepare(ctx, o); err != nil {
		pool.Close()
		return nil, s.translate(ctx, "open the catalogue", err)
	}
	return c, nil
}

func (s server) missing() error {
	return jarvis.Errorf(jarvis.CodeNotFound, "there is no catalogue in database %q at %s", s.database(), s.address())
}

// prepare brings the schema up to date and gives a new store its identity.
func (c *Catalog) prepare(ctx context.Context, o Options) error {
	schema, err := inspect(ctx, c.pool)
	if err != nil {
		return err
	}
	if err := schema.check(); err != nil {
		return err
	}
	if schema.version < newestVersion {
		if o.MustExist && !schema.captures {
			return c.server.missing()
		}
		if _, err := migrateUp(ctx, c.server, o.Logger); err != nil {
			return err
		}
	}
	return c.identify(ctx, o)
}

// Close waits for what is in flight and closes the connections.
func (c *Catalog) Close() error {
	c.mu.Lock()
	c.closed.Store(true)
	c.mu.Unlock()
	c.background.Wait()
	c.pool.Close()
	return nil
}
