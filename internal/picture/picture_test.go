package picture

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

func TestInspect_Accepts(t *testing.T) {
	photo := jpegFile(t, noise(40, 24))
	screen := pngFile(t, noise(40, 24))
	thumbnail := segment(markerAPP1, append([]byte(exifPrefix+"thumbnail:"), jpegFile(t, noise(8, 8))...)...)
	jpegWith := func(sof byte, width, height int) []byte {
		scan := segment(markerSOS, 1, 1, 0, 0, 63, 0)
		return slices.Concat([]byte{0xff, 0xd8}, segment(sof, frame(width, height)...), scan, []byte{1, 2, 0xff, 0, 3, 0xff, 0xd9})
	}
	tests := map[string]struct {
		data []byte
		want jarvis.Image
	}{
		"JPEG":                         {photo, jarvis.Image{Format: jarvis.JPEG, Width: 40, Height: 24}},
		"JPEG with bytes after it":     {slices.Concat(photo, []byte("MotionPhoto\x00\xff\xff\x00")), jarvis.Image{Format: jarvis.JPEG, Width: 40, Height: 24}},
		"JPEG with a thumbnail":        {withSegment(photo, thumbnail), jarvis.Image{Format: jarvis.JPEG, Width: 40, Height: 24}},
		"JPEG with fill bytes":         {withSegment(photo, append([]byte{0xff, 0xff, 0xff}, segment(0xfe, 'h', 'i')...)), jarvis.Image{Format: jarvis.JPEG, Width: 40, Height: 24}},
		"JPEG with stray bytes":        {withSegment(photo, append(segment(0xfe, 'h', 'i'), 0, 1, 2)), jarvis.Image{Format: jarvis.JPEG, Width: 40, Height: 24}},
		"JPEG progressive":             {jpegWith(0xc2, 1, 1), jarvis.Image{Format: jarvis.JPEG, Width: 1, Height: 1}},
		"JPEG arithmetic":              {jpegWith(0xc9, 65535, 3000), jarvis.Image{Format: jarvis.JPEG, Width: 65535, Height: 3000}},
		"JPEG with restarts":           {bytes.Replace(jpegWith(0xc0, 8, 8), []byte{1, 2, 0xff, 0}, []byte{1, 0xff, 0xd0, 2, 0xff, 0xd7, 0xff, 0}, 1), jarvis.Image{Format: jarvis.JPEG, Width: 8, Height: 8}},
		"PNG":                          {screen, jarvis.Image{Format: jarvis.PNG, Width: 40, Height: 24}},
		"PNG with bytes after it":      {append(slices.Clone(screen), "trailer"...), jarvis.Image{Format: jarvis.PNG, Width: 40, Height: 24}},
		"PNG with a chunk of IEND":     {withChunk(screen, chunk("teXt", []byte("....IEND\xae\x42\x60\x82"))), jarvis.Image{Format: jarvis.PNG, Width: 40, Height: 24}},
		"PNG animated":                 {withChunk(screen, chunk("acTL", make([]byte, 8))), jarvis.Image{Format: jarvis.PNG, Width: 40, Height: 24}},
		"PNG gray":                     {pngFile(t, gray(3, 5)), jarvis.Image{Format: jarvis.PNG, Width: 3, Height: 5}},
		"WebP lossless":                {riff(riffChunk("VP8L", lossless(16383, 2))), jarvis.Image{Format: jarvis.WebP, Width: 16383, Height: 2}},
		"WebP lossy":                   {riff(riffChunk("VP8 ", lossy(800, 600))), jarvis.Image{Format: jarvis.WebP, Width: 800, Height: 600}},
		"WebP extended":                {riff(riffChunk("VP8X", canvas(0x08, 7, 9)), riffChunk("VP8L", lossless(7, 9)), riffChunk("EXIF", []byte("x"))), jarvis.Image{Format: jarvis.WebP, Width: 7, Height: 9}},
		"WebP with an odd chunk":       {riff(riffChunk("VP8X", canvas(0x20, 7, 9)), riffChunk("ICCP", []byte("odd")), riffChunk("VP8L", lossless(7, 9))), jarvis.Image{Format: jarvis.WebP, Width: 7, Height: 9}},
		"WebP animated":                {riff(riffChunk("VP8X", canvas(0x02, 70_000, 9)), riffChunk("ANIM", make([]byte, 6)), riffChunk("ANMF", make([]byte, 24))), jarvis.Image{Format: jarvis.WebP, Width: 70_000, Height: 9}},
		"WebP with bytes after it":     {append(riff(riffChunk("VP8L", lossless(7, 9))), "trailer"...), jarvis.Image{Format: jarvis.WebP, Width: 7, Height: 9}},
		"WebP without its last filler": {bytes.TrimSuffix(riff(riffChunk("VP8X", canvas(0, 7, 9)), riffChunk("VP8L", lossless(7, 9)), riffChunk("XMP ", []byte("x"))), []byte{0}), jarvis.Image{Format: jarvis.WebP, Width: 7, Height: 9}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Inspect(test.data, jarvis.ImageLimits{})
			if err != nil || got != test.want {
				t.Fatalf("Inspect = %v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestInspect_Refuses(t *testing.T) {
	photo := jpegFile(t, noise(40, 24))
	screen := pngFile(t, noise(40, 24))
	sof := segment(markerSOF0, frame(8, 8)...)
	scan := segment(markerSOS, 1, 1, 0, 0, 63, 0)
	soi, eoi := []byte{0xff, 0xd8}, []byte{0xff, 0xd9}
	broken := slices.Clone(screen)
	broken[20]++
	tests := map[string]struct {
		data []byte
		code jarvis.Code
		says string
	}{
		"empty":                      {nil, jarvis.CodeInvalid, "is empty"},
		"text":                       {[]byte("Dear diary, größer"), jarvis.CodeInvalid, "is not an image: it begins with text"},
		"text cut within a letter":   {[]byte(strings.Repeat("ä", 400))[:511], jarvis.CodeInvalid, "begins with text"},
		"UTF-16 text":                {[]byte("\xff\xfeh\x00i\x00"), jarvis.CodeInvalid, "begins with text"},
		"zeros":                      {make([]byte, 100_000), jarvis.CodeInvalid, "begins with zeros"},
		"noise":                      {[]byte("\x01\x02\x03\x04\xfe\xfd"), jarvis.CodeInvalid, "begins with the bytes 01020304fefd"},
		"HEIC":                       {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), jarvis.CodeInvalid, "is a HEIC, which Jarvis does not take: convert it to JPEG, PNG or WebP first"},
		"HEIC behind a generic name": {[]byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic"), jarvis.CodeInvalid, "is a HEIC"},
		"HEIF":                       {[]byte("\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1miaf"), jarvis.CodeInvalid, "is a HEIF"},
		"AVIF":                       {[]byte("\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf"), jarvis.CodeInvalid, "is an AVIF"},
		"MP4":                        {[]byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42"), jarvis.CodeInvalid, "is a video"},
		"GIF":                        {[]byte("GIF89a\x01\x00\x01\x00"), jarvis.CodeInvalid, "is a GIF"},
		"BMP":                        {[]byte("BM\x36\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00"), jarvis.CodeInvalid, "is a BMP"},
		"text that begins with BM":   {[]byte("BMW drivers and others"), jarvis.CodeInvalid, "begins with text"},
		"TIFF":                       {[]byte("II*\x00\x08\x00\x00\x00"), jarvis.CodeInvalid, "is a TIFF"},
		"PDF":                        {[]byte("%PDF-1.7\n"), jarvis.CodeInvalid, "is a PDF"},
		"SVG":                        {[]byte("\xef\xbb\xbf\n<?xml version='1.0'?><!-- x --><SVG xmlns=''>"), jarvis.CodeInvalid, "is an SVG"},
		"HTML":                       {[]byte("<!DOCTYPE html><title>404"), jarvis.CodeInvalid, "is a web page"},
		"ICO":                        {[]byte("\x00\x00\x01\x00\x01\x00"), jarvis.CodeInvalid, "is an icon"},
		"JPEG XL":                    {[]byte("\xff\x0a\x00"), jarvis.CodeInvalid, "is a JPEG XL"},
		"JPEG XL in boxes":           {[]byte("\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a"), jarvis.CodeInvalid, "is a JPEG XL"},
		"WAVE":                       {[]byte("RIFF\x24\x00\x00\x00WAVEfmt "), jarvis.CodeInvalid, "is a RIFF file of another kind"},
		"sealed":                     {[]byte("age-encryption.org/v1\n-> X25519"), jarvis.CodeInvalid, "is a file sealed with age"},

		"JPEG of two bytes":         {photo[:2], jarvis.CodeInvalid, "the end of the JPEG is missing"},
		"JPEG without its end":      {photo[:len(photo)-2], jarvis.CodeInvalid, "the end of the JPEG is missing"},
		"JPEG cut in half":          {photo[:len(photo)/2], jarvis.CodeInvalid, "the end of the JPEG is missing"},
		"JPEG cut after thumbnail":  {withSegment(photo, segment(markerAPP1, photo...))[:len(photo)+20], jarvis.CodeInvalid, "the end of the JPEG is missing"},
		"JPEG ending in zeros":      {append(slices.Clone(photo[:len(photo)/2]), make([]byte, 500)...), jarvis.CodeInvalid, "the end of the JPEG is missing"},
		"JPEG without frame":        {slices.Concat(soi, segment(0xfe), eoi), jarvis.CodeInvalid, "no frame header"},
		"JPEG without scan":         {slices.Concat(soi, sof, eoi), jarvis.CodeInvalid, "no picture data"},
		"JPEG with scan first":      {slices.Concat(soi, scan, sof, eoi), jarvis.CodeInvalid, "before its frame header"},
		"JPEG with two frames":      {slices.Concat(soi, sof, sof, scan, eoi), jarvis.CodeInvalid, "two frame headers"},
		"JPEG begun twice":          {slices.Concat(soi, sof, soi, scan, eoi), jarvis.CodeInvalid, "begins a second time"},
		"JPEG of no height":         {slices.Concat(soi, segment(markerSOF0, frame(8, 0)...), scan, eoi), jarvis.CodeInvalid, "says it has 8 x 0 pixels"},
		"JPEG with a short frame":   {slices.Concat(soi, segment(markerSOF0, frame(8, 8)[:5]...), scan, eoi), jarvis.CodeInvalid, "frame header of 5 bytes"},
		"JPEG with too few parts":   {slices.Concat(soi, segment(markerSOF0, frame(8, 8)[:8]...), scan, eoi), jarvis.CodeInvalid, "too short for its 1 components"},
		"JPEG with segment length":  {slices.Concat(soi, []byte{0xff, 0xfe, 0, 1}, eoi), jarvis.CodeInvalid, "impossible length"},
		"JPEG of 60,000 x 60,000":   {slices.Concat(soi, segment(markerSOF0, frame(60_000, 60_000)...)), jarvis.CodeTooLarge, "claims 60000 x 60000 pixels, which is more than the 200 megapixels allowed"},
		"PNG of its signature":      {screen[:8], jarvis.CodeInvalid, "the end of the PNG is missing"},
		"PNG of three bytes":        {screen[:3], jarvis.CodeInvalid, "the end of the PNG is missing"},
		"PNG without its end":       {screen[:len(screen)-12], jarvis.CodeInvalid, "the end of the PNG is missing"},
		"PNG with a cut end":        {screen[:len(screen)-1], jarvis.CodeInvalid, "the end of the PNG is missing"},
		"PNG ending in zeros":       {append(slices.Clone(screen[:60]), make([]byte, 500_000)...), jarvis.CodeInvalid, "PNG"},
		"PNG with a flipped bit":    {broken, jarvis.CodeInvalid, "wrong checksum"},
		"PNG without header":        {slices.Concat(screen[:8], screen[8+25:]), jarvis.CodeInvalid, "does not begin with its header"},
		"PNG without pixels":        {slices.Concat(screen[:8+25], chunk("IEND", nil)), jarvis.CodeInvalid, "no picture data"},
		"PNG of no width":           {slices.Concat(screen[:8], chunk("IHDR", header(0, 5)), screen[8+25:]), jarvis.CodeInvalid, "says it has 0 x 5 pixels"},
		"PNG of negative width":     {slices.Concat(screen[:8], chunk("IHDR", header(1<<31, 5)), screen[8+25:]), jarvis.CodeInvalid, "says it has 2147483648 x 5 pixels"},
		"PNG of 3 bits":             {slices.Concat(screen[:8], chunk("IHDR", slices.Replace(header(1, 1), 8, 9, 3)), screen[8+25:]), jarvis.CodeInvalid, "no version of the format allows"},
		"PNG of 60,000 x 60,000":    {slices.Concat(screen[:8], chunk("IHDR", header(60_000, 60_000)), screen[8+25:]), jarvis.CodeTooLarge, "claims 60000 x 60000 pixels"},
		"PNG of the largest sides":  {slices.Concat(screen[:8], chunk("IHDR", header(1<<31-1, 1<<31-1)), screen[8+25:]), jarvis.CodeTooLarge, "claims 2147483647 x 2147483647 pixels"},
		"WebP of its signature":     {[]byte("RIFF\x24\x00\x00\x00WEBP"), jarvis.CodeInvalid, "the end of the WebP is missing"},
		"WebP of six bytes":         {[]byte("RIFF\x24\x00"), jarvis.CodeInvalid, "the end of the WebP is missing"},
		"WebP cut":                  {bytes.TrimSuffix(riff(riffChunk("VP8L", lossless(7, 9))), []byte{0x88, 0x08}), jarvis.CodeInvalid, "the end of the WebP is missing"},
		"WebP cut between chunks":   {riff(riffChunk("VP8X", canvas(0, 7, 9)), riffChunk("VP8L", lossless(7, 9)), riffChunk("EXIF", make([]byte, 9)))[:46], jarvis.CodeInvalid, "the end of the WebP is missing"},
		"WebP of nothing":           {riff(), jarvis.CodeInvalid, "a container of 4 bytes"},
		"WebP without picture":      {riff(riffChunk("VP8X", canvas(0, 7, 9))), jarvis.CodeInvalid, "no picture data"},
		"WebP with EXIF first":      {riff(riffChunk("EXIF", make([]byte, 9)), riffChunk("VP8L", lossless(7, 9))), jarvis.CodeInvalid, "does not begin with a picture header"},
		"WebP interframe":           {riff(riffChunk("VP8 ", slices.Replace(lossy(8, 8), 0, 1, 1))), jarvis.CodeInvalid, "does not begin with a picture header"},
		"WebP of a later version":   {riff(riffChunk("VP8L", slices.Replace(lossless(8, 8), 4, 5, 0xe0))), jarvis.CodeInvalid, "does not begin with a picture header"},
		"WebP with a small canvas":  {riff(riffChunk("VP8X", canvas(0, 7, 9)), riffChunk("VP8L", lossless(9000, 9000))), jarvis.CodeInvalid, "holds 9000 x 9000 pixels in a canvas of 7 x 9"},
		"WebP with a chunk too far": {append(riff(riffChunk("VP8L", lossless(7, 9)), []byte("EXIF\xff\xff\x00\x00")), make([]byte, 70_000)...), jarvis.CodeInvalid, "longer than its container"},
		"WebP of 60,000 x 60,000":   {riff(riffChunk("VP8X", canvas(0, 60_000, 60_000))), jarvis.CodeTooLarge, "claims 60000 x 60000 pixels"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Inspect(test.data, jarvis.ImageLimits{})
			if jarvis.ErrorCode(err) != test.code || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("Inspect = %v, %q (%s); want %s saying %q", got, err, jarvis.ErrorCode(err), test.code, test.says)
			}
		})
	}
}

func TestInspect_EveryCutIsRefused(t *testing.T) {
	files := map[string][]byte{
		"JPEG": withSegment(jpegFile(t, noise(40, 24)), segment(markerAPP1, append([]byte(exifPrefix), jpegFile(t, noise(8, 8))...)...)),
		"PNG":  withChunk(pngFile(t, noise(8, 8)), chunk("eXIf", pngFile(t, noise(4, 4)))),
		"WebP": riff(riffChunk("VP8X", canvas(0x08, 7, 9)), riffChunk("VP8L", lossless(7, 9)), riffChunk("EXIF", make([]byte, 40))),
	}
	for name, data := range files {
		if _, err := Inspect(data, jarvis.ImageLimits{}); err != nil {
			t.Fatalf("%s: the whole file: %v", name, err)
		}
		for n := range data {
			if _, err := Inspect(data[:n], jarvis.ImageLimits{}); jarvis.ErrorCode(err) != jarvis.CodeInvalid {
				t.Errorf("%s: the first %d of %d bytes: %v", name, n, len(data), err)
			}
		}
	}
}

func TestInspect_Limits(t *testing.T) {
	data := pngFile(t, noise(40, 25))
	size := int64(len(data))
	for _, test := range []struct {
		limits jarvis.ImageLimits
		want   jarvis.Code
	}{
		{jarvis.ImageLimits{MaxBytes: size, MaxPixels: 1000}, ""},
		{jarvis.ImageLimits{MaxBytes: size - 1, MaxPixels: 1000}, jarvis.CodeTooLarge},
		{jarvis.ImageLimits{MaxBytes: size, MaxPixels: 999}, jarvis.CodeTooLarge},
	} {
		if _, err := Inspect(data, test.limits); jarvis.ErrorCode(err) != test.want {
			t.Errorf("%+v: got %v, want %q", test.limits, err, test.want)
		}
	}
	if _, err := Inspect(make([]byte, 32<<20+1), jarvis.ImageLimits{}); jarvis.ErrorCode(err) != jarvis.CodeTooLarge {
		t.Errorf("more than the default bytes: %v", err)
	}
}

func TestDecode(t *testing.T) {
	photo, screen := jpegFile(t, noise(40, 24)), pngFile(t, noise(40, 24))
	spoiledPNG := slices.Clone(screen)
	spoiledPNG[len(screen)/2] ^= 0x10
	huge := slices.Concat(screen[:8], chunk("IHDR", header(10_000, 10_000)), screen[8+25:])
	hugePhoto := resized(photo, 14_000, 14_000)
	arithmetic := slices.Concat([]byte{0xff, 0xd8}, segment(0xc9, frame(8, 8)...), segment(markerSOS, 1, 1, 0, 0, 63, 0), []byte{0xff, 0xd9})
	tests := map[string]struct {
		data []byte
		code jarvis.Code
	}{
		"JPEG":                  {photo, ""},
		"PNG":                   {screen, ""},
		"WebP":                  {riff(riffChunk("VP8L", lossless(7, 9))), ""},
		"JPEG that Go can't":    {arithmetic, ""},
		"WebP that moves":       {riff(riffChunk("VP8X", canvas(0x02, 7, 9)), riffChunk("ANMF", make([]byte, 24))), ""},
		"PNG spoiled":           {spoiledPNG, jarvis.CodeCorrupt},
		"JPEG without its data": {slices.Concat(photo[:len(photo)/2], []byte{0xff, 0xd9}), jarvis.CodeCorrupt},
		"WebP of garbage":       {riff(riffChunk("VP8 ", append(lossy(64, 64), "garbage"...))), jarvis.CodeCorrupt},
		"PNG far too small":     {huge, jarvis.CodeCorrupt},
		"JPEG far too small":    {hugePhoto, jarvis.CodeCorrupt},
		"text":                  {[]byte("text"), jarvis.CodeInvalid},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if err := Decode(test.data, jarvis.ImageLimits{}); jarvis.ErrorCode(err) != test.code {
				t.Fatalf("Decode = %v, want code %q", err, test.code)
			}
		})
	}
}

// A file of a hundred bytes must not make anyone allocate the hundreds of
// megabytes that it claims.
func TestDecode_AllocatesByWhatIsThere(t *testing.T) {
	screen := pngFile(t, noise(4, 4))
	files := [][]byte{
		slices.Concat(screen[:8], chunk("IHDR", header(14_000, 14_000)), screen[8+25:]),
		resized(jpegFile(t, noise(16, 16)), 14_000, 14_000),
	}
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, data := range files {
				if err := Decode(data, jarvis.ImageLimits{}); jarvis.ErrorCode(err) != jarvis.CodeCorrupt {
					b.Fatal(err)
				}
			}
		}
	})
	if got := result.AllocedBytesPerOp(); got > 64<<10 {
		t.Errorf("allocated %d bytes for files of %d and %d", got, len(files[0]), len(files[1]))
	}
}

func BenchmarkInspect(b *testing.B) {
	for name, data := range map[string][]byte{"JPEG": jpegFile(b, noise(640, 400)), "PNG": pngFile(b, noise(640, 400))} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Inspect(data, jarvis.ImageLimits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
