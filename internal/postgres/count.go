package postgres

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

const (
	// foldEvery is how many writes there are to one folding, on average: of all
	// processes together, so that many short ones do their part.
	foldEvery = 1000
	// foldAtOnce bounds one statement that folds.
	foldAtOnce = 5000
	// foldWhenRead is how many deltas a reader finds before it has them folded.
	foldWhenRead = 2 * foldEvery
)

// counted is told of every write that appended a delta.
func (c *Catalog) counted() {
	if rand.IntN(foldEvery) == 0 {
		c.fold()
	}
}

// fold folds the deltas together in the background. A folding that fails does
// no harm: a later one finds the same deltas.
func (c *Catalog) fold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() || !c.folding.CompareAndSwap(false, true) {
		return
	}
	c.background.Go(func() {
		defer c.folding.Store(false)
		for {
			n, err := c.foldSome(context.Background())
			if err != nil || n < foldAtOnce {
				return
			}
		}
	})
}

// foldWhenMany is told by readers how many deltas they had to add up.
func (c *Catalog) foldWhenMany(deltas int64) {
	if deltas > foldWhenRead {
		c.fold()
	}
}

// foldSome folds some deltas and returns how many. Several may run at once: each
// skips the rows of the others, and all update the counters in one order.
func (c *Catalog) foldSome(ctx context.Context) (folded int, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err = c.pool.QueryRow(ctx, `
		WITH taken AS (
			DELETE FROM counter_deltas
			WHERE ctid = ANY (ARRAY (SELECT ctid FROM counter_deltas LIMIT $1 FOR UPDATE SKIP LOCKED))
			RETURNING bucket, device, captures, bytes
		), folded AS (
			INSERT INTO counters AS c (bucket, device, captures, bytes)
			SELECT bucket, device, sum(captures), sum(bytes) FROM taken GROUP BY bucket, device ORDER BY bucket, device
			ON CONFLICT (bucket, device) DO UPDATE SET captures = c.captures + excluded.captures, bytes = c.bytes + excluded.bytes
		), summed AS (
			INSERT INTO devices AS d (device, captures, bytes)
			SELECT device, sum(captures), sum(bytes) FROM taken GROUP BY device ORDER BY device
			ON CONFLICT (device) DO UPDATE SET captures = d.captures + excluded.captures, bytes = d.bytes + excluded.bytes
		)
		SELECT count(*) FROM taken`, foldAtOnce).Scan(&folded)
	return folded, err
}

// Stats sums up the catalogue from the counters.
func (c *Catalog) Stats(ctx context.Context) (jarvis.CatalogStats, error) {
	var stats jarvis.CatalogStats
	var deltas int64
	err := c.read(ctx, "stats", func(ctx context.Context) error {
		stats, deltas = jarvis.CatalogStats{}, 0
		rows, err := c.pool.Query(ctx, `
			SELECT device, sum(captures)::bigint, sum(bytes)::bigint, sum(delta),
				(SELECT min(timestamp) FROM captures), (SELECT max(timestamp) FROM captures)
			FROM (
				SELECT device, captures, bytes, 0 AS delta FROM devices
				UNION ALL
				SELECT device, captures, bytes, 1 FROM counter_deltas
			) AS counts GROUP BY device`)
		if err != nil {
			return err
		}
		var d jarvis.DeviceCount
		var unfolded int64
		var oldest, newest *time.Time
		_, err = pgx.ForEachRow(rows, []any{&d.Device, &d.Captures, &d.Bytes, &unfolded, &oldest, &newest}, func() error {
			deltas += unfolded
			if d.Captures == 0 {
				return nil
			}
			stats.Captures += d.Captures
			stats.Bytes += d.Bytes
			stats.Devices = append(stats.Devices, d)
			if oldest != nil && newest != nil {
				stats.Oldest, stats.Newest = oldest.UTC(), newest.UTC()
			}
			return nil
		})
		return err
	})
	if err != nil {
		return jarvis.CatalogStats{}, err
	}
	c.foldWhenMany(deltas)
	slices.SortFunc(stats.Devices, func(a, b jarvis.DeviceCount) int { return strings.Compare(a.Device, b.Device) })
	return stats, nil
}

// CountMinutes counts captures by minute, device, monitor and app.
func (c *Catalog) CountMinutes(ctx context.Context, from, to time.Time) ([]jarvis.MinuteCount, error) {
	if err := jarvis.CheckMinutesRange(from, to); err != nil {
		return nil, err
	}
	return findAll(ctx, c, "count minutes", func(row pgx.CollectableRow) (m jarvis.MinuteCount, err error) {
		var minute int64
		err = row.Scan(&minute, &m.Device, &m.Monitor, &m.AppName, &m.Captures)
		m.Minute = time.Unix(minute*60, 0).UTC()
		return m, err
	}, `
		SELECT floor(extract(epoch FROM timestamp) / 60)::bigint AS minute, device, coalesce(monitor_index, 0) AS monitor, app_name, count(*)
		FROM captures WHERE timestamp >= $1::timestamptz AND timestamp < $2::timestamptz
		GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`, bound(from), bound(to))
}

// CountDays returns the days in loc that have captures, oldest first.
func (c *Catalog) CountDays(ctx context.Context, from, to time.Time, loc *time.Location) ([]jarvis.DayCount, error) {
	var counter *jarvis.DayCounter
	var deltas int64
	err := c.read(ctx, "count days", func(ctx context.Context) error {
		counter, deltas = jarvis.NewDayCounter(from, to, loc), 0
		first, last := counter.Buckets()
		rows, err := c.pool.Query(ctx, `
			SELECT bucket, sum(captures)::bigint, sum(bytes)::bigint, sum(delta) FROM (
				SELECT bucket, captures, bytes, 0 AS delta FROM counters
				UNION ALL
				SELECT bucket, captures, bytes, 1 FROM counter_deltas
			) AS counts
			WHERE bucket BETWEEN $1 AND $2 GROUP BY bucket`, int32(first), int32(last))
		if err != nil {
			return err
		}
		var bucket int32
		var captures, bytes, unfolded int64
		_, err = pgx.ForEachRow(rows, []any{&bucket, &captures, &bytes, &unfolded}, func() error {
			deltas += unfolded
			counter.Add(jarvis.Bucket(bucket), captures, bytes)
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	c.foldWhenMany(deltas)
	return counter.Days(), nil
}
