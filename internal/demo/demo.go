// Package demo simulates days at computers: windows drawn with text that was written
// for it, what an agent says about the times between them, and words of which it is
// known when and where they were on a screen. It is what jarvis demo shows, and what
// tests and benchmarks of pages and searches look at.
//
// The same options give the same pictures, times and words.
package demo

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Sink is where a simulation goes. Its methods are called by several goroutines.
type Sink interface {
	// Ingest stores a capture; *archive.Archive does.
	Ingest(ctx context.Context, s jarvis.Submission) (jarvis.Stored, error)
	// Read stores what is on a capture that was ingested, so that nothing has to
	// recognise it.
	Read(ctx context.Context, id jarvis.ID, r *jarvis.Reading) error
	PutSpans(ctx context.Context, spans []jarvis.Span) error
	SetPinned(ctx context.Context, id jarvis.ID, pinned bool) error
}

// Options say what to simulate. The zero Options but for End are two days of two
// devices.
type Options struct {
	End      time.Time      // nothing is later; its day is the last
	Location *time.Location // of the days; nil means UTC

	Days     int // that are recorded, one after the other, the last of which is that of End; 0 means 2
	Devices  int // 1 to 3; 0 means 2
	Monitors int // of all devices together, at least one each; 0 means one more than Devices, at most 15
	// PerDay is how many captures a device takes on all its monitors on a whole
	// day; 0 means 600. On the last day they are as many as fit before End.
	PerDay int

	// EmptyDay puts a day before the last one about which nobody knows anything.
	EmptyDay bool
	// ClockChange adds the day of the last change of the clocks in Location before the
	// first day, if there was one within a year: a night at the first device, awake
	// through the change, with a fourth of PerDay.
	ClockChange bool
	// Hostile adds captures on the first day, beside PerDay, whose words, titles,
	// addresses and device are made to break a page: see KnownHostile.
	Hostile bool

	Seed uint64
}

// Result is what was simulated.
type Result struct {
	From, To time.Time // of the days that are recorded, midnight to midnight
	Days     []Day     // the oldest first, the empty one among them
	Devices  []Device
	Captures int64
	Bytes    int64 // of their images
	Pictures int   // different images
	Spans    []jarvis.Span
	// Unexplained are the times within working hours about which no span says anything.
	Unexplained []jarvis.Gap
	Known       []Known
}

// Day is a simulated day.
type Day struct {
	Day      jarvis.Day
	From, To time.Time // its midnights
	Captures int64     // of all devices
	Empty    bool
	Clock    bool // the clocks change
}

// Device is a simulated computer.
type Device struct {
	Name     string
	Monitors []Monitor
	Captures int64
	SeenTo   time.Time // the end of its last span
	Offline  bool      // it was not heard of again long before Options.End
}

// Monitor is a simulated screen.
type Monitor struct {
	Index         int
	Width, Height int // pixels
}

// KnownKind says what is particular about known words.
type KnownKind string

// The kinds.
const (
	KnownOnce     KnownKind = "once"     // a phrase on one capture only
	KnownSession  KnownKind = "session"  // a word on each of 42 captures in 18 minutes at one terminal
	KnownSessions KnownKind = "sessions" // a word of several windows on several days
	KnownJapanese KnownKind = "japanese" // Japanese
	KnownMasked   KnownKind = "masked"   // stands beside a secret that was masked: Boxes are those of the secret
	KnownTitle    KnownKind = "title"    // is only in the window's title
	KnownURL      KnownKind = "url"      // is only in the address
	KnownPinned   KnownKind = "pinned"   // a phrase on captures that are pinned
	KnownClock    KnownKind = "clock"    // a word before and after the clocks were set back or forward
	KnownHostile  KnownKind = "hostile"  // a word on captures of which something else is made to break a page
)

// Known is a word or phrase of which all captures are known that show it.
type Known struct {
	Kind  KnownKind
	Query string // what to search for
	Text  string // what is on the screen
	Hits  []Hit  // in the order of time
}

// Hit is a capture with known words.
type Hit struct {
	ID      jarvis.ID
	At      time.Time
	Device  string
	Monitor int
	Boxes   []jarvis.Box // of each word of the Known, in order; none where it is in no picture
}

// Fill simulates what o says into a sink, several captures at a time, and reports
// how many are done. What a failed or cancelled Fill has put into the sink stays.
// CodeInvalid says which option is not one.
func Fill(ctx context.Context, sink Sink, o Options, report jarvis.Progress) (*Result, error) {
	return fill(ctx, sink, o, report)
}
