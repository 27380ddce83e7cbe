package api

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/jarvis-memory/jarvis"
)

// patience is how long a request waits for room.
const patience = 10 * time.Second

// budget is a bounded amount of something that requests take and give back. One
// client has at most a part of it, so that none keeps the others from theirs. Who
// holds a portion must not wait for another of the same budget.
type budget struct {
	all, each int64
	free      *semaphore.Weighted
	patience  time.Duration

	mu     sync.Mutex
	shares map[string]*share // of those who hold or wait for something
}

// share is what one client may have.
type share struct {
	free  *semaphore.Weighted
	users int
}

// portion is what was taken of a budget; the zero portion is nothing.
type portion struct {
	n   int64
	who string
}

// newBudget returns a budget of all, of which each client gets at most a number.
func newBudget(all, each int64) *budget {
	return &budget{all: all, each: each, free: semaphore.NewWeighted(all), patience: patience, shares: make(map[string]*share)}
}

// take waits for n, or all that the client of ctx may have if that is less.
func (b *budget) take(ctx context.Context, n int64) (portion, error) {
	p := principal(ctx)
	taken := portion{min(n, b.each), p.Who()}
	if p.Kind == jarvis.PrincipalNetwork {
		taken.who += " " + p.Address
	}
	waiting, cancel := context.WithTimeout(ctx, b.patience)
	defer cancel()
	own := b.enter(taken.who)
	err := own.free.Acquire(waiting, taken.n)
	if err == nil {
		if err = b.free.Acquire(waiting, taken.n); err == nil {
			return taken, nil
		}
		own.free.Release(taken.n)
	}
	b.leave(taken.who)
	if ctx.Err() != nil {
		return portion{}, ctx.Err()
	}
	return portion{}, &overloadedError{jarvis.Errorf(jarvis.CodeUnavailable, "the server has too much to do at once: try again soon")}
}

// give gives back what was taken.
func (b *budget) give(taken portion) {
	if taken.n == 0 {
		return
	}
	b.free.Release(taken.n)
	b.leave(taken.who).free.Release(taken.n)
}

// enter returns the share of a client.
func (b *budget) enter(who string) *share {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.shares[who]
	if own == nil {
		own = &share{free: semaphore.NewWeighted(b.each)}
		b.shares[who] = own
	}
	own.users++
	return own
}

// leave returns the share of a client, which is forgotten with the last request
// that uses it.
func (b *budget) leave(who string) *share {
	b.mu.Lock()
	defer b.mu.Unlock()
	own := b.shares[who]
	if own.users--; own.users == 0 {
		delete(b.shares, who)
	}
	return own
}

// overloadedError is CodeUnavailable for a moment.
type overloadedError struct{ err *jarvis.Error }

// Error implements error.
func (e *overloadedError) Error() string { return e.err.Error() }

// Unwrap returns the *jarvis.Error.
func (e *overloadedError) Unwrap() error { return e.err }

// RetryAfter returns when to try again.
func (*overloadedError) RetryAfter() time.Duration { return 2 * time.Second }
