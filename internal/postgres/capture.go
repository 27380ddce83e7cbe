package postgres

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// lockKey is the key of an id's advisory lock. Ids that share one only wait for
// each other.
func lockKey(id jarvis.ID) int64 {
	text := id.String()
	key, err := strconv.ParseUint(text[19:23]+text[24:36], 16, 64)
	if err != nil {
		return 0 // cannot be: an ID's digits were validated
	}
	return int64(key)
}

// writeID is writeIDs for one.
func (c *Catalog) writeID(ctx context.Context, op string, id jarvis.ID, statement string, args []any, results ...any) error {
	return c.writeIDs(ctx, op, []jarvis.ID{id}, statement, args, results...)
}

// writeIDs runs one statement that changes what is known of some ids, and scans
// the one row it returns. Both statements are one transaction and one round trip.
//
// The locks come first, in order, because a statement sees what was committed
// when it began: an insert that waited for a deletion of the same id, and no
// longer, would bring the capture back beside its tombstone.
func (c *Catalog) writeIDs(ctx context.Context, op string, ids []jarvis.ID, statement string, args []any, results ...any) error {
	keys := make([]int64, len(ids))
	for i, id := range ids {
		keys[i] = lockKey(id)
	}
	slices.Sort(keys)
	return c.write(ctx, op, func(ctx context.Context) error {
		var batch pgx.Batch
		batch.Queue("SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key", keys)
		batch.Queue(statement, args...)
		answers := c.pool.SendBatch(ctx, &batch)
		_, err := answers.Exec()
		if err == nil {
			err = answers.QueryRow().Scan(results...)
		}
		// The transaction commits at the end of the batch: only Close knows how that went.
		return errors.Join(err, answers.Close())
	})
}

// InsertCapture adds a row, together with its counters and its place in the
// queue, in one transaction.
func (c *Catalog) InsertCapture(ctx context.Context, capture *jarvis.Capture) error {
	const statement = `
		WITH gone AS (
			SELECT FROM tombstones WHERE id = $1::text
		), added AS (
			INSERT INTO captures (id, filepath, timestamp, monitor_index, width, height, file_size, ocr_text, created_at,
				device, app_name, window_title, url, stored_size, stored_sha256, content_digest, recovered)
			SELECT $1::text, $2::text, $3::timestamptz, $4::bigint, $5::bigint, $6::bigint, $7::bigint, $8::text, $9::timestamptz,
				$10::text, $11::text, $12::text, $13::text, $14::bigint, $15::bytea, $16::bytea, $17::boolean
			WHERE NOT EXISTS (SELECT FROM gone)
			ON CONFLICT (id) DO NOTHING
			RETURNING device
		), queued AS (
			INSERT INTO queue (capture_id, captured_at) SELECT $1::text, $3::timestamptz FROM added
		), delta AS (
			INSERT INTO counter_deltas (bucket, device, captures, bytes)
			SELECT $18::integer, device, 1, $19::bigint FROM added
		)
		SELECT EXISTS (SELECT FROM added), EXISTS (SELECT FROM gone)`
	timestamp, text := jarvis.Instant(capture.Timestamp), capture.OCRText
	if c.noText {
		text = nil
	}
	var inserted, gone bool
	err := c.writeID(ctx, "insert capture", capture.ID, statement, []any{
		capture.ID.String(), capture.Filepath, timestamp, capture.MonitorIndex, capture.Width, capture.Height, capture.FileSize, text,
		jarvis.Instant(capture.CreatedAt), capture.Device, capture.AppName, capture.WindowTitle, capture.URL, capture.StoredSize,
		capture.StoredSHA256, capture.ContentDigest, capture.Recovered, int32(jarvis.BucketOf(timestamp)), bytesOf(capture),
	}, &inserted, &gone)
	switch {
	case err != nil:
		return err
	case gone:
		return jarvis.CaptureDeleted(capture.ID)
	case !inserted:
		return jarvis.CaptureExists(capture.ID)
	}
	c.counted()
	return nil
}

func bytesOf(c *jarvis.Capture) int64 {
	if c.StoredSize != 0 {
		return c.StoredSize
	}
	return c.FileSize
}

// absent says why there is no row: CodeDeleted or CodeNotFound.
func (c *Catalog) absent(ctx context.Context, id jarvis.ID) error {
	var gone bool
	err := c.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM tombstones WHERE id = $1::text)", id.String()).Scan(&gone)
	switch {
	case err != nil:
		return err
	case gone:
		return jarvis.CaptureDeleted(id)
	}
	return jarvis.NoCapture(id)
}

// captureColumns are what scanCapture reads.
const captureColumns = `id, filepath, timestamp, coalesce(monitor_index, 0), width, height, file_size, coalesce(created_at, timestamp),
	device, app_name, window_title, url, stored_size, stored_sha256, content_digest, recovered, ` + isPinned

func scanCapture(row pgx.CollectableRow, more ...any) (*jarvis.Capture, error) {
	var c jarvis.Capture
	var id string
	err := row.Scan(append([]any{
		&id, &c.Filepath, &c.Timestamp, &c.MonitorIndex, &c.Width, &c.Height, &c.FileSize, &c.CreatedAt,
		&c.Device, &c.AppName, &c.WindowTitle, &c.URL, &c.StoredSize, &c.StoredSHA256, &c.ContentDigest, &c.Recovered, &c.Pinned,
	}, more...)...)
	if err != nil {
		return nil, err
	}
	c.Timestamp, c.CreatedAt = c.Timestamp.UTC(), c.CreatedAt.UTC()
	if c.ID, err = storedID(id); err != nil {
		return nil, err
	}
	return &c, nil
}

// scanWithText reads captureColumns and ocr_text.
func scanWithText(row pgx.CollectableRow) (*jarvis.Capture, error) {
	var text *string
	c, err := scanCapture(row, &text)
	if err == nil {
		c.OCRText = text
	}
	return c, err
}

func storedID(text string) (jarvis.ID, error) {
	id, err := jarvis.ParseID(text)
	if err != nil {
		return jarvis.ID{}, jarvis.ForeignID(text)
	}
	return id, nil
}

// FindCapture returns one capture with its text.
func (c *Catalog) FindCapture(ctx context.Context, id jarvis.ID) (found *jarvis.Capture, err error) {
	err = c.read(ctx, "find capture", func(ctx context.Context) error {
		rows, err := c.pool.Query(ctx, "SELECT "+captureColumns+", ocr_text FROM captures WHERE id = $1::text", id.String())
		if err != nil {
			return err
		}
		found, err = pgx.CollectExactlyOneRow(rows, scanWithText)
		if errors.Is(err, pgx.ErrNoRows) {
			return c.absent(ctx, id)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// SetStored records that the image was stored anew.
func (c *Catalog) SetStored(ctx context.Context, id jarvis.ID, filepath string, size int64, sha256 []byte) error {
	const statement = `
		WITH old AS (
			SELECT id, device, timestamp, file_size, coalesce(nullif(stored_size, 0), file_size) AS bytes FROM captures WHERE id = $1::text
		), changed AS (
			UPDATE captures SET filepath = $2::text, stored_size = $3::bigint, stored_sha256 = $4::bytea FROM old WHERE captures.id = old.id
		), delta AS (
			INSERT INTO counter_deltas (bucket, device, captures, bytes)
			SELECT floor(extract(epoch FROM timestamp) / 900)::integer, device, 0, coalesce(nullif($3::bigint, 0), file_size) - bytes FROM old
		)
		SELECT EXISTS (SELECT FROM old)`
	var found bool
	err := c.writeID(ctx, "set stored", id, statement, []any{id.String(), filepath, size, sha256}, &found)
	if err != nil {
		return err
	}
	if !found {
		return c.read(ctx, "set stored", func(ctx context.Context) error { return c.absent(ctx, id) })
	}
	c.counted()
	return nil
}
