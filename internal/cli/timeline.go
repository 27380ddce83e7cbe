package cli

import (
	"context"
	"log/slog"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/thumbnail"
	"github.com/jarvis-memory/jarvis/internal/timeline"
)

// newTimeline returns what sums up the times of a store, and keeps sheets in its cache.
func (a *app) newTimeline(s *store, cache *thumbnail.Cache, logger *slog.Logger) *timeline.Service {
	return timeline.New(timeline.Options{
		Catalog: s.catalog,
		Image: func(ctx context.Context, id jarvis.ID) ([]byte, error) {
			_, image, err := s.archive.Fetch(ctx, id)
			return image, err
		},
		Sheets: cache,
		Now:    a.now,
		Logger: logger,
	})
}
