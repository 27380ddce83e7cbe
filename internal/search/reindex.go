package search

import (
	"context"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/query"
)

// reindexBatch is how many documents are written at once.
const reindexBatch = 200

// Reindex makes the documents of all captures anew from their texts, and then
// the index from the documents, while captures arrive and are found. Interrupted,
// it goes on where it was; restart begins at the first again. progress, which may
// be nil, hears of the documents that this call made, and then of the index from
// its beginning.
func (s *Service) Reindex(ctx context.Context, restart bool, progress jarvis.Progress) error {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	if restart {
		if err := s.index.SetDocuments(ctx, nil, jarvis.Cursor{}); err != nil {
			return err
		}
	}
	if err := s.redocument(ctx, progress); err != nil {
		return err
	}
	if err := s.index.RebuildIndex(ctx, progress); err != nil {
		return err
	}
	return s.index.SetDocuments(ctx, nil, jarvis.Cursor{})
}

// redocument makes the documents behind the recorded position anew.
func (s *Service) redocument(ctx context.Context, progress jarvis.Progress) error {
	stats, err := s.catalog.Stats(ctx)
	if err != nil {
		return err
	}
	after, err := s.index.ReindexPosition(ctx)
	if err != nil {
		return err
	}
	done := int64(0)
	for {
		captures, err := s.index.FindDocumented(ctx, after, reindexBatch)
		if err != nil || len(captures) == 0 {
			return err
		}
		if err := s.setDocuments(ctx, captures, after); err != nil {
			return err
		}
		after = captures[len(captures)-1].Cursor()
		done += int64(len(captures))
		progress(done, max(done, stats.Captures))
	}
}

// setDocuments makes the documents of captures anew, all those before which are
// finished. A capture that is read meanwhile gets the document of what was read: where
// the text is another afterwards, its document may have been overtaken by an older one.
func (s *Service) setDocuments(ctx context.Context, captures []*jarvis.Capture, before jarvis.Cursor) error {
	for len(captures) > 0 {
		documents := make([]jarvis.Document, len(captures))
		ids := make([]jarvis.ID, len(captures))
		made := make(map[jarvis.ID]string, len(captures))
		for i, c := range captures {
			document := query.Document(s.masked(textOf(c)), c.WindowTitle, c.URL)
			documents[i] = jarvis.Document{ID: c.ID, Words: document}
			ids[i] = c.ID
			made[c.ID] = textOf(c)
		}
		if err := s.index.SetDocuments(ctx, documents, before); err != nil {
			return err
		}
		found, err := s.readings.FindTexts(ctx, ids)
		if err != nil {
			return err
		}
		captures = nil
		for _, text := range found {
			if textOf(text.Capture) != made[text.Capture.ID] {
				captures = append(captures, text.Capture)
			}
		}
	}
	return nil
}

// masked returns a text without its secrets: one that came with its capture is stored
// as it came.
func (s *Service) masked(text string) string {
	if s.mask == nil {
		return text
	}
	r := jarvis.Reading{Text: text}
	s.mask(&r)
	return r.Text
}

func textOf(c *jarvis.Capture) string {
	if c.OCRText == nil {
		return ""
	}
	return *c.OCRText
}
