// Package jarvis is the domain of a private memory of the screen: what a
// capture is, where its row and its image live, and what may go wrong.
//
// A capture is a row in a [Catalog] and an image in a [BlobStore]. The two are
// joined by the use cases in internal/archive; this package holds the words
// that they share. It does no input or output.
//
// # Times
//
// Every time in this package is UTC with microsecond precision. [Instant]
// brings any time.Time into that form.
//
// # Order
//
// Captures are ordered by (timestamp, id); ids compare as bytes of their
// 36-character lower-case text. That order is total, and the same on every
// database.
package jarvis

import "time"

// Instant returns t as the catalogue keeps it: in UTC, cut to the microsecond.
func Instant(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// MinTime and MaxTime bound the times a capture may have, both inclusive. No
// screen was photographed before 1970; the year 10000 has no RFC 3339 form.
var (
	MinTime = time.Date(1970, time.January, 1, 0, 0, 0, 0, time.UTC)
	MaxTime = time.Date(9999, time.December, 31, 23, 59, 59, 999_999_000, time.UTC)
)
