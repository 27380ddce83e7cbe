package cli

import (
	"context"

	"github.com/jarvis-memory/jarvis/internal/config"
)

func (a *app) serve(ctx context.Context, cfg *config.Config, s *store) error {
	<-ctx.Done()
	return nil
}
