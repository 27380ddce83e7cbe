package web

import (
	"cmp"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// zeroData says why nothing was found, and what would find something.
type zeroData struct {
	Understood string
	Terms      []zeroTerm
	Repair     *choice // leaving one term out finds something: the best of them
	Only       *choice // where that does not help: one term that finds something alone
	Spellings  []zeroSpelling
	Gaps       []string
	Range      string // the time that was asked for; empty for all
	Nothing    bool   // there are no captures of this time and place at all
	Waiting    string
	Failed     string
	Partial    bool
}

// zeroTerm is what one term finds.
type zeroTerm struct {
	Text, Count string
	None        bool
	Href, Rest  string // the search without it, where that finds something
}

type zeroSpelling struct{ Term, Close, Href string }

// zero describes an explanation.
func (a *asked) zero(e *jarvis.Explanation) *zeroData {
	z := &zeroData{Understood: clip(e.Understood, 500), Partial: e.Partial, Nothing: e.There == 0}
	best := int64(0)
	for _, term := range e.Terms {
		t := zeroTerm{Text: clip(term.Query, 80), Count: countText(term.Count), None: term.Count == 0}
		if term.Rest > 0 {
			t.Href, t.Rest = a.href(term.Without), countText(term.Rest)
			// What filters is rather given up than a word.
			worth := term.Rest
			if term.Filter {
				worth += jarvis.MaxExplainedCount
			}
			if worth > best {
				best, z.Repair = worth, &choice{Text: t.Text, Href: t.Href}
			}
		}
		z.Terms = append(z.Terms, t)
	}
	if z.Repair == nil {
		z.Only = a.only(e.Terms)
	}
	for _, s := range e.Spellings {
		z.Spellings = append(z.Spellings, zeroSpelling{clip(s.Term, 80), clip(s.Close, 80), a.href(s.Query)})
	}
	if !e.From.IsZero() || !e.To.IsZero() {
		z.Range = a.rangeText(e.From, e.To)
	}
	for _, span := range e.Spans {
		z.Gaps = append(z.Gaps, cmp.Or(clip(span.Device, 80), "A device")+", "+a.gapText(span))
	}
	if e.Waiting > 0 {
		z.Waiting = captures(e.Waiting)
	}
	if e.Failed > 0 {
		z.Failed = captures(e.Failed)
	}
	return z
}

// only returns the search for the one term that finds something alone: rather a word
// than a filter. nil for none, and where the query has no other.
func (a *asked) only(terms []jarvis.ExplainedTerm) *choice {
	var best *jarvis.ExplainedTerm
	for i := range terms {
		if t := &terms[i]; t.Count > 0 && len(terms) > 1 && (best == nil || best.Filter && !t.Filter) {
			best = t
		}
	}
	if best == nil {
		return nil
	}
	return &choice{Text: clip(best.Query, 80), Href: a.href(best.Query)}
}

// countText writes a number that was counted up to MaxExplainedCount.
func countText(n int64) string {
	if n >= jarvis.MaxExplainedCount {
		return grouped(n) + " or more"
	}
	return grouped(n)
}

func (a *asked) rangeText(from, to time.Time) string {
	const layout = "Mon 2 Jan 2006, 15:04"
	switch {
	case from.IsZero():
		return "before " + to.In(a.zone).Format(layout)
	case to.IsZero():
		return "since " + from.In(a.zone).Format(layout)
	}
	return "from " + from.In(a.zone).Format(layout) + " to " + to.In(a.zone).Format(layout)
}

// gapText says what a span is, from when to when.
func (a *asked) gapText(span jarvis.Span) string {
	from, to := span.From.In(a.zone), span.To.In(a.zone)
	end := to.Format("15:04")
	if from.Format(time.DateOnly) != to.Format(time.DateOnly) {
		end = to.Format("Mon 2 Jan, 15:04")
	}
	return from.Format("Mon 2 Jan, 15:04") + " to " + end + ": " + stateText(holeOf(span.State)) + " (" + lengthText(to.Sub(from)) + ")."
}

// holeOf returns what a page calls a span.
func holeOf(state jarvis.SpanState) jarvis.HoleState {
	switch state {
	case jarvis.SpanRecording:
		return jarvis.HoleRecording
	case jarvis.SpanUnchanged:
		return jarvis.HoleUnchanged
	case jarvis.SpanIdle:
		return jarvis.HoleIdle
	case jarvis.SpanLocked:
		return jarvis.HoleLocked
	case jarvis.SpanPaused:
		return jarvis.HolePaused
	case jarvis.SpanExcluded:
		return jarvis.HoleExcluded
	case jarvis.SpanSuspended:
		return jarvis.HoleSuspended
	case jarvis.SpanSpoolFull:
		return jarvis.HoleSpoolFull
	case jarvis.SpanFailed:
		return jarvis.HoleFailed
	}
	return jarvis.HoleUnknown
}
