package api

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/jarvis-memory/jarvis"
)

// patience is how long a request waits for room.
const patience = 10 * time.Second

// budget is a bounded amount of something that requests take and give back.
type budget struct {
	all      int64
	free     *semaphore.Weighted
	patience time.Duration
}

func newBudget(all int64) *budget { return &budget{all, semaphore.NewWeighted(all), patience} }

// take waits for n, or all there is if that is less, and returns what it took.
func (b *budget) take(ctx context.Context, n int64) (int64, error) {
	n = min(n, b.all)
	waiting, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	if err := b.free.Acquire(waiting, n); err != nil {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		return 0, &overloadedError{jarvis.Errorf(jarvis.CodeUnavailable, "the server has too much to do at once: try again soon")}
	}
	return n, nil
}

func (b *budget) give(n int64) { b.free.Release(n) }

// overloadedError is CodeUnavailable for a moment.
type overloadedError struct{ err *jarvis.Error }

// Error implements error.
func (e *overloadedError) Error() string { return e.err.Error() }

// Unwrap returns the *jarvis.Error.
func (e *overloadedError) Unwrap() error { return e.err }

// RetryAfter returns when to try again.
func (*overloadedError) RetryAfter() time.Duration { return 2 * time.Second }
