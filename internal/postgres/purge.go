package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// defaultRewriteLimit is the size in bytes, with indexes and long values, up to
// which Purge rewrites the tables: some 300,000 captures without text, or 3,500
// with documents. That takes a second for each 50 MB or so, in which nobody else
// reads or writes.
const defaultRewriteLimit = 256 << 20

// purgePatience bounds how long everybody waits behind a rewriting that itself
// waits for a transaction, and how long Purge waits for old transactions to end.
const purgePatience = time.Second

// purgeBatch bounds the deletions that are made final at a time.
const purgeBatch = 50_000

// purged are the tables that hold something of a capture. To rewrite documents
// takes indexWeight times as long as others of their size, since their index is
// made anew.
const (
	purged      = "captures, tombstones, counters, counter_deltas, devices, pins, queue, readings, documents"
	indexWeight = 16
)

// Purge removes what deletions left in the tables' files. VACUUM alone gives the
// space free and leaves the bytes: they stay in the unused part of a page, of a
// table or of an index, until something is written over them. So the tables are
// rewritten, unless they are too large for everybody to wait; see LeftPages.
//
// While another transaction uses the tables, or began before the deletion and so
// may still see what it removed, Purge leaves that to a later one. The server's
// write-ahead log, its replicas and its backups are out of reach.
func (c *Catalog) Purge(ctx context.Context) error {
	for {
		ids, err := c.unpurged(ctx)
		if err != nil || len(ids) == 0 {
			return err
		}
		final, err := c.empty(ctx, ids)
		if err != nil {
			return c.server.translate(ctx, "purge", err)
		}
		if !final {
			return nil
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

// LeftPages reports whether the last Purge that had something to do has had to
// leave the bytes of something deleted in unused parts of the tables' files. Of
// tables that are too large to be rewritten, PostgreSQL writes over them in time;
// VACUUM (FULL) captures, at an hour when nobody minds, removes them. What was in
// use a later Purge removes.
func (c *Catalog) LeftPages() bool { return c.leftPages.Load() }

// empty rewrites the tables and their indexes into other files, or gives the
// space of what was deleted free where it cannot. It reports false when a later
// attempt may do more. It takes as long as it takes: only ctx ends it.
func (c *Catalog) empty(ctx context.Context, ids []string) (final bool, err error) {
	err = c.alone(ctx, func(conn *pgx.Conn) error {
		held, err := waitUntilFree(ctx, conn, ids)
		if held || err != nil {
			c.leftPages.Store(held)
			return err
		}
		var size int64
		err = conn.QueryRow(ctx, `
			SELECT sum(pg_total_relation_size(name::regclass) * CASE name WHEN 'documents' THEN $2::bigint ELSE 1 END)::bigint
			FROM unnest(string_to_array($1, ', ')) AS name`, purged, indexWeight).Scan(&size)
		if err != nil {
			return err
		}
		rewritten, small := false, size <= c.rewriteLimit
		if small {
			rewritten, err = rewrite(ctx, conn)
		}
		c.leftPages.Store(!rewritten)
		final = rewritten || !small
		if rewritten || err != nil {
			return err
		}
		_, err = conn.Exec(ctx, "VACUUM "+purged)
		return err
	})
	return final && err == nil, err
}

// rewrite reports whether the tables could be had for rewriting, and were.
func rewrite(ctx context.Context, conn *pgx.Conn) (bool, error) {
	if _, err := conn.Exec(ctx, "SET lock_timeout = "+milliseconds(purgePatience)); err != nil {
		return false, err
	}
	_, err := conn.Exec(ctx, "VACUUM (FULL) "+purged)
	if sqlState(err) == stateLockNotAvailable {
		_, err = conn.Exec(ctx, "SET lock_timeout = 0")
		return false, err
	}
	return err == nil, err
}

// waitUntilFree waits a moment for the transactions that may see what was
// deleted, and reports whether some are left. For them any VACUUM keeps it, and
// VACUUM (FULL) copies it. They are those that run since before the last deletion
// was finished, or whose snapshot is older; those that come later see nothing of
// it. Of another database only what concerns all of them counts.
func waitUntilFree(ctx context.Context, conn *pgx.Conn, ids []string) (held bool, err error) {
	const query = `
		SELECT EXISTS (
			SELECT FROM (
				SELECT unnest(ARRAY[backend_xid, backend_xmin]) AS oldest FROM pg_stat_activity
				WHERE pid <> pg_backend_pid() AND (datid IS NULL OR datid = (SELECT oid FROM pg_database WHERE datname = current_database()))
				UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()
				UNION ALL SELECT xmin FROM pg_replication_slots
			) AS others
			WHERE age(oldest) >= (SELECT min(age(xmin)) FROM tombstones WHERE id = ANY ($1)))`
	deadline := time.Now().Add(purgePatience)
	tick := time.NewTicker(purgePatience / 20)
	defer tick.Stop()
	for {
		err := conn.QueryRow(ctx, query, ids).Scan(&held)
		if err != nil || !held || time.Now().After(deadline) {
			return held, err
		}
		select {
		case <-ctx.Done():
			return held, ctx.Err()
		case <-tick.C:
		}
	}
}
