package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// pendingAge is how old a file without a row must be before it counts as left over.
const pendingAge = time.Hour

// young reports whether a file may belong to a capture that is being stored. One
// from the future, further than a clock is wrong, does not.
func (a *Archive) young(modified time.Time) bool { return a.now().Sub(modified).Abs() < pendingAge }

// pendingFinding is what f is while its file is young.
func pendingFinding(f Finding) Finding {
	f.Kind, f.Remedy = KindPending, RemedyNone
	f.Detail = "no row names the file, and it is younger than an hour: a capture may be being stored"
	return f
}

// current returns the row of r, and nil when it is gone or names another file by now.
func (a *Archive) current(ctx context.Context, r jarvis.FileRecord) (*jarvis.Capture, error) {
	row, err := a.catalog.FindCapture(ctx, r.ID)
	if errors.Is(err, jarvis.ErrNotFound) || errors.Is(err, jarvis.ErrDeleted) {
		return nil, nil
	}
	if err != nil || row.Filepath != r.Filepath {
		return nil, err
	}
	return row, nil
}

// storedSize returns the bytes that a row's image should have on disk, and 0 when
// the row does not know: a sealed image is larger than what was given, and a
// migration down takes its size from the row.
func storedSize(row *jarvis.Capture) int64 {
	if row.StoredSize == 0 && !strings.HasSuffix(row.Filepath, jarvis.SealedExtension) {
		return row.FileSize
	}
	return row.StoredSize
}

// examine reads and decodes the image of a row, and returns nil when it is sound.
// CodeLocked means that it is sound as far as can be known without the identity.
func (a *Archive) examine(ctx context.Context, r jarvis.FileRecord, name jarvis.BlobName) (*Finding, error) {
	row, err := a.current(ctx, r)
	if row == nil || err != nil {
		return nil, err
	}
	f := &Finding{Day: name.Day(), ID: r.ID, Path: name.String()}
	stored, err := a.blobs.ReadStored(ctx, name)
	switch {
	case ctx.Err() != nil:
		return nil, stopped(ctx)
	case errors.Is(err, jarvis.ErrNotFound):
		if row, err = a.current(ctx, r); row == nil || err != nil {
			return nil, err
		}
		f.Kind, f.Detail = KindMissing, "the image is gone since a moment ago"
		return f, nil
	case err != nil:
		f.Kind, f.Detail = KindUnreadable, message(err)
		return f, nil
	}
	if err := a.inspect(ctx, f, row, name, stored); err != nil || f.Kind == "" {
		return nil, err
	}
	return f, nil
}

// inspect enters in f what is to be said of the bytes on disk of a row's image,
// and no Kind when they are sound. Its errors are CodeLocked, for bytes that are
// those stored, and that of a context which ended.
func (a *Archive) inspect(ctx context.Context, f *Finding, row *jarvis.Capture, name jarvis.BlobName, stored []byte) error {
	sum := sha256.Sum256(stored)
	same := row.StoredSHA256 == nil || bytes.Equal(row.StoredSHA256, sum[:])
	data, err := a.blobs.Open(name, stored)
	locked := errors.Is(err, jarvis.ErrLocked)
	switch {
	case !same && (locked || !name.Sealed() || !a.knowsContent(row)):
		f.Kind, f.Detail = KindDigest, "the SHA-256 of the file is not the one that was stored: put it back from a copy, or add the picture again"
		return nil
	case locked:
		return err
	case err != nil:
		f.Kind, f.Detail = KindSeal, message(err)
		if !same {
			f.Kind = KindDigest
		}
		return nil
	}
	if name.Sealed() {
		sum = sha256.Sum256(data)
	}
	if !a.isContent(row, sum) {
		f.Kind, f.Detail = KindContent, "the image is not the one that was given: put it back from a copy, or add the picture again"
		return nil
	}
	// An image beyond the limits of today was within those of its day.
	err = a.decode(ctx, data)
	switch {
	case ctx.Err() != nil:
		return stopped(ctx)
	case err != nil && !errors.Is(err, jarvis.ErrTooLarge) && same:
		f.Kind, f.Detail = KindDecode, message(err)
		if row.ContentDigest != nil || row.StoredSHA256 != nil { // then it was right
			f.Kind = KindBroken
			f.Detail += "; its bytes are those that were added, so keep what can be seen of it, or remove it with jarvis rm " + row.ID.String()
		}
		return nil
	}
	switch {
	case row.StoredSHA256 == nil:
		f.Kind, f.Remedy, f.Detail = KindUnrecorded, RemedyRecord, "the row does not know the size and digest of its file yet"
	case !same:
		// What a power cut leaves of a restored image: see restore.
		f.Kind, f.Remedy, f.Detail = KindDigest, RemedyRecord, "the file is another than the one that was stored, and holds the image that was given: it was sealed anew, and the row does not know"
	}
	return nil
}

// maxDecoding is how many pixels are decoded at once, those of four UHD screens:
// a decoder may take 16 bytes for each. A larger image is decoded alone.
const maxDecoding = 4 * 3840 * 2160

// decode decodes an image when there is room for its pixels.
func (a *Archive) decode(ctx context.Context, data []byte) error {
	image, err := a.images.Inspect(data, a.limits)
	if err != nil {
		return err
	}
	pixels := min(int64(image.Width)*int64(image.Height), maxDecoding)
	if err := a.decoding.Acquire(ctx, pixels); err != nil {
		return err
	}
	defer a.decoding.Release(pixels)
	return a.images.Decode(data, a.limits)
}

// verdict is what was found about a file for which no row was found at first.
type verdict struct {
	finding *Finding        // nil when all is well
	deleted bool            // its capture was deleted
	capture *jarvis.Capture // the row that it would get, when it should be adopted
	data    []byte          // and the image
}

// judge says what a file is that no row was found for. It reads it when it
// could be adopted.
func (a *Archive) judge(ctx context.Context, name jarvis.BlobName) (verdict, error) {
	info, err := a.blobs.Stat(ctx, name)
	if errors.Is(err, jarvis.ErrNotFound) {
		return verdict{}, nil
	}
	if err != nil {
		return verdict{}, err
	}
	young := a.young(info.ModTime)
	f := Finding{Kind: KindOrphan, Day: name.Day(), ID: name.ID(), Path: name.String(), Remedy: RemedyQuarantine}
	v := verdict{finding: &f}
	row, err := a.catalog.FindCapture(ctx, name.ID())
	switch {
	case err == nil:
		own, ok := ownName(row.ID, row.Filepath)
		if ok && own == name {
			return verdict{}, nil
		}
		if f.Remedy, f.Detail, err = a.second(ctx, row, own, ok); err != nil {
			return verdict{}, err
		}
	case errors.Is(err, jarvis.ErrDeleted):
		v.deleted = true
		f.Detail = "the capture was deleted, and a file of it is there again"
	case errors.Is(err, jarvis.ErrNotFound):
		if young {
			break
		}
		if err := a.adoptable(ctx, name, info, &v); err != nil {
			return verdict{}, err
		}
	default:
		return verdict{}, err
	}
	if young {
		f = pendingFinding(f)
	}
	return v, nil
}

// second says what to do about a file whose capture has a row that names
// another file, own if it is valid.
func (a *Archive) second(ctx context.Context, row *jarvis.Capture, own jarvis.BlobName, valid bool) (Remedy, string, error) {
	if valid {
		info, err := a.blobs.Stat(ctx, own)
		if err == nil && info.Size == storedSize(row) {
			return RemedyQuarantine, "the capture has another image, " + own.String(), nil
		}
		if err != nil && !errors.Is(err, jarvis.ErrNotFound) {
			return RemedyNone, "", err
		}
	}
	return RemedyNone, "the row of this capture names another file, which is not there or not sound: this may be its image", nil
}

// sealRoom is more than what sealing adds to an image, in bytes.
const sealRoom = 1 << 20

// adoptable decides about an image without a row: adopt it with the row in
// v.capture, or say in v.finding why not.
func (a *Archive) adoptable(ctx context.Context, name jarvis.BlobName, info jarvis.BlobInfo, v *verdict) error {
	t, ok := name.ID().Time()
	if !ok {
		t = jarvis.Instant(info.ModTime)
	}
	switch {
	case jarvis.DayOf(t) != name.Day():
		v.finding.Detail = "the image has no row, and its time " + t.Format(time.RFC3339) + " is not of its folder's date"
		return nil
	case a.store.Sealed && !name.Sealed():
		// To adopt it plain would break the promise of the store, and to seal it
		// would vouch for a picture that anyone may have put there.
		v.finding.Detail = "the image has no row, and is plain in a store that is sealed: whoever reads the disk can see it; add it with jarvis add if it is yours, and remove the file"
		return nil
	case a.secret.IsZero():
		v.finding.Remedy = RemedyNone
		v.finding.Detail = "the image has no row, and can't be judged without the identity of the store"
		return nil
	case info.Size > a.limits.MaxBytes+sealRoom:
		v.finding.Detail = "the file has no row, and is larger than an image may be"
		return nil
	}
	data, err := a.blobs.Read(ctx, name)
	switch {
	case errors.Is(err, jarvis.ErrNotFound):
		v.finding = nil
		return nil
	case errors.Is(err, jarvis.ErrLocked), errors.Is(err, jarvis.ErrMismatch):
		v.finding.Remedy = RemedyNone
		v.finding.Detail = "the file has no row, and can't be judged: " + message(err)
		return nil
	case err != nil && !errors.Is(err, jarvis.ErrCorrupt):
		return err
	}
	var image jarvis.Image
	if err == nil {
		image, err = a.images.Inspect(data, a.limits)
	}
	switch {
	case err != nil:
		v.finding.Detail = "the file has no row: " + message(err)
		return nil
	case image.Format != name.Format():
		v.finding.Detail = "the file has no row, and its name says " + string(name.Format()) + " while it is " + string(image.Format)
		return nil
	}
	v.finding.Remedy = RemedyAdopt
	v.finding.Detail = "the image has no row: it was never acknowledged, or its row was lost"
	v.data = data
	v.capture = &jarvis.Capture{
		ID:            name.ID(),
		Filepath:      name.String(),
		Timestamp:     t,
		Width:         image.Width,
		Height:        image.Height,
		FileSize:      int64(len(data)),
		ContentDigest: a.secret.ContentDigest(sha256.Sum256(data)),
		Recovered:     true,
	}
	return nil
}
