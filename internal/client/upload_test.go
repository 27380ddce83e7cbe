package client

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

func newUpload(image []byte) Upload {
	return Upload{
		Timestamp: time.Date(2026, 1, 24, 10, 11, 12, 123456789, time.FixedZone("", 3600)), Monitor: 1, Width: 640, Height: 480,
		Device: "ann@laptop", AppName: "secret-app", WindowTitle: `a "title" — ✓`, URL: "https://example.org/?q=1",
		Format: jarvis.PNG, Size: int64(len(image)), Image: bytes.NewReader(image),
	}
}

const storedAnswer = `{"id":"019bef3e-9d00-7000-8000-000000000001","status":"stored","filepath":"2026/01/24/019bef3e-9d00-7000-8000-000000000001.png"}`

// wantForm reads an upload as a server does, and fails the test unless it is whole.
func wantForm(t *testing.T, r *http.Request, image []byte) {
	t.Helper()
	if r.Method != http.MethodPost || r.URL.Path != "/api/captures" || r.ContentLength < int64(len(image)) || r.TransferEncoding != nil {
		t.Errorf("%s %s of %d bytes, %v", r.Method, r.URL.Path, r.ContentLength, r.TransferEncoding)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || int64(len(body)) != r.ContentLength {
		t.Errorf("%d of %d bytes came, error %v", len(body), r.ContentLength, err)
		return
	}
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	must(t, err)
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	part, err := form.NextPart()
	must(t, err)
	text, err := io.ReadAll(part)
	must(t, err)
	sum := sha256.Sum256(image)
	want := map[string]any{
		"timestamp": "2026-01-24T09:11:12.123456Z", "monitor_index": 1.0, "width": 640.0, "height": 480.0,
		"sha256": hex.EncodeToString(sum[:]), "agent_id": "ann@laptop", "app_name": "secret-app", "window_title": `a "title" — ✓`, "url": "https://example.org/?q=1",
	}
	var got map[string]any
	must(t, json.Unmarshal(text, &got))
	for name := range got {
		if got[name] != want[name] {
			t.Errorf("%s is %v, want %v", name, got[name], want[name])
		}
	}
	if part.FormName() != "metadata" || len(got) != len(want) {
		t.Errorf("the part %s has %d members", part.FormName(), len(got))
	}
	part, err = form.NextPart()
	must(t, err)
	content, err := io.ReadAll(part)
	if err != nil || part.FormName() != "file" || part.FileName() != "capture.png" || part.Header.Get("Content-Type") != "image/png" || !bytes.Equal(content, image) {
		t.Errorf("the part %s %v has %d bytes, error %v", part.FormName(), part.Header, len(content), err)
	}
	if _, err := form.NextPart(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last part: %v", err)
	}
}

func TestClient_Upload(t *testing.T) {
	image := make([]byte, 300<<10)
	rand.Read(image)
	f := newFake(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		wantForm(t, r, image)
		writeJSON(w, storedAnswer)
	})
	c, _ := newClient(t, f.URL, Options{})
	stored, err := c.Upload(t.Context(), newUpload(image))
	if err != nil || stored.ID.String() != "019bef3e-9d00-7000-8000-000000000001" || stored.Filepath != "2026/01/24/"+stored.ID.String()+".png" {
		t.Errorf("got %+v, error %v", stored, err)
	}
}

// The server says whether it had the capture before.
func TestClient_Upload_Existed(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, before int) {
		if before == 1 {
			w.Header().Set("Jarvis-Existed", "true")
		}
		writeJSON(w, storedAnswer)
	})
	c, _ := newClient(t, f.URL, Options{})
	for _, want := range []bool{false, true, false} {
		if stored, err := c.Upload(t.Context(), newUpload([]byte("image"))); err != nil || stored.Existed != want {
			t.Errorf("existed: %t, want %t, error %v", stored.Existed, want, err)
		}
	}
}

// However an upload fails, all of it is sent again.
func TestClient_Upload_Again(t *testing.T) {
	image := make([]byte, 1<<20)
	rand.Read(image)
	f := newFake(t, func(w http.ResponseWriter, r *http.Request, before int) {
		switch before {
		case 0: // at once
			reset(t, w)
		case 1: // after some of it
			_, err := io.CopyN(io.Discard, r.Body, 300<<10)
			must(t, err)
			reset(t, w)
		case 2: // after all of it
			wantForm(t, r, image)
			reset(t, w)
		case 3: // without reading it
			writeProblem(w, 503, `{"code":"unavailable"}`)
		default:
			wantForm(t, r, image)
			writeJSON(w, storedAnswer)
		}
	})
	c, waited := newClient(t, f.URL, Options{})
	if _, err := c.Upload(t.Context(), newUpload(image)); err != nil || len(waited.all) != 4 {
		t.Errorf("it waited %v, error %v", waited.all, err)
	}
}

// Nothing but the words of a server that stored it passes for that.
func TestClient_Upload_NotStored(t *testing.T) {
	for _, answer := range []string{
		`{}`, `null`, `[]`, `{"status":"stored"}`, `{"id":"019bef3e-9d00-7000-8000-000000000001"}`,
		strings.Replace(storedAnswer, "stored", "queued", 1), strings.Replace(storedAnswer, "019bef3e", "x", 1), `{"id":"","status":"stored"}`,
	} {
		f := newFake(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			_, err := io.Copy(io.Discard, r.Body)
			must(t, err)
			writeJSON(w, answer)
		})
		c, _ := newClient(t, f.URL, Options{})
		_, err := c.Upload(t.Context(), newUpload([]byte("an image")))
		wantCode(t, err, jarvis.CodeInvalid)
		if f.requests.Load() != 1 {
			t.Errorf("%s: %d requests", answer, f.requests.Load())
		}
	}
	f := newFake(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		_, err := io.Copy(io.Discard, r.Body)
		must(t, err)
		writeJSON(w, storedAnswer)
	})
	c, _ := newClient(t, f.URL, Options{})
	other := newUpload([]byte("an image"))
	other.ID = jarvis.NewRandomID()
	_, err := c.Upload(t.Context(), other)
	wantCode(t, err, jarvis.CodeInvalid)
}

func TestClient_Upload_Refused(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		writeProblem(w, 409, `{"code":"conflict","detail":"the id is taken"}`)
	})
	c, _ := newClient(t, f.URL, Options{})
	image := make([]byte, 8<<20) // the server does not read it
	_, err := c.Upload(t.Context(), newUpload(image))
	wantCode(t, err, jarvis.CodeConflict)
	clear(image) // the race detector sees whoever still reads it
	if f.requests.Load() != 1 {
		t.Errorf("%d requests", f.requests.Load())
	}
	_, err = c.Upload(t.Context(), Upload{})
	wantCode(t, err, jarvis.CodeInvalid)
	short := newUpload([]byte("an image"))
	short.SHA256, short.Size = make([]byte, 32), 100 // more than there is
	c.attempts = 1
	_, err = c.Upload(t.Context(), short)
	wantCode(t, err, jarvis.CodeUnavailable)
	unreadable := newUpload(nil)
	unreadable.Image, unreadable.Size = failing{}, 10
	_, err = c.Upload(t.Context(), unreadable)
	wantCode(t, err, jarvis.CodeUnavailable)
	distant := newUpload([]byte("an image"))
	distant.Timestamp = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	_, err = c.Upload(t.Context(), distant)
	wantCode(t, err, jarvis.CodeInvalid)
}

type failing struct{}

func (failing) ReadAt([]byte, int64) (int, error) { return 0, errors.New("the disk is broken") }

// A client that is stuck in an upload gives up, and says so.
func TestClient_Upload_Stalled(t *testing.T) {
	hung := make(chan struct{})
	f := newFake(t, func(http.ResponseWriter, *http.Request, int) { <-hung })
	defer close(hung)
	c, _ := newClient(t, f.URL, Options{Patience: 100 * time.Millisecond, Attempts: 2})
	_, err := c.Upload(t.Context(), newUpload(make([]byte, 16<<20)))
	wantCode(t, err, jarvis.CodeUnavailable)
	if f.requests.Load() != 2 || !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("%d requests, error %v", f.requests.Load(), err)
	}
}

// Whatever the transport does after it gave an answer, the image is the caller's
// again.
func TestOutgoing_End(t *testing.T) {
	_, w := newWatch(t.Context(), time.Hour)
	defer w.stop()
	o := &outgoing{reader: strings.NewReader("pixels"), watch: w}
	if n, err := o.Read(make([]byte, 3)); n != 3 || err != nil {
		t.Fatalf("%d bytes, error %v", n, err)
	}
	o.end()
	if n, err := o.Read(make([]byte, 3)); n != 0 || !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%d bytes, error %v", n, err)
	}
	must(t, o.Close())
}
