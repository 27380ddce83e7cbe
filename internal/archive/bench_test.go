package archive_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

// BenchmarkArchive_Verify verifies 24,000 captures of four days, not deeply.
func BenchmarkArchive_Verify(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) { benchmarkVerify(b, newRig(b, seal{})) })
	b.Run("PostgreSQL", func(b *testing.B) {
		benchmarkVerify(b, newRigOn(b, seal{}, openPostgres(b, server.NewDatabase(b), seal{})))
	})
}

func benchmarkVerify(b *testing.B, r *rig) {
	const captures = 24_000
	var workers sync.WaitGroup
	for worker := range 8 {
		workers.Go(func() {
			for n := worker; n < captures; n += 8 {
				r.insert(n, noon.Add(time.Duration(n)*13*time.Second))
			}
		})
	}
	workers.Wait()
	for b.Loop() {
		report, findings := r.verify(archive.VerifyOptions{})
		if report.Captures != captures || report.Files != captures || len(findings) > 0 {
			b.Fatalf("%+v %+v", report, findings)
		}
	}
	b.ReportMetric(float64(captures)*float64(b.N)/b.Elapsed().Seconds(), "captures/s")
}

// insert makes a row and its image, the image not durably.
func (r *rig) insert(n int, at time.Time) {
	data := photo(n)
	digest := sum(data)
	name := jarvis.NewBlobName(jarvis.CaptureID(r.Store().Secret, digest, at, "", 0), at, jarvis.JPEG, false)
	path := r.path(name.String())
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.t.Error(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		r.t.Error(err)
	}
	size := int64(len(data))
	err := r.catalog.InsertCapture(r.t.Context(), &jarvis.Capture{
		ID: name.ID(), Filepath: name.String(), Timestamp: at, Width: 16, Height: 9, FileSize: size, CreatedAt: at,
		WindowTitle: fmt.Sprintf("window %d", n), StoredSize: size, StoredSHA256: digest[:], ContentDigest: r.Store().Secret.ContentDigest(digest),
	})
	if err != nil {
		r.t.Error(err)
	}
}
