package demo

import (
	"image"
	"image/color"
	"math"
)

// rgb returns the colour 0xRRGGBB.
func rgb(hex uint32) color.RGBA {
	return color.RGBA{R: byte(hex >> 16), G: byte(hex >> 8), B: byte(hex), A: 255}
}

// faint returns a colour with an opacity in percent. What it returns is not
// premultiplied: it is for mix alone.
func faint(c color.RGBA, percent uint32) color.RGBA {
	c.A = byte(percent * 255 / 100)
	return c
}

// fill fills a rectangle, as far as it is in the clip.
func (c *canvas) fill(r image.Rectangle, ink color.RGBA) {
	r = r.Intersect(c.clip)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := c.img.Pix[c.img.PixOffset(r.Min.X, y):c.img.PixOffset(r.Max.X, y)]
		if ink.A == 255 && len(row) > 0 {
			row[0], row[1], row[2], row[3] = ink.R, ink.G, ink.B, 255
			for done := 4; done < len(row); done *= 2 {
				copy(row[done:], row[:done])
			}
			continue
		}
		for ; len(row) > 0; row = row[4:] {
			mix(row, ink, uint32(ink.A))
		}
	}
}

// round fills a rectangle with round corners.
func (c *canvas) round(r image.Rectangle, radius int, ink color.RGBA) {
	radius = min(radius, r.Dx()/2, r.Dy()/2)
	c.fill(image.Rect(r.Min.X, r.Min.Y+radius, r.Max.X, r.Max.Y-radius), ink)
	for i := range radius {
		inset := float64(radius) - math.Sqrt(float64(radius*radius)-(float64(radius-i)-0.5)*(float64(radius-i)-0.5))
		whole := int(math.Ceil(inset))
		edge := faint(ink, uint32(100*(float64(whole)-inset)*float64(ink.A)/255))
		for _, y := range [2]int{r.Min.Y + i, r.Max.Y - 1 - i} {
			c.fill(image.Rect(r.Min.X+whole, y, r.Max.X-whole, y+1), ink)
			c.fill(image.Rect(r.Min.X+whole-1, y, r.Min.X+whole, y+1), edge)
			c.fill(image.Rect(r.Max.X-whole, y, r.Max.X-whole+1, y+1), edge)
		}
	}
}

// frame fills a rectangle with round corners and a line around it.
func (c *canvas) frame(r image.Rectangle, radius int, ink, line color.RGBA) {
	c.round(r, radius, line)
	c.round(r.Inset(1), radius-1, ink)
}

// disc fills a circle.
func (c *canvas) disc(x, y, radius int, ink color.RGBA) {
	c.round(image.Rect(x-radius, y-radius, x+radius, y+radius), radius, ink)
}

// shadow darkens what is around a rectangle.
func (c *canvas) shadow(r image.Rectangle, reach int) {
	outside := r.Inset(-reach).Add(image.Pt(0, reach/4)).Intersect(c.img.Rect)
	for y := outside.Min.Y; y < outside.Max.Y; y++ {
		dy := float64(max(r.Min.Y+reach/4-y, y-r.Max.Y-reach/4+1, 0))
		for x := outside.Min.X; x < outside.Max.X; x++ {
			if x >= r.Min.X && x < r.Max.X && y >= r.Min.Y && y < r.Max.Y {
				x = r.Max.X - 1
				continue
			}
			dx := float64(max(r.Min.X-x, x-r.Max.X+1, 0))
			if left := 1 - math.Hypot(dx, dy)/float64(reach); left > 0 {
				i := c.img.PixOffset(x, y)
				mix(c.img.Pix[i:i+4:i+4], color.RGBA{}, uint32(110*left*left))
			}
		}
	}
}

// stroke draws a line with round ends.
func (c *canvas) stroke(from, to [2]float64, thick float64, ink color.RGBA) {
	reach := int(thick) + 2
	area := image.Rect(int(min(from[0], to[0]))-reach, int(min(from[1], to[1]))-reach, int(max(from[0], to[0]))+reach, int(max(from[1], to[1]))+reach).Intersect(c.img.Rect)
	dx, dy := to[0]-from[0], to[1]-from[1]
	length := max(dx*dx+dy*dy, 1e-9)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			px, py := float64(x)+0.5-from[0], float64(y)+0.5-from[1]
			t := min(max((px*dx+py*dy)/length, 0), 1)
			if a := thick/2 + 0.5 - math.Hypot(px-t*dx, py-t*dy); a > 0 {
				i := c.img.PixOffset(x, y)
				mix(c.img.Pix[i:i+4:i+4], ink, uint32(min(a, 1)*float64(ink.A)))
			}
		}
	}
}
