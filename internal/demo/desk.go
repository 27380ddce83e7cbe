package demo

import (
	"image"
	"image/color"
	"math"
)

// theme is the colours of a desktop.
type theme struct {
	window, side, raised, line color.RGBA
	title                      color.RGBA // of title bars
	ink, soft                  color.RGBA // of text
	accent, onAccent           color.RGBA
	keyword, literal, remark   color.RGBA // of programs
	sky                        [2]color.RGBA
	hills                      [4]color.RGBA
}

var lightTheme = theme{
	window: rgb(0xffffff), side: rgb(0xf4f5f7), raised: rgb(0xebedf0), line: rgb(0xdfe2e6), title: rgb(0xf0f1f3),
	ink: rgb(0x1f2328), soft: rgb(0x5b6370), accent: rgb(0x2f6fde), onAccent: rgb(0xffffff),
	keyword: rgb(0x8839a8), literal: rgb(0x1d6f42), remark: rgb(0x6a737d),
	sky:   [2]color.RGBA{rgb(0xbfdcec), rgb(0xfbe6cf)},
	hills: [4]color.RGBA{rgb(0x9fc3c9), rgb(0x76a5ad), rgb(0x4b808c), rgb(0x2c5a68)},
}

var darkTheme = theme{
	window: rgb(0x1e2127), side: rgb(0x191b20), raised: rgb(0x2a2e36), line: rgb(0x363b45), title: rgb(0x262a31),
	ink: rgb(0xe4e7ec), soft: rgb(0xa0a8b5), accent: rgb(0x6ea0ff), onAccent: rgb(0x10131a),
	keyword: rgb(0xd7a0f0), literal: rgb(0x9ad6a5), remark: rgb(0x8a93a0),
	sky:   [2]color.RGBA{rgb(0x1b2440), rgb(0x4b3a5c)},
	hills: [4]color.RGBA{rgb(0x3a3556), rgb(0x2b2a48), rgb(0x1e2038), rgb(0x141728)},
}

// screen is what a monitor is like.
type screen struct {
	width, height int
	scale         float64
	dark          bool
}

func (s screen) theme() *theme {
	if s.dark {
		return &darkTheme
	}
	return &lightTheme
}

// portrait reports whether there is no room beside a column of text.
func (s screen) portrait() bool { return s.width < s.height }

const (
	panelHeight = 34
	titleHeight = 40
	dockHeight  = 60
)

// desktop draws all that is around windows and returns the space for them.
func (c *canvas) desktop(s screen, active string, windows ...image.Rectangle) {
	t := s.theme()
	c.wallpaper(t, windows)
	c.topPanel(t, active)
	c.dock(t, active)
}

// space returns where windows may be.
func (c *canvas) space(s screen) image.Rectangle {
	margin := c.px(28)
	if s.width <= 1280 {
		margin = c.px(12)
	}
	return image.Rect(margin, c.px(panelHeight+14), s.width-margin, s.height-c.px(dockHeight+26))
}

// wallpaper draws hills under a sky, where no window hides them.
func (c *canvas) wallpaper(t *theme, windows []image.Rectangle) {
	width, height := c.img.Rect.Dx(), c.img.Rect.Dy()
	var ridges [len(t.hills)][]int
	for i := range ridges {
		ridges[i] = make([]int, width)
		for x := range width {
			at := float64(x) / float64(width) * 6.28
			wave := 0.5*math.Sin(at*(0.8+0.35*float64(i))+1.9*float64(i)) + 0.3*math.Sin(at*2.1+float64(3*i)) + 0.12*math.Sin(at*5.3+float64(i))
			ridges[i][x] = int(float64(height) * (0.55 + 0.115*float64(i) + 0.075*wave))
		}
	}
	for y := range height {
		row := c.img.Pix[c.img.PixOffset(0, y):]
		sky := between(t.sky[0], t.sky[1], float64(y)/(0.75*float64(height)))
		for x := 0; x < width; x++ {
			for _, w := range windows {
				if y >= w.Min.Y && y < w.Max.Y && x >= w.Min.X && x < w.Max.X {
					x = w.Max.X
				}
			}
			if x >= width {
				break
			}
			ink := sky
			for i := len(ridges) - 1; i >= 0; i-- {
				if y >= ridges[i][x] {
					ink = t.hills[i]
					break
				}
			}
			row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = ink.R, ink.G, ink.B, 255
		}
	}
}

// between mixes two colours.
func between(a, b color.RGBA, share float64) color.RGBA {
	share = min(max(share, 0), 1)
	part := func(a, b byte) byte { return byte(float64(a) + (float64(b)-float64(a))*share) }
	return color.RGBA{R: part(a.R, b.R), G: part(a.G, b.G), B: part(a.B, b.B), A: 255}
}

func (c *canvas) topPanel(t *theme, active string) {
	width, height := c.img.Rect.Dx(), c.px(panelHeight)
	ground, ink := rgb(0x15181e), rgb(0xe8eaee)
	if t == &lightTheme {
		ground, ink = rgb(0x23303a), rgb(0xf5f7f9)
	}
	c.fill(image.Rect(0, 0, width, height), ground)
	base := height/2 + c.px(6)
	c.disc(c.px(22), height/2, c.px(8), t.accent)
	c.disc(c.px(22), height/2, c.px(3), ground)
	c.newPanel()
	x := c.write(c.px(44), base, style{bold, 15, ink}, active)
	for _, menu := range [...]string{"File", "Edit", "View", "Window", "Help"} {
		x = c.write(x+c.px(22), base, style{regular, 15, ink}, menu)
	}
	// A battery, a network and a loudspeaker.
	y := height / 2
	x = width - c.px(20)
	c.frame(image.Rect(x-c.px(26), y-c.px(7), x-c.px(2), y+c.px(7)), c.px(3), ground, ink)
	c.round(image.Rect(x-c.px(23), y-c.px(4), x-c.px(9), y+c.px(4)), c.px(1), ink)
	for i := range 4 {
		left := x - c.px(62) + c.px(6*i)
		c.fill(image.Rect(left, y+c.px(7-4*(i+1)), left+c.px(4), y+c.px(7)), ink)
	}
	left := x - c.px(96)
	c.fill(image.Rect(left, y-c.px(4), left+c.px(6), y+c.px(4)), ink)
	c.stroke([2]float64{float64(left + c.px(6)), float64(y)}, [2]float64{float64(left + c.px(13)), float64(y - c.px(7))}, 2*c.scale, ink)
	c.stroke([2]float64{float64(left + c.px(6)), float64(y)}, [2]float64{float64(left + c.px(13)), float64(y + c.px(7))}, 2*c.scale, ink)
	c.stroke([2]float64{float64(left + c.px(13)), float64(y - c.px(7))}, [2]float64{float64(left + c.px(13)), float64(y + c.px(7))}, 2*c.scale, ink)
}

// dock draws a row of icons, of which that of the active program has a dot.
func (c *canvas) dock(t *theme, active string) {
	size, gap := c.px(40), c.px(12)
	width := len(apps)*(size+gap) + gap
	left := (c.img.Rect.Dx() - width) / 2
	bottom := c.img.Rect.Dy() - c.px(10)
	area := image.Rect(left, bottom-c.px(dockHeight), left+width, bottom)
	c.round(area, c.px(16), faint(t.window, 72))
	for i, a := range apps {
		x := left + gap + i*(size+gap)
		box := image.Rect(x, area.Min.Y+c.px(7), x+size, area.Min.Y+c.px(7)+size)
		c.round(box, c.px(10), a.color)
		c.icon(a.app, box)
		if a.app == active {
			c.disc(x+size/2, bottom-c.px(6), c.px(3), t.ink)
		}
	}
}

// icon draws what a program is known by.
func (c *canvas) icon(app string, box image.Rectangle) {
	white, mid := rgb(0xffffff), image.Pt((box.Min.X+box.Max.X)/2, (box.Min.Y+box.Max.Y)/2)
	unit := c.scale
	line := func(x1, y1, x2, y2 float64) {
		at := func(x, y float64) [2]float64 { return [2]float64{float64(mid.X) + x*unit, float64(mid.Y) + y*unit} }
		c.stroke(at(x1, y1), at(x2, y2), 2.4*unit, white)
	}
	switch app {
	case appEditor:
		line(-4, -6, -10, 0)
		line(-10, 0, -4, 6)
		line(4, -6, 10, 0)
		line(10, 0, 4, 6)
	case appTerminal:
		line(-9, -6, -3, 0)
		line(-3, 0, -9, 6)
		line(1, 7, 9, 7)
	case appMail:
		c.frame(image.Rect(mid.X-c.px(11), mid.Y-c.px(8), mid.X+c.px(11), mid.Y+c.px(8)), c.px(2), rgb(0x2f6fde), white)
		line(-10, -7, 0, 1)
		line(0, 1, 10, -7)
	case appChat:
		c.round(image.Rect(mid.X-c.px(11), mid.Y-c.px(9), mid.X+c.px(11), mid.Y+c.px(6)), c.px(6), white)
		line(-5, 5, -7, 10)
	case appSheet:
		for i := -1; i <= 1; i++ {
			line(-9, 7*float64(i), 9, 7*float64(i))
			line(9*float64(i), -7, 9*float64(i), 7)
		}
	case appCalendar:
		c.round(image.Rect(mid.X-c.px(10), mid.Y-c.px(9), mid.X+c.px(10), mid.Y+c.px(10)), c.px(3), white)
		c.fill(image.Rect(mid.X-c.px(7), mid.Y-c.px(3), mid.X+c.px(7), mid.Y-c.px(1)), rgb(0xd6455d))
		c.fill(image.Rect(mid.X, mid.Y+c.px(2), mid.X+c.px(6), mid.Y+c.px(7)), rgb(0xd6455d))
	case appReader:
		for i := -2; i <= 2; i++ {
			line(-7, 4*float64(i), 7-float64((i+2)%3)*3, 4*float64(i))
		}
	default: // a globe
		c.disc(mid.X, mid.Y, c.px(12), white)
		c.disc(mid.X, mid.Y, c.px(9), rgb(0xe0763a))
		line(-10, 0, 10, 0)
		line(0, -10, 0, 10)
	}
}

// window draws an empty window with its title and returns its inside.
func (c *canvas) window(t *theme, r image.Rectangle, title string) image.Rectangle {
	c.shadow(r, c.px(26))
	c.fill(r, t.window)
	bar := image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+c.px(titleHeight))
	c.fill(bar, t.title)
	c.fill(image.Rect(bar.Min.X, bar.Max.Y-1, bar.Max.X, bar.Max.Y), t.line)
	y, base := (bar.Min.Y+bar.Max.Y)/2, (bar.Min.Y+bar.Max.Y)/2+c.px(6)
	x := bar.Max.X - c.px(24)
	cross := func(x1, y1, x2, y2 int) {
		c.stroke([2]float64{float64(x + c.px(x1)), float64(y + c.px(y1))}, [2]float64{float64(x + c.px(x2)), float64(y + c.px(y2))}, 1.6*c.scale, t.soft)
	}
	cross(-5, -5, 5, 5)
	cross(-5, 5, 5, -5)
	x -= c.px(34)
	c.frame(image.Rect(x-c.px(5), y-c.px(5), x+c.px(6), y+c.px(6)), 2, t.title, t.soft)
	x -= c.px(34)
	cross(-5, 4, 5, 4)
	c.newPanel()
	c.within(image.Rect(bar.Min.X+c.px(16), bar.Min.Y, x-c.px(20), bar.Max.Y), func() {
		wide := c.width(style{bold, 15, t.ink}, title)
		left := max(bar.Min.X+c.px(16), (bar.Min.X+bar.Max.X-wide)/2)
		c.write(left, base, style{bold, 15, t.ink}, title)
	})
	return image.Rect(r.Min.X, bar.Max.Y, r.Max.X, r.Max.Y)
}
