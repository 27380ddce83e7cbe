package postgres

import (
	"context"
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

// purgeBatch bounds the deletions that are made final at a time.
const purgeBatch = 50_000

// purged are the tables that hold something of a capture.
const purged = "captures, tombstones, counters, counter_deltas, devices"

// Purge removes what deletions left in the tables' files. VACUUM alone gives the
// space free and leaves the bytes: they stay in the unused part of a page, of a
// table or of an index, until something is written over them. So the tables are
// rewritten, unless they are too large for everybody to wait; see LeftPages.
//
// What a transaction that is older than the deletion may still see stays until a
// later Purge. The server's write-ahead log, its replicas and its backups are
// out of reach.
func (c *Catalog) Purge(ctx context.Context) error {
	for {
		ids, err := c.unpurged(ctx)
		if err != nil || len(ids) == 0 {
			return err
		}
		if err := c.empty(ctx); err != nil {
			return c.server.translate(ctx, "purge", err)
		}
		err = c.write(ctx, "purge", func(ctx context.Context) error {
			// Not those that were finished meanwhile, which may have been passed by.
			_, err := c.pool.Exec(ctx, "UPDATE tombstones SET purged = true WHERE id = ANY ($1) AND filepath IS NULL", ids)
			return err
		})
		if err != nil || len(ids) < purgeBatch {
			return err
		}
	}
}

func (c *Catalog) unpurged(ctx context.Context) (ids []string, err error) {
	err = c.read(ctx, "find what to purge", func(ctx context.Context) error {
		rows, err := c.pool.Query(ctx, "SELECT id FROM tombstones WHERE NOT purged AND filepath IS NULL LIMIT $1", purgeBatch)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return ids, err
}

// LeftPages reports whether Purge has had to leave the bytes of something
// deleted in unused parts of the tables' files, because they are too large to
// be rewritten or were in use. PostgreSQL writes over them in time; VACUUM (FULL)
// captures, at an hour when nobody minds, removes them.
func (c *Catalog) LeftPages() bool { return c.leftPages.Load() }

// empty rewrites the tables and their indexes into other files, or gives the
// space of what was deleted free where it cannot. That takes as long as it takes:
// no time-out ends it, only ctx.
func (c *Catalog) empty(ctx context.Context) error {
	return c.alone(ctx, func(conn *pgx.Conn) error {
		rewritten, err := c.rewrite(ctx, conn)
		if err != nil || rewritten {
			return err
		}
		c.leftPages.Store(true)
		_, err = conn.Exec(ctx, "VACUUM "+purged)
		return err
	})
}

// rewrite reports whether the tables are small enough to be rewritten, and were.
func (c *Catalog) rewrite(ctx context.Context, conn *pgx.Conn) (done bool, err error) {
	var size int64
	err = conn.QueryRow(ctx, "SELECT sum(pg_total_relation_size(name::regclass)) FROM unnest(string_to_array($1, ', ')) AS name", purged).Scan(&size)
	if err != nil || size > c.rewriteLimit {
		return false, err
	}
	if _, err := conn.Exec(ctx, "SET lock_timeout = "+milliseconds(lockPatience)); err != nil {
		return false, err
	}
	_, err = conn.Exec(ctx, "VACUUM (FULL) "+purged)
	if sqlState(err) == stateLockNotAvailable {
		_, err = conn.Exec(ctx, "SET lock_timeout = 0")
		return false, err
	}
	return err == nil, err
}
