package ocr

import (
	"image"
	"image/color"
	"testing"
)

func TestWhiten(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 3, 1))
	img.SetRGBA(0, 0, color.RGBA{0, 46, 230, 255})
	img.SetRGBA(1, 0, color.RGBA{115, 229, 255, 255})
	img.SetRGBA(2, 0, color.RGBA{255, 255, 255, 255})
	whiten(img)
	for x, want := range []color.RGBA{{0, 51, 255, 255}, {127, 253, 255, 255}, {255, 255, 255, 255}} {
		if got := img.RGBAAt(x, 0); got != want {
			t.Errorf("pixel %d is %v, want %v", x, got, want)
		}
	}
}
