package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"
)

// noise returns an image that does not compress to nothing.
func noise(width, height int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	state := uint32(1)
	for i := range img.Pix {
		state = state*1664525 + 1013904223
		img.Pix[i] = byte(state >> 24)
	}
	return img
}

func jpegFile(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngFile(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gray(width, height int) image.Image {
	img := image.NewGray(image.Rect(0, 0, width, height))
	img.SetGray(0, 0, color.Gray{1})
	return img
}

// segment returns a JPEG segment with its marker and length.
func segment(marker byte, body ...byte) []byte {
	return append([]byte{0xff, marker, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, body...)
}

// frame returns the body of a frame header with one component.
func frame(width, height int) []byte {
	return []byte{8, byte(height >> 8), byte(height), byte(width >> 8), byte(width), 1, 1, 0x11, 0}
}

// resized returns a copy of a baseline JPEG whose frame header claims another size.
func resized(file []byte, width, height int) []byte {
	size := bytes.Index(file, []byte{0xff, markerSOF0}) + 5 // behind marker, length and precision
	return slices.Concat(file[:size], frame(width, height)[1:5], file[size+4:])
}

// withSegment inserts a segment after the JPEG's start.
func withSegment(file, segment []byte) []byte {
	return slices.Concat(file[:2], segment, file[2:])
}

// chunk returns a PNG chunk with its length and checksum.
func chunk(name string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, name...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// header returns the body of an IHDR of 8-bit color.
func header(width, height uint32) []byte {
	b := binary.BigEndian.AppendUint32(nil, width)
	b = binary.BigEndian.AppendUint32(b, height)
	return append(b, 8, 2, 0, 0, 0)
}

// withChunk inserts a chunk after the PNG's header.
func withChunk(file, chunk []byte) []byte {
	const headerEnd = 8 + 12 + 13
	return slices.Concat(file[:headerEnd], chunk, file[headerEnd:])
}

// riff returns a WebP file of chunks.
func riff(chunks ...[]byte) []byte {
	body := slices.Concat(chunks...)
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+len(body)))
	return slices.Concat(b, []byte("WEBP"), body)
}

// riffChunk returns a padded chunk of a WebP file.
func riffChunk(name string, body []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

// lossless returns a VP8L body of one color: three zero bits (no transform, no
// cache, one group of codes) and five codes of one symbol each, 1000 from the
// lowest bit, so that the pixels take no bits.
func lossless(width, height int) []byte {
	b := binary.LittleEndian.AppendUint32([]byte{0x2f}, uint32(width-1)|uint32(height-1)<<14)
	return append(b, 0x88, 0x88, 0x08)
}

// lossy returns the header of a VP8 key frame.
func lossy(width, height int) []byte {
	b := []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a}
	b = binary.LittleEndian.AppendUint16(b, uint16(width))
	return binary.LittleEndian.AppendUint16(b, uint16(height))
}

// canvas returns a VP8X body.
func canvas(flags byte, width, height int) []byte {
	w, h := width-1, height-1
	return []byte{flags, 0, 0, 0, byte(w), byte(w >> 8), byte(w >> 16), byte(h), byte(h >> 8), byte(h >> 16)}
}

// tiff returns an EXIF structure: texts by tag, those below 0x9000 in the main
// directory and the others in the EXIF directory.
func tiff(order binary.AppendByteOrder, texts map[uint16]string) []byte {
	mark := "II*\x00"
	if order == binary.AppendByteOrder(binary.BigEndian) {
		mark = "MM\x00*"
	}
	b := order.AppendUint32([]byte(mark), 8)
	var main, exif []uint16
	for tag := range texts {
		if tag < 0x9000 {
			main = append(main, tag)
		} else {
			exif = append(exif, tag)
		}
	}
	slices.Sort(main)
	slices.Sort(exif)
	exifAt := uint32(8 + 2 + 12*(len(main)+1) + 4)
	dataAt := exifAt + uint32(2+12*len(exif)+4)
	var data []byte
	entry := func(tag uint16) {
		text := texts[tag] + "\x00"
		b = order.AppendUint16(b, tag)
		b = order.AppendUint16(b, 2)
		b = order.AppendUint32(b, uint32(len(text)))
		if len(text) <= 4 {
			b = append(b, (text + "\x00\x00\x00")[:4]...)
			return
		}
		b = order.AppendUint32(b, dataAt+uint32(len(data)))
		data = append(data, text...)
	}
	b = order.AppendUint16(b, uint16(len(main)+1))
	for _, tag := range main {
		entry(tag)
	}
	b = order.AppendUint16(b, tagExifDirectory)
	b = order.AppendUint16(b, 4)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint32(b, exifAt)
	b = order.AppendUint32(b, 0)
	b = order.AppendUint16(b, uint16(len(exif)))
	for _, tag := range exif {
		entry(tag)
	}
	b = order.AppendUint32(b, 0)
	return append(b, data...)
}
