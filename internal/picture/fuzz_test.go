package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"testing"

	"golang.org/x/image/webp"

	"github.com/jarvis-memory/jarvis"
)

// seeds are images of each format, with EXIF.
func seeds(f *testing.F) [][]byte {
	exif := tiff(binary.BigEndian, map[uint16]string{tagDateTime: "2026:01:24 20:39:09", tagOriginal: "2026:01:24 20:39:09", tagFractionOriginal: "05", tagOffsetOriginal: "+01:00"})
	return [][]byte{
		withSegment(jpegFile(f, noise(8, 8)), segment(markerAPP1, append([]byte(exifPrefix), exif...)...)),
		withChunk(pngFile(f, noise(4, 4)), chunk("eXIf", exif)),
		riff(riffChunk("VP8X", canvas(0x08, 7, 9)), riffChunk("VP8L", lossless(7, 9)), riffChunk("EXIF", exif)),
		riff(riffChunk("VP8 ", lossy(16, 16))),
		[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
		[]byte("<svg/>"),
	}
}

// FuzzInspect checks that nothing panics, that only sizes within the limits are
// accepted, and that the decoders see the same size: else a limit could be evaded.
func FuzzInspect(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	limits := jarvis.ImageLimits{MaxBytes: 1 << 16, MaxPixels: 1 << 16}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := Inspect(data, limits)
		if err != nil {
			if code := jarvis.ErrorCode(err); code != jarvis.CodeInvalid && code != jarvis.CodeTooLarge {
				t.Fatalf("code %q: %v", code, err)
			}
			return
		}
		if got.Width < 1 || got.Height < 1 || int64(got.Width)*int64(got.Height) > limits.MaxPixels {
			t.Fatalf("accepted %d x %d", got.Width, got.Height)
		}
		decode := map[jarvis.Format]func(data []byte) (image.Config, error){
			jarvis.JPEG: func(data []byte) (image.Config, error) { return jpeg.DecodeConfig(bytes.NewReader(data)) },
			jarvis.PNG:  func(data []byte) (image.Config, error) { return png.DecodeConfig(bytes.NewReader(data)) },
			jarvis.WebP: func(data []byte) (image.Config, error) { return webp.DecodeConfig(bytes.NewReader(data)) },
		}[got.Format]
		if config, err := decode(data); err == nil && (config.Width != got.Width || config.Height != got.Height) {
			t.Fatalf("Inspect says %d x %d, the decoder %d x %d", got.Width, got.Height, config.Width, config.Height)
		}
	})
}

// FuzzDecode checks that whatever Inspect accepts decodes, or is corrupt.
func FuzzDecode(f *testing.F) {
	for _, seed := range seeds(f) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		limits := jarvis.ImageLimits{MaxBytes: 1 << 16, MaxPixels: 1 << 16}
		_, refused := Inspect(data, limits)
		err := Decode(data, limits)
		if refused != nil && jarvis.ErrorCode(err) != jarvis.ErrorCode(refused) {
			t.Fatalf("Inspect: %v, Decode: %v", refused, err)
		}
		if refused == nil && err != nil && jarvis.ErrorCode(err) != jarvis.CodeCorrupt {
			t.Fatal(err)
		}
	})
}

// FuzzTakenAt feeds the EXIF reader itself, wrapped in an image.
func FuzzTakenAt(f *testing.F) {
	f.Add(tiff(binary.BigEndian, map[uint16]string{tagOriginal: "2026:01:24 20:39:09", tagFractionOriginal: "05", tagOffsetOriginal: "+01:00"}))
	f.Add(tiff(binary.LittleEndian, map[uint16]string{tagDateTime: "2026:01:24 20:39:09", tagDigitized: "2026:01:24 20:39:09"}))
	f.Fuzz(func(t *testing.T, exif []byte) {
		data := riff(riffChunk("VP8X", canvas(0x08, 7, 9)), riffChunk("VP8L", lossless(7, 9)), riffChunk("EXIF", exif))
		taken, ok := TakenAt(data)
		if !ok {
			return
		}
		if taken.Zone != nil {
			if _, offset := taken.Wall.In(taken.Zone).Zone(); offset < -15*3600 || offset > 15*3600 {
				t.Fatalf("offset %d", offset)
			}
		}
		if year := taken.Wall.Year(); year < 1971 || year > 9998 || taken.Wall != jarvis.Instant(taken.Wall) {
			t.Fatalf("taken at %v", taken.Wall)
		}
	})
}
