package archive

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// ForgetOptions say what ForgetMissing looks at.
type ForgetOptions struct {
	From, To time.Time // rounded out to whole days in UTC; zero leaves that side open
	Force    bool      // even if much would go
	Progress Progress  // of rows; may be nil
}

// ForgetReceipt says what ForgetMissing did.
type ForgetReceipt struct {
	Captures  int64 `json:"captures"`  // rows looked at
	Missing   int64 `json:"missing"`   // of those, without an image
	Forgotten int64 `json:"forgotten"` // rows dropped
	Failed    int64 `json:"failed"`    // rows that could not be dropped
}

// ForgetMissing drops the rows whose images are gone, and calls report for each
// day with what went. It leaves no tombstones: it was not Jarvis that was asked
// to delete the images, so the same pictures can be added again. (A power cut
// in the middle may leave some; adding those takes Undelete.)
//
// It counts first and refuses with CodeConflict, dropping nothing, when more
// would go than the guard allows: 5% of the rows in range, or 10 but at most
// half of them, whichever is more. Each row is checked once more under the lock
// of its id.
//
// The receipt holds also with an error.
func (a *Archive) ForgetMissing(ctx context.Context, o ForgetOptions, report func(Finding)) (ForgetReceipt, error) {
	scope, err := newScope(o.From, o.To)
	if err != nil {
		return ForgetReceipt{}, err
	}
	if err := a.checkMarker(ctx); err != nil {
		return ForgetReceipt{}, err
	}
	meter, err := a.newMeter(ctx, scope, 2, o.Progress)
	if err != nil {
		return ForgetReceipt{}, err
	}
	var r ForgetReceipt
	count := func(lost []jarvis.FileRecord) error {
		r.Missing += int64(len(lost))
		return nil
	}
	if r.Captures, err = a.missing(ctx, scope, meter, count); err != nil {
		return r, err
	}
	allowed := max(r.Captures/changeShare, min(freeChanges, r.Captures/2))
	if r.Missing > allowed && !o.Force {
		return r, jarvis.Errorf(jarvis.CodeConflict,
			"nothing was dropped: the images of %d of %d captures are not in %s, more than 5%%; if they are gone for good, repeat with --force",
			r.Missing, r.Captures, a.tree())
	}
	if r.Missing == 0 {
		return r, nil
	}
	f := forgetting{archive: a, receipt: &r, report: report}
	_, err = a.missing(ctx, scope, meter, func(lost []jarvis.FileRecord) error { return f.forget(ctx, lost) })
	f.flush()
	return r, err
}

// missing reads the rows in range and calls fn with those of each page whose
// image is gone. It returns how many rows it read.
func (a *Archive) missing(ctx context.Context, scope scope, meter *meter, fn func([]jarvis.FileRecord) error) (int64, error) {
	var looked int64
	filter := scope.filter()
	for {
		page, err := a.catalog.FindFiles(ctx, filter)
		if err != nil {
			return looked, err
		}
		var lost []jarvis.FileRecord
		for _, r := range page {
			gone, err := a.gone(ctx, r.ID, r.Filepath)
			if err != nil {
				return looked, err
			}
			if gone {
				lost = append(lost, r)
			}
			looked++
			meter.tick(1)
		}
		if len(lost) > 0 {
			if err := fn(lost); err != nil {
				return looked, err
			}
		}
		if len(page) < filter.Limit {
			return looked, nil
		}
		filter.After = page[len(page)-1].Cursor()
	}
}

// gone reports whether the image that a row names is not there. A path that
// names no image of the capture tells nothing about where its image is.
func (a *Archive) gone(ctx context.Context, id jarvis.ID, filepath string) (bool, error) {
	name, ok := ownName(id, filepath)
	if !ok {
		return false, nil
	}
	_, err := a.blobs.Stat(ctx, name)
	if errors.Is(err, jarvis.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// forgetting is a ForgetMissing that drops rows.
type forgetting struct {
	archive *Archive
	receipt *ForgetReceipt
	report  func(Finding)
	day     Finding // what went of the day under way
}

// forget drops rows, and stops between two when ctx is done.
func (f *forgetting) forget(ctx context.Context, lost []jarvis.FileRecord) error {
	a := f.archive
	// The disk may have been unmounted since the rows were counted.
	if err := a.checkMarker(ctx); err != nil {
		return err
	}
	ending, cancel := Graceful(ctx)
	defer cancel()
	dropped := make([]bool, len(lost))
	failures := make([]error, len(lost))
	eachOf(len(lost), func(i int) {
		if ctx.Err() == nil {
			dropped[i], failures[i] = a.drop(ending, lost[i].ID)
		}
	})
	for i, row := range lost {
		f.tell(row, dropped[i], failures[i])
	}
	if err := a.freeIDs(ending, lost, dropped); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	return nil
}

// tell counts the outcome of one row.
func (f *forgetting) tell(row jarvis.FileRecord, dropped bool, failure error) {
	name, _ := ownName(row.ID, row.Filepath)
	if failure != nil {
		f.receipt.Failed++
		f.report(Finding{Kind: KindMissing, Day: name.Day(), ID: row.ID, Path: name.String(), Detail: "the row was not dropped", Err: failure})
	}
	if !dropped {
		return
	}
	f.receipt.Forgotten++
	if f.day.Day != name.Day() {
		f.flush()
		f.day = Finding{Kind: KindMissing, Day: name.Day(), Path: name.Day().Folder(), Mended: true}
	}
	f.day.Captures++
}

// flush reports the day under way.
func (f *forgetting) flush() {
	if f.day.Captures > 0 {
		f.day.Detail = captures(f.day.Captures) + " forgotten"
		f.report(f.day)
	}
	f.day = Finding{}
}

// captures returns "1 capture" or "3 captures".
func captures(n int64) string {
	if n == 1 {
		return "1 capture"
	}
	return strconv.FormatInt(n, 10) + " captures"
}

// drop removes a row if its image is still gone, and reports whether it did.
func (a *Archive) drop(ctx context.Context, id jarvis.ID) (bool, error) {
	return underLock(ctx, a, id, func(ctx context.Context) (bool, error) {
		row, err := a.catalog.FindCapture(ctx, id)
		if errors.Is(err, jarvis.ErrNotFound) || errors.Is(err, jarvis.ErrDeleted) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if gone, err := a.gone(ctx, id, row.Filepath); err != nil || !gone {
			return false, err
		}
		if _, err := a.catalog.BeginDelete(ctx, id); err != nil {
			return false, err
		}
		return true, a.catalog.FinishDelete(ctx, id)
	})
}

// freeIDs purges the dropped rows, and then removes their tombstones.
func (a *Archive) freeIDs(ctx context.Context, lost []jarvis.FileRecord, dropped []bool) error {
	if !slices.Contains(dropped, true) {
		return nil
	}
	if err := a.catalog.Purge(ctx); err != nil {
		return err
	}
	for i, row := range lost {
		if !dropped[i] {
			continue
		}
		if err := a.catalog.Undelete(ctx, row.ID); err != nil {
			return err
		}
	}
	return nil
}
