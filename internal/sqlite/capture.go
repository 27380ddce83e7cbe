package sqlite

import (
	"context"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// Check implements jarvis.Catalog.
func (c *Catalog) Check(ctx context.Context) error {
	if err := c.write(ctx, "check", func(on *conn) error { return nil }); err != nil {
		return err
	}
	if free, err := c.db.free(); err == nil && free < nearlyFull {
		return c.db.translate(ctx, "check", sqlite3.FULL)
	}
	return nil
}

// write is doWrite without a result.
func (c *Catalog) write(ctx context.Context, op string, fn func(*conn) error) error {
	_, err := doWrite(ctx, c, op, func(on *conn) (struct{}, error) { return struct{}{}, fn(on) })
	return err
}

// InsertCapture implements jarvis.Catalog.
func (c *Catalog) InsertCapture(ctx context.Context, capture *jarvis.Capture) error {
	row := *capture // the caller may be gone when the row is written
	if row.Timestamp.Before(jarvis.MinTime) || row.Timestamp.After(jarvis.MaxTime) {
		return jarvis.Errorf(jarvis.CodeInvalid, "a capture's time must lie between 1970 and 9999")
	}
	if c.db.noText {
		row.OCRText = nil
	}
	return c.write(ctx, "insert capture", func(on *conn) error { return insert(on, &row) })
}

func insert(on *conn, c *jarvis.Capture) error {
	id := c.ID.String()
	taken, err := on.number("SELECT EXISTS (SELECT 1 FROM captures WHERE id = ?)", id)
	if err != nil {
		return err
	}
	if taken != 0 {
		return jarvis.CaptureExists(c.ID)
	}
	deleted, err := on.number("SELECT EXISTS (SELECT 1 FROM tombstones WHERE id = ?)", id)
	if err != nil {
		return err
	}
	if deleted != 0 {
		return jarvis.CaptureDeleted(c.ID)
	}
	at := c.Timestamp.UnixMicro()
	seq, err := place(on, at)
	if err != nil {
		return err
	}
	err = on.exec(`INSERT INTO captures (seq, id, filepath, timestamp, monitor_index, width, height, file_size, created_at,
			device, app_name, window_title, url, stored_size, stored_sha256, content_digest, recovered, ocr_text)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		seq, id, c.Filepath, at, c.MonitorIndex, c.Width, c.Height, c.FileSize, c.CreatedAt.UnixMicro(),
		c.Device, c.AppName, c.WindowTitle, c.URL, c.StoredSize, c.StoredSHA256, c.ContentDigest, c.Recovered, c.OCRText)
	if err != nil {
		return err
	}
	if err := enqueue(on, seq); err != nil {
		return err
	}
	return count(on, at, c.Device, 1, onDisk(c.StoredSize, c.FileSize))
}

// onDisk returns the bytes that a capture counts for.
func onDisk(stored, given int64) int64 {
	if stored != 0 {
		return stored
	}
	return given
}

// bytesOnDisk is onDisk in SQL.
const bytesOnDisk = "coalesce(nullif(stored_size, 0), file_size)"

// columns are those of every listing, in the order in which scan reads them.
const columns = `id, filepath, timestamp, monitor_index, width, height, file_size, created_at,
	device, app_name, window_title, url, stored_size, stored_sha256, content_digest, recovered, ` + isPinned

func scan(s *sqlite3.Stmt) (*jarvis.Capture, error) {
	id, err := jarvis.ParseID(s.ColumnText(0))
	if err != nil {
		return nil, corruptRow(err)
	}
	return &jarvis.Capture{
		ID:            id,
		Filepath:      s.ColumnText(1),
		Timestamp:     micros(s, 2),
		MonitorIndex:  s.ColumnInt(3),
		Width:         s.ColumnInt(4),
		Height:        s.ColumnInt(5),
		FileSize:      s.ColumnInt64(6),
		CreatedAt:     micros(s, 7),
		Device:        s.ColumnText(8),
		AppName:       s.ColumnText(9),
		WindowTitle:   s.ColumnText(10),
		URL:           s.ColumnText(11),
		StoredSize:    s.ColumnInt64(12),
		StoredSHA256:  s.ColumnBlob(13, nil),
		ContentDigest: s.ColumnBlob(14, nil),
		Recovered:     s.ColumnBool(15),
		Pinned:        s.ColumnBool(16),
	}, nil
}

func micros(s *sqlite3.Stmt, column int) time.Time {
	return time.UnixMicro(s.ColumnInt64(column)).UTC()
}

func corruptRow(err error) error {
	return jarvis.WrapError(jarvis.CodeCorrupt, "sqlite: read a row", "the catalogue holds a row that Jarvis did not write: restore it from a copy", &foreignRowError{err})
}

// foreignRowError keeps WrapError from passing the cause's own code on.
type foreignRowError struct{ cause error }

func (e *foreignRowError) Error() string { return e.cause.Error() }

// FindCapture implements jarvis.Catalog.
func (c *Catalog) FindCapture(ctx context.Context, id jarvis.ID) (*jarvis.Capture, error) {
	return read(ctx, c, "find capture", func(on *conn) (capture *jarvis.Capture, err error) {
		err = on.view(func() error {
			err := on.query(func(s *sqlite3.Stmt) (err error) {
				capture, err = scanText(s)
				return err
			}, "SELECT "+textColumns+" FROM captures WHERE id = ?", id.String())
			if err == nil && capture == nil {
				err = whyMissing(on, id)
			}
			return err
		})
		return capture, err
	})
}

// whyMissing returns the error for an id without a row.
func whyMissing(on *conn, id jarvis.ID) error {
	deleted, err := on.number("SELECT EXISTS (SELECT 1 FROM tombstones WHERE id = ?)", id.String())
	if err != nil {
		return err
	}
	if deleted != 0 {
		return jarvis.CaptureDeleted(id)
	}
	return jarvis.NoCapture(id)
}

// SetStored implements jarvis.Catalog.
func (c *Catalog) SetStored(ctx context.Context, id jarvis.ID, filepath string, size int64, sha256 []byte) error {
	digest := append([]byte(nil), sha256...) // the caller may be gone when the row is written
	return c.write(ctx, "record a stored image", func(on *conn) error {
		row, found, err := findCounted(on, id)
		if err != nil {
			return err
		}
		if !found {
			return whyMissing(on, id)
		}
		err = on.exec("UPDATE captures SET filepath = ?, stored_size = ?, stored_sha256 = ? WHERE seq = ?", filepath, size, digest, row.seq)
		if err != nil {
			return err
		}
		return count(on, row.at, row.device, 0, onDisk(size, row.given)-row.bytes)
	})
}

// counted is a row as the counters see it.
type counted struct {
	seq, at      int64
	device       string
	given, bytes int64
	filepath     string
}

func findCounted(on *conn, id jarvis.ID) (row counted, found bool, err error) {
	found, err = on.find(func(s *sqlite3.Stmt) {
		row = counted{s.ColumnInt64(0), s.ColumnInt64(1), s.ColumnText(2), s.ColumnInt64(3), s.ColumnInt64(4), s.ColumnText(5)}
	}, "SELECT seq, timestamp, device, file_size, "+bytesOnDisk+", filepath FROM captures WHERE id = ?", id.String())
	return row, found, err
}
