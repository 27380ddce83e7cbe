package sqlite

import (
	"context"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// FindCaptures implements jarvis.Catalog.
func (c *Catalog) FindCaptures(ctx context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error) {
	return page(ctx, c, "find captures", columns, f, scan)
}

// FindFiles implements jarvis.Catalog.
func (c *Catalog) FindFiles(ctx context.Context, f jarvis.CaptureFilter) ([]jarvis.FileRecord, error) {
	const columns = "id, filepath, timestamp, " + bytesOnDisk + ", stored_sha256"
	return page(ctx, c, "find files", columns, f, func(s *sqlite3.Stmt) (jarvis.FileRecord, error) {
		id, err := jarvis.ParseID(s.ColumnText(0))
		if err != nil {
			return jarvis.FileRecord{}, corruptRow(err)
		}
		return jarvis.FileRecord{
			ID:        id,
			Filepath:  s.ColumnText(1),
			Timestamp: micros(s, 2),
			Size:      s.ColumnInt64(3),
			SHA256:    s.ColumnBlob(4, nil),
		}, nil
	})
}

// pageSQL returns the statement that reads a page of f.Limit rows.
func pageSQL(columns string, f jarvis.CaptureFilter) (string, []any) {
	w := selection(f)
	w.position(f)
	clause, args := w.clause(w.captures())
	order := " ORDER BY " + w.time + " DESC, " + w.id + " DESC LIMIT ?"
	if f.Order == jarvis.OldestFirst {
		order = " ORDER BY " + w.time + ", " + w.id + " LIMIT ?"
	}
	return "SELECT " + columns + clause + order, append(args, f.Limit)
}

// page reads one page of rows.
func page[T any](ctx context.Context, c *Catalog, op, columns string, f jarvis.CaptureFilter, scan func(*sqlite3.Stmt) (T, error)) ([]T, error) {
	limit, err := f.Page()
	if err != nil {
		return nil, err
	}
	f.Limit = limit
	sql, args := pageSQL(columns, f)
	return read(ctx, c, op, func(on *conn) ([]T, error) {
		rows := make([]T, 0, min(limit, jarvis.DefaultPage))
		err := on.query(func(s *sqlite3.Stmt) error {
			row, err := scan(s)
			rows = append(rows, row)
			return err
		}, sql, args...)
		return rows, err
	})
}

// where is a filter in SQL.
type where struct {
	index string // the index that serves it in the order of pages; empty for pins
	time  string // the columns of that order
	id    string
	terms []string
	args  []any
	from  bound // of time
	to    bound
}

// bound is one side of a range.
type bound struct {
	term   string // empty where that side is open
	micros int64
	args   []any // of the term
}

// selection is f without its page.
func selection(f jarvis.CaptureFilter) *where {
	w := &where{index: indexFor(f), time: "timestamp", id: "id"}
	if f.Device != "" {
		w.add("device = ?", f.Device)
	}
	if f.AppName != "" {
		w.add("app_name = ?", f.AppName)
	}
	if f.Monitor != nil {
		w.add("coalesce(monitor_index, 0) = ?", *f.Monitor)
	}
	if !f.CreatedBefore.IsZero() {
		w.add("created_at < ?", f.CreatedBefore.UnixMicro())
	}
	switch {
	case f.Pinned == nil:
	case *f.Pinned: // few as they are, they are walked and the others passed by
		w.index, w.time, w.id = "", "captured_at", "capture_id"
	default:
		w.add("NOT " + isPinned)
	}
	if !f.From.IsZero() {
		at := ceilMicros(f.From)
		w.from = bound{w.time + " >= ?", at, []any{at}}
	}
	if !f.To.IsZero() {
		at := ceilMicros(f.To)
		w.to = bound{w.time + " < ?", at, []any{at}}
	}
	return w
}

// captures returns what the filter is read from.
func (w *where) captures() string {
	if w.index == "" {
		return "pins CROSS JOIN captures ON captures.id = capture_id"
	}
	return "captures"
}

// indexFor names the index that leads with the most telling equalities and then
// follows the order of pages. SQLite is told to use it: left to itself, it may
// choose one that has to read and sort everything.
func indexFor(f jarvis.CaptureFilter) string {
	switch {
	case f.Device != "" && f.AppName != "":
		return "ix_captures_device_app_name"
	case f.AppName != "":
		return "ix_captures_app_name"
	case f.Device != "":
		return "ix_captures_device"
	case f.Monitor != nil:
		return "ix_captures_monitor_index"
	}
	return "ix_captures_timestamp"
}

func (w *where) add(term string, args ...any) {
	w.terms = append(w.terms, term)
	w.args = append(w.args, args...)
}

// position starts the page after f.After. Where that is tighter than the bound
// of the filter it replaces it: of two bounds on one side, SQLite seeks to
// either and reads through to the other.
func (w *where) position(f jarvis.CaptureFilter) {
	if f.After.IsZero() {
		return
	}
	at := f.After.Timestamp.UnixMicro()
	args := []any{at, f.After.ID.String()}
	key := "(" + w.time + ", " + w.id + ")"
	switch {
	case f.Order == jarvis.OldestFirst && (w.from.term == "" || at >= w.from.micros):
		w.from = bound{key + " > (?, ?)", at, args}
	case f.Order == jarvis.NewestFirst && (w.to.term == "" || at < w.to.micros):
		w.to = bound{key + " < (?, ?)", at, args}
	}
}

// clause returns the FROM and WHERE clauses and their arguments. The index is
// that of the last table.
func (w *where) clause(tables string) (string, []any) {
	for _, bound := range []bound{w.from, w.to} {
		if bound.term != "" {
			w.add(bound.term, bound.args...)
		}
	}
	sql := " FROM " + tables
	if w.index != "" {
		sql += " INDEXED BY " + w.index
	}
	if len(w.terms) > 0 {
		sql += " WHERE " + strings.Join(w.terms, " AND ")
	}
	return sql, w.args
}

// maxSummaryDevices bounds Summary.Devices.
const maxSummaryDevices = 100

// Summarize implements jarvis.Catalog.
func (c *Catalog) Summarize(ctx context.Context, f jarvis.CaptureFilter) (jarvis.Summary, error) {
	w := selection(f)
	clause, args := w.clause(w.captures())
	pins, pinArgs := pinnedClause(f)
	return read(ctx, c, "summarize captures", func(on *conn) (sum jarvis.Summary, err error) {
		err = on.view(func() error {
			_, err := on.find(func(s *sqlite3.Stmt) {
				sum.Captures, sum.Bytes = s.ColumnInt64(0), s.ColumnInt64(1)
				if sum.Captures > 0 {
					sum.Oldest, sum.Newest = micros(s, 2), micros(s, 3)
				}
			}, "SELECT count(*), sum("+bytesOnDisk+"), min(timestamp), max(timestamp)"+clause, args...)
			if err == nil {
				sum.Pinned, err = on.number("SELECT count(*)"+pins, pinArgs...)
			}
			if err != nil {
				return err
			}
			return on.query(func(s *sqlite3.Stmt) error {
				sum.Devices = append(sum.Devices, s.ColumnText(0))
				return nil
			}, "SELECT DISTINCT device"+clause+" ORDER BY device LIMIT ?", append(args, maxSummaryDevices)...)
		})
		return sum, err
	})
}

// pinnedClause is the clause of what f selects that is pinned.
func pinnedClause(f jarvis.CaptureFilter) (string, []any) {
	unpinned := f.Pinned != nil && !*f.Pinned
	pinned := true
	f.Pinned = &pinned
	w := selection(f)
	if unpinned {
		w.add("false")
	}
	return w.clause(w.captures())
}
