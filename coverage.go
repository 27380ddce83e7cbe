package jarvis

import (
	"context"
	"time"
)

// SpanState is what an agent did during a span of time.
type SpanState string

// The states.
const (
	SpanRecording SpanState = "recording"  // captures were taken
	SpanUnchanged SpanState = "unchanged"  // nothing on the screen changed
	SpanIdle      SpanState = "idle"       // nobody was there
	SpanLocked    SpanState = "locked"     // the screen was locked
	SpanPaused    SpanState = "paused"     // the person said so
	SpanExcluded  SpanState = "excluded"   // what was shown is never captured
	SpanSuspended SpanState = "suspended"  // the machine slept
	SpanSpoolFull SpanState = "spool_full" // there was no room to keep captures
	SpanFailed    SpanState = "failed"     // capturing failed
)

// ParseSpanState reads a state; anything but the nine is CodeInvalid.
func ParseSpanState(text string) (SpanState, error) {
	switch state := SpanState(text); state {
	case SpanRecording, SpanUnchanged, SpanIdle, SpanLocked, SpanPaused, SpanExcluded, SpanSuspended, SpanSpoolFull, SpanFailed:
		return state, nil
	}
	return "", Errorf(CodeInvalid, "%q is not a state of a span: it is recording, unchanged, idle, locked, paused, excluded, suspended, spool_full or failed", text)
}

// Span says what an agent did from From up to, not including, To.
type Span struct {
	Device string    `json:"device"`
	Number int64     `json:"number"` // counted by the agent; with the device it is the span's key
	From   time.Time `json:"from"`
	To     time.Time `json:"to"` // after From
	State  SpanState `json:"state"`
}

// Check returns CodeInvalid unless the span has a state of the nine and an end
// after its beginning, to the microsecond, both within what captures may have.
func (s Span) Check() error {
	if _, err := ParseSpanState(string(s.State)); err != nil {
		return err
	}
	from, to := Instant(s.From), Instant(s.To)
	switch {
	case !from.Before(to):
		return Errorf(CodeInvalid, "span %d does not end after it begins", s.Number)
	case from.Before(MinTime) || to.After(MaxTime):
		return Errorf(CodeInvalid, "span %d does not lie between 1970 and 9999", s.Number)
	}
	return nil
}

// SpanSize is a class of lengths that catalogues keep with spans, to find those
// that reach into a time: a minute and less, up to 16 minutes, and so on, the
// last without end.
type SpanSize int

// SpanSizes is how many sizes there are, from 0.
const SpanSizes SpanSize = 8

// Size returns the class of the span's length.
func (s Span) Size() SpanSize {
	size, longest := SpanSize(0), time.Minute
	for size < SpanSizes-1 && s.To.Sub(s.From) > longest {
		size, longest = size+1, longest*16
	}
	return size
}

// Since returns a time before which no span of this size begins that reaches
// beyond t.
func (s SpanSize) Since(t time.Time) time.Time {
	if s >= SpanSizes-1 {
		return MinTime
	}
	return t.Add(-time.Minute << (4 * s))
}

// Gap is a time about which nobody said anything.
type Gap struct {
	Device string    `json:"device"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// SpanFilter selects spans and a page of them, by (device, from, number).
type SpanFilter struct {
	From, To time.Time // spans that have an instant in [From, To); a zero time leaves that side open
	Device   string    // exactly; empty for any
	Limit    int       // 1 to MaxPage; 0 means MaxPage
	After    *Span     // start after this span; only Device, From and Number count
}

// Coverage keeps what agents say about time. It is implemented by every
// catalogue, with the promises of Catalog.
type Coverage interface {
	// PutSpans adds spans in one transaction. One that fails Check is
	// CodeInvalid; devices are kept as CleanText makes them. A span whose number the device has
	// sent before may be sent again, and may have grown: same From and State,
	// and a To that is not earlier (an earlier one changes nothing). Anything
	// else under a number that is taken is CodeConflict, and nothing is added.
	PutSpans(ctx context.Context, spans []Span) error

	// FindSpans returns a page of spans.
	FindSpans(ctx context.Context, f SpanFilter) ([]Span, error)

	// FindDevices describes every device that sent a capture, a span or has a
	// token of ScopeUpload, by name, at most MaxPage.
	FindDevices(ctx context.Context) ([]DeviceInfo, error)
}

// DeviceInfo is what is known of a device. A zero time means never.
type DeviceInfo struct {
	Device   string    `json:"device"`
	Captures int64     `json:"captures"`
	Bytes    int64     `json:"bytes"`
	Newest   time.Time `json:"newest,omitzero"`    // of its captures
	SpansTo  time.Time `json:"spans_to,omitzero"`  // the end of its last span
	LastUsed time.Time `json:"last_used,omitzero"` // of its token, to the minute
	Revoked  bool      `json:"revoked"`            // its token was revoked
}

// Uncovered returns what of [from, to) no span says anything about, oldest
// first. The spans are of one device, in order of From; they may overlap.
func Uncovered(device string, spans []Span, from, to time.Time) []Gap {
	var gaps []Gap
	for _, s := range spans {
		if end := earlier(s.From, to); end.After(from) {
			gaps = append(gaps, Gap{device, from, end})
		}
		if s.To.After(from) {
			from = s.To
		}
	}
	if to.After(from) {
		gaps = append(gaps, Gap{device, from, to})
	}
	return gaps
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
