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

// TestCatalog_Speed measures pages and stats, and under "make prove" holds them
// to what is promised.
func TestCatalog_Speed(t *testing.T) {
	small, large := 10_000, proof.Rounds(50_000, 1_000_000)
	p99 := make(map[string]time.Duration)
	for _, n := range []int{small, large} {
		c := openAt(t, cluster.NewDatabase(t))
		fill(t, c, n)
		for name, f := range speedFilters() {
			for _, order := range []jarvis.Order{jarvis.NewestFirst, jarvis.OldestFirst} {
				key := fmt.Sprintf("%s order %d", name, order)
				took := measure(t, 400, func(random *rand.Rand) error {
					f := f
					f.Order = order
					f.After = sample(random.Int64N(int64(n))).Cursor()
					_, err := c.FindCaptures(t.Context(), f)
					return err
				})
				proof.Record(t, "a page of 100 of %d, %s: p50 %v, p99 %v", n, key, took[len(took)/2], took[len(took)*99/100])
				if n == large && proof.Long() && (took[len(took)*99/100] > 5*time.Millisecond || took[len(took)*99/100] > p99[key]*3/2) {
					t.Errorf("a page of 100 of %d, %s: p99 %v, and %v of %d", n, key, took[len(took)*99/100], p99[key], small)
				}
				p99[key] = took[len(took)*99/100]
			}
		}
		for name, call := range map[string]func() error{
			"stats":      func() error { _, err := c.Stats(t.Context()); return err },
			"count days": func() error { _, err := c.CountDays(t.Context(), time.Time{}, time.Time{}, time.Local); return err },
		} {
			took := measure(t, 50, func(*rand.Rand) error { return call() })
			proof.Record(t, "%s of %d: p50 %v, p99 %v", name, n, took[len(took)/2], took[len(took)*99/100])
			if proof.Long() && took[len(took)/2] > 50*time.Millisecond {
				t.Errorf("%s of %d captures takes %v", name, n, took[len(took)/2])
			}
		}
	}
}

func speedFilters() map[string]jarvis.CaptureFilter {
	usual, rare := 0, 7
	return map[string]jarvis.CaptureFilter{
		"of all":                             {},
		"of a device":                        {Device: "ada@0"},
		"of a rare device":                   {Device: "rare"},
		"of an app":                          {AppName: "app 3"},
		"of a rare app":                      {AppName: "rare"},
		"of a monitor":                       {Monitor: &usual},
		"of a rare monitor":                  {Monitor: &rare},
		"of device, app and monitor":         {Device: "ada@1", AppName: "app 2", Monitor: &usual},
		"of device and app that do not meet": {Device: "ada@2", AppName: "app 0"},
		"of a time range":                    {From: start.AddDate(0, 0, 2), To: start.AddDate(0, 0, 20)},
	}
}

// measure returns how long each of n calls took, sorted.
func measure(t testing.TB, n int, call func(*rand.Rand) error) []time.Duration {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for i := range n + 20 {
		began := time.Now()
		if err := call(random); err != nil {
			t.Fatal(err)
		}
		if i >= 20 { // the first ones prepare statements and warm caches
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	return took
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
	i := int64(-1)
	columns := []string{"id", "filepath", "timestamp", "monitor_index", "width", "height", "file_size", "created_at",
		"device", "app_name", "window_title", "url", "stored_size", "stored_sha256", "content_digest", "recovered"}
	_, err := c.pool.CopyFrom(t.Context(), pgx.Identifier{"captures"}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		if i++; i == int64(n) {
			return nil, nil
		}
		s := sample(i)
		return []any{s.ID.String(), s.Filepath, s.Timestamp, s.MonitorIndex, s.Width, s.Height, s.FileSize, s.CreatedAt,
			s.Device, s.AppName, s.WindowTitle, s.URL, s.StoredSize, s.StoredSHA256, s.ContentDigest, s.Recovered}, nil
	}))
	if err != nil {
		t.Fatalf("copy %d captures: %v", n, err)
	}
	for _, statement := range []string{
		`INSERT INTO counters SELECT floor(extract(epoch FROM timestamp) / 900)::integer, device, count(*), sum(stored_size) FROM captures GROUP BY 1, 2`,
		`VACUUM ANALYZE captures, counters`,
	} {
		if _, err := c.pool.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func openAt(t testing.TB, url string) *Catalog {
	t.Helper()
	c, err := Open(t.Context(), Options{URL: url})
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
