package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/catalogtest"
)

// searchEnv names a folder that keeps the catalogue of BenchmarkSearch, which
// takes long to make.
const searchEnv = "JARVIS_BENCH_SEARCH"

// searchSizeEnv is the number of documents, where it is not searchSize.
const searchSizeEnv = "JARVIS_BENCH_SEARCH_SIZE"

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

// BenchmarkSearch searches in a million documents. Set JARVIS_BENCH_SEARCH to a folder to keep
// them for the next time, and -benchtime to the number of queries, such as 200x.
func BenchmarkSearch(b *testing.B) {
	size := searchSize
	if n := os.Getenv(searchSizeEnv); n != "" {
		var err error
		if size, err = strconv.Atoi(n); err != nil {
			b.Fatal(err)
		}
	}
	corpus := catalogtest.NewCorpus()
	c := openSearched(b, corpus, size)
	end := time.UnixMicro(searchStart + int64(size)*searchEvery)
	month := jarvis.Clause{{Kind: jarvis.AtomTime, From: end.AddDate(0, -2, 0), To: end.AddDate(0, -1, 0)}}
	app := jarvis.Clause{{Kind: jarvis.AtomApp, Names: []string{"App 7", "App 8"}}}
	query := func(kind catalogtest.QueryKind, clauses ...jarvis.Clause) func(int) jarvis.Query {
		return func(n int) jarvis.Query {
			q := corpus.Query(kind, n, size)
			q.Clauses = append(q.Clauses, clauses...)
			return q
		}
	}
	searched := func(name string, f jarvis.MatchFilter, query func(int) jarvis.Query) {
		b.Run(name, func(b *testing.B) { benchmarkSearch(b, c, f, query) })
	}
	for _, kind := range catalogtest.QueryKinds {
		for _, limit := range []int{20, 100} {
			searched(fmt.Sprintf("%s/All/Limit=%d", kind, limit), jarvis.MatchFilter{Limit: limit}, query(kind))
			searched(fmt.Sprintf("%s/Month/Limit=%d", kind, limit), jarvis.MatchFilter{Limit: limit}, query(kind, month))
		}
	}
	for _, kind := range catalogtest.QueryKinds {
		searched(fmt.Sprintf("%s/App/Limit=20", kind), jarvis.MatchFilter{Limit: 20}, query(kind, app))
		searched(fmt.Sprintf("%s/Grouped/Limit=2000", kind), jarvis.MatchFilter{Limit: 2000}, query(kind))
		searched(fmt.Sprintf("%s/Facets/Limit=10000", kind), jarvis.MatchFilter{Limit: jarvis.MaxMatches}, query(kind))
		searched(fmt.Sprintf("%s/Relevance/Limit=20", kind), jarvis.MatchFilter{Limit: 20, Sort: jarvis.SortRelevance}, query(kind))
	}
	none := func(clauses ...jarvis.Clause) func(int) jarvis.Query {
		return func(int) jarvis.Query { return jarvis.Query{Clauses: clauses} }
	}
	searched("nothing/All/Limit=20", jarvis.MatchFilter{Limit: 20}, none())
	searched("nothing/App/Limit=20", jarvis.MatchFilter{Limit: 20}, none(app, month))
	searched("nothing/Pinned/Limit=20", jarvis.MatchFilter{Limit: 20}, none(jarvis.Clause{{Kind: jarvis.AtomPinned}}))
}

// benchmarkSearch reports the median and the slowest of twenty.
func benchmarkSearch(b *testing.B, c *Catalog, f jarvis.MatchFilter, query func(int) jarvis.Query) {
	var times, busy []time.Duration
	found := 0
	for n := 0; b.Loop(); n++ {
		f.Query = query(n)
		began, busyBefore := time.Now(), processorTime(b)
		matches, err := c.FindMatches(b.Context(), f)
		if err != nil {
			b.Fatal(err)
		}
		times, busy = append(times, time.Since(began)), append(busy, processorTime(b)-busyBefore)
		found += len(matches)
	}
	at := func(times []time.Duration, percent int) float64 {
		slices.Sort(times)
		return float64(times[(len(times)-1)*percent/100].Microseconds()) / 1000
	}
	b.ReportMetric(at(times, 50), "p50-ms")
	b.ReportMetric(at(times, 95), "p95-ms")
	b.ReportMetric(at(busy, 50), "p50-busy-ms")
	b.ReportMetric(at(busy, 95), "p95-busy-ms")
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(found)/float64(len(times)), "found")
	b.ReportMetric(memoryUsed(b), "MB")
}

// processorTime returns what the process has used of the processors: it says more
// than the time where others use them too.
func processorTime(tb testing.TB) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// memoryUsed returns what the process has of the memory, in megabytes.
func memoryUsed(tb testing.TB) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0 // not on Linux
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes := 0.0
	if _, err := fmt.Sscan(after, &kilobytes); err != nil {
		tb.Fatal(err)
	}
	return kilobytes / 1024
}
