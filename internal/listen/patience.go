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

// Patient returns a handler whose requests and answers end.
//
// A write to a peer that takes nothing for the stall timeout fails. Over HTTP/1
// the connection sees to that; over HTTP/2 a peer can say that it has no room,
// and leave it at that, so each stream needs its own deadline.
//
// A request's body ends: a read fails
// when no byte came for the stall timeout, or when the body comes slower than
// 4 KiB a second on average. Only time spent waiting for the peer counts. The
// error is CodeInvalid, and os.ErrDeadlineExceeded for errors.Is. An answer can
// still be written; no other request comes on that connection.
func Patient(next http.Handler, stall time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor >= 2 {
			answer := &patientAnswer{ResponseWriter: w, control: http.NewResponseController(w), stall: stall}
			defer answer.finish()
			w = answer
		}
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
	return supported(b.control.SetReadDeadline(at))
}

// supported forgives what is not a connection, but a test's recorder.
func supported(err error) error {
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}

// patientAnswer is an answer over HTTP/2 with a deadline for each write.
type patientAnswer struct {
	http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
}

// Write writes as http.ResponseWriter does, a part at a time.
func (a *patientAnswer) Write(p []byte) (int, error) {
	written := 0
	for {
		if err := a.deadline(time.Now().Add(a.stall)); err != nil {
			return written, err
		}
		n, err := a.ResponseWriter.Write(p[written:min(len(p), written+writeAtOnce)])
		written += n
		if err != nil {
			return written, err
		}
		if written == len(p) {
			// What the handler does before it writes on takes as long as it takes.
			return written, a.deadline(time.Time{})
		}
	}
}

// finish bounds how long the rest of the answer, which is in buffers, may take.
func (a *patientAnswer) finish() {
	if err := a.deadline(time.Now().Add(a.stall)); err != nil {
		// The connection is gone, and nothing waits for it.
		return
	}
}

// Flush sends what was written, as http.Flusher.
func (a *patientAnswer) Flush() {
	if err := a.control.Flush(); err != nil {
		// Flusher cannot tell; the next write will.
		return
	}
}

// Unwrap is for http.ResponseController.
func (a *patientAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *patientAnswer) deadline(at time.Time) error {
	return supported(a.control.SetWriteDeadline(at))
}
