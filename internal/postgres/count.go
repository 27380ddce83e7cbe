package postgres

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// counts is every counter, folded or not.
const counts = `(
	SELECT bucket, device, captures, bytes, 0 AS delta FROM counters
	UNION ALL
	SELECT bucket, device, captures, bytes, 1 FROM counter_deltas
) AS counts`

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
			FROM `+counts+` GROUP BY device`)
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
	if deltas > foldWhenRead {
		c.fold()
	}
	slices.SortFunc(stats.Devices, func(a, b jarvis.DeviceCount) int { return strings.Compare(a.Device, b.Device) })
	return stats, nil
}

// CountDays returns the days in loc that have captures, oldest first.
func (c *Catalog) CountDays(ctx context.Context, from, to time.Time, loc *time.Location) ([]jarvis.DayCount, error) {
	first, end := int32(math.MinInt32), int32(math.MaxInt32)
	if !from.IsZero() {
		first = dayStart(bound(from), loc)
	}
	if !to.IsZero() {
		end = dayEnd(bound(to), loc)
	}
	var days []jarvis.DayCount
	var deltas int64
	err := c.read(ctx, "count days", func(ctx context.Context) error {
		days, deltas = nil, 0
		rows, err := c.pool.Query(ctx, `
			SELECT bucket, sum(captures)::bigint, sum(bytes)::bigint, sum(delta) FROM `+counts+`
			WHERE bucket >= $1 AND bucket < $2 GROUP BY bucket ORDER BY bucket`, first, end)
		if err != nil {
			return err
		}
		var bucket int32
		var captures, bytes, unfolded int64
		_, err = pgx.ForEachRow(rows, []any{&bucket, &captures, &bytes, &unfolded}, func() error {
			deltas += unfolded
			if captures == 0 {
				return nil
			}
			day := dayOf(bucket, loc)
			if len(days) == 0 || days[len(days)-1].Day != day {
				days = append(days, jarvis.DayCount{Day: day})
			}
			last := &days[len(days)-1]
			last.Captures += captures
			last.Bytes += bytes
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	if deltas > foldWhenRead {
		c.fold()
	}
	return days, nil
}

// dayOf returns the date in loc on which a bucket begins. Every zone has been a
// multiple of a quarter of an hour from UTC since 1972, so no bucket spans midnight.
func dayOf(bucket int32, loc *time.Location) jarvis.Day {
	y, m, d := time.Unix(int64(bucket)*int64(quarter/time.Second), 0).In(loc).Date()
	return jarvis.Day{Year: y, Month: m, Date: d}
}

// dayStart returns the first bucket of the day in loc that t lies in. It looks
// at each quarter of an hour: a day may begin at one o'clock, or twice.
func dayStart(t time.Time, loc *time.Location) int32 {
	bucket := clampedBucket(t)
	day := dayOf(bucket, loc)
	for dayOf(bucket-1, loc) == day {
		bucket--
	}
	return bucket
}

// dayEnd returns the bucket after the last day that has an instant before t.
func dayEnd(t time.Time, loc *time.Location) int32 {
	bucket := clampedBucket(t.Add(-1))
	day := dayOf(bucket, loc)
	for dayOf(bucket, loc) == day {
		bucket++
	}
	return bucket
}

// clampedBucket is bucketOf within what a bucket can be, a few days from its ends.
func clampedBucket(t time.Time) int32 {
	const slack = 1000
	seconds := min(max(t.Unix(), (math.MinInt32+slack)*900), (math.MaxInt32-slack)*900)
	return bucketOf(time.Unix(seconds, 0))
}
