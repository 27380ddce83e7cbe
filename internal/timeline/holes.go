package timeline

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

const (
	// leastUnsaid is the shortest time without captures that is a hole though nobody
	// said anything about it, or said that captures were taken.
	leastUnsaid = 90 * time.Second
	// leastUnchanged is the shortest time of an unchanged screen among captures that is
	// drawn; leastSaid is that of any other state.
	leastUnchanged = time.Minute
	leastSaid      = 5 * time.Second

	maxHoles = 4000 // of all devices; then the shortest are left out

	// missedFor is how long a device that was not heard of any more is shown on days on
	// which it sent nothing.
	missedFor  = 30 * 24 * time.Hour
	maxDevices = 100 // that are shown without captures
)

// device is what is known of a device in a time.
type device struct {
	name    string
	present []bool    // whether a minute has captures
	said    []stretch // by its agent
	heard   time.Time // when it was last heard of; zero for never
}

// devices returns those that have something in [from, to), or should have, by name.
func (s *Service) devices(ctx context.Context, m *minutes, said map[string][]stretch, from, to time.Time) ([]device, error) {
	known, err := s.o.Catalog.FindDevices(ctx)
	if err != nil {
		return nil, err
	}
	heard, names := make(map[string]time.Time), make(map[string]bool)
	for of := range m.counts {
		names[of.device] = true
	}
	for name := range said {
		names[name] = true
	}
	silent := 0
	for _, d := range known {
		last := latest(d.Newest, d.SpansTo, d.LastUsed)
		heard[d.Device] = last
		if names[d.Device] || last.Before(from.Add(-missedFor)) || d.Revoked && last.Before(from) || silent >= maxDevices {
			continue
		}
		existed, err := s.existed(ctx, &d, to)
		if err != nil {
			return nil, err
		}
		if existed {
			names[d.Device] = true
			silent++
		}
	}
	all := make([]device, 0, len(names))
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all = append(all, device{name, m.present(name), said[name], heard[name]})
	}
	return all, nil
}

// existed reports whether a device that has nothing in a time had something before its
// end.
func (s *Service) existed(ctx context.Context, d *jarvis.DeviceInfo, to time.Time) (bool, error) {
	if !d.SpansTo.IsZero() && d.SpansTo.Before(to) {
		return true, nil
	}
	if d.Captures == 0 || d.Device == "" {
		return false, nil
	}
	found, err := s.o.Catalog.FindCaptures(ctx, jarvis.CaptureFilter{Device: d.Device, To: to, Limit: 1})
	return len(found) > 0, err
}

func latest(times ...time.Time) time.Time {
	return slices.MaxFunc(times, time.Time.Compare)
}

// explain returns the holes of a device in [from, to), which follow each other.
func explain(d *device, from, to, now time.Time) []stretch {
	end := to
	if now.Before(end) {
		end = latest(now, from)
	}
	var all []stretch
	edges := d.edges(from, end)
	said := newReel(d.said)
	for i := 0; i+1 < len(edges); i++ {
		begin, until := edges[i], edges[i+1]
		state := said.most(begin, until) // one, for there is no edge within
		if d.present[min(int(begin.Sub(from)/time.Minute), len(d.present)-1)] {
			if state == jarvis.HoleRecording {
				state = jarvis.HoleNone
			}
		} else if state == jarvis.HoleNone {
			state = jarvis.HoleUnknown
			if !d.heard.IsZero() && !begin.Before(d.heard) {
				state = jarvis.HoleOffline
			}
		}
		all = join(all, stretch{begin, until, state})
	}
	all = settle(all)
	if end.Before(to) {
		all = append(all, stretch{end, to, jarvis.HoleFuture})
	}
	return all
}

// edges returns the times between which nothing changes, from the first to the last of
// [from, to).
func (d *device) edges(from, to time.Time) []time.Time {
	edges := []time.Time{from, to}
	add := func(t time.Time) {
		if from.Before(t) && t.Before(to) {
			edges = append(edges, t)
		}
	}
	for i := 1; i < len(d.present); i++ {
		if d.present[i] != d.present[i-1] {
			add(from.Add(time.Duration(i) * time.Minute))
		}
	}
	for _, s := range d.said {
		add(s.from)
		add(s.to)
	}
	add(d.heard)
	slices.SortFunc(edges, time.Time.Compare)
	return slices.CompactFunc(edges, time.Time.Equal)
}

// settle leaves out what is too short to be a hole. What is left between two stretches
// of which one reaches up to the other is filled by them.
func settle(all []stretch) []stretch {
	kept := make([]stretch, 0, len(all))
	for i, s := range all {
		least := leastSaid
		switch s.state {
		case jarvis.HoleNone:
			continue
		case jarvis.HoleUnchanged:
			least = leastUnchanged
		case jarvis.HoleUnknown, jarvis.HoleOffline, jarvis.HoleRecording:
			least = leastUnsaid
		}
		if s.length() >= least {
			kept = join(kept, s)
			continue
		}
		// What is short among other holes goes to the one before it, or after it.
		switch {
		case len(kept) > 0 && kept[len(kept)-1].to.Equal(s.from):
			kept[len(kept)-1].to = s.to
		case i+1 < len(all) && all[i+1].state != jarvis.HoleNone && all[i+1].length() >= leastUnsaid:
			all[i+1].from = s.from
		}
	}
	return kept
}

// fewer leaves out the shortest holes until there are no more than maxHoles.
func fewer(all map[string][]stretch) {
	sum := 0
	for _, holes := range all {
		sum += len(holes)
	}
	if sum <= maxHoles {
		return
	}
	lengths := make([]time.Duration, 0, sum)
	for _, holes := range all {
		for _, h := range holes {
			lengths = append(lengths, h.length())
		}
	}
	slices.SortFunc(lengths, func(a, b time.Duration) int { return cmp.Compare(b, a) })
	least := lengths[maxHoles]
	for name, holes := range all {
		all[name] = slices.DeleteFunc(holes, func(h stretch) bool { return h.length() <= least })
	}
}
