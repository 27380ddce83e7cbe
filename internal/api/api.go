// Package api is the HTTP API of a server: uploads, the history, and who may see
// it.
//
// One table, in routes.go, names every route and the scope that it needs. What
// fails is answered with a problem document (RFC 9457) whose code is that of the
// [jarvis.Error], see problem.go. What was on a screen is told to whom a
// scope permits to read it, or to have it read; no log line tells it, and none has
// the words of a query.
//
// # Memory
//
// The images of all uploads together take at most [Options.MaxMemory], and so do
// those that are being read. Of searches there are 16 at once, fewer of those that hold
// many matches: see searchPlaces. One client may have half of each, and half of the
// places for uploads. Whoever finds no room waits for a while, and then is answered 503
// with Retry-After.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jarvis-memory/jarvis"
)

// Archive stores, reads and removes captures. *archive.Archive is one.
type Archive interface {
	Ingest(ctx context.Context, s jarvis.Submission) (jarvis.Stored, error)
	Image(ctx context.Context, c *jarvis.Capture) ([]byte, error)
	PlanRemoval(ctx context.Context, f jarvis.CaptureFilter) (*jarvis.Removal, error)
	RemovePlanned(ctx context.Context, r *jarvis.Removal, o jarvis.RemoveOptions) (jarvis.Receipt, error)
	RemoveIDs(ctx context.Context, ids []jarvis.ID, o jarvis.RemoveOptions) (jarvis.Receipt, error)
}

// Catalog is what the API reads of a catalogue, and what it writes there besides
// captures.
type Catalog interface {
	jarvis.Catalog
	jarvis.Coverage
	FindAccess(ctx context.Context, f jarvis.AccessFilter) ([]jarvis.Access, error)
}

// Storage is what the API asks of the place of images. Every jarvis.BlobStore is
// one.
type Storage interface {
	Check(ctx context.Context) error
	Usage(ctx context.Context) (jarvis.Usage, error)
}

// Guard knows who asks. *access.Guard is one; the methods are described there.
type Guard interface {
	Authenticate(r *http.Request) (jarvis.Principal, error)
	Record(p jarvis.Principal, action jarvis.Action, captures int64)
	RecordNow(ctx context.Context, p jarvis.Principal, action jarvis.Action, captures int64) error
	Flush(ctx context.Context) error
	Secure(r *http.Request) bool

	NewSignIn(ctx context.Context) (secret string, expires time.Time, err error)
	Redeem(r *http.Request, secret string, own bool) (*http.Cookie, *jarvis.Session, error)
	NoCookie(r *http.Request) *http.Cookie
	Sessions(ctx context.Context) ([]*jarvis.Session, error)
	End(ctx context.Context, id jarvis.ID) error

	NewToken(ctx context.Context, name string, scope jarvis.Scope) (string, *jarvis.Token, error)
	Tokens(ctx context.Context) ([]*jarvis.Token, error)
	Revoke(ctx context.Context, name string) error
}

// Thumbnails makes small pictures and keeps them.
type Thumbnails interface {
	// Thumbnail returns a JPEG of the capture, about as wide as asked for. It asks
	// image for the capture's image when it keeps none. The caller does not change
	// the bytes.
	Thumbnail(ctx context.Context, id jarvis.ID, width int, image func(context.Context) ([]byte, error)) ([]byte, error)

	// Purge removes every thumbnail of a capture.
	Purge(id jarvis.ID) error
}

// Options are what a Server works with.
type Options struct {
	Version string

	Archive    Archive
	Catalog    Catalog
	Storage    Storage
	Guard      Guard
	Thumbnails Thumbnails // nil where there are none: 404

	Timelines jarvis.Timelines // nil where there are none: 404

	Pages    Pages           // nil where there are none: 404
	Search   Search          // nil where there is none: 404
	Readings jarvis.Readings // the queue of captures to be read; nil where there is none: 404
	// Mask replaces secrets in what workers elsewhere read, whatever they did about
	// them; nil masks nothing.
	Mask func(*jarvis.Reading)
	// Document makes the document of a capture: see jarvis.Index. Required with
	// Readings.
	Document func(text, title, url string) string
	// Stored is told of every new capture, once it is durable, and its image. It
	// returns at once, and keeps neither of both: the image's memory is counted
	// until then. nil for nobody.
	Stored func(c *jarvis.Capture, image []byte)
	// ReadingStats says what the workers of this process did, for the metrics; nil
	// where there are none.
	ReadingStats func() ReadingStats

	// PublicURLs are how browsers reach the server: scheme://host[:port]. The
	// first begins the sign-in links that are made over HTTP. Its IP addresses and
	// localhost need no mention.
	PublicURLs []string
	// AllowedOrigins are the origins of other sites whose pages may use the API.
	AllowedOrigins []string

	MaxImageBytes int64 // of one upload's image; 0 means jarvis.DefaultImageLimits
	MaxMemory     int64 // of all images that are received, and of all that are read; 0 means 64 MiB
	MaxUploads    int   // at once; 0 means 64

	Logger *slog.Logger     // nil for none
	Now    func() time.Time // nil for time.Now
}

const (
	defaultMaxMemory  = 64 << 20
	defaultMaxUploads = 64
	maxSearches       = 16 // at once, in places: see searchPlaces
)

// Server answers requests. Its methods may be called concurrently.
type Server struct {
	o         Options
	log       *slog.Logger
	now       func() time.Time
	hosts     hosts
	ids       requestIDs
	metrics   *metrics
	health    *health
	receiving *budget
	reading   *budget
	uploads   *budget
	searching *budget
	sums      *budget // of timelines
	plans     *plans
	document  *huma.OpenAPI
	pages     pages
	handler   http.Handler
}

// New returns a Server. It must be closed.
func New(o Options) (*Server, error) {
	if o.MaxImageBytes <= 0 {
		o.MaxImageBytes = jarvis.DefaultImageLimits.MaxBytes
	}
	if o.MaxMemory <= 0 {
		o.MaxMemory = defaultMaxMemory
	}
	if o.MaxUploads <= 0 {
		o.MaxUploads = defaultMaxUploads
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	// Half of it is what one client may have: an image, and one byte more that tells
	// that it is too large.
	memory := max(o.MaxMemory, 2*(o.MaxImageBytes+1))
	s := &Server{
		o: o, log: o.Logger, now: o.Now,
		ids:       newRequestIDs(),
		receiving: newBudget(memory, memory/2),
		reading:   newBudget(memory, memory/2),
		uploads:   newBudget(int64(o.MaxUploads), int64(max(1, o.MaxUploads/2))),
		searching: newBudget(maxSearches, maxSearches/2),
		sums:      newBudget(maxTimelines, maxTimelines/2),
		plans:     newPlans(o.Now),
	}
	var err error
	if s.hosts, err = newHosts(o.PublicURLs); err != nil {
		return nil, err
	}
	s.health = newHealth(o)
	s.metrics = newMetrics(s)
	mux, err := s.mount()
	if err != nil {
		return nil, err
	}
	s.handler, err = s.around(mux)
	return s, err
}

// Handler returns what answers requests.
func (s *Server) Handler() http.Handler { return s.handler }

// Close waits for what the server began on its own account, until ctx is done.
// No request may be under way any more.
func (s *Server) Close(ctx context.Context) error { return s.health.close(ctx) }

// WriteDocument writes the OpenAPI document of a version, as YAML.
func WriteDocument(w io.Writer, version string) error {
	s, err := New(Options{Version: version})
	if err != nil {
		return err
	}
	text, err := s.document.YAML()
	if err != nil {
		return jarvis.WrapError(jarvis.CodeInternal, "api: document", "the OpenAPI document could not be written", err)
	}
	_, err = w.Write(text)
	return err
}
