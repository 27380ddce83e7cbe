package archive

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// scope is a range of whole days in UTC; a zero time leaves that side open.
type scope struct{ from, to time.Time }

// newScope rounds a range out to whole days.
func newScope(from, to time.Time) (scope, error) {
	if !from.IsZero() && !to.IsZero() && from.After(to) {
		return scope{}, jarvis.Errorf(jarvis.CodeInvalid, "the range ends before it begins: %s is after %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	var s scope
	if !from.IsZero() {
		s.from = jarvis.DayOf(from).Start()
	}
	if !to.IsZero() {
		s.to = jarvis.DayOf(to).Start()
		if s.to.Before(to) {
			s.to = s.to.AddDate(0, 0, 1)
		}
	}
	return s, nil
}

// holds reports whether the day is in the range.
func (s scope) holds(day jarvis.Day) bool {
	start := day.Start()
	return (s.from.IsZero() || !start.Before(s.from)) && (s.to.IsZero() || start.Before(s.to))
}

// filter selects the rows of the range, oldest first, in large pages.
func (s scope) filter() jarvis.CaptureFilter {
	return jarvis.CaptureFilter{From: s.from, To: s.to, Order: jarvis.OldestFirst, Limit: jarvis.MaxPage}
}

// rows reads the rows of a range page by page.
type rows struct {
	catalog jarvis.Catalog
	filter  jarvis.CaptureFilter
	page    []jarvis.FileRecord
	last    bool // no page follows
}

func (a *Archive) rows(s scope) *rows { return &rows{catalog: a.catalog, filter: s.filter()} }

// peek returns the next row without passing it, and nil after the last. The
// pointer holds until the next call of pass.
func (r *rows) peek(ctx context.Context) (*jarvis.FileRecord, error) {
	if len(r.page) == 0 && !r.last {
		page, err := r.catalog.FindFiles(ctx, r.filter)
		if err != nil {
			return nil, err
		}
		r.page, r.last = page, len(page) < r.filter.Limit
		if len(page) > 0 {
			r.filter.After = page[len(page)-1].Cursor()
		}
	}
	if len(r.page) == 0 {
		return nil, nil
	}
	return &r.page[0], nil
}

// pass goes to the next row.
func (r *rows) pass() { r.page = r.page[1:] }

// meter counts rows for a Progress.
type meter struct {
	progress    Progress
	done, total int64
}

// meterStep is how many rows pass between two calls of a Progress.
const meterStep = 256

// newMeter counts what the passes of a verification will read, from the
// counters. It is free when nobody asks.
func (a *Archive) newMeter(ctx context.Context, s scope, passes int64, progress Progress) (*meter, error) {
	if progress == nil {
		return &meter{}, nil
	}
	days, err := a.catalog.CountDays(ctx, s.from, s.to, time.UTC)
	if err != nil {
		return nil, err
	}
	m := &meter{progress: progress}
	for _, day := range days {
		m.total += passes * day.Captures
	}
	return m, nil
}

func (m *meter) tick(n int64) {
	before := m.done
	m.done += n
	if m.progress != nil && before/meterStep != m.done/meterStep {
		m.progress(m.done, max(m.total, m.done))
	}
}
