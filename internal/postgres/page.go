package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// conditions builds a WHERE clause.
type conditions struct {
	clauses []string
	args    []any
}

// add adds a clause in which every %[n]s is the nth of args.
func (w *conditions) add(clause string, args ...any) {
	places := make([]any, len(args))
	for i, arg := range args {
		w.args = append(w.args, arg)
		places[i] = fmt.Sprintf("$%d", len(w.args))
	}
	w.clauses = append(w.clauses, fmt.Sprintf(clause, places...))
}

// place adds an argument and returns its place.
func (w *conditions) place(arg any) string {
	w.args = append(w.args, arg)
	return fmt.Sprintf("$%d", len(w.args))
}

func (w *conditions) String() string {
	if len(w.clauses) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.clauses, " AND ")
}

// matching adds the conditions of a filter that are no bounds in time.
func (w *conditions) matching(f jarvis.CaptureFilter) {
	if f.Device != "" {
		w.add("device = %s::text", f.Device)
	}
	if f.AppName != "" {
		w.add("app_name = %s::text", f.AppName)
	}
	if f.Monitor != nil {
		w.add("coalesce(monitor_index, 0) = %s::bigint", *f.Monitor)
	}
	if f.Pinned != nil && !*f.Pinned {
		w.add("NOT (" + isPinned + ")")
	}
	if !f.CreatedBefore.IsZero() {
		w.add("coalesce(created_at, timestamp) < %s::timestamptz", bound(f.CreatedBefore))
	}
}

// bound returns the first microsecond at or after t, within what a timestamptz
// can hold. Every time in the catalogue is a whole microsecond, so the half-open
// interval selects the same.
func bound(t time.Time) time.Time {
	cut := floor(t)
	if cut.Before(t) && cut.Year() < maxYear {
		cut = cut.Add(time.Microsecond)
	}
	return cut
}

// The years that bound times in statements. A timestamptz can hold some more.
const (
	minYear = -4000
	maxYear = 200_000
)

// floor returns t as the catalogue keeps it, within what a timestamptz can hold.
func floor(t time.Time) time.Time {
	cut := jarvis.Instant(t)
	switch year := cut.Year(); {
	case year < minYear:
		return time.Date(minYear, 1, 1, 0, 0, 0, 0, time.UTC)
	case year > maxYear:
		return time.Date(maxYear, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return cut
}

// place is a position in an index: a value for each of its first columns.
type place []any

// keyOf returns the index that serves a filter: its columns, the forms of their
// values, the values of those that come before (timestamp, id), and the filter
// without what these values settle.
func keyOf(f jarvis.CaptureFilter) (columns, forms []string, prefix place, rest jarvis.CaptureFilter) {
	rest = f
	if f.Pinned != nil && *f.Pinned { // few as they are, they are walked and the others passed by
		return []string{"captured_at", "capture_id"}, []string{"%s::timestamptz", `%s::text COLLATE "C"`}, nil, rest
	}
	add := func(column, form string, value any) {
		columns, forms, prefix = append(columns, column), append(forms, form), append(prefix, value)
	}
	if f.Device != "" {
		add("device", "%s::text", f.Device)
		rest.Device = ""
	}
	if f.AppName != "" {
		add("left(app_name, 200)", "left(%s::text, 200)", f.AppName) // which does not settle the rest of a long name
	}
	if f.Monitor != nil && len(prefix) == 0 {
		add("coalesce(monitor_index, 0)", "%s::bigint", *f.Monitor)
		rest.Monitor = nil
	}
	return append(columns, "timestamp", `id COLLATE "C"`), append(forms, "%s::timestamptz", `%s::text COLLATE "C"`), prefix, rest
}

// pageStatement returns the statement that reads a page of some columns: one
// range of one index, in its order.
//
// The range of a device is not "device = x" ordered by time, but what lies
// between (x, from) and (x, to), ordered by device and time. It is the same, yet
// only the device's index has that order. Given the choice, PostgreSQL walks
// the index by time and hopes to meet the device soon, which takes long when
// that device was last used years ago.
func pageStatement(columns string, f jarvis.CaptureFilter) (string, []any) {
	key, forms, prefix, rest := keyOf(f)
	after := place{f.After.Timestamp, f.After.ID.String()}
	lower, lowerSide := prefix, ">="
	upper, upperSide := prefix, "<="
	if !f.From.IsZero() {
		lower = slices.Concat(prefix, place{bound(f.From)})
	}
	if !f.To.IsZero() {
		upper, upperSide = slices.Concat(prefix, place{bound(f.To)}), "<"
	}
	// Of two bounds on one side the looser would be where the index is entered.
	direction := ""
	if f.Order == jarvis.NewestFirst {
		direction = " DESC"
		if !f.After.IsZero() && (f.To.IsZero() || f.After.Timestamp.Before(f.To)) {
			upper, upperSide = slices.Concat(prefix, after), "<"
		}
	} else if !f.After.IsZero() && !f.From.After(f.After.Timestamp) {
		lower, lowerSide = slices.Concat(prefix, after), ">"
	}

	w := new(conditions)
	w.beyond(key, forms, lower, lowerSide)
	w.beyond(key, forms, upper, upperSide)
	w.matching(rest)
	w.args = append(w.args, f.Limit)
	return fmt.Sprintf("SELECT %s FROM %s%s ORDER BY %s LIMIT $%d",
		columns, readFrom(f), w, strings.Join(key, direction+", ")+direction, len(w.args)), w.args
}

// readFrom returns the captures that a filter is read from, for FROM.
func readFrom(f jarvis.CaptureFilter) string {
	if f.Pinned != nil && *f.Pinned {
		return pinnedCaptures
	}
	return "captures"
}

// beyond adds that the key is on one side of a place.
func (w *conditions) beyond(key, forms []string, p place, side string) {
	if n := len(p); n > 0 {
		w.add(fmt.Sprintf("(%s) %s (%s)", strings.Join(key[:n], ", "), side, strings.Join(forms[:n], ", ")), p...)
	}
}

// findPage reads a page of captures in the filter's order.
func findPage[T any](ctx context.Context, c *Catalog, op, columns string, f jarvis.CaptureFilter, scan func(pgx.CollectableRow) (T, error)) (page []T, err error) {
	if f.Limit, err = f.Page(); err != nil {
		return nil, err
	}
	statement, args := pageStatement(columns, f)
	err = c.read(ctx, op, func(ctx context.Context) error {
		rows, err := c.pool.Query(ctx, statement, args...)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, scan)
		return err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// FindCaptures returns a page of captures, without their text.
func (c *Catalog) FindCaptures(ctx context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error) {
	return findPage(ctx, c, "find captures", captureColumns, f, func(row pgx.CollectableRow) (*jarvis.Capture, error) { return scanCapture(row) })
}

// FindFiles is FindCaptures for verify.
func (c *Catalog) FindFiles(ctx context.Context, f jarvis.CaptureFilter) ([]jarvis.FileRecord, error) {
	const columns = "id, filepath, timestamp, coalesce(nullif(stored_size, 0), file_size), stored_sha256"
	return findPage(ctx, c, "find files", columns, f, func(row pgx.CollectableRow) (r jarvis.FileRecord, err error) {
		var id string
		if err := row.Scan(&id, &r.Filepath, &r.Timestamp, &r.Size, &r.SHA256); err != nil {
			return r, err
		}
		r.Timestamp = r.Timestamp.UTC()
		r.ID, err = storedID(id)
		return r, err
	})
}

// selecting adds all conditions of a filter.
func (w *conditions) selecting(f jarvis.CaptureFilter) {
	at := "timestamp"
	if readFrom(f) == pinnedCaptures {
		at = "captured_at"
	}
	if !f.From.IsZero() {
		w.add(at+" >= %s::timestamptz", bound(f.From))
	}
	if !f.To.IsZero() {
		w.add(at+" < %s::timestamptz", bound(f.To))
	}
	if f.AppName != "" {
		w.add("left(app_name, 200) = left(%s::text, 200)", f.AppName)
	}
	w.matching(f)
}

// summaryStatement returns the statement that counts what a filter selects, by
// device, each time with how many of all are pinned.
func summaryStatement(f jarvis.CaptureFilter) (string, []any) {
	all := new(conditions)
	all.selecting(f)
	from := readFrom(f) + all.String()

	pinned := &conditions{args: all.args}
	if f.Pinned != nil && !*f.Pinned {
		pinned.add("false")
	}
	yes := true
	f.Pinned = &yes
	pinned.selecting(f)
	return `SELECT device, count(*), sum(coalesce(nullif(stored_size, 0), file_size))::bigint, min(timestamp), max(timestamp),
			(SELECT count(*) FROM ` + readFrom(f) + pinned.String() + `)
		FROM ` + from + ` GROUP BY device`, pinned.args
}

// Summarize counts what the filter selects, from its rows.
func (c *Catalog) Summarize(ctx context.Context, f jarvis.CaptureFilter) (jarvis.Summary, error) {
	const maxDevices = 100
	statement, args := summaryStatement(f)
	var total jarvis.Summary
	err := c.read(ctx, "summarize", func(ctx context.Context) error {
		total = jarvis.Summary{}
		rows, err := c.pool.Query(ctx, statement, args...)
		if err != nil {
			return err
		}
		var one jarvis.Summary
		var device string
		_, err = pgx.ForEachRow(rows, []any{&device, &one.Captures, &one.Bytes, &one.Oldest, &one.Newest, &total.Pinned}, func() error {
			if total.Captures == 0 || one.Oldest.Before(total.Oldest) {
				total.Oldest = one.Oldest.UTC()
			}
			if one.Newest.After(total.Newest) {
				total.Newest = one.Newest.UTC()
			}
			total.Captures += one.Captures
			total.Bytes += one.Bytes
			total.Devices = append(total.Devices, device)
			return nil
		})
		return err
	})
	if err != nil {
		return jarvis.Summary{}, err
	}
	slices.Sort(total.Devices)
	total.Devices = total.Devices[:min(maxDevices, len(total.Devices))]
	return total, nil
}
