package search

import (
	"context"
	"slices"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/query"
)

// snippetSize is how long a snippet is, in bytes.
const snippetSize = 240

// textsAtOnce bounds the texts that a page holds at a time, with all their words.
const textsAtOnce = 20

// show makes the results of a page. Captures that were deleted since are left out.
func (j *job) show(ctx context.Context, moments []*moment) error {
	for some := range slices.Chunk(moments, textsAtOnce) {
		if err := j.showSome(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

func (j *job) showSome(ctx context.Context, moments []*moment) error {
	ids := make([]jarvis.ID, len(moments))
	for i, m := range moments {
		ids[i] = m.newest.ID
	}
	found, err := j.readings.FindTexts(ctx, ids)
	if err != nil {
		return err
	}
	texts := make(map[jarvis.ID]*jarvis.CaptureText, len(found))
	for _, text := range found {
		texts[text.Capture.ID] = text
	}
	for _, m := range moments {
		if text := texts[m.newest.ID]; text != nil {
			j.page.Results = append(j.page.Results, j.result(m, text))
		}
	}
	return nil
}

func (j *job) result(m *moment, found *jarvis.CaptureText) *jarvis.SearchResult {
	capture := *found.Capture
	text := ""
	if capture.OCRText != nil {
		text, capture.OCRText = *capture.OCRText, nil
	}
	marks := query.Marks(j.query, text)
	r := &jarvis.SearchResult{
		Capture: &capture,
		Count:   m.count,
		From:    m.oldest,
		To:      m.newest.Timestamp,
		Snippet: query.Snippet(text, marks, snippetSize),
		Boxes:   []jarvis.Box{},
		Title:   append([]jarvis.Mark{}, query.TitleMarks(j.query, capture.WindowTitle)...),
		Score:   m.score,
	}
	if found.Reading != nil {
		r.Boxes = append(r.Boxes, boxes(found.Reading.Words, marks)...)
	}
	return r
}

// boxes returns where the marked words are. A word without text belongs to the one
// before it: see jarvis.Word.Masked.
func boxes(words []jarvis.Word, marks []jarvis.Mark) []jarvis.Box {
	var found []jarvis.Box
	marked := false
	for _, w := range words {
		if w.Start < w.End {
			for len(marks) > 0 && marks[0].End <= w.Start {
				marks = marks[1:]
			}
			marked = len(marks) > 0 && marks[0].Start < w.End
		}
		if marked {
			found = append(found, w.Box)
		}
	}
	return found
}

// Hits returns where a text has what a query looks for, in order: the first
// jarvis.MaxHits. A text without words has hits without boxes.
func (s *Service) Hits(found *jarvis.CaptureText, text string) []jarvis.Hit {
	hits := []jarvis.Hit{}
	if found.Capture.OCRText == nil {
		return hits
	}
	var words []jarvis.Word
	if found.Reading != nil {
		words = found.Reading.Words
	}
	marks := query.Marks(query.Parse(text, s.now(), nil), *found.Capture.OCRText)
	for _, mark := range marks[:min(len(marks), jarvis.MaxHits)] {
		for len(words) > 0 && words[0].End <= mark.Start {
			words = words[1:]
		}
		n := 0
		for n < len(words) && (words[n].Start < mark.End || words[n].Start == words[n].End) {
			n++
		}
		hits = append(hits, jarvis.Hit{Mark: mark, Boxes: append([]jarvis.Box{}, boxes(words[:n], []jarvis.Mark{mark})...)})
	}
	return hits
}

// Text returns a capture with all that was read in it. CodeNotFound or
// CodeDeleted as jarvis.Catalog.FindCapture.
func (s *Service) Text(ctx context.Context, id jarvis.ID) (*jarvis.CaptureText, error) {
	found, err := s.readings.FindTexts(ctx, []jarvis.ID{id})
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		return found[0], nil
	}
	if _, err := s.catalog.FindCapture(ctx, id); err != nil {
		return nil, err
	}
	return nil, jarvis.NoCapture(id) // it was stored between the two calls
}
