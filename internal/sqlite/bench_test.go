package sqlite

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

func testCapture(n int) *jarvis.Capture {
	at := time.Date(2026, 1, 24, 0, 0, 0, 0, time.UTC).Add(time.Duration(n) * 7 * time.Second)
	var digest [32]byte
	digest[0], digest[1], digest[2] = byte(n), byte(n>>8), byte(n>>16)
	device := [...]string{"ada@desk", "ada@laptop", "bob@tower"}[n%7%3]
	id := jarvis.CaptureID(jarvis.Secret{}, digest, at, device, n)
	return &jarvis.Capture{
		ID: id, Filepath: jarvis.NewBlobName(id, at, jarvis.JPEG, false).String(), Timestamp: at,
		MonitorIndex: n % 2, Width: 2560, Height: 1440, FileSize: 156_000, CreatedAt: at,
		Device: device, AppName: fmt.Sprintf("App %d", n%23), WindowTitle: fmt.Sprintf("A window with the title %d", n%1000), URL: "https://example.org/a/page",
		StoredSize: 156_000, StoredSHA256: digest[:], ContentDigest: digest[:],
	}
}

func mustOpen(t testing.TB, o Options) *Catalog {
	t.Helper()
	c, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return c
}

func BenchmarkInsert(b *testing.B) {
	for _, key := range [][]byte{nil, testKey} {
		for _, workers := range []int{1, 8, 32} {
			b.Run(fmt.Sprintf("Encrypted=%v/AtOnce=%d", key != nil, workers), func(b *testing.B) {
				c := mustOpen(b, Options{Path: filepath.Join(b.TempDir(), "jarvis.db"), Key: key})
				var next atomic.Int64
				b.ResetTimer()
				var wg sync.WaitGroup
				for range workers {
					wg.Go(func() {
						for {
							n := int(next.Add(1))
							if n > b.N {
								return
							}
							if err := c.InsertCapture(b.Context(), testCapture(n)); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "captures/s")
			})
		}
	}
}

// fill inserts n captures, one every seven seconds, as quickly as SQL can.
func fill(t testing.TB, c *Catalog, n int) {
	t.Helper()
	const start, chunk = 1_700_000_000_000_000, 20_000
	for first := 0; first < n; first += chunk {
		err := c.write(t.Context(), "fill", func(on *conn) error {
			return on.exec(`WITH RECURSIVE numbers (n) AS (SELECT ?1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?2),
				rows AS (SELECT n, ?3 + n * 7000000 AS at, printf('%08x-%04x-7abc-8def-%012x', (?3 / 1000 + n * 7000) >> 16, (?3 / 1000 + n * 7000) & 0xffff, n * 48271 % 281474976710656) AS id FROM numbers)
				INSERT INTO captures (seq, id, filepath, timestamp, monitor_index, width, height, file_size, created_at,
					device, app_name, window_title, url, stored_size, stored_sha256, content_digest)
				SELECT at << 10, id, '2026/01/24/' || id || '.jpg', at, n % 2, 2560, 1440, 156000, at,
					'user@host' || (n % 3), 'App ' || (n * 7919 % 23), 'A window with the title ' || (n % 1000), 'https://example.org/' || n, 156000, randomblob(32), randomblob(32)
				FROM rows`, first, min(first+chunk, n), start)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := c.write(t.Context(), "fill", func(on *conn) error {
		err := on.exec(`INSERT INTO counters (bucket, device, captures, bytes)
			SELECT timestamp / 900000000 AS bucket, device, count(*), sum(stored_size) FROM captures GROUP BY 1, 2`)
		if err != nil {
			return err
		}
		return on.exec("INSERT INTO devices (device, captures, bytes) SELECT device, sum(captures), sum(bytes) FROM counters GROUP BY 1")
	})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkRead(b *testing.B) {
	for _, key := range [][]byte{nil, testKey} {
		for _, size := range []int{10_000, 1_000_000} {
			b.Run(fmt.Sprintf("Encrypted=%v/Captures=%d", key != nil, size), func(b *testing.B) {
				o := Options{Path: filepath.Join(b.TempDir(), "jarvis.db"), Key: key}
				c := mustOpen(b, o)
				fill(b, c, size)
				benchmarkPages(b, c, size)
				b.Run("Stats", func(b *testing.B) {
					for b.Loop() {
						if s, err := c.Stats(b.Context()); err != nil || s.Captures != int64(size) {
							b.Fatal(s, err)
						}
					}
				})
				b.Run("CountDays", func(b *testing.B) {
					for b.Loop() {
						if _, err := c.CountDays(b.Context(), time.Time{}, time.Time{}, time.Local); err != nil {
							b.Fatal(err)
						}
					}
				})
				if err := c.Close(); err != nil {
					b.Fatal(err)
				}
				b.Run("Open", func(b *testing.B) {
					for b.Loop() {
						c, err := Open(b.Context(), o)
						if err != nil {
							b.Fatal(err)
						}
						if err := c.Close(); err != nil {
							b.Fatal(err)
						}
					}
				})
			})
		}
	}
}

// benchmarkPages reads pages of 100 after random positions and reports the
// slowest of a hundred.
func benchmarkPages(b *testing.B, c *Catalog, size int) {
	monitor := 1
	for name, filter := range map[string]jarvis.CaptureFilter{
		"All":           {},
		"Device":        {Device: "user@host1"},
		"App":           {AppName: "App 7"},
		"Monitor":       {Monitor: &monitor},
		"DeviceApp":     {Device: "user@host1", AppName: "App 7"},
		"DeviceMonitor": {Device: "user@host1", Monitor: &monitor},
		"Everything":    {Device: "user@host1", AppName: "App 7", Monitor: &monitor},
		"Nothing":       {Device: "user@host1", AppName: "App of another device"},
	} {
		for _, order := range []jarvis.Order{jarvis.NewestFirst, jarvis.OldestFirst} {
			b.Run(fmt.Sprintf("Page=%s/Order=%d", name, order), func(b *testing.B) {
				var times []time.Duration
				random := rand.New(rand.NewPCG(1, 2))
				filter.Order = order
				for b.Loop() {
					at := time.UnixMicro(1_700_000_000_000_000 + random.Int64N(int64(size))*7_000_000).UTC()
					filter.After = jarvis.Cursor{Timestamp: at, ID: jarvis.NewRandomID()}
					began := time.Now()
					if _, err := c.FindCaptures(b.Context(), filter); err != nil {
						b.Fatal(err)
					}
					times = append(times, time.Since(began))
				}
				slices.Sort(times)
				b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
			})
		}
	}
}
