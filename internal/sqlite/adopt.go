package sqlite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// The columns and indexes of captures that this program knows, of any version.
var (
	firstColumns = []string{"id", "filepath", "timestamp", "monitor_index", "width", "height", "file_size", "ocr_text", "created_at"}
	laterColumns = []string{"device", "app_name", "window_title", "url", "stored_size", "stored_sha256", "content_digest", "recovered"}
	ownIndexes   = []string{
		"ix_captures_timestamp", "ix_captures_device", "ix_captures_app_name", "ix_captures_device_app_name", "ix_captures_monitor_index",
	}
)

// ownColumns returns every column of captures that this program knows.
func ownColumns() []string { return slices.Concat(firstColumns, []string{"seq"}, laterColumns) }

// others is what captures has and this program does not know: an older Jarvis
// put it there. Migrations that rebuild the table carry it over.
type others struct {
	names, definitions []string
	statements         []string // of indexes and triggers
}

func readOthers(c *conn) (others, error) {
	var o others
	err := c.query(func(s *sqlite3.Stmt) error {
		name := s.ColumnText(0)
		if slices.Contains(ownColumns(), strings.ToLower(name)) {
			return nil
		}
		o.names = append(o.names, sqlite3.QuoteIdentifier(name))
		definition := sqlite3.QuoteIdentifier(name) + " " + s.ColumnText(1)
		if s.ColumnType(3) != sqlite3.NULL {
			definition += " DEFAULT (" + s.ColumnText(3) + ")"
			if s.ColumnBool(2) {
				definition += " NOT NULL"
			}
		}
		// NOT NULL without a default would refuse every new capture.
		o.definitions = append(o.definitions, definition)
		return nil
	}, `SELECT name, type, "notnull", dflt_value FROM pragma_table_xinfo('captures') WHERE hidden = 0 ORDER BY cid`)
	if err != nil {
		return o, err
	}
	err = c.query(func(s *sqlite3.Stmt) error {
		if !slices.Contains(ownIndexes, s.ColumnText(0)) {
			o.statements = append(o.statements, s.ColumnText(1))
		}
		return nil
	}, "SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'captures' AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY type, name")
	return o, err
}

// replacer puts the rest into the text of a migration.
func (o others) replacer() *strings.Replacer {
	list := func(items []string) string {
		if len(items) == 0 {
			return ""
		}
		return strings.Join(items, ", ") + ","
	}
	var statements strings.Builder
	for _, s := range o.statements {
		fmt.Fprintf(&statements, "-- +goose StatementBegin\n%s;\n-- +goose StatementEnd\n", s)
	}
	return strings.NewReplacer(
		"/*other definitions*/", list(o.definitions),
		"/*other names*/", list(o.names),
		"/*other indexes*/", statements.String(),
	)
}

// functions are the SQL functions of the migrations. SQLite would make text of
// their errors, so the first is kept.
type functions struct{ problem error }

func (f *functions) register(c *sqlite3.Conn) error {
	for name, fn := range map[string]func(sqlite3.Context, sqlite3.Value) error{
		"jarvis_micros": func(ctx sqlite3.Context, v sqlite3.Value) error {
			t, err := parseTime(v)
			ctx.ResultInt64(t.UnixMicro())
			return err
		},
		"jarvis_text": func(ctx sqlite3.Context, v sqlite3.Value) error {
			ctx.ResultText(time.UnixMicro(v.Int64()).UTC().Format(textTime))
			return nil
		},
		"jarvis_slot": func(ctx sqlite3.Context, v sqlite3.Value) error {
			ctx.ResultInt64(slot(v.Int64()))
			return nil
		},
		"jarvis_bucket": func(ctx sqlite3.Context, v sqlite3.Value) error {
			ctx.ResultInt64(int64(bucketOf(v.Int64())))
			return nil
		},
	} {
		err := c.CreateFunction(name, 1, sqlite3.DETERMINISTIC|sqlite3.DIRECTONLY, func(ctx sqlite3.Context, arg ...sqlite3.Value) {
			if err := fn(ctx, arg[0]); err != nil {
				if f.problem == nil {
					f.problem = jarvis.WrapError(jarvis.CodeCorrupt, "sqlite: migrate", err.Error(), err)
				}
				ctx.ResultError(err)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// textTime is how times are written as text in migration 1.
const textTime = "2006-01-02 15:04:05.000000"

// parseTime reads a time of migration 1: text in UTC with or without a fraction
// or an offset, or a number of seconds.
func parseTime(v sqlite3.Value) (time.Time, error) {
	switch v.Type() {
	case sqlite3.INTEGER:
		return time.Unix(v.Int64(), 0), nil
	case sqlite3.FLOAT:
		return time.UnixMicro(int64(v.Float() * 1e6)), nil
	}
	text := v.Text()
	for _, layout := range []string{
		"2006-01-02 15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999 Z07:00",
		"2006-01-02T15:04:05.999999999", time.RFC3339Nano, "2006-01-02 15:04", "2006-01-02",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, jarvis.Errorf(jarvis.CodeCorrupt, "the catalogue has a capture at %.60q, which is not a time: correct the row and try again", text)
}
