package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/access"
	"github.com/jarvis-memory/jarvis/internal/api"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/picture"
	"github.com/jarvis-memory/jarvis/internal/postgres"
	"github.com/jarvis-memory/jarvis/internal/query"
	"github.com/jarvis-memory/jarvis/internal/search"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
	"github.com/jarvis-memory/jarvis/internal/thumbnail"
	"github.com/jarvis-memory/jarvis/internal/timeline"
	"github.com/jarvis-memory/jarvis/internal/vault"
	"github.com/jarvis-memory/jarvis/internal/web"
)

// noon is when the captures of the tests were taken, unless they say otherwise.
var noon = time.Date(2026, time.January, 24, 12, 0, 0, 123_456_000, time.UTC)

// What is on the screens of the tests, and may be in no log.
const (
	secretTitle = "zebra-title"
	secretApp   = "zebra-app"
	secretURL   = "https://zebra.example/"
)

// catalog is what a catalogue is besides a jarvis.Catalog.
type catalog interface {
	jarvis.Catalog
	jarvis.Credentials
	jarvis.AccessLog
	jarvis.Coverage
	jarvis.Readings
	jarvis.Index
}

// images is package picture as an archive.ImageReader.
type images struct{}

func (images) Inspect(data []byte, limits jarvis.ImageLimits) (jarvis.Image, error) {
	return picture.Inspect(data, limits)
}

func (images) Decode(data []byte, limits jarvis.ImageLimits) error {
	return picture.Decode(data, limits)
}

// buffer is a log that may be written and read at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// rig is a server over a store in a folder of the test.
type rig struct {
	t       testing.TB
	root    string
	catalog catalog
	blobs   jarvis.BlobStore
	guard   *access.Guard
	server  *api.Server
	http    *httptest.Server
	log     *buffer
	answers *buffer // all bodies but those of images
	schema  *document

	admin, reader, device, worker string // tokens
}

// change alters the options of a rig.
type change func(*api.Options)

// limitTo1MiB is a change.
func limitTo1MiB(o *api.Options) { o.MaxImageBytes = 1 << 20 }

// seal is how a store is kept. The zero seal keeps it plain.
type seal struct {
	identity *vault.Identity
	store    jarvis.NewStore
	key      []byte
	secret   jarvis.Secret
}

func newSeal(t testing.TB) seal {
	t.Helper()
	identity, err := vault.NewIdentity()
	must(t, err)
	data := vault.NewDataKey()
	key, err := data.RevealCatalogKey()
	must(t, err)
	secret, err := data.Secret()
	must(t, err)
	return seal{identity, jarvis.NewStore{ID: jarvis.NewRandomID(), Sealed: true, PublicKey: identity.PublicKey()}, key, secret}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// onAll runs a test on SQLite and PostgreSQL, plain and sealed.
func onAll(t *testing.T, test func(*testing.T, *rig), changes ...change) {
	for _, database := range []string{"SQLite", "PostgreSQL"} {
		t.Run(database, func(t *testing.T) {
			for _, kind := range []string{"Plain", "Sealed"} {
				t.Run(kind, func(t *testing.T) {
					var s seal
					if kind == "Sealed" {
						s = newSeal(t)
					}
					if database == "SQLite" {
						test(t, newRigOn(t, s, openSQLite(t, s), changes...))
						return
					}
					c, err := postgres.Open(t.Context(), postgres.Options{URL: server.NewDatabase(t), NewStore: s.store})
					must(t, err)
					t.Cleanup(func() { must(t, c.Close()) })
					test(t, newRigOn(t, s, c, changes...))
				})
			}
		})
	}
}

func openSQLite(t testing.TB, s seal) *sqlite.Catalog {
	t.Helper()
	c, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "catalog.db"), Key: s.key, NewStore: s.store})
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}

// newRig makes a plain store on SQLite.
func newRig(t testing.TB, changes ...change) *rig {
	t.Helper()
	return newRigOn(t, seal{}, openSQLite(t, seal{}), changes...)
}

func newRigOn(t testing.TB, s seal, c catalog, changes ...change) *rig {
	t.Helper()
	r := &rig{t: t, root: t.TempDir(), catalog: c, log: new(buffer), answers: new(buffer)}
	tree, err := fsblob.Open(t.Context(), r.root, fsblob.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, tree.Close()) })
	r.blobs = tree
	if s.identity != nil {
		r.blobs = vault.Seal(tree, s.identity)
	}
	a, err := archive.Open(t.Context(), c, r.blobs, archive.Options{Images: images{}, Secret: s.secret, StoragePath: r.root})
	must(t, err)
	t.Cleanup(func() { must(t, a.Close(context.Background())) })
	logger := slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r.guard = access.New(access.Options{Credentials: c, Log: c, Logger: logger, TrustNetworks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	t.Cleanup(func() { must(t, r.guard.Close(context.Background())) })
	small := thumbnail.New(thumbnail.Options{Folder: filepath.Join(t.TempDir(), "thumbnails"), Exists: func(ctx context.Context, id jarvis.ID) (bool, error) {
		_, err := c.FindCapture(ctx, id)
		return err == nil, nil
	}})
	t.Cleanup(func() { must(t, small.Close(context.Background())) })
	timelines := timeline.New(timeline.Options{Catalog: c, Sheets: small, Image: func(ctx context.Context, id jarvis.ID) ([]byte, error) {
		_, image, err := a.Fetch(ctx, id)
		return image, err
	}})
	searching := search.New(search.Options{Index: c, Readings: c, Catalog: c})
	pages, err := web.New(web.Options{Catalog: c, Version: "1.2.3", Timelines: timelines, Search: searching})
	must(t, err)
	o := api.Options{
		Pages: pages, Timelines: timelines,
		Version: "1.2.3", Archive: a, Catalog: c, Storage: r.blobs, Guard: r.guard, Thumbnails: small, Logger: logger,
		Search: searching, Readings: c, Document: query.Document,
	}
	for _, change := range changes {
		change(&o)
	}
	r.server, err = api.New(o)
	must(t, err)
	t.Cleanup(func() { must(t, r.server.Close(context.Background())) })
	r.http = httptest.NewServer(r.server.Handler())
	t.Cleanup(r.http.Close)
	r.admin, r.reader, r.device = r.token("boss", jarvis.ScopeAdmin), r.token("eyes", jarvis.ScopeRead), r.token("desk", jarvis.ScopeUpload)
	r.worker = r.token("hands", jarvis.ScopeWork)
	r.schema = readDocument(t, r.get("", "/openapi.json").body)
	return r
}

// token makes a token.
func (r *rig) token(name string, scope jarvis.Scope) string {
	r.t.Helper()
	text, _, err := r.guard.NewToken(r.t.Context(), name, scope)
	must(r.t, err)
	return text
}

// answer is what a request was answered with.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// do sends a request, and holds the answer against the OpenAPI document.
func (r *rig) do(req *http.Request, token string) answer {
	r.t.Helper()
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	must(r.t, err)
	body, err := io.ReadAll(res.Body)
	must(r.t, errors.Join(err, res.Body.Close()))
	a := answer{r.t, res.StatusCode, res.Header, body}
	if !strings.HasPrefix(res.Header.Get("Content-Type"), "image/") {
		fmt.Fprintf(r.answers, "%v\n%s\n", res.Header, body)
	}
	if r.schema != nil {
		r.schema.check(r.t, req, a)
	}
	return a
}

func (r *rig) request(method, path string, body io.Reader) *http.Request {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.http.URL+path, body)
	must(r.t, err)
	return req
}

func (r *rig) get(token, path string) answer {
	r.t.Helper()
	return r.do(r.request(http.MethodGet, path, nil), token)
}

func (r *rig) post(token, path, body string) answer {
	r.t.Helper()
	req := r.request(http.MethodPost, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	return r.do(req, token)
}

func (r *rig) delete(token, path string) answer {
	r.t.Helper()
	return r.do(r.request(http.MethodDelete, path, nil), token)
}

// want fails the test unless the answer has the status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("the answer is %d %s; want %d", a.status, a.body, status)
	}
	return a
}

// wantProblem fails the test unless the answer is a problem of the code.
func (a answer) wantProblem(status int, code jarvis.Code) api.Problem {
	a.t.Helper()
	a.want(status)
	var p api.Problem
	a.json(&p)
	if a.header.Get("Content-Type") != "application/problem+json" || p.Code != code || p.Status != status || p.Type != "/docs#problem-"+string(code) ||
		p.Title == "" || p.Detail == "" || p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		a.t.Fatalf("the answer is %s %s; want a problem %d of code %s", a.header.Get("Content-Type"), a.body, status, code)
	}
	return p
}

// part is a part of a form.
type part struct{ header, body string }

const boundary = "a-boundary-of-the-tests"

// form returns the body of an upload.
func form(parts ...part) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "--%s\r\n%s\r\n\r\n%s\r\n", boundary, p.header, p.body)
	}
	fmt.Fprintf(&b, "--%s--\r\n", boundary)
	return b.String()
}

func filePart(kind string, data []byte) part {
	return part{"Content-Disposition: form-data; name=\"file\"; filename=\"shot.jpg\"\r\nContent-Type: " + kind, string(data)}
}

func metadataPart(text string) part {
	return part{`Content-Disposition: form-data; name="metadata"`, text}
}

// send uploads a form.
func (r *rig) send(token, body string) answer {
	r.t.Helper()
	return r.do(r.uploadRequest("/api/captures", body), token)
}

func (r *rig) uploadRequest(path, body string) *http.Request {
	r.t.Helper()
	req := r.request(http.MethodPost, path, strings.NewReader(body))
	req.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	return req
}

// stored is the answer to an upload.
type stored struct {
	ID       jarvis.ID
	Status   string
	Filepath string
}

// add uploads the nth photo, taken n seconds after noon.
func (r *rig) add(n int) stored {
	r.t.Helper()
	var s stored
	r.send(r.device, form(metadataPart(saying(n)), filePart("image/jpeg", photo(n)))).want(http.StatusOK).json(&s)
	return s
}

// saying returns the metadata of the nth photo.
func saying(n int) string {
	return fmt.Sprintf(`{"timestamp":%q,"monitor_index":0,"width":16,"height":9,"app_name":%q,"window_title":%q,"url":%q,"agent_id":"elsewhere"}`,
		noon.Add(time.Duration(n)*time.Second).Format(time.RFC3339Nano), secretApp, secretTitle, secretURL)
}

// photo returns the nth of many different JPEG images.
func photo(n int) []byte { return fmt.Appendf(bytes.Clone(plainJPEG()), "photo %d", n) }

var plainJPEG = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, sample(), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
})

var plainPNG = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, sample()); err != nil {
		panic(err)
	}
	return b.Bytes()
})

func sample() image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 16, 9))
	for x := range 16 {
		for y := range 9 {
			m.Set(x, y, color.RGBA{uint8(16 * x), uint8(28 * y), 99, 255})
		}
	}
	return m
}
