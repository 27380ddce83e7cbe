package ocr

import (
	"bufio"
	"encoding/binary"
	"errors"
	"image"
	"io"
	"math"
)

const (
	tiffFields = 9 // that a page has
	tiffBits   = 6 // bytes that say how many bits its three colours have
	tiffColour = 3 // bytes of a pixel
	tiffStart  = 8 // where the first page starts
	tiffShort  = 3 // the kinds of fields: 16 bits
	tiffLong   = 4 // 32 bits
	tiffHead   = 2 + tiffFields*12 + 4 + tiffBits
)

// errTooManyPixels: the format counts its bytes in 32 bits.
var errTooManyPixels = errors.New("more than 4 GiB of pixels")

// writeTIFF writes parts of an image as the pages of a TIFF, uncompressed
// (TIFF 6.0, sections 2 to 6). The parts are within the image. It is the one
// format with pages that tesseract takes from its standard input. In shades of
// grey they would be a third as long, but tesseract chooses by colour what is
// letter and what is ground.
func writeTIFF(w io.Writer, img *image.RGBA, parts []image.Rectangle) error {
	size := int64(tiffStart)
	for _, p := range parts {
		size += tiffHead + int64(p.Dx())*int64(p.Dy())*tiffColour
	}
	if size > math.MaxUint32 {
		return errTooManyPixels
	}
	to := bufio.NewWriterSize(w, 1<<18)
	at := uint32(tiffStart)
	b := binary.LittleEndian.AppendUint32([]byte("II*\x00"), at)
	for i, p := range parts {
		next := at + tiffHead + uint32(p.Dx()*p.Dy()*tiffColour)
		b = appendTIFFHead(b, p, at, next, i == len(parts)-1)
		if _, err := to.Write(b); err != nil {
			return err
		}
		for y := p.Min.Y; y < p.Max.Y; y++ {
			b = b[:0]
			row := img.Pix[img.PixOffset(p.Min.X, y):][:4*p.Dx()]
			for x := 0; x < len(row); x += 4 {
				b = append(b, row[x], row[x+1], row[x+2])
			}
			if _, err := to.Write(b); err != nil {
				return err
			}
		}
		b, at = b[:0], next
	}
	return to.Flush()
}

// appendTIFFHead appends what describes a page: that starts at a byte of the file,
// its pixels right after, and the next page at another.
func appendTIFFHead(b []byte, p image.Rectangle, at, next uint32, last bool) []byte {
	field := func(tag, kind uint16, count, value uint32) {
		b = binary.LittleEndian.AppendUint16(b, tag)
		b = binary.LittleEndian.AppendUint16(b, kind)
		b = binary.LittleEndian.AppendUint32(b, count)
		b = binary.LittleEndian.AppendUint32(b, value)
	}
	b = binary.LittleEndian.AppendUint16(b, tiffFields)
	field(256, tiffLong, 1, uint32(p.Dx()))
	field(257, tiffLong, 1, uint32(p.Dy()))
	field(258, tiffShort, tiffColour, at+tiffHead-tiffBits) // bits of each colour: they stand there
	field(259, tiffShort, 1, 1)                             // not compressed
	field(262, tiffShort, 1, 2)                             // red, green and blue
	field(273, tiffLong, 1, at+tiffHead)                    // where the pixels are
	field(277, tiffShort, 1, tiffColour)                    // colours a pixel
	field(278, tiffLong, 1, uint32(p.Dy()))                 // all rows in one strip
	field(279, tiffLong, 1, uint32(p.Dx()*p.Dy()*tiffColour))
	if last {
		next = 0
	}
	b = binary.LittleEndian.AppendUint32(b, next)
	return append(b, 8, 0, 8, 0, 8, 0)
}
