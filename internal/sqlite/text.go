package sqlite

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// textColumns are those of scanText.
const (
	textColumns = columns + ", ocr_text"
	textWidth   = 18
)

// scanText is scan with the text.
func scanText(s *sqlite3.Stmt) (*jarvis.Capture, error) {
	capture, err := scan(s)
	if err == nil && s.ColumnType(textWidth-1) != sqlite3.NULL {
		text := s.ColumnText(textWidth - 1)
		capture.OCRText = &text
	}
	return capture, err
}

// readingColumns are those of scanReading, of readings and captures.
const readingColumns = "ocr_text, words, language, engine, masked, read_at"

// scanReading reads readingColumns, the first of which is at a place.
func scanReading(s *sqlite3.Stmt, at int) (*jarvis.Reading, error) {
	words, err := jarvis.DecodeWords(s.ColumnBlob(at+1, nil))
	if err != nil {
		return nil, err
	}
	return &jarvis.Reading{
		Text:     s.ColumnText(at),
		Words:    words,
		Language: s.ColumnText(at + 2),
		Engine:   s.ColumnText(at + 3),
		Masked:   s.ColumnInt(at + 4),
		ReadAt:   micros(s, at+5),
	}, nil
}

// FindTexts implements jarvis.Readings.
func (c *Catalog) FindTexts(ctx context.Context, ids []jarvis.ID) ([]*jarvis.CaptureText, error) {
	if len(ids) == 0 {
		return []*jarvis.CaptureText{}, nil
	}
	if err := jarvis.CheckPage(len(ids)); err != nil {
		return nil, err
	}
	return read(ctx, c, "find texts", func(on *conn) ([]*jarvis.CaptureText, error) {
		texts := make([]*jarvis.CaptureText, 0, len(ids))
		err := on.view(func() error {
			for _, id := range ids {
				err := on.query(func(s *sqlite3.Stmt) error {
					text, err := scanCaptureText(s)
					texts = append(texts, text)
					return err
				}, findTextSQL, id.String())
				if err != nil {
					return err
				}
			}
			return nil
		})
		return texts, err
	})
}

const findTextSQL = "SELECT " + textColumns + ", aside, reason, readings.seq, " + readingColumns + ` FROM captures
	LEFT JOIN queue ON aside IN (0, 1) AND queue.seq = captures.seq LEFT JOIN readings ON readings.seq = captures.seq WHERE id = ?`

func scanCaptureText(s *sqlite3.Stmt) (*jarvis.CaptureText, error) {
	capture, err := scanText(s)
	if err != nil {
		return nil, err
	}
	text := &jarvis.CaptureText{Capture: capture, State: jarvis.TextRead, Reason: s.ColumnText(textWidth + 1)}
	switch {
	case s.ColumnType(textWidth) == sqlite3.NULL:
	case s.ColumnBool(textWidth):
		text.State = jarvis.TextFailed
	default:
		text.State = jarvis.TextWaiting
	}
	if s.ColumnType(textWidth+2) != sqlite3.NULL {
		text.Reading, err = scanReading(s, textWidth+3)
	}
	return text, err
}
