package listen

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// How fast a request's body has to come.
const (
	slowestBody = 4 << 10         // bytes a second, on average, besides twice the stall timeout
	drainLasts  = 2 * time.Second // for what the handler did not read
)

// Patient returns a handler whose requests have bodies that end: a read fails
// when no byte came for the stall timeout, or when the body comes slower than
// 4 KiB a second on average. Only time spent waiting for the peer counts. The
// error is CodeInvalid, and os.ErrDeadlineExceeded for errors.Is. An answer can
// still be written; no other request comes on that connection.
func Patient(next http.Handler, stall time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		body := &patientBody{ReadCloser: r.Body, control: http.NewResponseController(w), stall: stall}
		r.Body = body
		defer body.finish()
		next.ServeHTTP(w, r)
	})
}

// patientBody is a body with a deadline for each read.
type patientBody struct {
	io.ReadCloser
	control *http.ResponseController
	stall   time.Duration

	read   int64         // bytes so far
	waited time.Duration // for them
	err    error         // that ended the body
}

// Read reads as io.Reader does.
func (b *patientBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	began := time.Now()
	allowed := 2*b.stall + time.Duration(b.read)*time.Second/slowestBody - b.waited
	if err := b.deadline(began.Add(min(b.stall, allowed))); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	b.waited += time.Since(began)
	switch {
	case errors.Is(err, io.EOF):
		// From now on the server reads ahead to see whether the peer goes away:
		// that must not end with this deadline.
		if clearErr := b.deadline(time.Time{}); clearErr != nil {
			err = clearErr
		}
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = &jarvis.Error{
			Code: jarvis.CodeInvalid, Op: "listen: read body", Err: err,
			Message: jarvis.Errorf(jarvis.CodeInvalid, "the request came too slowly and was given up after %d bytes", b.read).Message,
		}
	}
	b.err = err
	return n, err
}

// finish bounds how long the server waits for what the handler did not read.
func (b *patientBody) finish() {
	if errors.Is(b.err, io.EOF) {
		return
	}
	wait := drainLasts
	if errors.Is(b.err, os.ErrDeadlineExceeded) {
		wait = 0
	}
	if err := b.deadline(time.Now().Add(wait)); err != nil {
		// The connection is gone, and nothing waits for it.
		return
	}
}

func (b *patientBody) deadline(at time.Time) error {
	err := b.control.SetReadDeadline(at)
	if errors.Is(err, http.ErrNotSupported) {
		return nil // not a connection, but a test's recorder
	}
	return err
}
