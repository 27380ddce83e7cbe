package journey

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/demo"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/picture"
	"github.com/jarvis-memory/jarvis/internal/query"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
)

// zone is that of the days: its clocks change.
const zone = "Europe/Berlin"

// fixture is a server on simulated days, which journeys share: they look at them, and
// what one deletes no other asks for.
type fixture struct {
	once   sync.Once
	home   string
	server *server
	days   *demo.Result
	zone   *time.Location
	err    error
}

// start makes the days and the server once.
func (f *fixture) start(t testing.TB) {
	t.Helper()
	shared.chromium.start(t) // which may skip the test: then nothing is made
	f.once.Do(func() {
		began := time.Now()
		f.err = f.make(context.Background(), small)
		t.Logf("the simulated days took %v", time.Since(began).Round(time.Millisecond))
	})
	if f.err != nil {
		t.Fatalf("the simulated days: %v", f.err)
	}
}

// small are days that are simulated within seconds.
var small = demo.Options{
	Days: 2, Devices: 2, Monitors: 3, PerDay: 160, EmptyDay: true, ClockChange: true, Hostile: true, Seed: 6,
}

func (f *fixture) make(ctx context.Context, o demo.Options) (err error) {
	if f.zone, err = time.LoadLocation(zone); err != nil {
		return err
	}
	if f.home, err = os.MkdirTemp("", "jarvis-journey-"); err != nil {
		return err
	}
	o.Location = f.zone
	o.End = lastEvening(time.Now().In(f.zone))
	if f.days, err = simulate(ctx, dataDir(f.home), o); err != nil {
		return err
	}
	f.server, err = serve(f.home)
	return err
}

// lastEvening is a time of a day that is nearly over, in the past.
func lastEvening(now time.Time) time.Time {
	evening := time.Date(now.Year(), now.Month(), now.Day(), 17, 30, 0, 0, now.Location())
	if evening.After(now) {
		evening = evening.AddDate(0, 0, -1)
	}
	return evening
}

func (f *fixture) close() error {
	if f.home == "" {
		return nil
	}
	var err error
	if f.server != nil {
		err = f.server.close()
	}
	return errors.Join(err, os.RemoveAll(f.home))
}

// simulate fills a new plain store in a folder.
func simulate(ctx context.Context, folder string, o demo.Options) (_ *demo.Result, err error) {
	c, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(folder, "jarvis.db")})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	root := filepath.Join(folder, "captures")
	tree, err := fsblob.Open(ctx, root, fsblob.Options{Create: true})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tree.Close()) }()
	a, err := archive.Open(ctx, c, tree, archive.Options{Images: images{}, StoragePath: root})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close(ctx)) }()
	return demo.Fill(ctx, store{a, c}, o, nil)
}

// store is a demo.Sink.
type store struct {
	*archive.Archive
	catalog *sqlite.Catalog
}

func (s store) Read(ctx context.Context, id jarvis.ID, r *jarvis.Reading) error {
	claim, err := s.catalog.ClaimReading(ctx, id, time.Now(), time.Minute)
	if err != nil || claim == nil {
		return err
	}
	return s.catalog.FinishReading(ctx, claim.Lease, r, query.Document(r.Text, claim.Capture.WindowTitle, claim.Capture.URL))
}

func (s store) PutSpans(ctx context.Context, spans []jarvis.Span) error {
	return s.catalog.PutSpans(ctx, spans)
}

func (s store) SetPinned(ctx context.Context, id jarvis.ID, pinned bool) error {
	return s.catalog.SetPinned(ctx, id, pinned)
}

// images is package picture as an archive.ImageReader.
type images struct{}

func (images) Inspect(data []byte, limits jarvis.ImageLimits) (jarvis.Image, error) {
	return picture.Inspect(data, limits)
}

func (images) Decode(data []byte, limits jarvis.ImageLimits) error {
	return picture.Decode(data, limits)
}

// known returns what is known of a kind.
func (f *fixture) known(t testing.TB, kind demo.KnownKind) demo.Known {
	t.Helper()
	for _, k := range f.days.Known {
		if k.Kind == kind {
			return k
		}
	}
	t.Fatalf("the simulated days have nothing of the kind %s", kind)
	return demo.Known{}
}
