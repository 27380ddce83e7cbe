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

func (w *conditions) String() string {
	if len(w.clauses) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.clauses, " AND ")
}

// selecting returns the conditions of a filter, without its page.
func selecting(f jarvis.CaptureFilter) *conditions {
	w := new(conditions)
	if !f.From.IsZero() {
		w.add("timestamp >= %s::timestamptz", bound(f.From))
	}
	if !f.To.IsZero() {
		w.add("timestamp < %s::timestamptz", bound(f.To))
	}
	if f.Device != "" {
		w.add("device = %s::text", f.Device)
	}
	if f.AppName != "" {
		w.add("left(app_name, 200) = left(%[1]s::text, 200) AND app_name = %[1]s::text", f.AppName)
	}
	if f.Monitor != nil {
		w.add("coalesce(monitor_index, 0) = %s::integer", *f.Monitor)
	}
	if !f.CreatedBefore.IsZero() {
		w.add("coalesce(created_at, timestamp) < %s::timestamptz", bound(f.CreatedBefore))
	}
	return w
}

// bound returns the first microsecond at or after t, within what a timestamptz
// can hold. Every time in the catalogue is a whole microsecond, so the half-open
// interval selects the same.
func bound(t time.Time) time.Time {
	cut := jarvis.Instant(t)
	if cut.Before(t) {
		cut = cut.Add(time.Microsecond)
	}
	switch year := cut.Year(); {
	case year < -4000:
		return time.Date(-4000, 1, 1, 0, 0, 0, 0, time.UTC)
	case year > 200_000:
		return time.Date(200_000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return cut
}

func checkLimit(limit int) error {
	if limit < 1 || limit > jarvis.MaxPage {
		return jarvis.Errorf(jarvis.CodeInvalid, "a page holds 1 to %d, not %d", jarvis.MaxPage, limit)
	}
	return nil
}

// findPage reads a page of captures in the filter's order.
func findPage[T any](ctx context.Context, c *Catalog, op, columns string, f jarvis.CaptureFilter, scan func(pgx.CollectableRow) (T, error)) (page []T, err error) {
	if f.Limit == 0 {
		f.Limit = 100
	}
	if err := checkLimit(f.Limit); err != nil {
		return nil, err
	}
	w := selecting(f)
	side, direction := ">", ""
	if f.Order == jarvis.NewestFirst {
		side, direction = "<", " DESC"
	}
	if !f.After.IsZero() {
		w.add(`(timestamp, id COLLATE "C") `+side+` (%s::timestamptz, %s::text COLLATE "C")`, f.After.Timestamp, f.After.ID.String())
	}
	w.args = append(w.args, f.Limit)
	statement := fmt.Sprintf(`SELECT %s FROM captures%s ORDER BY timestamp%[3]s, id COLLATE "C"%[3]s LIMIT $%[4]d`,
		columns, w, direction, len(w.args))
	err = c.read(ctx, op, func(ctx context.Context) error {
		rows, err := c.pool.Query(ctx, statement, w.args...)
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

// Summarize counts what the filter selects, from its rows.
func (c *Catalog) Summarize(ctx context.Context, f jarvis.CaptureFilter) (jarvis.Summary, error) {
	const maxDevices = 100
	w := selecting(f)
	statement := `SELECT device, count(*), sum(coalesce(nullif(stored_size, 0), file_size))::bigint, min(timestamp), max(timestamp)
		FROM captures` + w.String() + ` GROUP BY device`
	var total jarvis.Summary
	err := c.read(ctx, "summarize", func(ctx context.Context) error {
		total = jarvis.Summary{}
		rows, err := c.pool.Query(ctx, statement, w.args...)
		if err != nil {
			return err
		}
		var one jarvis.Summary
		var device string
		_, err = pgx.ForEachRow(rows, []any{&device, &one.Captures, &one.Bytes, &one.Oldest, &one.Newest}, func() error {
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
