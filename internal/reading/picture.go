package reading

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// A picture is set aside after so many failures, or claims that had no end.
const (
	maxFailures = 1 + len(retries)
	maxClaims   = 20
)

// retries are how long a picture waits after each failure but the last.
var retries = [...]time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour}

// needsImage reports whether a capture cannot be finished by what the claim says.
func (r *Reader) needsImage(c *jarvis.Claim) bool {
	return r.reads() && c.Twin == nil && !hasText(c) && c.Claims <= maxClaims
}

// hasText reports whether a capture came with text and is not to be read anew.
func hasText(c *jarvis.Claim) bool { return c.Capture.OCRText != nil && !c.Redo }

// finishAtOnce ends what needs no image.
func (r *Reader) finishAtOnce(ctx context.Context, c *jarvis.Claim) {
	switch {
	case c.Claims > maxClaims:
		r.setAside(ctx, c, fmt.Sprintf("reading it was begun %d times and never came to an end: it may have ended the program", maxClaims))
	case c.Twin != nil && !hasText(c) && !r.o.NoText:
		r.takeTwin(ctx, c)
	default:
		r.finish(ctx, c, nil, func(s *Stats) { s.Indexed++ })
	}
}

// takeTwin ends a capture with what was read in the very same image, which may
// have been stored before secrets were masked, or before as many were known.
func (r *Reader) takeTwin(ctx context.Context, c *jarvis.Claim) {
	twin := *c.Twin
	twin.Words = slices.Clone(twin.Words)
	if err := r.complete(&twin); err != nil {
		r.failed(ctx, c, message(err))
		return
	}
	r.finish(ctx, c, &twin, func(s *Stats) {
		s.Twins++
		s.Masked += int64(twin.Masked - c.Twin.Masked)
	})
}

// outcome says how reading a picture ended.
type outcome int

const (
	wasRead   outcome = iota
	failed            // it may be tried again
	hopeless          // it need not be
	troubled          // it is no picture's fault
	cancelled         // the Reader was stopped
)

// read reads a picture, whose image is nil until it is fetched, and those that have
// the same one, to their end.
func (r *Reader) read(ctx context.Context, c *jarvis.Claim, image []byte) {
	reading, end, err := r.attempt(ctx, c, image)
	switch {
	case end == failed && r.nothingReads(c):
		end, err = troubled, errNothingReads
	case end == troubled && r.blames(c.ID):
		end = failed
	}
	switch end {
	case wasRead:
		r.overcome(c.ID)
		r.somethingReads()
		r.finish(ctx, c, reading, func(s *Stats) {
			s.Read++
			s.Masked += int64(reading.Masked)
		})
	case hopeless:
		r.overcome(c.ID)
		r.setAside(ctx, c, message(err))
	case failed:
		r.overcome(c.ID)
		r.failed(ctx, c, message(err))
	case troubled:
		r.suspect(c.ID, err)
		r.giveBack(ctx, c)
	case cancelled:
		r.giveBack(ctx, c)
	}
	r.land(ctx, c, reading)
}

// attempt fetches and reads a picture. It needs no more than the lease.
func (r *Reader) attempt(ctx context.Context, c *jarvis.Claim, image []byte) (*jarvis.Reading, outcome, error) {
	within, cancel := context.WithTimeout(ctx, r.o.Lease-r.o.Lease/8)
	defer cancel()
	if image == nil {
		var err error
		if image, err = r.o.Fetch(within, c.ID); err != nil {
			end := outcomeOf(ctx, err, fetchOutcome)
			return nil, end, plainer(end, err)
		}
	}
	begun := time.Now()
	reading, err := r.engine(within, image)
	r.count(func(s *Stats) { s.Engine += time.Since(begun) })
	if err == nil {
		err = r.complete(reading)
	}
	switch {
	case err == nil:
		return reading, wasRead, nil
	case within.Err() != nil && ctx.Err() == nil:
		return nil, failed, jarvis.WrapError(jarvis.CodeTimeout, "reading: read", "it took longer than reading may take", within.Err())
	}
	return nil, outcomeOf(ctx, err, engineOutcome), err
}

// outcomeOf judges an error, unless the Reader was stopped.
func outcomeOf(ctx context.Context, err error, judge func(jarvis.Code) outcome) outcome {
	if ctx.Err() != nil {
		return cancelled
	}
	return judge(jarvis.ErrorCode(err))
}

func fetchOutcome(code jarvis.Code) outcome {
	switch code {
	case jarvis.CodeNotFound, jarvis.CodeDeleted, jarvis.CodeCorrupt, jarvis.CodeMismatch:
		return hopeless
	}
	return troubled
}

// plainer says of an image that it can never be read in words that are the same for
// all that are so: jarvis ocr status counts them.
func plainer(end outcome, err error) error {
	if end != hopeless {
		return err
	}
	message := "its image is gone: put the file back from a copy, then run jarvis ocr retry"
	switch jarvis.ErrorCode(err) {
	case jarvis.CodeCorrupt:
		message = "its image is damaged: put the file back from a copy, then run jarvis ocr retry"
	case jarvis.CodeMismatch:
		message = "its image is sealed to another identity"
	}
	return &jarvis.Error{Code: jarvis.ErrorCode(err), Op: "reading: fetch", Message: message, Err: err}
}

func engineOutcome(code jarvis.Code) outcome {
	switch code {
	case jarvis.CodeUnavailable, jarvis.CodeBusy:
		return troubled
	case jarvis.CodeCorrupt, jarvis.CodeTooLarge:
		return hopeless
	}
	return failed
}

// engine has the engine read an image. A panic is an error: the next picture is no
// worse for it.
func (r *Reader) engine(ctx context.Context, image []byte) (reading *jarvis.Reading, err error) {
	defer func() { r.caught(recover(), &err) }()
	reading, err = r.o.Engine.Read(ctx, image)
	if err == nil && reading == nil {
		err = jarvis.Errorf(jarvis.CodeInternal, "the engine said nothing: a defect of Jarvis")
	}
	return reading, err
}

// complete makes what an engine said fit to be stored.
func (r *Reader) complete(reading *jarvis.Reading) (err error) {
	defer func() { r.caught(recover(), &err) }()
	if r.o.Mask != nil {
		r.o.Mask(reading)
	}
	cut(reading)
	if reading.ReadAt.IsZero() {
		reading.ReadAt = r.now()
	}
	return reading.Check()
}

// caught makes an error of what was recovered of a panic. What it says may be what was on a screen, so it
// is in no log, unless it is the runtime that says it.
func (r *Reader) caught(cause any, err *error) {
	if cause == nil {
		return
	}
	said := fmt.Sprintf("%T", cause)
	if known, ok := cause.(runtime.Error); ok {
		said = known.Error()
	}
	r.log.Error("reading a picture panicked: please report this", "cause", said, "stack", string(debug.Stack()))
	*err = jarvis.Errorf(jarvis.CodeInternal, "reading it panicked: a defect of Jarvis, see the log")
}

// cut takes off what is beyond the longest reading: whole words.
func cut(r *jarvis.Reading) {
	if len(r.Words) > jarvis.MaxWords {
		r.Words = r.Words[:jarvis.MaxWords]
	}
	if len(r.Text) <= jarvis.MaxText {
		return
	}
	r.Text = jarvis.CleanText(r.Text, jarvis.MaxText)
	for n := len(r.Words); n > 0 && r.Words[n-1].End > len(r.Text); n-- {
		r.Words = r.Words[:n-1]
	}
}

// finish stores what was read: nil only indexes the capture. What the queue refuses
// is a failure of the picture.
func (r *Reader) finish(ctx context.Context, c *jarvis.Claim, reading *jarvis.Reading, count func(*Stats)) {
	document := r.document(c, reading)
	err := r.insist(ctx, c, func(ctx context.Context) error {
		return r.o.Queue.FinishReading(ctx, c.Lease, reading, document)
	})
	if err != nil && !isOver(err) && !mayPass(err) && ctx.Err() == nil {
		r.failed(ctx, c, "what was read could not be stored: "+message(err))
		return
	}
	r.close(c, err, count)
}

// document makes the document of a capture.
func (r *Reader) document(c *jarvis.Claim, reading *jarvis.Reading) (document string) {
	text := ""
	switch {
	case r.o.NoText:
	case reading != nil:
		text = reading.Text
	case c.Capture.OCRText != nil: // stored as it came: here it is masked
		text = r.masked(*c.Capture.OCRText)
	}
	var err error // was logged: a capture that cannot be found is better than one that is not read
	defer func() { r.caught(recover(), &err) }()
	return r.o.Document(text, c.Capture.WindowTitle, c.Capture.URL)
}

// masked returns a text without its secrets, and nothing of one over which the mask
// panics.
func (r *Reader) masked(text string) (masked string) {
	if r.o.Mask == nil {
		return text
	}
	var err error // was logged
	defer func() { r.caught(recover(), &err) }()
	reading := jarvis.Reading{Text: text}
	r.o.Mask(&reading)
	return reading.Text
}

// reason makes the reason of a failure fit to be stored: a program may complain of
// what it read.
func (r *Reader) reason(text string) string {
	return jarvis.CleanText(r.masked(jarvis.CleanText(text, jarvis.MaxReason)), jarvis.MaxReason)
}

// failed has a picture tried again later, or sets it aside.
func (r *Reader) failed(ctx context.Context, c *jarvis.Claim, reason string) {
	if c.Failures+1 >= maxFailures {
		r.setAside(ctx, c, reason)
		return
	}
	again := r.now().Add(retries[max(c.Failures, 0)])
	reason = r.reason(reason)
	err := r.insist(ctx, c, func(ctx context.Context) error {
		return r.o.Queue.FailReading(ctx, c.Lease, jarvis.ReadFailure{Reason: reason, Retry: again})
	})
	r.close(c, err, func(s *Stats) { s.Failed++ })
	if err == nil {
		r.tellFailed(c.ID, reason)
	}
}

// tellFailed tells whoever wants to hear of failures.
func (r *Reader) tellFailed(id jarvis.ID, reason string) {
	if r.o.Failed != nil {
		r.o.Failed(id, reason)
	}
}

// setAside sets a picture aside. What is known of it besides is found.
func (r *Reader) setAside(ctx context.Context, c *jarvis.Claim, reason string) {
	document := r.document(c, nil)
	reason = r.reason(reason)
	err := r.insist(ctx, c, func(ctx context.Context) error {
		return r.o.Queue.SetAside(ctx, c.Lease, reason, document)
	})
	r.close(c, err, func(s *Stats) { s.SetAside++ })
	if err == nil {
		r.tellFailed(c.ID, reason)
		r.noteAside(c.ID)
	}
}

// noteAside logs that a picture was set aside, one of many in a minute. The reason is
// for who may see the picture: an engine of the person's own may say anything.
func (r *Reader) noteAside(id jarvis.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); now.After(r.asideNoted.Add(time.Minute)) {
		r.asideNoted = now
		r.log.Warn("a picture was set aside and is not read: jarvis ocr status says why, and of how many others", "capture", id)
	}
}

// insist tells the queue how a picture ended, and tells it again while it does not
// answer and the lease lasts.
func (r *Reader) insist(ctx context.Context, c *jarvis.Claim, tell func(context.Context) error) error {
	ctx, cancel := lasting(ctx)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := tell(ctx)
		if err == nil || !mayPass(err) || ctx.Err() != nil {
			return err
		}
		r.meet(err, true)
		if r.now().Add(pause).After(c.Until) || !wait(ctx, pause) {
			return err
		}
	}
}

// close counts how a picture ended, if the queue took it.
func (r *Reader) close(c *jarvis.Claim, err error, count func(*Stats)) {
	switch {
	case err == nil:
		r.queueAnswered()
		r.count(count)
		return
	case isOver(err):
		r.log.Debug("what was read is not wanted any more", "capture", c.ID, "error", message(err))
	default:
		r.log.Warn("the queue did not take how reading ended: the picture is read again", "capture", c.ID, "error", message(err))
	}
	r.count(func(s *Stats) { s.Lost++ })
}

// isOver reports whether a lease ended, or its capture is gone: nobody's fault.
func isOver(err error) bool {
	return errors.Is(err, jarvis.ErrConflict) || errors.Is(err, jarvis.ErrNotFound) || errors.Is(err, jarvis.ErrDeleted)
}

// giveBack makes claims due at once. Where that fails, their leases run out.
func (r *Reader) giveBack(ctx context.Context, claims ...*jarvis.Claim) {
	ctx, cancel := lasting(ctx)
	defer cancel()
	for _, c := range claims {
		if err := r.o.Queue.ReleaseReading(ctx, c.Lease); err != nil {
			r.log.Debug("a capture was not given back, and waits until its lease ends", "capture", c.ID, "error", message(err))
		}
	}
}

// message is what a person is told of an error: nothing of an unknown one, whose
// text may be anything.
func message(err error) string {
	if known, ok := errors.AsType[*jarvis.Error](err); ok {
		return known.Message
	}
	return fmt.Sprintf("an unexpected error of the type %T: please report this", err)
}
