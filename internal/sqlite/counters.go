package sqlite

import (
	"context"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// count adds to the counters of a capture's quarter hour and device.
func count(on *conn, at int64, device string, captures, bytes int64) error {
	bucket := bucketOf(at)
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

// CountDays implements jarvis.Catalog. A quarter hour counts for the day in
// which it begins; every zone in use today changes days at the quarter hour.
func (c *Catalog) CountDays(ctx context.Context, from, to time.Time, loc *time.Location) ([]jarvis.DayCount, error) {
	if loc == nil {
		loc = time.UTC
	}
	first, last := bucketBounds(from, to)
	firstDay, lastDay := dayIn(from, loc), dayIn(to.Add(-1), loc)
	return read(ctx, c, "count days", func(on *conn) ([]jarvis.DayCount, error) {
		days := []jarvis.DayCount{}
		err := on.query(func(s *sqlite3.Stmt) error {
			day := dayIn(time.UnixMicro(s.ColumnInt64(0)*bucketMicros), loc)
			if !from.IsZero() && day.Compare(firstDay) < 0 || !to.IsZero() && day.Compare(lastDay) > 0 {
				return nil
			}
			if n := len(days); n == 0 || days[n-1].Day != day {
				days = append(days, jarvis.DayCount{Day: day})
			}
			sum := &days[len(days)-1]
			sum.Captures += s.ColumnInt64(1)
			sum.Bytes += s.ColumnInt64(2)
			return nil
		}, "SELECT bucket, sum(captures), sum(bytes) FROM counters WHERE bucket BETWEEN ? AND ? GROUP BY bucket ORDER BY bucket", first, last)
		return days, err
	})
}

// bucketBounds returns the quarter hours among which those of the days from and
// to lie. No day is longer than two.
func bucketBounds(from, to time.Time) (first, last int64) {
	const margin = 2 * 24 * time.Hour
	first, last = bucketOf(jarvis.MinTime.UnixMicro()), bucketOf(jarvis.MaxTime.UnixMicro())
	if !from.IsZero() {
		first = bucketOf(from.Add(-margin).UnixMicro())
	}
	if !to.IsZero() {
		last = bucketOf(to.Add(margin).UnixMicro())
	}
	return first, last
}

// dayIn returns the date of t in loc.
func dayIn(t time.Time, loc *time.Location) jarvis.Day {
	year, month, date := t.In(loc).Date()
	return jarvis.Day{Year: year, Month: month, Date: date}
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
