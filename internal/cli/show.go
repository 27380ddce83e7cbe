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
	ID    string `arg:"" help:"Id of the capture."`
	Words bool   `help:"Show the words of the text with where each is on the image, in pixels."`
}

// Help is the long help.
func (showCmd) Help() string {
	return `Shows what the catalogue knows about a capture. The image itself is not touched.

Examples:

    jarvis show 019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00
    jarvis show 019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00 --words
    jarvis list --limit 1 --json | jq -r .id | xargs jarvis show --json
`
}

// shownCapture is everything about a capture that is for others to know.
type shownCapture struct {
	*jarvis.Capture
	StoredSHA256 *string `json:"stored_sha256"` // of the bytes on disk; null when unknown
	Future       bool    `json:"future,omitempty"`
	*shownText
}

// shownText is what is known of a text.
type shownText struct {
	State    jarvis.TextState `json:"text_state"`
	Reason   string           `json:"reason"` // why it was not read; mostly empty
	Language string           `json:"language"`
	Engine   string           `json:"engine"`
	Masked   int              `json:"masked"` // secrets that were replaced
	Words    []shownWord      `json:"words"`
}

// shownWord is a word and where it is.
type shownWord struct {
	Text       string     `json:"text"`
	Box        jarvis.Box `json:"box"`
	Confidence int        `json:"confidence"`
	Masked     bool       `json:"masked,omitempty"`
}

func newShownText(t *jarvis.CaptureText) *shownText {
	shown := &shownText{State: t.State, Reason: t.Reason, Words: []shownWord{}}
	if r := t.Reading; r != nil {
		shown.Language, shown.Engine, shown.Masked = r.Language, r.Engine, r.Masked
		for _, w := range r.Words {
			shown.Words = append(shown.Words, shownWord{r.Text[w.Start:w.End], w.Box, w.Confidence, w.Masked})
		}
	}
	return shown
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
	shown, err := cmd.find(ctx, a, m, id)
	if err = errors.Join(err, m.close(ctx)); err != nil {
		return err
	}
	switch {
	case a.json:
		return a.printJSON(shown)
	case cmd.Words:
		a.printWords(shown.Words)
	default:
		a.printCapture(shown, cfg.Location)
	}
	return nil
}

func (cmd *showCmd) find(ctx context.Context, a *app, m memory, id jarvis.ID) (shownCapture, error) {
	capture, err := m.FindCapture(ctx, id)
	if err != nil {
		return shownCapture{}, err
	}
	shown := shownCapture{Capture: capture, Future: capture.Timestamp.After(a.now())}
	if len(capture.StoredSHA256) > 0 {
		digest := hex.EncodeToString(capture.StoredSHA256)
		shown.StoredSHA256 = &digest
	}
	if cmd.Words || capture.OCRText == nil && !a.json { // a person is told why there is none
		text, err := m.FindText(ctx, id)
		if err != nil {
			return shownCapture{}, err
		}
		shown.shownText = newShownText(text)
	}
	return shown, nil
}

// printWords writes words for a person.
func (a *app) printWords(words []shownWord) {
	if len(words) == 0 {
		a.note("There are no words with a place.")
		return
	}
	t := table{columns: []column{
		{title: "X", right: true},
		{title: "Y", right: true},
		{title: "WIDTH", right: true},
		{title: "HEIGHT", right: true},
		{title: "SURE", right: true},
		{title: "WORD", shrink: 12},
	}}
	for _, w := range words {
		t.add(strconv.Itoa(w.Box.X), strconv.Itoa(w.Box.Y), strconv.Itoa(w.Box.Width), strconv.Itoa(w.Box.Height), strconv.Itoa(w.Confidence)+"%", w.Text)
	}
	t.print(a.console, true)
}

// stateText says why a capture has no text; empty where nothing is to be said.
func (t *shownText) stateText() string {
	switch t.State {
	case jarvis.TextWaiting:
		if t.Reason != "" {
			return "waits to be read again: " + t.Reason
		}
		return "waits to be read"
	case jarvis.TextFailed:
		return "could not be read: " + t.Reason
	}
	return ""
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
		line("text", c.stateText())
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
