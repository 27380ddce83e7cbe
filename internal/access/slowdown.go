package access

import (
	"context"
	"math"
	"net/netip"
	"slices"
	"sync"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// How wrong credentials are slowed down.
const (
	freeFailures  = 10              // at once, per address
	failureCosts  = 6 * time.Second // until one more is free
	longestWait   = time.Minute     // that anybody is told to wait
	slowAddresses = 4096            // that are remembered; beyond, the one that failed longest ago is forgotten

	gatePlaces = 4               // for look-ups from slowed addresses
	gateWait   = 2 * time.Second // for a place
	gateRetry  = 5 * time.Second // until one who got none may come again

	knownCredentials = 4096 // that were right, whose last use is remembered
	endedSessions    = 8    // per address, whose repetition is no other failure
)

// slowdown counts wrong credentials by address.
type slowdown struct {
	gate chan struct{}

	mu        sync.Mutex
	addresses *recent[netip.Prefix, *penalty]
}

// penalty is what an address has to its account: a debt in time, which passes.
type penalty struct {
	until time.Time
	ended []digest // of sessions that were refused here; the newest last
}

func newSlowdown() *slowdown {
	return &slowdown{
		gate:      make(chan struct{}, gatePlaces),
		addresses: newRecent[netip.Prefix, *penalty](slowAddresses),
	}
}

// subscriber returns whom an address counts for.
func subscriber(address netip.Addr) netip.Prefix {
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(address, bits).Masked()
}

// excess returns how long it takes until the next failure is free.
func (p *penalty) excess(now time.Time) time.Duration {
	return p.until.Sub(now) - freeFailures*failureCosts
}

// slowed reports whether one more failure of the address would not be free.
func (s *slowdown) slowed(address netip.Addr, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.addresses.get(subscriber(address))
	return ok && p.excess(now)+failureCosts > 0
}

// fail counts a failure and returns how long the address has to wait; zero when
// the failure was free.
func (s *slowdown) fail(address netip.Addr, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.penalty(address)
	if p.until.Before(now) {
		p.until = now
	}
	p.until = p.until.Add(failureCosts)
	if most := now.Add(freeFailures*failureCosts + longestWait); p.until.After(most) {
		p.until = most
	}
	return max(p.excess(now), 0)
}

// repeats notes that a session was refused, and reports whether it was before.
func (s *slowdown) repeats(address netip.Addr, session digest) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.penalty(address)
	if slices.Contains(p.ended, session) {
		return true
	}
	if len(p.ended) == endedSessions {
		p.ended = slices.Delete(p.ended, 0, 1)
	}
	p.ended = append(p.ended, session)
	return false
}

// penalty returns the address's, which it makes if there is none.
func (s *slowdown) penalty(address netip.Addr) *penalty {
	key := subscriber(address)
	p, ok := s.addresses.get(key)
	if !ok {
		p = &penalty{}
		s.addresses.put(key, p)
	}
	return p
}

// enter waits for a place in the gate and returns what gives it back.
func (s *slowdown) enter(ctx context.Context) (leave func(), err error) {
	timer := time.NewTimer(gateWait)
	defer timer.Stop()
	select {
	case s.gate <- struct{}{}:
		return func() { <-s.gate }, nil
	case <-timer.C:
		return nil, busy(gateRetry)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// lookUp calls find, which asks the catalogue about the credential of a digest.
// Strangers from an address that is slowed down go through the gate, so that no
// number of them takes the catalogue away from all others.
func (g *Guard) lookUp(ctx context.Context, from origin, credential digest, find func() error) error {
	if g.slowdown.slowed(from.address, g.now()) && !g.uses.know(credential) {
		leave, err := g.slowdown.enter(ctx)
		if err != nil {
			return err
		}
		defer leave()
	}
	return find()
}

// refuse records that a credential was wrong, counts it against its address,
// and returns the answer: err, or CodeBusy when there were too many.
func (g *Guard) refuse(from origin, err error) error {
	g.recorder.refuse(jarvis.Principal{}.Who(), from.text())
	return g.slowDown(from, err)
}

// refuseSession is refuse for the cookie of a session that ended. A browser
// sends it with every picture of a page: that is one failure, not a hundred, and
// the answer has to remain that one must sign in.
func (g *Guard) refuseSession(from origin, session digest) error {
	err := jarvis.Errorf(jarvis.CodeNoCredential, "the session has ended: sign in with the link that \"jarvis signin\" prints")
	if g.slowdown.repeats(from.address, session) {
		return err
	}
	return g.refuse(from, err)
}

func (g *Guard) slowDown(from origin, err error) error {
	if wait := g.slowdown.fail(from.address, g.now()); wait > 0 {
		return busy(wait)
	}
	return err
}

// slowedError is CodeBusy with the time after which one may come again.
type slowedError struct {
	err   *jarvis.Error
	after time.Duration
}

func busy(after time.Duration) error {
	seconds := int(math.Ceil(after.Seconds()))
	return &slowedError{
		err:   jarvis.Errorf(jarvis.CodeBusy, "too many wrong credentials came from this address: check the credential, and try again in %d s", seconds),
		after: time.Duration(seconds) * time.Second,
	}
}

// Error returns the message.
func (e *slowedError) Error() string { return e.err.Error() }

// Unwrap returns the *jarvis.Error.
func (e *slowedError) Unwrap() error { return e.err }

// RetryAfter returns the time after which the same request may be made again,
// in whole seconds.
func (e *slowedError) RetryAfter() time.Duration { return e.after }

// uses remembers when right credentials were used last, to the minute.
type uses struct {
	mu   sync.Mutex
	last *recent[digest, time.Time]
}

func newUses() *uses { return &uses{last: newRecent[digest, time.Time](knownCredentials)} }

// note remembers a use, and reports whether it is the first of its minute.
func (u *uses) note(credential digest, at time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	minute := at.Truncate(time.Minute)
	last, ok := u.last.get(credential)
	if ok && !minute.After(last) {
		return false
	}
	u.last.put(credential, minute)
	return true
}

func (u *uses) know(credential digest) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, ok := u.last.get(credential)
	return ok
}

func (u *uses) forget(credential digest) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last.drop(credential)
}
