package sqlite

import (
	"fmt"
	"path/filepath"
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
