package client

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// errStalled is the cause of a request that was given up because nothing came or
// went for too long.
var errStalled = errors.New("nothing came or went for too long")

// watch ends a request that has come to a standstill, however long it takes
// while something moves.
type watch struct {
	cancel   context.CancelFunc
	timer    *time.Timer
	patience time.Duration
	stalled  atomic.Bool
}

// newWatch returns a watch and the context of the request, which it ends.
func newWatch(ctx context.Context, patience time.Duration) (context.Context, *watch) {
	ctx, cancel := context.WithCancel(ctx)
	w := &watch{cancel: cancel, patience: patience}
	w.timer = time.AfterFunc(patience, func() {
		w.stalled.Store(true)
		cancel()
	})
	return ctx, w
}

// moved says that something came or went.
func (w *watch) moved() { w.timer.Reset(w.patience) }

// stop ends the watch, and the request if it is still under way.
func (w *watch) stop() {
	w.timer.Stop()
	w.cancel()
}

// cause returns err, or errStalled when that is why.
func (w *watch) cause(err error) error {
	if w.stalled.Load() {
		return errStalled
	}
	return err
}

// outgoing is the body of a request. After end it does not touch the reader any
// more: the transport may go on reading a body after it gave an answer.
type outgoing struct {
	mu     sync.Mutex
	ended  bool
	reader io.Reader
	watch  *watch
}

// Read implements io.Reader.
func (o *outgoing) Read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ended {
		return 0, io.ErrClosedPipe
	}
	o.watch.moved()
	return o.reader.Read(p)
}

// Close implements io.Closer.
func (o *outgoing) Close() error {
	o.end()
	return nil
}

func (o *outgoing) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
}

// incoming is the body of an answer. Close stops the watch, and with it an answer
// that is not at its end.
type incoming struct {
	body  io.ReadCloser
	watch *watch
}

// Read implements io.Reader.
func (i *incoming) Read(p []byte) (int, error) {
	n, err := i.body.Read(p)
	if n > 0 {
		i.watch.moved()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = i.watch.cause(err)
	}
	return n, err
}

// Close implements io.Closer.
func (i *incoming) Close() error {
	i.watch.stop()
	return i.body.Close()
}
