package jarvis

import (
	"context"
	"path"
	"strings"
	"time"
)

// Format is an image format that a capture may have.
type Format string

// The formats. A file keeps the format it came in.
const (
	JPEG Format = "jpeg"
	PNG  Format = "png"
	WebP Format = "webp"
)

// Extension returns the file name extension with its dot: ".jpg", ".png" or ".webp".
func (f Format) Extension() string {
	if f == JPEG {
		return ".jpg"
	}
	return "." + string(f)
}

// MediaType returns the format's media type, such as "image/jpeg".
func (f Format) MediaType() string { return "image/" + string(f) }

// SealedExtension ends the name of a sealed (encrypted) image, after the
// extension of its format.
const SealedExtension = ".age"

// Day is a date in UTC, the unit by which the file tree is partitioned.
type Day struct {
	Year  int
	Month time.Month
	Date  int
}

// DayOf returns the UTC day of t.
func DayOf(t time.Time) Day {
	y, m, d := t.UTC().Date()
	return Day{y, m, d}
}

// Start returns the first instant of the day; d.Start().AddDate(0, 0, 1) is its end.
func (d Day) Start() time.Time { return time.Date(d.Year, d.Month, d.Date, 0, 0, 0, 0, time.UTC) }

// String returns the day as YYYY-MM-DD.
func (d Day) String() string { return d.Start().Format("2006-01-02") }

// Folder returns the day's folder relative to the storage root: YYYY/MM/DD.
func (d Day) Folder() string { return d.Start().Format("2006/01/02") }

// Compare orders days by time.
func (d Day) Compare(e Day) int { return d.Start().Compare(e.Start()) }

// MarshalText returns the day as YYYY-MM-DD.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD strictly.
func (d *Day) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return Errorf(CodeInvalid, "%.20q is not a date: expected YYYY-MM-DD", text)
	}
	*d = DayOf(t)
	return nil
}

// ParseDayFolder reads YYYY/MM/DD strictly and reports whether it is a real date.
func ParseDayFolder(folder string) (Day, bool) {
	t, err := time.Parse("2006/01/02", folder)
	if err != nil || len(folder) != len("2006/01/02") {
		return Day{}, false
	}
	return DayOf(t), true
}

// BlobName is the name of an image relative to the storage root,
// YYYY/MM/DD/{id}{extension}. The zero BlobName is no name; any other was made
// from a validated id and a date, so it cannot leave the root.
type BlobName struct {
	day  Day
	id   ID
	base string
}

// NewBlobName returns the name of the capture's image: the folder is the UTC
// date of timestamp.
func NewBlobName(id ID, timestamp time.Time, format Format, sealed bool) BlobName {
	base := id.text + format.Extension()
	if sealed {
		base += SealedExtension
	}
	return BlobName{DayOf(timestamp), id, base}
}

// ParseBlobName reads the last four components of a path, so that it accepts
// both a catalogue's relative filepath and the absolute one of an adopted row
// (/data/captures/2026/01/24/{id}.jpg). Anything but a date folder and a
// UUID with a known extension is refused with CodeInvalid.
func ParseBlobName(filepath string) (BlobName, error) {
	parts := strings.Split(filepath, "/")
	if n := len(parts); n >= 4 {
		if day, ok := ParseDayFolder(strings.Join(parts[n-4:n-1], "/")); ok {
			if name, ok := NewDayEntryName(day, parts[n-1]); ok {
				return name, nil
			}
		}
	}
	return BlobName{}, Errorf(CodeInvalid, "%.200q is not the path of an image in a store: expected YYYY/MM/DD/{id}.jpg", filepath)
}

// NewDayEntryName returns the name of a file called base in a day's folder, and
// false when base is not a lower-case UUID with a known extension.
func NewDayEntryName(day Day, base string) (BlobName, bool) {
	if len(base) < 36 {
		return BlobName{}, false
	}
	id, err := ParseID(base[:36])
	if err != nil || id.text != base[:36] {
		return BlobName{}, false
	}
	switch strings.TrimSuffix(base[36:], SealedExtension) {
	case ".jpg", ".jpeg", ".png", ".webp":
		return BlobName{day, id, base}, true
	}
	return BlobName{}, false
}

// IsZero reports whether n is no name.
func (n BlobName) IsZero() bool { return n.base == "" }

// String returns the name with forward slashes, as the catalogue keeps it.
func (n BlobName) String() string {
	if n.IsZero() {
		return ""
	}
	return path.Join(n.day.Folder(), n.base)
}

// Day returns the folder's date.
func (n BlobName) Day() Day { return n.day }

// ID returns the id in the name.
func (n BlobName) ID() ID { return n.id }

// Base returns the name within its day's folder.
func (n BlobName) Base() string { return n.base }

// Sealed reports whether the name is that of a sealed image.
func (n BlobName) Sealed() bool { return strings.HasSuffix(n.base, SealedExtension) }

// Format returns the format that the extension tells.
func (n BlobName) Format() Format {
	switch path.Ext(strings.TrimSuffix(n.base, SealedExtension)) {
	case ".png":
		return PNG
	case ".webp":
		return WebP
	default:
		return JPEG
	}
}

// BlobInfo describes a stored image, or a foreign file in a day's folder.
type BlobInfo struct {
	Name    BlobName // zero for a foreign file: one that no capture could have
	Base    string   // name within the day's folder
	Size    int64    // bytes on disk
	ModTime time.Time
}

// Usage is the space of the file system that holds the images, in bytes.
type Usage struct {
	Free  int64 // what this process may still use
	Total int64
}

// BlobStore keeps images by name. All methods may be called concurrently, by
// any number of processes that share the storage root. A method returns as soon
// as its context is done, even while the disk hangs; what it had begun then
// ends later on its own, and its outcome is unknown to the caller. Its error is
// CodeUnavailable then, with the context's error as its cause.
//
// The bytes on disk are those of the image, unless the store seals: then they
// are the encrypted image, and a name tells which of both it is (BlobName.Sealed).
//
// Errors are *Error: CodeNotFound for a missing image, CodeNoSpace for a full
// disk, CodeUnavailable for a disk that failed, is read-only, or failed to sync
// once: from then on nothing is accepted until the program starts anew.
type BlobStore interface {
	// Name returns the name under which this store keeps the capture's image.
	Name(id ID, timestamp time.Time, format Format) BlobName

	// Stage writes data, the image of the capture id, to a staging file and
	// syncs it. Nothing is published. It can be published only under a name of
	// id, and a store that seals binds the sealed bytes to id besides. The zero
	// ID is CodeInvalid. The caller must not change data afterwards, and must
	// call Discard.
	Stage(ctx context.Context, id ID, data []byte) (StagedBlob, error)

	// Read returns the whole image as it was given to Stage: what Open returns
	// for the bytes of ReadStored, with the errors of both. The caller owns the
	// bytes.
	Read(ctx context.Context, name BlobName) ([]byte, error)

	// ReadStored returns the bytes on disk, whose digest StagedBlob.SHA256 is.
	// It needs no key. The caller owns them.
	ReadStored(ctx context.Context, name BlobName) ([]byte, error)

	// Open returns the image in the stored bytes of a name, and those bytes
	// themselves when the name is not Sealed. It does no input or output.
	// What is sealed can't be opened without the identity: CodeLocked. Bytes
	// that are damaged, or that are the image of another capture than name's,
	// are CodeCorrupt; those sealed to another identity are CodeMismatch.
	Open(name BlobName, stored []byte) ([]byte, error)

	// Stat describes the image without reading it.
	Stat(ctx context.Context, name BlobName) (BlobInfo, error)

	// Delete removes the image and syncs its folder, so that it stays removed
	// after a power cut. A missing image is no error. A day's folder that it
	// empties is left.
	Delete(ctx context.Context, name BlobName) error

	// Lock waits for and takes the exclusive lock of an id, against every
	// other process and goroutine. Whoever publishes or deletes an image holds
	// the lock of its id. unlock must be called once.
	Lock(ctx context.Context, id ID) (unlock func(), err error)

	// Days lists the days that have a folder, oldest first.
	Days(ctx context.Context) ([]Day, error)

	// WalkDay calls fn for each file in the day's folder, in no order, and
	// stops at the first error of fn, which it returns. Files whose name begins
	// with a dot and folders are passed over. A missing folder is CodeNotFound.
	WalkDay(ctx context.Context, day Day, fn func(BlobInfo) error) error

	// Quarantine moves a file out of a day's folder to where no capture is
	// looked for, without overwriting, and returns its new path relative to the
	// storage root. Nothing in the quarantine is ever deleted.
	Quarantine(ctx context.Context, day Day, base string) (string, error)

	// Usage returns the space of the file system.
	Usage(ctx context.Context) (Usage, error)

	// Marker returns the id of the store that the tree belongs to, and the zero
	// ID when the tree has no marker.
	Marker(ctx context.Context) (ID, error)

	// WriteMarker marks an unmarked tree as the store's, durably. A tree that
	// another store has marked meanwhile is CodeMismatch.
	WriteMarker(ctx context.Context, store ID) error

	// Check returns nil while images can be stored, and what is wrong otherwise.
	Check(ctx context.Context) error
}

// StagedBlob is an image that is durable but has no name. Its methods are for
// one goroutine.
type StagedBlob interface {
	// Size returns the bytes on disk.
	Size() int64

	// SHA256 returns the digest of the bytes on disk.
	SHA256() []byte

	// Publish gives the image its name and syncs the folder and every new
	// parent. It never overwrites: a file of that name is CodeConflict. A name
	// of another capture than the one that the image was staged for is
	// CodeInvalid, and so is a plain name in a store that seals.
	Publish(ctx context.Context, name BlobName) error

	// Replace is Publish over an existing file, atomically. The caller holds
	// the lock of the id and has seen under it that no row names the file.
	Replace(ctx context.Context, name BlobName) error

	// Discard removes the staging file if it is still there. It may be called
	// more than once and after Publish. What it
	// cannot remove, the next first process to open the store does.
	Discard()
}
