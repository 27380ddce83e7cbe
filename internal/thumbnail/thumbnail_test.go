package thumbnail

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCode fails the test unless err is a *jarvis.Error of the code.
func wantCode(t testing.TB, err error, code jarvis.Code) {
	t.Helper()
	if e, ok := errors.AsType[*jarvis.Error](err); !ok || e.Code != code {
		t.Fatalf("got error %v (%s), want one of code %s", err, jarvis.ErrorCode(err), code)
	}
}

// halves returns an image that is red on the left and blue on the right.
func halves(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{R: 255, A: 255}
			if x >= width/2 {
				c = color.NRGBA{B: 255, A: 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func jpegFile(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

func pngFile(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, img))
	return b.Bytes()
}

// webpFile returns a lossless WebP of one gray: no transform, no cache, one group
// of five codes of one symbol each, so that the pixels take no bits.
func webpFile(width, height int) []byte {
	body := binary.LittleEndian.AppendUint32([]byte{0x2f}, uint32(width-1)|uint32(height-1)<<14)
	return riff("VP8L", append(body, 0x88, 0x88, 0x08))
}

func riff(name string, body []byte) []byte {
	if len(body)%2 == 1 {
		body = append(body, 0)
	}
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+8+len(body)))
	b = append(append(b, "WEBP"...), name...)
	return append(binary.LittleEndian.AppendUint32(b, uint32(len(body))), body...)
}

// pngClaim returns a PNG of a header and one byte of pixels.
func pngClaim(width, height uint32, depth, kind byte) []byte {
	chunk := func(name string, body []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		b = append(append(b, name...), body...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	head := binary.BigEndian.AppendUint32(nil, width)
	head = append(binary.BigEndian.AppendUint32(head, height), depth, kind, 0, 0, 0)
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", head), chunk("IDAT", []byte{0x78}), chunk("IEND", nil))
}

// jpegClaim returns a JPEG that ends where its pixels would begin.
func jpegClaim(marker byte, width, height int) []byte {
	return []byte{
		0xff, 0xd8, 0xff, 0xe0, 0, 4, 0xff, 0xc2, // a marker inside a segment is none
		0xff, marker, 0, 17, 8, byte(height >> 8), byte(height), byte(width >> 8), byte(width),
		3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0,
		0xff, 0xda, 0, 12,
	}
}

// wantSize decodes a thumbnail and fails the test unless it has the size.
func wantSize(t testing.TB, thumbnail []byte, width, height int) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(thumbnail))
	must(t, err)
	if got := img.Bounds().Size(); got != image.Pt(width, height) {
		t.Fatalf("the thumbnail has %v pixels, want %d x %d", got, width, height)
	}
	return img
}

// wantColor fails the test unless the pixel has about the color.
func wantColor(t testing.TB, img image.Image, x, y int, want color.Color) {
	t.Helper()
	r, g, b, _ := img.At(x, y).RGBA()
	wantR, wantG, wantB, _ := want.RGBA()
	for i, pair := range [][2]uint32{{r, wantR}, {g, wantG}, {b, wantB}} {
		if d := int(pair[0]>>8) - int(pair[1]>>8); d < -12 || d > 12 {
			t.Fatalf("pixel %d,%d is %v in channel %d, want %v", x, y, img.At(x, y), i, want)
		}
	}
}

func TestMaker_Make(t *testing.T) {
	m := NewMaker(Limits{})
	red, blue := color.NRGBA{R: 255, A: 255}, color.NRGBA{B: 255, A: 255}
	paletted := image.NewPaletted(image.Rect(0, 0, 640, 200), color.Palette{red, blue})
	for i := range paletted.Pix {
		if i%640 >= 320 {
			paletted.Pix[i] = 1
		}
	}
	deep := image.NewNRGBA64(image.Rect(0, 0, 640, 200))
	for i := range 640 * 200 {
		if x := i % 640; x < 320 {
			deep.Set(x, i/640, red)
		} else {
			deep.Set(x, i/640, blue)
		}
	}
	for name, data := range map[string][]byte{
		"JPEG":     jpegFile(t, halves(640, 200)),
		"PNG":      pngFile(t, halves(640, 200)),
		"Paletted": pngFile(t, paletted),
		"16Bit":    pngFile(t, deep),
	} {
		t.Run(name, func(t *testing.T) {
			thumbnail, err := m.Make(t.Context(), data, 320)
			must(t, err)
			img := wantSize(t, thumbnail, 320, 100)
			wantColor(t, img, 10, 50, red)
			wantColor(t, img, 309, 50, blue)
		})
	}
	t.Run("WebP", func(t *testing.T) {
		thumbnail, err := m.Make(t.Context(), webpFile(640, 200), 320)
		must(t, err)
		wantSize(t, thumbnail, 320, 100)
	})
	t.Run("Transparent", func(t *testing.T) {
		thumbnail, err := m.Make(t.Context(), pngFile(t, image.NewNRGBA(image.Rect(0, 0, 64, 64))), 16)
		must(t, err)
		wantColor(t, wantSize(t, thumbnail, 16, 16), 8, 8, color.White)
	})
	t.Run("Cut", func(t *testing.T) { // an image whose corner is not 0,0
		data := jpegFile(t, halves(640, 200).SubImage(image.Rect(320, 100, 640, 200)))
		thumbnail, err := m.Make(t.Context(), data, 160)
		must(t, err)
		wantColor(t, wantSize(t, thumbnail, 160, 50), 1, 1, blue)
	})
}

func TestMaker_Make_Size(t *testing.T) {
	m := NewMaker(Limits{})
	for _, test := range []struct{ width, height, want, w, h int }{
		{3840, 2160, 320, 320, 180},
		{1366, 768, 320, 320, 180},
		{100, 50, 320, 100, 50}, // never larger than the image
		{1, 1, 320, 1, 1},
		{10_000, 1, 320, 320, 1},
		{1, 10_000, 320, 1, 1280}, // no higher than four times the width
		{100, 1000, 100, 40, 400},
		{321, 321, 320, 320, 320},
	} {
		thumbnail, err := m.Make(t.Context(), pngFile(t, image.NewGray(image.Rect(0, 0, test.width, test.height))), test.want)
		must(t, err)
		wantSize(t, thumbnail, test.w, test.h)
	}
	_, err := m.Make(t.Context(), webpFile(1, 1), 0)
	wantCode(t, err, jarvis.CodeInvalid)
}

// What is hostile, damaged or unknown is refused, and what claims to be large
// before anything is allocated for it.
func TestMaker_Make_Refused(t *testing.T) {
	m := NewMaker(Limits{})
	good, lossless := jpegFile(t, halves(64, 64)), webpFile(64, 64)
	arithmetic := slices.Concat(good[:2], jpegClaim(0xc9, 64, 64)[2:])
	canvas := []byte{0, 0, 0, 0, 0xff, 0xff, 0, 0xff, 0x7f, 0} // 65536 x 32768
	for _, test := range []struct {
		name string
		data []byte
		code jarvis.Code
	}{
		{"Empty", nil, jarvis.CodeInvalid},
		{"Text", []byte("hello"), jarvis.CodeInvalid},
		{"GIF", []byte("GIF89a\x01\x00\x01\x00"), jarvis.CodeInvalid},
		{"CutJPEG", good[:len(good)/2], jarvis.CodeCorrupt},
		{"CutPNG", pngFile(t, halves(64, 64))[:60], jarvis.CodeCorrupt},
		{"CutWebP", lossless[:21], jarvis.CodeCorrupt},
		{"Arithmetic", arithmetic, jarvis.CodeNotFound},
		{"BombPNG", pngClaim(1<<31-1, 1<<31-1, 8, 2), jarvis.CodeNotFound}, // the decoder will not have it
		{"LargePNG", pngClaim(15_000, 15_000, 8, 2), jarvis.CodeTooLarge},
		{"DeepPNG", pngClaim(6_000, 6_000, 16, 6), jarvis.CodeTooLarge},
		{"StubPNG", pngClaim(4_000, 4_000, 8, 2), jarvis.CodeCorrupt},
		{"LargeJPEG", jpegClaim(0xc0, 65_535, 65_535), jarvis.CodeTooLarge},
		{"ProgressiveJPEG", jpegClaim(0xc2, 7_680, 4_320), jarvis.CodeTooLarge},
		{"StubJPEG", jpegClaim(0xc0, 7_680, 4_320), jarvis.CodeCorrupt},
		{"LargeWebP", webpFile(16_384, 16_384), jarvis.CodeTooLarge},
		{"LargeCanvas", riff("VP8X", canvas), jarvis.CodeCorrupt}, // beyond what the format allows
		{"ZeroPNG", pngClaim(0, 5, 8, 2), jarvis.CodeCorrupt},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := m.Make(t.Context(), test.data, 320)
			wantCode(t, err, test.code)
			if strings.Contains(err.Error(), "png:") || strings.Contains(err.Error(), "jpeg") {
				t.Errorf("the error shows the decoder's own: %v", err)
			}
		})
	}
	limited := NewMaker(Limits{MaxPixels: 64 * 63})
	_, err := limited.Make(t.Context(), good, 32)
	wantCode(t, err, jarvis.CodeTooLarge)
}

// A decoder that panics is an error, and so is an image that does.
func TestHeader_Use_Panic(t *testing.T) {
	h := header{decode: func(io.Reader) (image.Image, error) { panic("index out of range") }}
	to := func(of image.Point) image.Point { return of }
	look := func(img image.Image) error { img.At(0, 0); return nil }
	wantCode(t, h.use(t.Context(), nil, to, look), jarvis.CodeCorrupt)
	h.decode = func(io.Reader) (image.Image, error) { return broken{}, nil }
	wantCode(t, h.use(t.Context(), nil, to, look), jarvis.CodeCorrupt)
}

// broken is an image whose pixels cannot be had.
type broken struct{}

func (broken) ColorModel() color.Model { return color.RGBAModel }
func (broken) Bounds() image.Rectangle { return image.Rect(0, 0, 640, 480) }
func (broken) At(int, int) color.Color { panic("index out of range") }

func TestMaker_Make_Cancelled(t *testing.T) {
	m := NewMaker(Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.Make(ctx, jpegFile(t, halves(64, 64)), 32)
	wantCode(t, err, jarvis.CodeUnavailable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause is lost: %v", err)
	}
	// A decoder that is at work stops with the context too.
	h, err := inspect(jpegFile(t, halves(64, 64)))
	must(t, err)
	err = h.use(ctx, jpegFile(t, halves(64, 64)), func(of image.Point) image.Point { return of }, func(image.Image) error { return nil })
	wantCode(t, err, jarvis.CodeUnavailable)
}

// The decoders together never take more memory than the limit.
func TestMaker_Make_Bounded(t *testing.T) {
	m := NewMaker(Limits{MaxMemory: 64 * 64 * 6})
	m.least = 0
	data := pngFile(t, halves(64, 64))
	must(t, m.memory.Acquire(t.Context(), 1))
	ctx, cancel := context.WithCancel(t.Context())
	waiting := make(chan error)
	go func() {
		_, err := m.Make(ctx, data, 32)
		waiting <- err
	}()
	cancel()
	wantCode(t, <-waiting, jarvis.CodeUnavailable)
	m.memory.Release(1)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := m.Make(t.Context(), data, 32); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if !m.memory.TryAcquire(64 * 64 * 6) {
		t.Error("memory was not given back")
	}
}

func TestHeader_Memory(t *testing.T) {
	for _, test := range []struct {
		data []byte
		want int64 // bytes of each pixel
	}{
		{jpegClaim(0xc0, 640, 640), 3},
		{jpegClaim(0xc1, 640, 640), 3},
		{jpegClaim(0xc2, 640, 640), 24},
		{bytes.Replace(jpegClaim(0xc0, 640, 640), []byte{1, 0x11, 0, 2, 0x11, 0, 3}, []byte{'R', 0x11, 0, 'G', 0x11, 0, 'B'}, 1), 8},
		{pngClaim(640, 640, 8, 6), 6},
		{pngClaim(640, 640, 16, 0), 12},
		{pngClaim(640, 640, 16, 2), 12},
		{pngClaim(640, 640, 16, 6), 12},
		{webpFile(640, 640), 8},
	} {
		h, err := inspect(test.data)
		must(t, err)
		if got := h.memory() / (640 * 640); got != test.want {
			t.Errorf("%s takes %d bytes a pixel, want %d", h.format, got, test.want)
		}
	}
}

// The mean of all pixels stays, and each pixel is within what it was made of.
func TestScale_Property(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w, h := rapid.IntRange(1, 40).Draw(r, "width"), rapid.IntRange(1, 40).Draw(r, "height")
		to := image.Pt(rapid.IntRange(1, w).Draw(r, "to width"), rapid.IntRange(1, h).Draw(r, "to height"))
		img := image.NewGray(image.Rect(0, 0, w, h).Add(image.Pt(rapid.IntRange(-5, 5).Draw(r, "x"), 3)))
		copy(img.Pix, rapid.SliceOfN(rapid.Byte(), w*h, w*h).Draw(r, "pixels"))
		out := scale(img, to)
		for y := range to.Y {
			for x := range to.X {
				want := meanOf(img.Pix, w, h, x, y, to)
				if got := float64(out.RGBAAt(x, y).G); got < want-0.51 || got > want+0.51 {
					r.Fatalf("pixel %d,%d of %v is %v, want %v", x, y, to, got, want)
				}
			}
		}
	})
}

// meanOf is the mean that a pixel should have, the slow way.
func meanOf(pix []byte, w, h, x, y int, to image.Point) float64 {
	overlap := func(old, at, from, to int) float64 {
		return float64(max(min((old+1)*to, (at+1)*from)-max(old*to, at*from), 0))
	}
	sum := 0.0
	for i := range w {
		for j := range h {
			sum += float64(pix[j*w+i]) * overlap(i, x, w, to.X) * overlap(j, y, h, to.Y)
		}
	}
	return sum / float64(w*h)
}

func TestFit(t *testing.T) {
	for width, want := range map[int]int{-1: 160, 0: 160, 160: 160, 161: 320, 320: 320, 1280: 1280, 1281: 1920, 1921: 2560, 1 << 40: 2560} {
		if got := Fit(width); got != want {
			t.Errorf("Fit(%d) is %d, want %d", width, got, want)
		}
	}
}

func FuzzMaker_Make(f *testing.F) {
	m := NewMaker(Limits{MaxPixels: 1 << 20, MaxMemory: 16 << 20})
	f.Add(jpegFile(f, halves(16, 9)))
	f.Add(pngFile(f, halves(16, 9)))
	f.Add(webpFile(16, 9))
	f.Add(jpegClaim(0xc2, 640, 480))
	f.Fuzz(func(t *testing.T, data []byte) {
		thumbnail, err := m.Make(t.Context(), data, 8)
		if err != nil {
			if _, ok := errors.AsType[*jarvis.Error](err); !ok {
				t.Fatalf("the error is %v", err)
			}
			return
		}
		if config, err := jpeg.DecodeConfig(bytes.NewReader(thumbnail)); err != nil || config.Width > 8 || config.Height > 8*maxAspect {
			t.Fatalf("the thumbnail has %d x %d pixels, error %v", config.Width, config.Height, err)
		}
	})
}

// BenchmarkMaker_Make is one UHD screenshot.
func BenchmarkMaker_Make(b *testing.B) {
	img := image.NewRGBA(image.Rect(0, 0, 3840, 2160))
	for i := range img.Pix {
		img.Pix[i] = byte(i / 3840 * 7)
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	m := NewMaker(Limits{})
	for name, data := range map[string][]byte{"JPEG": jpegFile(b, img), "PNG": pngFile(b, img)} {
		for _, width := range []int{320, 1280} {
			b.Run(name+map[int]string{320: "To320", 1280: "To1280"}[width], func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, err := m.Make(b.Context(), data, width)
					must(b, err)
				}
			})
		}
	}
}
