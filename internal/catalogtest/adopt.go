package catalogtest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

func testAdopt(t *testing.T, h Harness) {
	t.Run("FirstRevision", func(t *testing.T) {
		db := h.New(t)
		raw := db.SQL(t)
		captures := h.seedFirst(t, raw)
		wantAdopted(t, db, captures)
		if n := count(t, raw, "SELECT count(*) FROM alembic_version WHERE version_num = '001_initial'"); n != 1 {
			t.Error("alembic_version was changed")
		}
	})

	t.Run("LaterRevision", func(t *testing.T) {
		db := h.New(t)
		raw := db.SQL(t)
		captures := h.seedFirst(t, raw)
		h.seedLater(t, raw, captures)
		wantAdopted(t, db, captures)

		if n := count(t, raw, "SELECT count(*) FROM captures WHERE processing_status = 'done'"); n != 1 {
			t.Error("the values of a column that is not ours are gone")
		}
		if n, all := count(t, raw, "SELECT count(*) FROM captures WHERE processing_status = 'pending'"), count(t, raw, "SELECT count(*) FROM captures"); n != all-1 {
			t.Errorf("%d of %d captures are pending, want all but one", n, all)
		}
		for revision := 3; revision <= 9; revision++ {
			if n := count(t, raw, fmt.Sprintf("SELECT count(*) FROM older_%d WHERE note = 'kept'", revision)); n != 1 {
				t.Errorf("the table of revision %d was changed", revision)
			}
		}
		if n := count(t, raw, "SELECT count(*) FROM alembic_version WHERE version_num = '009_more'"); n != 1 {
			t.Error("alembic_version was changed")
		}
	})

	t.Run("CapitalIds", func(t *testing.T) {
		db := h.New(t)
		raw := db.SQL(t)
		captures := h.seedFirst(t, raw)
		exec(t, raw, "UPDATE captures SET id = upper(id) WHERE id IN ("+quote(captures[0].ID.String())+", "+quote(captures[4].ID.String())+")")
		cat := db.open(t)
		wantError(t, cat.InsertCapture(t.Context(), captures[0]), jarvis.CodeConflict, messageTaken(captures[0].ID))
		wantAdopted(t, db, captures)
	})

	t.Run("Refused", func(t *testing.T) { testAdoptRefused(t, h) })

	t.Run("TwoAtOnce", func(t *testing.T) {
		db := h.New(t)
		captures := h.seedFirst(t, db.SQL(t))
		atOnce(t, 2, func(int) error {
			cat, err := db.Open(background)
			if err != nil {
				return err
			}
			return cat.Close()
		})
		wantAdopted(t, db, captures)
	})

	t.Run("DownAndUp", func(t *testing.T) {
		db := h.New(t)
		captures := h.seedFirst(t, db.SQL(t))
		for range 2 {
			cat, err := db.Open(t.Context())
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			if err := cat.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			for range newest - 1 {
				if _, err := db.Down(t.Context()); err != nil {
					t.Fatalf("Down: %v", err)
				}
			}
			wantNineColumns(t, db.SQL(t), captures)
			_, err = db.Down(t.Context())
			wantError(t, err, jarvis.CodeConflict, messageNothingToUndo)
		}
		wantAdopted(t, db, captures)
	})

	t.Run("Empty", func(t *testing.T) {
		db := h.New(t)
		raw := db.SQL(t)
		h.makeFirst(t, raw)
		wantAdopted(t, db, nil)
	})
}

// testAdoptRefused has what no migration could carry over. Nothing is changed.
func testAdoptRefused(t *testing.T, h Harness) {
	for name, test := range map[string]struct {
		change  func(id string) []string
		code    jarvis.Code
		message func(id string) string
	}{
		"NoUUID": {
			func(id string) []string { return []string{"UPDATE captures SET id = 'not-a-uuid' WHERE id = " + id} },
			jarvis.CodeCorrupt, func(string) string { return jarvis.ForeignID("not-a-uuid").Message },
		},
		"TwiceInOtherLetters": {
			func(id string) []string {
				return []string{"INSERT INTO captures SELECT upper(id), filepath, timestamp, 1, width, height, file_size, ocr_text, created_at FROM captures WHERE id = " + id}
			},
			jarvis.CodeCorrupt, func(id string) string { return jarvis.CaptureTwice(id).Message },
		},
		"CapitalsReferred": {
			func(id string) []string {
				return []string{
					"UPDATE captures SET id = upper(id) WHERE id = " + id,
					"CREATE TABLE notes (capture_id varchar(36) REFERENCES captures (id))",
					"INSERT INTO notes VALUES (upper(" + id + "))",
				}
			},
			jarvis.CodeConflict, func(string) string { return jarvis.CapitalsReferred().Message },
		},
		"Names": {
			func(string) []string {
				return []string{"ALTER TABLE captures ADD COLUMN url text", "ALTER TABLE captures ADD COLUMN device text", "CREATE TABLE counters (pulse integer)", "CREATE TABLE tokens (pulse integer)"}
			},
			jarvis.CodeMismatch, func(string) string {
				return jarvis.NamesTaken([]string{"captures.device", "captures.url", "counters", "tokens"}).Message
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			db := h.New(t)
			raw := db.SQL(t)
			id := ""
			for _, c := range h.seedFirst(t, raw) { // with letters in it: one in 10^20 has none
				if id == "" && strings.ToUpper(c.ID.String()) != c.ID.String() {
					id = c.ID.String()
				}
			}
			for _, statement := range test.change(quote(id)) {
				exec(t, raw, statement)
			}
			before := count(t, raw, "SELECT count(*) FROM captures WHERE file_size >= 150000")
			_, openErr := db.Open(t.Context())
			_, upErr := db.Up(t.Context())
			for _, err := range []error{openErr, upErr} {
				wantError(t, err, test.code, test.message(id))
			}
			if after := count(t, raw, "SELECT count(*) FROM captures WHERE file_size >= 150000"); after != before {
				t.Errorf("%d of %d captures are left", after, before)
			}
		})
	}
}

// wantAdopted opens the database and checks that the captures are there, that
// the catalogue works, and who it says made it.
func wantAdopted(t *testing.T, db Database, captures []*jarvis.Capture) {
	t.Helper()
	cat := db.open(t)
	wantVersion(t, db, newest)
	if info := identity(t, cat); !info.Adopted || info.Bound || info.ID.IsZero() {
		t.Fatalf("an adopted store has identity %+v", info)
	}
	m := newModel(captures...)
	wantState(t, cat, m)
	for _, c := range captures {
		wantFound(t, cat, c)
	}
	monitor := 0
	wantPage(t, cat, m, jarvis.CaptureFilter{Monitor: &monitor, Order: jarvis.OldestFirst})
	wantPage(t, cat, m, jarvis.CaptureFilter{CreatedBefore: noon.Add(time.Hour), Limit: 3})

	added, gone := newCapture(noon), newCapture(noon)
	insert(t, cat, added, gone)
	remove(t, cat, gone.ID)
	m.captures[added.ID] = added
	wantFound(t, cat, added)
	if len(captures) > 0 {
		pinSome(t, cat, captures)
		pinned := true
		wantPage(t, cat, m, jarvis.CaptureFilter{Pinned: &pinned})
		if _, err := cat.BeginDelete(t.Context(), captures[0].ID); err != nil {
			t.Fatalf("BeginDelete of an adopted capture: %v", err)
		}
		delete(m.captures, captures[0].ID)
		m.pending[captures[0].ID] = captures[0].Filepath
	}
	wantState(t, cat, m)
	if err := cat.BindStore(t.Context()); err != nil {
		t.Fatalf("BindStore: %v", err)
	}
	token, session := newToken("ada@desk"), newSession(noon)
	insertToken(t, cat, token)
	signIn(t, cat, session)
	again := db.open(t)
	wantToken(t, again, token)
	wantSession(t, again, session, noon)
	if info := identity(t, again); !info.Adopted || !info.Bound {
		t.Fatalf("an adopted store has identity %+v after it was bound", info)
	}
	wantState(t, again, m)
}

// makeFirst makes the table that an older Jarvis made, as its first revision
// left it.
func (h Harness) makeFirst(t *testing.T, raw *sql.DB) {
	t.Helper()
	exec(t, raw, "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))")
	exec(t, raw, "INSERT INTO alembic_version (version_num) VALUES ('001_initial')")
	exec(t, raw, strings.NewReplacer("TIMESTAMP_TYPE", h.TimestampType, "NOW", h.Now).Replace(`CREATE TABLE captures (
		id varchar(36) NOT NULL,
		filepath varchar(500) NOT NULL,
		timestamp TIMESTAMP_TYPE NOT NULL,
		monitor_index integer DEFAULT 0,
		width integer NOT NULL,
		height integer NOT NULL,
		file_size integer NOT NULL,
		ocr_text text,
		created_at TIMESTAMP_TYPE DEFAULT NOW,
		PRIMARY KEY (id)
	)`))
	exec(t, raw, "CREATE INDEX ix_captures_timestamp ON captures (timestamp)")
}

// seedFirst makes that table with rows, and returns what a catalogue should
// say of them: oldest first by chance, absolute paths, no device, a NULL
// monitor as 0, and a missing created_at as the time of the capture.
func (h Harness) seedFirst(t *testing.T, raw *sql.DB) []*jarvis.Capture {
	t.Helper()
	h.makeFirst(t, raw)
	text := "what an older Jarvis read: it's 100% there"
	var captures []*jarvis.Capture
	for i, spelling := range []string{
		"2024-02-29 23:59:59.999999", "2026-01-24 20:39:09", "2026-01-24 20:39:09.100000", "2026-01-24 20:39:09.123456+00:00",
		"2026-01-24 20:39:09.123456", "2026-01-24 20:39:10+00:00", "2026-01-25 01:24:10.000001+05:45", "1970-01-01 00:00:00",
	} {
		at, err := time.Parse("2006-01-02 15:04:05Z07:00", spelling)
		if err != nil {
			at, err = time.Parse("2006-01-02 15:04:05", spelling)
		}
		if err != nil {
			t.Fatalf("a time of the fixture: %v", err)
		}
		id := jarvis.NewRandomID()
		c := &jarvis.Capture{
			ID: id, Timestamp: at.UTC(), Width: 1920, Height: 1080, FileSize: int64(150_000 + i), CreatedAt: at.UTC(),
			Filepath: "/data/captures/" + jarvis.NewBlobName(id, at, jarvis.JPEG, false).String(),
		}
		monitor, read, created := "NULL", "NULL", quote(spelling)
		switch i {
		case 1:
			c.MonitorIndex, monitor = 1, "1"
		case 2:
			c.OCRText, read = &text, quote(text)
		case 3:
			created = "NULL"
		case 4:
			monitor = "0"
		}
		exec(t, raw, fmt.Sprintf("INSERT INTO captures VALUES (%s, %s, %s, %s, %d, %d, %d, %s, %s)",
			quote(id.String()), quote(c.Filepath), quote(spelling), monitor, c.Width, c.Height, c.FileSize, read, created))
		captures = append(captures, c)
	}
	return captures
}

// seedLater brings that table to the ninth revision: a column, an index on it,
// and other tables, one of which refers to the captures.
func (h Harness) seedLater(t *testing.T, raw *sql.DB, captures []*jarvis.Capture) {
	t.Helper()
	exec(t, raw, "ALTER TABLE captures ADD COLUMN processing_status varchar(20) DEFAULT 'pending' NOT NULL")
	exec(t, raw, "CREATE INDEX ix_captures_processing_status ON captures (processing_status)")
	exec(t, raw, "UPDATE captures SET processing_status = 'done' WHERE id = "+quote(captures[1].ID.String()))
	for revision := 3; revision <= 9; revision++ {
		table := fmt.Sprintf("older_%d", revision)
		refers := ""
		if revision == 3 {
			refers = " REFERENCES captures (id) ON DELETE CASCADE"
		}
		exec(t, raw, "CREATE TABLE "+table+" (id integer PRIMARY KEY, capture_id varchar(36)"+refers+", note text)")
		exec(t, raw, "INSERT INTO "+table+" VALUES (1, "+quote(captures[1].ID.String())+", 'kept')")
	}
	exec(t, raw, "UPDATE alembic_version SET version_num = '009_more'")
}
