package archive

import (
	"context"
	"errors"
	"path"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// bind checks that catalogue and tree are of one store, and makes them so when
// the store is new or adopted.
func (a *Archive) bind(ctx context.Context) error {
	info, err := a.catalog.Store(ctx)
	if err != nil {
		return err
	}
	a.store = info
	if !info.Secret.IsZero() {
		a.secret = info.Secret
	}
	// Neither may a sealed store get plain images, nor a plain one images that
	// nobody might be able to open.
	if a.blobs.Name(info.ID, jarvis.MinTime, jarvis.JPEG).Sealed() != info.Sealed {
		return jarvis.Errorf(jarvis.CodeInternal, "the store %s is sealed or is not, and its images would be kept the other way", info.ID)
	}
	marker, err := a.blobs.Marker(ctx)
	if err != nil {
		return err
	}
	if marker != info.ID {
		if err := a.claim(ctx, marker); err != nil {
			return err
		}
	}
	if !info.Bound {
		if err := a.catalog.BindStore(ctx); err != nil {
			return err
		}
		a.store.Bound = true
	}
	return nil
}

// claim marks an unmarked tree as the store's, if it may be.
func (a *Archive) claim(ctx context.Context, marker jarvis.ID) error {
	switch {
	case !marker.IsZero():
		return a.wrongTree(marker)
	case a.store.Bound:
		return a.noMarker()
	case a.store.Adopted:
		if err := a.sample(ctx); err != nil {
			return err
		}
	}
	return a.blobs.WriteMarker(ctx, a.store.ID)
}

// checkMarker fails unless the tree is still the store's.
func (a *Archive) checkMarker(ctx context.Context) error {
	marker, err := a.blobs.Marker(ctx)
	switch {
	case err != nil:
		return err
	case marker.IsZero():
		return a.noMarker()
	case marker != a.store.ID:
		return a.wrongTree(marker)
	}
	return nil
}

func (a *Archive) wrongTree(marker jarvis.ID) error {
	return jarvis.Errorf(jarvis.CodeMismatch,
		"%s belongs to another store: its marker says %s, the catalogue %s; set --storage-path to this store's folder, or use the catalogue that belongs to this one",
		a.tree(), marker, a.store.ID)
}

func (a *Archive) noMarker() error {
	return jarvis.Errorf(jarvis.CodeMismatch,
		"%s has no marker, and the catalogue expects that of store %s: is the disk mounted? If the folder moved, set --storage-path",
		a.tree(), a.store.ID)
}

// tree names the file tree for a message.
func (a *Archive) tree() string {
	if a.path == "" {
		return "the storage folder"
	}
	return "the storage folder " + a.path
}

// sample looks for the images of a few adopted rows and fails with CodeMismatch
// unless most of them are in the tree: only then is it the tree of the
// catalogue.
func (a *Archive) sample(ctx context.Context) error {
	rows, err := a.sampleRows(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}
	var found int
	var absent jarvis.FileRecord
	for _, row := range rows {
		name, err := jarvis.ParseBlobName(row.Filepath)
		if err == nil {
			_, err = a.blobs.Stat(ctx, name)
		}
		switch {
		case err == nil:
			found++
		case errors.Is(err, jarvis.ErrNotFound), errors.Is(err, jarvis.ErrInvalid):
			absent = row
		default:
			return err
		}
	}
	if 2*found > len(rows) {
		return nil
	}
	former := path.Dir(path.Dir(path.Dir(path.Dir(absent.Filepath))))
	return jarvis.Errorf(jarvis.CodeMismatch,
		"%s does not hold the images of this older catalogue: of %d that were looked for, %d are there; %q is not. Set --storage-path to the folder that was %s",
		a.tree(), len(rows), found, strings.TrimPrefix(absent.Filepath, former+"/"), former)
}

// sampleRows returns up to ten different rows: the newest, the oldest and some
// between.
func (a *Archive) sampleRows(ctx context.Context) ([]jarvis.FileRecord, error) {
	filters := []jarvis.CaptureFilter{
		{Order: jarvis.NewestFirst, Limit: 3},
		{Order: jarvis.OldestFirst, Limit: 3},
	}
	stats, err := a.catalog.Stats(ctx)
	if err != nil {
		return nil, err
	}
	quarter := stats.Newest.Sub(stats.Oldest) / 4
	for from := stats.Oldest.Add(quarter); from.Before(stats.Newest); from = from.Add(quarter) {
		filters = append(filters, jarvis.CaptureFilter{From: from, Order: jarvis.OldestFirst, Limit: 1})
	}
	var rows []jarvis.FileRecord
	seen := make(map[jarvis.ID]bool)
	for _, filter := range filters {
		page, err := a.catalog.FindFiles(ctx, filter)
		if err != nil {
			return nil, err
		}
		for _, row := range page {
			if !seen[row.ID] {
				seen[row.ID] = true
				rows = append(rows, row)
			}
		}
	}
	return rows, nil
}

// deletePage is how many pending deletions are read at once.
const deletePage = 500

// openPurge bounds the purge of an Open, which everyone who opens the store waits for.
const openPurge = 10 * time.Second

// finishDeletes finishes the deletions that were interrupted, and makes finished
// ones final. It fails only when the catalogue can't be read or ctx is done.
func (a *Archive) finishDeletes(ctx context.Context) error {
	var after jarvis.ID
	for {
		page, err := a.catalog.PendingDeletes(ctx, after, deletePage)
		if err != nil {
			return err
		}
		for _, pending := range page {
			if _, err := a.finishDelete(ctx, pending); err != nil {
				if ctx.Err() != nil {
					return err
				}
				a.log.WarnContext(ctx, "an interrupted deletion could not be finished; jarvis verify --repair tries again",
					"id", pending.ID.String(), "error", message(err))
			}
			after = pending.ID
		}
		if len(page) < deletePage {
			return a.purge(ctx)
		}
	}
}

// purge makes deletions final that were finished, and not by their removal.
func (a *Archive) purge(ctx context.Context) error {
	purging, cancel := context.WithTimeout(ctx, openPurge)
	defer cancel()
	err := a.catalog.Purge(purging)
	if err != nil && ctx.Err() == nil {
		a.log.WarnContext(ctx, "what an interrupted deletion left could not be removed; the next to open the store tries again", "error", message(err))
		return nil
	}
	return err
}

// finishDelete finishes a deletion that was interrupted, and reports false when
// there was nothing left to do.
func (a *Archive) finishDelete(ctx context.Context, pending jarvis.PendingDelete) (bool, error) {
	return underLock(ctx, a, pending.ID, func(ctx context.Context) (bool, error) {
		// Another process may have finished it and stored the capture anew.
		_, err := a.catalog.FindCapture(ctx, pending.ID)
		if err == nil || errors.Is(err, jarvis.ErrNotFound) {
			return false, nil
		}
		if !errors.Is(err, jarvis.ErrDeleted) {
			return false, err
		}
		return true, a.unlink(ctx, pending)
	})
}

// unlink removes the image of a deletion that was begun, and finishes it. The
// caller holds the lock of the id.
func (a *Archive) unlink(ctx context.Context, pending jarvis.PendingDelete) error {
	// A path that is not this id's leads to no image of this capture; to follow
	// it could delete another's.
	if name, ok := ownName(pending.ID, pending.Filepath); ok {
		if err := a.blobs.Delete(ctx, name); err != nil {
			return err
		}
	}
	return a.catalog.FinishDelete(ctx, pending.ID)
}

// ownName reads a row's path, and reports false when it does not name an image of id.
func ownName(id jarvis.ID, filepath string) (jarvis.BlobName, bool) {
	name, err := jarvis.ParseBlobName(filepath)
	if err != nil || name.ID() != id {
		return jarvis.BlobName{}, false
	}
	return name, true
}

// message is what may be shown of an error.
func message(err error) string {
	if e, ok := errors.AsType[*jarvis.Error](err); ok {
		return e.Message
	}
	return "unexpected failure"
}
