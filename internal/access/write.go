package access

import (
	"context"
	"errors"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// AddNow is Add, but writes the line before it returns nil, for at most five
// seconds and though ctx end. With an error, the line is kept as by Add: one that
// the database took after all counts twice rather than not at all.
func (r *Recorder) AddNow(ctx context.Context, who, address string, action jarvis.Action, captures int64) error {
	if r.log == nil {
		return nil
	}
	r.mu.Lock()
	l := r.line(who, address, action)
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lineLasts)
	defer cancel()
	err := r.log.RecordAccess(ctx, accessOf(l, sum{1, captures}))
	if err == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(l, sum{1, captures})
	r.wake()
	if jarvis.ErrorCode(err) == jarvis.CodeInternal && passes(err) {
		return jarvis.WrapError(jarvis.CodeUnavailable, "access: record", "the access log cannot be written now: try again", err)
	}
	return err
}

// Flush writes what is kept, for a reader who wants to see it. An error means
// that some of it is kept on, and will be tried again.
func (r *Recorder) Flush(ctx context.Context) error {
	return r.write(ctx, func() bool { return false })
}

// Close writes what is kept, and lets nothing be written in time any more. An
// error, of CodeUnavailable, says how many lines were not written. Close may be
// called again, and then writes what is left or was added since.
func (r *Recorder) Close(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mu.Unlock()

	err := r.Flush(ctx)
	if err == nil {
		return nil
	}
	r.mu.Lock()
	lost := len(r.pending.lines) + r.taken
	r.mu.Unlock()
	return &jarvis.Error{
		Code: jarvis.CodeUnavailable, Op: "access: close", Err: err,
		Message: jarvis.Errorf(jarvis.CodeUnavailable, "%d lines of the access log could not be written", lost).Message,
	}
}

// settle is Flush for a reader who can do without.
func (r *Recorder) settle(ctx context.Context) { r.report(r.Flush(ctx)) }

// writeInTime runs when the timer has run down. Close does not wait for it
// longer than for one line.
func (r *Recorder) writeInTime() {
	ctx, cancel := context.WithTimeout(context.Background(), writeLasts)
	defer cancel()
	r.report(r.write(ctx, r.isClosed))

	r.mu.Lock()
	defer r.mu.Unlock()
	r.timer = nil
	r.wake()
}

func (r *Recorder) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// report logs that writing began to fail, or works again.
func (r *Recorder) report(err error) {
	r.mu.Lock()
	before, lines := r.troubled, len(r.pending.lines)
	r.troubled = err != nil
	r.mu.Unlock()
	switch {
	case err != nil && !before:
		r.logger.Warn("the access log cannot be written now: what is done is kept in memory", "error", err, "lines", lines)
	case err == nil && before:
		r.logger.Info("the access log is written again")
	}
}

// write writes what is kept until stop reports true. What was not written
// because the database is away is kept on.
func (r *Recorder) write(ctx context.Context, stop func() bool) error {
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	taken := r.take()
	defer r.putBack(taken)

	for l, s := range taken.lines {
		if stop() {
			return nil
		}
		if err := r.writeLine(ctx, l, s); err != nil {
			return err
		}
		delete(taken.lines, l)
	}
	for credential, u := range taken.touches {
		if stop() {
			return nil
		}
		if err := r.writeTouch(ctx, credential, u); err != nil {
			return err
		}
		delete(taken.touches, credential)
	}
	return nil
}

// take returns what is kept, and keeps nothing.
func (r *Recorder) take() batch {
	r.mu.Lock()
	taken, dropped := r.pending, r.dropped
	r.pending, r.dropped = newBatch(), 0
	r.taken = len(taken.lines)
	r.mu.Unlock()
	if dropped > 0 {
		r.logger.Error("the access log is not complete: while it could not be written, there was no room for all that was done", "dropped", dropped)
	}
	return taken
}

// putBack keeps what is left of a batch.
func (r *Recorder) putBack(left batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken = 0
	for l, s := range left.lines {
		r.add(l, s)
	}
	for credential, u := range left.touches {
		r.addTouch(credential, u)
	}
}

// writeLine writes a line, or returns an error when it has to be tried again.
func (r *Recorder) writeLine(ctx context.Context, l line, s sum) error {
	return r.once(ctx, "line", func(ctx context.Context) error {
		return r.log.RecordAccess(ctx, accessOf(l, s))
	})
}

func accessOf(l line, s sum) jarvis.Access {
	return jarvis.Access{
		Minute: time.Unix(l.minute, 0).UTC(), Who: l.who, Address: l.address, Action: l.action,
		Times: s.times, Captures: s.captures,
	}
}

// writeTouch notes a use, or returns an error when that has to be tried again.
func (r *Recorder) writeTouch(ctx context.Context, credential touched, u use) error {
	return r.once(ctx, "use", func(ctx context.Context) error {
		if credential.session.IsZero() {
			return r.credentials.TouchToken(ctx, credential.token, u.at, u.address)
		}
		return r.credentials.TouchSession(ctx, credential.session, u.at, u.address)
	})
}

// once makes one attempt. What the database will never take is logged and
// counts as done: it must not stand in the way of the rest.
func (r *Recorder) once(ctx context.Context, what string, write func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, lineLasts)
	defer cancel()
	err := write(ctx)
	if err == nil || passes(err) || ctx.Err() != nil {
		return err
	}
	r.logger.Error("the access log is not complete: the database refuses a "+what, "error", err)
	return nil
}

// passes reports whether the same write may succeed later.
func passes(err error) bool {
	switch jarvis.ErrorCode(err) {
	case jarvis.CodeUnavailable, jarvis.CodeNoSpace, jarvis.CodeBusy:
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
