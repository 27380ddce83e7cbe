package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

type showCmd struct {
	ID string `arg:"" help:"Id of the capture."`
}

// Help is the long help.
func (showCmd) Help() string {
	return `Shows what the catalogue knows about a capture. The image itself is not touched.

Examples:

    jarvis show 019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00
    jarvis list --limit 1 --json | jq -r .id | xargs jarvis show --json
`
}

// shownCapture is everything about a capture that is for others to know.
type shownCapture struct {
	*jarvis.Capture
	StoredSHA256 *string `json:"stored_sha256"` // of the bytes on disk; null when unknown
	Future       bool    `json:"future,omitempty"`
}

// Run shows the capture.
func (cmd *showCmd) Run(ctx context.Context, a *app) error {
	id, err := jarvis.ParseID(cmd.ID)
	if err != nil {
		return err
	}
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	m, err := a.openMemory(ctx, cfg, needs{})
	if err != nil {
		return err
	}
	capture, err := m.FindCapture(ctx, id)
	if err = errors.Join(err, m.close(ctx)); err != nil {
		return err
	}
	shown := shownCapture{Capture: capture, Future: capture.Timestamp.After(a.now())}
	if len(capture.StoredSHA256) > 0 {
		digest := hex.EncodeToString(capture.StoredSHA256)
		shown.StoredSHA256 = &digest
	}
	if a.json {
		return a.printJSON(shown)
	}
	a.printCapture(shown, cfg.Location)
	return nil
}

func (a *app) printCapture(c shownCapture, loc *time.Location) {
	line := func(name, value string) {
		if value != "" {
			a.printf("%s  %s\n", a.style.faint(pad(name, 8)), value)
		}
	}
	when := exactTimeText(c.Timestamp, loc)
	if c.Future {
		when += ", in the future"
	}
	stored := timeText(c.CreatedAt, loc)
	if c.Recovered {
		stored += ", recovered from its file by verify"
	}
	size := pixelsText(c.Capture) + ", " + sizeText(c.FileSize)
	if c.StoredSize > 0 && c.StoredSize != c.FileSize {
		size += " (" + sizeText(c.StoredSize) + " on disk)"
	}
	line("id", c.ID.String())
	line("time", when)
	line("stored", stored)
	line("device", c.Device)
	line("monitor", strconv.Itoa(c.MonitorIndex))
	line("app", c.AppName)
	line("title", c.WindowTitle)
	line("url", c.URL)
	line("image", size)
	if c.Pinned {
		line("pinned", "yes")
	}
	line("file", c.Filepath)
	if c.StoredSHA256 != nil {
		line("sha256", *c.StoredSHA256)
	}
	if c.OCRText == nil {
		return
	}
	a.printf("\n")
	for text := range strings.Lines(*c.OCRText) {
		a.printf("%s\n", strings.TrimRight(text, "\r\n"))
	}
}

// pad returns text followed by blanks to a width.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(width-len(text), 0))
}
