package ocr

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/webp"

	"github.com/jarvis-memory/jarvis"
)

// maxDecoded bounds the images that are decoded here, in pixels: a screen of 8K.
// What is larger is left to the engine, whose memory is bounded.
const maxDecoded = 34_000_000

// picture is an image that an engine is given, and what its header says.
type picture struct {
	data   []byte
	format jarvis.Format
	bounds image.Rectangle // from (0, 0)
	plain  bool            // of a kind that every decoder knows
	decode func([]byte) (image.Image, error)
}

// inspect reads the header of an image. Anything but a JPEG, a PNG or a WebP is
// refused here, once for all engines: tesseract would take text for a list of
// files, and of addresses, to read.
func inspect(data []byte, limit int64) (p picture, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = jarvis.Errorf(jarvis.CodeInvalid, "the header of the image is damaged: %w", fmt.Errorf("decoder: %v", v))
		}
	}()
	var c image.Config
	p.data = data
	r := bytes.NewReader(data)
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		p.format, p.decode = jarvis.JPEG, func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) }
		c, err = jpeg.DecodeConfig(r)
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		p.format, p.decode = jarvis.PNG, func(b []byte) (image.Image, error) { return png.Decode(bytes.NewReader(b)) }
		c, err = png.DecodeConfig(r)
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		p.format, p.decode = jarvis.WebP, func(b []byte) (image.Image, error) { return webp.Decode(bytes.NewReader(b)) }
		c, err = webp.DecodeConfig(r)
	default:
		return p, jarvis.Errorf(jarvis.CodeInvalid, "it is no JPEG, PNG or WebP image")
	}
	if err != nil {
		return p, jarvis.WrapError(jarvis.CodeInvalid, "ocr: header", "the header of the image is damaged, or of a kind that is not known here", err)
	}
	if pixels := int64(c.Width) * int64(c.Height); pixels > limit {
		return p, jarvis.Errorf(jarvis.CodeTooLarge, "the image has %d pixels, and may have %d to be read", pixels, limit)
	}
	p.bounds = image.Rect(0, 0, c.Width, c.Height)
	p.plain = c.ColorModel != color.CMYKModel
	return p, nil
}

// pixels decodes the image. It reports false where that is not possible, or
// would take too much memory.
func (p picture) pixels() (img image.Image, ok bool) {
	if int64(p.bounds.Dx())*int64(p.bounds.Dy()) > maxDecoded {
		return nil, false
	}
	defer func() {
		if recover() != nil { // a decoder's defect: the engine has one of its own
			img, ok = nil, false
		}
	}()
	img, err := p.decode(p.data)
	return img, err == nil && img.Bounds() == p.bounds
}

// flatten returns an image in colours, on white where it is transparent.
func flatten(img image.Image) *image.RGBA {
	if flat, ok := img.(*image.RGBA); ok {
		return flat // PNG decodes to it only where nothing is transparent
	}
	b := img.Bounds()
	flat := image.NewRGBA(b)
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		draw.Draw(flat, b, img, b.Min, draw.Src)
		return flat
	}
	draw.Draw(flat, b, image.White, image.Point{}, draw.Src)
	draw.Draw(flat, b, img, b.Min, draw.Over)
	return flat
}
