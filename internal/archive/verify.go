package archive

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Kind is a kind of finding.
type Kind string

// The kinds. KindPending and KindUnrecorded are not wrong.
const (
	KindMissing    Kind = "missing"    // a row without its image
	KindDayGone    Kind = "day_gone"   // the folder of a day is gone; Finding.Captures rows are without image
	KindOrphan     Kind = "orphan"     // an image without a row, older than an hour
	KindForeign    Kind = "foreign"    // a file that no capture could have, older than an hour
	KindSize       Kind = "size"       // an image that has not the size that was stored
	KindDigest     Kind = "digest"     // deep: bytes on disk that are not those stored (SHA-256)
	KindContent    Kind = "content"    // deep: content that is not what was given (keyed digest)
	KindDecode     Kind = "decode"     // deep: an image that does not decode
	KindPath       Kind = "path"       // a row whose path is not that of its id and date
	KindDelete     Kind = "delete"     // a deletion that was begun and not finished
	KindPending    Kind = "pending"    // a file without a row, younger than an hour: someone may be storing it
	KindUnrecorded Kind = "unrecorded" // deep: an adopted row that does not know its image's digest
)

// Wrong reports whether findings of the kind mean that something is wrong.
func (k Kind) Wrong() bool { return k != KindPending && k != KindUnrecorded }

// Remedy is what Repair does about a finding.
type Remedy string

// The remedies.
const (
	RemedyNone       Remedy = ""           // nothing that a program should do on its own
	RemedyAdopt      Remedy = "adopt"      // give the image a row
	RemedyQuarantine Remedy = "quarantine" // move the file to .jarvis/quarantine
	RemedyFinish     Remedy = "finish"     // finish the deletion
	RemedyRecord     Remedy = "record"     // record size and digest
)

// Finding is one thing that Verify saw.
type Finding struct {
	Kind     Kind       `json:"kind"`
	Day      jarvis.Day `json:"day"`                // of the folder
	ID       jarvis.ID  `json:"id,omitzero"`        // zero for foreign files and whole days
	Path     string     `json:"path"`               // relative to the storage root
	Captures int64      `json:"captures,omitempty"` // rows concerned, for KindDayGone
	Detail   string     `json:"detail"`             // for a person: what is wrong, and what to do
	Remedy   Remedy     `json:"remedy,omitempty"`
	Mended   bool       `json:"mended"`             // Repair applied the remedy
	MovedTo  string     `json:"moved_to,omitempty"` // of a quarantined file, relative to the storage root
	Err      error      `json:"-"`                  // why the remedy failed
}

// VerifyOptions say what to verify.
type VerifyOptions struct {
	From, To time.Time // rounded out to whole days in UTC; zero leaves that side open
	Deep     bool      // read and decode every image
	Repair   bool      // apply remedies
	Force    bool      // even if much would change
	Progress Progress  // may be nil
}

// VerifyReport sums up a verification.
type VerifyReport struct {
	Captures int64          `json:"captures"` // rows looked at
	Files    int64          `json:"files"`    // files looked at
	Bytes    int64          `json:"bytes"`    // of the files
	Found    map[Kind]int64 `json:"found"`    // findings by kind
	Wrong    int64          `json:"wrong"`    // findings that mean something is wrong
	Mended   int64          `json:"mended"`   // of those, mended
	Adopted  int64          `json:"adopted"`
	Moved    int64          `json:"quarantined"`
	Finished int64          `json:"finished"` // deletions
	Recorded int64          `json:"recorded"` // sizes and digests
}

// OK reports whether nothing is wrong, or nothing any more.
func (r *VerifyReport) OK() bool { return r.Wrong == r.Mended }

// Verify compares catalogue and tree, day by day, and calls report for each
// finding once, in the order of days. It holds one day's file names in memory.
// It never deletes a row or a file.
//
// With Repair it counts first and refuses with CodeConflict, changing and
// reporting nothing, when more would change than the guard allows: 5% of the
// rows and files looked at, or 10, whichever is more. Then it looks again, and
// applies each remedy under the lock of the id after checking it once more.
func (a *Archive) Verify(ctx context.Context, o VerifyOptions, report func(Finding)) (VerifyReport, error) {
	return VerifyReport{}, nil
}

// ForgetOptions say what ForgetMissing looks at.
type ForgetOptions struct {
	From, To time.Time // rounded out to whole days in UTC; zero leaves that side open
	Force    bool      // even if much would go
	Progress Progress  // may be nil
}

// ForgetReceipt says what ForgetMissing did.
type ForgetReceipt struct {
	Captures  int64 `json:"captures"`  // rows looked at
	Missing   int64 `json:"missing"`   // of those, without an image
	Forgotten int64 `json:"forgotten"` // rows dropped
}

// ForgetMissing drops the rows whose images are gone, calling report for each
// day with what went. It leaves no tombstones: the images were not deleted by
// Jarvis, so the same files can be added again.
//
// It counts first and refuses with CodeConflict, dropping nothing, when more
// would go than the guard allows: 5% of the rows, or 10 but at most half of
// them, whichever is more.
func (a *Archive) ForgetMissing(ctx context.Context, o ForgetOptions, report func(Finding)) (ForgetReceipt, error) {
	return ForgetReceipt{}, nil
}
