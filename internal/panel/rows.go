package panel

import (
	"image"
	"image/color"
)

// rows gives the brightness of the pixels of an image. Coordinates begin at 0, 0.
type rows struct {
	width, height int
	// read writes the brightness of the pixels x, x+1, ... of row y to dst.
	read func(dst []uint8, x, y int)
}

func newRows(img image.Image) *rows {
	b := img.Bounds()
	r := &rows{width: b.Dx(), height: b.Dy()}
	switch img := img.(type) {
	case *image.Gray:
		r.read = func(dst []uint8, x, y int) { copy(dst, img.Pix[img.PixOffset(b.Min.X+x, b.Min.Y+y):]) }
	case *image.YCbCr:
		r.read = func(dst []uint8, x, y int) { copy(dst, img.Y[img.YOffset(b.Min.X+x, b.Min.Y+y):]) }
	case *image.RGBA:
		r.read = func(dst []uint8, x, y int) { readRGB(dst, img.Pix[img.PixOffset(b.Min.X+x, b.Min.Y+y):]) }
	case *image.NRGBA:
		r.read = func(dst []uint8, x, y int) { readRGB(dst, img.Pix[img.PixOffset(b.Min.X+x, b.Min.Y+y):]) }
	case *image.Paletted:
		var grays [256]uint8
		for i, c := range img.Palette[:min(len(img.Palette), len(grays))] {
			grays[i] = gray(c)
		}
		r.read = func(dst []uint8, x, y int) {
			for i, index := range img.Pix[img.PixOffset(b.Min.X+x, b.Min.Y+y):][:len(dst)] {
				dst[i] = grays[index]
			}
		}
	default:
		r.read = func(dst []uint8, x, y int) {
			for i := range dst {
				dst[i] = gray(img.At(b.Min.X+x+i, b.Min.Y+y))
			}
		}
	}
	return r
}

// readRGB weighs red, green and blue 1:2:1, which tells colours apart as well as
// the weights of the eye do, and is faster.
func readRGB(dst, pixels []uint8) {
	pixels = pixels[:4*len(dst)]
	for i := range dst {
		p := pixels[4*i : 4*i+4 : 4*i+4]
		dst[i] = uint8((uint(p[0]) + 2*uint(p[1]) + uint(p[2])) / 4)
	}
}

// gray weighs as readRGB does.
func gray(c color.Color) uint8 {
	r, g, b, _ := c.RGBA()
	return uint8((r + 2*g + b) / 4 >> 8)
}

// step is how much two neighbours differ in brightness.
func step(a, b uint8) uint8 { return max(a, b) - min(a, b) }
