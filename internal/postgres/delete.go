package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// BeginDelete removes the row, its counters and all that was read, and leaves a
// tombstone.
func (c *Catalog) BeginDelete(ctx context.Context, id jarvis.ID) (jarvis.PendingDelete, error) {
	const statement = `
		WITH removed AS (
			DELETE FROM captures WHERE id = $1::text
			RETURNING id, timestamp, filepath, device, floor(extract(epoch FROM timestamp) / 900)::integer AS bucket,
				coalesce(nullif(stored_size, 0), file_size) AS bytes
		), stone AS (
			INSERT INTO tombstones (id, filepath) SELECT id, filepath FROM removed
			ON CONFLICT (id) DO UPDATE SET filepath = excluded.filepath, deleted_at = now(), purged = false
		), unpinned AS (
			DELETE FROM pins USING removed WHERE captured_at = timestamp AND capture_id = removed.id COLLATE "C"
		), unqueued AS (
			DELETE FROM queue WHERE capture_id = $1::text COLLATE "C"
		), unread AS (
			DELETE FROM readings WHERE capture_id = $1::text COLLATE "C"
		), undocumented AS (
			DELETE FROM documents USING removed WHERE captured_at = timestamp AND capture_id = removed.id COLLATE "C"
		), delta AS (
			INSERT INTO counter_deltas (bucket, device, captures, bytes) SELECT bucket, device, -1, -bytes FROM removed
		)
		SELECT (SELECT filepath FROM removed), (SELECT filepath FROM tombstones WHERE id = $1::text), EXISTS (SELECT FROM tombstones WHERE id = $1::text)`
	var removed, pending *string
	var gone bool
	err := c.writeID(ctx, "begin delete", id, statement, []any{id.String()}, &removed, &pending, &gone)
	switch {
	case sqlState(err) == stateForeignKeyViolation:
		return jarvis.PendingDelete{}, jarvis.CaptureReferred(id)
	case err != nil:
		return jarvis.PendingDelete{}, err
	case removed != nil:
		c.counted()
		return jarvis.PendingDelete{ID: id, Filepath: *removed}, nil
	case pending != nil:
		return jarvis.PendingDelete{ID: id, Filepath: *pending}, nil
	case gone:
		return jarvis.PendingDelete{}, jarvis.CaptureDeleted(id)
	}
	return jarvis.PendingDelete{}, jarvis.NoCapture(id)
}

// FinishDelete records that the image is gone.
func (c *Catalog) FinishDelete(ctx context.Context, id jarvis.ID) error {
	return c.write(ctx, "finish delete", func(ctx context.Context) error {
		_, err := c.pool.Exec(ctx, "UPDATE tombstones SET filepath = NULL WHERE id = $1::text AND filepath IS NOT NULL", id.String())
		return err
	})
}

// PendingDeletes lists deletions that were begun and not finished, by id.
func (c *Catalog) PendingDeletes(ctx context.Context, after jarvis.ID, limit int) (pending []jarvis.PendingDelete, err error) {
	if err := jarvis.CheckPage(limit); err != nil {
		return nil, err
	}
	err = c.read(ctx, "list pending deletes", func(ctx context.Context) error {
		rows, err := c.pool.Query(ctx, `
			SELECT id, filepath FROM tombstones WHERE filepath IS NOT NULL AND id > $1::text COLLATE "C" ORDER BY id LIMIT $2`, after.String(), limit)
		if err != nil {
			return err
		}
		pending, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p jarvis.PendingDelete, err error) {
			var id string
			if err := row.Scan(&id, &p.Filepath); err != nil {
				return p, err
			}
			p.ID, err = storedID(id)
			return p, err
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return pending, nil
}

// Undelete removes the tombstone of a finished deletion.
func (c *Catalog) Undelete(ctx context.Context, id jarvis.ID) error {
	const statement = `
		WITH gone AS (
			DELETE FROM tombstones WHERE id = $1::text AND filepath IS NULL
		)
		SELECT EXISTS (SELECT FROM tombstones WHERE id = $1::text AND filepath IS NOT NULL)`
	var pending bool
	if err := c.writeID(ctx, "undelete", id, statement, []any{id.String()}, &pending); err != nil {
		return err
	}
	if pending {
		return jarvis.DeletionPending(id)
	}
	return nil
}
