package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.Readings = (*Catalog)(nil)

// enqueue makes a capture wait, due at once.
func enqueue(on *conn, seq int64) error {
	return on.exec("INSERT INTO queue (aside, seq, due_at, claims, failures) VALUES (0, ?, 0, 0, 0)", seq)
}

const (
	dueColumns = "SELECT seq, claims, failures, redo_at FROM queue"

	// byTime is the index that SQLite would not take: it knows nothing of sizes.
	byTime = " INDEXED BY ix_queue_due WHERE aside = 0 "

	// dueSQL finds what may be claimed, the newest first, once that is ripe.
	dueSQL = dueColumns + byTime + "AND due_at = 0 ORDER BY seq DESC LIMIT ?"

	ripeSQL = "SELECT seq FROM queue" + byTime + "AND due_at > 0 AND due_at <= ? LIMIT ?"
	someSQL = "SELECT EXISTS (SELECT 1 FROM queue" + byTime + "AND due_at <= ?)"
)

// due is a row of the queue that may be claimed.
type due struct {
	seq, claims, failures int64
	redo                  bool
	redoAt                int64
}

func scanDue(s *sqlite3.Stmt) due {
	return due{s.ColumnInt64(0), s.ColumnInt64(1), s.ColumnInt64(2), s.ColumnType(3) != sqlite3.NULL, s.ColumnInt64(3)}
}

// ClaimReadings implements jarvis.Readings. It writes nothing while nothing is due.
func (c *Catalog) ClaimReadings(ctx context.Context, now time.Time, lease time.Duration, limit int) (claims []*jarvis.Claim, err error) {
	if err := jarvis.CheckPage(limit); err != nil {
		return nil, err
	}
	const op = "claim captures to read"
	some, err := read(ctx, c, op, func(on *conn) (int64, error) {
		return on.number(someSQL, now.UnixMicro())
	})
	if err != nil || some == 0 {
		return []*jarvis.Claim{}, err
	}
	for claims == nil && err == nil {
		claims, err = doWrite(ctx, c, op, func(on *conn) ([]*jarvis.Claim, error) {
			if n, err := ripen(on, now); err != nil || n == ripenBatch {
				return nil, err // more may become due: others wait
			}
			return claim(on, now, lease, dueSQL, limit)
		})
	}
	return claims, err
}

// ripenBatch bounds the rows that one transaction makes due.
const ripenBatch = 500

// ripen makes what has become due since like what was due at once, so that the
// newest of both are found together; it returns how many. A lease that has ended
// keeps its token: see jarvis.Readings.
func ripen(on *conn, now time.Time) (int64, error) {
	return on.changed("UPDATE queue SET due_at = 0 WHERE aside = 0 AND seq IN ("+ripeSQL+")", now.UnixMicro(), ripenBatch)
}

// ClaimReading implements jarvis.Readings.
func (c *Catalog) ClaimReading(ctx context.Context, id jarvis.ID, now time.Time, lease time.Duration) (*jarvis.Claim, error) {
	return doWrite(ctx, c, "claim a capture to read", func(on *conn) (*jarvis.Claim, error) {
		claims, err := claim(on, now, lease, dueColumns+" WHERE aside = 0 AND seq = (SELECT seq FROM captures WHERE id = ?) AND due_at <= ?", id.String(), now.UnixMicro())
		if err != nil || len(claims) == 0 {
			return nil, err
		}
		return claims[0], nil
	})
}

// claim leases what a statement selects.
func claim(on *conn, now time.Time, lease time.Duration, sql string, args ...any) ([]*jarvis.Claim, error) {
	var found []due
	err := on.query(func(s *sqlite3.Stmt) error {
		found = append(found, scanDue(s))
		return nil
	}, sql, args...)
	claims := make([]*jarvis.Claim, 0, len(found))
	for _, d := range found {
		if err != nil {
			break
		}
		claim := &jarvis.Claim{
			Until: jarvis.Instant(now.Add(lease)), Claims: int(d.claims) + 1, Failures: int(d.failures), Redo: d.redo,
		}
		if claim.Capture, err = findText(on, d.seq); err != nil {
			break
		}
		if claim.Capture == nil { // another program deleted the row
			err = forget(on, d.seq)
			continue
		}
		claim.Lease = jarvis.Lease{ID: claim.Capture.ID, Token: jarvis.NewRandomID()}
		if claim.Twin, err = findTwin(on, claim.Capture.ContentDigest, d.redoAt); err != nil {
			break
		}
		err = on.exec("UPDATE queue SET due_at = ?, token = ?, claims = claims + 1 WHERE aside = 0 AND seq = ?",
			claim.Until.UnixMicro(), claim.Token.String(), d.seq)
		claims = append(claims, claim)
	}
	return claims, err
}

// findText returns a capture with its text; nil when there is none.
func findText(on *conn, seq int64) (capture *jarvis.Capture, err error) {
	err = on.query(func(s *sqlite3.Stmt) (err error) {
		capture, err = scanText(s)
		return err
	}, "SELECT "+textColumns+" FROM captures WHERE seq = ?", seq)
	return capture, err
}

// findTwin returns what was read last, at redoAt or later, in an image of a digest.
func findTwin(on *conn, digest []byte, redoAt int64) (twin *jarvis.Reading, err error) {
	if digest == nil {
		return nil, nil
	}
	err = on.query(func(s *sqlite3.Stmt) (err error) {
		twin, err = scanReading(s, 0)
		return err
	}, twinSQL, digest, redoAt)
	return twin, err
}

const twinSQL = "SELECT " + readingColumns + ` FROM readings CROSS JOIN captures USING (seq)
	WHERE digest = ? AND read_at >= ? ORDER BY read_at DESC LIMIT 1`

// leased returns the row of a lease that is the last one given.
func leased(on *conn, lease jarvis.Lease) (row counted, err error) {
	row, found, err := findCounted(on, lease.ID)
	if err != nil {
		return row, err
	}
	if !found {
		return row, whyMissing(on, lease.ID)
	}
	given, err := on.number("SELECT EXISTS (SELECT 1 FROM queue WHERE aside = 0 AND seq = ? AND token = ?)", row.seq, lease.Token.String())
	if err == nil && given == 0 {
		err = jarvis.LeaseOver(lease.ID)
	}
	return row, err
}

// FinishReading implements jarvis.Readings.
func (c *Catalog) FinishReading(ctx context.Context, lease jarvis.Lease, r *jarvis.Reading, document string) error {
	var reading *jarvis.Reading
	var words []byte
	if r != nil {
		if err := r.Check(); err != nil {
			return err
		}
		kept := *r // the caller may be gone when it is written
		reading, words = &kept, jarvis.EncodeWords(r.Words)
	}
	if c.db.noText {
		reading = nil
	}
	return c.write(ctx, "finish a reading", func(on *conn) error {
		row, err := leased(on, lease)
		if err == nil && reading != nil {
			err = setReading(on, row.seq, reading, words)
		}
		if err == nil {
			err = setDocument(on, row.seq, document)
		}
		if err != nil {
			return err
		}
		return on.exec("DELETE FROM queue WHERE aside = 0 AND seq = ?", row.seq)
	})
}

// setReading stores what was read in a capture.
func setReading(on *conn, seq int64, r *jarvis.Reading, words []byte) error {
	if err := on.exec("UPDATE captures SET ocr_text = ? WHERE seq = ?", r.Text, seq); err != nil {
		return err
	}
	return on.exec(`REPLACE INTO readings (seq, digest, language, engine, masked, read_at, words)
		VALUES (?1, (SELECT content_digest FROM captures WHERE seq = ?1), ?2, ?3, ?4, ?5, ?6)`,
		seq, r.Language, r.Engine, r.Masked, r.ReadAt.UnixMicro(), orNull(words))
}

// FailReading implements jarvis.Readings.
func (c *Catalog) FailReading(ctx context.Context, lease jarvis.Lease, f jarvis.ReadFailure) error {
	return c.write(ctx, "fail a reading", func(on *conn) error {
		row, err := leased(on, lease)
		if err != nil {
			return err
		}
		return fail(on, row.seq, f)
	})
}

// SetAside implements jarvis.Readings.
func (c *Catalog) SetAside(ctx context.Context, lease jarvis.Lease, reason, document string) error {
	return c.write(ctx, "set a capture aside", func(on *conn) error {
		row, err := leased(on, lease)
		if err == nil {
			err = setDocument(on, row.seq, document)
		}
		if err != nil {
			return err
		}
		return fail(on, row.seq, jarvis.ReadFailure{Reason: reason})
	})
}

func fail(on *conn, seq int64, f jarvis.ReadFailure) error {
	aside, due := f.Retry.IsZero(), int64(0)
	if !aside {
		due = ceilMicros(f.Retry)
	}
	return on.exec("UPDATE queue SET aside = ?, due_at = ?, token = NULL, failures = failures + 1, reason = ? WHERE aside = 0 AND seq = ?",
		aside, due, jarvis.CleanText(f.Reason, jarvis.MaxReason), seq)
}

// ReleaseReading implements jarvis.Readings.
func (c *Catalog) ReleaseReading(ctx context.Context, lease jarvis.Lease) error {
	return c.write(ctx, "release a reading", func(on *conn) error {
		return on.exec(`UPDATE queue SET due_at = 0, token = NULL, claims = claims - 1
			WHERE aside = 0 AND seq = (SELECT seq FROM captures WHERE id = ?) AND token = ?`, lease.ID.String(), lease.Token.String())
	})
}

// ReadStatus implements jarvis.Readings.
func (c *Catalog) ReadStatus(ctx context.Context, now time.Time) (jarvis.ReadStatus, error) {
	return read(ctx, c, "count the queue", func(on *conn) (status jarvis.ReadStatus, err error) {
		err = on.view(func() error {
			_, err := on.find(func(s *sqlite3.Stmt) {
				status.Waiting, status.Delayed = s.ColumnInt64(0), s.ColumnInt64(1)
				status.Leased, status.Failed = s.ColumnInt64(2), s.ColumnInt64(3)
			}, `SELECT count(*) FILTER (WHERE aside = 0 AND due_at <= ?1), count(*) FILTER (WHERE aside = 0 AND due_at > ?1 AND token IS NULL),
				count(*) FILTER (WHERE aside = 0 AND due_at > ?1 AND token IS NOT NULL), count(*) FILTER (WHERE aside = 1) FROM queue`, now.UnixMicro())
			if err != nil {
				return err
			}
			captures, err := on.number("SELECT sum(captures) FROM devices")
			status.Read = captures - status.Waiting - status.Delayed - status.Leased - status.Failed
			return err
		})
		return status, err
	})
}

// FindFailed implements jarvis.Readings.
func (c *Catalog) FindFailed(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.FailedReading, error) {
	if err := jarvis.CheckPage(limit); err != nil {
		return nil, err
	}
	return read(ctx, c, "list what was set aside", func(on *conn) ([]*jarvis.FailedReading, error) {
		p := newPager[*jarvis.FailedReading](after, limit)
		err := p.query(on, func(s *sqlite3.Stmt) (*jarvis.FailedReading, error) {
			id, err := jarvis.ParseID(s.ColumnText(0))
			if err != nil {
				return nil, corruptRow(err)
			}
			return &jarvis.FailedReading{ID: id, Timestamp: micros(s, 1), Failures: s.ColumnInt(2), Reason: s.ColumnText(3)}, nil
		}, `SELECT id, timestamp, failures, reason FROM queue CROSS JOIN captures USING (seq)
			WHERE aside = 1 AND seq <= ? ORDER BY seq DESC`, p.top())
		return p.page(), err
	})
}

// requeueBatch bounds the captures that are put into the queue by one transaction.
const requeueBatch = 500

// Requeue implements jarvis.Readings.
func (c *Catalog) Requeue(ctx context.Context, f jarvis.RequeueFilter, now time.Time) (int64, error) {
	from, to := int64(0), jarvis.MaxTime.UnixMicro()+1
	if !f.From.IsZero() {
		from = ceilMicros(f.From)
	}
	if !f.To.IsZero() {
		to = ceilMicros(f.To)
	}
	find, put := requeueSQL, requeueAll
	if f.Failed {
		find, put = requeueFailedSQL, requeueFailed
	}
	done := int64(0)
	for after := seqBefore(from); ; {
		seqs, err := read(ctx, c, "requeue captures", func(on *conn) (seqs []int64, err error) {
			err = on.query(func(s *sqlite3.Stmt) error {
				seqs = append(seqs, s.ColumnInt64(0))
				return nil
			}, find, after, from, to, requeueBatch)
			return seqs, err
		})
		if err != nil || len(seqs) == 0 {
			return done, err
		}
		n, err := doWrite(ctx, c, "requeue captures", func(on *conn) (n int64, err error) {
			for _, seq := range slices.Backward(seqs) {
				put, err := put(on, seq, now.UnixMicro())
				if err != nil {
					return 0, err
				}
				n += put
			}
			return n, nil
		})
		if err != nil {
			return done, err
		}
		done += n
		after = seqs[len(seqs)-1]
	}
}

const (
	requeueSQL       = "SELECT seq FROM captures WHERE seq > ? AND timestamp >= ? AND timestamp < ? ORDER BY seq LIMIT ?"
	requeueFailedSQL = `SELECT seq FROM queue CROSS JOIN captures USING (seq)
		WHERE failures > 0 AND seq > ? AND timestamp >= ? AND timestamp < ? ORDER BY seq LIMIT ?`
)

// requeueAll queues a capture to be read anew; it returns 0 if that is gone.
func requeueAll(on *conn, seq, now int64) (int64, error) {
	if err := on.exec("DELETE FROM queue WHERE aside = 1 AND seq = ?", seq); err != nil {
		return 0, err
	}
	return on.changed(`INSERT INTO queue (aside, seq, due_at, claims, failures, redo_at) SELECT 0, seq, ?2, 0, 0, ?2 FROM captures WHERE seq = ?1
		ON CONFLICT DO UPDATE SET due_at = ?2, token = NULL, claims = 0, failures = 0, redo_at = ?2, reason = NULL`, seq, now)
}

// requeueFailed queues a capture again if reading it has failed.
func requeueFailed(on *conn, seq, now int64) (int64, error) {
	return on.changed(`UPDATE queue SET aside = 0, due_at = ?2, token = NULL, claims = 0, failures = 0, reason = NULL
		WHERE aside IN (0, 1) AND seq = ?1 AND failures > 0`, seq, now)
}
