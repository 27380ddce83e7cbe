package sqlite

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// closePatience bounds how long Close waits for a disk that hangs.
const closePatience = 10 * time.Second

// closing lets Close wait for the calls that have entered, and turns later
// ones away.
type closing struct {
	mu     sync.Mutex
	calls  int
	closed bool
	idle   chan struct{} // closed when the last call leaves a closed catalogue
	done   chan struct{} // closed when Close is done
	err    error         // of Close; valid once done
}

var errStillBusy = errors.New("calls were still running")

func (c *Catalog) enter(ctx context.Context) error {
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	c.closing.mu.Lock()
	defer c.closing.mu.Unlock()
	if c.closing.closed {
		return jarvis.Errorf(jarvis.CodeUnavailable, "the catalogue is closed")
	}
	c.closing.calls++
	return nil
}

func (c *Catalog) leave() {
	c.closing.mu.Lock()
	defer c.closing.mu.Unlock()
	if c.closing.calls--; c.closing.calls == 0 && c.closing.closed {
		close(c.closing.idle)
	}
}

// Close waits for calls in flight and closes the database. A disk that hangs
// is waited for ten seconds: then the error is CodeUnavailable, and the files
// stay open until the process ends.
func (c *Catalog) Close() error {
	c.closing.mu.Lock()
	first := !c.closing.closed
	if first {
		c.closing.closed = true
		c.closing.idle = make(chan struct{})
		if c.closing.calls == 0 {
			close(c.closing.idle)
		}
	}
	c.closing.mu.Unlock()
	if first {
		c.closing.err = c.close(time.After(closePatience))
		close(c.closing.done)
	}
	<-c.closing.done
	return c.closing.err
}

func (c *Catalog) close(deadline <-chan time.Time) error {
	select {
	case <-c.closing.idle:
	case <-deadline:
		return closeError(errStillBusy)
	}
	// Readers first: the last connection that can write cleans the WAL up.
	err := c.readers.close()
	close(c.writer.stop)
	select {
	case <-c.writer.stopped:
		err = errors.Join(err, c.writer.closeErr)
	case <-deadline:
		return closeError(errors.Join(err, errStillBusy))
	}
	err = errors.Join(err, c.lock.Close())
	return closeError(c.db.closeAfter(err))
}

func closeError(err error) error {
	if err == nil {
		return nil
	}
	return jarvis.WrapError(jarvis.CodeUnavailable, "sqlite: close", "the catalogue could not be closed in order; nothing that was acknowledged is lost", err)
}
