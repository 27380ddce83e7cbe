package listen_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/listen"
)

func TestServer_Run_LetsRequestsFinish(t *testing.T) {
	for _, secure := range []bool{false, true} {
		reached, release := make(chan struct{}), make(chan struct{})
		o := listen.Options{Handler: begun(reached, func(w http.ResponseWriter, r *http.Request) {
			<-release
			if err := r.Context().Err(); err != nil {
				t.Errorf("the request's context: %v", err)
			}
			io.WriteString(w, r.Proto+" done")
		})}
		var s *running
		var c *http.Client
		url, want := "http://", "HTTP/1.1 done"
		if secure {
			var p pair
			s, p = encrypted(t, o)
			c = client(t, p.roots)
			url, want = "https://", "HTTP/2.0 done"
		} else {
			s = start(t, o)
			c = client(t, nil)
		}
		got := make(chan string, 1)
		go func() {
			status, body, err := get(c, url+s.address)
			if status != http.StatusOK || err != nil {
				t.Errorf("the request under way: %d, %v", status, err)
			}
			got <- body
		}()
		<-reached
		if s.Requests() != 1 || s.Connections() != 1 {
			t.Errorf("%d requests, %d connections", s.Requests(), s.Connections())
		}
		s.stop()
		waitFor(t, func() bool { return !listens(t, s.address) })
		close(release)
		if body := <-got; body != want {
			t.Errorf("answer %q, want %q", body, want)
		}
		if err := s.stopped(t, soon); err != nil {
			t.Errorf("Run: %v", err)
		}
		if s.Connections() != 0 || s.Requests() != 0 {
			t.Errorf("afterwards %d connections, %d requests", s.Connections(), s.Requests())
		}
		if err := s.Run(t.Context()); err != nil {
			t.Errorf("Run again: %v", err)
		}
	}
}

// waitFor looks again and again: nothing tells when a port is free.
func waitFor(t *testing.T, is func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	end := time.After(10 * time.Second)
	for !is() {
		select {
		case <-ticker.C:
		case <-end:
			t.Fatal("it did not happen in time")
		}
	}
}

// listens reports whether somebody can connect.
func listens(t *testing.T, address string) bool {
	t.Helper()
	probe, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	if err := probe.Close(); err != nil {
		t.Error(err)
	}
	return true
}

// Connections on which nobody asks anything do not hold up a stop, least of all
// those of peers that say nothing at all.
func TestServer_Run_SilentPeers(t *testing.T) {
	s, p := encrypted(t, listen.Options{Handler: hello()})
	silent := dial(t, s.address)
	half := dial(t, s.address)
	send(t, half, "\x16\x03\x01")
	if status, _, err := get(client(t, p.roots), "https://"+s.address); status != http.StatusOK {
		t.Fatalf("%d, %v", status, err)
	}
	plain := start(t, listen.Options{Handler: hello()})
	header := dial(t, plain.address)
	send(t, header, "GET / HTTP/1.1\r\nHost: h\r\nX-")
	kept := dial(t, plain.address)
	send(t, kept, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if status, _ := answer(t, kept); status != http.StatusOK {
		t.Fatal(status)
	}
	waitFor(t, func() bool { return s.Connections() == 3 && plain.Connections() == 2 })
	for _, s := range []*running{s, plain} {
		s.stop()
		if err := s.stopped(t, 4*time.Second); err != nil { // http.Server gives the silent five seconds
			t.Errorf("Run: %v", err)
		}
	}
	closed(t, silent)
	closed(t, half)
	closed(t, header)
	closed(t, kept)
}

// A handler that waits learns that it has to give up, and can still say so.
func TestServer_Run_EndsRequests(t *testing.T) {
	reached := make(chan struct{})
	s := start(t, listen.Options{Grace: 2 * time.Second, Handler: begun(reached, func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, "not stored")
	})})
	c := dial(t, s.address)
	send(t, c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-reached
	began := time.Now()
	s.stop()
	if status, body := answer(t, c); status != http.StatusServiceUnavailable || body != "not stored" {
		t.Errorf("%d %q", status, body)
	}
	if err := s.stopped(t, soon); err != nil {
		t.Errorf("Run: %v", err)
	}
	if took := time.Since(began); took < 1500*time.Millisecond || took > 3*time.Second {
		t.Errorf("it took %v, want four fifths of two seconds and little more", took)
	}
}

// Peers that stop sending, or taking, in the middle end with their connections.
func TestServer_Run_StuckPeers(t *testing.T) {
	reached := make(chan struct{}, 10)
	results := make(chan error, 10)
	handler := begun(reached, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, err := io.Copy(io.Discard, r.Body)
			results <- err
			return
		}
		var err error
		for block := make([]byte, 1<<20); err == nil; {
			_, err = w.Write(block)
		}
		results <- err
	})
	s, p := encrypted(t, listen.Options{Grace: time.Second, Handler: handler})
	plain := start(t, listen.Options{Grace: time.Second, Handler: handler})

	send(t, dial(t, plain.address), upload+"some")
	send(t, dial(t, plain.address), "GET /endless HTTP/1.1\r\nHost: h\r\n\r\n")
	for _, request := range []string{upload + "some", "GET /endless HTTP/1.1\r\nHost: h\r\n\r\n"} {
		send(t, tlsClient(t, s.address, p), request)
	}
	for range 4 {
		<-reached
	}
	for _, s := range []*running{s, plain} {
		began := time.Now()
		s.stop()
		if err := s.stopped(t, soon); err != nil {
			t.Errorf("Run: %v", err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	}
	for range 4 {
		if err := <-results; err == nil {
			t.Error("a handler saw no error")
		}
	}
}

func TestServer_Run_LeavesHandlersBehind(t *testing.T) {
	reached, release, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s := start(t, listen.Options{Grace: 500 * time.Millisecond, Handler: begun(reached, func(http.ResponseWriter, *http.Request) {
		<-release // as on a disk that hangs
		close(returned)
	})})
	c := dial(t, s.address)
	send(t, c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-reached
	began := time.Now()
	s.stop()
	err := s.stopped(t, soon)
	if jarvis.ErrorCode(err) != jarvis.CodeUnavailable || time.Since(began) > 2*time.Second {
		t.Errorf("Run: %v after %v", err, time.Since(began))
	}
	if again := s.Run(t.Context()); again == nil || again.Error() != err.Error() {
		t.Errorf("Run again: %v", again)
	}
	closed(t, c)
	close(release)
	<-returned
}

// The second wish to stop ends everything at once.
func TestServer_Close_WhileStopping(t *testing.T) {
	reached := make(chan struct{})
	s := start(t, listen.Options{Grace: time.Minute, Handler: begun(reached, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	})})
	c := dial(t, s.address)
	send(t, c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-reached
	s.stop()
	waitFor(t, func() bool { return !listens(t, s.address) })
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := s.stopped(t, soon); err != nil {
		t.Errorf("Run: %v", err)
	}
	closed(t, c)
}

// Not even a handler that hears nothing delays it for long.
func TestServer_Close_LeavesHandlersBehind(t *testing.T) {
	reached, release, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
	s := start(t, listen.Options{Handler: begun(reached, func(http.ResponseWriter, *http.Request) {
		<-release
		close(returned)
	})})
	c := dial(t, s.address)
	send(t, c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-reached
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	closed(t, c)
	if err := s.stopped(t, soon); jarvis.ErrorCode(err) != jarvis.CodeUnavailable {
		t.Errorf("Run: %v", err)
	}
	close(release)
	<-returned
}

// A connection that a handler took over ends with the server too.
func TestServer_Run_TakenOver(t *testing.T) {
	reached := make(chan struct{}, 1)
	s := start(t, listen.Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, _, err := http.NewResponseController(w).Hijack(); err != nil {
			t.Errorf("Hijack: %v", err)
		}
		reached <- struct{}{}
	})})
	c := dial(t, s.address)
	send(t, c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	<-reached
	s.stop()
	if err := s.stopped(t, soon); err != nil {
		t.Errorf("Run: %v", err)
	}
	closed(t, c)
}

func TestServer_Close_WithoutAnyStop(t *testing.T) {
	s := start(t, listen.Options{Handler: hello()})
	c := dial(t, s.address)
	send(t, c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if status, _ := answer(t, c); status != http.StatusOK {
		t.Fatal(status)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := s.stopped(t, soon); err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestServer_Close_WithoutRun(t *testing.T) {
	s, err := listen.Open(t.Context(), listen.Options{Addresses: []string{"127.0.0.1:0", "127.0.0.1:0"}, Handler: hello()})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := s.Run(t.Context()); err != nil {
		t.Errorf("Run: %v", err)
	}
	for _, address := range s.Addresses() {
		if _, err := net.Dial("tcp", address.String()); !isRefused(err) {
			t.Errorf("dial: %v", err)
		}
	}
}

func TestServer_Run_ContextIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := listen.Open(t.Context(), listen.Options{Addresses: []string{"127.0.0.1:0"}, Handler: hello()})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if err := s.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
}
