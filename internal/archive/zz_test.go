package archive_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

type timers struct{ stage, lock, publish, insert, find, total, n atomic.Int64 }

type tBlobs struct {
	jarvis.BlobStore
	t *timers
}
type tStaged struct {
	jarvis.StagedBlob
	t *timers
}

func since(a *atomic.Int64, s time.Time) { a.Add(int64(time.Since(s))) }
func (b *tBlobs) Stage(ctx context.Context, d []byte) (jarvis.StagedBlob, error) {
	defer since(&b.t.stage, time.Now())
	s, err := b.BlobStore.Stage(ctx, d)
	return &tStaged{s, b.t}, err
}
func (b *tBlobs) Lock(ctx context.Context, id jarvis.ID) (func(), error) {
	defer since(&b.t.lock, time.Now())
	return b.BlobStore.Lock(ctx, id)
}
func (b *tStaged) Publish(ctx context.Context, n jarvis.BlobName) error {
	defer since(&b.t.publish, time.Now())
	return b.StagedBlob.Publish(ctx, n)
}

type tCat struct {
	jarvis.Catalog
	t *timers
}

func (c *tCat) InsertCapture(ctx context.Context, r *jarvis.Capture) error {
	defer since(&c.t.insert, time.Now())
	return c.Catalog.InsertCapture(ctx, r)
}
func (c *tCat) FindCapture(ctx context.Context, id jarvis.ID) (*jarvis.Capture, error) {
	defer since(&c.t.find, time.Now())
	return c.Catalog.FindCapture(ctx, id)
}

func BenchmarkTimed(b *testing.B) {
	r := newRig(b)
	t := &timers{}
	a, err := archive.Open(b.Context(), &tCat{r.catalog, t}, &tBlobs{r.blobs, t}, r.options())
	if err != nil {
		b.Fatal(err)
	}
	data := screenshot(0)
	b.ResetTimer()
	eight(b, func(n int) error {
		q := request(0)
		q.Data, q.Timestamp = data, noon.Add(time.Duration(n)*time.Microsecond)
		defer since(&t.total, time.Now())
		_, err := a.Ingest(b.Context(), q)
		return err
	})
	per := func(x *atomic.Int64) float64 { return float64(x.Load()) / float64(b.N) / 1000 }
	b.ReportMetric(per(&t.stage), "stage-us")
	b.ReportMetric(per(&t.lock), "lock-us")
	b.ReportMetric(per(&t.publish), "publish-us")
	b.ReportMetric(per(&t.insert), "insert-us")
	b.ReportMetric(per(&t.find), "find-us")
	b.ReportMetric(per(&t.total), "total-us")
}
