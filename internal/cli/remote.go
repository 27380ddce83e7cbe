package cli

import (
	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
)

// openRemote connects to the server that the settings name.
func (a *app) openRemote(cfg *config.Config) (memory, error) {
	return nil, jarvis.Errorf(jarvis.CodeUnavailable, "the server %s cannot be used yet", cfg.ServerURL)
}
