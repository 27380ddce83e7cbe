package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// defaultRewriteLimit is the size in bytes, with indexes and long values, up to
// which Purge rewrites the tables: some 300,000 captures without text. That
// takes a second for each 50 MB or so, in which nobody else reads or writes.
const defaultRewriteLimit = 256 << 20

// lockPatience bounds how long everybody waits behind a rewriting that itself
// waits for a long transaction.
const lockPatience = 5 * time.Second

// purged are the tables that hold something of a capture.
const purged = "captures, tombstones, counters, counter_deltas"

// Purge removes what deletions left in the tables' files. VACUUM alone gives the
// space free and leaves the bytes: they stay in the unused part of a page, of a
// table or of an index, until something is written over them. So the tables are
// rewritten, unless they are too large for everybody to wait; see LeftPages.
//
// What a transaction that is older than the deletion may still see stays until a
// later Purge. The server's write-ahead log, its replicas and its backups are
// out of reach.
func (c *Catalog) Purge(ctx context.Context) error {
	var last *time.Time
	err := c.read(ctx, "find what to purge", func(ctx context.Context) error {
		return c.pool.QueryRow(ctx, "SELECT max(deleted_at) FROM tombstones WHERE NOT purged AND filepath IS NULL").Scan(&last)
	})
	if err != nil || last == nil {
		return err
	}
	return c.write(ctx, "purge", func(ctx context.Context) error {
		rewritten, err := c.rewrite(ctx)
		if err == nil && !rewritten {
			_, err = c.pool.Exec(ctx, "VACUUM "+purged)
			c.leftPages.Store(true)
		}
		if err != nil {
			return err
		}
		_, err = c.pool.Exec(ctx, "UPDATE tombstones SET purged = true WHERE NOT purged AND filepath IS NULL AND deleted_at <= $1", *last)
		return err
	})
}

// LeftPages reports whether Purge has had to leave the bytes of something
// deleted in unused parts of the tables' files, because they are too large to
// be rewritten or were in use. PostgreSQL writes over them in time; VACUUM (FULL)
// captures, at an hour when nobody minds, removes them.
func (c *Catalog) LeftPages() bool { return c.leftPages.Load() }

// rewrite writes the tables and their indexes anew, into other files, and
// reports whether it did.
func (c *Catalog) rewrite(ctx context.Context) (done bool, err error) {
	var size int64
	err = c.pool.QueryRow(ctx, "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(string_to_array($1, ', ')) AS name", purged).Scan(&size)
	if err != nil || size > c.rewriteLimit {
		return false, err
	}
	config := c.server.connConfig()
	config.RuntimeParams["lock_timeout"] = milliseconds(lockPatience)
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	_, err = conn.Exec(ctx, "VACUUM (FULL) "+purged)
	if sqlState(err) == stateLockNotAvailable {
		return false, nil
	}
	return err == nil, err
}
