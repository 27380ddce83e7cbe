package archive

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Kind is a kind of finding.
type Kind string

// The kinds.
const (
	KindMissing    Kind = "missing"    // a row without its image
	KindDayGone    Kind = "day_gone"   // the folder of a day is gone, and with it the images of Finding.Captures rows
	KindOrphan     Kind = "orphan"     // an image without a row, older than an hour
	KindForeign    Kind = "foreign"    // a file that no capture could have, older than an hour
	KindSize       Kind = "size"       // an image that has not the size that was stored
	KindDigest     Kind = "digest"     // deep: bytes on disk that are not those stored (SHA-256)
	KindSeal       Kind = "seal"       // deep: bytes on disk that are those stored, and do not open with the identity
	KindContent    Kind = "content"    // deep: content that is not what was given (keyed digest)
	KindDecode     Kind = "decode"     // deep: an image that does not decode, nor is known to be as it was given
	KindUnreadable Kind = "unreadable" // deep: an image that the disk does not give
	KindPath       Kind = "path"       // a row whose path is not that of its id and date
	KindCatalog    Kind = "catalog"    // deep: the catalogue is damaged
	KindDelete     Kind = "delete"     // a deletion that was begun and not finished
	KindBroken     Kind = "broken"     // not wrong; deep: an image that does not decode, and was given like that
	KindPending    Kind = "pending"    // not wrong: a file without a row, younger than an hour; someone may be storing it
	KindUnrecorded Kind = "unrecorded" // not wrong; deep: an adopted row that does not know its image's digest
)

// Wrong reports whether findings of the kind mean that something is wrong.
func (k Kind) Wrong() bool { return k != KindPending && k != KindUnrecorded && k != KindBroken }

// Remedy is what Repair does about a finding.
type Remedy string

// The remedies.
const (
	RemedyNone       Remedy = ""           // nothing that a program should do on its own
	RemedyAdopt      Remedy = "adopt"      // give the image a row
	RemedyQuarantine Remedy = "quarantine" // move the file to where nothing looks for captures
	RemedyFinish     Remedy = "finish"     // finish the deletion
	RemedyRecord     Remedy = "record"     // record size and digest, the image being sound
)

// Finding is one thing that Verify saw.
type Finding struct {
	Kind     Kind       `json:"kind"`
	Day      jarvis.Day `json:"day,omitzero"`       // of the folder; zero when the path names none
	ID       jarvis.ID  `json:"id,omitzero"`        // zero for foreign files, whole days and the catalogue
	Path     string     `json:"path"`               // relative to the storage root; of a path finding, what the row says; empty for the catalogue
	Captures int64      `json:"captures,omitempty"` // rows concerned, when the finding is about a day
	Detail   string     `json:"detail"`             // for a person: what is wrong, and what to do
	Remedy   Remedy     `json:"remedy,omitempty"`
	Mended   bool       `json:"mended"`             // Repair applied the remedy
	MovedTo  string     `json:"moved_to,omitempty"` // of a quarantined file, relative to the storage root
	Err      error      `json:"-"`                  // why the remedy failed
}

// VerifyOptions say what to verify, and what to do about it.
type VerifyOptions struct {
	From, To time.Time // rounded out to whole days in UTC; zero leaves that side open
	Deep     bool      // read the whole catalogue, and read and decode every image
	Repair   bool      // apply remedies
	Force    bool      // even if much would change
	Progress Progress  // of rows; may be nil
}

// VerifyReport sums up a verification.
type VerifyReport struct {
	Captures int64          `json:"captures"` // rows looked at
	Files    int64          `json:"files"`    // files looked at in the folders of days
	Bytes    int64          `json:"bytes"`    // of the files
	Found    map[Kind]int64 `json:"found"`    // findings by kind
	Unopened int64          `json:"unopened"` // deep: sealed images with the bytes that were stored, whose content was not checked for want of the identity
	Wrong    int64          `json:"wrong"`    // findings that mean something is wrong
	Mended   int64          `json:"mended"`   // of those, mended

	Adopted  int64 `json:"adopted"`     // images that got a row
	Moved    int64 `json:"quarantined"` // files moved away
	Finished int64 `json:"finished"`    // deletions
	Recorded int64 `json:"recorded"`    // rows that learned size and digest
	Failed   int64 `json:"failed"`      // remedies that failed; see Finding.Err
}

// OK reports whether nothing is wrong, or nothing any more.
func (r *VerifyReport) OK() bool { return r.Wrong == r.Mended }

func (r *VerifyReport) add(f Finding) {
	r.Found[f.Kind]++
	if f.Kind.Wrong() {
		r.Wrong++
		if f.Mended {
			r.Mended++
		}
	}
	if f.Err != nil {
		r.Failed++
	}
	if !f.Mended {
		return
	}
	switch f.Remedy {
	case RemedyAdopt:
		r.Adopted++
	case RemedyQuarantine:
		r.Moved++
	case RemedyFinish:
		r.Finished++
	case RemedyRecord:
		r.Recorded++
	}
}

// Verify compares catalogue and tree, day by day, and calls report for each
// finding once: a damaged catalogue, interrupted deletions, then what is wrong
// by day, then the folders that are gone. In memory it holds the names of one
// day's files. It never deletes a file, and no row but that of a deletion it
// finishes.
//
// With Repair it counts first and refuses with CodeConflict, changing and
// reporting nothing, when it would adopt and quarantine more than the guard
// allows: 10, or 5% of the captures and files without one in range if that is
// more. Then it looks again, and applies each remedy under the lock of the id
// after checking it once more. A remedy that fails does not stop it. Size and
// digest are recorded only when Deep too, after the image decoded: those of
// adopted rows, and of an image that was sealed anew when the power went before
// its row knew.
//
// Deep reads the whole catalogue first, whatever the range. If it is damaged, the
// images are looked at as far as it can be read, and Repair is refused with
// CodeCorrupt, since it would trust the rows and write among them.
//
// Deep compares the bytes on disk with their digest, and needs no identity for
// that; then it opens and decodes what they hold. In a sealed store an image
// without a row is adopted only if it opens and was sealed for the capture of
// its name. A plain one is quarantined.
//
// The report holds also with an error.
func (a *Archive) Verify(ctx context.Context, o VerifyOptions, report func(Finding)) (VerifyReport, error) {
	scope, err := newScope(o.From, o.To)
	if err != nil {
		return VerifyReport{}, err
	}
	if err := a.checkMarker(ctx); err != nil {
		return VerifyReport{}, err
	}
	var damage error
	if o.Deep {
		damage = a.catalog.CheckWhole(ctx)
		if damage != nil && (o.Repair || !errors.Is(damage, jarvis.ErrCorrupt)) {
			return VerifyReport{}, damage
		}
	}
	passes := int64(1)
	if o.Repair {
		passes = 2
	}
	meter, err := a.newMeter(ctx, scope, passes, o.Progress)
	if err != nil {
		return VerifyReport{}, err
	}
	if !o.Repair {
		s := a.newScan(scope, o.Deep, meter, observe, report)
		if damage != nil {
			s.emit(ctx, Finding{Kind: KindCatalog, Detail: message(damage)})
		}
		return s.run(ctx)
	}
	if err := a.guard(ctx, scope, o.Force, meter); err != nil {
		return VerifyReport{}, err
	}
	if err := a.checkMarker(ctx); err != nil {
		return VerifyReport{}, err
	}
	return a.newScan(scope, o.Deep, meter, a.mend, report).run(ctx)
}

// The guard of Repair: freeChanges are always allowed, and one in changeShare.
const (
	freeChanges = 10
	changeShare = 20
)

// guard counts what Repair would change and refuses when that is too much.
func (a *Archive) guard(ctx context.Context, scope scope, force bool, meter *meter) error {
	var adopt, quarantine atomic.Int64
	count := func(_ context.Context, f Finding) (Finding, bool) {
		switch f.Remedy {
		case RemedyAdopt:
			adopt.Add(1)
		case RemedyQuarantine:
			quarantine.Add(1)
		}
		return f, false
	}
	s := a.newScan(scope, false, meter, count, nil)
	if _, err := s.run(ctx); err != nil {
		return err
	}
	looked := s.report.Captures + s.loose
	if changes := adopt.Load() + quarantine.Load(); changes > max(freeChanges, looked/changeShare) && !force {
		return jarvis.Errorf(jarvis.CodeConflict,
			"nothing was repaired: of %d captures and files, %d would be adopted and %d moved to quarantine, more than 5%%; look at what jarvis verify says, and repair with --force if it is right",
			looked, adopt.Load(), quarantine.Load())
	}
	return nil
}

// observe leaves findings as they are.
func observe(_ context.Context, f Finding) (Finding, bool) { return f, true }
