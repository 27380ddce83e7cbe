package postgres

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// markedCapture is a capture whose every text holds the marker; every third has
// a text so long that PostgreSQL keeps it apart.
func markedCapture(n int, marker string) *jarvis.Capture {
	c := sample(int64(n))
	c.ID = jarvis.NewRandomID()
	c.AppName, c.WindowTitle, c.URL = marker+" app", fmt.Sprintf("%s title %d", marker, n), "https://example.org/"+marker
	text := "read: " + marker
	for i := 0; n%3 == 0 && i < 2000; i++ {
		text += fmt.Sprintf(" %s%d", marker, i*7919)
	}
	c.OCRText = &text
	return c
}

// purgeMarked inserts marked captures among others, lets PostgreSQL gather its
// statistics, deletes the marked ones, and purges.
func purgeMarked(t *testing.T, o Options) (c *Catalog, marker string) {
	t.Helper()
	return purgeMarkedAfter(t, o, func() {})
}

// purgeMarkedAfter is purgeMarked with something that happens before the deletions.
func purgeMarkedAfter(t *testing.T, o Options, before func()) (c *Catalog, marker string) {
	t.Helper()
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	marker = "marker" + strings.ReplaceAll(jarvis.NewRandomID().String(), "-", "")
	var doomed []jarvis.ID
	for n := range 120 {
		capture := sample(int64(n))
		if n%2 == 0 {
			capture = markedCapture(n, marker)
			doomed = append(doomed, capture.ID)
		}
		if err := c.InsertCapture(t.Context(), capture); err != nil {
			t.Fatalf("InsertCapture: %v", err)
		}
	}
	readMarked(t, c, marker)
	if _, err := c.pool.Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatalf("ANALYZE: %v", err)
	}
	if files := holding(t, marker); len(files) < 2 {
		t.Fatalf("only %q hold the marker before it is deleted", files)
	}
	before()
	for _, id := range doomed {
		if _, err := c.BeginDelete(t.Context(), id); err != nil {
			t.Fatalf("BeginDelete: %v", err)
		}
		if err := c.FinishDelete(t.Context(), id); err != nil {
			t.Fatalf("FinishDelete: %v", err)
		}
	}
	began := time.Now()
	if err := c.Purge(t.Context()); err != nil {
		t.Fatalf("Purge: %v", err)
	}
	if took := time.Since(began); took > purgePatience+20*time.Second {
		t.Errorf("Purge took %v", took)
	}
	return c, marker
}

// readMarked reads the captures whose texts hold a marker, or sets them aside for
// a reason that does, and queues some of them again.
func readMarked(t *testing.T, c *Catalog, marker string) {
	t.Helper()
	claims, err := c.ClaimReadings(t.Context(), clock, time.Minute, jarvis.MaxPage)
	if err != nil {
		t.Fatalf("ClaimReadings: %v", err)
	}
	for i, claim := range claims {
		if claim.Capture.OCRText == nil {
			continue
		}
		document := marker + " of a document " + marker + strconv.Itoa(i)
		if i%3 == 0 {
			err = c.SetAside(t.Context(), claim.Lease, "it says "+marker, document)
		} else {
			err = c.FinishReading(t.Context(), claim.Lease, &jarvis.Reading{Text: *claim.Capture.OCRText, Language: marker, ReadAt: clock}, document)
		}
		if err != nil {
			t.Fatalf("read a capture: %v", err)
		}
	}
	if _, err := c.Requeue(t.Context(), jarvis.RequeueFilter{Failed: true, From: sample(60).Timestamp}, clock); err != nil {
		t.Fatalf("Requeue: %v", err)
	}
}

// holding lists the files of the cluster that hold some text, but for those of
// the write-ahead log.
func holding(t *testing.T, text string) (files []string) {
	t.Helper()
	folder := cluster.Folder(t)
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "pg_wal" {
			return fs.SkipDir
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			files = append(files, strings.TrimPrefix(path, folder))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestCatalog_Purge_LeavesNoBytes(t *testing.T) {
	c, marker := purgeMarked(t, Options{URL: cluster.NewDatabase(t)})
	if files := holding(t, marker); len(files) != 0 || c.LeftPages() {
		t.Errorf("what was deleted and purged is still in %q (LeftPages: %v)", files, c.LeftPages())
	}
	stats, err := c.Stats(t.Context())
	if err != nil || stats.Captures != 60 {
		t.Errorf("Stats = %+v, %v, want 60 captures", stats, err)
	}
}

// Nothing is left of the pins of what was deleted.
func TestCatalog_Purge_Pins(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	var ids []string
	for n := range int64(40) {
		capture := sample(n)
		if err := c.InsertCapture(t.Context(), capture); err != nil {
			t.Fatalf("InsertCapture: %v", err)
		}
		if err := c.SetPinned(t.Context(), capture.ID, true); err != nil {
			t.Fatalf("SetPinned: %v", err)
		}
		ids = append(ids, capture.ID.String())
		if n%2 == 0 {
			continue
		}
		if _, err := c.BeginDelete(t.Context(), capture.ID); err != nil {
			t.Fatalf("BeginDelete: %v", err)
		}
		if err := c.FinishDelete(t.Context(), capture.ID); err != nil {
			t.Fatalf("FinishDelete: %v", err)
		}
	}
	if err := c.Purge(t.Context()); err != nil || c.LeftPages() {
		t.Fatalf("Purge = %v, LeftPages = %v", err, c.LeftPages())
	}
	folder := cluster.Folder(t)
	for _, relation := range []string{"pins", "pins_pkey"} {
		var path string
		if err := c.pool.QueryRow(t.Context(), "SELECT pg_relation_filepath($1::text::regclass)", relation).Scan(&path); err != nil {
			t.Fatalf("find the file of %s: %v", relation, err)
		}
		content, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			t.Fatal(err)
		}
		for n, id := range ids {
			if held := bytes.Contains(content, []byte(id)); held != (n%2 == 0) {
				t.Errorf("the file of %s holds capture %d: %v", relation, n, held)
			}
		}
	}
}

// Tables too large to be rewritten keep the bytes, and Purge says so.
func TestCatalog_Purge_TooLarge(t *testing.T) {
	c, _ := purgeMarked(t, Options{URL: cluster.NewDatabase(t), rewriteLimit: 1})
	if !c.LeftPages() {
		t.Error("the tables were rewritten")
	}
	if n := intOf(t, c, "SELECT count(*) FROM tombstones WHERE NOT purged"); n != 0 {
		t.Errorf("%d deletions are left to a later Purge, which could do no more", n)
	}
}

// While others use the tables, or may see what was deleted, Purge says that bytes
// are left, in reasonable time; a later one removes them.
func TestCatalog_Purge_InUse(t *testing.T) {
	for _, test := range []struct {
		name, begin, use string
		foreign          bool // it is a transaction in another database
		left             bool
	}{
		{name: "Reader", begin: "BEGIN", use: "SELECT count(*) FROM captures", left: true},
		{name: "Snapshot", begin: "BEGIN ISOLATION LEVEL REPEATABLE READ", use: "SELECT count(*) FROM store", left: true},
		{name: "Writer", begin: "BEGIN", use: "SELECT pg_current_xact_id()", left: true},
		{name: "OtherDatabase", begin: "BEGIN ISOLATION LEVEL REPEATABLE READ", use: "SELECT count(*) FROM pg_class", foreign: true},
		{name: "OtherTable", begin: "BEGIN", use: "SELECT count(*) FROM store"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := Options{URL: cluster.NewDatabase(t)}
			used := o.URL
			if test.foreign {
				used = cluster.NewDatabase(t)
			}
			end := func() {}
			c, marker := purgeMarkedAfter(t, o, func() { end = hold(t, used, test.begin, test.use) })
			if c.LeftPages() != test.left {
				t.Errorf("LeftPages = %v, want %v", c.LeftPages(), test.left)
			}
			if n := intOf(t, c, "SELECT count(*) FROM tombstones WHERE NOT purged"); (n > 0) != test.left {
				t.Errorf("%d deletions are left to a later Purge", n)
			}
			end()
			// Another program, which begins anew.
			later := openAt(t, o.URL)
			if err := later.Purge(t.Context()); err != nil || later.LeftPages() {
				t.Errorf("a later Purge: %v, LeftPages = %v", err, later.LeftPages())
			}
			if files := holding(t, marker); len(files) != 0 {
				t.Errorf("what was deleted and purged is still in %q", files)
			}
		})
	}
}

// hold begins a transaction on a connection of its own and returns what ends it.
func hold(t *testing.T, url, begin, use string) (end func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	end = sync.OnceFunc(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	for _, statement := range []string{begin, use} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	return end
}
