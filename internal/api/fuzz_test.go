package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
	"github.com/jarvis-memory/jarvis/internal/postgres"
)

// ask sends a request past the network, and fails the test for an answer that
// must not be: anything of 5xx, or an error that is no problem.
func (r *rig) ask(t *testing.T, req *http.Request, token string) *httptest.ResponseRecorder {
	t.Helper()
	req.Host = "localhost"
	req.RemoteAddr = "127.0.0.1:5000"
	req.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	r.server.Handler().ServeHTTP(w, req)
	if w.Code >= 500 {
		t.Fatalf("%s %s is answered %d %s", req.Method, req.URL.Path, w.Code, w.Body)
	}
	if w.Code >= 400 {
		var p api.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || !utf8.ValidString(p.Detail) || strings.ContainsAny(p.Detail, "\x00\r\n") || len(p.Detail) > 1000 {
			t.Fatalf("%s %s is answered %s", req.Method, req.URL.Path, w.Body)
		}
	}
	return w
}

func FuzzServer_Upload(f *testing.F) {
	r := newRig(f, limitTo1MiB, quiet)
	f.Add(form(metadataPart(saying(1)), filePart("image/jpeg", photo(1))), "multipart/form-data; boundary="+boundary)
	f.Add(form(filePart("image/png", plainPNG()), metadataPart(saying(1))), "multipart/form-data; boundary="+boundary)
	f.Add("--x\r\n\r\n\r\n--x--", "multipart/form-data; boundary=x")
	f.Add(strings.Repeat("--x\r\n", 100), `multipart/form-data; boundary="x"`)
	f.Add("", "multipart/form-data")
	f.Fuzz(func(t *testing.T, body, kind string) {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/captures", strings.NewReader(body))
		req.Header["Content-Type"] = []string{kind}
		w := r.ask(t, req, r.device)
		var s stored
		if w.Code == http.StatusOK && (json.Unmarshal(w.Body.Bytes(), &s) != nil || s.ID.IsZero() || s.Status != "stored") {
			t.Fatalf("the answer is %s", w.Body)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(saying(1)))
	f.Add([]byte(`{"timestamp":null,"width":1e3,"height":-1,"id":"x","sha256":"00"}`))
	f.Add([]byte(`[{}]`))
	f.Add([]byte(strings.Repeat("[", 10_000)))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := api.CheckMetadata(text); err != nil && (jarvis.ErrorCode(err) != jarvis.CodeInvalid || len(err.Error()) > 300) {
			t.Fatalf("%q is %v", text, err)
		}
	})
}

func FuzzInstant(f *testing.F) {
	for _, text := range []string{"2026-01-24T12:00:00Z", "2026-01-24T12:00:00.123456+01:00", "2026-01-24T12:00:00", "9999-12-31T23:59:59.999999Z", "2026-01-24", "2026-01-24T24:00:00Z", "2026-01-24T12:00:00,5Z"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		at, err := api.ParseInstant(text)
		if err != nil {
			if jarvis.ErrorCode(err) != jarvis.CodeInvalid {
				t.Fatalf("%q is %v", text, err)
			}
			return
		}
		if at.Before(jarvis.MinTime) || at.After(jarvis.MaxTime) || at.Location() != time.UTC {
			t.Fatalf("%q is %v", text, at)
		}
		again, err := api.ParseInstant(at.Format(time.RFC3339Nano))
		if err != nil || !again.Equal(at) {
			t.Fatalf("%q is %v, and that is %v, %v", text, at, again, err)
		}
	})
}

func FuzzAccessCursor(f *testing.F) {
	good, err := api.CursorOf(&jarvis.Access{Minute: noon, Who: "token desk", Address: "::1", Action: jarvis.ActionView})
	must(f, err)
	f.Add(good)
	f.Add("")
	f.Add("e30")
	f.Add("bnVsbA")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := api.ParseCursor(text)
		if err != nil || a == nil {
			return
		}
		again, err := api.CursorOf(a)
		must(t, err)
		if b, err := api.ParseCursor(again); err != nil || *b != *a {
			t.Fatalf("%q is %+v, and that is %+v, %v", text, a, b, err)
		}
	})
}

// Whatever a client asks a list or an image for, it is answered in order.
func FuzzServer_Read(f *testing.F) { fuzzRead(f, newRig(f, quiet)) }

// PostgreSQL takes fewer texts than SQLite.
func FuzzServer_Read_PostgreSQL(f *testing.F) {
	c, err := postgres.Open(f.Context(), postgres.Options{URL: server.NewDatabase(f)})
	must(f, err)
	f.Cleanup(func() { must(f, c.Close()) })
	fuzzRead(f, newRigOn(f, seal{}, c, quiet))
}

func fuzzRead(f *testing.F, r *rig) {
	id := r.add(1).ID.String()
	f.Add("/api/captures", "limit=1&cursor=x", "bytes=0-1", "*")
	f.Add("/api/captures/"+id+"/image", "download=1", "bytes=-1,0-0,5-", `"x"`)
	f.Add("/api/captures/"+id+"/thumbnail", "width=99", "", "")
	f.Add("/api/days/2026-01-24/minutes", "tz=UTC", "", "")
	f.Add("/api/captures", "app=%00", "", "")
	f.Add("/api/search", "q=%ff%00&sort=relevance&group=none&facets=true", "", "")
	f.Add("/api/search", `q="a b" or -c* app:*&cursor=x&tz=UTC`, "", "")
	f.Add("/api/suggest", "q=app:%ff%22", "", "")
	f.Add("/api/captures/"+id+"/text", "", "", "")
	f.Add("/api/readings/failed", "cursor=x&limit=2", "", "")
	f.Add("/api/captures", "device=%ff", "", "")
	f.Add("/api/captures/"+id+"/image", "", "bytes=-0", "")
	f.Add("/api/audit", "cursor=e30&who=%00", "", "")
	f.Add("/api/coverage", "from=2026-01-24T12:00:00Z&device=%ff", "", "")
	f.Fuzz(func(t *testing.T, path, query, ranges, tags string) {
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		req.URL.Path, req.URL.RawQuery = path, query
		req.Header["Range"], req.Header["If-None-Match"] = []string{ranges}, []string{tags}
		w := r.ask(t, req, r.admin)
		if n, err := strconv.Atoi(w.Header().Get("Content-Length")); err == nil && w.Code == http.StatusOK && n != w.Body.Len() {
			t.Fatalf("the answer has %d bytes, and says %d", w.Body.Len(), n)
		}
	})
}

// quiet is a change: a fuzz test would fill the memory with its log.
func quiet(o *api.Options) { o.Logger = nil }
