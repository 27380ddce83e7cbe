package ocr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

const token = "a-secret-token"

func openHTTP(t testing.TB, limits Limits, handler http.HandlerFunc) *HTTP {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	h, err := NewHTTP(HTTPOptions{Limits: limits, URL: server.URL + "/read?model=1", Languages: "deu", Token: func() string { return token }})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, h)
	return h
}

func TestHTTP_Read(t *testing.T) {
	h := openHTTP(t, quick(), func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, `{"version":1,"engine":"mine 3","text":"%s %s %s %s %s %t"}`, r.Method, r.URL, r.Header.Get("Content-Type"),
			r.Header.Get("Jarvis-Ocr-Languages"), r.Header.Get("Authorization"), string(data) == string(blank(t)))
	})
	r, err := h.Read(t.Context(), blank(t))
	if err != nil {
		t.Fatal(err)
	}
	if want := "POST /read?model=1 image/png deu Bearer " + token + " true"; r.Text != want {
		t.Errorf("it got %q, want %q", r.Text, want)
	}
	if r.Engine != "mine 3" || h.Name() != "mine 3" || r.Language != "deu" {
		t.Errorf("engine %q, %q, language %q", r.Engine, h.Name(), r.Language)
	}
}

func TestHTTP_Failures(t *testing.T) {
	short := quick()
	short.Timeout = 100 * time.Millisecond
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			http.Error(w, "you sent "+r.Header.Get("Authorization"), code)
		}
	}
	hang := func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body) // or nobody notices that the client has gone
		if err == nil {
			<-r.Context().Done()
		}
	}
	slow := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			fmt.Fprint(w, "{")
			flush(w)
			<-r.Context().Done()
		}
	}
	for name, tt := range map[string]struct {
		limits  Limits
		handler http.HandlerFunc
		code    jarvis.Code
		says    string
	}{
		"redirect": {quick(), func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				t.Error("the image was sent on")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusPermanentRedirect)
		}, jarvis.CodeUnavailable, "another address"},
		"no token":   {quick(), status(401), jarvis.CodeUnavailable, "token"},
		"no page":    {quick(), status(404), jarvis.CodeUnavailable, "address"},
		"busy":       {quick(), status(429), jarvis.CodeBusy, "429"},
		"too large":  {quick(), status(413), jarvis.CodeTooLarge, "413"},
		"no image":   {quick(), status(422), jarvis.CodeInvalid, "422"},
		"failed":     {quick(), status(500), jarvis.CodeInternal, "500"},
		"overloaded": {quick(), status(503), jarvis.CodeUnavailable, "503"},
		"no content": {quick(), status(204), jarvis.CodeUnavailable, "204"},
		"a page":     {quick(), func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, jarvis.CodeInternal, "JSON"},
		"endless":    {quick(), func(w http.ResponseWriter, _ *http.Request) { endless(w) }, jarvis.CodeInternal, "more than"},
		"hang":       {short, hang, jarvis.CodeTimeout, "longer than"},
		"slow body":  {short, slow, jarvis.CodeTimeout, "longer than"},
		"breaks off": {quick(), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, jarvis.CodeUnavailable, "reached"},
		"half a body": {quick(), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			fmt.Fprint(w, "{")
		}, jarvis.CodeUnavailable, "reached"},
	} {
		t.Run(name, func(t *testing.T) {
			h := openHTTP(t, tt.limits, tt.handler)
			_, err := h.Read(t.Context(), blank(t))
			wantError(t, err, tt.code, tt.says)
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), token) {
					t.Errorf("%q has the token", e)
				}
			}
		})
	}
}

func endless(w io.Writer) {
	for {
		if _, err := w.Write(make([]byte, 1<<16)); err != nil {
			return
		}
	}
}

func flush(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

func TestHTTP_Cancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := openHTTP(t, quick(), func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			cancel()
			<-r.Context().Done()
		}
	})
	_, err := h.Read(ctx, blank(t))
	wantError(t, err, jarvis.CodeUnavailable, "cancelled")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v does not wrap the cause", err)
	}
}

// lab is a network that may be plain.
var lab = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}

func TestNewHTTP(t *testing.T) {
	for _, address := range []string{"", "engine", "ftp://localhost/", "https://", "https://me:pw@example.org/", "http://192.0.2.7/", "http://localhost.example.org/", "http://[fe80::1]/"} {
		_, err := NewHTTP(HTTPOptions{URL: address})
		if jarvis.ErrorCode(err) != jarvis.CodeInvalid {
			t.Errorf("%q: %v", address, err)
		} else if strings.Contains(err.Error(), "pw") {
			t.Errorf("%q has the password", err)
		}
	}
	for _, o := range []HTTPOptions{
		{URL: "https://example.org/read"}, {URL: "http://127.0.0.1:9/"}, {URL: "http://[::1]/"}, {URL: "http://localhost:9"}, {URL: "http://192.0.2.7/", Plain: lab}, {URL: "http://gpu.example.org/", Plain: lab},
	} {
		h, err := NewHTTP(o)
		if err != nil {
			t.Errorf("%s: %v", o.URL, err)
			continue
		}
		closeAtEnd(t, h)
	}
	if _, err := NewHTTP(HTTPOptions{URL: "http://198.51.100.1/", Plain: lab}); jarvis.ErrorCode(err) != jarvis.CodeInvalid {
		t.Errorf("an address of another network: %v", err)
	}
}

// What a name resolves to is judged when it is connected to, not before.
func TestOnlyPlain(t *testing.T) {
	for _, tt := range []struct {
		networks []netip.Prefix
		address  string
		may      bool
	}{
		{nil, "127.0.0.1:80", true},
		{nil, "[::1]:80", true},
		{nil, "192.0.2.7:80", false},
		{lab, "192.0.2.7:80", true},
		{lab, "[::ffff:192.0.2.7]:80", true},
		{lab, "127.0.0.1:80", true},
		{lab, "198.51.100.1:80", false},
		{lab, "[fe80::1%eth0]:80", false},
		{lab, "name:80", false},
		{[]netip.Prefix{netip.MustParsePrefix("fe80::/10")}, "[fe80::1%eth0]:80", true},
	} {
		if err := onlyPlain(tt.networks)("tcp", tt.address, nil); (err == nil) != tt.may {
			t.Errorf("%s with %v: %v", tt.address, tt.networks, err)
		}
	}
}

// A name that resolves to a machine of no such network gets no image, although
// networks are named.
func TestHTTP_Rebound(t *testing.T) {
	h, err := NewHTTP(HTTPOptions{Limits: quick(), URL: "http://gpu.example.org/read", Plain: lab})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, h)
	transport, ok := h.client.Transport.(*http.Transport)
	if !ok {
		t.Fatalf("the transport is a %T", h.client.Transport)
	}
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial(ctx, network, "198.51.100.1:80") // what it resolved to
	}
	_, err = h.Read(t.Context(), blank(t))
	wantError(t, err, jarvis.CodeUnavailable, "gpu.example.org is another machine", "https")
}

func TestHTTP_NobodyThere(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	h, err := NewHTTP(HTTPOptions{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, h)
	_, err = h.Read(t.Context(), blank(t))
	wantError(t, err, jarvis.CodeUnavailable, "cannot be reached")
}
