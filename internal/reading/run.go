package reading

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// indexedAtOnce is how many captures are claimed at once while they only need to be
// indexed.
const indexedAtOnce = 32

// stopGrace is how long the queue has to take what was read when the Reader is
// stopped, and what is given back.
const stopGrace = time.Second

// run gives slots to what is due until ctx ends, and then waits for what is in hand.
func (r *Reader) run(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer r.working.Wait()
	defer stop()
	r.working.Go(func() { r.takeOffers(ctx) })
	cheap := false // the last captures needed no image
	idle := r.o.Poll
	for ctx.Err() == nil {
		free := r.takeSlots(ctx)
		if free == 0 {
			return
		}
		limit := free
		if cheap {
			limit = max(limit, indexedAtOnce)
		}
		busy := r.Stats().Busy
		claims, err := r.o.Queue.ClaimReadings(ctx, r.now(), r.o.Lease, limit+r.suspected())
		switch {
		case err != nil:
			r.slots.Release(int64(free))
			r.queueFailed(ctx, err)
		case len(claims) > 0:
			r.queueAnswered()
			cheap = r.hand(ctx, claims, free)
			idle = r.o.Poll
		default:
			r.queueAnswered()
			r.slots.Release(int64(free))
			if r.o.Once && busy == 0 {
				return
			}
			idle = r.await(ctx, idle)
		}
	}
}

// takeOffers reads what is offered. Offers that come too late are dropped: nobody
// has claimed their captures.
func (r *Reader) takeOffers(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-r.offers:
			r.working.Go(func() { r.readOffer(ctx, o) })
		}
	}
}

// readOffer reads an image that was offered, and gives its slot back.
func (r *Reader) readOffer(ctx context.Context, o offer) {
	defer r.freeSlot()
	c, err := r.o.Queue.ClaimReading(ctx, o.id, r.now(), r.o.Lease)
	switch {
	case err != nil:
		r.queueFailed(ctx, err)
	case c == nil: // somebody else has it
	case r.needsImage(c) && r.takesOff(c):
		r.read(ctx, c, o.image)
	case !r.needsImage(c):
		r.finishAtOnce(ctx, c)
	}
}

// takeSlots waits for a slot and takes all that are free; in trouble it takes one,
// after the pause, when nothing else is in hand. It returns 0 when ctx has ended.
func (r *Reader) takeSlots(ctx context.Context) int {
	all := int64(r.o.Workers)
	for {
		until, troubled := r.pausedUntil()
		if !troubled {
			break
		}
		if !wait(ctx, until.Sub(r.now())) || r.slots.Acquire(ctx, all) != nil {
			return 0
		}
		if now, still := r.pausedUntil(); still && now.Equal(until) {
			r.slots.Release(all - 1)
			return 1
		}
		r.slots.Release(all) // what was in hand has changed it
	}
	if r.slots.Acquire(ctx, 1) != nil {
		return 0
	}
	free := 1
	for r.slots.TryAcquire(1) {
		free++
	}
	return free
}

// hand begins the work on claims, gives back those for which there is no slot, and
// reports whether none of them needed an image.
func (r *Reader) hand(ctx context.Context, claims []*jarvis.Claim, free int) (cheap bool) {
	var indexing sync.WaitGroup
	var excess []*jarvis.Claim
	cheap = true
	for _, c := range r.suspectsLast(claims) {
		if !r.needsImage(c) {
			indexing.Go(func() { r.finishAtOnce(ctx, c) })
			continue
		}
		cheap = false
		switch {
		case free == 0:
			excess = append(excess, c)
		case r.takesOff(c):
			free--
			r.count(func(s *Stats) { s.Busy++ })
			r.working.Go(func() {
				defer r.freeSlot()
				r.read(ctx, c, nil)
			})
		}
	}
	r.slots.Release(int64(free))
	r.giveBack(ctx, excess...)
	indexing.Wait()
	return cheap
}

// suspectsLast returns the claims with those at the end that had part in trouble.
func (r *Reader) suspectsLast(claims []*jarvis.Claim) []*jarvis.Claim {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortStableFunc(claims, func(a, b *jarvis.Claim) int {
		return r.trouble.part(a.ID) - r.trouble.part(b.ID)
	})
	return claims
}

// freeSlot gives a slot back.
func (r *Reader) freeSlot() {
	r.count(func(s *Stats) { s.Busy-- })
	r.slots.Release(1)
	if r.o.Once {
		r.Wake()
	}
}

func (r *Reader) count(change func(*Stats)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.stats)
}

// now is the present as catalogues keep it.
func (r *Reader) now() time.Time { return jarvis.Instant(r.o.Now()) }

// longestIdle is by how many times Options.Poll grows, since looking costs the
// catalogue something even where nothing is due.
const longestIdle = 6

// await waits until the queue may have something, for so long at most, and returns
// how long to wait next time: twice as long while nobody wakes the Reader.
func (r *Reader) await(ctx context.Context, idle time.Duration) time.Duration {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-r.wake:
		return r.o.Poll
	case <-timer.C:
	}
	return min(2*idle, longestIdle*r.o.Poll)
}

// wait waits, and reports whether ctx has not ended.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// lasting returns a context that ends stopGrace after ctx.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })
	return last, func() {
		stop()
		cancel()
	}
}
