package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// older makes a database as an older Jarvis left it, with what this program
// does not know, and closes it.
func older(t *testing.T, change ...string) Options {
	t.Helper()
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}
	pool, err := sql.Open("sqlite3", "file:"+o.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range append([]string{
		"CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
		"INSERT INTO alembic_version VALUES ('009_more')",
		`CREATE TABLE captures (id VARCHAR(36) NOT NULL, filepath VARCHAR(500) NOT NULL, timestamp DATETIME NOT NULL, monitor_index INTEGER DEFAULT 0,
			width INTEGER NOT NULL, height INTEGER NOT NULL, file_size INTEGER NOT NULL, ocr_text TEXT, created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
			processing_status VARCHAR(20) NOT NULL DEFAULT 'pending', "odd name" BLOB, must_be_set INTEGER NOT NULL, PRIMARY KEY (id))`,
		"CREATE INDEX ix_captures_timestamp ON captures (timestamp)",
		"CREATE INDEX ix_captures_processing_status ON captures (processing_status)",
		"CREATE TABLE embeddings (id INTEGER PRIMARY KEY, capture_id VARCHAR(36) NOT NULL REFERENCES captures (id) ON DELETE CASCADE, vector BLOB)",
		"CREATE VIEW recent AS SELECT id, processing_status FROM captures ORDER BY timestamp DESC",
		"CREATE TABLE log (line TEXT)",
		"CREATE TRIGGER captures_done AFTER UPDATE OF processing_status ON captures BEGIN INSERT INTO log VALUES (new.id); SELECT 1; END",
		`INSERT INTO captures VALUES ('F47AC10B-58CC-4372-A567-0E02B2C3D479', '/data/captures/2026/01/24/f47ac10b-58cc-4372-a567-0e02b2c3d479.jpg',
			'2026-01-24 20:39:09.123456', NULL, 1920, 1080, 1000, 'read', '2026-01-24 20:39:10', 'done', x'01', 7)`,
		`INSERT INTO captures VALUES ('a47ac10b-58cc-4372-a567-0e02b2c3d479', '/data/captures/2026/01/24/a47ac10b-58cc-4372-a567-0e02b2c3d479.jpg',
			'2026-01-24T20:39:09+01:00', 1, 1920, 1080, 2000, NULL, NULL, 'pending', NULL, 8)`,
		"INSERT INTO embeddings VALUES (1, 'a47ac10b-58cc-4372-a567-0e02b2c3d479', x'00'), (2, 'a47ac10b-58cc-4372-a567-0e02b2c3d479', x'01')",
	}, change...) {
		if _, err := pool.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOpen_AdoptsWhatItDoesNotKnow(t *testing.T) {
	o := older(t)
	for range 2 {
		c := mustOpen(t, o)
		upper, err := jarvis.ParseID("F47AC10B-58CC-4372-A567-0E02B2C3D479")
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.FindCapture(t.Context(), upper)
		want := time.Date(2026, 1, 24, 20, 39, 9, 123456000, time.UTC)
		if err != nil || !got.Timestamp.Equal(want) || got.MonitorIndex != 0 || got.OCRText == nil || *got.OCRText != "read" {
			t.Fatalf("the first capture is %+v, %v", got, err)
		}
		page, err := c.FindCaptures(t.Context(), jarvis.CaptureFilter{})
		if err != nil || len(page) != 2 || !page[1].CreatedAt.Equal(want.Add(-time.Hour).Truncate(time.Second)) {
			t.Fatalf("FindCaptures = %+v, %v", page, err)
		}
		checkSound(t, c)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		downAndUp(t, o)
	}

	raw := openSQL(t, o)
	for query, want := range map[string]string{
		"SELECT group_concat(processing_status) FROM (SELECT * FROM captures ORDER BY id)":     "pending,done",
		`SELECT hex("odd name") || must_be_set FROM captures WHERE processing_status = 'done'`: "017",
		"SELECT count(*) FROM embeddings": "2",
		"SELECT count(*) FROM recent":     "2",
		"SELECT count(*) FROM sqlite_schema WHERE name IN ('ix_captures_processing_status', 'captures_done')": "2",
		"SELECT version_num FROM alembic_version":                                                             "009_more",
		"SELECT name FROM pragma_table_info('captures') ORDER BY cid DESC LIMIT 1":                            "ocr_text",
	} {
		var got string
		if err := raw.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v, want %q", query, got, err, want)
		}
	}
	c := mustOpen(t, o)
	insertMany(t, c, 2)
	page, err := c.FindCaptures(t.Context(), jarvis.CaptureFilter{Device: "ada@desk"})
	if err != nil || len(page) == 0 {
		t.Fatalf("FindCaptures = %v, %v", page, err)
	}
	if _, err := raw.Exec("UPDATE captures SET processing_status = 'done' WHERE id = ?", page[0].ID.String()); err != nil {
		t.Fatalf("the trigger: %v", err)
	}
	if copies := copiesOf(t, o); len(copies) != 2 {
		t.Errorf("copies: %q", copies)
	}
}

func TestOpen_AdoptRefusals(t *testing.T) {
	for _, test := range []struct{ name, change, says string }{
		{"Time", "UPDATE captures SET timestamp = 'last Tuesday' WHERE must_be_set = 7", `"last Tuesday", which is not a time`},
		{"Id", "UPDATE captures SET id = 'seven' WHERE must_be_set = 7", `id "seven", which is not a UUID`},
		{"Seq", "ALTER TABLE captures ADD COLUMN seq INTEGER", "already has captures.seq, which"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := older(t, test.change)
			for range 2 {
				_, err := Open(t.Context(), o)
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Fatalf("Open = %v (%v)", err, errors.Unwrap(err))
				}
			}
			var n int
			if err := openSQL(t, o).QueryRow("SELECT count(*) FROM captures WHERE must_be_set IN (7, 8)").Scan(&n); err != nil || n != 2 {
				t.Fatalf("%d captures are left, %v", n, err)
			}
		})
	}
}

// A database that an older Jarvis left in the middle of a write has a rollback
// journal. What had not been committed is undone, as SQLite does.
func TestOpen_AdoptsWithJournal(t *testing.T) {
	o := older(t)
	pool := openSQL(t, o)
	pool.SetMaxOpenConns(1)
	copied := Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}
	for _, statement := range []string{
		"PRAGMA cache_spill = 1", "PRAGMA cache_size = 1", "BEGIN",
		"INSERT INTO log SELECT hex(randomblob(500)) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n)",
	} {
		if _, err := pool.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, suffix := range []string{"", "-journal"} {
		content, err := os.ReadFile(o.Path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(copied.Path+suffix, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	c := mustOpen(t, copied)
	if stats, err := c.Stats(t.Context()); err != nil || stats.Captures != 2 {
		t.Fatalf("Stats = %+v, %v", stats, err)
	}
	lines, err := read(t.Context(), c, "count", func(on *conn) (int64, error) { return on.number("SELECT count(*) FROM log") })
	if err != nil || lines != 0 {
		t.Errorf("%d lines of a transaction that was not committed are there, %v", lines, err)
	}
	if _, err := os.Stat(copied.Path + "-journal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the journal: %v", err)
	}
}

// The list of migrations, their files, and what the schema calls its newest are one.
func TestMigrations_Known(t *testing.T) {
	list, err := known()
	if err != nil || len(list) != latest {
		t.Fatalf("known = %v, %v, want %d", list, err, latest)
	}
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range list {
		if want := fmt.Sprintf("%05d_%s.sql", m.Version, m.Name); entries[i].Name() != want {
			t.Errorf("migration %d is in %s, want %s", m.Version, entries[i].Name(), want)
		}
	}
	raw := openSQL(t, Options{Path: mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}).db.path})
	rows, err := raw.Query("SELECT name FROM pragma_table_info('captures') UNION ALL SELECT name FROM pragma_index_list('captures') WHERE origin = 'c'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() // nothing was written to it
	known := append(ownColumns(), ownIndexes...)
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(known, name) {
			t.Errorf("%s is ours, and a migration would take it for somebody else's", name)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
