package cli

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
)

// runningNote is what a server keeps in the data folder while it runs, for
// commands that make links to it or ask it. It holds a lock on the file: what one
// that was killed left behind has none.
type runningNote struct {
	Store jarvis.ID `json:"store"`
	URL   string    `json:"url"`   // where browsers find it
	Local string    `json:"local"` // where this machine reaches it
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
	var held *os.File
	if err == nil {
		held, err = os.Open(runningFile(cfg))
	}
	if err == nil {
		err = unix.Flock(int(held.Fd()), unix.LOCK_EX) // which a command holds for a moment at most
	}
	if err != nil {
		logger.Warn("where this server is could not be noted: jarvis signin prints links by the settings", "error", errorMessage(err))
	}
	return func() {
		if held == nil {
			return
		}
		var err error
		if readNote(cfg) == note { // and not of another server that began since
			err = os.Remove(runningFile(cfg))
		}
		if err = errors.Join(err, held.Close()); err != nil {
			logger.Warn("the note of where this server was could not be removed", "error", errorMessage(err))
		}
	}
}

// readRunning returns the note of a server that runs, and the zero one where none
// runs here.
func readRunning(cfg *config.Config) runningNote {
	file, err := os.Open(runningFile(cfg))
	if err != nil {
		return runningNote{}
	}
	held := errors.Is(unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
	if err := file.Close(); err != nil || !held {
		return runningNote{}
	}
	return readNote(cfg)
}

// readNote returns what the file says, and the zero note where it cannot be read.
func readNote(cfg *config.Config) runningNote {
	var note runningNote
	text, err := os.ReadFile(runningFile(cfg))
	if err != nil || json.Unmarshal(text, &note) != nil {
		return runningNote{}
	}
	return note
}
