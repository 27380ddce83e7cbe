package thumbnail

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"github.com/gen2brain/jpegn"

	"github.com/jarvis-memory/jarvis"
)

// sheetQuality is that of the JPEG of a sheet: what is on it is seen in passing.
const sheetQuality = 50

// MakeSheet returns the JPEG of the tiles, whose places go up: each contained in its
// place, never larger than it was, on black. One whose image is gone, damaged, too large
// or of no kind that can be decoded stays black. whole is false when that could be
// another time, because an image was gone.
//
// Images are asked for one at a time. Any other error of image is returned as it is.
func (m *Maker) MakeSheet(ctx context.Context, tiles []jarvis.Tile, image func(context.Context, jarvis.ID) ([]byte, error)) (sheet []byte, whole bool, err error) {
	if err := checkTiles(tiles); err != nil {
		return nil, false, err
	}
	canvas := newCanvas(tiles[len(tiles)-1].Place/jarvis.SheetColumns + 1)
	whole = true
	for _, t := range tiles {
		if ctx.Err() != nil {
			return nil, false, stopped(ctx.Err())
		}
		data, err := image(ctx, t.ID)
		if err == nil {
			err = m.tile(ctx, canvas, t.Place, data)
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil, false, stopped(ctx.Err())
		case !ofImage(err):
			return nil, false, err
		case data == nil:
			whole = false
		}
	}
	sheet, err = encode(canvas.ycbcr, sheetQuality)
	return sheet, whole, err
}

// ofImage reports whether an error is of one image, and not of a disk or a database.
func ofImage(err error) bool {
	switch jarvis.ErrorCode(err) {
	case jarvis.CodeNotFound, jarvis.CodeDeleted, jarvis.CodeCorrupt, jarvis.CodeTooLarge, jarvis.CodeInvalid, jarvis.CodeMismatch:
		return true
	}
	return false
}

func checkTiles(tiles []jarvis.Tile) error {
	last := -1
	for _, t := range tiles {
		if t.Place <= last || t.Place >= jarvis.SheetTiles || t.ID.IsZero() {
			return jarvis.Errorf(jarvis.CodeInvalid, "the tiles of a sheet are captures at places from 0 to %d, each after the one before", jarvis.SheetTiles-1)
		}
		last = t.Place
	}
	if last < 0 {
		return jarvis.Errorf(jarvis.CodeInvalid, "a sheet of no tiles is asked for")
	}
	return nil
}

// tile puts an image at its place.
func (m *Maker) tile(ctx context.Context, to *canvas, place int, data []byte) error {
	return m.decoded(ctx, data, contained, func(img image.Image) error {
		to.put(place, scale(img, contained(img.Bounds().Size())))
		return nil
	})
}

// contained returns the size of a tile of an image.
func contained(of image.Point) image.Point {
	to := image.Pt(min(of.X, jarvis.TileWidth), min(of.Y, jarvis.TileHeight))
	if of.X*to.Y > of.Y*to.X {
		to.Y = max((of.Y*to.X+of.X/2)/of.X, 1)
	} else {
		to.X = max((of.X*to.Y+of.Y/2)/of.Y, 1)
	}
	return to
}

// canvas is a sheet that is being made. Its colors are halved, as the JPEG's will be:
// that is 5 MB, and not 14.
type canvas struct {
	ycbcr *image.YCbCr
	tile  *image.RGBA
}

func newCanvas(rows int) *canvas {
	c := &canvas{
		ycbcr: image.NewYCbCr(image.Rect(0, 0, jarvis.SheetColumns*jarvis.TileWidth, rows*jarvis.TileHeight), image.YCbCrSubsampleRatio420),
		tile:  image.NewRGBA(image.Rect(0, 0, jarvis.TileWidth, jarvis.TileHeight)),
	}
	for _, plane := range [][]byte{c.ycbcr.Cb, c.ycbcr.Cr} { // no color
		for i := range plane {
			plane[i] = 128
		}
	}
	return c
}

// put draws a picture into the middle of a place.
func (c *canvas) put(place int, picture *image.RGBA) {
	draw.Draw(c.tile, c.tile.Bounds(), image.Black, image.Point{}, draw.Src)
	size := picture.Bounds().Size()
	at := image.Pt((jarvis.TileWidth-size.X)/2, (jarvis.TileHeight-size.Y)/2)
	draw.Draw(c.tile, image.Rectangle{Min: at, Max: at.Add(size)}, picture, image.Point{}, draw.Src)

	corner := image.Pt(place%jarvis.SheetColumns*jarvis.TileWidth, place/jarvis.SheetColumns*jarvis.TileHeight)
	for y := 0; y < jarvis.TileHeight; y += 2 {
		for x := 0; x < jarvis.TileWidth; x += 2 {
			c.square(corner.X+x, corner.Y+y, c.tile.Pix[y*c.tile.Stride+4*x:])
		}
	}
}

// square sets four pixels: pix begins with the upper left one of the tile.
func (c *canvas) square(x, y int, pix []byte) {
	var r, g, b int
	for i, offset := range [4]int{0, 4, c.tile.Stride, c.tile.Stride + 4} {
		p := pix[offset : offset+3]
		luma, _, _ := color.RGBToYCbCr(p[0], p[1], p[2])
		c.ycbcr.Y[(y+i/2)*c.ycbcr.YStride+x+i%2] = luma
		r, g, b = r+int(p[0]), g+int(p[1]), b+int(p[2])
	}
	_, cb, cr := color.RGBToYCbCr(uint8((r+2)/4), uint8((g+2)/4), uint8((b+2)/4))
	at := y/2*c.ycbcr.CStride + x/2
	c.ycbcr.Cb[at], c.ycbcr.Cr[at] = cb, cr
}

// encode returns the JPEG of an image that was made here.
func encode(img image.Image, quality int) ([]byte, error) {
	var out bytes.Buffer
	if err := jpegn.Encode(&out, img, &jpegn.EncodeOptions{Quality: quality}); err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "thumbnail: encode", "the picture could not be encoded", err)
	}
	return out.Bytes(), nil
}

// decoded calls use with an image that is no smaller than what to makes of its size. It
// waits for the memory, and gives it back when use returned. A panic of a decoder, which
// meets any bytes, is an error.
func (m *Maker) decoded(ctx context.Context, data []byte, to func(image.Point) image.Point, use func(image.Image) error) (err error) {
	head, err := inspect(data)
	if err != nil {
		return err
	}
	if pixels := int64(head.Width) * int64(head.Height); pixels > m.limits.MaxPixels || head.memory() > m.limits.MaxMemory {
		return jarvis.Errorf(jarvis.CodeTooLarge, "the image has %d x %d pixels, which is too many to make a thumbnail of", head.Width, head.Height)
	}
	memory := max(head.memory(), m.least)
	if err := m.memory.Acquire(ctx, memory); err != nil {
		return stopped(err)
	}
	defer m.memory.Release(memory)
	return head.use(ctx, data, to, use)
}

// use is decoded without limits.
func (h header) use(ctx context.Context, data []byte, to func(image.Point) image.Point, use func(image.Image) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = corrupt(fmt.Errorf("a decoder panicked: %v", p))
		}
	}()
	img := h.smaller(data, to)
	if img == nil {
		img, err = h.decode(cancelled{ctx, bytes.NewReader(data)})
	}
	if ctx.Err() != nil {
		return stopped(ctx.Err())
	}
	if err != nil {
		return undecodable(err)
	}
	return use(img)
}

// smaller decodes a JPEG at a half, a quarter or an eighth of its size, which costs less
// than half of the time. It returns nil for what it is not to decode, or cannot: that is
// for the standard library, which also says what is wrong.
func (h header) smaller(data []byte, to func(image.Point) image.Point) (img image.Image) {
	size := image.Pt(h.Width, h.Height)
	least := to(size)
	by := 8
	for by > 1 && (size.X < by*least.X || size.Y < by*least.Y) {
		by /= 2
	}
	if h.format != jarvis.JPEG || by == 1 || !h.ended {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			img = nil
		}
	}()
	img, err := jpegn.Decode(bytes.NewReader(data), &jpegn.Options{ScaleDenom: by})
	if err != nil || img.Bounds() != image.Rect(0, 0, (size.X+by-1)/by, (size.Y+by-1)/by) {
		return nil
	}
	return img
}
