package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
)

// runningNote is what a server keeps in the data folder while it runs, for
// commands that make links to it. One that was killed leaves it behind, until the
// next server writes its own.
type runningNote struct {
	Store jarvis.ID `json:"store"`
	URL   string    `json:"url"` // where browsers find it
}

func runningFile(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "server.json") }

// noteRunning writes the note and returns what takes it away again. A server that
// cannot write it serves nevertheless.
func noteRunning(cfg *config.Config, note runningNote, logger *slog.Logger) (remove func()) {
	text, err := json.Marshal(note)
	if err == nil {
		err = os.MkdirAll(cfg.DataDir, 0o700) // a store in PostgreSQL may keep nothing there
	}
	if err == nil {
		err = writeFile(runningFile(cfg), append(text, '\n'), true)
	}
	if err != nil {
		logger.Warn("where this server is could not be noted: jarvis signin prints links by the settings", "error", errorMessage(err))
		return func() {}
	}
	return func() {
		if readRunning(cfg) != note {
			return // of another server that began since
		}
		if err := os.Remove(runningFile(cfg)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			logger.Warn("the note of where this server was could not be removed", "error", errorMessage(err))
		}
	}
}

// readRunning returns the note, and the zero one where there is none that can be
// read.
func readRunning(cfg *config.Config) runningNote {
	var note runningNote
	text, err := os.ReadFile(runningFile(cfg))
	if err != nil || json.Unmarshal(text, &note) != nil {
		return runningNote{}
	}
	return note
}
