package cli

import (
	"context"
	"log/slog"

	"github.com/jarvis-memory/jarvis/internal/config"
)

// serve serves an open store until ctx ends.
func (a *app) serve(ctx context.Context, _ *config.Config, _ *store, logger *slog.Logger) error {
	logger.Info("not yet")
	<-ctx.Done()
	return nil
}
