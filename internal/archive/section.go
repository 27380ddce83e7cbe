package archive

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/jarvis-memory/jarvis"
)

// maxSections bounds the critical sections that run at once, and with them the
// goroutines that a hanging database or disk can hold.
const maxSections = 64

// sections counts the critical sections that run.
type sections struct {
	slots   chan struct{} // one element per running section
	waiting chan struct{} // held by the one wait that takes all slots
}

func newSections() sections {
	return sections{make(chan struct{}, maxSections), make(chan struct{}, 1)}
}

// wait returns when no section runs, or when ctx is done.
func (s sections) wait(ctx context.Context) error {
	select {
	case s.waiting <- struct{}{}:
		defer func() { <-s.waiting }()
	case <-ctx.Done():
		return stopped(ctx)
	}
	for taken := range maxSections {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		case <-ctx.Done():
			return jarvis.WrapError(jarvis.CodeUnavailable, "archive: close", jarvis.Errorf(jarvis.CodeUnavailable,
				"at least %d operations still wait for the database or the disk", maxSections-taken).Message, ctx.Err())
		}
	}
	return nil
}

// lock takes the lock of id and the right to run a critical section. unlock
// must be called once.
func (a *Archive) lock(ctx context.Context, id jarvis.ID) (unlock func(), err error) {
	select {
	case a.sections.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, stopped(ctx)
	}
	release, err := a.blobs.Lock(ctx, id)
	if err != nil {
		<-a.sections.slots
		return nil, err
	}
	return func() {
		release()
		<-a.sections.slots
	}, nil
}

// finish runs fn under a context that is never done and returns what it
// returns. When ctx ends first, finish returns at once with an unknown outcome
// while fn goes on. So fn, which releases the lock that it was started with,
// does so only when it knows how its writes ended: a write that hangs can't
// land on top of one that followed it.
func finish[T any](ctx context.Context, fn func(context.Context) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := fn(context.WithoutCancel(ctx))
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, stopped(ctx)
	}
}

// underLock is lock and finish.
func underLock[T any](ctx context.Context, a *Archive, id jarvis.ID, fn func(context.Context) (T, error)) (T, error) {
	unlock, err := a.lock(ctx, id)
	if err != nil {
		var none T
		return none, err
	}
	return finish(ctx, func(ctx context.Context) (T, error) {
		defer unlock()
		return fn(ctx)
	})
}

// stopped is the error of an operation whose context ended.
func stopped(ctx context.Context) error {
	return jarvis.WrapError(jarvis.CodeUnavailable, "archive", "stopped before it was done: it was cancelled, or the database or the disk took too long", ctx.Err())
}

// atOnce is how many captures a long operation works on at one time, so that
// their commits and syncs share those of the database and the disk.
const atOnce = 8

// eachOf calls fn for 0 to n-1, several at once, and returns when all have.
func eachOf(n int, fn func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, atOnce) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				fn(i)
			}
		})
	}
	workers.Wait()
}
