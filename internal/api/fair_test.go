package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

// large is the upload of the nth photo with size bytes.
func large(n, size int) string {
	return form(metadataPart(saying(n)), filePart("image/jpeg", append(photo(n), make([]byte, size-len(photo(n)))...)))
}

// Uploads that together want more memory than there is take turns: none waits for
// another that waits for it.
func TestServer_Upload_TakesTurns(t *testing.T) {
	r := newRig(t, func(o *api.Options) { o.MaxImageBytes, o.MaxMemory = 4<<20, 8<<20 })
	for _, tt := range []struct{ many, size int }{{16, 3 << 20}, {64, 300 << 10}} {
		var all sync.WaitGroup
		for n := range tt.many {
			token := r.device
			if n%2 == 0 {
				token = r.admin
			}
			all.Go(func() { r.sendSlowly(token, large(tt.many+n, tt.size)) })
		}
		all.Wait()
	}
}

// sendSlowly uploads a form in pieces, so that others send theirs meanwhile.
func (r *rig) sendSlowly(token, body string) {
	req := r.uploadRequest("/api/captures", body)
	req.Body = io.NopCloser(&pieces{strings.NewReader(body)})
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := (&http.Client{}).Do(req)
	if err != nil {
		r.t.Error(err)
		return
	}
	answer, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
		r.t.Errorf("an upload is answered %d %s, %v", res.StatusCode, answer, err)
	}
}

// pieces is a reader that gives little at a time.
type pieces struct{ r io.Reader }

// Read implements io.Reader.
func (p *pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(len(b), 32<<10)]) }

// Who begins many uploads and says nothing more keeps nobody else waiting: neither
// for a place nor for memory.
func TestServer_Upload_Silent(t *testing.T) {
	for _, tt := range []struct {
		name          string
		uploads       int
		memory        int64
		inFlightAtEnd int
	}{{"Places", 8, 64 << 20, 4}, {"Memory", 64, 2 << 20, 1}} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, limitTo1MiB, func(o *api.Options) { o.MaxUploads, o.MaxMemory = tt.uploads, tt.memory })
			r.server.Hasten(300 * time.Millisecond)
			body := large(1, 900<<10)
			for range 20 {
				r.dial(t, r.device, len(body), body[:2000])
			}
			want := fmt.Sprintf("jarvis_uploads_in_flight %d\n", tt.inFlightAtEnd)
			refused := `jarvis_http_requests_total{method="POST",route="/api/captures",status="503"} ` + fmt.Sprintf("%d\n", 20-tt.inFlightAtEnd)
			deadline := time.Now().Add(10 * time.Second)
			ticker := time.NewTicker(5 * time.Millisecond)
			defer ticker.Stop()
			for {
				text := string(r.get(r.reader, "/metrics").body)
				if strings.Contains(text, want) && strings.Contains(text, refused) {
					break
				}
				if <-ticker.C; time.Now().After(deadline) {
					t.Fatalf("the silent uploads have more than half:\n%s", text)
				}
			}
			r.send(r.admin, large(2, 900<<10)).want(http.StatusOK)
		})
	}
}

// dial begins an upload of length bytes, and sends some of them.
func (r *rig) dial(t *testing.T, token string, length int, some string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", r.http.Listener.Addr().String())
	must(t, err)
	t.Cleanup(func() {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	must(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = fmt.Fprintf(c, "POST /api/captures HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Type: multipart/form-data; boundary=%s\r\nContent-Length: %d\r\n\r\n%s",
		token, boundary, length, some)
	must(t, err)
	return c
}

// Of an answer that nobody got, the log does not say that it was sent.
func TestServer_Log_Gone(t *testing.T) {
	f := &faulty{entered: make(chan struct{}, 1)}
	r := newRig(t, f.options)
	f.set(nil, true)
	body := form(metadataPart(saying(1)), filePart("image/jpeg", photo(1)))
	c, ok := r.dial(t, r.device, len(body), body).(*net.TCPConn)
	if !ok {
		t.Fatal("the connection is not TCP")
	}
	<-f.entered
	must(t, c.SetLinger(0)) // a reset: nothing can be sent any more
	must(t, c.Close())
	deadline := time.Now().Add(10 * time.Second)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !strings.Contains(r.log.String(), `"route":"/api/captures"`) {
		if <-ticker.C; time.Now().After(deadline) {
			t.Fatal("the request is not in the log")
		}
	}
	if log := r.log.String(); !strings.Contains(log, `"route":"/api/captures","status":0,"bytes":0`) {
		t.Errorf("the log is %s", log)
	}
}

// Without the length of the form, an upload takes the memory of the largest image.
func TestServer_Upload_NoLength(t *testing.T) {
	r := newRig(t, func(o *api.Options) { o.MaxImageBytes, o.MaxMemory = 1<<20, 2<<20 })
	var all sync.WaitGroup
	for n := range 12 {
		all.Go(func() {
			req := r.uploadRequest("/api/captures", large(n, 700<<10))
			req.ContentLength = -1
			req.Header.Set("Authorization", "Bearer "+r.device)
			res, err := (&http.Client{}).Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			if must(t, res.Body.Close()); res.StatusCode != http.StatusOK {
				t.Errorf("an upload is answered %d", res.StatusCode)
			}
		})
	}
	all.Wait()
}

// A form that breaks off anywhere is refused and not stored, also just before its
// last boundary and within it.
func TestServer_Upload_Cut(t *testing.T) {
	r := newRig(t)
	whole := form(metadataPart(saying(1)), filePart("image/jpeg", photo(1)))
	last := strings.LastIndex(whole, "\r\n--")
	for cut := last - 3; cut < len(whole)-2; cut++ { // the line end after it is not needed
		for _, told := range []bool{true, false} {
			req := r.uploadRequest("/api/captures", whole[:cut])
			if !told {
				req.ContentLength = -1
			}
			r.do(req, r.device).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
	}
	// Both parts are whole, and a third breaks off.
	more := strings.TrimSuffix(whole, "--\r\n") + "\r\n"
	for _, body := range []string{more, more + "Content-Disposition: form-data; name=\"x\"\r\n\r\n", more[:len(more)-2]} {
		r.send(r.device, body).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
	}
	stats, err := r.catalog.Stats(t.Context())
	if must(t, err); stats.Captures != 0 {
		t.Errorf("%d captures were stored of forms that break off", stats.Captures)
	}
}

// A refusal is heard, however much is still being sent.
func TestServer_Refusal_Heard(t *testing.T) {
	r := newRig(t, limitTo1MiB)
	many := form(more(100_000)...)
	for _, tt := range []struct {
		name, token, body string
		status            int
	}{
		{"NoCredential", "", large(1, 10<<20), 401},
		{"Forbidden", r.reader, large(1, 10<<20), 403},
		{"TooLarge", r.device, large(1, 10<<20), 413},
		{"TooManyParts", r.device, many, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := r.dial(t, tt.token, len(tt.body), "")
			// This client reads nothing before it sent everything.
			if n, err := io.WriteString(c, tt.body); err != nil {
				t.Fatalf("the connection broke after %d of %d bytes: %v", n, len(tt.body), err)
			}
			answer := make([]byte, 12)
			if _, err := io.ReadFull(c, answer); err != nil || string(answer) != fmt.Sprintf("HTTP/1.1 %d", tt.status) {
				t.Fatalf("the answer is %q, %v; want %d", answer, err, tt.status)
			}
		})
	}
}

// The client is told whether a capture was there, beside an answer that is the same.
func TestServer_Upload_Existed(t *testing.T) {
	r := newRig(t)
	for n, want := range []string{"", "true", "true"} {
		a := r.send(r.device, form(metadataPart(saying(1)), filePart("image/jpeg", photo(1)))).want(http.StatusOK)
		if got := a.header.Get("Jarvis-Existed"); got != want {
			t.Errorf("the answer %d has Jarvis-Existed %q; want %q", n, got, want)
		}
	}
}

// The id that a client chose stands for all that it said; one that was derived, for
// what it was derived of.
func TestServer_Upload_OtherMetadata(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		const base = `{"timestamp":"2026-01-24T12:00:00Z","width":16,"height":9`
		said := base + `,"app_name":"a","window_title":"b","url":"c","agent_id":"d"`
		send := func(n int, text string) answer {
			return r.send(r.admin, form(metadataPart(text+"}"), filePart("image/jpeg", photo(n))))
		}
		for _, id := range []string{`,"id":"019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f03"`, ""} {
			first := send(len(id), said+id).want(http.StatusOK)
			send(len(id), said+id).want(http.StatusOK)
			for _, change := range []string{`"a"`, `"b"`, `"c"`, `"d"`} {
				if id == "" && change == `"d"` {
					continue // the device is part of what it is derived of
				}
				a := send(len(id), strings.Replace(said, change, `"other"`, 1)+id)
				if id != "" {
					a.wantProblem(http.StatusConflict, jarvis.CodeConflict)
				} else if a.want(http.StatusOK); string(a.body) != string(first.body) {
					t.Errorf("the answer is %s; want %s", a.body, first.body)
				}
			}
		}
	})
}

// What no text of a catalogue can be is refused, on every database alike.
func TestServer_NoText(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		for _, value := range []string{"%00", "%ff", "a%00b", "%ed%a0%80"} {
			for _, path := range []string{"/api/captures?app=", "/api/captures?device=", "/api/days/2026-01-24/minutes?device=", "/api/coverage?device=", "/api/audit?who="} {
				r.get(r.admin, path+value).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
			}
			r.post(r.admin, "/api/captures/delete?app="+value, "").wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
			r.delete(r.admin, "/api/tokens/"+value).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
	})
}

// noLog is a guard whose log cannot be written.
type noLog struct {
	api.Guard
	err error
}

func (g *noLog) RecordNow(ctx context.Context, p jarvis.Principal, action jarvis.Action, captures int64) error {
	if g.err != nil {
		return g.err
	}
	return g.Guard.RecordNow(ctx, p, action, captures)
}

// What cannot be recorded is not done, nor shown.
func TestServer_NoLog(t *testing.T) {
	g := new(noLog)
	r := newRig(t, func(o *api.Options) { g.Guard = o.Guard; o.Guard = g })
	id := r.add(1).ID.String()
	image := "/api/captures/" + id + "/image?download=1"
	tag := r.get(r.reader, image).want(http.StatusOK).header.Get("ETag")
	p := r.preview("")
	g.err = &jarvis.Error{Code: jarvis.CodeUnavailable, Op: "sqlite: add access", Message: "no"}
	refused := func(a answer) {
		t.Helper()
		a.wantProblem(http.StatusServiceUnavailable, jarvis.CodeUnavailable)
	}
	refused(r.get(r.reader, image))
	req := r.request(http.MethodGet, image, nil)
	req.Header.Set("If-None-Match", tag)
	refused(r.do(req, r.reader))
	refused(r.delete(r.admin, "/api/captures/"+id))
	refused(r.confirm(r.admin, p.Confirm))
	refused(r.post(r.admin, "/api/tokens", `{"name":"new"}`))
	refused(r.delete(r.admin, "/api/tokens/desk"))
	refused(r.post(r.admin, "/api/sign-in-links", ""))
	refused(r.delete(r.admin, "/api/sessions/"+id))
	g.err = nil
	r.get(r.reader, "/api/captures/"+id).want(http.StatusOK)
	r.add(1) // the token was not revoked
	if tokens := listOf[jarvis.Token](r.get(r.admin, "/api/tokens")).Items; len(tokens) != 4 {
		t.Errorf("there are %d tokens; want 4", len(tokens))
	}
}

// Every look is in the log, also one at what the client has already, and what must
// not be missing is there before it is answered.
func TestServer_Looks(t *testing.T) {
	r := newRig(t)
	id := r.add(1).ID.String()
	viewed := func() (times int64) {
		must(t, r.guard.Flush(t.Context()))
		lines, err := r.catalog.FindAccess(t.Context(), jarvis.AccessFilter{Action: jarvis.ActionView, Limit: 100})
		must(t, err)
		for _, line := range lines {
			times += line.Times
		}
		return times
	}
	seen := viewed()
	looked := func(path, tag string, status int) string {
		t.Helper()
		req := r.request(http.MethodGet, path, nil)
		if tag != "" {
			req.Header.Set("If-None-Match", tag)
		}
		a := r.do(req, r.reader).want(status)
		if now := viewed(); now != seen+1 {
			t.Errorf("%s answered %d is %d looks in the log; want 1", path, status, now-seen)
		}
		seen = viewed()
		return a.header.Get("ETag")
	}
	looked("/api/stats", "", http.StatusOK)
	looked("/api/devices", "", http.StatusOK)
	for _, kind := range []string{"image", "thumbnail"} {
		tag := looked("/api/captures/"+id+"/"+kind, "", http.StatusOK)
		looked("/api/captures/"+id+"/"+kind, tag, http.StatusNotModified)
	}
	durable := func(action jarvis.Action) {
		t.Helper()
		lines, err := r.catalog.FindAccess(t.Context(), jarvis.AccessFilter{Action: action, Limit: 100})
		if must(t, err); len(lines) != 1 {
			t.Errorf("%s: %d lines were written before the answer; want 1", action, len(lines))
		}
	}
	r.get(r.reader, "/api/captures/"+id+"/image?download=1").want(http.StatusOK)
	durable(jarvis.ActionExport)
	r.delete(r.admin, "/api/captures/"+id).want(http.StatusOK)
	durable(jarvis.ActionDelete)
	r.post(r.admin, "/api/tokens", `{"name":"new"}`).want(http.StatusOK)
	durable(jarvis.ActionToken)
	r.post(r.admin, "/api/sign-in-links", "").want(http.StatusOK)
	durable(jarvis.ActionSignIn)
}

// A capture that was pinned after the preview is not deleted by it.
func TestServer_Delete_PinnedSince(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		id := r.add(1).ID.String()
		r.add(2)
		p := r.preview("")
		r.do(r.request(http.MethodPut, "/api/captures/"+id+"/pin", nil), r.admin).want(http.StatusNoContent)
		r.confirm(r.admin, p.Confirm).wantProblem(http.StatusConflict, jarvis.CodeConflict)
		r.get(r.reader, "/api/captures/"+id).want(http.StatusOK)
		r.confirm(r.admin, r.preview("").Confirm).want(http.StatusOK)
	})
}

// The health names what hangs, and only that.
func TestServer_Health_OneHangs(t *testing.T) {
	for _, which := range []string{"database", "storage"} {
		t.Run(which, func(t *testing.T) {
			for range 2 { // a wrong choice may be right by chance
				f := new(hanging)
				r := newRig(t, func(o *api.Options) {
					f.which = which
					o.Catalog, o.Storage = hangingCatalog{o.Catalog, f}, hangingStorage{o.Storage, f}
				})
				var h struct{ Database, Storage string }
				r.get("", "/health").want(http.StatusOK).json(&h)
				if (h.Database == "ok") == (which == "database") || (h.Storage == "ok") == (which == "storage") {
					t.Fatalf("the health is %+v while the %s hangs", h, which)
				}
			}
		})
	}
}

// hanging says which of both hangs.
type hanging struct{ which string }

type hangingCatalog struct {
	api.Catalog
	f *hanging
}

func (c hangingCatalog) Check(ctx context.Context) error {
	if c.f.which == "database" {
		<-ctx.Done()
		return ctx.Err()
	}
	return c.Catalog.Check(ctx)
}

type hangingStorage struct {
	api.Storage
	f *hanging
}

func (s hangingStorage) Check(ctx context.Context) error {
	if s.f.which == "storage" {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Storage.Check(ctx)
}
