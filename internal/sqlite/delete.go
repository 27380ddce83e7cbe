package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// BeginDelete implements jarvis.Catalog.
func (c *Catalog) BeginDelete(ctx context.Context, id jarvis.ID) (jarvis.PendingDelete, error) {
	return doWrite(ctx, c, "begin a deletion", func(on *conn) (jarvis.PendingDelete, error) {
		pending := jarvis.PendingDelete{ID: id}
		row, found, err := findCounted(on, id)
		if err != nil {
			return pending, err
		}
		if !found {
			again, err := on.find(func(s *sqlite3.Stmt) { pending.Filepath = s.ColumnText(0) },
				"SELECT filepath FROM tombstones WHERE id = ? AND finished_at IS NULL", id.String())
			if err == nil && !again {
				err = whyMissing(on, id)
			}
			return pending, err
		}
		pending.Filepath = row.filepath
		if err := deleteRow(on, row.seq); err != nil {
			if errors.Is(err, sqlite3.CONSTRAINT_FOREIGNKEY) {
				err = jarvis.CaptureReferred(id)
			}
			return pending, err
		}
		if err := unpin(on, row.at, id); err != nil {
			return pending, err
		}
		if err := forget(on, row.seq); err != nil {
			return pending, err
		}
		if err := count(on, row.at, row.device, -1, -row.bytes); err != nil {
			return pending, err
		}
		return pending, on.exec("INSERT INTO tombstones (id, filepath, deleted_at) VALUES (?, ?, ?)",
			id.String(), row.filepath, time.Now().UnixMicro())
	})
}

// deleteRow fails with CONSTRAINT_FOREIGNKEY also where that is deferred: the
// commit would fail, and with it the writes of everyone in the batch.
func deleteRow(on *conn, seq int64) error {
	if err := on.exec("DELETE FROM captures WHERE seq = ?", seq); err != nil {
		return err
	}
	dangling, _, err := on.Status(sqlite3.DBSTATUS_DEFERRED_FKS, false)
	if err == nil && dangling != 0 {
		err = sqlite3.CONSTRAINT_FOREIGNKEY
	}
	return err
}

// FinishDelete implements jarvis.Catalog.
func (c *Catalog) FinishDelete(ctx context.Context, id jarvis.ID) error {
	return c.write(ctx, "finish a deletion", func(on *conn) error {
		return on.exec("UPDATE tombstones SET filepath = NULL, finished_at = ? WHERE id = ? AND finished_at IS NULL",
			time.Now().UnixMicro(), id.String())
	})
}

// PendingDeletes implements jarvis.Catalog.
func (c *Catalog) PendingDeletes(ctx context.Context, after jarvis.ID, limit int) ([]jarvis.PendingDelete, error) {
	if err := jarvis.CheckPage(limit); err != nil {
		return nil, err
	}
	return read(ctx, c, "list pending deletions", func(on *conn) ([]jarvis.PendingDelete, error) {
		list := []jarvis.PendingDelete{}
		err := on.query(func(s *sqlite3.Stmt) error {
			id, err := jarvis.ParseID(s.ColumnText(0))
			if err != nil {
				return corruptRow(err)
			}
			list = append(list, jarvis.PendingDelete{ID: id, Filepath: s.ColumnText(1)})
			return nil
		}, "SELECT id, filepath FROM tombstones WHERE finished_at IS NULL AND id > ? ORDER BY id LIMIT ?", after.String(), limit)
		return list, err
	})
}

// Undelete implements jarvis.Catalog.
func (c *Catalog) Undelete(ctx context.Context, id jarvis.ID) error {
	return c.write(ctx, "undelete", func(on *conn) error {
		pending, err := on.number("SELECT EXISTS (SELECT 1 FROM tombstones WHERE id = ? AND finished_at IS NULL)", id.String())
		if err != nil {
			return err
		}
		if pending != 0 {
			return jarvis.DeletionPending(id)
		}
		return on.exec("DELETE FROM tombstones WHERE id = ?", id.String())
	})
}

// purgeBatch bounds the ids that are purged at a time.
const purgeBatch = 1000

// Purge implements jarvis.Catalog. The catalogue itself overwrites what it
// deletes (secure_delete), but for words in its index; what else is left is in the
// WAL, in the copies, and in an index that another took the place of.
func (c *Catalog) Purge(ctx context.Context) error {
	err := c.purgeIndex(ctx)
	if err == nil {
		err = c.scrub(ctx)
	}
	if err != nil {
		return err
	}
	for {
		ids, err := c.unpurged(ctx)
		if err != nil || len(ids) == 0 && !c.scrubbed.Load() {
			return err
		}
		if err := c.enter(ctx); err != nil {
			return err
		}
		err = c.purge(ctx, ids)
		c.leave()
		if err != nil {
			return c.db.translate(ctx, "purge", err)
		}
		err = c.write(ctx, "purge", func(on *conn) error {
			for _, id := range ids {
				if err := on.exec("UPDATE tombstones SET purged_at = ? WHERE id = ?", time.Now().UnixMicro(), id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

func (c *Catalog) unpurged(ctx context.Context) ([]string, error) {
	return read(ctx, c, "purge", func(on *conn) (ids []string, err error) {
		err = on.query(func(s *sqlite3.Stmt) error {
			ids = append(ids, s.ColumnText(0))
			return nil
		}, "SELECT id FROM tombstones WHERE finished_at IS NOT NULL AND purged_at IS NULL ORDER BY id LIMIT ?", purgeBatch)
		return ids, err
	})
}

// purge removes captures from every copy, and what is gone from the WAL by
// emptying it.
func (c *Catalog) purge(ctx context.Context, ids []string) error {
	if len(ids) > 0 {
		copies, err := c.db.copies()
		if err != nil {
			return err
		}
		var errs []error
		for _, path := range copies {
			errs = append(errs, c.db.purgeCopy(ctx, path, ids))
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	scrubbed := c.scrubbed.Swap(false)
	connect := func() (*conn, error) { return c.db.connectWriter(c.db.path) }
	err := withConn(ctx, connect, func(on *conn) error {
		return retryBusy(ctx, func() error { return truncateWAL(on) })
	})
	if err != nil && scrubbed {
		c.scrubbed.Store(true)
	}
	return err
}
