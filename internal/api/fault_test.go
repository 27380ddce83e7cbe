package api_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

// secretPath is what the errors of faulty stores name, and no answer may.
const secretPath = "/srv/private/jarvis"

// faulty is an archive, a catalogue and a storage that fail as they are told.
type faulty struct {
	api.Archive
	api.Catalog
	api.Storage
	mu   sync.Mutex
	err  error
	hang bool
	boom bool

	entered chan struct{} // gets a value when something begins to hang; may be nil
}

func (f *faulty) options(o *api.Options) {
	f.Archive, f.Catalog, f.Storage = o.Archive, o.Catalog, o.Storage
	o.Archive, o.Catalog, o.Storage = faultyArchive{f, f.Archive}, faultyCatalog{f, f.Catalog}, faultyStorage{f, f.Storage}
}

func (f *faulty) set(err error, hang bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err, f.hang = err, hang
}

// fault returns the error that is set, or hangs until ctx is done.
func (f *faulty) fault(ctx context.Context) error {
	f.mu.Lock()
	err, hang, boom := f.err, f.hang, f.boom
	f.mu.Unlock()
	if boom {
		panic("at " + secretPath)
	}
	if hang {
		select {
		case f.entered <- struct{}{}:
		default:
		}
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

type faultyArchive struct {
	f *faulty
	api.Archive
}

func (a faultyArchive) Ingest(ctx context.Context, s jarvis.Submission) (jarvis.Stored, error) {
	if err := a.f.fault(ctx); err != nil {
		return jarvis.Stored{}, err
	}
	return a.Archive.Ingest(ctx, s)
}

type faultyCatalog struct {
	f *faulty
	api.Catalog
}

func (c faultyCatalog) FindCaptures(ctx context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error) {
	if err := c.f.fault(ctx); err != nil {
		return nil, err
	}
	return c.Catalog.FindCaptures(ctx, f)
}

func (c faultyCatalog) Check(ctx context.Context) error {
	return errors.Join(c.f.fault(ctx), c.Catalog.Check(ctx))
}

type faultyStorage struct {
	f *faulty
	api.Storage
}

func (s faultyStorage) Check(ctx context.Context) error { return s.f.fault(ctx) }

// Every code has its status, and those that are for whoever runs the server say
// nothing of it.
func TestServer_Problems(t *testing.T) {
	f := new(faulty)
	r := newRig(t, f.options)
	upload := form(metadataPart(saying(1)), filePart("image/jpeg", photo(1)))
	for _, tt := range []struct {
		code   jarvis.Code
		status int
		says   bool // its message is passed on
	}{
		{jarvis.CodeInvalid, 400, true},
		{jarvis.CodeTooLarge, 413, true},
		{jarvis.CodeNotFound, 404, true},
		{jarvis.CodeConflict, 409, true},
		{jarvis.CodeDeleted, 410, true},
		{jarvis.CodeForbidden, 403, true},
		{jarvis.CodeBusy, 429, true},
		{jarvis.CodeNoCredential, 401, true},
		{jarvis.CodeTimeout, 504, true},
		{jarvis.CodeUnavailable, 503, false},
		{jarvis.CodeNoSpace, 507, false},
		{jarvis.CodeMismatch, 503, false},
		{jarvis.CodeCorrupt, 500, false},
		{jarvis.CodeLocked, 503, false},
		{jarvis.CodeInternal, 500, false},
	} {
		message, op := "this and that", ""
		if !tt.says {
			message, op = "cannot write "+secretPath+"/2026: SELECT * FROM captures", "fsblob: stage"
		}
		f.set(&jarvis.Error{Code: tt.code, Op: op, Message: message, Err: errors.New("open " + secretPath)}, false)
		for _, path := range []string{"upload", "list"} {
			var a answer
			switch {
			case path == "upload" && !slices.Contains([]int{404, 504}, tt.status): // which no upload is answered with
				a = r.send(r.device, upload)
			case path == "list" && !slices.Contains([]int{404, 409, 410, 413, 504, 507}, tt.status): // which no list is
				a = r.get(r.reader, "/api/captures")
			default:
				continue
			}
			p := a.wantProblem(tt.status, tt.code)
			if (p.Detail == message) != tt.says {
				t.Errorf("%s: the detail is %q", tt.code, p.Detail)
			}
			if tt.status == 503 && a.header.Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", tt.code)
			}
		}
	}
	for _, code := range []jarvis.Code{jarvis.CodeInvalid, jarvis.CodeNotFound, jarvis.CodeConflict} {
		f.set(&jarvis.Error{Code: code, Op: "sqlite: list captures", Message: secretPath + " is not a catalogue"}, false)
		r.get(r.reader, "/api/captures").wantProblem(http.StatusServiceUnavailable, jarvis.CodeUnavailable)
		r.send(r.device, upload).wantProblem(http.StatusServiceUnavailable, jarvis.CodeUnavailable)
	}
	f.set(errors.New("dial "+secretPath+": refused"), false)
	r.get(r.reader, "/api/captures").wantProblem(http.StatusInternalServerError, jarvis.CodeInternal)
	f.set(context.DeadlineExceeded, false)
	r.get(r.reader, "/api/captures").wantProblem(http.StatusServiceUnavailable, jarvis.CodeUnavailable)
	if text := r.answers.String(); strings.Contains(text, secretPath) || strings.Contains(text, "SELECT") {
		t.Error("an answer tells what is for the log")
	}
	if !strings.Contains(r.log.String(), secretPath) {
		t.Error("the log does not say what failed")
	}
}

func TestServer_Panic(t *testing.T) {
	f := new(faulty)
	r := newRig(t, f.options)
	f.mu.Lock()
	f.boom = true
	f.mu.Unlock()
	r.get(r.reader, "/api/captures").wantProblem(http.StatusInternalServerError, jarvis.CodeInternal)
	r.get("", "/docs").want(http.StatusOK)
	if !strings.Contains(r.log.String(), "a request ended in a panic") {
		t.Error("the log does not tell of it")
	}
}

func TestServer_Health(t *testing.T) {
	f := new(faulty)
	r := newRig(t, f.options)
	type health struct{ Status, Version, Database, Storage string }
	look := func() (h health, ready bool) {
		t.Helper()
		r.get("", "/health/").want(http.StatusOK).json(&h)
		var other health
		if r.get("", "/health").want(http.StatusOK).json(&other); other != h {
			t.Errorf("/health says %+v, and /health/ %+v", other, h)
		}
		a := r.get("", "/health/ready")
		var answer struct{ Ready bool }
		a.json(&answer)
		if answer.Ready != (a.status == http.StatusOK) || !answer.Ready && a.status != http.StatusServiceUnavailable {
			t.Errorf("ready is %d %s", a.status, a.body)
		}
		return h, answer.Ready
	}
	settle := func(err error, hang bool) (h health, ready bool) {
		t.Helper()
		f.set(err, hang)
		timer := time.NewTimer(1100 * time.Millisecond) // until the last look is old
		defer timer.Stop()
		<-timer.C
		return look()
	}
	if h, ready := look(); h != (health{"healthy", "1.2.3", "ok", "ok"}) || !ready {
		t.Errorf("the health is %+v, %v", h, ready)
	}
	if h, ready := settle(&jarvis.Error{Code: jarvis.CodeNoSpace}, false); h != (health{"degraded", "1.2.3", "unavailable", "full"}) || ready {
		t.Errorf("the health with a full disk is %+v, %v", h, ready)
	}
	began := time.Now()
	if h, ready := settle(nil, true); h != (health{"degraded", "1.2.3", "unavailable", "unavailable"}) || ready {
		t.Errorf("the health of what hangs is %+v, %v", h, ready)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("three answers took %s while everything hangs", took)
	}
	f.set(nil, false)
}

// Where there is no room, an upload waits, and is then told to come again.
func TestServer_Upload_NoRoom(t *testing.T) {
	f := new(faulty)
	r := newRig(t, func(o *api.Options) { f.options(o); o.MaxUploads = 1 })
	f.set(nil, true)
	f.entered = make(chan struct{}, 1)
	r.server.Hasten(50 * time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	first := r.uploadRequest("/api/captures", form(metadataPart(saying(1)), filePart("image/jpeg", photo(1)))).WithContext(ctx)
	first.Header.Set("Authorization", "Bearer "+r.device)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	all.Go(func() {
		if res, err := http.DefaultTransport.RoundTrip(first); err == nil {
			t.Errorf("an upload that hangs was answered %d", res.StatusCode)
			must(t, res.Body.Close())
		}
	})
	<-f.entered
	a := r.send(r.device, form(metadataPart(saying(2)), filePart("image/jpeg", photo(2))))
	a.wantProblem(http.StatusServiceUnavailable, jarvis.CodeUnavailable)
	if a.header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
	}
}

// The images that are received take no more memory than there is for them.
func TestServer_Upload_NoMemory(t *testing.T) {
	f := &faulty{entered: make(chan struct{}, 1)}
	r := newRig(t, func(o *api.Options) { f.options(o); o.MaxImageBytes, o.MaxMemory = 1<<20, 2<<20 })
	r.server.Hasten(50 * time.Millisecond)
	f.set(nil, true)
	ctx, cancel := context.WithCancel(t.Context())
	large := large(1, 900<<10)
	var all sync.WaitGroup
	for _, token := range []string{r.device, r.admin} { // each may have half
		req := r.uploadRequest("/api/captures", large).WithContext(ctx)
		req.Header.Set("Authorization", "Bearer "+token)
		all.Go(func() {
			if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
				t.Errorf("an upload that hangs was answered %d", res.StatusCode)
				must(t, res.Body.Close())
			}
		})
		<-f.entered
	}
	other := r.token("other", jarvis.ScopeUpload)
	r.send(other, large).wantProblem(http.StatusServiceUnavailable, jarvis.CodeUnavailable)
	cancel()
	all.Wait()
	f.set(nil, false)
	r.server.Hasten(10 * time.Second)
	r.send(r.device, large).want(http.StatusOK) // once they gave back what they had
}
