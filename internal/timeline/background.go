package timeline

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

const (
	ahead    = 48 * time.Hour         // how far back sheets are made before anybody asks
	settled  = 2 * time.Minute        // after which the captures of an hour are there, mostly
	rounds   = 5 * time.Minute        // between two looks for hours that are over
	idleLook = 200 * time.Millisecond // between two looks whether requests are being answered
)

// Start begins to make the sheets of hours that are over, the newest first: one at a time,
// while no request is being answered, and half of the time at most. It goes on until Stop.
// It may be called once.
func (s *Service) Start(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	s.stop, s.stopped = cancel, make(chan struct{})
	s.mu.Unlock()
	go func() {
		defer close(s.stopped)
		made := make(map[hour]int)
		again := time.NewTicker(rounds)
		defer again.Stop()
		for {
			s.prepare(ctx, made)
			select {
			case <-ctx.Done():
				return
			case <-again.C:
			}
		}
	}()
}

// Stop ends what Start began, and waits for it until ctx is done.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	stop, stopped := s.stop, s.stopped
	s.mu.Unlock()
	if stop == nil {
		return nil
	}
	stop()
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		return jarvis.WrapError(jarvis.CodeUnavailable, "timeline: stop", "a sheet that is being made does not stop", ctx.Err())
	}
}

// hour is one of a lane.
type hour struct {
	lane
	from time.Time
}

// prepare makes what sheets are missing. made is of which hours it made one, with how
// many captures: one to which some came late is made anew.
func (s *Service) prepare(ctx context.Context, made map[hour]int) {
	over := sheetOf(s.now().Add(-settled), time.Hour)
	from := over.Add(-ahead)
	if from.Before(jarvis.MinTime) {
		return
	}
	m, err := s.count(ctx, from, over)
	if err != nil {
		s.failed(ctx, "no sheets were made ahead", err)
		return
	}
	maps.DeleteFunc(made, func(h hour, _ int) bool { return h.from.Before(from) })
	lanes := slices.SortedFunc(maps.Keys(m.counts), compareLanes)
	for begin := over.Add(-time.Hour); !begin.Before(from); begin = begin.Add(-time.Hour) {
		for _, of := range lanes {
			h := hour{of, begin}
			captures := m.captures(h)
			if captures == 0 || made[h] == captures {
				continue
			}
			if !s.rest(ctx, 0) {
				return
			}
			began := time.Now()
			if _, _, err := s.sheet(ctx, of.device, of.monitor, jarvis.SheetHour, begin); err != nil {
				s.failed(ctx, "a sheet was not made ahead", err)
				if jarvis.ErrorCode(err) == jarvis.CodeUnavailable {
					return // so would be the others
				}
			} else {
				made[h] = captures
			}
			if !s.rest(ctx, time.Since(began)) {
				return
			}
		}
	}
}

// captures returns about how many captures an hour has: a minute counts 255 at most.
func (m *minutes) captures(h hour) (sum int) {
	at := int(h.from.Sub(m.from) / time.Minute)
	for _, count := range m.counts[h.lane][at : at+int(time.Hour/time.Minute)] {
		sum += int(count)
	}
	return sum
}

// rest waits for a time, and then until no request is being answered. It reports false
// when ctx is done.
func (s *Service) rest(ctx context.Context, at time.Duration) bool {
	for {
		if at > 0 {
			timer := time.NewTimer(at)
			select {
			case <-ctx.Done():
				timer.Stop()
				return false
			case <-timer.C:
			}
		}
		if s.busy.Load() == 0 {
			return ctx.Err() == nil
		}
		at = idleLook
	}
}

func (s *Service) failed(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		s.log.WarnContext(ctx, what, "code", string(jarvis.ErrorCode(err)))
	}
}
