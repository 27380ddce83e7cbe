package archive_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/ncruces/go-sqlite3/driver"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

// older is a store that an older Jarvis made: a database with absolute paths
// and a tree with an image for each row, partly in folders of another time zone.
type older struct {
	root string
	rows []olderRow
}

type olderRow struct {
	id   jarvis.ID
	at   time.Time
	name string // below the root
	data []byte
}

// formerRoot is where the older Jarvis kept its images.
const formerRoot = "/data/captures"

// newOlder makes n rows, one every seven hours, and their images. Every third is in
// the folder of its date ten hours ahead of UTC.
func newOlder(t *testing.T, db *sql.DB, timestampType string, n int) *older {
	t.Helper()
	o := &older{root: t.TempDir()}
	exec := func(query string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	exec(`CREATE TABLE captures (id VARCHAR(36) NOT NULL PRIMARY KEY, filepath VARCHAR(500) NOT NULL,
		timestamp ` + timestampType + ` NOT NULL, monitor_index INTEGER DEFAULT 0, width INTEGER NOT NULL, height INTEGER NOT NULL,
		file_size INTEGER NOT NULL, ocr_text TEXT, created_at ` + timestampType + ` DEFAULT CURRENT_TIMESTAMP)`)
	exec(`CREATE INDEX ix_captures_timestamp ON captures (timestamp)`)
	exec(`CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)`)
	exec(`INSERT INTO alembic_version VALUES ('001_initial')`)
	files := &rig{t: t, root: o.root}
	for i := range n {
		row := olderRow{id: jarvis.NewRandomID(), at: noon.Add(time.Duration(i) * 7 * time.Hour), data: photo(i)}
		folder := jarvis.DayOf(row.at)
		if i%3 == 0 {
			folder = jarvis.DayOf(row.at.Add(10 * time.Hour))
		}
		row.name = folder.Folder() + "/" + row.id.String() + ".jpg"
		files.put(row.name, row.data)
		monitor := "NULL"
		if i%2 == 0 {
			monitor = "1"
		}
		exec(fmt.Sprintf(`INSERT INTO captures (id, filepath, timestamp, monitor_index, width, height, file_size) VALUES ('%s', '%s/%s', '%s', %s, 16, 9, %d)`,
			row.id, formerRoot, row.name, row.at.Format("2006-01-02 15:04:05.000000"), monitor, len(row.data)))
		o.rows = append(o.rows, row)
	}
	return o
}

// onBothOlder runs a test on an older store on SQLite and on PostgreSQL; open opens its catalogue.
func onBothOlder(t *testing.T, n int, test func(t *testing.T, o *older, catalog jarvis.Catalog)) {
	t.Run("SQLite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "catalog.db")
		o := newOlder(t, openSQL(t, "sqlite3", "file:"+path), "DATETIME", n)
		test(t, o, openSQLite(t, path, seal{}))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		url := server.NewDatabase(t)
		o := newOlder(t, openSQL(t, "pgx", url), "TIMESTAMP WITH TIME ZONE", n)
		test(t, o, openPostgres(t, url, seal{}))
	})
}

func openSQL(t *testing.T, driver, source string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeOf(t, db) })
	return db
}

func TestAdopted_Works(t *testing.T) {
	onBothOlder(t, 40, func(t *testing.T, o *older, catalog jarvis.Catalog) {
		r := &rig{t: t, root: o.root, catalog: catalog, blobs: openTree(t, o.root), clock: &clock{}}
		r.reopen()
		for i, row := range o.rows {
			c, data, err := r.Fetch(t.Context(), row.id)
			if err != nil || string(data) != string(row.data) {
				t.Fatalf("fetch row %d: %v", i, err)
			}
			if c.Filepath != formerRoot+"/"+row.name || !c.Timestamp.Equal(row.at) {
				t.Errorf("row %d: %+v", i, c)
			}
		}
		if report, findings := r.verify(archive.VerifyOptions{}); len(findings) > 0 || report.Captures != 40 || report.Files != 40 {
			t.Errorf("verify: %+v, %+v; want nothing", report, findings)
		}

		// The deep one sees that the digests are not known, which is not wrong, and records them.
		report, findings := r.verify(archive.VerifyOptions{Deep: true})
		if !report.OK() || report.Found[archive.KindUnrecorded] != 40 || len(findings) != 40 {
			t.Errorf("deep: %+v", report)
		}
		// Of an image that does not decode, nobody knows whether it ever did.
		broken := bytes.Clone(o.rows[0].data)
		clear(broken[len(broken)/2:])
		r.put(o.rows[0].name, broken)
		if report, _ = r.verify(archive.VerifyOptions{Deep: true}); report.OK() || report.Found[archive.KindDecode] != 1 {
			t.Errorf("deep, with a broken image: %+v", report)
		}
		r.put(o.rows[0].name, o.rows[0].data)
		if report, _ = r.verify(archive.VerifyOptions{Deep: true, Repair: true}); report.Recorded != 40 || !report.OK() {
			t.Errorf("deep repair: %+v", report)
		}
		r.isClean()

		// The same bytes under the same id exist, others are a conflict.
		q := archive.Request{ID: o.rows[0].id, Data: o.rows[0].data, Timestamp: o.rows[0].at, Monitor: 1}
		if again, err := r.Ingest(t.Context(), q); err != nil || !again.Existed {
			t.Errorf("again: %+v, %v", again, err)
		}
		q.Data = photo(999)
		_, err := r.Ingest(t.Context(), q)
		wantCode(t, err, jarvis.CodeConflict)

		// Adding and removing work.
		r.holds(r.add(request(1000)), photo(1000))
		gone := o.rows[3]
		receipt, err := r.RemoveIDs(t.Context(), []jarvis.ID{gone.id}, archive.RemoveOptions{})
		if err != nil || receipt.Removed != 1 || receipt.Missing != 0 || r.exists(gone.name) {
			t.Errorf("remove: %+v, %v", receipt, err)
		}
		r.isClean()
	})
}

// Before a digest is known, the bytes themselves are compared.
func TestAdopted_IngestComparesBytes(t *testing.T) {
	onBothOlder(t, 3, func(t *testing.T, o *older, catalog jarvis.Catalog) {
		r := &rig{t: t, root: o.root, catalog: catalog, blobs: openTree(t, o.root), clock: &clock{}}
		r.reopen()
		row := o.rows[1]
		q := archive.Request{ID: row.id, Data: row.data, Timestamp: row.at}
		if again, err := r.Ingest(t.Context(), q); err != nil || !again.Existed {
			t.Errorf("same bytes: %+v, %v", again, err)
		}
		q.Data = photo(999)
		_, err := r.Ingest(t.Context(), q)
		wantCode(t, err, jarvis.CodeConflict)
		r.drop(row.name)
		q.Data = row.data
		_, err = r.Ingest(t.Context(), q)
		wantCode(t, err, jarvis.CodeConflict)
	})
}

func TestAdopted_WrongTree(t *testing.T) {
	onBothOlder(t, 20, func(t *testing.T, o *older, catalog jarvis.Catalog) {
		elsewhere := openTree(t, t.TempDir())
		_, err := archive.Open(t.Context(), catalog, elsewhere, archive.Options{Images: images{}, StoragePath: "/srv/pictures"})
		wantCode(t, err, jarvis.CodeMismatch)
		for _, want := range []string{"/srv/pictures", "--storage-path", formerRoot} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("message %q does not say %q", err, want)
			}
		}
		if marker, err := elsewhere.Marker(t.Context()); err != nil || !marker.IsZero() {
			t.Errorf("the wrong tree was marked: %v, %v", marker, err)
		}

		// The right one may have lost a few.
		files := &rig{t: t, root: o.root}
		files.drop(o.rows[0].name)
		files.drop(o.rows[19].name)
		if _, err := archive.Open(t.Context(), catalog, openTree(t, o.root), archive.Options{Images: images{}}); err != nil {
			t.Error(err)
		}
	})
}
