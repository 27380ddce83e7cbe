package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/pgtest"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// BenchmarkCatalog_InsertCapture commits to the disk.
func BenchmarkCatalog_InsertCapture(b *testing.B) {
	server := pgtest.Server{Sync: true}
	b.Cleanup(func() {
		if err := server.Close(); err != nil {
			b.Error(err)
		}
	})
	for _, writers := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("AtOnce=%d", writers), func(b *testing.B) {
			c := openAt(b, server.NewDatabase(b))
			var next atomic.Int64
			b.SetParallelism(1)
			b.ResetTimer()
			failed := make(chan error, writers)
			for range writers {
				go func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						if err := c.InsertCapture(context.Background(), sample(i)); err != nil {
							failed <- err
							return
						}
					}
					failed <- nil
				}()
			}
			for range writers {
				if err := <-failed; err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "captures/s")
		})
	}
}

// BenchmarkCatalog_Read measures pages and counts of a catalogue with few and
// with many captures.
func BenchmarkCatalog_Read(b *testing.B) {
	for _, n := range []int{10_000, proof.Rounds(100_000, 1_000_000)} {
		b.Run(fmt.Sprintf("Captures=%d", n), func(b *testing.B) {
			c := openAt(b, cluster.NewDatabase(b))
			fill(b, c, n)
			for name, f := range speedFilters() {
				for _, order := range []jarvis.Order{jarvis.NewestFirst, jarvis.OldestFirst} {
					f.Order = order
					b.Run(fmt.Sprintf("Page/%s/Order=%d", name, order), func(b *testing.B) {
						measure(b, func(random *rand.Rand) error {
							f := f
							f.After = sample(random.Int64N(int64(n))).Cursor()
							_, err := c.FindCaptures(b.Context(), f)
							return err
						})
					})
				}
			}
			b.Run("Stats", func(b *testing.B) {
				measure(b, func(*rand.Rand) error { _, err := c.Stats(b.Context()); return err })
			})
			b.Run("CountDays", func(b *testing.B) {
				measure(b, func(*rand.Rand) error {
					_, err := c.CountDays(b.Context(), time.Time{}, time.Time{}, time.UTC)
					return err
				})
			})
			b.Run("Open", func(b *testing.B) {
				measure(b, func(*rand.Rand) error {
					again, err := Open(b.Context(), Options{URL: c.server.config.ConnString()})
					if err != nil {
						return err
					}
					return again.Close()
				})
			})
		})
	}
}

func speedFilters() map[string]jarvis.CaptureFilter {
	usual, rare := 0, 7
	return map[string]jarvis.CaptureFilter{
		"All":               {},
		"Device":            {Device: "ada@0"},
		"RareDevice":        {Device: "rare"},
		"App":               {AppName: "app 3"},
		"RareApp":           {AppName: "rare"},
		"Monitor":           {Monitor: &usual},
		"RareMonitor":       {Monitor: &rare},
		"DeviceAppMonitor":  {Device: "ada@1", AppName: "app 2", Monitor: &usual},
		"DeviceAndAppApart": {Device: "ada@2", AppName: "app 0"},
		"TimeRange":         {From: start.AddDate(0, 0, 2), To: start.AddDate(0, 0, 20)},
	}
}

// measure reports the median and the 95th and 99th percentile of a call.
func measure(b *testing.B, call func(*rand.Rand) error) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 { // which prepare statements and warm caches
		if err := call(random); err != nil {
			b.Fatal(err)
		}
	}
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := call(random); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

var start = time.Date(2025, time.March, 1, 8, 0, 0, 0, time.UTC)

// sample returns the ith of captures one every ten seconds, a third of every
// day, with devices and apps of which some are rare.
func sample(i int64) *jarvis.Capture {
	random := rand.New(rand.NewPCG(uint64(i), 9))
	at := start.Add(time.Duration(i%2880)*10*time.Second + time.Duration(i/2880)*24*time.Hour)
	var content [32]byte
	content[0], content[1], content[2], content[3] = byte(i), byte(i>>8), byte(i>>16), byte(i>>24)
	c := &jarvis.Capture{
		ID: jarvis.CaptureID(jarvis.Secret{}, content, at, "", 0), Timestamp: at, MonitorIndex: random.IntN(2),
		Width: 2560, Height: 1440, FileSize: 156_000, CreatedAt: at, Device: fmt.Sprintf("ada@%d", random.IntN(3)),
		AppName: fmt.Sprintf("app %d", min(random.IntN(20), random.IntN(20))), WindowTitle: "a window's title of a usual length",
		URL: "https://example.org/a/page?of=the&web", StoredSize: 156_000, StoredSHA256: make([]byte, 32), ContentDigest: make([]byte, 32),
	}
	if i%10_000 == 17 {
		c.Device, c.AppName, c.MonitorIndex = "rare", "rare", 7
	}
	if c.Device == "ada@2" && c.AppName == "app 0" {
		c.AppName = "app 1"
	}
	c.Filepath = jarvis.NewBlobName(c.ID, at, jarvis.JPEG, false).String()
	return c
}

// fill adds n captures by copying them in.
func fill(t testing.TB, c *Catalog, n int) {
	t.Helper()
	fillWith(t, c, n, func(int) *string { return nil })
}

// fillWith is fill with texts.
func fillWith(t testing.TB, c *Catalog, n int, text func(i int) *string) {
	t.Helper()
	i := int64(-1)
	columns := []string{
		"id", "filepath", "timestamp", "monitor_index", "width", "height", "file_size", "created_at",
		"device", "app_name", "window_title", "url", "stored_size", "stored_sha256", "content_digest", "recovered", "ocr_text",
	}
	err := c.alone(t.Context(), func(conn *pgx.Conn) error {
		_, err := conn.CopyFrom(t.Context(), pgx.Identifier{"captures"}, columns, pgx.CopyFromFunc(func() ([]any, error) {
			if i++; i == int64(n) {
				return nil, nil
			}
			s := sample(i)
			return []any{
				s.ID.String(), s.Filepath, s.Timestamp, s.MonitorIndex, s.Width, s.Height, s.FileSize, s.CreatedAt,
				s.Device, s.AppName, s.WindowTitle, s.URL, s.StoredSize, s.StoredSHA256, s.ContentDigest, s.Recovered, text(int(i)),
			}, nil
		}))
		return err
	})
	if err != nil {
		t.Fatalf("copy %d captures: %v", n, err)
	}
	c.run(t,
		`INSERT INTO counters SELECT floor(extract(epoch FROM timestamp) / 900)::integer, device, count(*), sum(stored_size) FROM captures GROUP BY 1, 2`,
		`INSERT INTO devices SELECT device, sum(captures), sum(bytes) FROM counters GROUP BY device`,
		`VACUUM ANALYZE captures, counters`,
	)
}

// run runs statements on a connection of its own, however long they take.
func (c *Catalog) run(t testing.TB, statements ...string) {
	t.Helper()
	err := c.alone(t.Context(), func(conn *pgx.Conn) error {
		for _, statement := range statements {
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func openAt(t testing.TB, url string) *Catalog {
	t.Helper()
	return openWith(t, Options{URL: url})
}

func openWith(t testing.TB, o Options) *Catalog {
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
	return c
}
