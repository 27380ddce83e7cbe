package reading_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/reading"
)

// TestReader_BrokenEngine: an engine that breaks while it is used, and blames the
// pictures, sets none of them aside.
func TestReader_BrokenEngine(t *testing.T) {
	for _, code := range []jarvis.Code{jarvis.CodeInvalid, jarvis.CodeInternal, jarvis.CodeTimeout} {
		t.Run(string(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all := captures(100)
				var mended atomic.Bool
				r := newRig(t, all, func(r *rig, o *reading.Options) {
					o.Workers = 4
					r.engine.read = func(context.Context, string) error {
						if !mended.Load() {
							return jarvis.Errorf(code, "it ended with status 1: s3cret")
						}
						return nil
					}
				})
				r.start(t)
				<-time.After(24 * time.Hour)
				synctest.Wait()
				charged := 0
				for _, c := range all {
					got := r.row(c)
					if got.aside {
						t.Fatalf("a picture was set aside: %s", got.reason)
					}
					charged += got.failures
				}
				if charged > 10 {
					t.Errorf("the pictures lost %d attempts", charged)
				}
				if n := len(r.engine.said()); n > 1500 {
					t.Errorf("the engine was tried %d times within a day", n)
				}
				mended.Store(true)
				r.ended(len(all) + charged)
				r.stop(t)
				r.wantRead(t, all...)
				if log := r.log.String(); strings.Count(log, "\n") != 2 || !strings.Contains(log, "10 different images in a row") || strings.Contains(log, "s3cret") {
					t.Errorf("the log:\n%s", log)
				}
			})
		})
	}
}

// TestReader_BrokenEngineOnce: a Reader that is to end ends over it.
func TestReader_BrokenEngineOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, captures(100), func(r *rig, o *reading.Options) {
			o.Once = true
			r.engine.read = func(context.Context, string) error { return jarvis.Errorf(jarvis.CodeInvalid, "status 1") }
		})
		r.start(t)
		<-r.reader.Done()
		if err := r.reader.Err(); jarvis.ErrorCode(err) != jarvis.CodeUnavailable {
			t.Errorf("it ended with %v", err)
		}
	})
}

// TestReader_BadPictures: any number of pictures that no engine reads are set aside
// in the end, also when they come first, as long as others are read meanwhile.
func TestReader_BadPictures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := captures(25)
		r := newRig(t, bad, func(r *rig, o *reading.Options) {
			o.Workers = 4
			r.engine.read = func(_ context.Context, text string) error {
				if text < "picture 2" || len(text) == len("picture 2") || text < "picture 25" && len(text) == len("picture 25") {
					return jarvis.Errorf(jarvis.CodeInvalid, "it does not read this")
				}
				return nil
			}
		})
		r.start(t)
		for i := range 30 {
			c := capture(500 + i)
			c.Timestamp = noon.Add(-time.Hour) // older: the bad ones come first
			r.insert(c)
			<-time.After(time.Hour)
			if r.row(c).readings != 1 {
				t.Fatalf("capture %d was not read within an hour", i)
			}
		}
		r.stop(t)
		for i, c := range bad {
			if got := r.row(c); !got.aside || got.failures != 5 {
				t.Errorf("bad picture %d: set aside %t, %d failures", i, got.aside, got.failures)
			}
		}
	})
}

// TestReader_BadTwins: one bad picture, however many captures have it, is no sign
// that the engine is broken.
func TestReader_BadTwins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(20)
		for _, c := range all {
			c.ContentDigest = []byte("the same")
		}
		r := newRig(t, all, func(r *rig, _ *reading.Options) {
			r.engine.read = failing("the same", jarvis.Errorf(jarvis.CodeInternal, "it crashed"))
		})
		r.start(t)
		<-time.After(24 * time.Hour)
		synctest.Wait()
		r.stop(t)
		for i, c := range all {
			if got := r.row(c); !got.aside {
				t.Errorf("capture %d: %d failures, not set aside", i, got.failures)
			}
		}
	})
}

// TestReader_Idle: a queue in which nothing is due is asked more and more seldom,
// and at once when the Reader is woken.
func TestReader_Idle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil, nil)
		r.start(t)
		<-time.After(time.Hour)
		synctest.Wait()
		if r.asked > 125 {
			t.Errorf("an empty queue was asked %d times within an hour", r.asked)
		}
		begun := time.Now()
		r.insert(capture(1)) // by another process
		r.ended(1)
		if took := time.Since(begun); took > 30*time.Second {
			t.Errorf("what another process put into the queue was read after %s", took)
		}
		<-time.After(time.Hour)
		r.insert(capture(2))
		begun = time.Now()
		r.reader.Wake()
		r.ended(1)
		if took := time.Since(begun); took > 0 {
			t.Errorf("what the Reader was told of was read after %s", took)
		}
		r.insert(capture(3)) // soon after
		begun = time.Now()
		r.ended(1)
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("soon after, a further one was read after %s", took)
		}
		r.stop(t)
	})
}
