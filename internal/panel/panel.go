// Package panel divides pictures of screens into the parts that a person reads
// one after another, so that an engine doesn't read a line of one window on into
// the window beside it.
package panel

import "image"

// Find returns the panels of an image, in reading order. They are within the
// bounds of the image, not empty, apart from each other, and together cover
// everything that could be text. Where it isn't sure, it doesn't divide: an image
// of one page is one rectangle, its bounds. An empty image has none.
//
// It divides where a long straight edge runs down between two texts: the border
// of a window, the line between two panes, the side of a sidebar. Tables stay
// whole.
//
// It takes some bytes of memory for each column and each run of an edge, and is
// fast for *image.Gray, *image.RGBA, *image.NRGBA, *image.YCbCr and
// *image.Paletted. It may be called from several goroutines at once, as long as
// nobody changes the image.
func Find(img image.Image) []image.Rectangle {
	bounds := img.Bounds()
	if bounds.Empty() {
		return nil
	}
	whole := image.Rect(0, 0, bounds.Dx(), bounds.Dy())
	panels := []image.Rectangle{whole}
	if bounds.Dx() >= 2*narrowest && bounds.Dy() >= shortestEdge {
		panels = survey(newRows(img)).divide(nil, whole, deepest)
	}
	for i := range panels {
		panels[i] = panels[i].Add(bounds.Min)
	}
	return panels
}

// What is measured in pixels suits text of 8 to 40 pixels: that of screens.
const (
	narrowest    = 160 // width of a panel beside another
	shortestEdge = 160 // length of an edge that divides
	lowest       = 6   // height that could hold text
	deepest      = 6   // panels within panels
)
