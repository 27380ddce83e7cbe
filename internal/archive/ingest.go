package archive

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"math"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Request is a jarvis.Submission.
type Request = jarvis.Submission

// Result is a jarvis.Stored.
type Result = jarvis.Stored

// Ingest stores a capture and returns when image and row are durable.
//
// The same id with the same bytes, time and monitor is the same capture: it
// returns the stored row with Existed set, after reading its image back. Where the
// request names the id, its device and texts are compared too; where it is derived,
// they may differ, and what is stored stays. Of a row that Verify recovered only
// the bytes are compared, for the rest of it are guesses.
//
// Errors: CodeInvalid and CodeTooLarge for what is no acceptable image, time or
// monitor, or not what the request says of it; CodeConflict for an id that has other content; CodeDeleted for an id
// that was deleted, unless Undelete; CodeLocked when the identity of a sealed
// store is not at hand; CodeNoSpace and CodeUnavailable as the stores say. After
// any but the first five it is not known whether the capture was stored: send it
// again.
func (a *Archive) Ingest(ctx context.Context, r Request) (Result, error) {
	if a.secret.IsZero() {
		return Result{}, jarvis.Errorf(jarvis.CodeLocked, "the store is sealed, and without its identity %s nothing can be stored in it", a.store.PublicKey)
	}
	in, err := a.admit(r)
	if err != nil {
		return Result{}, err
	}
	// Of several that send the same capture at once, one stages it.
	unlock, err := a.lock(ctx, in.capture.ID)
	if err != nil {
		return Result{}, err
	}
	row, known, err := a.find(ctx, in)
	if known || err != nil {
		unlock()
		return Result{Capture: row, Existed: known}, err
	}
	staged, err := a.blobs.Stage(ctx, in.capture.ID, in.data)
	if err != nil {
		unlock()
		return Result{}, err
	}
	return finish(ctx, func(ctx context.Context) (Result, error) {
		defer unlock()
		defer staged.Discard()
		if row != nil {
			return a.restore(ctx, in, row, staged)
		}
		return a.commit(ctx, in, staged)
	})
}

// intake is a Request that was found acceptable.
type intake struct {
	data     []byte
	sum      [sha256.Size]byte
	name     jarvis.BlobName
	capture  jarvis.Capture // complete but for what only storing it tells
	named    bool           // the request named the id
	undelete bool           // store it even if it was deleted
	deleted  bool           // it was
}

// storedSHA256 returns the digest of the bytes on disk. Unless they are sealed
// they are those given, and it need not be computed again.
func (in *intake) storedSHA256(staged jarvis.StagedBlob) []byte {
	if in.name.Sealed() {
		return staged.SHA256()
	}
	return bytes.Clone(in.sum[:]) // a slice of in would keep the image in memory
}

// admit checks a request and derives what the capture's row will say.
func (a *Archive) admit(r Request) (*intake, error) {
	t := jarvis.Instant(r.Timestamp)
	if t.Before(jarvis.MinTime) || t.After(jarvis.MaxTime) {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the time %s of the capture is not between the years 1970 and 9999", t.Format(time.RFC3339))
	}
	if r.Monitor < 0 || r.Monitor > math.MaxInt32 {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "%d is no monitor: monitors are numbered from 0", r.Monitor)
	}
	image, err := a.images.Inspect(r.Data, a.limits)
	if err != nil {
		return nil, err
	}
	in := &intake{data: r.Data, sum: sha256.Sum256(r.Data), named: !r.ID.IsZero(), undelete: r.Undelete}
	if err := r.Said.Check(image, in.sum); err != nil {
		return nil, err
	}
	device := jarvis.CleanText(r.Device, jarvis.MaxDevice)
	id := r.ID
	if id.IsZero() {
		id = jarvis.CaptureID(a.secret, in.sum, t, device, r.Monitor)
	}
	in.name = a.blobs.Name(id, t, image.Format)
	in.capture = jarvis.Capture{
		ID:            id,
		Filepath:      in.name.String(),
		Timestamp:     t,
		MonitorIndex:  r.Monitor,
		Width:         image.Width,
		Height:        image.Height,
		FileSize:      int64(len(r.Data)),
		Device:        device,
		AppName:       jarvis.CleanText(r.AppName, jarvis.MaxTitle),
		WindowTitle:   jarvis.CleanText(r.WindowTitle, jarvis.MaxTitle),
		URL:           jarvis.CleanText(r.URL, jarvis.MaxURL),
		ContentDigest: a.secret.ContentDigest(in.sum),
	}
	return in, nil
}

// find looks for the row of a request, and reports whether it is known with a
// sound image, so that nothing is to be stored. No row is no error, nor is a
// deletion that the request may undo.
func (a *Archive) find(ctx context.Context, in *intake) (row *jarvis.Capture, known bool, err error) {
	row, err = a.catalog.FindCapture(ctx, in.capture.ID)
	switch {
	case err == nil:
		known, err = a.compare(ctx, in, row)
	case errors.Is(err, jarvis.ErrDeleted) && in.undelete:
		in.deleted, err = true, nil
	case errors.Is(err, jarvis.ErrNotFound):
		err = nil
	}
	if err != nil {
		return nil, false, err
	}
	return row, known, nil
}

// commit stores a staged capture that has no row. The caller holds the lock of
// its id, and ctx is never done.
func (a *Archive) commit(ctx context.Context, in *intake, staged jarvis.StagedBlob) (Result, error) {
	if in.deleted {
		if err := a.undelete(ctx, in.capture.ID); err != nil {
			return Result{}, err
		}
	}
	err := staged.Publish(ctx, in.name)
	if errors.Is(err, jarvis.ErrConflict) {
		// A file without a row was never acknowledged, and may be torn.
		err = staged.Replace(ctx, in.name)
	}
	if err != nil {
		return Result{}, err
	}
	c := in.capture
	c.StoredSize, c.StoredSHA256 = staged.Size(), in.storedSHA256(staged)
	c.CreatedAt = jarvis.Instant(a.now())
	err = a.catalog.InsertCapture(ctx, &c)
	if errors.Is(err, jarvis.ErrConflict) {
		// The database finished the commit of a process that died in it.
		if row, known, findErr := a.find(ctx, in); known || findErr != nil {
			return Result{Capture: row, Existed: known}, findErr
		}
	}
	if err != nil {
		// The image stays: the row may have been committed all the same.
		return Result{}, err
	}
	return Result{Capture: &c}, nil
}

// restore puts the image of a row back that is gone or damaged. Should it end
// between the two steps, then what is sealed anew is not what the row says was
// stored: compare and Verify see that, and mend it.
func (a *Archive) restore(ctx context.Context, in *intake, row *jarvis.Capture, staged jarvis.StagedBlob) (Result, error) {
	name, ok := ownName(row.ID, row.Filepath)
	if !ok || name.Sealed() != in.name.Sealed() {
		name = in.name
		row.Filepath = name.String()
	}
	if err := staged.Replace(ctx, name); err != nil {
		return Result{}, err
	}
	row.StoredSize, row.StoredSHA256 = staged.Size(), in.storedSHA256(staged)
	if err := a.catalog.SetStored(ctx, row.ID, row.Filepath, row.StoredSize, row.StoredSHA256); err != nil {
		return Result{}, err
	}
	return Result{Capture: row, Existed: true, Restored: true}, nil
}

// undelete frees a deleted id. The caller holds its lock.
func (a *Archive) undelete(ctx context.Context, id jarvis.ID) error {
	pending, err := a.catalog.BeginDelete(ctx, id)
	if err == nil {
		err = a.unlink(ctx, pending)
	}
	if err != nil && !errors.Is(err, jarvis.ErrDeleted) {
		return err
	}
	return a.catalog.Undelete(ctx, id)
}

// compare reports whether the image of a row is there and is that of the
// request. It fails with CodeConflict when the row is of another capture.
func (a *Archive) compare(ctx context.Context, in *intake, row *jarvis.Capture) (sound bool, err error) {
	c := &in.capture
	if !row.Recovered && (!row.Timestamp.Equal(c.Timestamp) || row.MonitorIndex != c.MonitorIndex) {
		return false, conflict(row, "of another time or monitor")
	}
	if in.named && !row.Recovered && (row.Device != c.Device || row.AppName != c.AppName || row.WindowTitle != c.WindowTitle || row.URL != c.URL) {
		return false, conflict(row, "of another device, app, window or page")
	}
	name, ok := ownName(row.ID, row.Filepath)
	if ok {
		sound, err = a.holds(ctx, in, row, name)
		if err != nil && !isLost(err) {
			return false, err
		}
	}
	switch {
	case row.ContentDigest != nil:
		if !hmac.Equal(row.ContentDigest, c.ContentDigest) {
			return false, conflict(row, "with another image")
		}
	case row.StoredSHA256 != nil && !name.Sealed():
		if !bytes.Equal(row.StoredSHA256, in.sum[:]) {
			return false, conflict(row, "with another image")
		}
	case !sound:
		return false, conflict(row, "whose image is another, or is gone and can't be compared")
	}
	return sound, nil
}

// holds reports whether the file of a name is the one that its row says was stored,
// and holds the image of the request.
func (a *Archive) holds(ctx context.Context, in *intake, row *jarvis.Capture, name jarvis.BlobName) (bool, error) {
	stored, err := a.blobs.ReadStored(ctx, name)
	if err != nil {
		return false, err
	}
	data, err := a.blobs.Open(name, stored)
	if err != nil || !bytes.Equal(data, in.data) {
		return false, err
	}
	sum := in.sum
	if name.Sealed() {
		sum = sha256.Sum256(stored)
	}
	return row.StoredSHA256 == nil || bytes.Equal(row.StoredSHA256, sum[:]), nil
}

// isLost reports whether err says that an image is not there or not what it was:
// gone, damaged, another's, or sealed to another identity.
func isLost(err error) bool {
	return errors.Is(err, jarvis.ErrNotFound) || errors.Is(err, jarvis.ErrCorrupt) || errors.Is(err, jarvis.ErrMismatch)
}

func conflict(row *jarvis.Capture, what string) error {
	return jarvis.Errorf(jarvis.CodeConflict, "the id %s is taken by a capture %s, taken at %s: send this one under another id",
		row.ID, what, row.Timestamp.Format(time.RFC3339Nano))
}
