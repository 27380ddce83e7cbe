package picture

import (
	"encoding/binary"
	"maps"
	"testing"
	"time"
)

func TestTakenAt(t *testing.T) {
	photo, screen := jpegFile(t, noise(16, 16)), pngFile(t, noise(16, 16))
	inJPEG := func(exif []byte) []byte {
		return withSegment(photo, segment(markerAPP1, append([]byte(exifPrefix), exif...)...))
	}
	wall := time.Date(2026, 1, 24, 20, 39, 9, 0, time.UTC)
	berlin, india := time.FixedZone("", 3600), time.FixedZone("", 5*3600+1800)
	original := map[uint16]string{tagOriginal: "2026:01:24 20:39:09"}
	with := func(more map[uint16]string) map[uint16]string {
		all := maps.Clone(original)
		maps.Copy(all, more)
		return all
	}
	little, big := binary.AppendByteOrder(binary.LittleEndian), binary.AppendByteOrder(binary.BigEndian)

	tests := map[string]struct {
		data []byte
		wall time.Time
		zone *time.Location
	}{
		"little-endian": {inJPEG(tiff(little, original)), wall, nil},
		"big-endian":    {inJPEG(tiff(big, original)), wall, nil},
		"behind another APP1": {
			withSegment(inJPEG(tiff(big, original)), segment(markerAPP1, []byte("http://ns.adobe.com/xap/1.0/\x00<x/>")...)),
			wall, nil,
		},
		"PNG":                   {withChunk(screen, chunk("eXIf", tiff(big, original))), wall, nil},
		"PNG with JPEG's label": {withChunk(screen, chunk("eXIf", append([]byte(exifPrefix), tiff(big, original)...))), wall, nil},
		"WebP":                  {riff(riffChunk("VP8X", canvas(0x08, 7, 9)), riffChunk("VP8L", lossless(7, 9)), riffChunk("EXIF", tiff(little, original))), wall, nil},
		"offset":                {inJPEG(tiff(big, with(map[uint16]string{tagOffsetOriginal: "+05:30"}))), wall, india},
		"offset Z":              {inJPEG(tiff(big, with(map[uint16]string{tagOffsetOriginal: "Z"}))), wall, time.UTC},
		"blank offset":          {inJPEG(tiff(big, with(map[uint16]string{tagOffsetOriginal: "   :  "}))), wall, nil},
		"absurd offset":         {inJPEG(tiff(big, with(map[uint16]string{tagOffsetOriginal: "+20:00"}))), wall, nil},
		"fraction":              {inJPEG(tiff(big, with(map[uint16]string{tagFractionOriginal: "5"}))), wall.Add(500 * time.Millisecond), nil},
		"fraction with zeros":   {inJPEG(tiff(big, with(map[uint16]string{tagFractionOriginal: "007"}))), wall.Add(7 * time.Millisecond), nil},
		"long fraction":         {inJPEG(tiff(big, with(map[uint16]string{tagFractionOriginal: "123456789 "}))), wall.Add(123456 * time.Microsecond), nil},
		"original before others": {inJPEG(tiff(big, with(map[uint16]string{
			tagDateTime: "2027:01:01 00:00:00", tagOffset: "-01:00", tagDigitized: "2028:01:01 00:00:00",
		}))), wall, nil},
		"digitized before modified": {inJPEG(tiff(big, map[uint16]string{
			tagDateTime: "2027:01:01 00:00:00", tagDigitized: "2026:01:24 20:39:09", tagOffsetDigitized: "+01:00",
		})), wall, berlin},
		"modified": {inJPEG(tiff(big, map[uint16]string{
			tagDateTime: "2026:01:24 20:39:09", tagOffset: "+01:00", tagFraction: "25",
		})), wall.Add(250 * time.Millisecond), berlin},
		"blank original":          {inJPEG(tiff(big, map[uint16]string{tagOriginal: "    :  :     :  :  ", tagDateTime: "2026:01:24 20:39:09"})), wall, nil},
		"zero original":           {inJPEG(tiff(big, map[uint16]string{tagOriginal: "0000:00:00 00:00:00", tagDateTime: "2026:01:24 20:39:09"})), wall, nil},
		"other separators":        {inJPEG(tiff(big, map[uint16]string{tagOriginal: "2026-01-24T20:39:09"})), wall, nil},
		"none":                    {photo, time.Time{}, nil},
		"impossible date":         {inJPEG(tiff(big, map[uint16]string{tagOriginal: "2026:02:30 20:39:09"})), time.Time{}, nil},
		"unset clock":             {inJPEG(tiff(big, map[uint16]string{tagOriginal: "1970:01:01 00:00:12"})), time.Time{}, nil},
		"beyond the year 9999":    {inJPEG(tiff(big, map[uint16]string{tagOriginal: "9999:12:31 23:59:59"})), time.Time{}, nil},
		"words":                   {inJPEG(tiff(big, map[uint16]string{tagOriginal: "yesterday afternoon"})), time.Time{}, nil},
		"no TIFF":                 {inJPEG([]byte("XX*\x00\x00\x00\x00\x08")), time.Time{}, nil},
		"directory out of bounds": {inJPEG([]byte("MM\x00*\xff\xff\xff\xff")), time.Time{}, nil},
		"cut off":                 {inJPEG(tiff(big, original))[:200], time.Time{}, nil},
		"text file":               {[]byte("hello"), time.Time{}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := TakenAt(test.data)
			if ok != !test.wall.IsZero() || !got.Wall.Equal(test.wall) {
				t.Fatalf("TakenAt = %v, %t; want %v", got.Wall, ok, test.wall)
			}
			if (got.Zone == nil) != (test.zone == nil) {
				t.Fatalf("zone %v, want %v", got.Zone, test.zone)
			}
			if test.zone == nil {
				return
			}
			_, gotOffset := test.wall.In(got.Zone).Zone()
			if _, want := test.wall.In(test.zone).Zone(); gotOffset != want {
				t.Errorf("offset %d s, want %d s", gotOffset, want)
			}
		})
	}
}
