package reading_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/reading"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when the captures of these tests begin.
var noon = time.Date(2026, 1, 24, 12, 0, 0, 0, time.UTC)

// capture returns the nth capture, whose image says "picture N".
func capture(n int) *jarvis.Capture {
	image := fmt.Sprintf("picture %d", n)
	return &jarvis.Capture{
		ID: jarvis.NewRandomID(), Timestamp: noon.Add(time.Duration(n) * time.Second),
		WindowTitle: fmt.Sprintf("title %d", n), URL: "http://example.org", ContentDigest: []byte(image),
	}
}

func captures(n int) []*jarvis.Capture {
	var all []*jarvis.Capture
	for i := range n {
		all = append(all, capture(i))
	}
	return all
}

// engine reads images whose bytes are their text.
type engine struct {
	mu    sync.Mutex
	reads map[string]int
	order []string
	read  func(ctx context.Context, text string) error // nil succeeds
}

func (e *engine) Read(ctx context.Context, image []byte) (*jarvis.Reading, error) {
	text := string(image)
	e.mu.Lock()
	if e.reads == nil {
		e.reads = map[string]int{}
	}
	e.reads[text]++
	e.order = append(e.order, text)
	e.mu.Unlock()
	if e.read != nil {
		if err := e.read(ctx, text); err != nil {
			return nil, err
		}
	}
	return &jarvis.Reading{Text: text, Words: []jarvis.Word{{End: len(text), Confidence: 90}}, Engine: "fake"}, nil
}

// counted returns how often an image was read.
func (e *engine) counted(text string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reads[text]
}

// said returns the images that were read, in order.
func (e *engine) said() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.order)
}

// rig is a queue with its images, and a Reader of it.
type rig struct {
	*queue
	engine *engine
	reader *reading.Reader
	log    *bytes.Buffer // only to be read when the reader has stopped

	mu      sync.Mutex
	fetched int
	fetch   func(c *jarvis.Capture) error // nil succeeds
}

func newRig(t *testing.T, all []*jarvis.Capture, change func(*rig, *reading.Options)) *rig {
	t.Helper()
	r := &rig{queue: newQueue(all...), engine: &engine{}, log: &bytes.Buffer{}}
	o := reading.Options{
		Queue:    r.queue,
		Engine:   r.engine,
		Fetch:    r.image,
		Document: func(text, title, url string) string { return text + "|" + title + "|" + url },
		Workers:  1,
		Logger:   slog.New(slog.NewTextHandler(r.log, nil)),
	}
	if change != nil {
		change(r, &o)
	}
	r.reader = reading.New(o)
	return r
}

func (r *rig) image(_ context.Context, id jarvis.ID) ([]byte, error) {
	r.mu.Lock()
	r.fetched++
	fetch := r.fetch
	r.mu.Unlock()
	r.queue.mu.Lock()
	c := r.find(id).capture
	r.queue.mu.Unlock()
	if fetch != nil {
		if err := fetch(c); err != nil {
			return nil, err
		}
	}
	return bytes.Clone(c.ContentDigest), nil
}

func (r *rig) start(t *testing.T) {
	t.Helper()
	r.reader.Start(t.Context())
}

func (r *rig) stop(t *testing.T) {
	t.Helper()
	if err := r.reader.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// ended waits for n leases to end.
func (r *rig) ended(n int) {
	for range n {
		<-r.finished
	}
}

// stats compares what the reader counted, but for the time.
func (r *rig) stats(t *testing.T, want reading.Stats) {
	t.Helper()
	got := r.reader.Stats()
	got.Engine = 0
	if got != want {
		t.Errorf("the reader counted %+v, want %+v", got, want)
	}
}

func (r *rig) wantRead(t *testing.T, all ...*jarvis.Capture) {
	t.Helper()
	for i, c := range all {
		got := r.row(c)
		if text := string(c.ContentDigest); got.readings != 1 || got.read == nil || got.read.Text != text || !strings.HasPrefix(got.document, text+"|"+c.WindowTitle) {
			t.Errorf("capture %d of %d: %d readings, %+v, document %q, failures %d (%s)", i, len(all), got.readings, got.read, got.document, got.failures, got.reason)
		}
	}
}

// TestReader_Order: everything is read once, the newest first, and Stop may be
// called twice.
func TestReader_Order(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(20)
		r := newRig(t, all, nil)
		r.start(t)
		r.ended(len(all))
		r.stop(t)
		r.stop(t)
		r.wantRead(t, all...)
		for i, text := range r.engine.order {
			if want := fmt.Sprintf("picture %d", len(all)-1-i); text != want {
				t.Errorf("read as number %d: %s, want %s", i, text, want)
			}
		}
		r.stats(t, reading.Stats{Read: 20})
		if r.row(all[0]).read.ReadAt.IsZero() {
			t.Error("a reading without a time was stored")
		}
	})
}

// TestReader_Poll: what another process puts into the queue is found.
func TestReader_Poll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, nil)
		r.start(t)
		synctest.Wait()
		c := capture(1)
		r.insert(c)
		r.ended(1)
		r.stop(t)
		r.wantRead(t, c)
	})
}

// TestReader_Workers: so many images are in hand at once and no more.
func TestReader_Workers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		all := captures(30)
		r := newRig(t, all, func(r *rig, o *reading.Options) {
			o.Workers = 3
			r.engine.read = func(context.Context, string) error {
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				<-time.After(time.Second)
				mu.Lock()
				now--
				mu.Unlock()
				return nil
			}
		})
		r.start(t)
		r.ended(len(all))
		r.stop(t)
		r.wantRead(t, all...)
		if most != 3 {
			t.Errorf("%d images were in hand at once, want 3", most)
		}
	})
}

// TestReader_Twins: an image that many captures have is read once, whether they
// are claimed while it is being read or afterwards.
func TestReader_Twins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(40)
		for _, c := range all {
			c.ContentDigest = []byte("the same")
		}
		r := newRig(t, all, func(r *rig, o *reading.Options) {
			o.Workers = 4
			r.engine.read = func(context.Context, string) error {
				<-time.After(time.Second)
				return nil
			}
		})
		r.start(t)
		r.ended(len(all))
		r.stop(t)
		r.wantRead(t, all...)
		if n := r.engine.counted("the same"); n != 1 || r.fetched != 1 {
			t.Errorf("the image was read %d times and fetched %d times", n, r.fetched)
		}
		r.stats(t, reading.Stats{Read: 1, Twins: 39})
	})
}

// TestReader_TwinsOfFailure: those that waited for an image that fails are tried
// on their own.
func TestReader_TwinsOfFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(3)
		for _, c := range all {
			c.ContentDigest = []byte("the same")
		}
		r := newRig(t, all, func(r *rig, o *reading.Options) {
			o.Workers = 3
			r.engine.read = func(context.Context, string) error {
				<-time.After(time.Second)
				if r.engine.counted("the same") == 1 {
					return jarvis.Errorf(jarvis.CodeInternal, "it crashed")
				}
				return nil
			}
		})
		r.start(t)
		r.ended(4)
		r.stop(t)
		r.wantRead(t, all...)
		r.stats(t, reading.Stats{Read: 1, Twins: 2, Failed: 1})
	})
}

// TestReader_Indexed: what came with text keeps it, and a Redo reads it anew.
func TestReader_Indexed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(3)
		text := "it came with this"
		all[0].OCRText, all[1].OCRText = &text, &text
		r := newRig(t, all, nil)
		r.change(all[1], func(row *row) { row.redo = true })
		r.start(t)
		r.ended(3)
		r.stop(t)
		r.wantRead(t, all[1:]...)
		if got := r.row(all[0]); got.read != nil || got.document != text+"|title 0|http://example.org" {
			t.Errorf("a capture with text: %+v, document %q", got.read, got.document)
		}
		r.stats(t, reading.Stats{Read: 2, Indexed: 1})
	})
}

// TestReader_ReadsNothing: without an engine, and in a store without text, captures
// are found by their titles.
func TestReader_ReadsNothing(t *testing.T) {
	for name, change := range map[string]func(*rig, *reading.Options){
		"NoEngine": func(_ *rig, o *reading.Options) { o.Engine, o.Fetch = nil, nil },
		"NoText":   func(_ *rig, o *reading.Options) { o.NoText = true },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all := captures(100)
				r := newRig(t, all, change)
				r.start(t)
				if r.reader.Offer(all[0].ID, []byte("x")) {
					t.Error("an image was taken that is not read")
				}
				r.ended(len(all))
				r.stop(t)
				for _, c := range all {
					if got := r.row(c); got.readings != 1 || got.read != nil || got.document != "|"+c.WindowTitle+"|http://example.org" {
						t.Fatalf("%d readings, %+v, document %q", got.readings, got.read, got.document)
					}
				}
				if r.asked > 12 {
					t.Errorf("the queue was asked %d times for 100 captures that need no image", r.asked)
				}
				if len(r.engine.order) > 0 || r.fetched > 0 {
					t.Error("an image was fetched or read")
				}
			})
		})
	}
}

// TestReader_Mask: nothing is stored before it was masked, and what is beyond the
// longest reading is cut.
func TestReader_Mask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(1)
		r := newRig(t, all, func(_ *rig, o *reading.Options) {
			o.Mask = func(r *jarvis.Reading) {
				r.Text = "[key] " + strings.Repeat("é", jarvis.MaxText/2)
				r.Words = []jarvis.Word{{End: 5, Masked: true}, {Start: 6, End: len(r.Text)}}
				r.Masked = 1
			}
		})
		r.start(t)
		r.ended(1)
		r.stop(t)
		got := r.row(all[0]).read
		if got == nil || len(got.Text) != jarvis.MaxText || len(got.Words) != 1 || got.Masked != 1 {
			t.Fatalf("%d bytes, %+v", len(got.Text), got.Words)
		}
		r.stats(t, reading.Stats{Read: 1, Masked: 1})
	})
}
