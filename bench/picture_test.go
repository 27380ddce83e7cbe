package bench

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"
)

// captureSize is the size in bytes of an ordinary capture.
const captureSize = 156 << 10

// pictures makes JPEG images of captureSize bytes, each another.
type pictures struct {
	template []byte
	serial   int // where the number of the picture stands
}

// newPictures draws one picture of a whole screen and fills it up to captureSize
// with comments of random bytes, which no file system can compress.
func newPictures(tb testing.TB) pictures {
	tb.Helper()
	drawn := drawJPEG(tb, 1920, 1080)
	random := rand.New(rand.NewPCG(1, 2))
	out := append([]byte(nil), drawn[:2]...) // after the start marker
	for missing := captureSize - len(drawn); missing > 4; {
		n := min(missing, 0xffff+2)
		if rest := missing - n; rest > 0 && rest <= 4 {
			n -= 4
		}
		out = append(out, 0xff, 0xfe)
		out = binary.BigEndian.AppendUint16(out, uint16(n-2))
		for range n - 4 {
			out = append(out, byte(random.Uint32()))
		}
		missing -= n
	}
	return pictures{append(out, drawn[2:]...), 2 + 4}
}

// next returns picture number n.
func (p pictures) next(n int) []byte {
	picture := bytes.Clone(p.template)
	binary.BigEndian.PutUint64(picture[p.serial:], uint64(n))
	return picture
}

func drawJPEG(tb testing.TB, width, height int) []byte {
	tb.Helper()
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.SetGray(x, y, color.Gray{Y: uint8(x/16*40 + y/9*3)})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, picture, nil); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}
