package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"

	"golang.org/x/image/webp"

	"github.com/jarvis-memory/jarvis"
)

// Decode reads the whole image and forgets the pixels. It returns what Inspect
// refuses, and CodeCorrupt when the pixels cannot be decoded.
//
// A valid image of a kind that Go cannot decode passes after Inspect:
// arithmetic, lossless, hierarchical or 12-bit JPEG, and animated WebP.
//
// A PNG takes little memory, whatever its size. A WebP takes up to 8 bytes a
// pixel, a JPEG 3, and 16 when it is progressive; a file that is too small for
// the pixels it claims is corrupt before any is allocated.
func Decode(data []byte, limits jarvis.ImageLimits) error {
	image, found, err := inspect(data, limits)
	switch {
	case err != nil:
		return err
	case found.foreign:
		return nil
	case int64(len(data)) < found.least:
		return jarvis.Errorf(jarvis.CodeCorrupt, "is corrupt: its %d bytes are too few for the %d x %d pixels it claims", len(data), image.Width, image.Height)
	}
	err = decodePixels(image.Format, data)
	if _, ok := errors.AsType[jpeg.UnsupportedError](err); ok {
		return nil
	}
	if err != nil {
		return &jarvis.Error{Code: jarvis.CodeCorrupt, Op: "picture: decode", Message: "is corrupt: its pixels cannot be decoded", Err: err}
	}
	return nil
}

// decodePixels turns a panic of a decoder into an error: they meet any bytes.
func decodePixels(format jarvis.Format, data []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the decoder panicked: %v", p)
		}
	}()
	r := bytes.NewReader(data)
	switch format {
	case jarvis.PNG:
		err = checkPNG(data)
	case jarvis.WebP:
		_, err = webp.Decode(r)
	default:
		_, err = jpeg.Decode(r)
	}
	return err
}
