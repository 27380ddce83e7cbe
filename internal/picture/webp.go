package picture

import (
	"bytes"
	"encoding/binary"
)

// Flags of a VP8X chunk: RFC 9649, section 2.7.
const webpAnimated = 0x02

// walkWebP steps over the chunks of the RIFF container.
func walkWebP(data []byte) (layout, error) {
	var found layout
	size := int64(binary.LittleEndian.Uint32(data[4:]))
	if size < 4+8 {
		return found, damaged("WebP", "has a container of %d bytes", size)
	}
	cut := size > int64(len(data)-8)+1 // the last padding byte is often missing
	data = data[:min(8+size, int64(len(data)))]
	frames := 0
	for pos := 12; len(data)-pos >= 8; {
		name := string(data[pos : pos+4])
		length := int64(binary.LittleEndian.Uint32(data[pos+4:]))
		body := data[pos+8:]
		complete := length <= int64(len(body))
		if complete {
			body = body[:length]
		}
		first := pos == 12
		if err := readChunk(name, body, first, &found); err != nil {
			if !complete {
				return found, truncated("WebP")
			}
			return found, err
		}
		if !complete {
			if cut {
				return found, truncated("WebP")
			}
			return found, damaged("WebP", "has a chunk at byte %d that is longer than its container", pos)
		}
		if name == "VP8 " || name == "VP8L" || name == "ANMF" {
			frames++
		}
		pos += 8 + int(length) + int(length&1) // chunks are padded to even lengths
	}
	switch {
	case cut:
		return found, truncated("WebP")
	case frames == 0:
		return found, damaged("WebP", "has no picture data")
	}
	return found, nil
}

// readChunk reads the size from the first chunk, and checks that a still image
// in an extended file has the size of its canvas: the decoder goes by the
// image's own, which the limits then would not have seen.
func readChunk(name string, body []byte, first bool, found *layout) error {
	var width, height int64
	var ok bool
	switch name {
	case "VP8 ":
		width, height, ok = sizeVP8(body)
	case "VP8L":
		width, height, ok = sizeVP8L(body)
	case "VP8X":
		width, height, ok = sizeVP8X(body)
		ok = ok && first
		found.foreign = ok && body[0]&webpAnimated != 0
	case "EXIF":
		if found.exif == nil {
			found.exif = bytes.TrimPrefix(body, []byte(exifPrefix)) // some writers keep JPEG's prefix
		}
		ok = !first
	default:
		ok = !first
	}
	switch {
	case !ok && first:
		return damaged("WebP", "does not begin with a picture header")
	case !ok:
		return damaged("WebP", "has a wrong %q chunk", name)
	case first:
		found.width, found.height = width, height
	case width != 0 && (width != found.width || height != found.height):
		return damaged("WebP", "holds %d x %d pixels in a canvas of %d x %d", width, height, found.width, found.height)
	}
	return nil
}

// sizeVP8 reads the header of a lossy key frame: RFC 6386, section 9.1.
func sizeVP8(body []byte) (width, height int64, ok bool) {
	if len(body) < 10 || body[0]&1 != 0 || !bytes.Equal(body[3:6], []byte{0x9d, 0x01, 0x2a}) {
		return 0, 0, false
	}
	width = int64(binary.LittleEndian.Uint16(body[6:]) & 0x3fff) // the two upper bits ask for scaling
	height = int64(binary.LittleEndian.Uint16(body[8:]) & 0x3fff)
	return width, height, width > 0 && height > 0
}

// sizeVP8L reads the header of a lossless image: RFC 9649, section 3.4.
func sizeVP8L(body []byte) (width, height int64, ok bool) {
	if len(body) < 5 || body[0] != 0x2f {
		return 0, 0, false
	}
	bits := binary.LittleEndian.Uint32(body[1:])
	version := bits >> 29
	return int64(bits&0x3fff) + 1, int64(bits>>14&0x3fff) + 1, version == 0
}

// sizeVP8X reads the canvas of an extended file: RFC 9649, section 2.7.
func sizeVP8X(body []byte) (width, height int64, ok bool) {
	if len(body) < 10 {
		return 0, 0, false
	}
	uint24 := func(b []byte) int64 { return int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 }
	return uint24(body[4:]) + 1, uint24(body[7:]) + 1, true
}
