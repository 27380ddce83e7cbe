package cli

import (
	"context"
	"log/slog"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/timeline"
)

// newTimeline returns what sums up the times of a store.
func (a *app) newTimeline(s *store, logger *slog.Logger) *timeline.Service {
	return timeline.New(timeline.Options{
		Catalog: s.catalog,
		Image: func(ctx context.Context, id jarvis.ID) ([]byte, error) {
			_, image, err := s.archive.Fetch(ctx, id)
			return image, err
		},
		Now:    a.now,
		Logger: logger,
	})
}
