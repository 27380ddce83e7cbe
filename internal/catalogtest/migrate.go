package catalogtest

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// newest is the version of the schema that the nine columns of migration 1 have
// grown into. A program that knows more migrations says so in Status.
const newest = 6

func testMigrate(t *testing.T, h Harness) {
	t.Run("Status", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		wantVersion(t, db, newest)
		if err := cat.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		applied, err := db.Up(t.Context())
		if err != nil || len(applied) != 0 {
			t.Fatalf("Up of what is up to date = %v, %v", applied, err)
		}
	})

	t.Run("DownAndUp", func(t *testing.T) {
		db := h.New(t)
		cat, err := db.Open(t.Context())
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		captures := manyCaptures(60)
		text := "what was read: 5 o'clock ☕"
		captures[7].OCRText = &text
		insert(t, cat, captures...)
		deleted, pending := captures[0], captures[1]
		captures = captures[2:]
		remove(t, cat, deleted.ID)
		if _, err := cat.BeginDelete(t.Context(), pending.ID); err != nil {
			t.Fatalf("BeginDelete: %v", err)
		}
		if err := cat.BindStore(t.Context()); err != nil {
			t.Fatalf("BindStore: %v", err)
		}
		store := identity(t, cat)
		pin(t, cat, captures[0], true)
		insertToken(t, cat, newToken("ada@desk"))
		signIn(t, cat, newSession(noon))
		newLink(t, cat, noon)
		record(t, cat, jarvis.Access{Minute: noon, Who: "nobody", Action: jarvis.ActionRefused, Times: 1})
		put(t, cat, newSpan("ada@desk", 1, 0, time.Minute))

		_, err = db.Down(t.Context())
		wantError(t, err, jarvis.CodeUnavailable, "")
		wantVersion(t, db, newest)
		if err := cat.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}

		for round := range 2 {
			for version := int64(newest); version > 1; version-- {
				undone, err := db.Down(t.Context())
				if err != nil || undone.Version != version {
					t.Fatalf("Down = %+v, %v; want version %d", undone, err, version)
				}
				wantVersion(t, db, version-1)
			}
			wantNineColumns(t, db.SQL(t), captures)
			_, err = db.Down(t.Context())
			wantError(t, err, jarvis.CodeConflict, messageNothingToUndo)
			wantNineColumns(t, db.SQL(t), captures)

			if round == 0 { // by command; the second time Open does it
				applied, err := db.Up(t.Context())
				if err != nil || len(applied) != newest-1 || applied[0].Version != 2 {
					t.Fatalf("Up = %+v, %v", applied, err)
				}
				wantVersion(t, db, newest)
			}
			cat, err = db.Open(t.Context())
			if err != nil {
				t.Fatalf("Open after Down: %v", err)
			}
			m := newModel()
			for _, c := range captures {
				kept := &jarvis.Capture{
					ID: c.ID, Filepath: c.Filepath, Timestamp: c.Timestamp, MonitorIndex: c.MonitorIndex,
					Width: c.Width, Height: c.Height, FileSize: c.FileSize, OCRText: c.OCRText, CreatedAt: c.CreatedAt,
				}
				m.captures[c.ID] = kept
				wantFound(t, cat, kept)
			}
			m.pending[pending.ID] = pending.Filepath
			wantState(t, cat, m)
			wantTokens(t, cat)
			wantSessions(t, cat, noon)
			wantEqual(t, "the access log", accesses(t, cat, jarvis.AccessFilter{}), []jarvis.Access{})
			wantEqual(t, "the spans", spans(t, cat, jarvis.SpanFilter{}), []jarvis.Span{})
			wantGone(t, cat, deleted)
			wantGone(t, cat, pending)
			wantEqual(t, "the identity of a store that was down and up again", identity(t, cat), store)
			if err := cat.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
		}
		wantVersion(t, db, newest)
	})

	t.Run("NamesTaken", func(t *testing.T) {
		db := h.New(t)
		cat, err := db.Open(t.Context())
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		c := newCapture(noon)
		insert(t, cat, c)
		if err := cat.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		raw := db.SQL(t)
		version := int64(newest)
		for _, names := range [][]string{{"documents", "queue"}, {"sessions", "tokens"}} {
			if _, err := db.Down(t.Context()); err != nil {
				t.Fatalf("Down: %v", err)
			}
			version--
			for _, name := range names {
				exec(t, raw, "CREATE TABLE "+name+" (pulse integer)")
			}
			_, openErr := db.Open(t.Context())
			_, upErr := db.Up(t.Context())
			for _, err := range []error{openErr, upErr} {
				wantError(t, err, jarvis.CodeMismatch, jarvis.NamesTaken(names).Message)
			}
			wantVersion(t, db, version)
			for _, name := range names {
				exec(t, raw, "DROP TABLE "+name)
			}
		}
		wantFound(t, db.open(t), c)
	})

	t.Run("TwoAtOnce", func(t *testing.T) {
		db := h.New(t)
		identities := make([]jarvis.StoreInfo, 4)
		atOnce(t, len(identities), func(worker int) error {
			cat, err := db.Open(background)
			if err != nil {
				return errors.Join(err, errors.Unwrap(err))
			}
			identities[worker], err = cat.Store(background)
			return errors.Join(err, cat.InsertCapture(background, newCapture(noon)), cat.Close())
		})
		for _, other := range identities {
			wantEqual(t, "identity of handles opened at once", other, identities[0])
		}
		if stats, err := db.open(t).Stats(t.Context()); err != nil || stats.Captures != int64(len(identities)) {
			t.Fatalf("Stats = %+v, %v", stats, err)
		}
		wantVersion(t, db, newest)
	})

	t.Run("Newer", func(t *testing.T) {
		db := h.New(t)
		cat, err := db.Open(t.Context())
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		if err := cat.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		exec(t, db.SQL(t), "INSERT INTO "+h.VersionTable+" (version_id, is_applied) VALUES (97, true)")
		_, openErr := db.Open(t.Context())
		_, upErr := db.Up(t.Context())
		_, downErr := db.Down(t.Context())
		_, statusErr := db.Status(t.Context())
		for _, err := range []error{openErr, upErr, downErr, statusErr} {
			wantError(t, err, jarvis.CodeMismatch, messageNewer(97, newest))
		}
	})

	t.Run("Foreign", func(t *testing.T) {
		db := h.New(t)
		raw := db.SQL(t)
		exec(t, raw, "CREATE TABLE captures (fish varchar(20), weight integer)")
		exec(t, raw, "INSERT INTO captures VALUES ('pike', 7)")
		_, err := db.Open(t.Context())
		wantError(t, err, jarvis.CodeMismatch, messageForeign)
		if n := count(t, raw, "SELECT count(*) FROM captures WHERE fish = 'pike' AND weight = 7"); n != 1 {
			t.Fatal("the foreign table was changed")
		}
	})
}

// wantVersion checks that exactly the migrations up to version are applied.
func wantVersion(t *testing.T, db Database, version int64) {
	t.Helper()
	status, err := db.Status(t.Context())
	if err != nil {
		t.Fatalf("Status: %v", err)
	}
	if len(status) != newest {
		t.Fatalf("Status lists %d migrations, want %d", len(status), newest)
	}
	for i, m := range status {
		if m.Version != int64(i+1) || m.Name == "" || m.AppliedAt.IsZero() == (m.Version <= version) {
			t.Fatalf("migration %d at version %d has status %+v", i+1, version, m)
		}
	}
}

// wantNineColumns looks at migration 1's table below the catalogue.
func wantNineColumns(t *testing.T, raw *sql.DB, captures []*jarvis.Capture) {
	t.Helper()
	wantEqual(t, "the columns of version 1", columnsOf(t, raw), nineColumns)
	m := newModel(captures...)
	rows, err := raw.QueryContext(t.Context(), "SELECT id, filepath, coalesce(monitor_index, 0), width, height, file_size, ocr_text FROM captures")
	if err != nil {
		t.Fatalf("read the captures of version 1: %v", err)
	}
	defer rows.Close() // nothing was written to it
	seen := 0
	for rows.Next() {
		var text string
		var got jarvis.Capture
		if err := rows.Scan(&text, &got.Filepath, &got.MonitorIndex, &got.Width, &got.Height, &got.FileSize, &got.OCRText); err != nil {
			t.Fatalf("read a capture of version 1: %v", err)
		}
		got.ID, err = jarvis.ParseID(text)
		want := m.captures[got.ID]
		if err != nil || want == nil {
			t.Fatalf("version 1 has a capture %q that was not inserted", text)
		}
		wantEqual(t, "a capture of version 1", got, jarvis.Capture{
			ID: want.ID, Filepath: want.Filepath, MonitorIndex: want.MonitorIndex,
			Width: want.Width, Height: want.Height, FileSize: want.FileSize, OCRText: want.OCRText,
		})
		seen++
	}
	if err := rows.Err(); err != nil || seen != len(captures) {
		t.Fatalf("version 1 has %d captures, want %d (%v)", seen, len(captures), err)
	}
}

var nineColumns = []string{"id", "filepath", "timestamp", "monitor_index", "width", "height", "file_size", "ocr_text", "created_at"}

func columnsOf(t *testing.T, raw *sql.DB) []string {
	t.Helper()
	rows, err := raw.QueryContext(t.Context(), "SELECT * FROM captures WHERE width < 0")
	if err != nil {
		t.Fatalf("read the columns of version 1: %v", err)
	}
	defer rows.Close() // nothing was written to it
	columns, err := rows.Columns()
	if err := errors.Join(err, rows.Err()); err != nil {
		t.Fatalf("read the columns of version 1: %v", err)
	}
	return columns
}

func exec(t *testing.T, raw *sql.DB, statement string) {
	t.Helper()
	if _, err := raw.ExecContext(context.WithoutCancel(t.Context()), statement); err != nil {
		t.Fatalf("%.200s: %v", statement, err)
	}
}

func count(t *testing.T, raw *sql.DB, query string) (n int64) {
	t.Helper()
	if err := raw.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%.200s: %v", query, err)
	}
	return n
}
