package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// maxDeflate is how many bytes one byte of deflated data can become.
const maxDeflate = 1032

// walkPNG steps over the chunks by their lengths to IEND.
func walkPNG(data []byte) (layout, error) {
	var found layout
	hasData := false
	for pos := len(pngSignature); ; {
		if len(data)-pos < 12 { // length, type and checksum of an empty chunk
			return found, truncated("PNG")
		}
		length := int64(binary.BigEndian.Uint32(data[pos:]))
		name := string(data[pos+4 : pos+8])
		if !isChunkName(name) || length > 1<<31-1 {
			return found, damaged("PNG", "has no chunk at byte %d where one must be", pos)
		}
		if found.width == 0 {
			if name != "IHDR" || length != 13 {
				return found, damaged("PNG", "does not begin with its header")
			}
			if len(data)-pos < 12+13 {
				return found, truncated("PNG")
			}
			if err := readIHDR(data[pos+4:pos+8+13], binary.BigEndian.Uint32(data[pos+8+13:]), &found); err != nil {
				return found, err
			}
		}
		if int64(len(data)-pos-12) < length {
			return found, truncated("PNG")
		}
		body := data[pos+8 : pos+8+int(length)]
		pos += 12 + int(length)

		switch name {
		case "IDAT":
			hasData = true
		case "eXIf":
			found.exif = bytes.TrimPrefix(body, []byte(exifPrefix)) // some writers keep JPEG's prefix
		case "IEND":
			if !hasData {
				return found, damaged("PNG", "has no picture data")
			}
			return found, nil
		}
	}
}

// readIHDR reads the header chunk: its name and body, and the checksum of both.
func readIHDR(chunk []byte, checksum uint32, found *layout) error {
	if crc32.ChecksumIEEE(chunk) != checksum {
		return damaged("PNG", "has a header with a wrong checksum")
	}
	body := chunk[4:]
	width, height := int64(binary.BigEndian.Uint32(body)), int64(binary.BigEndian.Uint32(body[4:]))
	if width == 0 || height == 0 || width > 1<<31-1 || height > 1<<31-1 {
		return damaged("PNG", "says it has %d x %d pixels", width, height)
	}
	depth, color, compression, filter, interlace := body[8], body[9], body[10], body[11], body[12]
	if !validDepth(depth, color) || compression != 0 || filter != 0 || interlace > 1 {
		return damaged("PNG", "has a header that no version of the format allows")
	}
	found.width, found.height = width, height
	found.least = width * height / 8 / maxDeflate * bitsPerPixel(depth, color) // cannot overflow: 2^62 / 8 / 1032 * 64
	return nil
}

func bitsPerPixel(depth, color byte) int64 {
	return int64(depth) * map[byte]int64{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color]
}

// validDepth reports whether a color type may have this many bits: PNG, table 11.1.
func validDepth(depth, color byte) bool {
	switch color {
	case 0: // gray
		return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16
	case 3: // palette
		return depth == 1 || depth == 2 || depth == 4 || depth == 8
	case 2, 4, 6: // color, gray with alpha, color with alpha
		return depth == 8 || depth == 16
	}
	return false
}

func isChunkName(name string) bool {
	for i := range len(name) {
		if c := name[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}
