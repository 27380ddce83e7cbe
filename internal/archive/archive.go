// Package archive holds the use cases of Jarvis over a catalogue and a blob
// store: open a store, ingest a capture, fetch it, remove it, verify that rows
// and images agree.
//
// # What is promised
//
// A capture for which Ingest returned nil is durable: its image was synced under
// its name before its row was committed. Whatever a power cut leaves beside
// that is an image without a row, which was never acknowledged: the same
// capture ingested again replaces it, and Verify adopts it.
//
// Whoever publishes, deletes or adopts the image of an id does so under the
// lock of that id, and the lock is kept until the outcome is known, even when
// the caller's context ended before: an operation that a hanging disk finishes
// late never meets one that came after it.
//
// # Sealed stores
//
// A sealed store keeps the same promises. Its images are opened by the blob
// store, and its secret comes with Options. Without them the rows can be listed,
// images removed, and the bytes on disk verified; nothing can be stored, and
// what can't be opened is CodeLocked.
package archive

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/jarvis-memory/jarvis"
)

// ImageReader knows image formats. Its errors are *jarvis.Error.
type ImageReader interface {
	// Inspect reads the header and returns what it says. It refuses with
	// CodeInvalid what is no image of a known format and with CodeTooLarge what
	// is beyond the limits.
	Inspect(data []byte, limits jarvis.ImageLimits) (jarvis.Image, error)

	// Decode reads the whole image and returns CodeCorrupt or CodeInvalid when
	// it is damaged, and CodeTooLarge when it is beyond the limits.
	Decode(data []byte, limits jarvis.ImageLimits) error
}

// Options are what an Archive needs besides its two stores.
type Options struct {
	Images ImageReader        // required
	Limits jarvis.ImageLimits // zero fields mean jarvis.DefaultImageLimits

	// Secret is that of a sealed store, whose catalogue keeps none. The zero
	// Secret means that the identity is not at hand: no content is checked, and
	// Ingest is CodeLocked. A plain store has its own.
	Secret jarvis.Secret

	// StoragePath is the root of the file tree as the person named it, for
	// messages only.
	StoragePath string

	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// Log gets what is worth a line and stops nothing; nil discards it.
	Log *slog.Logger
}

// Archive joins a catalogue and a blob store that belong to one store. All
// methods may be called concurrently.
type Archive struct {
	catalog jarvis.Catalog
	blobs   jarvis.BlobStore
	images  ImageReader
	limits  jarvis.ImageLimits
	secret  jarvis.Secret
	path    string
	now     func() time.Time
	log     *slog.Logger
	store   jarvis.StoreInfo

	sections sections
	decoding *semaphore.Weighted // of pixels; see maxDecoding
}

// Open joins a catalogue and a blob store. It checks that they are of one store
// by the tree's marker, marks and binds the tree of a new store, and finishes
// interrupted deletions; one that can't be finished now is logged, stays
// pending, and is found by Verify. What finished deletions have left, it purges,
// for ten seconds at most: the rest is left to the next removal.
//
// A marker of another store, a tree without marker that had one, and an adopted
// catalogue whose images are not in the tree are CodeMismatch.
//
// The Archive owns neither store: the caller closes both after Close.
func Open(ctx context.Context, catalog jarvis.Catalog, blobs jarvis.BlobStore, o Options) (*Archive, error) {
	a := &Archive{
		catalog:  catalog,
		blobs:    blobs,
		images:   o.Images,
		limits:   o.Limits,
		secret:   o.Secret,
		path:     o.StoragePath,
		now:      o.Now,
		log:      o.Log,
		sections: newSections(),
		decoding: semaphore.NewWeighted(maxDecoding),
	}
	if a.limits.MaxBytes <= 0 {
		a.limits.MaxBytes = jarvis.DefaultImageLimits.MaxBytes
	}
	if a.limits.MaxPixels <= 0 {
		a.limits.MaxPixels = jarvis.DefaultImageLimits.MaxPixels
	}
	if a.now == nil {
		a.now = time.Now
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if err := a.bind(ctx); err != nil {
		return nil, err
	}
	if err := a.finishDeletes(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

// Close waits for operations that outlived their callers' contexts, until ctx
// is done. The catalogue and the blob store should be closed only after it.
func (a *Archive) Close(ctx context.Context) error { return a.sections.wait(ctx) }

// Store returns what the catalogue says of the store.
func (a *Archive) Store() jarvis.StoreInfo { return a.store }

// Progress is jarvis.Progress.
type Progress = jarvis.Progress
