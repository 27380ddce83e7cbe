package thumbnail

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/jarvis-memory/jarvis"
)

// flights lets callers share work that is under way. It goes on while one of
// them waits for it.
type flights struct {
	mu      sync.Mutex
	byKey   map[flightKey]*flight
	closed  bool
	running sync.WaitGroup
}

type flightKey struct {
	id    jarvis.ID
	width int
	sheet [sha256.Size]byte // the digest of a sheet's list, which has no id
}

// made is a JPEG. Of a sheet, part says that an image was gone.
type made struct {
	jpeg []byte
	part bool
}

type flight struct {
	cancel  context.CancelFunc
	waiting int           // guarded by flights.mu
	done    chan struct{} // closed when result and err are set
	result  made
	err     error
}

// join returns what work returns: that of this call, or of one for the same key
// that is under way. work gets a context with the values of its first caller's,
// which is done when nobody waits any more.
func (f *flights) join(ctx context.Context, key flightKey, work func(context.Context) (made, error)) (made, error) {
	shared, err := f.board(ctx, key, work)
	if err != nil {
		return made{}, err
	}
	defer f.leave(key, shared)
	select {
	case <-shared.done:
		return shared.result, shared.err
	case <-ctx.Done():
		return made{}, stopped(ctx.Err())
	}
}

// board returns the flight of the key, which it starts if there is none.
func (f *flights) board(ctx context.Context, key flightKey, work func(context.Context) (made, error)) (*flight, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, jarvis.Errorf(jarvis.CodeUnavailable, "the thumbnail was not made: the program is ending")
	}
	if shared := f.byKey[key]; shared != nil {
		shared.waiting++
		return shared, nil
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	shared := &flight{cancel: cancel, waiting: 1, done: make(chan struct{})}
	f.byKey[key] = shared
	f.running.Go(func() {
		shared.result, shared.err = guarded(ctx, work)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.forget(key, shared)
		close(shared.done)
	})
	return shared, nil
}

// leave gives the flight up when nobody else waits for it.
func (f *flights) leave(key flightKey, shared *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if shared.waiting--; shared.waiting == 0 {
		shared.cancel()
		f.forget(key, shared)
	}
}

// forget lets the next caller start anew. It needs f.mu.
func (f *flights) forget(key flightKey, shared *flight) {
	if f.byKey[key] == shared {
		delete(f.byKey, key)
	}
}

// guarded turns a panic into an error: work runs in a goroutine of its own, where
// nobody else would recover.
func guarded(ctx context.Context, work func(context.Context) (made, error)) (result made, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = made{}, &jarvis.Error{Code: jarvis.CodeInternal, Op: "thumbnail", Message: "the thumbnail could not be made", Err: fmt.Errorf("panic: %v", p)}
		}
	}()
	return work(ctx)
}

// close ends all flights and waits for them until ctx is done.
func (f *flights) close(ctx context.Context) error {
	f.mu.Lock()
	f.closed = true
	for _, shared := range f.byKey {
		shared.cancel()
	}
	f.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		f.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return stopped(ctx.Err())
	}
}
