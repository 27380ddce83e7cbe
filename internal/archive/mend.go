package archive

import (
	"context"
	"crypto/sha256"
	"errors"
	"path"

	"github.com/jarvis-memory/jarvis"
)

// mend applies the remedy of a finding, after checking under the lock of its id
// that it still holds, and reports false when it does not hold any more. One
// that was begun when ctx ended is brought to its end.
func (a *Archive) mend(ctx context.Context, f Finding) (Finding, bool) {
	if f.Remedy == RemedyNone {
		return f, true
	}
	if ctx.Err() != nil {
		f.Err = stopped(ctx)
		return f, true
	}
	ending, cancel := Graceful(ctx)
	defer cancel()
	mended, err := a.apply(ending, f)
	if err != nil {
		f.Err = err
		return f, true
	}
	return mended, mended.Mended
}

// apply returns the finding mended, or as it was when it holds no more.
func (a *Archive) apply(ctx context.Context, f Finding) (Finding, error) {
	switch {
	case f.Remedy == RemedyFinish:
		done, err := a.finishDelete(ctx, jarvis.PendingDelete{ID: f.ID, Filepath: f.Path})
		f.Mended = done
		return f, err
	case f.Kind == KindForeign:
		return a.quarantine(ctx, f, path.Base(f.Path))
	}
	name, err := jarvis.ParseBlobName(f.Path)
	if err != nil {
		return f, err
	}
	return underLock(ctx, a, f.ID, func(ctx context.Context) (Finding, error) {
		if f.Remedy == RemedyRecord {
			return a.record(ctx, f, name)
		}
		v, err := a.judge(ctx, name)
		if err != nil || v.finding == nil || v.finding.Remedy != f.Remedy {
			return f, err
		}
		if f.Remedy == RemedyAdopt {
			return a.adopt(ctx, f, name, v)
		}
		return a.quarantine(ctx, f, name.Base())
	})
}

// adopt gives an image its row. The image is written anew first, and sealed anew:
// nobody knows whether its bytes and its name were ever synced.
func (a *Archive) adopt(ctx context.Context, f Finding, name jarvis.BlobName, v verdict) (Finding, error) {
	staged, err := a.blobs.Stage(ctx, name.ID(), v.data)
	if err != nil {
		return f, err
	}
	defer staged.Discard()
	if err := staged.Replace(ctx, name); err != nil {
		return f, err
	}
	c := *v.capture
	c.StoredSize, c.StoredSHA256 = staged.Size(), staged.SHA256()
	c.CreatedAt = jarvis.Instant(a.now())
	err = a.catalog.InsertCapture(ctx, &c)
	f.Mended = err == nil
	return f, err
}

// quarantine moves a file away.
func (a *Archive) quarantine(ctx context.Context, f Finding, base string) (Finding, error) {
	moved, err := a.blobs.Quarantine(ctx, f.Day, base)
	if errors.Is(err, jarvis.ErrNotFound) {
		return f, nil
	}
	f.Mended, f.MovedTo = err == nil, moved
	return f, err
}

// record tells a row the size and digest of its file, if they are all that is to
// be said of it.
func (a *Archive) record(ctx context.Context, f Finding, name jarvis.BlobName) (Finding, error) {
	row, err := a.catalog.FindCapture(ctx, f.ID)
	if errors.Is(err, jarvis.ErrNotFound) || errors.Is(err, jarvis.ErrDeleted) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	stored, err := a.blobs.ReadStored(ctx, name)
	if err != nil {
		return f, err
	}
	var now Finding
	if err := a.inspect(ctx, &now, row, name, stored); err != nil {
		return f, err
	}
	if now.Kind == "" {
		return f, nil
	}
	if size := storedSize(row); now.Remedy != RemedyRecord || size != 0 && size != int64(len(stored)) {
		return f, jarvis.Errorf(jarvis.CodeCorrupt, "the image %s changed while it was looked at", name)
	}
	sum := sha256.Sum256(stored)
	err = a.catalog.SetStored(ctx, f.ID, row.Filepath, int64(len(stored)), sum[:])
	f.Mended = err == nil
	return f, err
}
