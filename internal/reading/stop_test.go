package reading_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/reading"
)

// hanging is an engine that reads until it is stopped.
func hanging(ctx context.Context, _ string) error {
	<-ctx.Done()
	return jarvis.WrapError(jarvis.CodeUnavailable, "", "it was stopped", ctx.Err())
}

// TestReader_Stop: what is in hand is given back, and costs no attempt.
func TestReader_Stop(t *testing.T) {
	for name, stop := range map[string]func(*rig, context.CancelFunc, *testing.T){
		"Stop":    func(r *rig, _ context.CancelFunc, t *testing.T) { r.stop(t) },
		"Context": func(r *rig, cancel context.CancelFunc, _ *testing.T) { cancel(); <-r.reader.Done() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all := captures(20)
				all[18].ContentDigest = all[19].ContentDigest // one that waits for the other
				r := newRig(t, all, func(r *rig, o *reading.Options) {
					o.Workers = 4
					r.engine.read = hanging
				})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r.reader.Start(ctx)
				synctest.Wait()
				begun := time.Now()
				stop(r, cancel, t)
				if took := time.Since(begun); took > time.Second {
					t.Errorf("it took %s to stop", took)
				}
				for _, c := range all {
					if got := r.row(c); got.claims != 0 || got.failures != 0 || !got.token.IsZero() {
						t.Errorf("after the stop: %d claims, %d failures, leased %t", got.claims, got.failures, !got.token.IsZero())
					}
				}
				if r.reader.Err() != nil || r.log.Len() > 0 {
					t.Errorf("a stop is no failure: %v\n%s", r.reader.Err(), r.log)
				}
				r.stop(t)
			})
		})
	}
}

// TestReader_StopHanging: what does not end keeps nobody longer than they wait.
func TestReader_StopHanging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		end := make(chan struct{})
		r := newRig(t, captures(1), func(r *rig, _ *reading.Options) {
			r.engine.read = func(context.Context, string) error { <-end; return nil }
		})
		r.start(t)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.reader.Stop(ctx); jarvis.ErrorCode(err) != jarvis.CodeUnavailable {
			t.Errorf("Stop: %v", err)
		}
		close(end)
		r.stop(t)
	})
}

// TestReader_StopUnstarted: a Reader that was stopped does not start.
func TestReader_StopUnstarted(t *testing.T) {
	r := newRig(t, captures(1), nil)
	r.stop(t)
	r.start(t)
	if r.reader.Offer(jarvis.NewRandomID(), nil) {
		t.Error("it takes an offer")
	}
}

// TestReader_Limit: an engine that keeps to no limit is ended before the lease is.
func TestReader_Limit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(1)
		r := newRig(t, all, func(r *rig, o *reading.Options) {
			o.Lease = time.Minute
			r.engine.read = hanging
		})
		r.start(t)
		begun := time.Now()
		r.ended(1)
		if took := time.Since(begun); took >= time.Minute {
			t.Errorf("it ended after %s", took)
		}
		r.stop(t)
		r.stats(t, reading.Stats{Failed: 1})
	})
}

// TestReader_Offer: an image that is offered is read without being fetched if a
// slot is free, and else with the others.
func TestReader_Offer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(4)
		reads := make(chan struct{})
		r := newRig(t, nil, func(r *rig, o *reading.Options) {
			o.Workers = 2
			r.engine.read = func(context.Context, string) error { <-reads; return nil }
		})
		if r.reader.Offer(all[0].ID, nil) {
			t.Error("it takes an offer before it was started")
		}
		r.start(t)
		synctest.Wait()
		taken := 0
		for _, c := range all {
			r.insert(c)
			image := []byte(string(c.ContentDigest))
			if r.reader.Offer(c.ID, image) {
				taken++
			}
			clear(image) // it is the caller's again
		}
		if taken != 2 {
			t.Errorf("%d offers were taken, want 2", taken)
		}
		if got := r.reader.Stats().Busy; got != 2 {
			t.Errorf("%d in hand, want 2", got)
		}
		synctest.Wait()
		close(reads)
		r.ended(4)
		r.stop(t)
		r.wantRead(t, all...)
		if r.fetched != 2 {
			t.Errorf("%d images were fetched, want 2", r.fetched)
		}
		r.stats(t, reading.Stats{Read: 4})
	})
}

// TestReader_OfferOfOthers: what somebody else reads, what is gone, and what needs
// no image is not read again.
func TestReader_OfferOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := "it came with this"
		leased, withText := capture(1), capture(2)
		withText.OCRText = &text
		r := newRig(t, nil, nil)
		r.start(t)
		synctest.Wait()
		r.insert(leased)
		r.change(leased, func(row *row) { row.due = time.Now().Add(time.Hour) })
		r.insert(withText)
		for _, c := range []*jarvis.Capture{leased, withText, capture(3)} {
			r.reader.Offer(c.ID, []byte("x"))
			synctest.Wait()
		}
		r.stop(t)
		if got := r.row(withText); got.readings != 1 || got.read != nil {
			t.Errorf("%d readings, %+v", got.readings, got.read)
		}
		r.stats(t, reading.Stats{Indexed: 1})
	})
}

// TestReader_Once: it ends when nothing is due, and with what kept it from that.
func TestReader_Once(t *testing.T) {
	once := func(t *testing.T, read func(context.Context, string) error) *rig {
		t.Helper()
		r := newRig(t, captures(20), func(r *rig, o *reading.Options) {
			o.Once, o.Watched, o.Workers = true, true, 3
			r.engine.read = read
		})
		r.start(t)
		<-r.reader.Done()
		return r
	}
	synctest.Test(t, func(t *testing.T) {
		r := once(t, failing("picture 3", jarvis.Errorf(jarvis.CodeInternal, "it crashed")))
		if err := r.reader.Err(); err != nil {
			t.Error(err)
		}
		r.stats(t, reading.Stats{Read: 19, Failed: 1})
	})
	synctest.Test(t, func(t *testing.T) {
		missing := jarvis.Errorf(jarvis.CodeUnavailable, "tesseract is not installed")
		r := once(t, func(context.Context, string) error { return missing })
		if err := r.reader.Err(); err == nil || err.Error() != missing.Message {
			t.Errorf("it ended with %v", err)
		}
		if r.log.Len() > 0 {
			t.Errorf("it logged %s", r.log)
		}
	})
}
