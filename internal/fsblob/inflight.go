package fsblob

import (
	"context"
	"sync/atomic"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// patience is how long what has no context waits for the disk: Discard, the
// release of a lock, Close, and Check when its context allows more.
const patience = 2 * time.Second

// inFlight bounds the file operations that run at one time and knows since when
// each has been running. An operation that hangs keeps its slot.
type inFlight struct {
	slots   chan int       // the free ones
	started []atomic.Int64 // per slot: UnixNano, or 0 when it is free
	closing chan struct{}
}

func newInFlight(n int) *inFlight {
	f := &inFlight{
		slots:   make(chan int, n),
		started: make([]atomic.Int64, n),
		closing: make(chan struct{}),
	}
	for i := range n {
		f.slots <- i
	}
	return f
}

// acquire waits for a slot.
func (f *inFlight) acquire(ctx context.Context) (slot int, err error) {
	if ctx.Err() != nil {
		return 0, stopped(ctx.Err())
	}
	if f.closed() {
		return 0, errClosed()
	}
	select {
	case slot := <-f.slots:
		f.started[slot].Store(time.Now().UnixNano())
		return slot, nil
	case <-f.closing:
		return 0, errClosed()
	case <-ctx.Done():
		return 0, stopped(ctx.Err())
	}
}

func (f *inFlight) release(slot int) {
	f.started[slot].Store(0)
	f.slots <- slot
}

// longest returns for how long the oldest operation has been running.
func (f *inFlight) longest() time.Duration {
	var oldest int64
	for i := range f.started {
		if at := f.started[i].Load(); at != 0 && (oldest == 0 || at < oldest) {
			oldest = at
		}
	}
	if oldest == 0 {
		return 0
	}
	return time.Since(time.Unix(0, oldest))
}

// closed reports whether close was called.
func (f *inFlight) closed() bool {
	select {
	case <-f.closing:
		return true
	default:
		return false
	}
}

// close refuses new operations and waits until those in flight have ended, or
// until timeout, and reports which. idle is closed when they have ended.
func (f *inFlight) close(timeout time.Duration) (idle <-chan struct{}, ended bool) {
	close(f.closing)
	done := make(chan struct{})
	go func() {
		for range cap(f.slots) {
			<-f.slots
		}
		close(done)
	}()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-done:
		return done, true
	case <-timer.C:
		return done, false
	}
}

// do runs op in a goroutine that holds a slot, and returns its result, or the
// error of ctx as soon as that is done. Then abandon, unless it is nil, gets the
// result of an op that succeeded after all, so that nothing stays open or behind.
func do[T any](ctx context.Context, f *inFlight, op func() (T, error), abandon func(T)) (T, error) {
	var none T
	slot, err := f.acquire(ctx)
	if err != nil {
		return none, err
	}
	type outcome struct {
		value T
		err   error
	}
	// Not buffered: a value is either received by the caller or abandoned.
	result := make(chan outcome)
	go func() {
		defer f.release(slot)
		value, err := op()
		select {
		case result <- outcome{value, err}:
		case <-ctx.Done():
			if err == nil && abandon != nil {
				abandon(value)
			}
		}
	}()
	select {
	case o := <-result:
		return o.value, o.err
	case <-ctx.Done():
		return none, stopped(ctx.Err())
	}
}

// run is do for an op without a result.
func run(ctx context.Context, f *inFlight, op func() error) error {
	_, err := do(ctx, f, func() (struct{}, error) { return struct{}{}, op() }, nil)
	return err
}

// patiently runs op in a goroutine and waits for it, but not longer than a
// moment. It needs no slot: whoever calls it gives something back.
func patiently(op func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		op()
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

func errClosed() error {
	return jarvis.Errorf(jarvis.CodeUnavailable, "the storage was closed: Jarvis is shutting down")
}
