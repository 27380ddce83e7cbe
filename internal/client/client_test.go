package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jarvis-memory/jarvis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testToken = "jarvis_a0123456789-abcdefghijklmnopqrstuvwxyz_ABCDEF"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode fails the test unless err is a *jarvis.Error of the code that tells
// no secret.
func wantCode(t testing.TB, err error, code jarvis.Code) {
	t.Helper()
	e, ok := errors.AsType[*jarvis.Error](err)
	if !ok || e.Code != code {
		t.Fatalf("got error %v (%s), want one of code %s", err, jarvis.ErrorCode(err), code)
	}
	wantNoSecret(t, err)
}

// wantNoSecret fails the test if an error, however it is printed, tells the
// token, or what was asked for.
func wantNoSecret(t testing.TB, err error) {
	t.Helper()
	for _, secret := range []string{testToken, testToken[8:30], "secret-app", "secret%2Dapp"} {
		for e := err; e != nil; e = errors.Unwrap(e) {
			if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, secret) {
				t.Errorf("the error tells %s: %s", secret, text)
			}
		}
	}
	if e, ok := errors.AsType[*jarvis.Error](err); ok && strings.Contains(fmt.Sprint(e.Message, e.Op, e.Err), testToken) {
		t.Error("the error tells the token")
	}
}

// a fake is a server whose answers the test gives.
type fake struct {
	*httptest.Server
	requests atomic.Int64
}

// newFake starts a server, which is told how often it was asked before.
func newFake(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, before int)) *fake {
	t.Helper()
	f := &fake{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, int(f.requests.Add(1))-1)
	}))
	t.Cleanup(f.Close)
	return f
}

// waits are how long a client waited between attempts: it does not really.
type waits struct {
	mu  sync.Mutex
	all []time.Duration
}

func (w *waits) sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, d)
	return ctx.Err()
}

// newClient returns a client that does not wait, and what it would have.
func newClient(t testing.TB, baseURL string, o Options) (*Client, *waits) {
	t.Helper()
	o.BaseURL, o.Token, o.Version = baseURL, testToken, "1.2.3"
	c, err := New(o)
	must(t, err)
	w := &waits{}
	c.sleep = w.sleep
	t.Cleanup(c.CloseIdle)
	return c, w
}

func writeJSON(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	io.WriteString(w, text)
}

func writeProblem(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// reset breaks the connection off.
func reset(t testing.TB, w http.ResponseWriter) {
	t.Helper()
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		err = tcp.SetLinger(0)
	}
	if err = errors.Join(err, connection.Close()); err != nil {
		t.Error(err)
	}
}

func TestNew(t *testing.T) {
	for _, test := range []struct {
		base  string
		plain bool
		ok    bool
	}{
		{"http://127.0.0.1:8000", false, true},
		{"http://127.9.9.9", false, true},
		{"http://[::1]:8000/", false, true},
		{"http://[::ffff:127.0.0.1]:8000/", false, true},
		{"http://LOCALHOST:8000", false, true},
		{"https://memory.example.org", false, true},
		{"https://example.org/jarvis/", false, true},
		{"http://memory.example.org", true, true},
		{"http://memory.example.org", false, false},
		{"http://localhost.example.org", false, false},
		{"http://127.0.0.1.example.org", false, false},
		{"http://192.168.1.5:8000", false, false},
		{"http://0.0.0.0:8000", false, false},
		{"", false, false},
		{"memory.example.org", false, false},
		{"127.0.0.1:8000", false, false},
		{"ftp://127.0.0.1", false, false},
		{"unix:///run/jarvis", false, false},
		{"https://ann:hunter2@example.org", false, false},
		{"https://example.org/?token=hunter2", false, false},
		{"https://example.org/#hunter2", false, false},
		{"https://exa mple.org/hunter2", false, false},
		{"https://:80:80hunter2/", false, false},
	} {
		c, err := New(Options{BaseURL: test.base, Token: testToken, AllowPlainHTTP: test.plain})
		if test.ok {
			if err != nil || c.Server() != strings.TrimRight(test.base, "/") {
				t.Errorf("%q: %v", test.base, err)
			}
			continue
		}
		if err == nil {
			t.Errorf("%q is accepted", test.base)
			continue
		}
		wantCode(t, err, jarvis.CodeInvalid)
		if strings.Contains(fmt.Sprintf("%+v", err), "hunter2") {
			t.Errorf("the error tells a password: %v", err)
		}
	}
	for _, token := range []string{"two words", "line\n", "jarvis_\x00", "jarvis_ä", "a\r\nX: y"} {
		_, err := New(Options{BaseURL: "https://example.org", Token: token})
		wantCode(t, err, jarvis.CodeInvalid)
		if strings.Contains(fmt.Sprintf("%+v", err), token) {
			t.Errorf("the error tells the token: %v", err)
		}
	}
}

// However a client is printed, the token is not.
func TestClient_Print(t *testing.T) {
	c, _ := newClient(t, "https://example.org", Options{})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb+verb, c, *c); strings.Contains(text, testToken[10:20]) || strings.Contains(text, fmt.Sprintf("%x", testToken[10:20])) {
			t.Errorf("%s tells the token: %s", verb, text)
		}
	}
}

func TestClient_Headers(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if got := r.Header.Get("User-Agent"); got != "jarvis/1.2.3" {
			t.Errorf("User-Agent is %q", got)
		}
		if got := r.Header.Get("Authorization"); got != "Bearer "+testToken {
			t.Errorf("Authorization is %q", got)
		}
		if r.URL.Path != "/behind/a proxy/api/stats" {
			t.Errorf("the path is %q", r.URL.Path)
		}
		writeJSON(w, `{"captures":3}`)
	})
	c, _ := newClient(t, f.URL+"/behind/a%20proxy/", Options{})
	stats, err := c.Stats(t.Context())
	if err != nil || stats.Captures != 3 {
		t.Errorf("got %+v, error %v", stats, err)
	}
}

// What is refused is final, except what may pass by itself.
func TestClient_Retry_Status(t *testing.T) {
	for status := 400; status < 600; status++ {
		f := newFake(t, func(w http.ResponseWriter, _ *http.Request, before int) {
			if before == 0 {
				writeProblem(w, status, `{"detail":"no"}`)
				return
			}
			writeJSON(w, `{}`)
		})
		c, waited := newClient(t, f.URL, Options{})
		_, err := c.Stats(t.Context())
		again := status >= 500
		if (err == nil) != again || len(waited.all) != map[bool]int{true: 1}[again] || f.requests.Load() != int64(len(waited.all))+1 {
			t.Fatalf("status %d: %d requests, error %v", status, f.requests.Load(), err)
		}
		if again {
			continue
		}
		answer, ok := errors.AsType[*AnswerError](err)
		if !ok || answer.Status != status || err.Error() != "no" {
			t.Errorf("status %d: the error is %v", status, err)
		}
		c.CloseIdle()
		f.Close()
	}
}

func TestClient_Retry_Waits(t *testing.T) {
	for _, test := range []struct {
		name, retryAfter string
		requests         int64
		least, most      time.Duration // of the first wait
	}{
		{"None", "", 5, 125 * time.Millisecond, 250 * time.Millisecond},
		{"Seconds", "7", 5, 7 * time.Second, 7 * time.Second},
		{"TooLong", "31", 1, 0, 0},
		{"Zero", "0", 5, 125 * time.Millisecond, 250 * time.Millisecond},
		{"Past", "Sun, 06 Nov 1994 08:49:37 GMT", 5, 125 * time.Millisecond, 250 * time.Millisecond},
		{"Wrong", "soon", 5, 125 * time.Millisecond, 250 * time.Millisecond},
		{"Negative", "-5", 5, 125 * time.Millisecond, 250 * time.Millisecond},
		{"Huge", "99999999999999999999", 5, 125 * time.Millisecond, 250 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
				if test.retryAfter != "" {
					w.Header().Set("Retry-After", test.retryAfter)
				}
				writeProblem(w, 503, `{"code":"unavailable","detail":"the database is away","request_id":"r1"}`)
			})
			c, waited := newClient(t, f.URL, Options{})
			_, err := c.Stats(t.Context())
			wantCode(t, err, jarvis.CodeUnavailable)
			if f.requests.Load() != test.requests || err.Error() != "the database is away" {
				t.Errorf("%d requests, error %v", f.requests.Load(), err)
			}
			if answer, ok := errors.AsType[*AnswerError](err); !ok || answer.Status != 503 || answer.RequestID != "r1" || test.name == "TooLong" && answer.RetryAfter != 31*time.Second {
				t.Errorf("the cause is %+v", answer)
			}
			if test.requests == 1 {
				return
			}
			if first := waited.all[0]; first < test.least || first > test.most {
				t.Errorf("it waited for %v", first)
			}
		})
	}
}

// Who is told to slow down is not asked to wait unseen, but told how long.
func TestClient_SlowedDown(t *testing.T) {
	for _, test := range []struct{ detail, retryAfter, want string }{
		{"slowly", "7", "slowly: try again in 7 s"},
		{"wait for 7 s", "7", "wait for 7 s"},
		{"slowly", "", "slowly"},
		{"", "7", "the server answered with status 429 Too Many Requests: try again in 7 s"},
	} {
		f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Header().Set("Retry-After", test.retryAfter)
			writeProblem(w, 429, `{"code":"busy","detail":"`+test.detail+`"}`)
		})
		c, _ := newClient(t, f.URL, Options{})
		_, err := c.Stats(t.Context())
		wantCode(t, err, jarvis.CodeBusy)
		if f.requests.Load() != 1 || err.Error() != test.want {
			t.Errorf("%d requests, error %v, want %q", f.requests.Load(), err, test.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	seen := map[time.Duration]bool{}
	for sent := 1; sent < 100; sent++ {
		longest := min(250*time.Millisecond<<min(sent-1, 16), 250*time.Millisecond<<16)
		for range 20 {
			d := backoff(sent)
			if d < longest/2 || d >= longest {
				t.Fatalf("after %d attempts it waits for %v", sent, d)
			}
			seen[d] = true
		}
	}
	if len(seen) < 1000 {
		t.Error("nothing is drawn by lot")
	}
}

// Whatever the network does once, it is sent again, and then all is well.
func TestClient_Retry_Faults(t *testing.T) {
	for name, fault := range map[string]func(t *testing.T, w http.ResponseWriter, hung <-chan struct{}){
		"Reset": func(t *testing.T, w http.ResponseWriter, _ <-chan struct{}) {
			t.Helper()
			reset(t, w)
		},
		"HalfAnswer": func(_ *testing.T, w http.ResponseWriter, _ <-chan struct{}) {
			w.Header().Set("Content-Length", "100")
			writeJSON(w, `{"captures":`)
		},
		"HalfChunked": func(t *testing.T, w http.ResponseWriter, _ <-chan struct{}) {
			t.Helper()
			writeJSON(w, `{"captures":`)
			must(t, http.NewResponseController(w).Flush())
			panic(http.ErrAbortHandler)
		},
		"NoAnswer": func(_ *testing.T, _ http.ResponseWriter, hung <-chan struct{}) { <-hung },
		"Slow": func(t *testing.T, w http.ResponseWriter, hung <-chan struct{}) { // its body hangs
			t.Helper()
			writeJSON(w, `{"captures":`)
			must(t, http.NewResponseController(w).Flush())
			<-hung
		},
		"NotHTTP": func(t *testing.T, w http.ResponseWriter, _ <-chan struct{}) {
			t.Helper()
			connection, _, err := http.NewResponseController(w).Hijack()
			must(t, err)
			_, err = connection.Write([]byte("SSH-2.0-OpenSSH\r\n"))
			must(t, errors.Join(err, connection.Close()))
		},
		"Unavailable": func(_ *testing.T, w http.ResponseWriter, _ <-chan struct{}) { writeProblem(w, 503, `{}`) },
		"HalfProblem": func(_ *testing.T, w http.ResponseWriter, _ <-chan struct{}) {
			w.Header().Set("Content-Length", "100")
			writeProblem(w, 500, `{"code":"conf`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(w http.ResponseWriter, r *http.Request, before int) {
				if before < 2 {
					fault(t, w, r.Context().Done())
					return
				}
				writeJSON(w, `{"captures":3}`)
			})
			c, waited := newClient(t, f.URL, Options{Patience: 200 * time.Millisecond})
			stats, err := c.Stats(t.Context())
			if err != nil || stats.Captures != 3 || len(waited.all) != 2 {
				t.Errorf("got %+v after %v, error %v", stats, waited.all, err)
			}
			c.attempts = 1
			f.requests.Store(0)
			_, err = c.FindCaptures(t.Context(), jarvis.CaptureFilter{AppName: "secret-app"})
			if err == nil {
				t.Fatal("a half answer passes")
			}
			wantNoSecret(t, err)
		})
	}
}

func TestClient_Unreachable(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	c, waited := newClient(t, "http://"+l.Addr().String(), Options{Attempts: 3})
	_, err = c.FindCaptures(t.Context(), jarvis.CaptureFilter{AppName: "secret-app"})
	wantCode(t, err, jarvis.CodeUnavailable)
	if len(waited.all) != 2 || !strings.Contains(err.Error(), "is it running") {
		t.Errorf("it waited %v, error %v", waited.all, err)
	}
	// A proxy in the environment never sees what is not encrypted.
	t.Setenv("HTTP_PROXY", "http://proxy.invalid:1")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://memory.example.org/", nil)
	must(t, err)
	if proxy, err := newTransport().Proxy(request); proxy != nil || err != nil {
		t.Errorf("the proxy is %v, error %v", proxy, err)
	}
}

// A certificate that is not trusted, and a port that speaks no TLS, do not become
// right by trying again.
func TestClient_TLS(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, `{"captures":3}`) }))
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.StartTLS()
	defer secure.Close()
	c, waited := newClient(t, secure.URL, Options{})
	_, err := c.Stats(t.Context())
	wantCode(t, err, jarvis.CodeUnavailable)
	if len(waited.all) != 0 || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("it waited %v, error %v", waited.all, err)
	}
	trusting, _ := newClient(t, secure.URL, Options{Transport: secure.Client().Transport})
	if stats, err := trusting.Stats(t.Context()); err != nil || stats.Captures != 3 {
		t.Errorf("got %+v, error %v", stats, err)
	}
	plain := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) { writeJSON(w, `{}`) })
	c, waited = newClient(t, strings.Replace(plain.URL, "http:", "https:", 1), Options{})
	_, err = c.Stats(t.Context())
	wantCode(t, err, jarvis.CodeUnavailable)
	if len(waited.all) != 0 || !strings.Contains(err.Error(), "without TLS") {
		t.Errorf("it waited %v, error %v", waited.all, err)
	}
}

// The token goes to no other host, whatever the server says.
func TestClient_Redirect(t *testing.T) {
	other := newFake(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		t.Errorf("another host was asked, with %v", r.Header)
		writeJSON(w, `{}`)
	})
	for _, status := range []int{301, 302, 303, 307, 308} {
		f := newFake(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+"/api/stats", status)
		})
		c, _ := newClient(t, f.URL, Options{})
		_, err := c.Stats(t.Context())
		wantCode(t, err, jarvis.CodeInvalid)
		if f.requests.Load() != 1 || !strings.Contains(err.Error(), "another address") {
			t.Errorf("%d requests, error %v", f.requests.Load(), err)
		}
		_, err = c.Upload(t.Context(), newUpload([]byte("an image")))
		wantCode(t, err, jarvis.CodeInvalid)
	}
}

// What no Jarvis says is no answer.
func TestClient_Stranger(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter){
		"HTML": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<h1>Sign in to the hotel's network</h1>")
		},
		"NotJSON":   func(w http.ResponseWriter) { writeJSON(w, `{"captures":3`) },
		"WrongType": func(w http.ResponseWriter) { writeJSON(w, `{"captures":"secret-app"}`) },
		"Array":     func(w http.ResponseWriter) { writeJSON(w, `[]`) },
		"Trailing":  func(w http.ResponseWriter) { writeJSON(w, `{} {}`) },
		"Nothing":   func(w http.ResponseWriter) { writeJSON(w, ``) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) { answer(w) })
			c, _ := newClient(t, f.URL, Options{})
			_, err := c.Stats(t.Context())
			wantCode(t, err, jarvis.CodeInvalid)
			if f.requests.Load() != 1 || !strings.Contains(err.Error(), f.URL) {
				t.Errorf("%d requests, error %v", f.requests.Load(), err)
			}
		})
	}
}
