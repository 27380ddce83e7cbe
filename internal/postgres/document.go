package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// FindDocumented returns a page of captures that have a document, with their text.
func (c *Catalog) FindDocumented(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.Capture, error) {
	if err := jarvis.CheckPage(limit); err != nil {
		return nil, err
	}
	q := documentedStatement(after, limit)
	return findAll(ctx, c, "find captures with documents", scanWithText, q.sql, q.args...)
}

func documentedStatement(after jarvis.Cursor, limit int) statement {
	w := new(conditions)
	w.after(after)
	sql := "SELECT " + captureColumns + ", ocr_text FROM (SELECT captured_at, capture_id FROM documents" + w.String() + newestFirst + "LIMIT " + w.place(limit) +
		") AS d " + captureOf + "captures ORDER BY d.captured_at DESC, d.capture_id DESC"
	return statement{sql, w.args}
}

// giveDocuments goes in the order of ids, so that two that give documents to the
// same captures do not wait for each other.
const giveDocuments = `
	WITH given AS MATERIALIZED (
		SELECT d.captured_at, d.capture_id, given.words FROM unnest($1::text[], $2::text[]) AS given (id, words)
			CROSS JOIN LATERAL (SELECT timestamp FROM captures WHERE captures.id = given.id OFFSET 0) AS c
			CROSS JOIN LATERAL (
				SELECT captured_at, capture_id FROM documents
				WHERE captured_at = c.timestamp AND capture_id = given.id COLLATE "C" AND documents.words <> given.words
				OFFSET 0
			) AS d
		ORDER BY d.capture_id
	)
	UPDATE documents AS d SET words = given.words FROM given
	WHERE d.captured_at = given.captured_at AND d.capture_id = given.capture_id`

// SetDocuments gives captures other documents.
func (c *Catalog) SetDocuments(ctx context.Context, documents []jarvis.Document, next jarvis.Cursor) error {
	ids, words := make([]string, len(documents)), make([]string, len(documents))
	for i, d := range documents {
		ids[i], words[i] = d.ID.String(), d.Words
	}
	return c.write(ctx, "set documents", func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, giveDocuments, ids, words); err != nil {
				return err
			}
			if next.IsZero() {
				_, err := tx.Exec(ctx, "DELETE FROM reindexing")
				return err
			}
			_, err := tx.Exec(ctx, `INSERT INTO reindexing (captured_at, capture_id) VALUES ($1, $2)
				ON CONFLICT (singleton) DO UPDATE SET captured_at = excluded.captured_at, capture_id = excluded.capture_id`, floor(next.Timestamp), next.ID.String())
			return err
		})
	})
}

// ReindexPosition returns the position that the last SetDocuments recorded.
func (c *Catalog) ReindexPosition(ctx context.Context) (at jarvis.Cursor, err error) {
	err = c.read(ctx, "read how far documents were made anew", func(ctx context.Context) error {
		var id string
		err := c.pool.QueryRow(ctx, "SELECT captured_at, capture_id FROM reindexing").Scan(&at.Timestamp, &id)
		if errors.Is(err, pgx.ErrNoRows) {
			at = jarvis.Cursor{}
			return nil
		}
		if err == nil {
			at.Timestamp = at.Timestamp.UTC()
			at.ID, err = storedID(id)
		}
		return err
	})
	return at, err
}

// RebuildIndex makes the index of words anew. PostgreSQL does so from the
// beginning: what an earlier attempt made is dropped. One at a time does it.
func (c *Catalog) RebuildIndex(ctx context.Context, progress jarvis.Progress) error {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	err := c.alone(ctx, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", rebuildLock); err != nil {
			return err
		}
		if err := dropRemains(ctx, conn); err != nil {
			return err
		}
		var total int64
		if err := conn.QueryRow(ctx, "SELECT pg_relation_size('documents') / current_setting('block_size')::bigint").Scan(&total); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, "SET maintenance_work_mem = '256MB'"); err != nil {
			return err
		}
		progress(0, total)
		stop := c.watchRebuild(ctx, conn.PgConn().PID(), total, progress)
		_, err := conn.Exec(ctx, "REINDEX INDEX CONCURRENTLY ix_documents_words")
		stop()
		if err == nil {
			progress(total, total)
		}
		return err
	})
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, c.forgetRebuild(context.WithoutCancel(ctx)))
	}
	return c.server.translate(ctx, "rebuild the index", err)
}

// dropRemains drops what interrupted rebuildings have left, which every writing
// would go on keeping up to date.
func dropRemains(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, `
		SELECT format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
		WHERE indrelid = 'documents'::regclass AND relname ~ '^ix_documents_words_cc(new|old)[0-9]*$'`)
	if err != nil {
		return err
	}
	drops, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, drop := range drops {
		if err == nil {
			_, err = conn.Exec(ctx, drop)
		}
	}
	return err
}

// forgetRebuild drops what a rebuilding that was cancelled has left, unless
// another has begun, or older transactions keep it waiting: then the next does.
func (c *Catalog) forgetRebuild(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return c.alone(ctx, func(conn *pgx.Conn) error {
		var free bool
		err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", rebuildLock).Scan(&free)
		if err != nil || !free {
			return err
		}
		return dropRemains(ctx, conn)
	})
}

// watchRebuild tells progress of the rebuilding of a process, until it is stopped.
func (c *Catalog) watchRebuild(ctx context.Context, pid uint32, total int64, progress jarvis.Progress) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for last := int64(0); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			var done int64
			err := c.pool.QueryRow(ctx, "SELECT blocks_done FROM pg_stat_progress_create_index WHERE pid = $1", int32(pid)).Scan(&done)
			if done = min(done, total); err == nil && done > last {
				progress(done, total)
				last = done
			}
		}
	}()
	return func() {
		cancel()
		<-stopped
	}
}
