package sqlite

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.Coverage = (*Catalog)(nil)

func cleanDevice(device string) string { return jarvis.CleanText(device, jarvis.MaxDevice) }

// PutSpans implements jarvis.Coverage.
func (c *Catalog) PutSpans(ctx context.Context, spans []jarvis.Span) error {
	spans = slices.Clone(spans) // the caller may be gone when they are written
	for i := range spans {
		s := &spans[i]
		s.Device, s.From, s.To = cleanDevice(s.Device), jarvis.Instant(s.From), jarvis.Instant(s.To)
		if err := s.Check(); err != nil {
			return err
		}
	}
	return c.write(ctx, "add spans", func(on *conn) error {
		for _, s := range spans {
			if err := putSpan(on, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func putSpan(on *conn, s jarvis.Span) error {
	var known jarvis.Span
	found, err := on.find(func(row *sqlite3.Stmt) { known = scanSpan(row) },
		"SELECT "+spanColumns+" FROM spans WHERE device = ? AND number = ?", s.Device, s.Number)
	switch {
	case err != nil:
		return err
	case !found:
		return on.exec("INSERT INTO spans ("+spanColumns+", size) VALUES (?, ?, ?, ?, ?, ?)",
			s.Device, s.Number, s.From.UnixMicro(), s.To.UnixMicro(), string(s.State), int(s.Size()))
	case !known.From.Equal(s.From) || known.State != s.State:
		return jarvis.SpanDiffers(s)
	case !known.To.Before(s.To):
		return nil
	}
	return on.exec("UPDATE spans SET ends = ?, size = ? WHERE device = ? AND number = ?", s.To.UnixMicro(), int(s.Size()), s.Device, s.Number)
}

const spanColumns = "device, number, begins, ends, state"

func scanSpan(s *sqlite3.Stmt) jarvis.Span {
	return jarvis.Span{
		Device: s.ColumnText(0),
		Number: s.ColumnInt64(1),
		From:   micros(s, 2),
		To:     micros(s, 3),
		State:  jarvis.SpanState(s.ColumnText(4)),
	}
}

// FindSpans implements jarvis.Coverage.
func (c *Catalog) FindSpans(ctx context.Context, f jarvis.SpanFilter) ([]jarvis.Span, error) {
	f.Limit = cmp.Or(f.Limit, jarvis.MaxPage)
	if err := jarvis.CheckPage(f.Limit); err != nil {
		return nil, err
	}
	f.Device = cleanDevice(f.Device)
	return read(ctx, c, "find spans", func(on *conn) (spans []jarvis.Span, err error) {
		spans = []jarvis.Span{}
		if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
			return spans, nil
		}
		err = on.view(func() error {
			devices := []string{f.Device}
			if f.Device == "" {
				if devices, err = spanDevices(on); err != nil {
					return err
				}
			}
			for _, device := range devices {
				for _, part := range spanParts(device, f) {
					err := on.query(func(s *sqlite3.Stmt) error {
						spans = append(spans, scanSpan(s))
						return nil
					}, part.sql, append(part.args, f.Limit-len(spans))...)
					if err != nil || len(spans) == f.Limit {
						return err
					}
				}
			}
			return nil
		})
		return spans, err
	})
}

// spanning lists the devices that have spans, with one look at the index for each.
const spanning = `spanning (device) AS (
		SELECT min(device) FROM spans
		UNION ALL
		SELECT (SELECT min(spans.device) FROM spans WHERE spans.device > spanning.device) FROM spanning WHERE device IS NOT NULL
	)`

func spanDevices(on *conn) (devices []string, err error) {
	err = on.query(func(s *sqlite3.Stmt) error {
		devices = append(devices, s.ColumnText(0))
		return nil
	}, "WITH RECURSIVE "+spanning+" SELECT device FROM spanning WHERE device IS NOT NULL ORDER BY device")
	return devices, err
}

// statement is one with its arguments, but for the limit, which comes last.
type statement struct {
	sql  string
	args []any
}

const spanOrder = " ORDER BY begins, number LIMIT ?"

// spanParts returns the statements that read the spans of one device, in order:
// those that reach into the time from before it, and those that begin in it.
func spanParts(device string, f jarvis.SpanFilter) []statement {
	var after *jarvis.Span
	if f.After != nil {
		switch strings.Compare(device, cleanDevice(f.After.Device)) {
		case -1:
			return nil
		case 0:
			after = f.After
		}
	}
	var parts []statement
	w := &where{index: "ix_spans_begins"}
	w.add("device = ?", device)
	if from := f.From.UnixMicro(); !f.From.IsZero() && (after == nil || after.From.UnixMicro() < from) {
		parts = append(parts, reaching(device, from, after))
		w.add("begins >= ?", from)
	} else if after != nil {
		w.add("(begins, number) > (?, ?)", after.From.UnixMicro(), after.Number)
	}
	if !f.To.IsZero() {
		w.add("begins < ?", ceilMicros(f.To))
	}
	clause, args := w.clause("spans")
	return append(parts, statement{"SELECT " + spanColumns + clause + spanOrder, args})
}

// reaching returns the statement that reads the spans that begin before a time
// and end after it.
func reaching(device string, at int64, after *jarvis.Span) statement {
	var sizes []string
	var args []any
	for size := range jarvis.SpanSizes {
		sizes = append(sizes, "(?, ?)")
		args = append(args, int(size), size.Since(time.UnixMicro(at)).UnixMicro())
	}
	w := &where{index: "ix_spans_size"}
	w.add("device = ?", device)
	w.add("size = of_size AND begins BETWEEN since AND ? AND ends > ?", at-1, at)
	if after != nil {
		w.add("(+begins, number) > (?, ?)", after.From.UnixMicro(), after.Number)
	}
	clause, rest := w.clause("sizes CROSS JOIN spans")
	sql := "WITH sizes (of_size, since) AS (VALUES " + strings.Join(sizes, ", ") + ") SELECT " + spanColumns + clause + spanOrder
	return statement{sql, append(args, rest...)}
}

// FindDevices implements jarvis.Coverage.
func (c *Catalog) FindDevices(ctx context.Context) ([]jarvis.DeviceInfo, error) {
	return read(ctx, c, "list devices", func(on *conn) ([]jarvis.DeviceInfo, error) {
		devices := []jarvis.DeviceInfo{}
		err := on.query(func(s *sqlite3.Stmt) error {
			devices = append(devices, jarvis.DeviceInfo{
				Device:   s.ColumnText(0),
				Captures: s.ColumnInt64(1),
				Bytes:    s.ColumnInt64(2),
				Newest:   microsOrZero(s, 3),
				SpansTo:  microsOrZero(s, 4),
				LastUsed: microsOrZero(s, 5),
				Revoked:  s.ColumnBool(6),
			})
			return nil
		}, devicesSQL, jarvis.MaxPage)
		return devices, err
	})
}

const devicesSQL = "WITH RECURSIVE " + spanning + `,
	known (name) AS (
		SELECT device FROM devices
		UNION SELECT device FROM spanning WHERE device IS NOT NULL
		UNION SELECT name FROM tokens WHERE scope = 'upload'
	)
	SELECT known.name, coalesce(d.captures, 0), coalesce(d.bytes, 0),
		(SELECT max(timestamp) FROM captures INDEXED BY ix_captures_device WHERE device = known.name),
		(SELECT max(ends) FROM spans INDEXED BY ix_spans_ends WHERE device = known.name),
		t.last_used, t.revoked_at IS NOT NULL
	FROM known
	LEFT JOIN devices AS d ON d.device = known.name
	LEFT JOIN tokens AS t ON t.name = known.name AND t.scope = 'upload'
	ORDER BY known.name LIMIT ?`
