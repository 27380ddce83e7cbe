package archive

import (
	"context"

	"github.com/jarvis-memory/jarvis"
)

// maxSections bounds the critical sections that run at once, and with them the
// goroutines that a database or a disk that hangs can hold.
const maxSections = 64

// sections runs critical sections to their end.
type sections struct{ slots chan struct{} }

func newSections() sections { return sections{make(chan struct{}, maxSections)} }

// wait returns when no section runs, or with the error of ctx.
func (s sections) wait(ctx context.Context) error {
	taken := 0
	defer func() {
		for ; taken > 0; taken-- {
			<-s.slots
		}
	}()
	for taken < maxSections {
		select {
		case s.slots <- struct{}{}:
			taken++
		case <-ctx.Done():
			return cancelled(ctx)
		}
	}
	return nil
}

// underLock runs fn while holding the lock of id, under a context that is never
// done, and returns its error. When ctx ends first, underLock returns at once
// with an unknown outcome, and fn goes on and keeps the lock until it ends:
// released earlier, a write that hangs could land on top of one that followed
// it.
func (a *Archive) underLock(ctx context.Context, id jarvis.ID, fn func(context.Context) error) error {
	select {
	case a.sections.slots <- struct{}{}:
	case <-ctx.Done():
		return cancelled(ctx)
	}
	unlock, err := a.blobs.Lock(ctx, id)
	if err != nil {
		<-a.sections.slots
		return err
	}
	done := make(chan error, 1)
	go func() {
		defer func() { <-a.sections.slots }()
		defer unlock()
		done <- fn(context.WithoutCancel(ctx))
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return cancelled(ctx)
	}
}

// cancelled is the error of an operation whose context ended first.
func cancelled(ctx context.Context) error {
	return jarvis.WrapError(jarvis.CodeUnavailable, "archive", "stopped before it was done", context.Cause(ctx))
}
