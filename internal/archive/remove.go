package archive

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Removal is a jarvis.Removal.
type Removal = jarvis.Removal

// Receipt is a jarvis.Receipt.
type Receipt = jarvis.Receipt

// RemoveOptions are jarvis.RemoveOptions.
type RemoveOptions = jarvis.RemoveOptions

// PlanRemoval counts what a filter selects, all pages of it, and fixes the
// moment: RemovePlanned leaves what is stored from now on.
func (a *Archive) PlanRemoval(ctx context.Context, f jarvis.CaptureFilter) (*Removal, error) {
	// The bound is exclusive; what was stored in this very microsecond counts.
	bound := jarvis.Instant(a.now()).Add(time.Microsecond)
	selected := f
	if f.CreatedBefore.IsZero() || f.CreatedBefore.After(bound) {
		f.CreatedBefore = bound
	}
	summary, err := a.catalog.Summarize(ctx, f)
	if err != nil {
		return nil, err
	}
	r := &Removal{Summary: summary, Filter: f}
	if selected.CreatedBefore.Equal(f.CreatedBefore) {
		return r, nil
	}
	all, err := a.catalog.Summarize(ctx, selected)
	if err != nil {
		return nil, err
	}
	if all.Captures > summary.Captures {
		r.Summary = all
		r.Ahead, err = a.storedAhead(ctx, selected, bound)
	}
	return r, err
}

// storedAhead returns what a filter selects that was stored at or after bound,
// which lies ahead of the clock: a clock was set back, that of another machine
// is fast, or an older Jarvis kept local times. Only by its very moment can such
// a capture be told from one that is stored after the preview.
func (a *Archive) storedAhead(ctx context.Context, f jarvis.CaptureFilter, bound time.Time) (map[jarvis.ID]time.Time, error) {
	ahead := make(map[jarvis.ID]time.Time)
	f.After, f.Limit = jarvis.Cursor{}, jarvis.MaxPage
	for {
		page, err := a.catalog.FindCaptures(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, c := range page {
			if !c.CreatedAt.Before(bound) {
				ahead[c.ID] = c.CreatedAt
			}
		}
		if len(page) < f.Limit {
			return ahead, nil
		}
		f.After = page[len(page)-1].Cursor()
	}
}

// RemovePlanned removes what was planned, oldest first, but last what the clock
// had not reached: row, image and what upgrades copied aside. It leaves tombstones of the ids. It goes on after a
// capture that fails, and stops between two captures when ctx is done. The
// receipt holds also with an error.
func (a *Archive) RemovePlanned(ctx context.Context, r *Removal, o RemoveOptions) (Receipt, error) {
	f := r.Filter
	f.Order, f.After, f.Limit = jarvis.OldestFirst, jarvis.Cursor{}, removePage
	job := removal{archive: a, total: r.Captures, planned: r.Holds, o: o}
	for {
		page, err := a.catalog.FindFiles(ctx, f)
		if err != nil {
			return job.end(ctx, err)
		}
		ids := make([]jarvis.ID, len(page))
		for i, row := range page {
			ids[i] = row.ID
		}
		if err := job.remove(ctx, ids); err != nil {
			return job.end(ctx, err)
		}
		if len(page) < removePage {
			return job.end(ctx, job.remove(ctx, slices.Collect(maps.Keys(r.Ahead))))
		}
		f.After = page[len(page)-1].Cursor()
	}
}

// RemoveIDs removes captures by id, as RemovePlanned does. Unknown and deleted
// ids fail with CodeNotFound and CodeDeleted.
func (a *Archive) RemoveIDs(ctx context.Context, ids []jarvis.ID, o RemoveOptions) (Receipt, error) {
	job := removal{archive: a, total: int64(len(ids)), o: o}
	return job.end(ctx, job.remove(ctx, ids))
}

// removePage is how many rows are read at a time.
const removePage = 1000

// removal is a removal under way.
type removal struct {
	archive *Archive
	total   int64
	planned func(*jarvis.Capture) bool // leave what it does not hold; nil for nothing
	o       RemoveOptions

	mu      sync.Mutex
	receipt Receipt
	done    int64
}

// remove removes captures. Its error is that of ctx; others are counted.
func (j *removal) remove(ctx context.Context, ids []jarvis.ID) error {
	ending, cancel := Graceful(ctx)
	defer cancel()
	eachOf(len(ids), func(i int) {
		if ctx.Err() == nil {
			gone, err := j.archive.remove(ending, ids[i], j.planned)
			j.count(ids[i], gone, err)
		}
	})
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	return nil
}

func (j *removal) count(id jarvis.ID, gone removed, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done++
	switch {
	case err != nil:
		j.receipt.Failed++
		if j.o.Failed != nil {
			j.o.Failed(id, err)
		}
	case !gone.kept:
		j.receipt.Removed++
		if j.o.Removed != nil {
			j.o.Removed(id)
		}
		j.receipt.Bytes += gone.bytes
		if gone.missing {
			j.receipt.Missing++
		}
	}
	if j.o.Progress != nil {
		j.o.Progress(j.done, j.total)
	}
}

// end makes the removal final, also one that was stopped.
func (j *removal) end(ctx context.Context, err error) (Receipt, error) {
	if j.receipt.Removed > 0 {
		ending, cancel := Graceful(ctx)
		defer cancel()
		purgeErr := j.archive.catalog.Purge(ending)
		if err == nil {
			return j.receipt, purgeErr
		}
		if purgeErr != nil {
			j.archive.log.WarnContext(ctx, "deleted captures may still be in the copies that upgrades keep", "error", message(purgeErr))
		}
	}
	return j.receipt, err
}

// removed says what became of one capture.
type removed struct {
	kept    bool // it is not of those to be removed, or no longer there
	missing bool // its image was already gone
	bytes   int64
}

// remove removes one capture, unless planned is set and it is gone or was not.
func (a *Archive) remove(ctx context.Context, id jarvis.ID, planned func(*jarvis.Capture) bool) (removed, error) {
	return underLock(ctx, a, id, func(ctx context.Context) (removed, error) {
		if planned != nil {
			row, err := a.catalog.FindCapture(ctx, id)
			switch {
			case errors.Is(err, jarvis.ErrNotFound), errors.Is(err, jarvis.ErrDeleted):
				return removed{kept: true}, nil
			case err != nil:
				return removed{}, err
			case !planned(row):
				return removed{kept: true}, nil
			}
		}
		pending, err := a.catalog.BeginDelete(ctx, id)
		if err != nil {
			return removed{}, err
		}
		gone := removed{missing: true}
		if name, ok := ownName(id, pending.Filepath); ok {
			info, err := a.blobs.Stat(ctx, name)
			if err != nil && !errors.Is(err, jarvis.ErrNotFound) {
				return removed{}, err
			}
			gone = removed{missing: err != nil, bytes: info.Size}
		}
		return gone, a.unlink(ctx, pending)
	})
}
