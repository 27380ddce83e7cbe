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
	first := runningNote{jarvis.NewRandomID(), "http://127.0.0.1:18100", "http://127.0.0.1:18100"}
	second := runningNote{first.Store, "https://memory.example.org", "http://127.0.0.1:18101"}
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
	for _, text := range []string{`{"store":"x"`, `{"url":"http://127.0.0.1:1"}`} { // no note, and one of a server that was killed
		if err := os.WriteFile(runningFile(cfg), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := readRunning(cfg); got != (runningNote{}) {
			t.Errorf("of %s the note is %+v", text, got)
		}
	}
}
