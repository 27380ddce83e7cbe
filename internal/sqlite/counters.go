package sqlite

import (
	"context"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// count adds to the counters of a capture's quarter hour and device.
func count(on *conn, at int64, device string, captures, bytes int64) error {
	bucket := int64(bucketOf(at))
	err := on.exec(`INSERT INTO counters (bucket, device, captures, bytes) VALUES (?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET captures = captures + excluded.captures, bytes = bytes + excluded.bytes`,
		bucket, device, captures, bytes)
	if err != nil {
		return err
	}
	err = on.exec(`INSERT INTO devices (device, captures, bytes) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET captures = captures + excluded.captures, bytes = bytes + excluded.bytes`,
		device, captures, bytes)
	if err != nil || captures >= 0 {
		return err
	}
	if err := on.exec("DELETE FROM counters WHERE bucket = ? AND device = ? AND captures = 0", bucket, device); err != nil {
		return err
	}
	return on.exec("DELETE FROM devices WHERE device = ? AND captures = 0", device)
}

// CountDays implements jarvis.Catalog.
func (c *Catalog) CountDays(ctx context.Context, from, to time.Time, loc *time.Location) ([]jarvis.DayCount, error) {
	return read(ctx, c, "count days", func(on *conn) ([]jarvis.DayCount, error) {
		counter := jarvis.NewDayCounter(from, to, loc)
		first, last := counter.Buckets()
		err := on.query(func(s *sqlite3.Stmt) error {
			counter.Add(jarvis.Bucket(s.ColumnInt64(0)), s.ColumnInt64(1), s.ColumnInt64(2))
			return nil
		}, "SELECT bucket, sum(captures), sum(bytes) FROM counters WHERE bucket BETWEEN ? AND ? GROUP BY bucket", int64(first), int64(last))
		return counter.Days(), err
	})
}

// CountMinutes implements jarvis.Catalog.
func (c *Catalog) CountMinutes(ctx context.Context, from, to time.Time) ([]jarvis.MinuteCount, error) {
	if err := jarvis.CheckMinutesRange(from, to); err != nil {
		return nil, err
	}
	return read(ctx, c, "count minutes", func(on *conn) ([]jarvis.MinuteCount, error) {
		counts := []jarvis.MinuteCount{}
		err := on.query(func(s *sqlite3.Stmt) error {
			counts = append(counts, jarvis.MinuteCount{
				Minute:   time.UnixMicro(s.ColumnInt64(0) * microsPerMinute).UTC(),
				Device:   s.ColumnText(1),
				Monitor:  s.ColumnInt(2),
				AppName:  s.ColumnText(3),
				Captures: s.ColumnInt64(4),
			})
			return nil
		}, `SELECT timestamp / ? AS minute, device, coalesce(monitor_index, 0) AS monitor, app_name, count(*)
			FROM captures INDEXED BY ix_captures_timestamp WHERE timestamp >= ? AND timestamp < ?
			GROUP BY minute, device, monitor, app_name ORDER BY minute, device, monitor, app_name`,
			microsPerMinute, ceilMicros(from), ceilMicros(to))
		return counts, err
	})
}

// Stats implements jarvis.Catalog.
func (c *Catalog) Stats(ctx context.Context) (jarvis.CatalogStats, error) {
	return read(ctx, c, "sum up", func(on *conn) (stats jarvis.CatalogStats, err error) {
		stats.Devices = []jarvis.DeviceCount{}
		err = on.view(func() error {
			err := on.query(func(s *sqlite3.Stmt) error {
				d := jarvis.DeviceCount{Device: s.ColumnText(0), Captures: s.ColumnInt64(1), Bytes: s.ColumnInt64(2)}
				stats.Captures += d.Captures
				stats.Bytes += d.Bytes
				stats.Devices = append(stats.Devices, d)
				return nil
			}, "SELECT device, captures, bytes FROM devices ORDER BY device")
			if err != nil || stats.Captures == 0 {
				return err
			}
			_, err = on.find(func(s *sqlite3.Stmt) { stats.Oldest, stats.Newest = micros(s, 0), micros(s, 1) },
				"SELECT (SELECT min(timestamp) FROM captures), (SELECT max(timestamp) FROM captures)")
			return err
		})
		return stats, err
	})
}
