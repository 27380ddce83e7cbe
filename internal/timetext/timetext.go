// Package timetext reads times as people write them: on a command line, and in
// the names of screenshots.
package timetext

import (
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Span is what a text names: the half-open stretch [Start, End). A moment, such
// as "2h ago" or "20:39", has End equal to Start; a day, a month or a year has
// its whole length. Both are UTC, cut to the microsecond, and within
// jarvis.MinTime and jarvis.MaxTime.
type Span struct{ Start, End time.Time }

// IsMoment reports whether the text named a moment, not a day or longer.
func (s Span) IsMoment() bool { return s.Start.Equal(s.End) }

// Parse returns the moment that text names, the first one of a day, a month or
// a year. See ParseSpan.
func Parse(text string, now time.Time, loc *time.Location) (time.Time, error) {
	span, err := ParseSpan(text, now, loc)
	return span.Start, err
}

// ParseRange reads the two ends of a range, either of which may be empty and is
// then open: a zero time. The range is half-open, [start, end). A moment ends it
// just before itself; a day, a month or a year is included whole, so that
// "yesterday" to "yesterday" is that day, and "20:00" to "21:00" one hour. A
// range that would end where or before it begins is CodeInvalid.
func ParseRange(from, to string, now time.Time, loc *time.Location) (start, end time.Time, err error) {
	if from != "" {
		span, err := ParseSpan(from, now, loc)
		if err != nil {
			return time.Time{}, time.Time{}, err
		}
		start = span.Start
	}
	if to != "" {
		span, err := ParseSpan(to, now, loc)
		if err != nil {
			return time.Time{}, time.Time{}, err
		}
		end = span.End
	}
	if from != "" && to != "" && !start.Before(end) {
		return time.Time{}, time.Time{}, jarvis.Errorf(jarvis.CodeInvalid,
			"no time lies between %q (%s) and %q (%s): give the earlier one first", from, show(start, loc), to, show(end, loc))
	}
	return start, end, nil
}

func show(t time.Time, loc *time.Location) string { return t.In(loc).Format(time.RFC3339) }

// Local returns the instant at which clocks in loc show the date and the time
// of day of wall, whose own zone is ignored. When clocks were set back and
// showed it twice, it is the first of the two instants. When clocks were set
// forward over it, it is moved forward by as much: 02:30 becomes 03:30.
func Local(wall time.Time, loc *time.Location) time.Time {
	shown := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC)
	// No zone is 16 hours from UTC, so that these two instants are before and
	// after any at which clocks can show the wall time. No zone changes twice in
	// between. (Time.ZoneBounds would tell the change itself; but south of the
	// equator, in the last hours of leap years from 2040 on, it tells a past one.)
	const margin = 16 * time.Hour
	before, after := offsetAt(shown.Add(-margin), loc), offsetAt(shown.Add(margin), loc)
	east, west := max(before, after), min(before, after)
	if early := shown.Add(-east); offsetAt(early, loc) == east {
		return early
	}
	// Shown once, or skipped: then clocks went east, and the offset before that counts.
	return shown.Add(-west)
}

func offsetAt(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}
