package picture

import (
	"bytes"
	"compress/zlib"
	"image/png"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

// pngOf returns a PNG with these picture data, deflated, in two chunks.
func pngOf(t testing.TB, width, height uint32, depth, colorType, interlace byte, rows []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := z.Write(rows)
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	ihdr := header(width, height)
	ihdr[8], ihdr[9], ihdr[12] = depth, colorType, interlace
	half := b.Len() / 2
	chunks := [][]byte{[]byte(pngSignature), chunk("IHDR", ihdr)}
	if colorType == 3 {
		chunks = append(chunks, chunk("PLTE", make([]byte, 3*256>>(8-depth))))
	}
	chunks = append(chunks, chunk("IDAT", b.Bytes()[:half]), chunk("IDAT", b.Bytes()[half:]), chunk("IEND", nil))
	return slices.Concat(chunks...)
}

// rowBytes returns how many bytes the rows of a picture have.
func rowBytes(t testing.TB, width, height uint32, depth, colorType, interlace byte) int {
	t.Helper()
	ihdr := header(width, height)
	ihdr[8], ihdr[9], ihdr[12] = depth, colorType, interlace
	total := 0
	for _, pass := range passes[interlace] {
		columns := (int(width) - int(pass.x) + int(pass.dx) - 1) / int(pass.dx)
		lines := (int(height) - int(pass.y) + int(pass.dy) - 1) / int(pass.dy)
		if columns > 0 && lines > 0 {
			total += lines * (1 + (columns*int(bitsPerPixel(depth, colorType))+7)/8)
		}
	}
	return total
}

// TestDecode_LikeGo compares with a decoder that keeps the pixels: pictures of
// each kind, whole, with a byte changed, and with rows too many or too few.
func TestDecode_LikeGo(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		kind := rapid.SampledFrom([][2]byte{
			{1, 0}, {2, 0}, {4, 0}, {8, 0}, {16, 0}, {8, 2}, {16, 2}, {1, 3}, {2, 3}, {4, 3}, {8, 3}, {8, 4}, {16, 4}, {8, 6}, {16, 6},
		}).Draw(r, "depth and color")
		width, height := rapid.Uint32Range(1, 20).Draw(r, "width"), rapid.Uint32Range(1, 20).Draw(r, "height")
		interlace := rapid.ByteMax(1).Draw(r, "interlace")
		size := max(0, rowBytes(t, width, height, kind[0], kind[1], interlace)+rapid.SampledFrom([]int{0, 0, 0, -1, 1, 100}).Draw(r, "more"))
		rows := make([]byte, size)
		if size > 0 && rapid.Bool().Draw(r, "a value") {
			rows[rapid.IntRange(0, size-1).Draw(r, "where")] = rapid.ByteMax(6).Draw(r, "value")
		}
		data := pngOf(t, width, height, kind[0], kind[1], interlace, rows)
		if rapid.Bool().Draw(r, "damage") {
			data[rapid.IntRange(8, len(data)-1).Draw(r, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
		}
		_, want := png.Decode(bytes.NewReader(data))
		if got := Decode(data, jarvis.ImageLimits{}); (got == nil) != (want == nil) {
			r.Fatalf("Decode = %v, the decoder: %v\n%x", got, want, data)
		}
	})
}

func TestDecode_PNGWithoutPalette(t *testing.T) {
	whole := pngOf(t, 4, 4, 8, 3, 0, make([]byte, 20))
	if err := Decode(whole, jarvis.ImageLimits{}); err != nil {
		t.Fatal(err)
	}
	palette := bytes.Index(whole, []byte("PLTE")) - 4
	without := slices.Concat(whole[:palette], whole[palette+12+3*256:])
	if err := Decode(without, jarvis.ImageLimits{}); jarvis.ErrorCode(err) != jarvis.CodeCorrupt {
		t.Errorf("Decode = %v", err)
	}
}

// TestDecode_PNGKeepsNoPixels reads a picture of 16 megapixels.
func TestDecode_PNGKeepsNoPixels(t *testing.T) {
	const side = 4000
	data := pngOf(t, side, side, 8, 0, 0, make([]byte, side*(1+side)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := Decode(data, jarvis.ImageLimits{}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("allocated %d bytes for %d pixels", got, side*side)
	}
}
