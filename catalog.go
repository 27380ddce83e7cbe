package jarvis

import (
	"cmp"
	"context"
	"time"
)

// Order is the direction in which captures are listed.
type Order int

// The orders; both by (timestamp, id).
const (
	NewestFirst Order = iota
	OldestFirst
)

// The captures per page: of a filter that does not say, and at most.
const (
	DefaultPage = 100
	MaxPage     = 5000
)

// CheckPage returns CodeInvalid unless limit is 1 to MaxPage.
func CheckPage(limit int) error {
	if limit < 1 || limit > MaxPage {
		return Errorf(CodeInvalid, "a page holds 1 to %d, not %d", MaxPage, limit)
	}
	return nil
}

// CaptureFilter selects captures and a page of them. The zero filter is the
// newest DefaultPage of all.
type CaptureFilter struct {
	From, To time.Time // half-open [From, To); a zero time leaves that side open
	Device   string    // exactly this device; empty for any
	AppName  string    // exactly this app; empty for any
	Monitor  *int      // exactly this monitor; nil for any. A NULL in the catalogue is monitor 0
	Pinned   *bool     // only pinned ones, or only others; nil for any
	// CreatedBefore leaves out what was stored at or after it; zero for no bound.
	CreatedBefore time.Time

	Order Order
	After Cursor // start after this position, in the direction of Order
	Limit int    // captures per page, 1 to MaxPage; 0 means DefaultPage
}

// Page returns the captures per page, or CodeInvalid as CheckPage.
func (f *CaptureFilter) Page() (int, error) {
	limit := cmp.Or(f.Limit, DefaultPage)
	return limit, CheckPage(limit)
}

// Summary counts the captures that a filter selects, all pages of them.
type Summary struct {
	Captures int64     `json:"captures"`
	Bytes    int64     `json:"bytes"`  // on disk where known, else as given
	Oldest   time.Time `json:"oldest"` // zero when there are none
	Newest   time.Time `json:"newest"`
	Devices  []string  `json:"devices"` // distinct, sorted, at most 100
	Pinned   int64     `json:"pinned"`  // of the captures
}

// FileRecord is what verify needs of a row.
type FileRecord struct {
	ID        ID
	Filepath  string
	Timestamp time.Time
	Size      int64  // bytes on disk: stored_size, else file_size, which is less than a sealed image has
	SHA256    []byte // stored_sha256; nil when unknown
}

// Cursor returns the position just after r.
func (r *FileRecord) Cursor() Cursor { return Cursor{r.Timestamp, r.ID} }

// DayCount is the captures of one day, a date in the time zone asked for.
type DayCount struct {
	Day      Day   `json:"day"`
	Captures int64 `json:"captures"`
	Bytes    int64 `json:"bytes"` // on disk where known, else as given
}

// DeviceCount is the captures of one device.
type DeviceCount struct {
	Device   string `json:"device"`
	Captures int64  `json:"captures"`
	Bytes    int64  `json:"bytes"`
}

// CatalogStats sums up a catalogue.
type CatalogStats struct {
	Captures int64         `json:"captures"`
	Bytes    int64         `json:"bytes"` // on disk where known, else as given
	Oldest   time.Time     `json:"oldest"`
	Newest   time.Time     `json:"newest"`
	Devices  []DeviceCount `json:"devices"` // by device name
}

// StoreInfo identifies a store. It is made once, with the catalogue.
type StoreInfo struct {
	ID        ID
	Secret    Secret // zero in a sealed store, whose secret is derived from its data key
	CreatedAt time.Time
	Adopted   bool // the catalogue was made by an older Jarvis
	Bound     bool // the tree carries the store's marker; see Catalog.BindStore

	Sealed     bool   // images are encrypted; so is the catalogue, where its database can
	PublicKey  string // of the identity of a sealed store, "age1..."; empty in a plain one
	WrappedKey []byte // the data key, sealed to the identity; nil where it lies beside the catalogue
	NoText     bool   // the text in images is kept out of the catalogue
}

// NewStore is what a catalogue that is made anew records of its store. Zero
// fields are chosen by the catalogue: a random ID, and a random Secret unless
// Sealed. It says nothing to a catalogue that has a store already, and an older
// one that is adopted stays plain whatever it says: see StoreInfo.
type NewStore struct {
	ID     ID
	Secret Secret // of a plain store; a sealed one keeps none in its catalogue

	Sealed     bool
	PublicKey  string // required when Sealed
	WrappedKey []byte // nil where the database keeps it elsewhere
	NoText     bool
}

// PendingDelete is a capture whose row is gone and whose image may not be.
type PendingDelete struct {
	ID       ID
	Filepath string
}

// Migration is one step of the catalogue's schema.
type Migration struct {
	Version   int64     `json:"version"`
	Name      string    `json:"name"`
	AppliedAt time.Time `json:"applied_at"` // zero when it was not applied
}

// Catalog keeps the rows. All methods may be called concurrently, by any number
// of processes on the same database, and return soon after their context is
// done. A write is durable when its method returns nil; when it returns an
// error other than those named, it may or may not have happened.
//
// Errors are *Error. A database that does not answer, or that failed to sync,
// is CodeUnavailable; a full disk is CodeNoSpace; a cancelled context is found
// with errors.Is(err, context.Canceled) or DeadlineExceeded.
type Catalog interface {
	// Store returns the store's identity.
	Store(ctx context.Context) (StoreInfo, error)

	// BindStore records that the tree carries the store's marker: from now on a
	// tree without it is another tree, or a disk that is not mounted.
	BindStore(ctx context.Context) error

	// InsertCapture adds a row, together with its counters, in one transaction.
	// The caller has set every field; OCRText may be nil. An id that exists is
	// CodeConflict, an id that was deleted is CodeDeleted, and neither changes
	// anything.
	InsertCapture(ctx context.Context, c *Capture) error

	// FindCapture returns one capture with its text. CodeNotFound, or
	// CodeDeleted when it was deleted.
	FindCapture(ctx context.Context, id ID) (*Capture, error)

	// FindCaptures returns a page of captures in the filter's order, without
	// their text. It never returns nil and nil.
	FindCaptures(ctx context.Context, f CaptureFilter) ([]*Capture, error)

	// FindFiles is FindCaptures for verify: the same page, fewer columns.
	FindFiles(ctx context.Context, f CaptureFilter) ([]FileRecord, error)

	// Summarize counts what the filter selects, ignoring Order, After and
	// Limit. It reads every selected row.
	Summarize(ctx context.Context, f CaptureFilter) (Summary, error)

	// SetPinned pins a capture or unpins it; it may be repeated. CodeNotFound or
	// CodeDeleted as FindCapture.
	SetPinned(ctx context.Context, id ID, pinned bool) error

	// CountMinutes counts the captures of [from, to) by minute, device, monitor
	// and app, in this order. It reads every one of them; from and to are at
	// most MaxMinutesRange apart, else CodeInvalid.
	CountMinutes(ctx context.Context, from, to time.Time) ([]MinuteCount, error)

	// SetStored records that the image was stored anew: path, size and digest
	// on disk. CodeNotFound or CodeDeleted as FindCapture.
	SetStored(ctx context.Context, id ID, filepath string, size int64, sha256 []byte) error

	// BeginDelete removes the row and its counters and leaves a tombstone that
	// remembers the image until FinishDelete. From here on the id is
	// CodeDeleted. CodeNotFound or CodeDeleted as FindCapture, but an id whose
	// deletion is still pending is returned again.
	BeginDelete(ctx context.Context, id ID) (PendingDelete, error)

	// FinishDelete records that the image is gone. It may be repeated.
	FinishDelete(ctx context.Context, id ID) error

	// PendingDeletes lists at most limit deletions that were begun and not
	// finished, by id, starting after the given id (zero for the first).
	PendingDeletes(ctx context.Context, after ID, limit int) ([]PendingDelete, error)

	// Undelete removes the tombstone of a finished deletion, so that the id can
	// be inserted again. An id without one is no error; a pending deletion is
	// CodeConflict.
	Undelete(ctx context.Context, id ID) error

	// Purge makes finished deletions final: what they removed is also removed
	// from the copies that migrations keep. It may be repeated, and is cheap
	// when there is nothing to do. Callers call it once after a batch.
	Purge(ctx context.Context) error

	// CountDays returns the days in loc that have captures, oldest first, from
	// the counters. From and To are rounded out to whole days in loc; a zero
	// time leaves that side open. See DayCounter.
	CountDays(ctx context.Context, from, to time.Time, loc *time.Location) ([]DayCount, error)

	// Stats sums up the catalogue from the counters, without reading its rows.
	Stats(ctx context.Context) (CatalogStats, error)

	// Check returns nil while the database answers and accepts writes.
	Check(ctx context.Context) error

	// CheckWhole reads everything that the database holds and returns
	// CodeCorrupt when something is damaged. It takes as long as that takes.
	CheckWhole(ctx context.Context) error

	// Close waits for writes in flight and closes the database. It may be
	// called more than once.
	Close() error
}
