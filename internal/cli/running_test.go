package cli

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
)

// The note is of the server that began last, and goes with that one.
func TestNoteRunning(t *testing.T) {
	cfg := &config.Config{DataDir: filepath.Join(t.TempDir(), "new")}
	logger := slog.New(slog.DiscardHandler)
	first := runningNote{jarvis.NewRandomID(), "http://127.0.0.1:18100"}
	second := runningNote{first.Store, "https://memory.example.org"}
	removeFirst := noteRunning(cfg, first, logger)
	if got := readRunning(cfg); got != first {
		t.Errorf("the note is %+v", got)
	}
	removeSecond := noteRunning(cfg, second, logger)
	removeFirst()
	if got := readRunning(cfg); got != second {
		t.Errorf("beside another server the note is %+v", got)
	}
	removeSecond()
	if _, err := os.Stat(runningFile(cfg)); !os.IsNotExist(err) {
		t.Errorf("the note is left: %v", err)
	}
	if err := os.WriteFile(runningFile(cfg), []byte(`{"store":"x"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := readRunning(cfg); got != (runningNote{}) {
		t.Errorf("what is no note is %+v", got)
	}
}
