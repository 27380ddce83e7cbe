package timeline

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// maxSpans is how many spans are read for one time.
const maxSpans = 200_000

// stretch is a time in one state.
type stretch struct {
	from, to time.Time
	state    jarvis.HoleState
}

func (s stretch) length() time.Duration { return s.to.Sub(s.from) }

// stateOf returns the state of a span.
func stateOf(s jarvis.SpanState) jarvis.HoleState {
	switch s {
	case jarvis.SpanRecording:
		return jarvis.HoleRecording
	case jarvis.SpanUnchanged:
		return jarvis.HoleUnchanged
	case jarvis.SpanIdle:
		return jarvis.HoleIdle
	case jarvis.SpanLocked:
		return jarvis.HoleLocked
	case jarvis.SpanPaused:
		return jarvis.HolePaused
	case jarvis.SpanExcluded:
		return jarvis.HoleExcluded
	case jarvis.SpanSuspended:
		return jarvis.HoleSuspended
	case jarvis.SpanSpoolFull:
		return jarvis.HoleSpoolFull
	case jarvis.SpanFailed:
		return jarvis.HoleFailed
	}
	return jarvis.HoleUnknown
}

// spans returns what the agent of each device said about [from, to): stretches that
// follow each other and do not overlap.
func (s *Service) spans(ctx context.Context, from, to time.Time) (map[string][]stretch, error) {
	said := make(map[string][]stretch)
	var sweeping *sweep
	f := jarvis.SpanFilter{From: from, To: to, Limit: jarvis.MaxPage}
	for read := 0; ; {
		page, err := s.o.Catalog.FindSpans(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range page {
			if sweeping == nil || sweeping.device != page[i].Device {
				sweeping.finish(said)
				sweeping = &sweep{device: page[i].Device, at: from, from: from, to: to}
			}
			sweeping.add(page[i])
		}
		if len(page) < f.Limit {
			sweeping.finish(said)
			return said, nil
		}
		if read += len(page); read >= maxSpans {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "there are more than %d spans in this time: ask for a shorter one", maxSpans)
		}
		f.After = &page[len(page)-1]
	}
}

// sweep goes through the spans of a device in order of their beginnings. Where several
// say something about the same time, the one that began last is believed: an agent
// that says "excluded" within "idle" knew better by then.
type sweep struct {
	device   string
	from, to time.Time
	at       time.Time     // up to where it was said
	open     []jarvis.Span // of which some reach beyond at; that which began last is the last
	out      []stretch
}

// add takes the next span.
func (w *sweep) add(s jarvis.Span) {
	w.advance(s.From)
	if s.To.After(w.at) {
		w.open = append(w.open, s)
	}
}

// advance says what was said up to t.
func (w *sweep) advance(t time.Time) {
	if t.After(w.to) {
		t = w.to
	}
	for w.at.Before(t) && len(w.open) > 0 {
		newest := w.open[len(w.open)-1]
		if !newest.To.After(w.at) {
			w.open = w.open[:len(w.open)-1]
			continue
		}
		end := newest.To
		if end.After(t) {
			end = t
		}
		w.out = join(w.out, stretch{w.at, end, stateOf(newest.State)})
		w.at = end
	}
	if t.After(w.at) {
		w.at = t
	}
}

func (w *sweep) finish(said map[string][]stretch) {
	if w == nil {
		return
	}
	w.advance(w.to)
	said[w.device] = w.out
}

// join appends a stretch, or lengthens the last one where that goes on as it.
func join(all []stretch, next stretch) []stretch {
	if n := len(all); n > 0 && all[n-1].state == next.state && !next.from.After(all[n-1].to) {
		if next.to.After(all[n-1].to) {
			all[n-1].to = next.to
		}
		return all
	}
	return append(all, next)
}

// reel finds what lies in times that are asked for in order.
type reel struct {
	all []stretch
	at  int
}

func newReel(all []stretch) *reel { return &reel{all: all} }

// most returns the state that takes most of [from, to); HoleNone where that is none.
func (r *reel) most(from, to time.Time) jarvis.HoleState {
	for r.at < len(r.all) && !r.all[r.at].to.After(from) {
		r.at++
	}
	var lengths [jarvis.HoleFuture + 1]time.Duration
	rest := to.Sub(from)
	for i := r.at; i < len(r.all) && r.all[i].from.Before(to); i++ {
		begin, end := r.all[i].from, r.all[i].to
		if begin.Before(from) {
			begin = from
		}
		if end.After(to) {
			end = to
		}
		lengths[r.all[i].state] += end.Sub(begin)
		rest -= end.Sub(begin)
	}
	lengths[jarvis.HoleNone] += rest
	best := jarvis.HoleNone
	for state, length := range lengths {
		if length > lengths[best] {
			best = jarvis.HoleState(state)
		}
	}
	return best
}
