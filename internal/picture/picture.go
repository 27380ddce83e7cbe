// Package picture reads what the header of a screenshot says: its format, its
// size in pixels and when it was taken.
//
// Everything here works on bytes in memory that nobody vouched for. Nothing
// panics, and nothing is allocated because a header claims a size: only Decode
// allocates pixels, and only after the limits were checked.
//
// Messages do not name the file; the caller, who knows it, puts the name before
// them: "screen.jpg is empty".
package picture

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// The beginnings by which a format is known, whatever the file's name says.
const (
	jpegSignature = "\xff\xd8\xff"
	pngSignature  = "\x89PNG\r\n\x1a\n"
	riffSignature = "RIFF"
	webpSignature = "WEBP" // after RIFF and the length
)

// layout is what one pass over the markers or chunks of an image found.
type layout struct {
	width, height int64
	exif          []byte // the TIFF structure, nil when there is none
	// least is the fewest bytes into which this many pixels can be coded, so
	// that a small file cannot make Decode allocate much.
	least int64
	// foreign says that the image is valid, in a variant that Decode cannot read.
	foreign bool
}

// Inspect returns the format and the size of a JPEG, PNG or WebP image from its
// headers; no pixel is decoded. A limit that is zero is the default one.
//
// Anything else is refused: CodeTooLarge for more bytes or pixels than the
// limits allow, CodeInvalid for an empty or cut-off file, for a damaged header,
// and for any other format, by its name and with what to convert it to. Bytes
// after the image's proper end are accepted, since phones append their own.
func Inspect(data []byte, limits jarvis.ImageLimits) (jarvis.Image, error) {
	image, _, err := inspect(data, limits)
	return image, err
}

func inspect(data []byte, limits jarvis.ImageLimits) (jarvis.Image, layout, error) {
	if limits.MaxBytes <= 0 {
		limits.MaxBytes = jarvis.DefaultImageLimits.MaxBytes
	}
	if limits.MaxPixels <= 0 {
		limits.MaxPixels = jarvis.DefaultImageLimits.MaxPixels
	}
	if size := int64(len(data)); size > limits.MaxBytes {
		return jarvis.Image{}, layout{}, jarvis.Errorf(jarvis.CodeTooLarge,
			"has %d bytes, more than the %d allowed: make it smaller, or raise --max-image-bytes", size, limits.MaxBytes)
	}
	format, err := sniff(data)
	if err != nil {
		return jarvis.Image{}, layout{}, err
	}
	found, err := walk(format, data)
	// A size beyond the limits is told even when the rest is damaged: 60,000 x
	// 60,000 in a stub of a file is too large first of all.
	if found.width > 0 && found.height > 0 && found.width > limits.MaxPixels/found.height {
		return jarvis.Image{}, layout{}, jarvis.Errorf(jarvis.CodeTooLarge,
			"claims %d x %d pixels, which is more than the %s megapixels allowed: make it smaller, or raise --max-image-pixels",
			found.width, found.height, megapixels(limits.MaxPixels))
	}
	if err != nil {
		return jarvis.Image{}, layout{}, err
	}
	return jarvis.Image{Format: format, Width: int(found.width), Height: int(found.height)}, found, nil
}

func megapixels(pixels int64) string { return strconv.FormatFloat(float64(pixels)/1e6, 'f', -1, 64) }

// walk reads the structure of an image whose signature was recognised. The
// layout holds what was found before an error too.
func walk(format jarvis.Format, data []byte) (layout, error) {
	switch format {
	case jarvis.PNG:
		return walkPNG(data)
	case jarvis.WebP:
		return walkWebP(data)
	default:
		return walkJPEG(data)
	}
}

// sniff tells the format from the first bytes, or refuses them with their name.
func sniff(data []byte) (jarvis.Format, error) {
	head := string(data[:min(len(data), 12)])
	isRIFF := strings.HasPrefix(head, riffSignature)
	switch {
	case head == "":
		return "", jarvis.Errorf(jarvis.CodeInvalid, "is empty: copy it again from where it came")
	case strings.HasPrefix(head, jpegSignature):
		return jarvis.JPEG, nil
	case strings.HasPrefix(head, pngSignature):
		return jarvis.PNG, nil
	case isRIFF && len(head) == 12 && head[8:] == webpSignature:
		return jarvis.WebP, nil
	case strings.HasPrefix(jpegSignature, head):
		return "", truncated("JPEG")
	case strings.HasPrefix(pngSignature, head):
		return "", truncated("PNG")
	case isRIFF && len(head) < 12:
		return "", truncated("WebP")
	}
	return "", refuseForeign(data)
}

func truncated(format string) error {
	return jarvis.Errorf(jarvis.CodeInvalid, "is cut off: the end of the %s is missing; copy it again from where it came", format)
}

func damaged(format, detail string, args ...any) error {
	return jarvis.Errorf(jarvis.CodeInvalid, "is damaged: the %s %s; copy it again from where it came", format, fmt.Sprintf(detail, args...))
}
