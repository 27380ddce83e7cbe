package postgres

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// readingColumns are what readingScan reads of a row of readings, called r, that
// may be missing.
const readingColumns = "r.read_at, r.language, r.engine, r.masked, r.words"

// readingScan is a row of readings with its text.
type readingScan struct {
	text             *string
	readAt           *time.Time // nil when there is no row
	language, engine *string
	masked           *int
	words            []byte
}

// targets are for the text and readingColumns.
func (s *readingScan) targets() []any {
	return []any{&s.text, &s.readAt, &s.language, &s.engine, &s.masked, &s.words}
}

// reading returns what was scanned; nil when there was no row.
func (s *readingScan) reading() (*jarvis.Reading, error) {
	if s.readAt == nil || s.language == nil || s.engine == nil || s.masked == nil {
		return nil, nil
	}
	r := &jarvis.Reading{Language: *s.language, Engine: *s.engine, Masked: *s.masked, ReadAt: s.readAt.UTC()}
	if s.text != nil {
		r.Text = *s.text
	}
	var err error
	r.Words, err = jarvis.DecodeWords(s.words)
	return r, err
}

const findTexts = "SELECT " + captureColumns + `, queue.capture_id IS NOT NULL, coalesce(aside, false), coalesce(reason, ''), ocr_text, ` + readingColumns + `
	FROM captures
		LEFT JOIN queue ON queue.capture_id = id COLLATE "C"
		LEFT JOIN readings AS r ON r.capture_id = id COLLATE "C"
	WHERE id = ANY ($1::text[])`

// FindTexts returns what is known of the texts of captures.
func (c *Catalog) FindTexts(ctx context.Context, ids []jarvis.ID) ([]*jarvis.CaptureText, error) {
	if len(ids) > jarvis.MaxPage {
		return nil, jarvis.CheckPage(len(ids))
	}
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = id.String()
	}
	found, err := findAll(ctx, c, "find texts", scanText, findTexts, texts)
	if err != nil {
		return nil, err
	}
	byID := make(map[jarvis.ID]*jarvis.CaptureText, len(found))
	for _, text := range found {
		byID[text.Capture.ID] = text
	}
	ordered := make([]*jarvis.CaptureText, 0, len(found))
	for _, id := range ids {
		if text, ok := byID[id]; ok {
			ordered = append(ordered, text)
		}
	}
	return ordered, nil
}

func scanText(row pgx.CollectableRow) (*jarvis.CaptureText, error) {
	text := &jarvis.CaptureText{State: jarvis.TextRead}
	var queued, aside bool
	var r readingScan
	var err error
	text.Capture, err = scanCapture(row, append([]any{&queued, &aside, &text.Reason}, r.targets()...)...)
	if err != nil {
		return nil, err
	}
	text.Capture.OCRText = r.text
	switch {
	case aside:
		text.State = jarvis.TextFailed
	case queued:
		text.State = jarvis.TextWaiting
	}
	text.Reading, err = r.reading()
	return text, err
}

// sortNewestFirst sorts by position, where the database has no index to do it.
func sortNewestFirst[T any](list []T, position func(T) jarvis.Cursor) {
	slices.SortFunc(list, func(a, b T) int {
		x, y := position(a), position(b)
		return cmp.Or(y.Timestamp.Compare(x.Timestamp), cmp.Compare(y.ID.String(), x.ID.String()))
	})
}
