package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// requeueBatch bounds the captures that one transaction puts into the queue, and
// the locks that it has: PostgreSQL has room for 6,400 of all transactions.
const requeueBatch = 500

// Requeue makes captures due.
func (c *Catalog) Requeue(ctx context.Context, f jarvis.RequeueFilter, now time.Time) (done int64, err error) {
	batch := c.requeueAll
	if f.Failed {
		batch = c.requeueFailed
	}
	for after := (jarvis.Cursor{}); ; {
		var queued int64
		if queued, after, err = batch(ctx, f, after, floor(now)); err != nil {
			return done, err
		}
		done += queued
		if after.IsZero() {
			return done, nil
		}
	}
}

// requeueAll queues a batch of captures, and returns where the next begins. It
// has the locks of their ids: a deletion that waited for the rows only would not
// see what was queued meanwhile, and leave it.
func (c *Catalog) requeueAll(ctx context.Context, f jarvis.RequeueFilter, after jarvis.Cursor, now time.Time) (queued int64, next jarvis.Cursor, err error) {
	page, err := findPage(ctx, c, "find captures to requeue", "timestamp, id",
		jarvis.CaptureFilter{From: f.From, To: f.To, Order: jarvis.OldestFirst, After: after, Limit: requeueBatch},
		func(row pgx.CollectableRow) (at jarvis.Cursor, err error) {
			var id string
			if err = row.Scan(&at.Timestamp, &id); err == nil {
				at.ID, err = storedID(id)
			}
			return at, err
		})
	if err != nil || len(page) == 0 {
		return 0, jarvis.Cursor{}, err
	}
	ids, texts := make([]jarvis.ID, len(page)), make([]string, len(page))
	for i, at := range page {
		ids[i], texts[i] = at.ID, at.ID.String()
	}
	const statement = `
		WITH page AS (
			SELECT timestamp, id FROM captures WHERE id = ANY ($1::text[])
		), queued AS (
			INSERT INTO queue (capture_id, captured_at, due_at, redo_at) SELECT id, timestamp, $2::timestamptz, $2::timestamptz FROM page
			ON CONFLICT (capture_id) DO UPDATE SET due_at = excluded.due_at, redo_at = excluded.redo_at,
				token = NULL, claims = 0, failures = 0, aside = false, reason = ''
			RETURNING 1
		)
		SELECT count(*) FROM queued`
	err = c.writeIDs(ctx, "requeue captures", ids, statement, []any{texts, now}, &queued)
	return queued, page[len(page)-1], err
}

// requeueFailed is requeueAll for what is in the queue and has failed; its batches
// are in the order of ids alone.
func (c *Catalog) requeueFailed(ctx context.Context, f jarvis.RequeueFilter, after jarvis.Cursor, now time.Time) (queued int64, next jarvis.Cursor, err error) {
	w := &conditions{args: []any{now}}
	w.add(`capture_id > %s::text COLLATE "C"`, after.ID.String())
	w.add("failures > 0")
	w.between("captured_at", f.From, f.To)
	statement := `
		WITH page AS MATERIALIZED (
			SELECT capture_id FROM queue` + w.String() + ` ORDER BY capture_id LIMIT ` + w.place(requeueBatch) + ` FOR UPDATE
		), queued AS (
			UPDATE queue SET due_at = $1::timestamptz, token = NULL, claims = 0, failures = 0, aside = false, reason = ''
			WHERE capture_id = ANY (ARRAY (SELECT capture_id FROM page))
			RETURNING 1
		)
		SELECT (SELECT count(*) FROM queued), max(capture_id) FROM page`
	var last *string
	err = c.write(ctx, "requeue captures", func(ctx context.Context) error {
		return c.pool.QueryRow(ctx, statement, w.args...).Scan(&queued, &last)
	})
	if err != nil || last == nil {
		return 0, jarvis.Cursor{}, err
	}
	next.ID, err = storedID(*last)
	return queued, next, err
}
