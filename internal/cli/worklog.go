package cli

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
)

// shownFailures is how many captures that could not be read a worker tells one by
// one.
const shownFailures = 10

// failedReading is a capture that could not be read.
type failedReading struct {
	ID     jarvis.ID `json:"id"`
	Reason string    `json:"reason"`
}

// workLog keeps what a worker has to say until the goroutine that prints says it.
// Its methods, but print, may be called concurrently.
type workLog struct {
	mu    sync.Mutex
	lines []string // not yet printed
	first []failedReading
	more  bool // than shownFailures failed
}

// add keeps a line.
func (l *workLog) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

// failed keeps that a capture could not be read, of the first shownFailures.
func (l *workLog) failed(id jarvis.ID, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(l.first) < shownFailures:
		l.first = append(l.first, failedReading{id, reason})
		l.lines = append(l.lines, id.String()+": could not be read: "+reason)
	case !l.more:
		l.more = true
		l.lines = append(l.lines, "Further captures that cannot be read are only counted.")
	}
}

// failures returns the first shownFailures that failed.
func (l *workLog) failures() []failedReading {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]failedReading{}, l.first...)
}

// waits reports whether there are lines to be printed.
func (l *workLog) waits() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines) > 0
}

// print prints the lines that were not printed yet; with --json there are objects
// instead.
func (l *workLog) print(a *app) {
	l.mu.Lock()
	lines := l.lines
	l.lines = nil
	l.mu.Unlock()
	if a.json {
		return
	}
	for _, line := range lines {
		a.note("%s", line)
	}
}

// newWorkLogger returns what a worker logs to: JSON lines with --json, else lines for
// a person, on a terminal only warnings unless a setting says otherwise.
func (a *app) newWorkLogger(cfg *config.Config, log *workLog) *slog.Logger {
	level := cfg.Server.LogLevel
	if a.errTerminal && isDefault(cfg, "log_level") {
		level = slog.LevelWarn
	}
	if a.json {
		return slog.New(slog.NewJSONHandler(a.stderr, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(lineHandler{level: level, log: log})
}

// lineHandler makes a line of a record as commands write them: "jarvis: warning: what
// happened (key: value)". Groups are not named.
type lineHandler struct {
	level slog.Level
	log   *workLog
	attrs []slog.Attr
}

// Enabled implements slog.Handler.
func (h lineHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

// Handle implements slog.Handler.
func (h lineHandler) Handle(_ context.Context, r slog.Record) error {
	var line strings.Builder
	line.WriteString("jarvis: ")
	if r.Level >= slog.LevelWarn {
		line.WriteString("warning: ")
	}
	line.WriteString(r.Message)
	attrs := slices.Clone(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	for i, a := range attrs {
		separator := ", "
		if i == 0 {
			separator = " ("
		}
		line.WriteString(separator + a.Key + ": " + a.Value.Resolve().String())
	}
	if len(attrs) > 0 {
		line.WriteString(")")
	}
	h.log.add(line.String())
	return nil
}

// WithAttrs implements slog.Handler.
func (h lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = slices.Concat(h.attrs, attrs)
	return h
}

// WithGroup implements slog.Handler.
func (h lineHandler) WithGroup(string) slog.Handler { return h }
