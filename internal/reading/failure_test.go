package reading_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/reading"
)

// failing returns what the engine does with a text: it fails with these, and reads
// all others.
func failing(text string, err error) func(context.Context, string) error {
	return func(_ context.Context, got string) error {
		if got == text {
			return err
		}
		return nil
	}
}

// TestReader_Failures: a picture is tried five times, each time later, while all
// others are read, and then set aside with the reason.
func TestReader_Failures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(10)
		var tried []time.Duration
		begun := time.Now()
		var told []string
		r := newRig(t, all, func(r *rig, o *reading.Options) {
			o.Failed = func(id jarvis.ID, reason string) {
				if id != all[9].ID {
					t.Errorf("capture %s failed", id)
				}
				told = append(told, reason)
			}
			r.engine.read = func(_ context.Context, text string) error {
				if text != "picture 9" {
					return nil
				}
				tried = append(tried, time.Since(begun).Truncate(time.Minute))
				return jarvis.Errorf(jarvis.CodeInternal, "the engine crashed over it\x00")
			}
		})
		r.start(t)
		r.ended(len(all) + 4)
		r.stop(t)
		r.wantRead(t, all[:9]...)
		want := []time.Duration{0, time.Minute, 6 * time.Minute, 36 * time.Minute, 156 * time.Minute}
		if len(tried) != len(want) {
			t.Fatalf("tried at %v, want %v", tried, want)
		}
		for i := range want {
			if tried[i] != want[i] {
				t.Errorf("tried at %v, want %v", tried, want)
				break
			}
		}
		got := r.row(all[9])
		if !got.aside || got.reason != "the engine crashed over it\uFFFD" || got.document != "|title 9|http://example.org" {
			t.Errorf("set aside: %t, because %q, document %q", got.aside, got.reason, got.document)
		}
		if len(told) != 5 || told[0] != got.reason || told[4] != got.reason {
			t.Errorf("it told of %q", told)
		}
		r.stats(t, reading.Stats{Read: 9, Failed: 4, SetAside: 1})
	})
}

// TestReader_Hopeless: an image that is gone, or that will never be read, is set
// aside at once.
func TestReader_Hopeless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(5)
		r := newRig(t, all, func(r *rig, _ *reading.Options) {
			r.fetch = func(c *jarvis.Capture) error {
				switch c {
				case all[0]:
					return jarvis.Errorf(jarvis.CodeNotFound, "its image is gone")
				case all[1]:
					return jarvis.Errorf(jarvis.CodeCorrupt, "its image is damaged")
				}
				return nil
			}
			r.engine.read = failing("picture 2", jarvis.Errorf(jarvis.CodeTooLarge, "it has too many pixels"))
		})
		r.change(all[3], func(row *row) { row.claims = 20 })
		r.start(t)
		r.ended(len(all))
		r.stop(t)
		r.wantRead(t, all[4])
		for i, want := range []string{"its image is gone", "its image is damaged", "it has too many pixels", "begun 20 times"} {
			if got := r.row(all[i]); !got.aside || !strings.Contains(got.reason, want) || got.document == "" {
				t.Errorf("capture %d: set aside %t, because %q, want %q", i, got.aside, got.reason, want)
			}
		}
		if strings.Count(r.log.String(), "set aside") != 1 {
			t.Errorf("one line a minute is enough:\n%s", r.log)
		}
		if strings.Contains(r.log.String(), "pixels") {
			t.Errorf("a reason is in the log:\n%s", r.log)
		}
	})
}

// TestReader_Panic: a panic of the engine, of the mask or of what makes documents
// is a failure of the picture, and what it said is in no log.
func TestReader_Panic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(4)
		r := newRig(t, all, func(r *rig, o *reading.Options) {
			r.engine.read = func(_ context.Context, text string) error {
				if text == "picture 0" {
					panic("s3cret of the engine")
				}
				return nil
			}
			o.Mask = func(r *jarvis.Reading) {
				if r.Text == "picture 1" {
					panic("s3cret of the mask")
				}
			}
			document := o.Document
			o.Document = func(text, title, url string) string {
				if text == "picture 2" {
					panic("s3cret of the document")
				}
				return document(text, title, url)
			}
		})
		r.start(t)
		r.ended(4)
		r.stop(t)
		r.wantRead(t, all[3])
		for i := range 2 {
			if got := r.row(all[i]); got.failures != 1 || got.readings != 0 || strings.Contains(got.reason, "s3cret") {
				t.Errorf("capture %d: %d failures (%s), %d readings", i, got.failures, got.reason, got.readings)
			}
		}
		if got := r.row(all[2]); got.readings != 1 || got.document != "" {
			t.Errorf("without a document: %d readings, document %q", got.readings, got.document)
		}
		if log := r.log.String(); strings.Contains(log, "s3cret") || strings.Count(log, "panicked") != 3 {
			t.Errorf("the log:\n%s", log)
		}
	})
}

// TestReader_Trouble: while the engine is missing, captures wait and lose no
// attempt, one picture is tried at a time after growing pauses, and two lines of
// log tell it.
func TestReader_Trouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(200)
		var mended atomic.Bool
		r := newRig(t, all, func(r *rig, o *reading.Options) {
			o.Workers = 4
			r.engine.read = func(context.Context, string) error {
				if !mended.Load() {
					return jarvis.Errorf(jarvis.CodeUnavailable, "tesseract is not installed")
				}
				return nil
			}
		})
		r.reader.Pause(jarvis.Errorf(jarvis.CodeUnavailable, "tesseract is not installed"))
		r.start(t)
		<-time.After(time.Hour)
		synctest.Wait()
		if n := len(r.engine.said()); n < 15 || n > 30 {
			t.Errorf("the engine was tried %d times within an hour", n)
		}
		if r.reader.Offer(all[0].ID, []byte("x")) {
			t.Error("an image was taken while nothing is read")
		}
		for _, c := range all {
			if got := r.row(c); got.failures != 0 || got.claims != 0 {
				t.Fatalf("a picture lost %d attempts and %d claims", got.failures, got.claims)
			}
		}
		mended.Store(true)
		r.ended(len(all))
		r.stop(t)
		r.wantRead(t, all...)
		if log := r.log.String(); strings.Count(log, "\n") != 2 || !strings.Contains(log, "tesseract is not installed") {
			t.Errorf("the log:\n%s", log)
		}
		r.stats(t, reading.Stats{Read: 200})
	})
}

// TestReader_CauseOfTrouble: pictures that make the engine unavailable, or whose
// images cannot be fetched, do not keep the others from being read.
func TestReader_CauseOfTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(30)
		r := newRig(t, all, func(r *rig, _ *reading.Options) {
			r.engine.read = func(_ context.Context, text string) error {
				if text > "picture 25" && len(text) == len("picture 25") {
					return jarvis.Errorf(jarvis.CodeUnavailable, "the address does not answer")
				}
				return nil
			}
			r.fetch = func(c *jarvis.Capture) error {
				if c == all[25] {
					return jarvis.Errorf(jarvis.CodeUnavailable, "the disk does not answer")
				}
				return nil
			}
		})
		r.start(t)
		r.ended(25)
		var arrived []*jarvis.Capture
		for range 30 { // others arrive meanwhile
			c := capture(100 + len(arrived))
			c.Timestamp = noon.Add(-time.Hour) // older: the causes come first
			r.insert(c)
			arrived = append(arrived, c)
			<-time.After(10 * time.Minute)
			if r.row(c).readings != 1 {
				t.Fatalf("capture %d was not read within ten minutes", len(arrived))
			}
		}
		r.stop(t)
		r.wantRead(t, all[:25]...)
		r.wantRead(t, arrived...)
		for i, c := range all[25:] {
			if got := r.row(c); !got.aside {
				t.Errorf("cause %d: %d failures, not set aside", i, got.failures)
			}
		}
	})
}

// TestReader_QueueAway: a database that does not answer is waited for, also by
// what was read already.
func TestReader_QueueAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(3)
		reads := make(chan struct{})
		r := newRig(t, all, func(r *rig, _ *reading.Options) {
			r.engine.read = func(context.Context, string) error {
				<-reads
				return nil
			}
		})
		r.start(t)
		synctest.Wait()
		r.setFault(jarvis.Errorf(jarvis.CodeUnavailable, "the database does not answer"))
		close(reads)
		<-time.After(2 * time.Minute)
		r.setFault(nil)
		r.ended(3)
		r.stop(t)
		r.wantRead(t, all...)
		if n := r.engine.counted("picture 2"); n != 1 {
			t.Errorf("what was in hand was read %d times", n)
		}
		if log := r.log.String(); strings.Count(log, "\n") != 2 {
			t.Errorf("the log:\n%s", log)
		}
	})
}

// TestReader_Refused: what the queue refuses is a failure of the picture, and
// pauses nothing.
func TestReader_Refused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(2)
		r := newRig(t, all, func(r *rig, o *reading.Options) {
			o.Queue = refusing{r.queue, all[1].ID}
		})
		r.start(t)
		r.ended(2)
		r.stop(t)
		r.wantRead(t, all[0])
		if got := r.row(all[1]); got.failures != 1 || !strings.Contains(got.reason, "too long for the index") {
			t.Errorf("%d failures: %s", got.failures, got.reason)
		}
	})
}

// refusing is a queue that does not store what one picture says.
type refusing struct {
	*queue
	id jarvis.ID
}

func (q refusing) FinishReading(ctx context.Context, lease jarvis.Lease, r *jarvis.Reading, document string) error {
	if lease.ID == q.id {
		return jarvis.Errorf(jarvis.CodeInternal, "it is too long for the index")
	}
	return q.queue.FinishReading(ctx, lease, r, document)
}

// TestReader_Lost: a lease that somebody else has, and a capture that was deleted,
// are no trouble and no failure.
func TestReader_Lost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(3)
		r := newRig(t, all, nil)
		r.engine.read = func(_ context.Context, text string) error {
			switch text {
			case "picture 2":
				r.change(all[2], func(row *row) { row.gone = true })
			case "picture 1":
				r.change(all[1], func(row *row) { row.token = jarvis.NewRandomID(); row.due = time.Now().Add(time.Hour) })
			}
			return nil
		}
		r.start(t)
		r.ended(3)
		r.stop(t)
		r.wantRead(t, all[0])
		r.stats(t, reading.Stats{Read: 1, Lost: 2})
		if r.log.Len() > 0 {
			t.Errorf("the log:\n%s", r.log)
		}
	})
}

// TestReader_Forbidden: who may not read ends, and says why.
func TestReader_Forbidden(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, captures(1), nil)
		forbidden := jarvis.Errorf(jarvis.CodeForbidden, "the token does not permit it")
		r.setFault(forbidden)
		r.start(t)
		<-r.reader.Done()
		if err := r.reader.Err(); !errors.Is(err, forbidden) {
			t.Errorf("it ended with %v", err)
		}
		if r.reader.Offer(jarvis.NewRandomID(), nil) {
			t.Error("it takes an offer after it has ended")
		}
		r.stop(t)
	})
}
