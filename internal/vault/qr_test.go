package vault

import (
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// photograph returns what a camera sees of the half blocks in a terminal.
func photograph(t *testing.T, text string) image.Image {
	t.Helper()
	const scale = 4
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	var picture *image.Gray
	for row, line := range lines {
		blocks, ok := strings.CutPrefix(line, darkOnLight)
		blocks, end := strings.CutSuffix(blocks, plainColors)
		if !ok || !end {
			t.Fatalf("line %d does not set its colours and put them back", row)
		}
		cells := []rune(blocks)
		if picture == nil {
			picture = image.NewGray(image.Rect(0, 0, len(cells)*scale, len(lines)*2*scale))
		}
		for column, cell := range cells {
			upper, lower := cell == '▀' || cell == '█', cell == '▄' || cell == '█'
			for i := range scale * 2 * scale {
				x, y := i%scale, i/scale
				shade := color.Gray{255}
				if y < scale && upper || y >= scale && lower {
					shade = color.Gray{0}
				}
				picture.SetGray(column*scale+x, row*2*scale+y, shade)
			}
		}
	}
	return picture
}

// A scanner finds the code in a picture, and reads of any identity what it reveals. Of
// some 6 identities in a thousand this scanner takes a part of the code for a corner
// of it, at any size, so that it is only told to find one that is always the same.
func TestIdentity_RevealQR(t *testing.T) {
	checkQR(t, fixtureIdentity(t), nil)
	for range 20 {
		checkQR(t, newTestIdentity(t), map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	}
}

func checkQR(t *testing.T, id *Identity, hints map[gozxing.DecodeHintType]any) {
	t.Helper()
	code, err := id.RevealQR()
	if err != nil {
		t.Fatal(err)
	}
	picture := photograph(t, code)
	if size := picture.Bounds().Size(); size != (image.Point{41 * 4, 42 * 4}) {
		t.Errorf("the code has %v", size)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		t.Fatalf("the code does not scan: %v\n%s", err, code)
	}
	restored, err := ParseSecret(result.GetText())
	if err != nil || restored.PublicKey() != id.PublicKey() {
		t.Errorf("another identity came back, error %v", err)
	}
}
