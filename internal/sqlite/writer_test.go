package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// A disk that fills up costs nothing that was acknowledged, and writing goes on
// when there is space again.
func TestCatalog_InsertCapture_Full(t *testing.T) {
	for name, fault := range map[string]error{"WithReason": errFull, "WithoutReason": errNoReason} {
		t.Run(name, func(t *testing.T) {
			withKeys(t, func(t *testing.T, key []byte) {
				var full atomic.Bool
				o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key}
				o.base = newFaulty(func(path, operation string) error {
					if operation == "write" && full.Load() {
						return fault
					}
					return nil
				})
				o.free = func() (uint64, error) {
					if full.Load() {
						return 0, nil
					}
					return 1 << 30, nil
				}
				c := mustOpen(t, o)
				captures := insertMany(t, c, 5)
				full.Store(true)
				if err := c.InsertCapture(t.Context(), testCapture(5)); jarvis.ErrorCode(err) != jarvis.CodeNoSpace {
					t.Fatalf("InsertCapture on a full disk = %v (%v)", err, errors.Unwrap(err))
				}
				if err := c.Check(t.Context()); jarvis.ErrorCode(err) != jarvis.CodeNoSpace {
					t.Fatalf("Check on a full disk = %v", err)
				}
				wantAll(t, c, captures)
				full.Store(false)
				if err := c.InsertCapture(t.Context(), testCapture(6)); err != nil {
					t.Fatalf("InsertCapture with space again: %v (%v)", err, errors.Unwrap(err))
				}
				if err := c.Check(t.Context()); err != nil {
					t.Fatalf("Check with space again: %v", err)
				}
				wantAll(t, c, append(captures, testCapture(6)))
				checkSound(t, c)
			})
		})
	}
}

// After a sync that failed nothing is accepted, because nothing is known of what
// the disk holds; reading goes on.
func TestCatalog_InsertCapture_FailedSync(t *testing.T) {
	for _, broken := range []string{"-wal", ".db"} {
		t.Run(broken, func(t *testing.T) {
			var failing atomic.Bool
			failed := make(chan struct{}, 100)
			o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), checkpointPages: 1}
			o.base = newFaulty(func(path, operation string) error {
				if operation == "sync" && strings.HasSuffix(path, broken) && failing.Load() {
					failed <- struct{}{}
					return errSync
				}
				return nil
			})
			c := mustOpen(t, o)
			captures := insertMany(t, c, 5)
			if err := c.Check(t.Context()); err != nil { // the checkpoint of the last is over
				t.Fatal(err)
			}
			failing.Store(true)
			if broken == "-wal" {
				if err := c.InsertCapture(t.Context(), testCapture(5)); jarvis.ErrorCode(err) != jarvis.CodeUnavailable {
					t.Fatalf("InsertCapture whose sync fails = %v (%v)", err, errors.Unwrap(err))
				}
			}
			for n := 5; broken == ".db" && c.Check(t.Context()) == nil; n++ { // until a checkpoint has failed
				if err := c.InsertCapture(t.Context(), testCapture(n)); err != nil { // the commit is in the WAL
					t.Fatalf("InsertCapture whose checkpoint fails = %v (%v)", err, errors.Unwrap(err))
				}
			}
			<-failed
			failing.Store(false)
			for range 3 {
				err := c.InsertCapture(t.Context(), testCapture(6))
				if jarvis.ErrorCode(err) != jarvis.CodeUnavailable || !strings.Contains(err.Error(), "start jarvis again") {
					t.Fatalf("InsertCapture after a failed sync = %v", err)
				}
			}
			if err := c.Check(t.Context()); jarvis.ErrorCode(err) != jarvis.CodeUnavailable {
				t.Fatalf("Check after a failed sync = %v", err)
			}
			wantAll(t, c, captures)
		})
	}
}

// A disk that hangs holds up neither a caller whose context ends, nor reading.
func TestCatalog_HangingDisk(t *testing.T) {
	release := make(chan struct{})
	var hanging atomic.Bool
	reached := make(chan struct{}, 1000)
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}
	o.base = newFaulty(func(path, operation string) error {
		if operation == "sync" && hanging.Load() {
			reached <- struct{}{}
			<-release
		}
		return nil
	})
	c := mustOpen(t, o)
	captures := insertMany(t, c, 5)
	hanging.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for n := range 3 {
		waiting.Go(func() {
			if err := c.InsertCapture(ctx, testCapture(10+n)); !errors.Is(err, context.Canceled) {
				t.Errorf("InsertCapture on a hanging disk = %v", err)
			}
		})
	}
	<-reached
	wantAll(t, c, captures)
	cancel()
	waiting.Wait()
	hanging.Store(false)
	close(release)
	if err := c.InsertCapture(t.Context(), testCapture(20)); err != nil {
		t.Fatalf("InsertCapture when the disk is back: %v", err)
	}
}

// In a batch each request has its own end.
func TestWriter_BatchIsolation(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key})
		insertMany(t, c, 1)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		boom := errors.New("half done")
		w := c.writer
		requests := []*write{
			{ctx: t.Context(), do: func(on *conn) error { return insert(on, testCapture(1)) }},
			{ctx: t.Context(), do: func(on *conn) error { return insert(on, testCapture(0)) }}, // there already
			{ctx: t.Context(), do: func(on *conn) error { return errors.Join(insert(on, testCapture(2)), boom) }},
			{ctx: cancelled, do: func(on *conn) error { return insert(on, testCapture(3)) }},
			{ctx: t.Context(), do: func(on *conn) error { return insert(on, testCapture(4)) }},
		}
		for _, r := range requests {
			r.done = make(chan error, 1)
		}
		// The writer itself runs the batch, as one more request would.
		done := make(chan struct{})
		go func() {
			defer close(done)
			for _, r := range requests {
				w.requests <- r
			}
		}()
		<-done
		for i, want := range []func(error) bool{
			func(err error) bool { return err == nil },
			func(err error) bool { return errors.Is(err, &jarvis.Error{Code: jarvis.CodeConflict}) },
			func(err error) bool { return errors.Is(err, boom) },
			func(err error) bool { return errors.Is(err, context.Canceled) },
			func(err error) bool { return err == nil },
		} {
			if err := <-requests[i].done; !want(err) {
				t.Errorf("request %d ended with %v", i, err)
			}
		}
		page, err := c.FindCaptures(t.Context(), jarvis.CaptureFilter{Order: jarvis.OldestFirst})
		if err != nil || len(page) != 3 {
			t.Fatalf("%d captures, %v, want 3", len(page), err)
		}
		checkSound(t, c)
	})
}

// A WAL does not grow without bound, and what is in it is found either way.
func TestWriter_Checkpoint(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key, checkpointPages: 30}
		c := mustOpen(t, o)
		captures := insertMany(t, c, 200)
		if n := size(t, o.Path+"-wal"); n > 100*blockSize {
			t.Errorf("the WAL has %d pages", n/blockSize)
		}
		wantAll(t, c, captures)
	})
}

// What a savepoint would put back is in no file, however much it is.
func TestWriter_SavepointsInMemory(t *testing.T) {
	var temporary atomic.Bool
	c := mustOpen(t, Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: testKey, base: newFaulty(func(path, operation string) error {
		if path == "" {
			temporary.Store(true)
		}
		return nil
	})})
	for first := range 2 { // only pages that there were before can be put back
		temporary.Store(false)
		err := c.write(t.Context(), "write", func(on *conn) error {
			for n := range 500 {
				if err := insert(on, testCapture(n*2+first)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if temporary.Load() {
		t.Error("a temporary file was used")
	}
}

func TestCatalog_Close_WaitsForWrites(t *testing.T) {
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db")}
	c := mustOpen(t, o)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var acknowledged []jarvis.ID
	started := make(chan struct{}, 8)
	for worker := range 8 {
		wg.Go(func() {
			for n := range 1000 {
				capture := testCapture(worker*1000 + n)
				if err := c.InsertCapture(t.Context(), capture); err != nil {
					if err.Error() != "the catalogue is closed" {
						t.Errorf("InsertCapture while closing: %v", err)
					}
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, capture.ID)
				mu.Unlock()
				if n == 0 {
					started <- struct{}{}
				}
			}
		})
	}
	for range 8 {
		<-started
	}
	began := time.Now()
	if err := c.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if time.Since(began) > closePatience/2 {
		t.Errorf("Close took %v", time.Since(began))
	}
	wg.Wait()
	again := mustOpen(t, o)
	for _, id := range acknowledged {
		if _, err := again.FindCapture(t.Context(), id); err != nil {
			t.Errorf("an acknowledged capture: %v", err)
		}
	}
}
