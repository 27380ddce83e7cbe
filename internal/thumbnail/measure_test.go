package thumbnail

import (
	"image"
	"runtime"
	"testing"
)

// What is reserved for an image is at least what making its thumbnail allocates,
// all of it counted, at once or not.
func TestHeader_Memory_Measured(t *testing.T) {
	const side, slack = 1024, 2 << 20 // the thumbnail, the rows under way
	for name, data := range map[string][]byte{
		"JPEG": jpegFile(t, image.NewRGBA(image.Rect(0, 0, side, side))),
		"PNG":  pngFile(t, halves(side, side)),
		"Deep": pngFile(t, image.NewNRGBA64(image.Rect(0, 0, side, side))),
		"WebP": webpFile(side, side),
		"Gray": pngFile(t, image.NewGray(image.Rect(0, 0, side, side))),
	} {
		h, err := inspect(data)
		must(t, err)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = NewMaker(Limits{}).Make(t.Context(), data, 320)
		must(t, err)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; int64(used) > h.memory()+slack {
			t.Errorf("%s: %d bytes were allocated, and %d reserved", name, used, h.memory())
		}
	}
}
