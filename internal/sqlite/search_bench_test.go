package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis/internal/catalogtest"
)

// searchEnv names a folder that keeps the catalogue of BenchmarkSearch, which
// takes long to make.
const searchEnv = "JARVIS_BENCH_SEARCH"

// The catalogue that is searched.
const (
	searchSize  = 1_000_000
	searchStart = 1_700_000_000_000_000 // microseconds
	searchEvery = 7_000_000
)

// openSearched returns the catalogue of the corpus, encrypted, and makes it where
// it is not there yet.
func openSearched(tb testing.TB, corpus *catalogtest.Corpus, size int) *Catalog {
	tb.Helper()
	folder := os.Getenv(searchEnv)
	if folder == "" {
		folder = tb.TempDir()
	}
	o := Options{Path: filepath.Join(folder, fmt.Sprintf("%d.db", size)), Key: testKey}
	finished := o.Path + ".finished"
	if _, err := os.Stat(finished); err != nil {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			if err := os.Remove(o.Path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				tb.Fatal(err)
			}
		}
		fillSearched(tb, o, corpus, size)
		if err := os.WriteFile(finished, nil, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return mustOpen(tb, o)
}

// fillSearched makes a catalogue by a way of its own, without a journal.
func fillSearched(tb testing.TB, o Options, corpus *catalogtest.Corpus, size int) {
	tb.Helper()
	c, err := Open(tb.Context(), o)
	if err == nil {
		err = c.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	db, err := newDatabase(o)
	if err != nil {
		tb.Fatal(err)
	}
	began := time.Now()
	connect := func() (*conn, error) {
		return db.connect(db.uri(o.Path), sqlite3.OPEN_READWRITE, "PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536")
	}
	err = withConn(tb.Context(), connect, func(on *conn) error {
		if err := on.Exec("INSERT INTO search (search, rank) VALUES ('hashsize', 8388608)"); err != nil {
			return err
		}
		const chunk = 5000
		for first := 0; first < size; first += chunk {
			err := on.Exec("BEGIN")
			for n := first; n < min(first+chunk, size) && err == nil; n++ {
				err = insertSearched(on, n, corpus.Document(n))
			}
			if err != nil {
				return err
			}
			if err := on.Exec("COMMIT"); err != nil {
				return err
			}
			if first%50_000 == 0 {
				fmt.Fprintf(os.Stderr, "%d of %d documents after %v\n", first, size, time.Since(began).Round(time.Second))
			}
		}
		return on.Exec(`
			INSERT INTO counters (bucket, device, captures, bytes)
			SELECT timestamp / 900000000 AS bucket, device, count(*), sum(stored_size) FROM captures GROUP BY 1, 2;
			INSERT INTO devices (device, captures, bytes) SELECT device, sum(captures), sum(bytes) FROM counters GROUP BY 1;
			INSERT INTO search (search, rank) VALUES ('hashsize', 1048576);
			PRAGMA journal_mode = WAL`)
	})
	if err = db.closeAfter(err); err != nil {
		tb.Fatal(err)
	}
}

func insertSearched(on *conn, n int, document string) error {
	at := int64(searchStart + n*searchEvery)
	id := fmt.Sprintf("%08x-%04x-7abc-8def-%012x", at/1000>>16, at/1000&0xffff, n*48271%281474976710656)
	err := on.exec(`INSERT INTO captures (seq, id, filepath, timestamp, monitor_index, width, height, file_size, created_at,
			device, app_name, window_title, url, stored_size, stored_sha256, content_digest, ocr_text)
		VALUES (?1, ?2, '2026/01/24/' || ?2 || '.jpg', ?3, ?4 % 2, 2560, 1440, 156000, ?3,
			'user@host' || (?4 % 3), 'App ' || (?4 * 7919 % 23), 'A window with the title ' || (?4 % 1000), 'https://example.org/' || ?4,
			156000, randomblob(32), randomblob(32), ?5)`, slot(at), id, at, n, document)
	if err != nil {
		return err
	}
	if err := on.exec("INSERT INTO documents (seq, words) VALUES (?, ?)", slot(at), document); err != nil {
		return err
	}
	return on.exec("INSERT INTO search (rowid, words) VALUES (?, ?)", slot(at), document)
}

func TestBuildSearched(t *testing.T) {
	if os.Getenv(searchEnv) == "" {
		return
	}
	size := searchSize
	if n := os.Getenv("JARVIS_BENCH_SIZE"); n != "" {
		fmt.Sscan(n, &size)
	}
	openSearched(t, catalogtest.NewCorpus(), size)
}
