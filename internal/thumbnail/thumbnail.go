// Package thumbnail makes small pictures of captures, and keeps them in a
// folder that may be thrown away at any time.
//
// The images come from outside, and nobody vouches for them: what a header
// claims is checked before anything is decoded, the memory of all decoders
// together is bounded, and a decoder that panics is an error.
package thumbnail

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"slices"

	"golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"

	"github.com/jarvis-memory/jarvis"
)

// Widths are those that thumbnails have, in pixels. They are few, so that nobody
// can fill a disk with one capture in a thousand sizes.
func Widths() []int { return []int{160, 320, 480, 640, 960, 1280, 1920, 2560} }

// Fit returns the smallest of Widths that is not below the one asked for, or the
// largest.
func Fit(width int) int {
	widths := Widths()
	i, _ := slices.BinarySearch(widths, width)
	return widths[min(i, len(widths)-1)]
}

// maxAspect is how many times as high as wide a thumbnail may be.
const maxAspect = 4

// quality is that of the JPEG: text in a screenshot stays clear of blocks.
const quality = 80

// Limits bound the images that thumbnails are made of. Zero fields mean
// DefaultLimits.
type Limits struct {
	MaxPixels int64 // of one image, from its header
	MaxMemory int64 // that the decoders may take, all together, in bytes
}

// DefaultLimits are those of images that are accepted, and the memory for an 8K
// screenshot in any format but a progressive JPEG.
func DefaultLimits() Limits {
	return Limits{MaxPixels: jarvis.DefaultImageLimits.MaxPixels, MaxMemory: 128 << 20}
}

// Maker makes thumbnails. Its methods may be called concurrently.
type Maker struct {
	limits Limits
	memory *semaphore.Weighted // of limits.MaxMemory
	least  int64               // that each takes of it: as many decode at once as there are processors
}

// NewMaker returns a maker with the limits.
func NewMaker(limits Limits) *Maker {
	if limits.MaxPixels <= 0 {
		limits.MaxPixels = DefaultLimits().MaxPixels
	}
	if limits.MaxMemory <= 0 {
		limits.MaxMemory = DefaultLimits().MaxMemory
	}
	return &Maker{
		limits: limits,
		memory: semaphore.NewWeighted(limits.MaxMemory),
		least:  limits.MaxMemory / int64(runtime.GOMAXPROCS(0)),
	}
}

// Make returns a JPEG of a JPEG, PNG or WebP image: as wide as the width asked
// for or as the image, whichever is less, and narrower when it would be more
// than four times as high. What is transparent becomes white. It waits for
// memory, and stops soon after ctx is done, with CodeUnavailable.
//
// CodeTooLarge is an image beyond the limits, CodeInvalid bytes that are no
// image or a width below 1, CodeNotFound a kind of image that cannot be decoded
// (an animation, an arithmetic JPEG), and CodeCorrupt a damaged one.
func (m *Maker) Make(ctx context.Context, data []byte, width int) (thumbnail []byte, err error) {
	if width < 1 {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "a thumbnail cannot be %d pixels wide", width)
	}
	to := func(of image.Point) image.Point { return size(of, width) }
	err = m.decoded(ctx, data, to, func(img image.Image) error {
		thumbnail, err = encode(scale(img, to(img.Bounds().Size())), quality)
		return err
	})
	return thumbnail, err
}

// size returns that of a thumbnail: see Make.
func size(of image.Point, width int) image.Point {
	w, h := min(width, of.X), maxAspect*width
	if high := (of.Y*w + of.X/2) / of.X; high <= h {
		return image.Pt(w, max(high, 1))
	}
	return image.Pt(max((of.X*h+of.Y/2)/of.Y, 1), h)
}

// header is what an image says of itself, and how it is decoded.
type header struct {
	image.Config
	decode      func(io.Reader) (image.Image, error)
	format      jarvis.Format
	progressive bool // of a JPEG
	ended       bool // a JPEG whose scan has an end: what is cut is for a decoder that says so
}

// inspect reads the header. The decoders allocate by the same numbers as the
// functions that only read the header: an image cannot claim two sizes.
func inspect(data []byte) (header, error) {
	var h header
	var err error
	r := bytes.NewReader(data)
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8")):
		h = header{decode: jpeg.Decode, format: jarvis.JPEG}
		h.progressive, h.ended = survey(data)
		h.Config, err = jpeg.DecodeConfig(r)
	case bytes.HasPrefix(data, []byte("\x89PNG")):
		h = header{decode: png.Decode, format: jarvis.PNG}
		h.Config, err = png.DecodeConfig(r)
	case bytes.HasPrefix(data, []byte("RIFF")):
		h = header{decode: webp.Decode, format: jarvis.WebP}
		h.Config, err = webp.DecodeConfig(r)
	default:
		return h, jarvis.Errorf(jarvis.CodeInvalid, "this is no JPEG, PNG or WebP image")
	}
	if err == nil && (h.Width < 1 || h.Height < 1) {
		err = errors.New("the image has no pixels")
	}
	if err != nil {
		return h, undecodable(err)
	}
	return h, nil
}

// memory returns the most that decoding takes, in bytes.
func (h header) memory() int64 {
	perPixel := 8 // a lossless WebP has its pixels twice
	switch {
	case h.format == jarvis.PNG && is16Bit(h.ColorModel):
		perPixel = 12 // half of an interlaced image is there twice
	case h.format == jarvis.PNG:
		perPixel = 6
	case h.format == jarvis.JPEG && h.progressive:
		perPixel = 24 // coefficients have four bytes, and there may be four of them
	case h.format == jarvis.JPEG && h.ColorModel != color.YCbCrModel && h.ColorModel != color.GrayModel:
		perPixel = 8 // of RGB and CMYK, another image is made of the one that was decoded
	case h.format == jarvis.JPEG:
		perPixel = 3
	}
	whole := func(side int) int64 { return int64(side+31) &^ 31 } // the largest unit of a JPEG
	return whole(h.Width) * whole(h.Height) * int64(perPixel)
}

func is16Bit(m color.Model) bool {
	return m == color.RGBA64Model || m == color.NRGBA64Model || m == color.Gray16Model
}

// survey reports whether a JPEG's first frame is progressive, and whether an end
// follows its first scan. It steps over the segments before it. What it cannot read, the
// decoder refuses.
func survey(data []byte) (progressive, ended bool) {
	for pos := 2; pos+4 <= len(data); {
		marker := data[pos+1]
		switch {
		case data[pos] != 0xff || marker == 0xff: // stray and fill bytes
			pos++
			continue
		case marker == 0x00 || marker == 0x01 || 0xd0 <= marker && marker <= 0xd8: // these have no length
			pos += 2
			continue
		case marker == 0xc2:
			progressive = true
		case marker == 0xd9:
			return progressive, true
		case marker == 0xda:
			return progressive, bytes.Contains(data[pos:], []byte{0xff, 0xd9})
		}
		pos += 2 + max(int(data[pos+2])<<8|int(data[pos+3]), 2)
	}
	return progressive, false
}

// cancelled is a reader that ends with its context.
type cancelled struct {
	done interface{ Err() error }
	io.Reader
}

// Read implements io.Reader.
func (c cancelled) Read(p []byte) (int, error) {
	if err := c.done.Err(); err != nil {
		return 0, err
	}
	return c.Reader.Read(p)
}

// undecodable is the error of a decoder.
func undecodable(err error) error {
	_, isJPEG := errors.AsType[jpeg.UnsupportedError](err)
	_, isPNG := errors.AsType[png.UnsupportedError](err)
	if isJPEG || isPNG {
		return &jarvis.Error{Code: jarvis.CodeNotFound, Op: "thumbnail: decode", Message: "there is no thumbnail of this kind of image: look at the image itself", Err: err}
	}
	return corrupt(err)
}

func corrupt(err error) error {
	return &jarvis.Error{Code: jarvis.CodeCorrupt, Op: "thumbnail: decode", Message: "the image is damaged, and no thumbnail can be made of it", Err: err}
}

// stopped is the error of what the context ended.
func stopped(err error) error {
	return &jarvis.Error{Code: jarvis.CodeUnavailable, Op: "thumbnail", Message: "the thumbnail was not made: it took too long, or was cancelled", Err: err}
}
