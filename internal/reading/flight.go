package reading

import (
	"context"

	"github.com/jarvis-memory/jarvis"
)

// maxFollowers is how many captures wait for the same image to be read.
const maxFollowers = 256

// flight is an image that is being read, and further captures that have it.
type flight struct {
	followers []*jarvis.Claim
}

// takesOff reports whether the image of a capture is to be read now. It is not
// while the same image is being read: the capture then waits for what it says.
func (r *Reader) takesOff(c *jarvis.Claim) bool {
	if c.Capture.ContentDigest == nil {
		return true
	}
	digest := string(c.Capture.ContentDigest)
	r.mu.Lock()
	defer r.mu.Unlock()
	f, ok := r.flights[digest]
	if !ok {
		r.flights[digest] = &flight{}
		return true
	}
	if len(f.followers) >= maxFollowers {
		return true
	}
	f.followers = append(f.followers, c)
	return false
}

// land gives what was read, nil when nothing was, to the captures that wait for it.
func (r *Reader) land(ctx context.Context, c *jarvis.Claim, reading *jarvis.Reading) {
	if c.Capture.ContentDigest == nil {
		return
	}
	digest := string(c.Capture.ContentDigest)
	r.mu.Lock()
	var followers []*jarvis.Claim
	if f := r.flights[digest]; f != nil {
		followers = f.followers
	}
	delete(r.flights, digest)
	r.mu.Unlock()
	if reading == nil {
		r.giveBack(ctx, followers...)
		return
	}
	for _, follower := range followers {
		r.finish(ctx, follower, reading, func(s *Stats) { s.Twins++ })
	}
}
