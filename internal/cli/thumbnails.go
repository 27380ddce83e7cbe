package cli

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/thumbnail"
)

// thumbnailFolder is where thumbnails are kept. It may be removed at any time.
func thumbnailFolder(cfg *config.Config) string {
	return filepath.Join(cfg.DataDir, "cache", "thumbnails")
}

// thumbnails returns the cache of a store whose key is at hand, if it has one.
func thumbnails(cfg *config.Config, s *store, logger *slog.Logger) (*thumbnail.Cache, error) {
	o := thumbnail.Options{
		Folder: thumbnailFolder(cfg),
		Log:    logger,
		Exists: func(ctx context.Context, id jarvis.ID) (bool, error) {
			_, err := s.catalog.FindCapture(ctx, id)
			if errors.Is(err, jarvis.ErrNotFound) || errors.Is(err, jarvis.ErrDeleted) {
				return false, nil
			}
			return err == nil, err
		},
	}
	if s.catalog.info.Sealed {
		sealer, err := s.catalog.key.data.CacheKey()
		if err != nil {
			return nil, err
		}
		o.Sealer = sealer
	}
	return thumbnail.New(o), nil
}
