package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.AccessLog = (*Catalog)(nil)

func cleanWho(who string) string { return jarvis.CleanText(who, jarvis.MaxWho) }

// minutes returns the number of the minute that t lies in, since 1970.
func minutes(t time.Time) int64 { return minuteOf(t).Unix() / 60 }

// RecordAccess adds to a line of the access log.
func (c *Catalog) RecordAccess(ctx context.Context, a jarvis.Access) error {
	return c.execute(ctx, "record access", `
		INSERT INTO accesses AS a (minute, who, address, action, times, captures)
		VALUES ($1::bigint, $2::text, $3::text, $4::text, $5::bigint, $6::bigint)
		ON CONFLICT ((-minute), who, address, action) DO UPDATE SET times = a.times + excluded.times, captures = a.captures + excluded.captures`,
		minutes(a.Minute), cleanWho(a.Who), cleanAddress(a.Address), string(a.Action), a.Times, a.Captures)
}

// FindAccess returns a page of the access log.
func (c *Catalog) FindAccess(ctx context.Context, f jarvis.AccessFilter) ([]jarvis.Access, error) {
	limit, err := f.Page()
	if err != nil {
		return nil, err
	}
	f.Limit = limit
	statement, args := accessStatement(f)
	return findAll(ctx, c, "read the access log", scanAccess, statement, args...)
}

func scanAccess(row pgx.CollectableRow) (a jarvis.Access, err error) {
	var minute int64
	var action string
	err = row.Scan(&minute, &a.Who, &a.Address, &action, &a.Times, &a.Captures)
	a.Minute, a.Action = time.Unix(minute*60, 0).UTC(), jarvis.Action(action)
	return a, err
}

// accessStatement returns the statement that reads a page of lines: a range of
// minutes in one index, less what of the cursor's minute is before the cursor.
// What the filter names is a range of that index as pageStatement's device is,
// and for the same reason.
func accessStatement(f jarvis.AccessFilter) (string, []any) {
	const page = "(-minute), who, address, action"
	var key, forms []string
	var prefix place
	if f.Who != "" {
		key, forms, prefix = append(key, "who"), append(forms, "%s::text"), append(prefix, cleanWho(f.Who))
	}
	if f.Action != "" {
		key, forms, prefix = append(key, "action"), append(forms, "%s::text"), append(prefix, string(f.Action))
	}
	key, forms = append(key, "(-minute)"), append(forms, "%s::bigint")

	w := new(conditions)
	first, last := prefix, prefix
	if !f.From.IsZero() {
		last = slices.Concat(prefix, place{-ceilMinutes(f.From)})
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
		w.add("("+page+") > (%s::bigint, %s::text, %s::text, %s::text)", -minute, cleanWho(after.Who), cleanAddress(after.Address), string(after.Action))
	}
	if bounded {
		first = slices.Concat(prefix, place{-newest})
	}
	w.beyond(key, forms, first, ">=")
	w.beyond(key, forms, last, "<=")
	w.args = append(w.args, f.Limit)

	order := page
	switch {
	case f.Who != "" && f.Action != "":
		order = "who, action, (-minute), address"
	case f.Who != "":
		order = "who, (-minute), address, action"
	case f.Action != "":
		order = "action, (-minute), who, address"
	}
	return fmt.Sprintf("SELECT minute, who, address, action, times, captures FROM accesses%s ORDER BY %s LIMIT $%d", w, order, len(w.args)), w.args
}

// ceilMinutes returns the first minute that does not begin before t.
func ceilMinutes(t time.Time) int64 {
	minute := minutes(t)
	if minuteOf(t).Before(t) {
		minute++
	}
	return minute
}
