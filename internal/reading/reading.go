// Package reading reads the captures that wait in a catalogue's queue: it claims
// them, the newest first, has an engine read their images, masks secrets, and
// stores what was read. Any number of Readers, in any number of processes and on
// any number of machines, may work on one queue.
//
// # What happens to a capture
//
// One whose very image was read before takes the text of that. One that came with
// text, or in a store that keeps no text, is only indexed. For all others the image
// is fetched and read. Nothing that an engine said is stored before it was masked.
//
// # Failures
//
// A failure that is the picture's own, such as a crash of the engine, is tried
// again after a minute, five, half an hour and two hours; the fifth sets it aside
// with the reason, and so does an image that is gone or damaged, at once. One
// that was claimed twenty times without an end, as it would be if it killed the
// process, is set aside too.
//
// What is no picture's fault (an engine that is not installed, a disk or a
// database that does not answer) costs none of them an attempt: the Reader pauses,
// says so in one line of its log, and tries again with one picture at a time, each
// time another one, after pauses that grow to five minutes. A picture that had part
// in such trouble before, while others were read in between, is taken for the
// cause of it. When ten different pictures have failed and none was read in between,
// that is trouble of the engine as well.
package reading

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/jarvis-memory/jarvis"
)

// Queue is what a Reader needs of jarvis.Readings, where the methods are
// described.
type Queue interface {
	ClaimReadings(ctx context.Context, now time.Time, lease time.Duration, limit int) ([]*jarvis.Claim, error)
	ClaimReading(ctx context.Context, id jarvis.ID, now time.Time, lease time.Duration) (*jarvis.Claim, error)
	FinishReading(ctx context.Context, lease jarvis.Lease, r *jarvis.Reading, document string) error
	FailReading(ctx context.Context, lease jarvis.Lease, f jarvis.ReadFailure) error
	SetAside(ctx context.Context, lease jarvis.Lease, reason, document string) error
	ReleaseReading(ctx context.Context, lease jarvis.Lease) error
}

// Engine reads an image. CodeUnavailable and CodeBusy are trouble of the engine
// itself, such as a program that is not installed. Any other error is the picture's,
// and of these CodeTooLarge and CodeCorrupt say that it need not be tried again. A
// panic is an error of the picture.
type Engine interface {
	Read(ctx context.Context, image []byte) (*jarvis.Reading, error)
}

// Options are what a Reader works with.
type Options struct {
	Queue Queue // required

	// Engine reads images; with none, captures are only indexed.
	Engine Engine
	// Fetch returns the image of a capture, byte for byte as it was given; required
	// with an Engine. The errors are those of archive.Fetch: CodeNotFound, CodeDeleted,
	// CodeCorrupt and CodeMismatch are the image's own, any other is trouble.
	Fetch func(ctx context.Context, id jarvis.ID) ([]byte, error)
	// Mask replaces secrets: in what was read, now or in a twin, in the document of a
	// capture that came with text, and in the reasons of failures. Nil masks nothing.
	Mask func(*jarvis.Reading)
	// Document makes the document of a capture: see jarvis.Index. Required.
	Document func(text, title, url string) string
	// NoText says that the store keeps no text of images (jarvis.StoreInfo.NoText):
	// captures are only indexed, by their titles and addresses.
	NoText bool

	Workers int           // images that are read at once, and held in memory; 0 means 1
	Lease   time.Duration // of a claim: longer than reading one image ever takes; 0 means DefaultLease
	// Poll is how often an empty queue is looked at, and by and by up to six times as
	// seldom while it stays empty; 0 means 5 seconds.
	Poll time.Duration

	// Once ends the Reader when nothing is due any more, or at the first trouble:
	// see Done and Err.
	Once bool

	// Failed, which may be nil, hears of each picture that failed, or was set aside,
	// and why, without secrets. It is called by many goroutines, and must not block.
	Failed func(id jarvis.ID, reason string)
	// Watched says that the caller looks at Err in the end: then why the Reader ended
	// by itself is not logged as well.
	Watched bool

	Now    func() time.Time // nil means time.Now
	Logger *slog.Logger     // nil for none
}

// DefaultLease is long enough for engines that end within a minute.
const DefaultLease = 5 * time.Minute

// Stats counts what a Reader did since it was made.
type Stats struct {
	Read     int64         // by the engine
	Twins    int64         // took the text of the same image
	Indexed  int64         // without being read
	Failed   int64         // attempts, whose picture is tried again
	SetAside int64         // for good
	Lost     int64         // whose lease ended, or that were deleted, before they were done
	Masked   int64         // secrets
	Engine   time.Duration // that the engine took, of all images together
	Busy     int           // images in hand now
}

// Reader reads captures. Its methods may be called concurrently.
type Reader struct {
	o       Options
	log     *slog.Logger
	slots   *semaphore.Weighted
	wake    chan struct{} // has one when the queue may have something
	offers  chan offer
	working sync.WaitGroup // what holds a slot
	done    chan struct{}

	mu      sync.Mutex
	end     context.CancelFunc // nil until started
	stopped bool
	err     error // why it ended by itself
	stats   Stats
	trouble trouble
	flights map[string]*flight // by the digest of the image
	// asideNoted is when a picture that was set aside was last logged.
	asideNoted time.Time
}

// New returns a Reader that was not started.
func New(o Options) *Reader {
	if o.Workers <= 0 {
		o.Workers = 1
	}
	if o.Lease <= 0 {
		o.Lease = DefaultLease
	}
	if o.Poll <= 0 {
		o.Poll = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Reader{
		o:       o,
		log:     o.Logger,
		slots:   semaphore.NewWeighted(int64(o.Workers)),
		wake:    make(chan struct{}, 1),
		offers:  make(chan offer, o.Workers),
		done:    make(chan struct{}),
		trouble: newTrouble(),
		flights: map[string]*flight{},
	}
}

// Start begins to read, until ctx ends or Stop is called. A Reader is started
// once; later calls, and those after Stop, do nothing.
func (r *Reader) Start(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.end != nil || r.stopped {
		return
	}
	ctx, r.end = context.WithCancel(ctx)
	go func() {
		defer close(r.done)
		r.run(ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.stopped = true // nothing is offered to it any more
		r.end()
	}()
}

// Stop ends what is under way, gives back what is in hand, and waits for that
// until ctx is done. It may be called more than once, and before Start.
func (r *Reader) Stop(ctx context.Context) error {
	r.mu.Lock()
	r.stopped = true
	end := r.end
	r.mu.Unlock()
	if end == nil {
		return nil
	}
	end()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return jarvis.WrapError(jarvis.CodeUnavailable, "reading: stop", "an image that is being read was left behind: it is read again later", ctx.Err())
	}
}

// Done is closed when the Reader has ended: stopped, with nothing more to do where
// Options.Once says so, or because it may not read this queue.
func (r *Reader) Done() <-chan struct{} { return r.done }

// Err returns, once Done is closed, why the Reader ended by itself, and nil when it
// was stopped or has read everything.
func (r *Reader) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Stats returns what was done so far.
func (r *Reader) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// Wake says that the queue may have something that is due.
func (r *Reader) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Offer gives the image of a capture that was just stored, so that it need not be
// fetched. It returns at once. The image is copied and read now if one more can be;
// otherwise, and when the Reader is paused or has ended, it is read later like
// all others.
func (r *Reader) Offer(id jarvis.ID, image []byte) (taken bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ready := r.end != nil && !r.stopped && r.trouble.pauses == 0 && r.reads()
	if !ready || !r.slots.TryAcquire(1) {
		r.Wake()
		return false
	}
	r.stats.Busy++
	r.offers <- offer{id, bytes.Clone(image)} // has room: each took a slot
	return true
}

// offer is an image that was offered, and holds a slot.
type offer struct {
	id    jarvis.ID
	image []byte
}

// reads reports whether images are read, and not only indexed.
func (r *Reader) reads() bool { return r.o.Engine != nil && !r.o.NoText }
