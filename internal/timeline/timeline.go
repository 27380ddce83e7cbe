// Package timeline sums up what a page needs to draw a time before any image is
// there: what was captured in each minute, why nothing was in the others, where the
// captures are, and small pictures of them in sheets.
//
// docs/timeline.md says what it promises to browsers.
package timeline

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Catalog is what a Service reads. Every jarvis.Catalog that is a jarvis.Coverage too
// is one.
type Catalog interface {
	FindCaptures(ctx context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error)
	FindFiles(ctx context.Context, f jarvis.CaptureFilter) ([]jarvis.FileRecord, error)
	CountMinutes(ctx context.Context, from, to time.Time) ([]jarvis.MinuteCount, error)
	FindSpans(ctx context.Context, f jarvis.SpanFilter) ([]jarvis.Span, error)
	FindDevices(ctx context.Context) ([]jarvis.DeviceInfo, error)
}

// Sheets makes sheets and keeps them. *thumbnail.Cache is one.
type Sheets interface {
	// Sheet returns the JPEG of the tiles, of which there is one at least. It asks
	// image for the images that it needs when it keeps none of just these tiles. whole
	// is false where an image was gone, which could be another time.
	Sheet(ctx context.Context, kind jarvis.SheetKind, tiles []jarvis.Tile, image func(context.Context, jarvis.ID) ([]byte, error)) (sheet []byte, whole bool, err error)
}

// Options are what a Service works with.
type Options struct {
	Catalog Catalog
	// Image returns the image of a capture. It is required with Sheets.
	Image  func(ctx context.Context, id jarvis.ID) ([]byte, error)
	Sheets Sheets           // nil where there are none: CodeNotFound
	Now    func() time.Time // nil for time.Now
	Logger *slog.Logger     // nil for none
}

// Service implements jarvis.Timelines. Its methods may be called concurrently.
type Service struct {
	o   Options
	log *slog.Logger
	now func() time.Time

	busy atomic.Int64 // requests that are being answered

	mu      sync.Mutex
	stop    context.CancelFunc // of the work in the background; nil before Start
	stopped chan struct{}
}

var _ jarvis.Timelines = (*Service)(nil)

// New returns a Service.
func New(o Options) *Service {
	s := &Service{o: o, log: o.Logger, now: o.Now}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// answering tells the work in the background to wait until what it returns is called.
func (s *Service) answering() (done func()) {
	s.busy.Add(1)
	return func() { s.busy.Add(-1) }
}

// checkRange returns CodeInvalid for a time that is not summed up at once.
func checkRange(from, to time.Time) error {
	switch {
	case from.Before(jarvis.MinTime) || to.After(jarvis.MaxTime):
		return jarvis.Errorf(jarvis.CodeInvalid, "the time does not lie between the years 1970 and 9999")
	case !from.Before(to):
		return jarvis.Errorf(jarvis.CodeInvalid, "the time does not end after it begins")
	case to.Sub(from) > jarvis.MaxTimelineRange:
		return jarvis.Errorf(jarvis.CodeInvalid, "a timeline is of %d days at most: ask for a shorter time", int(jarvis.MaxTimelineRange.Hours()/24))
	}
	return nil
}

// Timeline implements jarvis.Timelines.
func (s *Service) Timeline(ctx context.Context, from, to time.Time) (*jarvis.Timeline, error) {
	defer s.answering()()
	if err := checkRange(from, to); err != nil {
		return nil, err
	}
	from = from.UTC().Truncate(time.Minute)
	if end := to.UTC().Truncate(time.Minute); end.Before(to) {
		to = end.Add(time.Minute)
	} else {
		to = end
	}
	minutes, err := s.count(ctx, from, to)
	if err != nil {
		return nil, err
	}
	said, err := s.spans(ctx, from, to)
	if err != nil {
		return nil, err
	}
	devices, err := s.devices(ctx, minutes, said, from, to)
	if err != nil {
		return nil, err
	}
	t := &jarvis.Timeline{From: from, To: to, Holes: []jarvis.Hole{}}
	all := make(map[string][]stretch, len(devices))
	for i := range devices {
		d := &devices[i]
		all[d.name] = explain(d, from, to, jarvis.Instant(s.now()))
	}
	fewer(all)
	for i := range devices {
		name := devices[i].name
		for _, h := range all[name] {
			t.Holes = append(t.Holes, jarvis.Hole{Device: name, From: h.from, To: h.to, State: h.state})
		}
	}
	t.Apps, t.Lanes = minutes.lanes(func(device string) ([]stretch, []stretch) { return all[device], said[device] })
	return t, nil
}
