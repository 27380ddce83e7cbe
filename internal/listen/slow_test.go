package listen_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/listen"
)

// tlsClient shakes hands for HTTP/1.1.
func tlsClient(t *testing.T, address string, p pair) net.Conn {
	t.Helper()
	c := tls.Client(dial(t, address), &tls.Config{RootCAs: p.roots, ServerName: "127.0.0.1"})
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Fatalf("handshake: %v", err)
	}
	return c
}

func TestServer_SlowHeaders(t *testing.T) {
	o := listen.Options{HeaderTimeout: 200 * time.Millisecond, Handler: hello()}
	plain := start(t, o)
	secure, p := encrypted(t, o)
	tests := map[string]func() net.Conn{
		"Nothing": func() net.Conn { return dial(t, plain.address) },
		"HalfAHeader": func() net.Conn {
			c := dial(t, plain.address)
			send(t, c, "GET / HTTP/1.1\r\nHost: h\r\nX-")
			return c
		},
		"NoHandshake": func() net.Conn { return dial(t, secure.address) },
		"HalfAHandshake": func() net.Conn {
			c := dial(t, secure.address)
			send(t, c, "\x16\x03\x01\x02\x00")
			return c
		},
		"HalfAHeaderInside": func() net.Conn {
			c := tlsClient(t, secure.address, p)
			send(t, c, "GET / HTTP/1.1\r\nHost: h\r\nX-")
			return c
		},
		"SecondRequest": func() net.Conn {
			c := dial(t, plain.address)
			send(t, c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
			if status, _ := answer(t, c); status != http.StatusOK {
				t.Fatal(status)
			}
			send(t, c, "GET / HTTP/1.1\r\nHost: h\r\nX-")
			return c
		},
	}
	for name, connect := range tests {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			if said := closed(t, connect()); strings.Contains(said, "200 OK") {
				t.Errorf("answered %q", said)
			}
			if took := time.Since(began); took < 150*time.Millisecond {
				t.Errorf("closed after %v", took)
			}
		})
	}
}

func TestServer_Idle(t *testing.T) {
	s := start(t, listen.Options{IdleTimeout: 200 * time.Millisecond, Handler: hello()})
	c := dial(t, s.address)
	for range 3 {
		send(t, c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if status, _ := answer(t, c); status != http.StatusOK {
			t.Fatal(status)
		}
	}
	began := time.Now()
	closed(t, c)
	if took := time.Since(began); took < 150*time.Millisecond {
		t.Errorf("closed after %v", took)
	}
}

func TestServer_HeaderTooLarge(t *testing.T) {
	s := start(t, listen.Options{Handler: hello()})
	for size, want := range map[int]int{60 << 10: http.StatusOK, 80 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		c := dial(t, s.address)
		send(t, c, "GET / HTTP/1.1\r\nHost: h\r\nX-A: "+strings.Repeat("a", size)+"\r\n\r\n")
		if status, _ := answer(t, c); status != want {
			t.Errorf("a header of %d bytes: %d, want %d", size, status, want)
		}
	}
}

func TestServer_HandlerDecidesAboutAll(t *testing.T) {
	s := start(t, listen.Options{Handler: hello()})
	c := dial(t, s.address)
	send(t, c, "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
	if status, body := answer(t, c); body != "HTTP/1.1 OPTIONS *" {
		t.Errorf("%d %q", status, body)
	}
}

// An upload that gets stuck ends: the handler learns why, can answer, and the
// connection is closed.
func TestServer_StuckUpload(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if !errors.Is(err, os.ErrDeadlineExceeded) || jarvis.ErrorCode(err) != jarvis.CodeInvalid || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("read: %v", err)
		}
		began := time.Now()
		if _, err := r.Body.Read(make([]byte, 1)); err == nil || time.Since(began) > 150*time.Millisecond {
			t.Errorf("read again: %v after %v", err, time.Since(began))
		}
		w.WriteHeader(http.StatusRequestTimeout)
		io.WriteString(w, "too slow")
	})
	o := listen.Options{StallTimeout: 200 * time.Millisecond, Handler: handler}
	t.Run("Plain", func(t *testing.T) {
		c := dial(t, start(t, o).address)
		send(t, c, upload+"some")
		began := time.Now()
		said := closed(t, c)
		if !strings.Contains(said, "408 Request Timeout") || !strings.HasSuffix(said, "too slow") {
			t.Errorf("answer %q", said)
		}
		if took := time.Since(began); took < 150*time.Millisecond || took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
	t.Run("HTTP2", func(t *testing.T) {
		s, p := encrypted(t, o)
		body, feed := io.Pipe()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+s.address, body)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if _, err := feed.Write([]byte("some")); err != nil {
				t.Errorf("write: %v", err)
			}
		}()
		response, err := client(t, p.roots).Do(request)
		if err != nil {
			t.Fatalf("the request: %v", err)
		}
		if response.StatusCode != http.StatusRequestTimeout || response.ProtoMajor != 2 {
			t.Errorf("answer %s %s", response.Proto, response.Status)
		}
		if err := errors.Join(response.Body.Close(), feed.Close()); err != nil {
			t.Error(err)
		}
	})
}

// What the handler does not want to read must not keep the connection either.
func TestServer_StuckUpload_Unread(t *testing.T) {
	s := start(t, listen.Options{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	})})
	c := dial(t, s.address)
	send(t, c, upload+"some")
	if said := closed(t, c); !strings.Contains(said, "401 Unauthorized") {
		t.Errorf("answer %q", said)
	}
}

// The deadline of a body that came whole does not end what the handler does
// then, nor the next request.
func TestServer_SlowHandler(t *testing.T) {
	s := start(t, listen.Options{StallTimeout: 100 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Errorf("read: %v", err)
		}
		select {
		case <-r.Context().Done():
			t.Error("the request ended while its handler worked")
		case <-time.After(400 * time.Millisecond):
		}
		io.WriteString(w, "stored")
	})})
	c := dial(t, s.address)
	for range 2 {
		send(t, c, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody")
		if status, body := answer(t, c); status != http.StatusOK || body != "stored" {
			t.Errorf("%d %q", status, body)
		}
	}
}

func TestServer_StuckDownload(t *testing.T) {
	result := make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var err error
		for block := make([]byte, 1<<20); err == nil; {
			_, err = w.Write(block)
		}
		result <- err
	})
	s, p := encrypted(t, listen.Options{StallTimeout: 200 * time.Millisecond, Handler: handler})
	plain := start(t, listen.Options{StallTimeout: 200 * time.Millisecond, Handler: handler})
	for _, c := range []net.Conn{dial(t, plain.address), tlsClient(t, s.address, p)} {
		send(t, c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		select {
		case err := <-result:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("write: %v", err)
			}
		case <-time.After(soon):
			t.Fatal("the handler writes to a peer that takes nothing")
		}
	}
}

// One who is slow, but takes something all the time, gets everything, however
// long that lasts, and however much is written at once.
func TestServer_SlowDownload(t *testing.T) {
	const size = 32 << 20
	s := start(t, listen.Options{StallTimeout: 1500 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write(make([]byte, size)); err != nil {
			t.Errorf("write: %v", err)
		}
	})})
	c := dial(t, s.address)
	send(t, c, "GET / HTTP/1.0\r\n\r\n")
	began := time.Now()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	total := 0
	for buffer := make([]byte, 128<<10); ; {
		<-ticker.C
		n, err := io.ReadFull(c, buffer)
		total += n
		if err != nil {
			break
		}
	}
	if total < size || time.Since(began) < 2*time.Second {
		t.Errorf("%d bytes in %v", total, time.Since(began))
	}
}

// A peer that speaks HTTP/2 and never makes room for more gets no more.
func TestServer_StuckDownload_HTTP2(t *testing.T) {
	result := make(chan error, 1)
	s, p := encrypted(t, listen.Options{StallTimeout: 200 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, 64<<20))
		result <- err
	})})
	response, err := client(t, p.roots).Get("https://" + s.address)
	if err != nil {
		t.Fatalf("the request: %v", err)
	}
	if response.ProtoMajor != 2 {
		t.Errorf("spoke %s", response.Proto)
	}
	select {
	case err := <-result:
		if err == nil {
			t.Error("all was written")
		}
	case <-time.After(soon):
		t.Error("the handler writes to a peer that takes nothing")
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
}

// Over HTTP/2 too, a handler may take its time between writes, and flush.
func TestServer_SlowHandler_HTTP2(t *testing.T) {
	s, p := encrypted(t, listen.Options{StallTimeout: 100 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for range 3 {
			io.WriteString(w, "a part. ")
			if flusher, ok := w.(http.Flusher); ok {
				flusher.Flush()
			}
			select {
			case <-r.Context().Done():
				t.Error("the request ended while its handler worked")
			case <-time.After(200 * time.Millisecond):
			}
		}
	})})
	if status, body, err := get(client(t, p.roots), "https://"+s.address); status != http.StatusOK || body != strings.Repeat("a part. ", 3) {
		t.Errorf("%d %q, %v", status, body, err)
	}
}

// What is left in buffers when the handler returns does not stay there.
func TestServer_StuckDownload_HTTP2_Rest(t *testing.T) {
	const window = 64 << 10
	s, p := encrypted(t, listen.Options{StallTimeout: 200 * time.Millisecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write(make([]byte, window+1)); err != nil {
			t.Errorf("write: %v", err)
		}
	})})
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: p.roots},
		ForceAttemptHTTP2: true,
		HTTP2:             &http.HTTP2Config{MaxReceiveBufferPerStream: window},
	}
	defer transport.CloseIdleConnections()
	response, err := (&http.Client{Transport: transport}).Get("https://" + s.address)
	if err != nil {
		t.Fatalf("the request: %v", err)
	}
	<-time.After(time.Second)
	if _, err := io.Copy(io.Discard, response.Body); err == nil || response.ProtoMajor != 2 {
		t.Errorf("a peer that took nothing for a second got all over %s", response.Proto)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
}
