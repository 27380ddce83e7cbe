package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/catalogtest"
	"github.com/jarvis-memory/jarvis/internal/query"
)

// fake is an index, and what goes with it, in memory: as naive as can be.
type fake struct {
	jarvis.Readings // what a search does not call
	captures        []*entry
	position        jarvis.Cursor

	finds           int                               // calls of FindMatches
	onFind          func(ctx context.Context) error   // in FindMatches, if set
	onSet           func(documents []jarvis.Document) // after SetDocuments, if set
	onTexts         func(ids []jarvis.ID)             // before FindTexts, if set
	status          jarvis.ReadStatus                 // of the queue
	jarvis.Coverage                                   // what an explanation does not call
	spans           []jarvis.Span
	rebuilds        int                             // calls of RebuildIndex
	rebuild         func(ctx context.Context) error // in RebuildIndex, if set
}

type entry struct {
	capture  *jarvis.Capture
	reading  *jarvis.Reading
	document string
}

// add stores a capture, and makes its document.
func (f *fake) add(c *jarvis.Capture, words ...jarvis.Word) *jarvis.Capture {
	if c.ID.IsZero() {
		c.ID = testID(len(f.captures))
	}
	e := &entry{capture: c, document: query.Document(textOf(c), c.WindowTitle, c.URL)}
	if words != nil {
		e.reading = &jarvis.Reading{Text: textOf(c), Words: words}
	}
	f.captures = append(f.captures, e)
	slices.SortStableFunc(f.captures, func(a, b *entry) int { return compare(a.capture.Cursor(), b.capture.Cursor()) })
	return c
}

// testID returns an id whose order has nothing to do with n.
func testID(n int) jarvis.ID {
	id, err := jarvis.ParseID(fmt.Sprintf("%08x-0000-7000-8000-%012x", uint32(n)*2654435761, n))
	if err != nil {
		panic(err)
	}
	return id
}

// compare is the fake's own order, the newest first: captures of one microsecond
// are by what is last in their ids.
func compare(a, b jarvis.Cursor) int {
	return cmp.Or(b.Timestamp.Compare(a.Timestamp), strings.Compare(b.ID.String()[24:], a.ID.String()[24:]))
}

func (f *fake) FindMatches(ctx context.Context, m jarvis.MatchFilter) ([]*jarvis.Match, error) {
	f.finds++
	if f.onFind != nil {
		if err := f.onFind(ctx); err != nil {
			return nil, err
		}
	}
	if m.Limit < 1 || m.Limit > jarvis.MaxMatches {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "limit %d", m.Limit)
	}
	ranked := m.Sort == jarvis.SortRelevance
	var found []*jarvis.Match
	for _, e := range f.captures {
		c := e.capture
		if !m.After.IsZero() && compare(m.After, c.Cursor()) >= 0 || !catalogtest.Matches(m.Query, c, e.document) {
			continue
		}
		found = append(found, &jarvis.Match{
			ID: c.ID, Timestamp: c.Timestamp, Device: c.Device, MonitorIndex: c.MonitorIndex,
			AppName: c.AppName, WindowTitle: c.WindowTitle, URL: c.URL,
		})
		if !ranked && len(found) == m.Limit || len(found) == jarvis.MaxRanked {
			break
		}
	}
	if !ranked {
		return found, nil
	}
	for _, match := range found {
		match.Ranked = len(found)
		match.Score = f.score(match.ID, m.Query)
	}
	slices.SortStableFunc(found, func(a, b *jarvis.Match) int { return cmp.Compare(b.Score, a.Score) })
	found = found[min(m.Skip, len(found)):]
	return found[:min(m.Limit, len(found))], nil
}

// score counts the first words of phrases of q in the document.
func (f *fake) score(id jarvis.ID, q jarvis.Query) float64 {
	score := 0
	for _, e := range f.captures {
		if e.capture.ID != id {
			continue
		}
		for _, clause := range q.Clauses {
			for _, a := range clause {
				if a.Kind == jarvis.AtomWords && !a.Not {
					for word := range strings.FieldsSeq(e.document) {
						if word == a.Tokens[0] {
							score++
						}
					}
				}
			}
		}
	}
	return float64(score)
}

func (f *fake) FindNames(_ context.Context, kind jarvis.NameKind) ([]string, error) {
	var names []string
	for _, e := range f.captures {
		name := e.capture.AppName
		if kind == jarvis.NameDevice {
			name = e.capture.Device
		}
		if name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (f *fake) FindTexts(_ context.Context, ids []jarvis.ID) ([]*jarvis.CaptureText, error) {
	if f.onTexts != nil {
		f.onTexts(ids)
	}
	var found []*jarvis.CaptureText
	for _, e := range f.captures {
		if slices.Contains(ids, e.capture.ID) {
			c := *e.capture
			found = append(found, &jarvis.CaptureText{Capture: &c, State: jarvis.TextRead, Reading: e.reading})
		}
	}
	return found, nil
}

func (f *fake) ReadStatus(context.Context, time.Time) (jarvis.ReadStatus, error) {
	return f.status, nil
}

// FindSpans returns one page.
func (f *fake) FindSpans(_ context.Context, s jarvis.SpanFilter) ([]jarvis.Span, error) {
	var found []jarvis.Span
	for _, span := range f.spans {
		if span.To.After(s.From) && (s.To.IsZero() || span.From.Before(s.To)) {
			found = append(found, span)
		}
	}
	return found, nil
}

func (f *fake) FindDocumented(_ context.Context, after jarvis.Cursor, limit int) ([]*jarvis.Capture, error) {
	var found []*jarvis.Capture
	for _, e := range f.captures {
		if len(found) < limit && (after.IsZero() || compare(after, e.capture.Cursor()) < 0) {
			c := *e.capture
			found = append(found, &c)
		}
	}
	return found, nil
}

func (f *fake) SetDocuments(_ context.Context, documents []jarvis.Document, next jarvis.Cursor) error {
	for _, d := range documents {
		for _, e := range f.captures {
			if e.capture.ID == d.ID {
				e.document = d.Words
			}
		}
	}
	f.position = next
	if f.onSet != nil {
		f.onSet(documents)
	}
	return nil
}

func (f *fake) ReindexPosition(context.Context) (jarvis.Cursor, error) { return f.position, nil }

func (f *fake) RebuildIndex(ctx context.Context, progress jarvis.Progress) error {
	f.rebuilds++
	progress(1, 1)
	if f.rebuild != nil {
		return f.rebuild(ctx)
	}
	return nil
}

func (f *fake) FindCapture(_ context.Context, id jarvis.ID) (*jarvis.Capture, error) {
	return nil, jarvis.CaptureDeleted(id)
}

func (f *fake) FindCaptures(_ context.Context, filter jarvis.CaptureFilter) ([]*jarvis.Capture, error) {
	var found []*jarvis.Capture
	for _, e := range f.captures[:min(filter.Limit, len(f.captures))] {
		found = append(found, e.capture)
	}
	return found, nil
}

func (f *fake) Stats(context.Context) (jarvis.CatalogStats, error) {
	return jarvis.CatalogStats{Captures: int64(len(f.captures))}, nil
}

var (
	noon = time.Date(2026, 1, 24, 12, 0, 0, 0, time.UTC)

	errBroken = errors.New("broken")
)

func (f *fake) service() *Service {
	return New(Options{Index: f, Readings: f, Catalog: f, Coverage: f, Now: func() time.Time { return noon }})
}

// search returns a page, or ends the test.
func (f *fake) search(t testing.TB, r jarvis.SearchRequest) *jarvis.SearchPage {
	t.Helper()
	page, err := f.service().Search(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// text returns a capture of an app that says something, so many seconds after noon.
func text(app, says string, seconds int) *jarvis.Capture {
	return &jarvis.Capture{AppName: app, Device: "me@desk", OCRText: &says, Timestamp: noon.Add(time.Duration(seconds) * time.Second)}
}
