package cli

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
)

// bytesInFlight bounds the images that are worked on at once; one that is larger
// goes alone. Together with what the garbage collector has not yet freed, and
// the stored image that is read back where a capture exists, the program stays
// under 60 MB. Eight screenshots of 2 MB still go side by side.
const bytesInFlight = 16 << 20

// adder stores the images of sources, several at once.
type adder struct {
	store    memory
	stdin    *os.File
	limits   jarvis.ImageLimits
	jobs     int
	loc      *time.Location
	now      func() time.Time
	request  jarvis.Submission // what is the same for all of them
	fixed    time.Time         // --timestamp; zero to find the time of each
	inFlight *semaphore.Weighted
}

// added is what became of one file, and one line of output.
type added struct {
	File       string      `json:"file"`
	ID         *jarvis.ID  `json:"id"`
	Status     addStatus   `json:"status"`
	Timestamp  *time.Time  `json:"timestamp"`
	TimeSource *timeSource `json:"time_source"`
	Error      *string     `json:"error"`
	Code       jarvis.Code `json:"code,omitempty"`   // of the error
	Future     bool        `json:"future,omitempty"` // the time is still to come

	err      error
	size     int64
	restored bool // the image of what exists was gone, and is there again
}

type addStatus string

const (
	statusStored addStatus = "stored" // durable: image and row
	statusExists addStatus = "exists" // it was stored before
	statusFailed addStatus = "failed"
)

// run stores every source and calls tell for each in the order in which they
// become durable, from the calling goroutine. It stops before the next source
// when ctx is done, when tell returns an error, or when the store itself fails:
// what is under way is finished and told, and then that error is returned.
func (a *adder) run(ctx context.Context, from *sources, tell func(added) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	working, abandon := archive.Graceful(ctx)
	defer abandon()

	results := make(chan added)
	walked := make(chan error, 1)
	go func() {
		walked <- a.start(ctx, working, from, results)
		close(results)
	}()
	var failure error
	for result := range results {
		if failure == nil && isFatal(result.err) {
			failure = result.err
			stop(failure)
		}
		if err := tell(result); err != nil && !errors.Is(failure, errClosedPipe) {
			failure = err
			stop(failure)
		}
	}
	if err := <-walked; failure == nil {
		failure = err
	}
	return failure
}

// start walks the sources and starts a worker for each as soon as there is room
// for it. It returns when all of them are done, and why ctx ended if that left
// out any.
func (a *adder) start(ctx, working context.Context, from *sources, results chan<- added) error {
	var workers sync.WaitGroup
	var left atomic.Bool
	slots := make(chan struct{}, a.jobs)
	err := from.each(ctx, func(s source) error {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		size := min(s.sizeHint(a.limits.MaxBytes+1), bytesInFlight)
		if err := a.inFlight.Acquire(ctx, size); err != nil {
			return context.Cause(ctx)
		}
		workers.Go(func() {
			defer func() { <-slots }()
			defer a.inFlight.Release(size)
			result, ok := a.add(ctx, working, s)
			if !ok {
				left.Store(true)
				return
			}
			results <- result
		})
		return nil
	}, func(name string, err error) error {
		results <- failed(name, err)
		return nil
	})
	workers.Wait()
	if err == nil && left.Load() {
		err = context.Cause(ctx)
	}
	return err
}

// add stores one source. It returns false when the source was not begun before
// ctx ended.
func (a *adder) add(ctx, working context.Context, s source) (added, bool) {
	c, err := s.read(ctx, a.stdin, a.limits.MaxBytes)
	if ctx.Err() != nil {
		return added{}, false
	}
	if err != nil {
		return failed(s.name, err), true
	}
	timestamp, from := a.fixed, timeFromFlag
	if timestamp.IsZero() {
		if timestamp, from, err = captureTime(s.name, c, a.loc, a.now()); err != nil {
			return failed(s.name, err), true
		}
	}
	request := a.request
	request.Data, request.Timestamp = c.data, timestamp
	result, err := a.store.Ingest(working, request)
	if err != nil {
		return failed(s.name, err), true
	}
	status := statusStored
	if result.Existed {
		status = statusExists
	}
	return added{
		File:       s.name,
		ID:         &result.Capture.ID,
		Status:     status,
		restored:   result.Restored,
		Timestamp:  &result.Capture.Timestamp,
		TimeSource: &from,
		Future:     timestamp.After(a.now()),
		size:       result.Capture.FileSize,
	}, true
}

func failed(name string, err error) added {
	message := errorMessage(err)
	if errors.Is(err, jarvis.ErrDeleted) {
		message = "was deleted from this store on purpose: --undelete stores it again"
	}
	return added{File: name, Status: statusFailed, Error: &message, Code: jarvis.ErrorCode(err), err: err}
}

// isFatal reports whether the next file would fail for the same reason.
func isFatal(err error) bool {
	switch jarvis.ErrorCode(err) {
	case jarvis.CodeNoSpace, jarvis.CodeUnavailable, jarvis.CodeBusy, jarvis.CodeMismatch,
		jarvis.CodeLocked, jarvis.CodeNoCredential, jarvis.CodeForbidden:
		return true
	}
	return errors.Is(err, context.Canceled)
}
