package listen

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Run serves until ctx ends or Close is called, and returns nil after an orderly
// stop. Stopping takes no longer than the grace:
//
//   - at once nobody is let in, and connections on which nothing is asked are
//     closed;
//   - requests that are being answered have four fifths of the grace to end;
//   - then their contexts end, and handlers have a tenth to say that they gave up;
//   - then their connections are closed, which ends whoever waits for a peer.
//
// Handlers that do not return even then are left behind: CodeUnavailable says
// how many. An address that fails ends all of them, and is CodeUnavailable too.
//
// systemd is told when the server is ready and when it stops, where it asks for
// that. Run again, it returns what it returned first, once that is known.
func (s *Server) Run(ctx context.Context) error {
	if !s.start() {
		<-s.finished
		return s.outcome
	}
	defer close(s.finished)
	s.outcome = s.run(ctx)
	return s.outcome
}

// start reports whether Run may begin: it never did, nor did Close.
func (s *Server) start() bool {
	s.begin.Lock()
	defer s.begin.Unlock()
	if s.began {
		return false
	}
	s.began = true
	return true
}

// Close ends a server at once: requests that are being answered are cut off. It
// may be called at any time, also while Run stops, and again. It does not wait
// for Run.
func (s *Server) Close() error {
	s.hurryUp()
	if !s.start() {
		s.book.closeAll() // Run does the rest
		return nil
	}
	defer close(s.finished)
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

func (s *Server) run(ctx context.Context) error {
	// The requests outlive ctx for as long as stopping takes.
	base, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	s.http.BaseContext = func(net.Listener) context.Context { return base }

	var serving sync.WaitGroup
	failures := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		serving.Go(func() { failures <- s.serve(l) })
	}
	watching, endWatch := context.WithCancel(base)
	serving.Go(func() { s.watch(watching) })
	s.notify(ctx, "READY=1")

	var failure error
	select {
	case <-ctx.Done():
	case <-s.hurry:
	case failure = <-failures:
	}
	s.notify(base, "STOPPING=1")
	left := s.stop(base, endRequests)
	endWatch()
	serving.Wait()
	if failure != nil {
		failure = &jarvis.Error{Code: jarvis.CodeUnavailable, Op: "listen: serve", Message: "the server cannot take connections any more", Err: failure}
	}
	return errors.Join(failure, left)
}

// serve serves one address until the server stops.
func (s *Server) serve(l net.Listener) error {
	if s.tls {
		return s.http.ServeTLS(l, "", "")
	}
	return s.http.Serve(l)
}

// stop ends all requests and connections.
func (s *Server) stop(ctx context.Context, endRequests func()) error {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.grace)
	defer cancel()
	// http.Server says good-bye on encrypted connections one by one, and waits
	// for peers that do not listen. This ends it.
	cutOff := time.AfterFunc(s.grace*9/10, s.book.closeAll)
	defer cutOff.Stop()

	s.book.closeQuiet()
	err := s.shutDown(end, s.grace*8/10)
	if err != nil {
		s.logger.Warn("the server has to stop: requests that do not end are cut off", "requests", s.requests.len())
		endRequests()
		err = s.shutDown(end, s.grace/10)
	}
	s.book.closeAll()
	if err != nil {
		err = s.http.Close()
	}
	s.waitForHandlers(end)
	if n := s.requests.len(); n > 0 {
		err = errors.Join(err, jarvis.Errorf(jarvis.CodeUnavailable, "%d requests did not end when they had to", n))
	}
	return err
}

// shutDown is http.Server.Shutdown for so long, or until Close is called.
func (s *Server) shutDown(ctx context.Context, lasts time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, lasts)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		defer cancel()
		select {
		case <-s.hurry:
		case <-ctx.Done():
		}
	})
	defer waiting.Wait()
	defer cancel()
	return s.http.Shutdown(ctx)
}

// waitForHandlers waits for handlers to return: a tenth of the grace when Close
// was called.
func (s *Server) waitForHandlers(end context.Context) {
	select {
	case <-s.hurry:
		short, cancel := context.WithTimeout(end, s.grace/10)
		defer cancel()
		s.requests.wait(short)
	default:
		s.requests.wait(end)
	}
}
