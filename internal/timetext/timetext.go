// Package timetext reads times as people write them: on a command line, and in
// the names of screenshots.
package timetext

import (
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Span is what a text names: the half-open stretch [Start, End). A moment, such
// as "2h ago" or "20:39", has Start equal to End; a day, a month or a year has
// its whole length. Both are UTC, cut to the microsecond.
type Span struct{ Start, End time.Time }

// Parse returns the moment that text names, the first one of a day, a month or
// a year. See ParseSpan.
func Parse(text string, now time.Time, loc *time.Location) (time.Time, error) {
	span, err := ParseSpan(text, now, loc)
	return span.Start, err
}

// ParseSpan reads a time as a person writes it. Text without a zone is local
// time in loc; see Local. Errors are CodeInvalid.
func ParseSpan(text string, now time.Time, loc *time.Location) (Span, error) {
	return Span{}, jarvis.Errorf(jarvis.CodeInvalid, "%.60q is not a time", text)
}

// ParseRange reads the two ends of a range, either of which may be empty and is
// then open: a zero time. A moment ends the range just before itself; a day, a
// month or a year is included whole, so that "yesterday" to "yesterday" is
// that day and "20:00" to "21:00" one hour. A range that ends where or before
// it begins is CodeInvalid.
func ParseRange(from, to string, now time.Time, loc *time.Location) (start, end time.Time, err error) {
	return start, end, nil
}

// Local returns the instant at which clocks in loc show the date and the time
// of day of wall, whose own zone is ignored. Of two such instants, when clocks
// were set back, it is the earlier one. When there is none, because clocks were
// set forward, it is as long after the change as wall is after the
// skipped hour's beginning.
func Local(wall time.Time, loc *time.Location) time.Time { return wall }

// FromFileName returns the time in the name that a screenshot tool gave a file,
// and false when there is none. Local time is in loc; see Local. Folders in
// name are ignored.
func FromFileName(name string, loc *time.Location) (time.Time, bool) { return time.Time{}, false }
