package demo

import (
	"image"
	"image/color"
	"strconv"
	"strings"
)

// The names of programs.
const (
	appWeb      = "Web"
	appEditor   = "Editor"
	appTerminal = "Terminal"
	appMail     = "Mail"
	appChat     = "Chat"
	appSheet    = "Sheets"
	appCalendar = "Calendar"
	appReader   = "Reader"
)

// program is what can be seen on a screen.
type program struct {
	app     string
	color   color.RGBA // of its icon
	stories int        // how many different things it shows
	steps   int        // how often each of them changes
}

var apps = [...]program{
	{appWeb, rgb(0xe0763a), len(pages), 14},
	{appEditor, rgb(0x3d6fd6), len(sources), 24},
	{appTerminal, rgb(0x2a2e36), len(deeds), 24},
	{appMail, rgb(0x2f6fde), 1, len(mails)},
	{appChat, rgb(0x2f9e6e), len(rooms), 16},
	{appSheet, rgb(0x1f8f4f), 2, 16},
	{appCalendar, rgb(0xd6455d), 1, len(planned)},
	{appReader, rgb(0x7a5bbf), len(documents), 12},
}

// view is all that a picture shows.
type view struct {
	screen screen
	app    string
	story  int
	step   int
	plant  plant // known words that are on it besides
}

// window returns the title and the address that a program has.
func (v view) window() (title, address string) {
	switch v.app {
	case appWeb:
		p := pages[v.story]
		return p.title, p.address
	case appEditor:
		s := sources[v.story]
		return s.name + " (" + s.folder + ")", ""
	case appTerminal:
		if host := v.plant.host(); host != "" {
			return "deploy@" + host + ": ~", ""
		}
		return "mira@studio: ~/" + [...]string{"lantern", "nightjar"}[v.story], ""
	case appMail:
		return "Inbox: " + mails[v.step%len(mails)].subject, ""
	case appChat:
		return "#" + rooms[v.story].name, ""
	case appSheet:
		return [...]string{"Readings of the roof.ods", "Budget of the reading room.ods"}[v.story], ""
	case appCalendar:
		return "Calendar: this week", ""
	}
	return documents[v.story].title, ""
}

// draw draws a view.
func (p *painter) draw(v view) *canvas {
	s := v.screen
	c := p.newCanvas(s.width, s.height, s.scale)
	t := s.theme()
	space := c.space(s)
	c.desktop(s, v.app, space)
	title, _ := v.window()
	inside := c.window(t, space, title)
	c.within(inside, func() {
		switch v.app {
		case appWeb:
			c.web(t, inside, v)
		case appEditor:
			c.editor(t, inside, v)
		case appTerminal:
			c.terminal(inside, v)
		case appMail:
			c.mail(t, inside, v)
		case appChat:
			c.chat(t, inside, v)
		case appSheet:
			c.sheet(t, inside, v)
		case appCalendar:
			c.calendar(t, inside, v)
		case appReader:
			c.reader(t, inside, v)
		}
	})
	return c
}

// wrap cuts a text into lines.
func (c *canvas) wrap(s style, text string, width int) []string {
	var lines []string
	for part := range strings.SplitSeq(text, "\n") {
		line := ""
		for word := range strings.SplitSeq(part, " ") {
			if longer := strings.TrimPrefix(line+" "+word, " "); line == "" || c.width(s, longer) <= width {
				line = longer
				continue
			}
			lines = append(lines, line)
			line = word
		}
		lines = append(lines, line)
	}
	return lines
}

// row is a line of a text that scrolls.
type row struct {
	text string
	style
}

// rows lays an article out.
func (c *canvas) rows(t *theme, a article, width, size int) []row {
	plain := style{regular, size, t.ink}
	rows := []row{{a.title, style{bold, size * 7 / 4, t.ink}}, {}}
	for _, p := range a.paragraphs {
		s := plain
		if heading, ok := strings.CutPrefix(p, "# "); ok {
			p, s = heading, style{bold, size * 5 / 4, t.ink}
		}
		for _, line := range c.wrap(s, p, width) {
			rows = append(rows, row{line, s})
		}
		rows = append(rows, row{})
	}
	return rows
}

// first returns the first of n rows that a view shows, which leaves no more than a
// few of them outside.
func (c *canvas) first(v view, r image.Rectangle, n, leading int) int {
	room := r.Dy() / c.px(leading)
	return min(2*v.step, n/2, max(n-room+3, 0))
}

// scroll writes rows from a first one on, until there is no more room.
func (c *canvas) scroll(r image.Rectangle, rows []row, first, leading int) {
	y := r.Min.Y + c.px(leading)
	for _, row := range rows[min(first, len(rows)):] {
		if y > r.Max.Y-c.px(10) {
			return
		}
		c.write(r.Min.X, y, row.style, row.text)
		y += c.px(leading)
		if row.size > 28 {
			y += c.px(leading / 4)
		}
	}
}

// web draws a browser.
func (c *canvas) web(t *theme, r image.Rectangle, v view) {
	bar := image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+c.px(50))
	c.fill(bar, t.side)
	c.fill(image.Rect(bar.Min.X, bar.Max.Y-1, bar.Max.X, bar.Max.Y), t.line)
	mid := (bar.Min.Y + bar.Max.Y) / 2
	for i := range 3 {
		x := bar.Min.X + c.px(28+36*i)
		dir := float64([3]int{-1, 1, 0}[i]) * 5 * c.scale
		ink := t.soft
		if i == 2 {
			c.disc(x, mid, c.px(8), ink)
			c.disc(x, mid, c.px(6), t.side)
			continue
		}
		c.stroke([2]float64{float64(x) - dir, float64(mid) - 6*c.scale}, [2]float64{float64(x) + dir, float64(mid)}, 2*c.scale, ink)
		c.stroke([2]float64{float64(x) + dir, float64(mid)}, [2]float64{float64(x) - dir, float64(mid) + 6*c.scale}, 2*c.scale, ink)
	}
	pill := image.Rect(bar.Min.X+c.px(136), mid-c.px(17), bar.Max.X-c.px(60), mid+c.px(17))
	c.frame(pill, c.px(17), t.window, t.line)
	page := pages[v.story]
	c.newPanel()
	c.within(pill, func() { c.write(pill.Min.X+c.px(20), mid+c.px(6), style{regular, 15, t.soft}, page.address) })

	body := image.Rect(r.Min.X, bar.Max.Y, r.Max.X, r.Max.Y)
	column := min(body.Dx()-c.px(96), c.px(860))
	left := body.Min.X + c.px(48)
	if aside := body.Dx() - column - c.px(48); aside > c.px(380) {
		left = body.Min.X + (body.Dx()-column-c.px(330))/2
		c.aside(t, image.Rect(left+column+c.px(50), body.Min.Y+c.px(48), left+column+c.px(330), body.Max.Y), v.story)
	}
	text := image.Rect(left, body.Min.Y+c.px(30), left+column, body.Max.Y)
	c.newPanel()
	if note := v.plant.note(); note != "" {
		box := image.Rect(text.Min.X, text.Min.Y, text.Max.X, text.Min.Y+c.px(64))
		c.frame(box, c.px(10), t.raised, t.accent)
		c.fill(image.Rect(box.Min.X, box.Min.Y+c.px(10), box.Min.X+c.px(5), box.Max.Y-c.px(10)), t.accent)
		c.write(box.Min.X+c.px(26), box.Min.Y+c.px(39), style{bold, 18, t.ink}, note)
		text.Min.Y = box.Max.Y + c.px(22)
		c.newPanel()
	}
	rows := c.rows(t, page, column, 18)
	c.within(text, func() { c.scroll(text, rows, c.first(v, text, len(rows), 30), 30) })
	track := image.Rect(r.Max.X-c.px(10), body.Min.Y+c.px(6), r.Max.X-c.px(4), body.Max.Y-c.px(6))
	thumb := track.Dy() / 3
	top := track.Min.Y + (track.Dy()-thumb)*v.step/14
	c.round(image.Rect(track.Min.X, top, track.Max.X, top+thumb), c.px(3), t.line)
}

// aside draws what is beside an article: a picture, and other pages.
func (c *canvas) aside(t *theme, r image.Rectangle, story int) {
	picture := image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+c.px(170))
	c.landscape(t, picture, story)
	c.newPanel()
	y := picture.Max.Y + c.px(44)
	c.write(r.Min.X, y, style{bold, 16, t.ink}, "Read on")
	for i, p := range pages {
		if i == story {
			continue
		}
		y += c.px(34)
		c.write(r.Min.X, y, style{regular, 16, t.accent}, p.title)
	}
	y += c.px(60)
	c.write(r.Min.X, y, style{bold, 16, t.ink}, "In short")
	for _, line := range [...]string{"Last changed this week", "Four minutes to read", "Written by members", "No cookies, no adverts"} {
		y += c.px(30)
		c.write(r.Min.X, y, style{regular, 15, t.soft}, line)
	}
}

// landscape draws a picture of hills.
func (c *canvas) landscape(t *theme, r image.Rectangle, story int) {
	tints := [...]uint32{0x2f7f9e, 0x5f8f3f, 0xd08a2e, 0xa8663a}
	tint := rgb(tints[story%len(tints)])
	for y := r.Min.Y; y < r.Max.Y; y++ {
		c.fill(image.Rect(r.Min.X, y, r.Max.X, y+1), between(tint, t.sky[1], float64(y-r.Min.Y)/float64(r.Dy())))
	}
	c.disc(r.Min.X+r.Dx()*(3+story)/8, r.Min.Y+r.Dy()/3, c.px(22), rgb(0xfff3d6))
	for i := range 3 {
		peak := [2]int{r.Min.X + r.Dx()*(1+2*i)/6, r.Min.Y + r.Dy()*(7-i)/12}
		for y := peak[1]; y < r.Max.Y; y++ {
			half := (y - peak[1]) * 5 / 4
			c.fill(image.Rect(max(peak[0]-half, r.Min.X), y, min(peak[0]+half, r.Max.X), y+1), between(tint, rgb(0x10202a), 0.25+0.2*float64(i)))
		}
	}
}

// reader draws a reader of documents.
func (c *canvas) reader(t *theme, r image.Rectangle, v view) {
	c.fill(r, between(t.raised, rgb(0x808890), 0.25))
	bar := image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+c.px(44))
	c.fill(bar, t.side)
	paper := lightTheme
	width := min(r.Dx()-c.px(60), c.px(920))
	left := (r.Min.X + r.Max.X - width) / 2
	sheet := image.Rect(left, bar.Max.Y+c.px(18), left+width, r.Max.Y)
	c.shadow(sheet, c.px(12))
	c.fill(sheet, paper.window)
	c.newPanel()
	page := 1 + v.step/4
	c.write(bar.Min.X+c.px(20), bar.Min.Y+c.px(28), style{regular, 15, t.ink}, "Page "+strconv.Itoa(page)+" of 3")
	c.write(bar.Max.X-c.px(80), bar.Min.Y+c.px(28), style{regular, 15, t.ink}, "100 %")
	c.newPanel()
	text := image.Rect(sheet.Min.X+c.px(80), sheet.Min.Y+c.px(40), sheet.Max.X-c.px(80), sheet.Max.Y-c.px(20))
	rows := c.rows(&paper, documents[v.story], text.Dx(), 18)
	c.within(text, func() { c.scroll(text, rows, c.first(v, text, len(rows), 28), 28) })
}
