package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/picture"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
)

// noon is when the captures of the tests were taken, unless they say otherwise.
var noon = time.Date(2026, time.January, 24, 12, 0, 0, 123_456_000, time.UTC)

// images is package picture as an archive.ImageReader.
type images struct{}

func (images) Inspect(data []byte, limits jarvis.ImageLimits) (jarvis.Image, error) {
	return picture.Inspect(data, limits)
}

func (images) Decode(data []byte, limits jarvis.ImageLimits) error {
	return picture.Decode(data, limits)
}

// photo returns the nth of many different JPEG images: one image, and after its
// end, where a decoder does not look, the number.
func photo(n int) []byte {
	return fmt.Appendf(bytes.Clone(plainJPEG()), "photo %d", n)
}

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

// clock is a clock that tests move.
type clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

// rig is a store in a folder of the test: a real catalogue and a real tree.
type rig struct {
	*archive.Archive
	seal
	t       testing.TB
	root    string // of the tree
	catalog jarvis.Catalog
	blobs   jarvis.BlobStore
	clock   *clock
}

// newRig makes an empty store on SQLite, plain or sealed.
func newRig(t testing.TB, s seal) *rig {
	t.Helper()
	return newRigOn(t, s, openSQLite(t, filepath.Join(t.TempDir(), "catalog.db"), s))
}

func newRigOn(t testing.TB, s seal, catalog jarvis.Catalog) *rig {
	t.Helper()
	r := &rig{t: t, seal: s, root: t.TempDir(), catalog: catalog, clock: &clock{}}
	r.blobs = s.over(openTree(t, r.root))
	r.reopen()
	return r
}

// reopen opens the archive anew over the same two stores.
func (r *rig) reopen() {
	r.t.Helper()
	a, err := archive.Open(r.t.Context(), r.catalog, r.blobs, r.options())
	if err != nil {
		r.t.Fatalf("open the archive: %v", err)
	}
	r.Archive = a
}

func (r *rig) options() archive.Options {
	return archive.Options{Images: images{}, Secret: r.secret, StoragePath: r.root, Now: r.clock.Now}
}

func openSQLite(t testing.TB, path string, s seal) *sqlite.Catalog {
	t.Helper()
	catalog, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, Key: s.key, NewStore: s.store})
	if err != nil {
		t.Fatalf("open SQLite: %v", err)
	}
	t.Cleanup(func() { closeOf(t, catalog) })
	return catalog
}

func openTree(t testing.TB, root string) *fsblob.Store {
	t.Helper()
	blobs, err := fsblob.Open(t.Context(), root, fsblob.Options{})
	if err != nil {
		t.Fatalf("open the tree: %v", err)
	}
	t.Cleanup(func() { closeOf(t, blobs) })
	return blobs
}

func closeOf(t testing.TB, c interface{ Close() error }) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// request is a capture of photo n, taken n seconds after noon.
func request(n int) archive.Request {
	return archive.Request{
		Data:        photo(n),
		Timestamp:   noon.Add(time.Duration(n) * time.Second),
		Device:      "user@host",
		AppName:     "editor",
		WindowTitle: fmt.Sprintf("window %d", n),
	}
}

// add ingests and fails the test unless that worked.
func (r *rig) add(q archive.Request) *jarvis.Capture {
	r.t.Helper()
	result, err := r.Ingest(r.t.Context(), q)
	if err != nil {
		r.t.Fatalf("ingest: %v", err)
	}
	return result.Capture
}

// addMany ingests the first n photos.
func (r *rig) addMany(n int) []*jarvis.Capture {
	r.t.Helper()
	var added []*jarvis.Capture
	for n := range n {
		added = append(added, r.add(request(n)))
	}
	return added
}

// holds fails the test unless the store gives c and data back.
func (r *rig) holds(c *jarvis.Capture, data []byte) {
	r.t.Helper()
	found, got, err := r.Fetch(r.t.Context(), c.ID)
	if err != nil {
		r.t.Fatalf("fetch %s: %v", c.ID, err)
	}
	if diff := cmp.Diff(c, found, compareIDs); diff != "" {
		r.t.Errorf("fetch %s: capture (-acknowledged +found):\n%s", c.ID, diff)
	}
	if !bytes.Equal(got, data) {
		r.t.Errorf("fetch %s: other bytes than were given", c.ID)
	}
}

var compareIDs = cmp.Comparer(func(a, b jarvis.ID) bool { return a == b })

// verify verifies and returns the findings.
func (r *rig) verify(o archive.VerifyOptions) (archive.VerifyReport, []archive.Finding) {
	r.t.Helper()
	report, findings, err := r.tryVerify(o)
	if err != nil {
		r.t.Fatalf("verify: %v", err)
	}
	return report, findings
}

func (r *rig) tryVerify(o archive.VerifyOptions) (archive.VerifyReport, []archive.Finding, error) {
	var findings []archive.Finding
	report, err := r.Verify(r.t.Context(), o, func(f archive.Finding) { findings = append(findings, f) })
	return report, findings, err
}

// isClean fails the test unless verify finds nothing at all, even deeply.
func (r *rig) isClean() {
	r.t.Helper()
	if report, findings := r.verify(archive.VerifyOptions{Deep: true}); !report.OK() || len(findings) > 0 {
		r.t.Errorf("verify: want nothing, got %+v", findings)
	}
}

// path is where a file of the tree is on the disk.
func (r *rig) path(name string) string { return filepath.Join(r.root, filepath.FromSlash(name)) }

// put writes a file into the tree past the store, last changed two hours ago.
func (r *rig) put(name string, data []byte) {
	r.t.Helper()
	path := r.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		r.t.Fatal(err)
	}
	old := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		r.t.Fatal(err)
	}
}

// place puts an image into the tree past the store as one that was published
// there: in a sealed store it is sealed, for the capture of its name.
func (r *rig) place(path string, data []byte) {
	r.t.Helper()
	name, err := jarvis.ParseBlobName(path)
	if err != nil {
		r.t.Fatal(err)
	}
	staged, err := r.blobs.Stage(r.t.Context(), name.ID(), data)
	if err != nil {
		r.t.Fatal(err)
	}
	defer staged.Discard()
	if err := staged.Replace(r.t.Context(), name); err != nil {
		r.t.Fatal(err)
	}
	stored, err := r.blobs.ReadStored(r.t.Context(), name)
	if err != nil {
		r.t.Fatal(err)
	}
	r.put(path, stored)
}

// drop removes a file or a folder of the tree past the store.
func (r *rig) drop(name string) {
	r.t.Helper()
	if err := os.RemoveAll(r.path(name)); err != nil {
		r.t.Fatal(err)
	}
}

// onDisk returns the bytes of a file of the tree.
func (r *rig) onDisk(name string) []byte {
	r.t.Helper()
	data, err := os.ReadFile(r.path(name))
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}

// exists reports whether the tree has the file.
func (r *rig) exists(name string) bool {
	r.t.Helper()
	_, err := os.Lstat(r.path(name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		r.t.Fatal(err)
	}
	return err == nil
}

// wantCode fails the test unless err is an *jarvis.Error of the code.
func wantCode(t testing.TB, err error, code jarvis.Code) {
	t.Helper()
	if e, ok := errors.AsType[*jarvis.Error](err); !ok || e.Code != code {
		t.Fatalf("got error %v (code %q), want code %q", err, jarvis.ErrorCode(err), code)
	}
}

// clientID is an id that a client chose, of another version than ours.
var clientID = func() jarvis.ID {
	id, err := jarvis.ParseID("3f2c1a9e-1111-4222-8333-444455556666")
	if err != nil {
		panic(err)
	}
	return id
}()
