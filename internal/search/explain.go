package search

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/query"
)

// explainTime is how long an explanation takes at most: it is an answer to somebody
// who waits already.
const explainTime = 1500 * time.Millisecond

// errEnough is the cause of a context that ended because an explanation has taken
// long enough.
var errEnough = errors.New("an explanation took long enough")

// Explain says why a search for a text found nothing, or little. It takes no longer
// than a second and a half, and then says what it knows.
func (s *Service) Explain(ctx context.Context, r jarvis.SearchRequest) (*jarvis.Explanation, error) {
	q := query.Parse(r.Query, s.now(), r.Location)
	e := &explanation{Service: s, query: q, text: r.Query, location: r.Location, out: jarvis.Explanation{
		Understood: query.String(q), Terms: []jarvis.ExplainedTerm{}, Spellings: []jarvis.Spelling{}, Spans: []jarvis.Span{},
	}}
	limited, cancel := context.WithTimeoutCause(ctx, explainTime, errEnough)
	defer cancel()
	// The most useful, and the cheapest, comes first.
	for _, step := range []func(context.Context) error{e.waiting, e.count, e.spans, e.spell} {
		err := step(limited)
		if err != nil && errors.Is(context.Cause(limited), errEnough) {
			e.out.Partial = true
			break
		}
		if err != nil {
			return nil, err
		}
	}
	return &e.out, nil
}

// explanation is one that is being found.
type explanation struct {
	*Service
	query    jarvis.Query
	text     string // as it was written
	location *time.Location
	seen     map[string]int // the words of captures, once they were counted
	out      jarvis.Explanation
}

// waiting counts the captures that nobody could find by their text.
func (e *explanation) waiting(ctx context.Context) error {
	status, err := e.readings.ReadStatus(ctx, e.now())
	if err != nil {
		return err
	}
	e.out.Waiting, e.out.Failed = status.Waiting+status.Delayed+status.Leased, status.Failed
	return nil
}

// count counts what each clause finds alone, and what the others find without it.
func (e *explanation) count(ctx context.Context) error {
	if err := e.resolve(ctx, e.query); err != nil {
		return err
	}
	for i, term := range terms(e.query) {
		if i == jarvis.MaxExplained {
			break
		}
		explained := jarvis.ExplainedTerm{Term: term}
		var err error
		if explained.Count, err = e.matching(ctx, jarvis.Query{Clauses: e.query.Clauses[i : i+1]}); err != nil {
			return err
		}
		if others := without(e.query, i); len(others.Clauses) > 0 {
			if explained.Rest, err = e.matching(ctx, others); err != nil {
				return err
			}
		}
		e.out.Terms = append(e.out.Terms, explained)
	}
	return nil
}

// matching counts what a query matches, up to MaxExplainedCount.
func (e *explanation) matching(ctx context.Context, q jarvis.Query) (int64, error) {
	found, err := e.index.FindMatches(ctx, jarvis.MatchFilter{Query: q, Limit: jarvis.MaxExplainedCount})
	return int64(len(found)), err
}

// spans finds what agents said about the time of the query.
func (e *explanation) spans(ctx context.Context) error {
	from, to := e.query.Range()
	e.out.From, e.out.To = from, to
	about := jarvis.Query{Clauses: slices.DeleteFunc(slices.Clone(e.query.Clauses), func(c jarvis.Clause) bool {
		return !slices.ContainsFunc(c, isPlace) || slices.ContainsFunc(c, func(a jarvis.Atom) bool { return !isPlace(a) })
	})}
	var err error
	if e.out.There, err = e.matching(ctx, about); err != nil {
		return err
	}
	if from.IsZero() && to.IsZero() || e.coverage == nil {
		return nil
	}
	f := jarvis.SpanFilter{From: from, To: to, Limit: jarvis.MaxPage}
	e.out.Partial = true // until the last page was seen
	for range maxSpanPages {
		spans, err := e.coverage.FindSpans(ctx, f)
		if err != nil {
			return err
		}
		for _, span := range spans {
			if span.State != jarvis.SpanRecording && span.State != jarvis.SpanUnchanged && e.isOf(span.Device) {
				e.out.Spans = append(e.out.Spans, cut(span, from, to))
			}
		}
		if len(spans) < f.Limit {
			e.out.Partial = false
			break
		}
		f.After = &spans[len(spans)-1]
	}
	slices.SortStableFunc(e.out.Spans, func(a, b jarvis.Span) int { return cmp.Compare(b.To.Sub(b.From), a.To.Sub(a.From)) })
	e.out.Spans = e.out.Spans[:min(len(e.out.Spans), jarvis.MaxExplained)]
	return nil
}

// maxSpanPages is how many pages of spans are looked at: those of some months.
const maxSpanPages = 5

// isPlace reports whether an atom is about when and where something was captured, not
// about what it shows.
func isPlace(a jarvis.Atom) bool {
	return a.Kind == jarvis.AtomTime || a.Kind == jarvis.AtomDevice || a.Kind == jarvis.AtomMonitor
}

// isOf reports whether the query may be about a device.
func (e *explanation) isOf(device string) bool {
	for _, clause := range e.query.Clauses {
		if len(clause) == 1 && clause[0].Kind == jarvis.AtomDevice && slices.Contains(clause[0].Names, device) == clause[0].Not {
			return false
		}
	}
	return true
}

// cut returns what of a span is within [from, to).
func cut(span jarvis.Span, from, to time.Time) jarvis.Span {
	if span.From.Before(from) {
		span.From = from
	}
	if !to.IsZero() && span.To.After(to) {
		span.To = to
	}
	return span
}
