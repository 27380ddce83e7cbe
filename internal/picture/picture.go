// Package picture reads what the header of a screenshot says: its format, its
// size in pixels and when it was taken.
//
// Everything here works on bytes in memory that nobody vouched for. Nothing
// panics, and nothing is allocated because a header claims a size: only Decode
// allocates pixels, and only after the limits were checked.
//
// Messages do not name the file; the caller, who knows it, puts the name before
// them: "screen.jpg: is not an image: it begins with text".
package picture

import (
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Inspect returns the format and the size of a JPEG, PNG or WebP image from its
// headers; no pixel is decoded. A limit that is zero is the default one.
//
// Anything else is refused: CodeTooLarge for more bytes or pixels than the
// limits allow, CodeInvalid for an empty or cut-off file, for a damaged header,
// and for any other format, by its name and with what to convert it to. Bytes
// after the image's proper end are accepted, since phones append their own.
func Inspect(data []byte, limits jarvis.ImageLimits) (jarvis.Image, error) {
	return jarvis.Image{}, jarvis.Errorf(jarvis.CodeInvalid, "is not an image")
}

// Decode decodes the whole image and forgets the pixels. It returns what
// Inspect refuses, and CodeCorrupt when a pixel cannot be decoded. It needs
// memory for all pixels, four bytes each and up to three times that while it runs.
func Decode(data []byte, limits jarvis.ImageLimits) error {
	_, err := Inspect(data, limits)
	return err
}

// Taken is the moment a picture was taken, as its EXIF tells it.
type Taken struct {
	// Wall is the date and the time of day that the device's clock showed, in
	// UTC only for want of a zone, cut to the microsecond.
	Wall time.Time
	// Zone is the device's zone, or nil when it did not say: then Wall is local
	// time wherever the device was.
	Zone *time.Location
}

// TakenAt returns when the image in data was taken, from its EXIF:
// DateTimeOriginal, else DateTimeDigitized, else DateTime, with their fractions
// of a second and time zones. It reports false when there is no such time, or
// none that a clock can show.
//
// PNG's own tIME and "Creation Time" are passed over: tIME is when the file was
// last changed, and "Creation Time" has no fixed form.
func TakenAt(data []byte) (Taken, bool) { return Taken{}, false }
