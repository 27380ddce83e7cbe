package timeline

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Nearest implements jarvis.Timelines. Of two that are equally far it is the earlier one.
func (s *Service) Nearest(ctx context.Context, device string, monitor *int, at time.Time) (*jarvis.Capture, error) {
	defer s.answering()()
	at = jarvis.Instant(at)
	before, err := s.o.Catalog.FindCaptures(ctx, jarvis.CaptureFilter{To: at, Device: device, Monitor: monitor, Order: jarvis.NewestFirst, Limit: 1})
	if err != nil {
		return nil, err
	}
	after, err := s.o.Catalog.FindCaptures(ctx, jarvis.CaptureFilter{From: at, Device: device, Monitor: monitor, Order: jarvis.OldestFirst, Limit: 1})
	switch {
	case err != nil:
		return nil, err
	case len(before) == 0 && len(after) == 0:
		return nil, jarvis.Errorf(jarvis.CodeNotFound, "there are no captures of this device and monitor")
	case len(before) == 0:
		return after[0], nil
	case len(after) > 0 && after[0].Timestamp.Sub(at) < at.Sub(before[0].Timestamp):
		return after[0], nil
	}
	return before[0], nil
}
