package reading

import (
	"context"
	"errors"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Pauses in trouble double from the first to the longest, which is shorter where it
// may be the pictures' fault after all: each has its turn then.
const (
	firstPause   = time.Second
	longestPause = 5 * time.Minute
	longestDoubt = time.Minute
)

// maxSuspects is how many pictures that had part in trouble are remembered, and
// maxPassedOver how many of them are claimed to come to another one.
const (
	maxSuspects   = 1000
	maxPassedOver = 64
)

// maxInARow is how many different pictures fail in a row, none being read in
// between, until that is taken for trouble.
const maxInARow = 10

// errNothingReads is that trouble. What the engine said is in no log.
var errNothingReads = jarvis.Errorf(jarvis.CodeUnavailable,
	"%d different images in a row could not be read, so it is likely that what reads them is broken: try it on an image by hand", maxInARow)

// trouble is what keeps a Reader from reading, whatever the picture.
type trouble struct {
	pauses int       // in a row; 0 while all is well
	until  time.Time // the end of the last
	queue  bool      // it is the queue that does not answer
	ended  int64     // pictures that came to an end of their own
	// suspects are the pictures that were in hand in trouble, with ended as it was.
	suspects map[jarvis.ID]int64
	// inARow are the pictures, by what is in them, that failed since one was read: at
	// most maxInARow.
	inARow map[string]bool
}

func newTrouble() trouble {
	return trouble{suspects: map[jarvis.ID]int64{}, inARow: map[string]bool{}}
}

// part is 1 for a picture that had part in trouble, else 0.
func (t *trouble) part(id jarvis.ID) int {
	if _, ok := t.suspects[id]; ok {
		return 1
	}
	return 0
}

// pausedUntil returns the end of the pause, which may be over, while there is
// trouble.
func (r *Reader) pausedUntil() (until time.Time, troubled bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.trouble.until, r.trouble.pauses > 0
}

// suspected returns how many pictures to claim besides, in trouble.
func (r *Reader) suspected() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trouble.pauses == 0 {
		return 0
	}
	return min(len(r.trouble.suspects), maxPassedOver)
}

// blames reports whether a picture that is in hand in trouble is the cause of it:
// it was so before, and others were read in between.
func (r *Reader) blames(id jarvis.ID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	ended, ok := r.trouble.suspects[id]
	return ok && r.trouble.ended > ended
}

// nothingReads notes that the engine failed over a picture, and reports whether it
// does so over any.
func (r *Reader) nothingReads(c *jarvis.Claim) bool {
	picture := string(c.Capture.ContentDigest)
	if picture == "" {
		picture = c.ID.String()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.trouble.inARow) < maxInARow {
		r.trouble.inARow[picture] = true
	}
	return len(r.trouble.inARow) == maxInARow
}

// somethingReads notes that the engine read a picture.
func (r *Reader) somethingReads() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.trouble.inARow)
}

// Pause has a Reader, without Once, begin in trouble that is known before it starts:
// it is logged now, and then images are tried as after any other trouble.
func (r *Reader) Pause(err error) { r.meet(err, false) }

// suspect notes trouble in which a picture was in hand.
func (r *Reader) suspect(id jarvis.ID, err error) {
	r.mu.Lock()
	if len(r.trouble.suspects) >= maxSuspects {
		clear(r.trouble.suspects)
	}
	r.trouble.suspects[id] = r.trouble.ended
	r.mu.Unlock()
	r.meet(err, false)
}

// meet notes trouble, which is of the queue or of what reads images.
func (r *Reader) meet(err error, queue bool) {
	if r.o.Once {
		r.fail(err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.trouble
	if t.pauses == 0 {
		said := "reading pauses; captures are kept and wait"
		if !queue {
			said += ", and are not found before, not by their titles either; with ocr_engine = none, those are indexed without"
		}
		r.log.Warn(said, "error", message(err))
	} else if r.now().Before(t.until) {
		return // what was in hand when it began
	}
	longest := longestPause
	if errors.Is(err, errNothingReads) {
		longest = longestDoubt
	}
	t.queue = queue
	t.until = r.now().Add(min(firstPause<<min(t.pauses, 16), longest))
	t.pauses++
}

// overcome notes that a picture came to an end of its own.
func (r *Reader) overcome(id jarvis.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble.ended++
	delete(r.trouble.suspects, id)
	r.goOn()
}

// queueAnswered notes that the queue answers.
func (r *Reader) queueAnswered() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trouble.queue {
		r.goOn()
	}
}

// goOn ends a trouble. The mutex is held.
func (r *Reader) goOn() {
	if r.trouble.pauses > 0 {
		r.log.Info("reading goes on")
	}
	r.trouble.pauses, r.trouble.queue = 0, false
}

// queueFailed notes that the queue gives out nothing.
func (r *Reader) queueFailed(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case mayPass(err) || jarvis.ErrorCode(err) == jarvis.CodeInternal:
		r.meet(err, true)
	default:
		r.fail(err)
	}
}

// fail ends the Reader.
func (r *Reader) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
		if !r.o.Watched {
			r.log.Error("reading has ended", "error", message(err))
		}
	}
	r.end()
}

// mayPass reports whether the queue may take later what it did not take now.
func mayPass(err error) bool {
	switch jarvis.ErrorCode(err) {
	case jarvis.CodeUnavailable, jarvis.CodeNoSpace, jarvis.CodeBusy, jarvis.CodeTimeout:
		return true
	}
	return false
}
