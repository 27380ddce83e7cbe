package jarvis

import (
	"context"
	"time"
)

// Box is a rectangle of an image, in pixels; X and Y are of its upper left corner.
type Box struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// Word is a piece of Reading.Text and where it is on the image.
type Word struct {
	Start      int `json:"start"` // the bytes [Start, End) of the text
	End        int `json:"end"`
	Box        Box `json:"box"`
	Confidence int `json:"confidence"` // of the engine, 0 to 100
	// Masked says that the text there stands for a secret that was not kept, or,
	// where it is empty, that more of the same secret is in the box.
	Masked bool `json:"masked,omitempty"`
}

// Longest readings. What an engine says beyond them is cut off by its reader.
const (
	MaxText  = 1 << 20 // bytes
	MaxWords = 1 << 16
)

// Reading is what an engine read in an image.
type Reading struct {
	// Text is in reading order: words of a line are apart by a blank, lines by a
	// line feed, and panels of the screen by an empty line. Chinese and Japanese
	// words, which nobody writes apart, follow each other.
	Text     string    `json:"text"`
	Words    []Word    `json:"words"`    // in the order of Text, apart from each other
	Language string    `json:"language"` // as the engine names it, "eng+deu"; empty when it did not say
	Engine   string    `json:"engine"`   // with its version, "tesseract 5.3.0"
	Masked   int       `json:"masked"`   // secrets in Text that were replaced
	ReadAt   time.Time `json:"read_at"`
}

// Check returns CodeInvalid unless the text is valid UTF-8 without NUL of at most
// MaxText bytes, and the words, at most MaxWords, are pieces of it in order,
// with boxes and confidences that are not negative.
func (r *Reading) Check() error { return checkReading(r) }

// TextState says how far a capture has been read.
type TextState string

// The states.
const (
	TextWaiting TextState = "waiting" // it is to be read, or being read
	TextRead    TextState = "read"    // it was read, or had text before
	TextFailed  TextState = "failed"  // it was set aside, with a reason
)

// CaptureText is a capture with all that was read in it.
type CaptureText struct {
	Capture *Capture  // with its text
	State   TextState // that of the queue: a capture that is read anew is waiting, and keeps its text
	Reason  string    // why it was set aside, or why it failed last; may be empty
	Reading *Reading  // nil until read, and where the text came without words; Text is that of the capture
}

// Lease is the right to read one capture for a time. Whoever knows it may finish
// the reading; after it has ended somebody else may be given another.
type Lease struct {
	ID    ID // of the capture
	Token ID // random
}

// Claim is a capture that was leased to be read.
type Claim struct {
	Lease
	Capture  *Capture  // with its text, where it has some
	Until    time.Time // when the lease ends
	Claims   int       // how often it was claimed since it was queued, with this one
	Failures int       // how often reading it failed since
	Redo     bool      // it is to be read anew although it has text
	// Twin is what was read in a capture of the same ContentDigest; nil when there
	// is none, or when that is older than the wish to have it read anew.
	Twin *Reading
}

// ReadFailure says why an image was not read.
type ReadFailure struct {
	Reason string    // for a person; kept as CleanText makes it, at most MaxReason bytes
	Retry  time.Time // not before; zero sets the capture aside
}

// MaxReason is the longest reason of a ReadFailure, in bytes.
const MaxReason = 1000

// ReadStatus counts a queue.
type ReadStatus struct {
	Waiting int64 `json:"waiting"` // due now
	Delayed int64 `json:"delayed"` // failed, to be tried again later
	Leased  int64 `json:"leased"`  // being read
	Failed  int64 `json:"failed"`  // set aside
	Read    int64 `json:"read"`    // all other captures
}

// FailedReading is a capture that was set aside.
type FailedReading struct {
	ID        ID        `json:"id"`
	Timestamp time.Time `json:"timestamp"`
	Failures  int       `json:"failures"`
	Reason    string    `json:"reason"`
}

// Cursor returns the position just after f.
func (f *FailedReading) Cursor() Cursor { return Cursor{f.Timestamp, f.ID} }

// RequeueFilter selects captures to be put into the queue.
type RequeueFilter struct {
	From, To time.Time // of their timestamps, half-open; a zero time leaves that side open
	Failed   bool      // only those that failed since they were queued, set aside or not; else all, to be read anew: see Claim.Redo
}

// Readings is the queue of captures that are to be read, and what was read in
// them. It is implemented by every catalogue, with the promises of Catalog about
// concurrency, contexts and errors. Times come from the caller.
//
// InsertCapture puts a capture into the queue in its own transaction, and
// BeginDelete takes all that is kept here with the row. Migration puts every
// capture into the queue that was there before.
type Readings interface {
	// ClaimReadings leases at most limit captures that are due at now: the newest
	// first, and no capture to two callers. The lease lasts until now plus lease.
	// A lease that ended at now or before is as if it had never been given, but for
	// Claim.Claims.
	ClaimReadings(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]*Claim, error)

	// ClaimReading leases one capture; nil when it is not due.
	ClaimReading(ctx context.Context, id ID, now time.Time, lease time.Duration) (*Claim, error)

	// FinishReading stores what was read and the words of its document, makes it
	// searchable and takes the capture out of the queue, in one transaction. A nil
	// reading keeps the text that the capture has, and only indexes the document.
	// A store whose catalogue keeps no text (StoreInfo.NoText) drops the reading.
	// A lease that is not, or not any more, the one that was given last is
	// CodeConflict; a capture that is gone is CodeNotFound or CodeDeleted. Both
	// change nothing.
	FinishReading(ctx context.Context, lease Lease, r *Reading, document string) error

	// FailReading ends a lease and counts a failure. Errors as FinishReading.
	FailReading(ctx context.Context, lease Lease, f ReadFailure) error

	// SetAside ends a lease as FailReading with a zero Retry does, and indexes the
	// document: what is known of the capture besides is found.
	SetAside(ctx context.Context, lease Lease, reason, document string) error

	// ReleaseReading gives a lease back as if it had never been given: the capture
	// is due at once. A lease that is over is no error.
	ReleaseReading(ctx context.Context, lease Lease) error

	// ReadStatus counts the queue.
	ReadStatus(ctx context.Context, now time.Time) (ReadStatus, error)

	// FindFailed lists at most limit captures that were set aside, the newest
	// first, starting after the given position.
	FindFailed(ctx context.Context, after Cursor, limit int) ([]*FailedReading, error)

	// Requeue makes the selected captures due at now, with no claims and no
	// failures, and returns how many. Leases on them end. Those that were read
	// keep their text until they are read anew. It works through them in batches:
	// what was done before an error stays done, and the call may be repeated.
	Requeue(ctx context.Context, f RequeueFilter, now time.Time) (int64, error)

	// FindTexts returns what is known of the texts of captures, in the order of
	// ids; ids that the catalogue does not have are left out. At most MaxPage.
	FindTexts(ctx context.Context, ids []ID) ([]*CaptureText, error)
}

// LeaseOver is the error of every catalogue for a lease that somebody else has,
// or nobody.
func LeaseOver(id ID) *Error {
	return Errorf(CodeConflict, "the lease on capture %s is over: it was given to another, finished, or taken back", id)
}
