package sqlite

import (
	"context"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.AccessLog = (*Catalog)(nil)

const microsPerMinute = int64(time.Minute / time.Microsecond)

func cleanWho(who string) string { return jarvis.CleanText(who, jarvis.MaxWho) }

// minutes returns the number of the minute that t lies in, since 1970.
func minutes(t time.Time) int64 { return minuteOf(t).UnixMicro() / microsPerMinute }

// RecordAccess implements jarvis.AccessLog.
func (c *Catalog) RecordAccess(ctx context.Context, a jarvis.Access) error {
	return c.write(ctx, "record an access", func(on *conn) error {
		return on.exec(`INSERT INTO accesses (minute, who, address, action, times, captures) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET times = times + excluded.times, captures = captures + excluded.captures`,
			minutes(a.Minute), cleanWho(a.Who), cleanAddress(a.Address), string(a.Action), a.Times, a.Captures)
	})
}

// FindAccess implements jarvis.AccessLog.
func (c *Catalog) FindAccess(ctx context.Context, f jarvis.AccessFilter) ([]jarvis.Access, error) {
	limit, err := f.Page()
	if err != nil {
		return nil, err
	}
	f.Limit = limit
	sql, args := accessSQL(f)
	return read(ctx, c, "read the access log", func(on *conn) ([]jarvis.Access, error) {
		lines := []jarvis.Access{}
		err := on.query(func(s *sqlite3.Stmt) error {
			lines = append(lines, jarvis.Access{
				Minute:   time.UnixMicro(s.ColumnInt64(0) * microsPerMinute).UTC(),
				Who:      s.ColumnText(1),
				Address:  s.ColumnText(2),
				Action:   jarvis.Action(s.ColumnText(3)),
				Times:    s.ColumnInt64(4),
				Captures: s.ColumnInt64(5),
			})
			return nil
		}, sql, args...)
		return lines, err
	})
}

// accessSQL returns the statement that reads a page of f.Limit lines: a range of
// minutes in one index, less what of the cursor's minute is before the cursor.
func accessSQL(f jarvis.AccessFilter) (string, []any) {
	w := &where{index: "ix_accesses_minute"}
	switch {
	case f.Who != "" && f.Action != "":
		w.index = "ix_accesses_who_action"
	case f.Who != "":
		w.index = "ix_accesses_who"
	case f.Action != "":
		w.index = "ix_accesses_action"
	}
	if f.Who != "" {
		w.add("who = ?", cleanWho(f.Who))
	}
	if f.Action != "" {
		w.add("action = ?", string(f.Action))
	}
	if !f.From.IsZero() {
		w.add("-minute <= ?", -ceilMinutes(f.From))
	}
	newest, bounded := int64(0), false
	if !f.To.IsZero() {
		newest, bounded = ceilMinutes(f.To)-1, true
	}
	if after := f.After; after != nil {
		minute := minutes(after.Minute)
		if !bounded || minute < newest {
			newest, bounded = minute, true
		}
		w.add("(+-minute, who, address, action) > (?, ?, ?, ?)", -minute, cleanWho(after.Who), cleanAddress(after.Address), string(after.Action))
	}
	if bounded {
		w.add("-minute >= ?", -newest)
	}
	clause, args := w.clause("accesses")
	return "SELECT minute, who, address, action, times, captures" + clause + " ORDER BY -minute, who, address, action LIMIT ?", append(args, f.Limit)
}

// ceilMinutes returns the first minute that does not begin before t.
func ceilMinutes(t time.Time) int64 {
	minute := minutes(t)
	if minuteOf(t).Before(t) {
		minute++
	}
	return minute
}
