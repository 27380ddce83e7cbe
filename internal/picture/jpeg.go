package picture

import (
	"bytes"
	"encoding/binary"
)

// Markers of a JPEG, the byte after 0xFF: ISO/IEC 10918-1, table B.1.
const (
	markerTEM  = 0x01
	markerSOF0 = 0xc0
	markerDHT  = 0xc4
	markerJPG  = 0xc8
	markerDAC  = 0xcc
	markerSOF  = 0xcf // the last one
	markerRST0 = 0xd0
	markerRST7 = 0xd7
	markerSOI  = 0xd8
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerAPP1 = 0xe1
)

const exifPrefix = "Exif\x00\x00"

// walkJPEG steps over the segments by their lengths, so that a thumbnail inside
// one, with an end marker of its own, is not seen, and over the coded data of
// every scan to the end marker.
func walkJPEG(data []byte) (layout, error) {
	var found layout
	scans := 0
	for pos := 2; ; {
		marker, next, ok := nextMarker(data, pos)
		if !ok {
			return found, truncated("JPEG")
		}
		switch {
		case marker == markerEOI:
			switch {
			case found.height == 0:
				return found, damaged("JPEG", "has no frame header")
			case scans == 0:
				return found, damaged("JPEG", "has no picture data")
			}
			return found, nil
		case marker == markerSOI:
			return found, damaged("JPEG", "begins a second time at byte %d", next-2)
		case marker == markerTEM || marker >= markerRST0 && marker <= markerRST7:
			pos = next // these have no length
			continue
		}
		if len(data)-next < 2 {
			return found, truncated("JPEG")
		}
		length := int(binary.BigEndian.Uint16(data[next:]))
		if length < 2 {
			return found, damaged("JPEG", "has a segment of impossible length at byte %d", next-2)
		}
		if len(data)-next < length {
			return found, truncated("JPEG")
		}
		segment := data[next+2 : next+length]
		pos = next + length

		switch {
		case isFrame(marker):
			if found.height != 0 {
				return found, damaged("JPEG", "has two frame headers")
			}
			if err := readFrame(marker, segment, &found); err != nil {
				return found, err
			}
		case marker == markerSOS:
			if found.height == 0 {
				return found, damaged("JPEG", "has picture data before its frame header")
			}
			scans++
		case marker == markerAPP1 && found.exif == nil && scans == 0:
			if exif, ok := bytes.CutPrefix(segment, []byte(exifPrefix)); ok {
				found.exif = exif
			}
		}
	}
}

// nextMarker returns the first marker at or after pos and where it ends. Stray
// bytes between segments are stepped over, as every decoder does, and so is
// 0xFF 0x00, which stands for a data byte 0xFF.
func nextMarker(data []byte, pos int) (marker byte, end int, ok bool) {
	for {
		i := bytes.IndexByte(data[pos:], 0xff)
		if i < 0 {
			return 0, 0, false
		}
		pos += i + 1
		for pos < len(data) && data[pos] == 0xff { // fill bytes
			pos++
		}
		if pos == len(data) {
			return 0, 0, false
		}
		marker = data[pos]
		pos++
		if marker != 0 {
			return marker, pos, true
		}
	}
}

// isFrame reports whether the marker begins a frame header, of whatever coding
// process.
func isFrame(marker byte) bool {
	return marker >= markerSOF0 && marker <= markerSOF && marker != markerDHT && marker != markerJPG && marker != markerDAC
}

func readFrame(marker byte, segment []byte, found *layout) error {
	if len(segment) < 6 {
		return damaged("JPEG", "has a frame header of %d bytes", len(segment))
	}
	precision, components := segment[0], int(segment[5])
	height, width := int64(binary.BigEndian.Uint16(segment[1:])), int64(binary.BigEndian.Uint16(segment[3:]))
	if width == 0 || height == 0 {
		return damaged("JPEG", "says it has %d x %d pixels", width, height)
	}
	if components == 0 || len(segment) < 6+3*components {
		return damaged("JPEG", "has a frame header that is too short for its %d components", components)
	}
	found.width, found.height = width, height
	// The standard library reads the baseline, extended and progressive
	// Huffman processes at 8 bits, and nothing of the others.
	found.foreign = marker > markerSOF0+2 || precision != 8
	found.least = countBlocks(width, height, segment[6:]) / 8 // a block takes a bit or more
	return nil
}

// countBlocks returns a lower bound of the number of blocks that a frame has,
// from the sampling factors of its components.
func countBlocks(width, height int64, components []byte) int64 {
	var perUnit, maxH, maxV int64 = 0, 1, 1
	for i := 0; i+2 < len(components); i += 3 {
		h, v := int64(components[i+1]>>4), int64(components[i+1]&0x0f)
		perUnit += h * v
		maxH, maxV = max(maxH, h), max(maxV, v)
	}
	return (width / (8 * maxH)) * (height / (8 * maxV)) * perUnit
}
