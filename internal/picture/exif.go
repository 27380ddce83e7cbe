package picture

import (
	"encoding/binary"
	"strings"
	"time"
)

// Taken is the moment a picture was taken, as its EXIF tells it.
type Taken struct {
	// Wall is the date and the time of day that the device's clock showed, in
	// UTC only for want of a zone, cut to the microsecond.
	Wall time.Time
	// Zone is the device's zone, or nil when it did not say: then Wall is local
	// time wherever the device was.
	Zone *time.Location
}

// TakenAt returns when the image in data was taken, from its EXIF:
// DateTimeOriginal, else DateTimeDigitized, else DateTime, with their fractions
// of a second and time zones. It reports false when there is no such time, when
// it is no real date, and when it is in 1970, as on a device whose clock was
// never set.
//
// PNG's own tIME and "Creation Time" are passed over: tIME is when the file was
// last changed, and "Creation Time" has no fixed form.
func TakenAt(data []byte) (Taken, bool) {
	format, err := sniff(data)
	if err != nil {
		return Taken{}, false
	}
	found, err := walk(format, data)
	if err != nil {
		return Taken{}, false
	}
	return readEXIF(found.exif)
}

// Tags of EXIF 2.32, all of them text.
const (
	tagDateTime         = 0x0132 // in the main directory
	tagExifDirectory    = 0x8769 // in the main directory: where the EXIF directory is
	tagOriginal         = 0x9003
	tagDigitized        = 0x9004
	tagOffset           = 0x9010
	tagOffsetOriginal   = 0x9011
	tagOffsetDigitized  = 0x9012
	tagFraction         = 0x9290
	tagFractionOriginal = 0x9291
	tagFractionDigitize = 0x9292
)

// moments lists the tags that tell one moment, the best first.
var moments = []struct{ time, fraction, offset uint16 }{
	{tagOriginal, tagFractionOriginal, tagOffsetOriginal},
	{tagDigitized, tagFractionDigitize, tagOffsetDigitized},
	{tagDateTime, tagFraction, tagOffset},
}

// readEXIF finds the moment in a TIFF structure. It is read here and not by a
// library, because those found turn a fraction into a number, in which ".05"
// and ".5" are the same.
func readEXIF(tiff []byte) (Taken, bool) {
	if len(tiff) < 8 {
		return Taken{}, false
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return Taken{}, false
	}
	dir := directory{tiff: tiff, order: order, texts: make(map[uint16]string)}
	dir.read(order.Uint32(tiff[4:]))
	if dir.exif != 0 {
		dir.read(dir.exif)
	}
	for _, m := range moments {
		if wall, ok := parseEXIFTime(dir.texts[m.time], dir.texts[m.fraction]); ok {
			return Taken{wall, parseOffset(dir.texts[m.offset])}, true
		}
	}
	return Taken{}, false
}

// directory reads the texts of TIFF directories.
type directory struct {
	tiff  []byte
	order binary.ByteOrder
	texts map[uint16]string
	exif  uint32 // offset of the EXIF directory, 0 when it was not named
}

// read collects the short texts of the directory at offset, and where the EXIF
// directory is. What lies outside the data is passed over.
func (d *directory) read(offset uint32) {
	const entrySize = 12
	if int64(offset)+2 > int64(len(d.tiff)) {
		return
	}
	entries := d.tiff[offset+2:]
	for range d.order.Uint16(d.tiff[offset:]) {
		if len(entries) < entrySize {
			return
		}
		tag, kind := d.order.Uint16(entries), d.order.Uint16(entries[2:])
		count, value := d.order.Uint32(entries[4:]), entries[8:entrySize]
		entries = entries[entrySize:]
		const kindText, kindLong, longest = 2, 4, 64
		switch {
		case tag == tagExifDirectory && kind == kindLong && count == 1:
			d.exif = d.order.Uint32(value)
		case kind == kindText && count <= 4:
			d.texts[tag] = string(value[:count])
		case kind == kindText && count <= longest:
			if start := int64(d.order.Uint32(value)); start+int64(count) <= int64(len(d.tiff)) {
				d.texts[tag] = string(d.tiff[start : start+int64(count)])
			}
		}
	}
}

// parseEXIFTime reads "2026:01:24 20:39:09" and its fraction, the digits after
// the point. Writers differ in the separators and the padding.
func parseEXIFTime(text, fraction string) (time.Time, bool) {
	text = strings.Trim(text, " \x00")
	if len(text) != len("2006:01:02 15:04:05") {
		return time.Time{}, false
	}
	digits := []byte(text)
	for _, i := range []int{4, 7, 10, 13, 16} {
		if c := digits[i]; c >= '0' && c <= '9' {
			return time.Time{}, false
		}
		digits[i] = ' '
	}
	wall, err := time.Parse("2006 01 02 15 04 05", string(digits))
	if err != nil || wall.Year() <= 1970 || wall.Year() >= 9999 {
		return time.Time{}, false
	}
	micro := 0
	for i, unit := 0, 100_000; i < len(fraction) && fraction[i] >= '0' && fraction[i] <= '9'; i, unit = i+1, unit/10 {
		micro += int(fraction[i]-'0') * unit
	}
	return wall.Add(time.Duration(micro) * time.Microsecond), true
}

// parseOffset reads "+01:00" or "Z", and returns nil for anything else.
func parseOffset(text string) *time.Location {
	text = strings.Trim(text, " \x00")
	if text == "Z" {
		return time.UTC
	}
	const farthest = 15 * 3600 // no zone is farther from UTC
	t, err := time.Parse("-07:00", text)
	if err != nil {
		return nil
	}
	_, seconds := t.Zone()
	if seconds < -farthest || seconds > farthest {
		return nil
	}
	return time.FixedZone("", seconds)
}
