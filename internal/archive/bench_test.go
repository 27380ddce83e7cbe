package archive_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

// screenshot returns an image of 156 KB: the sample, and noise after its end.
func screenshot(n int) []byte {
	data := make([]byte, 156<<10)
	source := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	if _, err := source.Read(data); err != nil {
		panic(err)
	}
	copy(data, plainJPEG())
	return data
}

// eight runs b.N steps, eight at once.
func eight(b *testing.B, step func(n int) error) {
	b.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := step(int(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "captures/s")
}

// The bare loop writes, syncs, links and syncs the folder: what durable files
// cost without a catalogue.
func BenchmarkIngest(b *testing.B) {
	b.Run("Bare", func(b *testing.B) {
		root := b.TempDir()
		data := screenshot(0)
		b.ResetTimer()
		eight(b, func(n int) error { return bareStore(root, n, data) })
	})
	b.Run("SQLite", func(b *testing.B) { benchmarkIngest(b, newRig(b)) })
}

func benchmarkIngest(b *testing.B, r *rig) {
	data := screenshot(0)
	b.ResetTimer()
	eight(b, func(n int) error {
		q := request(0)
		q.Data, q.Timestamp = data, noon.Add(time.Duration(n)*time.Microsecond)
		_, err := r.Ingest(b.Context(), q)
		return err
	})
}

func bareStore(root string, n int, data []byte) (err error) {
	staged := filepath.Join(root, fmt.Sprintf("staged%d", n))
	file, err := os.Create(staged)
	if err != nil {
		return err
	}
	if _, err := file.Write(data); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Link(staged, filepath.Join(root, fmt.Sprintf("%d.jpg", n))); err != nil {
		return err
	}
	if err := os.Remove(staged); err != nil {
		return err
	}
	dir, err := os.Open(root)
	if err != nil {
		return err
	}
	if err := dir.Sync(); err != nil {
		return err
	}
	return dir.Close()
}

func BenchmarkVerify(b *testing.B) {
	const captures = 20_000
	r := newRig(b)
	for n := range captures {
		q := request(n)
		q.Timestamp = noon.Add(time.Duration(n) * 13 * time.Second)
		id := jarvis.CaptureID(r.Store().Secret, sum(q.Data), q.Timestamp, "", 0)
		r.put(jarvis.NewBlobName(id, q.Timestamp, jarvis.JPEG, false).String(), q.Data)
	}
	if report, _ := r.verify(archive.VerifyOptions{Repair: true, Force: true}); report.Adopted != captures {
		b.Fatalf("made %+v", report)
	}
	for b.Loop() {
		if report, findings := r.verify(archive.VerifyOptions{}); report.Captures != captures || len(findings) > 0 {
			b.Fatalf("%+v %+v", report, findings)
		}
	}
	b.ReportMetric(float64(captures)*float64(b.N)/b.Elapsed().Seconds(), "captures/s")
}
