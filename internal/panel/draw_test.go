package panel

import (
	"image"
	"image/color"
	"image/draw"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// canvas is a screen that a test draws.
type canvas struct {
	*image.RGBA
	face font.Face
	line int             // pixels between two lines
	clip image.Rectangle // within which words are drawn
	// words drawn: the boxes of their pixels.
	words []image.Rectangle
}

func newCanvas(t testing.TB, width, height int, ground color.Color) *canvas {
	t.Helper()
	c := &canvas{RGBA: image.NewRGBA(image.Rect(0, 0, width, height))}
	c.clip = c.Rect
	c.fill(c.Rect, ground)
	c.font(t, 16)
	return c
}

func (c *canvas) font(t testing.TB, size int) {
	t.Helper()
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	c.face, err = opentype.NewFace(parsed, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		t.Fatal(err)
	}
	c.line = size * 4 / 3
}

func (c *canvas) fill(r image.Rectangle, colour color.Color) {
	draw.Draw(c, r, image.NewUniform(colour), image.Point{}, draw.Src)
}

// frame draws a border inside a rectangle.
func (c *canvas) frame(r image.Rectangle, width int, colour color.Color) {
	c.fill(image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+width), colour)
	c.fill(image.Rect(r.Min.X, r.Max.Y-width, r.Max.X, r.Max.Y), colour)
	c.fill(image.Rect(r.Min.X, r.Min.Y, r.Min.X+width, r.Max.Y), colour)
	c.fill(image.Rect(r.Max.X-width, r.Min.Y, r.Max.X, r.Max.Y), colour)
}

// write draws words at a place, each whole, and returns where the next would be.
func (c *canvas) write(x, baseline int, text string, colour color.Color) int {
	d := font.Drawer{Dst: within{c.RGBA, c.clip}, Src: image.NewUniform(colour), Face: c.face, Dot: fixed.P(x, baseline)}
	for word := range strings.FieldsSeq(text) {
		box, _ := d.BoundString(word)
		drawn := image.Rect(box.Min.X.Floor(), box.Min.Y.Floor(), box.Max.X.Ceil(), box.Max.Y.Ceil()).Intersect(c.clip)
		if !drawn.Empty() {
			c.words = append(c.words, drawn)
		}
		d.DrawString(word + " ")
	}
	return d.Dot.X.Ceil()
}

// within is a part of an image.
type within struct {
	*image.RGBA
	part image.Rectangle
}

func (w within) Bounds() image.Rectangle { return w.part }

// page fills a rectangle with lines of a text over and over, broken at its width.
func (c *canvas) page(r image.Rectangle, text string, colour color.Color) {
	words := strings.Fields(text)
	for i := 0; len(words) > 0 && r.Dy() >= c.line*4/3; r.Min.Y += c.line {
		i += c.row(r, words[i%len(words):], colour)
	}
}

// row writes the first line of a rectangle, and returns how many words are on it.
func (c *canvas) row(r image.Rectangle, words []string, colour color.Color) int {
	x := r.Min.X + 2
	for i, word := range words {
		if x+font.MeasureString(c.face, word).Ceil()+2 > r.Max.X {
			return i
		}
		x = c.write(x, r.Min.Y+c.line, word, colour)
	}
	return len(words)
}

// paragraph writes a text once.
func (c *canvas) paragraph(r image.Rectangle, text string, colour color.Color) {
	for words := strings.Fields(text); len(words) > 0; r.Min.Y += c.line {
		words = words[c.row(r, words, colour):]
	}
}

// window draws a window with a title bar and a page.
func (c *canvas) window(r image.Rectangle, title, text string, ground, ink color.Color) {
	c.fill(r, ground)
	bar := image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+c.line+8)
	c.fill(bar, color.Gray{200})
	clip := c.clip
	c.clip = r.Inset(1).Intersect(clip)
	c.write(r.Min.X+12, r.Min.Y+c.line, title, color.Black)
	c.clip = clip
	c.frame(r, 1, color.Gray{120})
	c.page(image.Rect(r.Min.X+8, bar.Max.Y+4, r.Max.X-8, r.Max.Y-8), text, ink)
}

// texts that the project wrote.
const (
	loremLeft  = "A capture is kept before it is acknowledged. Whoever stores one twice has stored it once. What was deleted is gone from the catalogue, from the tree and from every page that counted it, and a reader that comes late is told so."
	loremRight = "Queues hand out the newest first, then the backlog. Leases run out when their holder dies; nobody else waits for long. Every worker says what it read, in which language, and how sure it was of each single word that it found."
)
