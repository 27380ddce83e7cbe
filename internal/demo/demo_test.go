package demo

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/jarvis-memory/jarvis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a sink that remembers all but the images.
type shelf struct {
	mu       sync.Mutex
	captures map[jarvis.ID]kept
	spans    []jarvis.Span
	fail     error // of the 21st capture
}

type kept struct {
	At      time.Time
	Device  string
	Monitor int
	App     string
	Title   string
	URL     string
	Image   [32]byte
	Size    int
	Text    string
	Words   []jarvis.Word
	Pinned  bool
}

func (s *shelf) Ingest(_ context.Context, c jarvis.Submission) (jarvis.Stored, error) {
	image := sha256.Sum256(c.Data)
	id := jarvis.CaptureID(jarvis.Secret{}, image, c.Timestamp, c.Device, c.Monitor)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil && len(s.captures) == 20 {
		return jarvis.Stored{}, s.fail
	}
	s.captures[id] = kept{
		At: c.Timestamp, Device: c.Device, Monitor: c.Monitor, App: c.AppName, Title: c.WindowTitle, URL: c.URL,
		Image: image, Size: len(c.Data),
	}
	return jarvis.Stored{Capture: &jarvis.Capture{ID: id}}, nil
}

func (s *shelf) Read(_ context.Context, id jarvis.ID, r *jarvis.Reading) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.captures[id]
	c.Text, c.Words = r.Text, r.Words
	s.captures[id] = c
	return r.Check()
}

func (s *shelf) PutSpans(_ context.Context, spans []jarvis.Span) error {
	s.spans = append(s.spans, spans...)
	for _, span := range spans {
		if err := span.Check(); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) SetPinned(_ context.Context, id jarvis.ID, pinned bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.captures[id]
	c.Pinned = pinned
	s.captures[id] = c
	return nil
}

func (s *shelf) ordered() []kept {
	return slices.SortedFunc(maps.Values(s.captures), func(a, b kept) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Device, b.Device), cmp.Compare(a.Monitor, b.Monitor))
	})
}

func filled(t *testing.T, o Options) (*shelf, *Result) {
	t.Helper()
	s := &shelf{captures: map[jarvis.ID]kept{}}
	var last int64
	r, err := Fill(t.Context(), s, o, func(done, total int64) {
		if done != last+1 || done > total {
			t.Errorf("%d done of %d after %d", done, total, last)
		}
		last = done
	})
	if err != nil {
		t.Fatal(err)
	}
	if last != r.Captures || int64(len(s.captures)) != r.Captures {
		t.Errorf("%d captures of %d, %d told", len(s.captures), r.Captures, last)
	}
	return s, r
}

func berlin(t *testing.T) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// evening is after all that a day has.
func evening(loc *time.Location) time.Time {
	return time.Date(2026, time.January, 24, 22, 0, 0, 0, loc)
}

// planOf plans without drawing.
func planOf(t *testing.T, o Options) *planner {
	t.Helper()
	o, err := complete(o)
	if err != nil {
		t.Fatal(err)
	}
	return plan(o)
}

// TestPlan_Counts: as many captures as were asked for, where they were asked for.
func TestPlan_Counts(t *testing.T) {
	loc := berlin(t)
	for _, o := range []Options{
		{Days: 2, Devices: 2, PerDay: 100},
		{Days: 1, Devices: 1, Monitors: 5, PerDay: 37},
		{Days: 3, Devices: 3, Monitors: 5, PerDay: 6000, EmptyDay: true},
		{Days: 1, Devices: 1, Monitors: 1, PerDay: 1},
	} {
		o.End, o.Location = evening(loc), loc
		p := planOf(t, o)
		type place struct {
			device int
			day    jarvis.Day
		}
		counts, monitors := map[place]int{}, map[[2]int]bool{}
		for _, m := range p.moments {
			counts[place{m.machine, jarvis.DayIn(m.at, loc)}]++
			monitors[[2]int{m.machine, m.monitor}] = true
		}
		if len(counts) != o.Days*o.Devices {
			t.Errorf("%+v: captures of %d days", o, len(counts))
		}
		for d, n := range counts {
			if n != o.PerDay {
				t.Errorf("%+v: %d captures of %v", o, n, d)
			}
		}
		if o.Monitors > 0 && len(monitors) != o.Monitors {
			t.Errorf("%+v: captures of %d monitors", o, len(monitors))
		}
		for _, d := range p.result.Days {
			if want := int64(o.Devices * o.PerDay); d.Empty != (d.Captures == 0) || !d.Empty && d.Captures != want {
				t.Errorf("%+v: %s has %d captures", o, d.Day, d.Captures)
			}
		}
	}
}

// TestFill_Same: the same options give the same, and another seed something else.
func TestFill_Same(t *testing.T) {
	o := Options{End: evening(time.UTC), Days: 1, Devices: 1, PerDay: 30, Seed: 7, Hostile: true}
	a, first := filled(t, o)
	b, second := filled(t, o)
	if diff := gocmp.Diff(a.ordered(), b.ordered()); diff != "" {
		t.Error(diff)
	}
	if diff := gocmp.Diff(first, second, gocmp.Comparer(func(a, b jarvis.ID) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
	o.Seed = 8
	if c, _ := filled(t, o); gocmp.Equal(a.ordered(), c.ordered()) {
		t.Error("another seed gives the same")
	}
}

// TestPlan_Gaps: every state is there, the spans of a device do not overlap, captures
// lie only where one records, and what nobody explains is said.
func TestPlan_Gaps(t *testing.T) {
	for _, perDay := range []int{20, 60, 600} {
		p := planOf(t, Options{End: evening(time.UTC), Days: 2, Devices: 3, PerDay: perDay, EmptyDay: true})
		r := p.result
		states, numbers, ends := map[jarvis.SpanState]bool{}, map[string]int64{}, map[string]time.Time{}
		for _, span := range r.Spans {
			states[span.State] = true
			numbers[span.Device]++
			if err := span.Check(); err != nil || span.Number != numbers[span.Device] || span.From.Before(ends[span.Device]) || span.To.After(evening(time.UTC)) {
				t.Errorf("%+v after %d until %s: %v", span, numbers[span.Device], ends[span.Device], err)
			}
			ends[span.Device] = span.To
			if empty := r.Days[1]; span.From.Before(empty.To) && span.To.After(empty.From) {
				t.Errorf("%+v on the empty day", span)
			}
		}
		if len(states) != 9 {
			t.Errorf("only the states %v", states)
		}
		for _, m := range p.moments {
			if !slices.ContainsFunc(r.Spans, func(span jarvis.Span) bool {
				return span.Device == p.machines[m.machine].name && span.State == recording && !m.at.Before(span.From) && m.at.Before(span.To)
			}) {
				t.Errorf("a capture of %s at %s, when nobody records", p.machines[m.machine].name, m.at)
			}
		}
		for _, gap := range r.Unexplained {
			own := slices.DeleteFunc(slices.Clone(r.Spans), func(s jarvis.Span) bool { return s.Device != gap.Device })
			if left := jarvis.Uncovered(gap.Device, own, gap.From, gap.To); len(left) != 1 || left[0] != gap {
				t.Errorf("%+v is explained but for %v", gap, left)
			}
		}
		if len(r.Unexplained) != 4 {
			t.Errorf("%d gaps without explanation", len(r.Unexplained))
		}
		if d := r.Devices; d[0].Offline || !d[1].Offline || d[2].Offline {
			t.Errorf("%+v", d)
		}
		if !r.Days[1].Empty || len(r.Days) != 3 {
			t.Errorf("%+v", r.Days)
		}
	}
}

// TestPlan_ClockChange: the night of a change of the clocks is captured through it.
func TestPlan_ClockChange(t *testing.T) {
	loc := berlin(t)
	for end, hours := range map[time.Time]float64{
		evening(loc): 25,
		time.Date(2026, time.June, 5, 20, 0, 0, 0, loc): 23,
	} {
		p := planOf(t, Options{End: end, Location: loc, Days: 1, PerDay: 80, ClockChange: true, EmptyDay: true})
		d := p.result.Days[0]
		if !d.Clock || d.To.Sub(d.From).Hours() != hours || d.Captures != 20 || len(p.result.Days) != 3 {
			t.Fatalf("%+v", p.result.Days)
		}
		offsets := map[int]int{}
		for _, m := range p.moments {
			if m.view.plant.kind == KnownClock {
				_, offset := m.at.In(loc).Zone()
				offsets[offset]++
			}
		}
		if len(offsets) != 2 || offsets[3600] < 4 || offsets[7200] < 4 {
			t.Errorf("captures on both sides of the change: %v", offsets)
		}
	}
	// Where the clocks never change there is no such day.
	if p := planOf(t, Options{End: evening(time.UTC), Days: 1, PerDay: 10, ClockChange: true}); len(p.result.Days) != 1 {
		t.Errorf("%+v", p.result.Days)
	}
}

// TestPlan_End: a morning has the captures of the morning.
func TestPlan_End(t *testing.T) {
	end := time.Date(2026, time.January, 24, 11, 0, 0, 0, time.UTC)
	p := planOf(t, Options{End: end, Days: 2, PerDay: 100})
	if d := p.result.Days; d[0].Captures != 200 || d[1].Captures < 20 || d[1].Captures > 150 {
		t.Errorf("%+v", d)
	}
	for _, m := range p.moments {
		if m.at.After(end) {
			t.Errorf("a capture at %s", m.at)
		}
	}
	if d := p.result.Devices[0]; !d.SeenTo.Equal(end) || d.Offline {
		t.Errorf("%+v", d)
	}
}

// TestPlan_Session: the session has 42 captures in exactly 18 minutes.
func TestPlan_Session(t *testing.T) {
	p := planOf(t, Options{End: evening(time.UTC), PerDay: 600})
	var times []time.Time
	for _, m := range p.moments {
		if m.view.plant.kind == KnownSession {
			times = append(times, m.at)
		}
	}
	if len(times) != 42 || times[41].Sub(times[0]) != 18*time.Minute {
		t.Errorf("%d captures: %v", len(times), times)
	}
}

// TestFill_Errors: what cannot be simulated is refused, and what a sink says is said.
func TestFill_Errors(t *testing.T) {
	end := evening(time.UTC)
	for _, o := range []Options{
		{}, {End: end, Days: -1}, {End: end, Devices: 4}, {End: end, Devices: 2, Monitors: 1}, {End: end, Monitors: 16}, {End: end, PerDay: -3},
	} {
		if _, err := Fill(t.Context(), &shelf{}, o, nil); !errors.Is(err, jarvis.ErrInvalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	full := jarvis.Errorf(jarvis.CodeNoSpace, "the disk is full")
	s := &shelf{captures: map[jarvis.ID]kept{}, fail: full}
	if _, err := Fill(t.Context(), s, Options{End: end, Devices: 1}, nil); !errors.Is(err, full) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s = &shelf{captures: map[jarvis.ID]kept{}}
	if _, err := Fill(ctx, s, Options{End: end, Devices: 1}, func(done, _ int64) {
		if done == 20 {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
