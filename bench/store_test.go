// Package bench measures a whole store. See README.md.
package bench

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/pgtest"
	"github.com/jarvis-memory/jarvis/internal/picture"
	"github.com/jarvis-memory/jarvis/internal/postgres"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
)

// server writes through to the disk, as in use.
var server = pgtest.Server{Sync: true}

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

// start is the time of the first capture that a benchmark makes.
var start = time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC)

// engines opens a new catalogue of each kind.
var engines = []struct {
	name string
	open func(tb testing.TB) jarvis.Catalog
}{
	{"sqlite", func(tb testing.TB) jarvis.Catalog { return openSQLite(tb, tb.TempDir()) }},
	{"postgres", func(tb testing.TB) jarvis.Catalog {
		catalog, err := postgres.Open(tb.Context(), postgres.Options{URL: server.NewDatabase(tb)})
		return closing(tb, catalog, err)
	}},
}

func openSQLite(tb testing.TB, folder string) jarvis.Catalog {
	tb.Helper()
	catalog, err := sqlite.Open(tb.Context(), sqlite.Options{Path: filepath.Join(folder, "jarvis.db")})
	return closing(tb, catalog, err)
}

func closing[C jarvis.Catalog](tb testing.TB, catalog C, err error) C {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := catalog.Close(); err != nil {
			tb.Error(err)
		}
	})
	return catalog
}

func openArchive(tb testing.TB, catalog jarvis.Catalog, root string) *archive.Archive {
	tb.Helper()
	blobs, err := fsblob.Open(tb.Context(), root, fsblob.Options{Create: true})
	if err != nil {
		tb.Fatal(err)
	}
	a, err := archive.Open(tb.Context(), catalog, blobs, archive.Options{Images: pictureReader{}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := a.Close(context.WithoutCancel(tb.Context())); err != nil {
			tb.Error(err)
		}
		if err := blobs.Close(); err != nil {
			tb.Error(err)
		}
	})
	return a
}

// pictureReader reads images for the archive.
type pictureReader struct{}

func (pictureReader) Inspect(data []byte, limits jarvis.ImageLimits) (jarvis.Image, error) {
	return picture.Inspect(data, limits)
}

func (pictureReader) Decode(data []byte, limits jarvis.ImageLimits) error {
	return picture.Decode(data, limits)
}

// BenchmarkStore_Add adds captures, 8 at once, image and row durable, in turn
// with a bare loop that writes, syncs, links and syncs the folder.
func BenchmarkStore_Add(b *testing.B) {
	const rounds, captures, atOnce = 9, 400, 8
	for _, engine := range engines {
		b.Run(engine.name, func(b *testing.B) {
			for range b.N {
				a := openArchive(b, engine.open(b), b.TempDir())
				bare := newBareLoop(b)
				source := newPictures(b)
				var ratios, rates []float64
				for round := range rounds {
					// Whoever goes first in a pair may find the disk in another mood.
					add := func() time.Duration {
						return timeAll(b, captures, atOnce, func(i int) error {
							n := round*captures + i
							_, err := a.Ingest(b.Context(), archive.Request{Data: source.next(n), Timestamp: start.Add(time.Duration(n) * 3 * time.Second), Device: "bench@host"})
							return err
						})
					}
					loop := func() time.Duration {
						return timeAll(b, captures, atOnce, func(i int) error { return bare.store(source.next(round*captures + i)) })
					}
					var ours, theirs time.Duration
					if round%2 == 0 {
						ours, theirs = add(), loop()
					} else {
						theirs, ours = loop(), add()
					}
					if round > 0 { // the first warms up
						ratios = append(ratios, theirs.Seconds()/ours.Seconds())
						rates = append(rates, captures/ours.Seconds())
					}
				}
				b.ReportMetric(median(ratios), "of-bare-loop")
				b.ReportMetric(median(rates), "captures/s")
			}
		})
	}
}

// bareLoop stores images durably and does nothing else.
type bareLoop struct {
	staging, day string
	serial       atomic.Int64
}

func newBareLoop(tb testing.TB) *bareLoop {
	tb.Helper()
	root := tb.TempDir()
	l := &bareLoop{staging: filepath.Join(root, "staging"), day: filepath.Join(root, "day")}
	for _, folder := range []string{l.staging, l.day} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	return l
}

func (l *bareLoop) store(data []byte) error {
	name := fmt.Sprintf("%08d.jpg", l.serial.Add(1))
	temporary := filepath.Join(l.staging, name)
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Link(temporary, filepath.Join(l.day, name)); err != nil {
		return err
	}
	if err := os.Remove(temporary); err != nil {
		return err
	}
	folder, err := os.Open(l.day)
	if err != nil {
		return err
	}
	if err := folder.Sync(); err != nil {
		return err
	}
	return folder.Close()
}

// timeAll runs job(0) to job(n-1), atOnce at a time, and returns how long that took.
func timeAll(tb testing.TB, n, atOnce int, job func(i int) error) time.Duration {
	tb.Helper()
	var next atomic.Int64
	var workers sync.WaitGroup
	began := time.Now()
	for range atOnce {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := job(i); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	workers.Wait()
	took := time.Since(began)
	if tb.Failed() {
		tb.FailNow()
	}
	return took
}

// BenchmarkCatalog_Page reads pages of 100 captures at random places, plain and
// with a filter, and the statistics, in a catalogue of 10,000 captures and in one
// of 1,000,000.
func BenchmarkCatalog_Page(b *testing.B) {
	for _, engine := range engines {
		for _, captures := range []int{10_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d", engine.name, captures), func(b *testing.B) {
				for range b.N {
					catalog := engine.open(b)
					fill(b, catalog, captures)
					measurePages(b, catalog, captures, "", func(*jarvis.CaptureFilter) {})
					measurePages(b, catalog, captures, "device-", func(f *jarvis.CaptureFilter) { f.Device = "user1@host" })
					measurePages(b, catalog, captures, "app-", func(f *jarvis.CaptureFilter) { f.AppName = "app7" })
					b.ReportMetric(measureStats(b, catalog), "stats-ms")
				}
			})
		}
	}
}

func measurePages(b *testing.B, catalog jarvis.Catalog, captures int, name string, filter func(*jarvis.CaptureFilter)) {
	b.Helper()
	const pages, warmUp = 3000, 300
	took := make([]float64, 0, pages)
	for i := range pages + warmUp {
		from := start.Add(time.Duration(int64(i)*7_919%int64(captures)) * interval)
		f := jarvis.CaptureFilter{From: from, Order: jarvis.OldestFirst, Limit: 100}
		if i%2 == 0 {
			f = jarvis.CaptureFilter{To: from, Order: jarvis.NewestFirst, Limit: 100}
		}
		filter(&f)
		began := time.Now()
		if _, err := catalog.FindCaptures(b.Context(), f); err != nil {
			b.Fatal(err)
		}
		if i >= warmUp {
			took = append(took, time.Since(began).Seconds()*1000)
		}
	}
	b.ReportMetric(quantile(took, 0.50), name+"page-p50-ms")
	b.ReportMetric(quantile(took, 0.99), name+"page-p99-ms")
}

func measureStats(b *testing.B, catalog jarvis.Catalog) float64 {
	b.Helper()
	var took []float64
	for range 21 {
		began := time.Now()
		if _, err := catalog.Stats(b.Context()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	return median(took)
}

// interval is the time between two captures that fill made.
const interval = 5 * time.Second

// fill inserts rows of captures by 2 devices and 12 apps.
func fill(tb testing.TB, catalog jarvis.Catalog, captures int) {
	tb.Helper()
	timeAll(tb, captures, 64, func(i int) error { return catalog.InsertCapture(tb.Context(), newRow(i)) })
}

func newRow(i int) *jarvis.Capture {
	timestamp := start.Add(time.Duration(i) * interval)
	content := sha256.Sum256(fmt.Append(nil, i))
	id := jarvis.CaptureID(jarvis.Secret{}, content, timestamp, "", i%3)
	return &jarvis.Capture{
		ID:            id,
		Filepath:      jarvis.NewBlobName(id, timestamp, jarvis.JPEG, false).String(),
		Timestamp:     timestamp,
		MonitorIndex:  i % 3,
		Width:         1920,
		Height:        1080,
		FileSize:      captureSize,
		CreatedAt:     timestamp,
		Device:        fmt.Sprintf("user%d@host", i%2),
		AppName:       fmt.Sprintf("app%d", i/40%12),
		WindowTitle:   fmt.Sprintf("Document %d - an editor of some kind", i/7),
		StoredSize:    captureSize,
		StoredSHA256:  content[:],
		ContentDigest: content[:],
	}
}

func median[T cmp.Ordered](values []T) T { return quantile(values, 0.5) }

func quantile[T cmp.Ordered](values []T, q float64) T {
	values = slices.Sorted(slices.Values(values))
	return values[min(int(float64(len(values))*q), len(values)-1)]
}
