package demo

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/jarvis-memory/jarvis"
)

// typeface is one of the fonts that every screen has.
type typeface int

const (
	regular typeface = iota
	bold
	mono
)

// style is how a text looks.
type style struct {
	face typeface
	size int // pixels
	ink  color.RGBA
}

type faceKey struct {
	face typeface
	size int
}

// glyphKey is a letter at a quarter of a pixel.
type glyphKey struct {
	faceKey
	r       rune
	quarter fixed.Int26_6
}

type glyph struct {
	mask    *image.Alpha // nil for a blank
	at      image.Point  // of the mask, from the letter's place on the base line
	advance fixed.Int26_6
}

// painter draws letters, and remembers those it drew. It is for one goroutine.
type painter struct {
	fonts  [3]*opentype.Font
	faces  map[faceKey]font.Face
	glyphs map[glyphKey]glyph
	img    *image.RGBA // that of the last canvas, to be used again
	mute   bool        // words are noted, and not drawn
}

func newPainter() (*painter, error) {
	p := &painter{faces: map[faceKey]font.Face{}, glyphs: map[glyphKey]glyph{}}
	for i, ttf := range [][]byte{goregular.TTF, gobold.TTF, gomono.TTF} {
		parsed, err := opentype.Parse(ttf)
		if err != nil {
			return nil, jarvis.WrapError(jarvis.CodeInternal, "demo", "a font that is built in cannot be read", err)
		}
		p.fonts[i] = parsed
	}
	return p, nil
}

// face returns nil where the font does not have the size, which no size is.
func (p *painter) face(key faceKey) font.Face {
	face, ok := p.faces[key]
	if !ok {
		made, err := opentype.NewFace(p.fonts[key.face], &opentype.FaceOptions{Size: float64(key.size), DPI: 72})
		if err == nil {
			face = made
		}
		p.faces[key] = face
	}
	return face
}

func (p *painter) glyph(key glyphKey) glyph {
	g, ok := p.glyphs[key]
	if ok {
		return g
	}
	face := p.face(key.faceKey)
	if face == nil {
		return glyph{}
	}
	r, mask, at, advance, _ := face.Glyph(fixed.Point26_6{X: key.quarter * 16}, key.r)
	g = glyph{at: r.Min, advance: advance}
	if !r.Empty() {
		g.mask = image.NewAlpha(image.Rectangle{Max: r.Size()})
		draw.Draw(g.mask, g.mask.Rect, mask, at, draw.Src) // the face uses its mask again
	}
	p.glyphs[key] = g
	return g
}

// width returns how many pixels a text is wide.
func (p *painter) width(s style, text string) int {
	var x fixed.Int26_6
	for _, r := range text {
		x += p.glyph(glyphKey{faceKey: faceKey{s.face, s.size}, r: r}).advance
	}
	return x.Ceil()
}

// canvas is a picture that is being drawn, and the words on it.
type canvas struct {
	*painter
	img   *image.RGBA
	scale float64
	clip  image.Rectangle // letters of words that are not wholly in it are left out
	words []placed
	panel bool // the next word begins another panel of the screen
	line  int  // the base line of the last word
}

// placed is a word on a canvas.
type placed struct {
	text    string
	box     image.Rectangle
	before  string // what is between it and the word before
	instead string // what a reading has in place of the word, a secret; empty for other words
}

func (p *painter) newCanvas(width, height int, scale float64) *canvas {
	size := image.Rect(0, 0, width, height)
	if p.img == nil || p.img.Rect != size {
		p.img = image.NewRGBA(size)
	}
	return &canvas{painter: p, img: p.img, scale: scale, clip: size}
}

// px returns pixels for a length that is given for screens of ordinary density.
func (c *canvas) px(n int) int { return int(math.Round(float64(n) * c.scale)) }

func (c *canvas) width(s style, text string) int {
	s.size = c.px(s.size)
	return c.painter.width(s, text)
}

// newPanel says that what is written next stands apart from what was before.
func (c *canvas) newPanel() { c.panel = true }

// within draws with a narrower clip.
func (c *canvas) within(r image.Rectangle, drawing func()) {
	before := c.clip
	c.clip = r.Intersect(before)
	drawing()
	c.clip = before
}

// write writes words on a base line and returns where they end. Words that do not
// fit into the clip are left out, with all that follow.
func (c *canvas) write(x, y int, s style, text string) int {
	return c.writeColored(x, y, s, text, nil)
}

// writeColored is write with a colour for each word.
func (c *canvas) writeColored(x, y int, s style, text string, ink func(word string) color.RGBA) int {
	s.size = c.px(s.size)
	blank := c.glyph(glyphKey{faceKey: faceKey{s.face, s.size}, r: ' '}).advance
	dot := fixed.I(x)
	for i, word := range strings.Split(text, " ") {
		if i > 0 {
			dot += blank
		}
		if word == "" {
			continue
		}
		if ink != nil {
			s.ink = ink(word)
		}
		end, ok := c.writeWord(dot, y, s, word)
		if !ok {
			break
		}
		dot = end
	}
	return dot.Ceil()
}

// writeWord draws and notes a word, unless it does not fit.
func (c *canvas) writeWord(dot fixed.Int26_6, y int, s style, word string) (end fixed.Int26_6, ok bool) {
	box := c.eachGlyph(dot, y, s, word, func(image.Point, *image.Alpha) {})
	if !box.In(c.clip) {
		return dot, false
	}
	if !c.mute {
		c.eachGlyph(dot, y, s, word, func(at image.Point, mask *image.Alpha) { c.blend(at, mask, s.ink) })
	}
	c.note(word, box, y)
	for _, r := range word {
		dot += c.glyph(glyphKey{faceKey: faceKey{s.face, s.size}, r: r}).advance
	}
	return dot, true
}

// eachGlyph calls f with the masks of a word's letters and returns what encloses them.
func (c *canvas) eachGlyph(dot fixed.Int26_6, y int, s style, word string, f func(image.Point, *image.Alpha)) image.Rectangle {
	var box image.Rectangle
	for _, r := range word {
		g := c.glyph(glyphKey{faceKey{s.face, s.size}, r, (dot & 63) / 16})
		if g.mask != nil {
			at := g.at.Add(image.Pt(dot.Floor(), y))
			box = box.Union(g.mask.Rect.Add(at))
			f(at, g.mask)
		}
		dot += g.advance
	}
	return box
}

// note notes a word that was drawn.
func (c *canvas) note(word string, box image.Rectangle, baseline int) {
	if box.Empty() {
		return
	}
	before := " "
	switch {
	case len(c.words) == 0:
		before = ""
	case c.panel:
		before = "\n\n"
	case c.line != baseline:
		before = "\n"
	}
	c.panel, c.line = false, baseline
	c.words = append(c.words, placed{text: word, box: box, before: before})
}

// blend puts ink where a mask says.
func (c *canvas) blend(at image.Point, mask *image.Alpha, ink color.RGBA) {
	area := mask.Rect.Add(at).Intersect(c.img.Rect)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		from := mask.Pix[(y-at.Y)*mask.Stride+area.Min.X-at.X:]
		to := c.img.Pix[c.img.PixOffset(area.Min.X, y):]
		for x := range area.Dx() {
			if a := uint32(from[x]); a != 0 {
				mix(to[4*x:4*x+4:4*x+4], ink, a*uint32(ink.A)/255)
			}
		}
	}
}

// mix puts ink of an opacity of up to 255 over a pixel.
func mix(pixel []byte, ink color.RGBA, a uint32) {
	pixel[0] = byte((uint32(pixel[0])*(255-a) + uint32(ink.R)*a + 127) / 255)
	pixel[1] = byte((uint32(pixel[1])*(255-a) + uint32(ink.G)*a + 127) / 255)
	pixel[2] = byte((uint32(pixel[2])*(255-a) + uint32(ink.B)*a + 127) / 255)
	pixel[3] = 255
}

// reading returns the words of the canvas as an engine would have read them.
func (c *canvas) reading() *jarvis.Reading {
	r := &jarvis.Reading{Language: "eng", Engine: engine}
	var text strings.Builder
	for _, w := range c.words {
		text.WriteString(w.before)
		start, says := text.Len(), w.text
		if w.instead != "" {
			says = w.instead
			r.Masked++
		}
		text.WriteString(says)
		r.Words = append(r.Words, jarvis.Word{
			Start: start, End: text.Len(), Box: boxOf(w.box), Confidence: 96, Masked: w.instead != "",
		})
	}
	r.Text = text.String()
	return r
}

// engine is what says to have read the pictures.
const engine = "demo"

func boxOf(r image.Rectangle) jarvis.Box {
	return jarvis.Box{X: r.Min.X, Y: r.Min.Y, Width: r.Dx(), Height: r.Dy()}
}
