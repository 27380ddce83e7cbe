package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// around puts what every request goes through around the routes, the outermost
// last.
func (s *Server) around(routes http.Handler) (http.Handler, error) {
	guarded, err := s.onlyOwnPages(routes)
	if err != nil {
		return nil, err
	}
	return s.admit(s.recovered(s.onlyKnownHosts(guarded))), nil
}

// answer is a ResponseWriter that knows what was answered.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// How much of a body is read after its answer, and for how long.
const (
	hearsBytes = 64 << 20
	hearsFor   = 2 * time.Second
)

// heard is a body that knows how far it was read.
type heard struct {
	io.ReadCloser
	begun, ended bool
}

// Read implements io.Reader.
func (h *heard) Read(p []byte) (int, error) {
	h.begun = true
	n, err := h.ReadCloser.Read(p)
	h.ended = h.ended || err != nil
	return n, err
}

// Close implements io.Closer. The server closes the body, when all is answered.
func (*heard) Close() error { return nil }

// hearOut reads on, within bounds, after a refusal: a client that is still sending
// when the connection is closed sees it break, and not the answer. One that expects
// to be told to go on, and was not, sends nothing.
func (h *heard) hearOut(a *answer, expecting bool) {
	if h.ended || expecting && !h.begun {
		return
	}
	control := http.NewResponseController(a)
	if control.Flush() != nil || control.SetReadDeadline(time.Now().Add(hearsFor)) != nil {
		return
	}
	buffer := make([]byte, 32<<10)
	for left := hearsBytes; left > 0; {
		n, err := h.Read(buffer)
		if err != nil {
			return
		}
		left -= n
	}
}

// policy is the Content-Security-Policy of whatever is no page.
const policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"

// admit gives a request its id and its headers, and logs and measures it.
func (s *Server) admit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w}
		if r.Body == nil || r.Body == http.NoBody {
			s.attend(a, r, next)
			return
		}
		body, heeded := &heard{ReadCloser: r.Body}, *r
		heeded.Body = body
		s.attend(a, &heeded, next)
		if a.status >= 400 && r.ProtoMajor == 1 {
			body.hearOut(a, r.Header.Get("Expect") != "")
		}
	})
}

// attend answers a request, and then logs and measures it.
func (s *Server) attend(a *answer, r *http.Request, next http.Handler) {
	v := &visit{id: s.ids.next()}
	began := time.Now()
	h := a.Header()
	h.Set("X-Request-Id", v.id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	defer func() { // also of what ends with http.ErrAbortHandler
		took := time.Since(began)
		if r.Context().Err() != nil && a.status != 0 && http.NewResponseController(a).Flush() != nil {
			a.status, a.bytes = 0, 0 // nobody was there to be answered
		}
		s.metrics.observe(v.route, r.Method, a.status, took)
		s.logVisit(r, v, a, took)
	}()
	next.ServeHTTP(a, r.WithContext(withVisit(r.Context(), v)))
}

// logVisit logs a request: neither its path nor its query, which may hold words
// that were on a screen.
func (s *Server) logVisit(r *http.Request, v *visit, a *answer, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case a.status >= 500 && r.Context().Err() == nil:
		level = slog.LevelError
	case v.quiet:
		level = slog.LevelDebug
	}
	if !s.log.Enabled(r.Context(), level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("request_id", v.id),
		slog.String("method", methodLabel(r.Method)),
		slog.String("route", v.route),
		slog.Int("status", a.status),
		slog.Int64("bytes", a.bytes),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.String("who", v.principal.Who()),
		slog.String("address", v.principal.Address),
	}
	if v.err != nil {
		attrs = append(attrs, slog.String("code", string(codeOf(r.Context(), v.err))))
		if a.status >= 500 {
			attrs = append(attrs, slog.String("error", cause(v.err)))
		}
	}
	s.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// cause says what failed, for the log of whoever runs the server: messages, and
// what a database or the system said.
func cause(err error) string {
	var text string
	for range 8 {
		e, ok := errors.AsType[*jarvis.Error](err)
		if !ok {
			return text + err.Error()
		}
		if e.Op != "" {
			text += e.Op + ": "
		}
		text += e.Message
		if e.Err == nil {
			return text
		}
		text, err = text+": ", e.Err
	}
	return text
}

// recovered answers a panic with 500, and lets the server live.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p) // it is how a handler ends the connection
			}
			visit := visitOf(r.Context())
			// The value of a panic may quote what was being read.
			s.log.ErrorContext(r.Context(), "a request ended in a panic", "request_id", visit.id, "kind", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			if a, ok := w.(*answer); ok && a.status != 0 {
				panic(http.ErrAbortHandler) // half an answer must not look like a whole one
			}
			s.refuse(w, r, jarvis.Errorf(jarvis.CodeInternal, "a panic"))
		}()
		next.ServeHTTP(w, r)
	})
}

// onlyOwnPages refuses what pages of other sites ask a browser to change, unless
// their origin was named; those that were named get the headers of CORS.
func (s *Server) onlyOwnPages(next http.Handler) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	for _, origin := range slices.Concat(s.o.AllowedOrigins, s.o.PublicURLs) {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "%.200q is not the origin of a site: write https://memory.example.org", origin)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && slices.Contains(s.o.AllowedOrigins, origin) {
			h := w.Header()
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
			h.Add("Vary", "Origin")
			if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
				h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, DELETE")
				h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, Range")
				h.Set("Access-Control-Max-Age", "600")
				w.WriteHeader(http.StatusNoContent)
				return
			}
			h.Set("Access-Control-Expose-Headers", "Content-Disposition, Content-Range, ETag, Jarvis-Existed, Retry-After, X-Request-Id")
		}
		if protection.Check(r) != nil || s.embedded(r) {
			s.refuse(w, r, jarvis.Errorf(jarvis.CodeForbidden, "a page of another site asked for this: name its origin with --allow-origin if it may"))
			return
		}
		next.ServeHTTP(w, r)
	}), nil
}

// embedded reports whether a page of another site wants to have the answer in it, such
// as an image or a frame. A browser says so, and whoever follows a link is no such page.
func (s *Server) embedded(r *http.Request) bool {
	h := r.Header
	dest := h.Get("Sec-Fetch-Dest")
	link := h.Get("Sec-Fetch-Mode") == "navigate" && (dest == "" || dest == "document")
	return h.Get("Sec-Fetch-Site") == "cross-site" && !link && !slices.Contains(s.o.AllowedOrigins, h.Get("Origin"))
}

// enter lets in who may use a route, and bounds the request's body and time.
func (s *Server) enter(route *route, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r.Context())
		v.route, v.quiet = route.path, route.quiet
		ctx, cancel := context.WithTimeout(r.Context(), route.lasts())
		defer cancel()
		r = r.WithContext(ctx)
		if route.scope != open {
			p, err := s.o.Guard.Authenticate(r)
			v.principal = p
			if route.page && wantsPage(r) && jarvis.ErrorCode(err) == jarvis.CodeNoCredential {
				leadToSignIn(w, r)
				return
			}
			if err != nil {
				s.refuse(w, r, err)
				return
			}
			if !p.Permits(jarvis.Scope(route.scope)) && !p.Permits(jarvis.Scope(route.also)) {
				s.o.Guard.Record(p, jarvis.ActionRefused, 0)
				s.refuse(w, r, jarvis.Errorf(jarvis.CodeForbidden, "this needs a credential that may %s, and this one may not", strings.Join(route.scopes(), " or ")))
				return
			}
			if route.deletes && p.Own {
				w.Header().Set("Clear-Site-Data", `"cache"`)
			}
		}
		// What cannot be read would be passed over, and a filter that is not there
		// selects everything.
		if _, err := url.ParseQuery(r.URL.RawQuery); err != nil {
			s.refuse(w, r, jarvis.Errorf(jarvis.CodeInvalid, "the query of the address is broken: write ; as %%3B and %% as %%25"))
			return
		}
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, route.body(s))
		}
		next.ServeHTTP(w, r)
	})
}
