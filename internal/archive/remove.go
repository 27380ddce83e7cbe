package archive

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Removal is what a filter would remove, as of a moment.
type Removal struct {
	jarvis.Summary
	filter jarvis.CaptureFilter
}

// Receipt says what a removal did.
type Receipt struct {
	Removed int64 `json:"removed"` // captures whose row and image are gone
	Bytes   int64 `json:"bytes"`   // freed on disk
	Missing int64 `json:"missing"` // of the removed, those whose image was already gone
	Failed  int64 `json:"failed"`  // captures that are still there, or whose image may be
}

// RemoveOptions are the callbacks of a removal; each may be nil. They are not
// called concurrently.
type RemoveOptions struct {
	Progress Progress
	// Failed is told of each capture that could not be removed.
	Failed func(id jarvis.ID, err error)
}

// PlanRemoval counts what a filter selects, all pages of it, and fixes the
// moment: RemovePlanned leaves what is stored from now on.
func (a *Archive) PlanRemoval(ctx context.Context, f jarvis.CaptureFilter) (*Removal, error) {
	// The bound is exclusive; what was stored in this very microsecond counts.
	bound := jarvis.Instant(a.now()).Add(time.Microsecond)
	if f.CreatedBefore.IsZero() || f.CreatedBefore.After(bound) {
		f.CreatedBefore = bound
	}
	summary, err := a.catalog.Summarize(ctx, f)
	if err != nil {
		return nil, err
	}
	return &Removal{summary, f}, nil
}

// RemovePlanned removes what was planned, oldest first: row, image and what
// upgrades copied aside. It leaves tombstones of the ids. It goes on after a
// capture that fails, and stops between two captures when ctx is done. The
// receipt holds also with an error.
func (a *Archive) RemovePlanned(ctx context.Context, r *Removal, o RemoveOptions) (Receipt, error) {
	f := r.filter
	f.Order, f.After, f.Limit = jarvis.OldestFirst, jarvis.Cursor{}, removePage
	job := removal{archive: a, total: r.Captures, createdBefore: f.CreatedBefore, o: o}
	for {
		page, err := a.catalog.FindFiles(ctx, f)
		if err != nil {
			return job.end(ctx, err)
		}
		ids := make([]jarvis.ID, len(page))
		for i, row := range page {
			ids[i] = row.ID
		}
		if err := job.remove(ctx, ids); err != nil || len(page) < removePage {
			return job.end(ctx, err)
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
	archive       *Archive
	total         int64
	createdBefore time.Time // leave what was stored from then on; zero for no bound
	o             RemoveOptions

	mu      sync.Mutex
	receipt Receipt
	done    int64
}

// remove removes captures. Its error is that of ctx; others are counted.
func (j *removal) remove(ctx context.Context, ids []jarvis.ID) error {
	ending, cancel := graceful(ctx)
	defer cancel()
	eachOf(len(ids), func(i int) {
		if ctx.Err() == nil {
			gone, err := j.archive.remove(ending, ids[i], j.createdBefore)
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
		ending, cancel := graceful(ctx)
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

// remove removes one capture, unless createdBefore is set and it was stored
// later or is gone.
func (a *Archive) remove(ctx context.Context, id jarvis.ID, createdBefore time.Time) (removed, error) {
	return underLock(ctx, a, id, func(ctx context.Context) (removed, error) {
		if !createdBefore.IsZero() {
			row, err := a.catalog.FindCapture(ctx, id)
			switch {
			case errors.Is(err, jarvis.ErrNotFound), errors.Is(err, jarvis.ErrDeleted):
				return removed{kept: true}, nil
			case err != nil:
				return removed{}, err
			case !row.CreatedAt.Before(createdBefore):
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

// grace is how long what was begun may go on after its context ended.
const grace = 5 * time.Second

// graceful returns a context that ends a little after ctx, for what should not
// be left half done.
func graceful(ctx context.Context) (context.Context, context.CancelFunc) {
	ending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(ending, func() { timer.Stop() })
	})
	return ending, func() { stop(); cancel() }
}
