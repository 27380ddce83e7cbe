package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.Readings = (*Catalog)(nil)

// claimStatement leases what a condition on queue selects. Rows that another
// caller is about to lease are passed by; one that was leased since the statement
// began is looked at again, and is not due any more. What another program has
// removed from captures leaves the queue. The twin is found by its digest; its id
// is compared as the key of captures does. The rows come in no order.
func claimStatement(which string) string {
	return `
		WITH due AS MATERIALIZED (
			SELECT capture_id, captured_at FROM queue WHERE NOT aside AND due_at <= $1::timestamptz AND ` + which + `
			FOR UPDATE SKIP LOCKED
		), known AS MATERIALIZED (
			SELECT due.capture_id, EXISTS (SELECT FROM captures WHERE timestamp = due.captured_at AND id COLLATE "C" = due.capture_id OFFSET 0) AS there FROM due
		), gone AS (
			DELETE FROM queue WHERE capture_id = ANY (ARRAY (SELECT capture_id FROM known WHERE NOT there))
		), leased AS MATERIALIZED (
			UPDATE queue SET due_at = $2::timestamptz, token = gen_random_uuid()::text, claims = claims + 1
			WHERE capture_id = ANY (ARRAY (SELECT capture_id FROM known WHERE there))
			RETURNING capture_id, captured_at, token, claims, failures, redo_at
		)
		SELECT ` + captureColumns + `, ocr_text, token, claims, failures, redo_at IS NOT NULL, twin_text, ` + readingColumns + `
		FROM leased
			JOIN captures ON timestamp = captured_at AND id COLLATE "C" = leased.capture_id
			LEFT JOIN LATERAL (
				SELECT * FROM readings WHERE digest = content_digest AND read_at >= coalesce(redo_at, '-infinity')
				ORDER BY digest DESC, read_at DESC LIMIT 1
			) AS r ON true
			LEFT JOIN LATERAL (SELECT ocr_text AS twin_text FROM captures AS t WHERE t.id = r.capture_id COLLATE "default" OFFSET 0) AS twin ON true`
}

// ClaimReadings leases the newest captures that are due.
func (c *Catalog) ClaimReadings(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]*jarvis.Claim, error) {
	if err := jarvis.CheckPage(limit); err != nil {
		return nil, err
	}
	return c.claim(ctx, now, lease, "true ORDER BY captured_at DESC, capture_id DESC LIMIT $3", limit)
}

// ClaimReading leases one capture.
func (c *Catalog) ClaimReading(ctx context.Context, id jarvis.ID, now time.Time, lease time.Duration) (*jarvis.Claim, error) {
	claims, err := c.claim(ctx, now, lease, `capture_id = $3::text COLLATE "C"`, id.String())
	if err != nil || len(claims) == 0 {
		return nil, err
	}
	return claims[0], nil
}

func (c *Catalog) claim(ctx context.Context, now time.Time, lease time.Duration, which string, arg any) (claims []*jarvis.Claim, err error) {
	until := floor(now.Add(lease))
	err = c.write(ctx, "claim captures to read", func(ctx context.Context) error {
		rows, err := c.pool.Query(ctx, claimStatement(which), floor(now), until, arg)
		if err != nil {
			return err
		}
		claims, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (*jarvis.Claim, error) {
			claim := &jarvis.Claim{Until: until}
			var token string
			var text *string
			var twin readingScan
			capture, err := scanCapture(row, append([]any{&text, &token, &claim.Claims, &claim.Failures, &claim.Redo}, twin.targets()...)...)
			if err != nil {
				return nil, err
			}
			capture.OCRText = text
			claim.Capture, claim.ID = capture, capture.ID
			if claim.Token, err = storedID(token); err != nil {
				return nil, err
			}
			claim.Twin, err = twin.reading()
			return claim, err
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	sortNewestFirst(claims, func(c *jarvis.Claim) jarvis.Cursor { return c.Capture.Cursor() })
	return claims, nil
}

// endLease runs a statement of which "ended" are the rows of queue that a lease
// was on, and says what became of it.
func (c *Catalog) endLease(ctx context.Context, op string, lease jarvis.Lease, ended string, args ...any) error {
	statement := ended + `
		SELECT EXISTS (SELECT FROM ended), EXISTS (SELECT FROM captures WHERE id = $1::text)`
	var was, there bool
	err := c.writeID(ctx, op, lease.ID, statement, append([]any{lease.ID.String(), lease.Token.String()}, args...), &was, &there)
	switch {
	case err != nil || was:
		return err
	case there:
		return jarvis.LeaseOver(lease.ID)
	}
	return c.read(ctx, op, func(ctx context.Context) error { return c.absent(ctx, lease.ID) })
}

// documented is a part of a statement that gives the captures of ended the
// document that is its last argument.
const documented = `documented AS (
			INSERT INTO documents (capture_id, captured_at, words) SELECT capture_id, captured_at, $3::text FROM ended
			ON CONFLICT (captured_at, capture_id) DO UPDATE SET words = excluded.words WHERE documents.words <> excluded.words
		)`

// FinishReading stores what was read and the words of its document.
func (c *Catalog) FinishReading(ctx context.Context, lease jarvis.Lease, r *jarvis.Reading, document string) error {
	if r != nil {
		if err := r.Check(); err != nil {
			return err
		}
	}
	const ended = `
		WITH ended AS (
			DELETE FROM queue WHERE capture_id = $1::text COLLATE "C" AND token = $2::text COLLATE "C" RETURNING capture_id, captured_at
		), ` + documented
	if r == nil || c.noText {
		return c.endLease(ctx, "finish a reading", lease, ended, document)
	}
	return c.endLease(ctx, "finish a reading", lease, ended+`, texted AS (
			UPDATE captures SET ocr_text = $4::text FROM ended WHERE captures.id = $1::text
			RETURNING content_digest
		), kept AS (
			INSERT INTO readings AS r (capture_id, digest, language, engine, masked, read_at, words)
			SELECT $1::text, content_digest, $5::text, $6::text, $7::integer, $8::timestamptz, $9::bytea FROM texted
			ON CONFLICT (capture_id) DO UPDATE SET digest = excluded.digest, language = excluded.language, engine = excluded.engine,
				masked = excluded.masked, read_at = excluded.read_at, words = excluded.words
		)`, document, r.Text, r.Language, r.Engine, r.Masked, floor(r.ReadAt), jarvis.EncodeWords(r.Words))
}

// failed is a part of a statement that ends a lease with a failure.
const failed = `
		WITH ended AS (
			UPDATE queue SET token = NULL, failures = failures + 1, reason = $4::text,
				due_at = coalesce($5::timestamptz, '-infinity'), aside = $5::timestamptz IS NULL
			WHERE capture_id = $1::text COLLATE "C" AND token = $2::text COLLATE "C"
			RETURNING capture_id, captured_at
		)`

// FailReading ends a lease and counts a failure.
func (c *Catalog) FailReading(ctx context.Context, lease jarvis.Lease, f jarvis.ReadFailure) error {
	var retry *time.Time
	if !f.Retry.IsZero() {
		at := bound(f.Retry)
		retry = &at
	}
	return c.endLease(ctx, "fail a reading", lease, failed+", without AS (SELECT $3::text)", "", cleanReason(f.Reason), retry)
}

// SetAside ends a lease for good, and indexes the document.
func (c *Catalog) SetAside(ctx context.Context, lease jarvis.Lease, reason, document string) error {
	return c.endLease(ctx, "set a capture aside", lease, failed+", "+documented, document, cleanReason(reason), (*time.Time)(nil))
}

func cleanReason(reason string) string { return jarvis.CleanText(reason, jarvis.MaxReason) }

// ReleaseReading gives a lease back.
func (c *Catalog) ReleaseReading(ctx context.Context, lease jarvis.Lease) error {
	return c.write(ctx, "release a reading", func(ctx context.Context) error {
		_, err := c.pool.Exec(ctx, `
			UPDATE queue SET due_at = '-infinity', token = NULL, claims = claims - 1
			WHERE capture_id = $1::text COLLATE "C" AND token = $2::text COLLATE "C"`, lease.ID.String(), lease.Token.String())
		return err
	})
}

// ReadStatus counts the queue.
func (c *Catalog) ReadStatus(ctx context.Context, now time.Time) (status jarvis.ReadStatus, err error) {
	err = c.read(ctx, "count the queue", func(ctx context.Context) error {
		return c.pool.QueryRow(ctx, `
			WITH counts AS (
				SELECT count(*) FILTER (WHERE NOT aside AND due_at <= $1::timestamptz) AS waiting,
					count(*) FILTER (WHERE NOT aside AND due_at > $1::timestamptz AND token IS NULL) AS delayed,
					count(*) FILTER (WHERE NOT aside AND due_at > $1::timestamptz AND token IS NOT NULL) AS leased,
					count(*) FILTER (WHERE aside) AS failed, count(*) AS queued
				FROM queue
			), captures AS (
				SELECT coalesce((SELECT sum(captures) FROM devices), 0) + coalesce((SELECT sum(captures) FROM counter_deltas), 0) AS all
			)
			SELECT waiting, delayed, leased, failed, (captures.all - queued)::bigint FROM counts, captures`, floor(now)).
			Scan(&status.Waiting, &status.Delayed, &status.Leased, &status.Failed, &status.Read)
	})
	return status, err
}

// FindFailed lists captures that were set aside.
func (c *Catalog) FindFailed(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.FailedReading, error) {
	if err := jarvis.CheckPage(limit); err != nil {
		return nil, err
	}
	q := failedStatement(after, limit)
	return findAll(ctx, c, "list what was set aside", func(row pgx.CollectableRow) (*jarvis.FailedReading, error) {
		var f jarvis.FailedReading
		var id string
		err := row.Scan(&id, &f.Timestamp, &f.Failures, &f.Reason)
		if err == nil {
			f.ID, err = storedID(id)
		}
		f.Timestamp = f.Timestamp.UTC()
		return &f, err
	}, q.sql, q.args...)
}

func failedStatement(after jarvis.Cursor, limit int) statement {
	w := new(conditions)
	w.add("aside")
	w.after(after)
	sql := "SELECT capture_id, captured_at, failures, reason FROM queue" + w.String() + newestFirst + "LIMIT " + w.place(limit)
	return statement{sql, w.args}
}

// after adds that rows with the position of their capture come after one, the
// newest first.
func (w *conditions) after(after jarvis.Cursor) {
	if !after.IsZero() {
		w.add(`(captured_at, capture_id) < (%s::timestamptz, %s::text COLLATE "C")`, floor(after.Timestamp), after.ID.String())
	}
}

// between adds that a column is in [from, to); a zero time leaves that side open.
func (w *conditions) between(column string, from, to time.Time) {
	if !from.IsZero() {
		w.add(column+" >= %s::timestamptz", bound(from))
	}
	if !to.IsZero() {
		w.add(column+" < %s::timestamptz", bound(to))
	}
}
