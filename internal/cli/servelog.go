package cli

import (
	"log/slog"

	"github.com/jarvis-memory/jarvis/internal/config"
)

// logToStandardError begins to log JSON lines. On a terminal, where a person
// looks, they are warnings only unless a setting says otherwise, and what else
// is to be told stays text.
func (a *app) logToStandardError(cfg *config.Config) *slog.Logger {
	level := cfg.Server.LogLevel
	if a.errTerminal && isDefault(cfg, "log_level") {
		level = slog.LevelWarn
	}
	logger := slog.New(slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: level}))
	if !a.errTerminal {
		a.log = logger
	}
	return logger
}
