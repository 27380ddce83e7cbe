package sqlite

import (
	"context"
	"errors"
)

// maxReaders bounds the connections that read at the same time.
const maxReaders = 4

// readers is a pool of reading connections, made when they are first needed.
type readers struct {
	db   *database
	idle chan *conn // maxReaders entries while nobody reads; nil is one yet to be made
}

func newReaders(db *database) *readers {
	r := &readers{db, make(chan *conn, maxReaders)}
	for range maxReaders {
		r.idle <- nil
	}
	return r
}

// read runs fn on a reading connection and returns its result, or the error of
// ctx as soon as that is done: fn then ends on its own, interrupted at its next
// step or held by a disk that hangs.
func read[T any](ctx context.Context, c *Catalog, op string, fn func(*conn) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var zero T
	if err := c.enter(ctx); err != nil {
		return zero, err
	}
	var on *conn
	select {
	case on = <-c.readers.idle:
	case <-ctx.Done():
		c.leave()
		return zero, contextError(ctx)
	}
	done := make(chan result, 1)
	go func() {
		defer c.leave()
		var r result
		on, r.err = c.readers.connect(on)
		if r.err == nil {
			on.SetInterrupt(ctx)
			r.err = retryBusy(ctx, func() (err error) { r.value, err = fn(on); return err })
			on.SetInterrupt(context.Background())
		}
		c.readers.idle <- on
		done <- r
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return zero, c.db.translate(ctx, op, r.err)
		}
		return r.value, nil
	case <-ctx.Done():
		return zero, contextError(ctx)
	}
}

func (r *readers) connect(c *conn) (*conn, error) {
	if c != nil {
		return c, nil
	}
	return r.db.connectReader(r.db.path)
}

// close closes the connections, of which none is in use any more.
func (r *readers) close() error {
	var errs []error
	for range maxReaders {
		errs = append(errs, closeConn(<-r.idle))
	}
	return errors.Join(errs...)
}
