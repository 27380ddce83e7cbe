package thumbnail

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/jarvis-memory/jarvis"
)

// DefaultMaxBytes bounds a cache: some 20,000 thumbnails.
const DefaultMaxBytes = 256 << 20

// How much a cache does at once, whoever waits for it: a disk that hangs, or a
// page of a thousand thumbnails, must not take all memory.
const (
	maxFlights = 64 // thumbnails that are read or made
	maxMaking  = 4  // of them, those whose image is in memory
)

// Sealer makes what is kept unreadable, and readable again.
type Sealer interface {
	// Seal binds plain to the capture.
	Seal(id jarvis.ID, plain []byte) ([]byte, error)

	// Open returns what was sealed. Anything that was not sealed for the same
	// capture, or is not what it was, is an error.
	Open(id jarvis.ID, sealed []byte) ([]byte, error)
}

// Options say how a cache works.
type Options struct {
	Folder   string // absolute; it is made when it is needed
	Sealer   Sealer // nil keeps plain files, which any image viewer opens
	Maker    *Maker // nil means one with the default limits
	MaxBytes int64  // of all thumbnails; 0 means DefaultMaxBytes
	// MaxSheetBytes is of all sheets; 0 means DefaultMaxSheetBytes.
	MaxSheetBytes int64

	// Exists reports whether there is a capture, for ids that the cache has or is
	// about to keep. Whoever deletes a capture first makes Exists say so and then
	// calls Purge: then no picture of it is left, whatever is made meanwhile
	// and in whichever process. nil means that captures are never deleted.
	Exists func(ctx context.Context, id jarvis.ID) (bool, error)

	Log *slog.Logger // gets what a cache cannot do, which stops nothing; nil discards it
}

// Cache keeps thumbnails, and sheets of tiles, in files. Each is made again when it is missing,
// damaged, or not what it should be, so that the folder may be removed at any
// time. Nothing is synced: a power cut costs thumbnails.
//
// A file is called after the id of its capture and its width, or the ids of its
// captures are behind it. They and its size are all that it tells where the cache is
// sealed.
//
// Several processes may share the folder. The methods may be called concurrently.
type Cache struct {
	files   folder
	maker   *Maker
	exists  func(ctx context.Context, id jarvis.ID) (bool, error)
	log     *slog.Logger
	working *semaphore.Weighted // of maxFlights
	making  *semaphore.Weighted // of maxMaking
	flights flights
	full    sync.Mutex // held by whoever makes room

	sheets   sheetFolder
	sheeting *semaphore.Weighted // of maxSheets
	purger   *Purger
}

// New returns a cache. It touches no file.
func New(o Options) *Cache {
	c := &Cache{
		files:   folder{path: o.Folder, sealer: o.Sealer, max: o.MaxBytes, suffix: sealedSuffix},
		maker:   o.Maker,
		exists:  o.Exists,
		log:     o.Log,
		working: semaphore.NewWeighted(maxFlights),
		making:  semaphore.NewWeighted(maxMaking),
		flights: flights{byKey: make(map[flightKey]*flight)},

		sheets:   sheetFolder{path: sheetsIn(o.Folder), max: o.MaxSheetBytes},
		sheeting: semaphore.NewWeighted(maxSheets),
		purger:   NewPurger(o.Folder),
	}
	if o.Sealer == nil {
		c.files.sealer, c.files.suffix = plainFiles{}, plainSuffix
	}
	c.sheets.sealer, c.sheets.suffix = c.files.sealer, c.files.suffix
	if c.sheets.max <= 0 {
		c.sheets.max = DefaultMaxSheetBytes
	}
	if c.files.max <= 0 {
		c.files.max = DefaultMaxBytes
	}
	if c.maker == nil {
		c.maker = NewMaker(Limits{})
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Thumbnail returns a JPEG of the capture that is Fit(width) pixels wide, or less: see
// [Maker.Make], whose errors it has. It asks image for the capture's image only
// when none is kept, and only once however many ask at the same time; an error of
// image is returned as it is. The caller knows that there is such a capture, and
// must not change the bytes.
//
// It returns soon after ctx is done, with CodeUnavailable, even while the disk
// hangs. What nobody waits for any more is given up.
func (c *Cache) Thumbnail(ctx context.Context, id jarvis.ID, width int, image func(context.Context) ([]byte, error)) ([]byte, error) {
	if id.IsZero() {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "a thumbnail of no capture is asked for")
	}
	width = Fit(width)
	result, err := c.flights.join(ctx, flightKey{id: id, width: width}, func(ctx context.Context) (made, error) {
		thumbnail, err := c.get(ctx, id, width, image)
		return made{jpeg: thumbnail}, err
	})
	return result.jpeg, err
}

func (c *Cache) get(ctx context.Context, id jarvis.ID, width int, image func(context.Context) ([]byte, error)) ([]byte, error) {
	if err := c.working.Acquire(ctx, 1); err != nil {
		return nil, stopped(err)
	}
	defer c.working.Release(1)
	if thumbnail, ok := c.files.read(id, width); ok {
		return thumbnail, nil
	}
	thumbnail, err := c.make(ctx, width, image)
	if err != nil {
		return nil, err
	}
	if err := c.keep(ctx, id, width, thumbnail); err != nil {
		c.log.WarnContext(ctx, "a thumbnail could not be kept", "capture", id.String(), "error", cause(err))
	}
	return thumbnail, nil
}

func (c *Cache) make(ctx context.Context, width int, image func(context.Context) ([]byte, error)) ([]byte, error) {
	if err := c.making.Acquire(ctx, 1); err != nil {
		return nil, stopped(err)
	}
	defer c.making.Release(1)
	data, err := image(ctx)
	if err != nil {
		return nil, err
	}
	return c.maker.Make(ctx, data, width)
}

// keep writes the thumbnail, then looks whether its capture is still there, and
// then for room. In this order: see Options.Exists.
func (c *Cache) keep(ctx context.Context, id jarvis.ID, width int, thumbnail []byte) error {
	full, err := c.files.write(id, width, thumbnail)
	if err != nil {
		return err
	}
	if err := c.purgeUnless(context.WithoutCancel(ctx), id); err != nil {
		return err
	}
	if full && c.full.TryLock() {
		defer c.full.Unlock()
		return c.files.makeRoom()
	}
	return nil
}

// purgeUnless purges what is kept of a capture unless there is such a capture.
// Who cannot tell does not keep.
func (c *Cache) purgeUnless(ctx context.Context, id jarvis.ID) error {
	if c.exists == nil {
		return nil
	}
	exists, err := c.exists(ctx, id)
	if err != nil || !exists {
		if purgeErr := c.purger.thumbnails(id); purgeErr != nil {
			return purgeErr
		}
	}
	return err
}

// Purge is that of [Purger].
func (c *Cache) Purge(id jarvis.ID) error { return c.purger.Purge(id) }

// Clean removes what does not belong into the cache: pictures of captures that
// are no longer there, those of another kind than this cache keeps (plain ones in
// a sealed store), what a crash left, and the oldest beyond the bound. It is
// meant to be called once, in the background; it asks Exists about every
// capture, and stops when ctx is done.
func (c *Cache) Clean(ctx context.Context) error {
	c.full.Lock()
	defer c.full.Unlock()
	if err := c.files.removeForeign(); err != nil {
		return err
	}
	if c.exists != nil {
		ids, err := c.files.ids()
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := ctx.Err(); err != nil {
				return stopped(err)
			}
			if err := c.purgeUnless(ctx, id); err != nil {
				return err
			}
		}
	}
	return errors.Join(c.files.makeRoom(), c.sheets.clean(ctx, c.exists))
}

// Close gives up what is under way and waits for it until ctx is done. Afterwards
// Thumbnail and Sheet are CodeUnavailable. It may be called more than once.
func (c *Cache) Close(ctx context.Context) error { return c.flights.close(ctx) }
