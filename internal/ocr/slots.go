package ocr

import (
	"context"
	"errors"
	"sync"

	"github.com/jarvis-memory/jarvis"
)

// errClosed is the cause of what ends because its engine was closed.
var errClosed = errors.New("the engine was closed")

// slots lets a number of images be read at once, until they are closed.
type slots struct {
	free chan struct{} // holds a value for each image that is being read

	mu     sync.Mutex
	closed bool
	next   int
	ends   map[int]context.CancelCauseFunc // of those that wait or are being read
	users  sync.WaitGroup
}

func newSlots(n int) *slots {
	return &slots{free: make(chan struct{}, n), ends: map[int]context.CancelCauseFunc{}}
}

// enter waits for a slot. The context that it returns ends with ctx, and when the
// slots are closed; leave must be called.
func (s *slots) enter(ctx context.Context) (inner context.Context, leave func(), err error) {
	inner, end := context.WithCancelCause(ctx)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		end(errClosed)
		return nil, nil, stopped(inner)
	}
	number := s.next
	s.next++
	s.ends[number] = end
	s.users.Add(1)
	s.mu.Unlock()
	forget := func() {
		s.mu.Lock()
		delete(s.ends, number)
		s.mu.Unlock()
		end(nil)
		s.users.Done()
	}
	// A context that is done gets no slot, although one may be free.
	if inner.Err() == nil {
		select {
		case s.free <- struct{}{}:
			return inner, func() { <-s.free; forget() }, nil
		case <-inner.Done():
		}
	}
	err = stopped(inner)
	forget()
	return nil, nil, err
}

// close ends the contexts of all that entered, and waits until they have left.
func (s *slots) close() {
	s.mu.Lock()
	s.closed = true
	for _, end := range s.ends {
		end(errClosed)
	}
	s.mu.Unlock()
	s.users.Wait()
}

// stopped is the error of a context that is done.
func stopped(ctx context.Context) error {
	cause := context.Cause(ctx)
	message := "reading the image was cancelled"
	if errors.Is(cause, errClosed) {
		message = "the engine was closed: nothing more is read"
	}
	return &jarvis.Error{Code: jarvis.CodeUnavailable, Op: "ocr", Message: message, Err: cause}
}
