package demo

import (
	"image"
	"image/color"
	"strconv"
	"strings"
)

// editor draws an editor of programs and notes.
func (c *canvas) editor(t *theme, r image.Rectangle, v view) {
	s := sources[v.story]
	left := r.Min.X
	if !v.screen.portrait() {
		left += c.px(250)
		c.files(t, image.Rect(r.Min.X, r.Min.Y, left, r.Max.Y), s)
	}
	bar := image.Rect(left, r.Min.Y, r.Max.X, r.Min.Y+c.px(40))
	c.fill(bar, t.side)
	tab := image.Rect(left, bar.Min.Y, left+c.px(190), bar.Max.Y)
	c.fill(tab, t.window)
	c.fill(image.Rect(tab.Min.X, tab.Min.Y, tab.Max.X, tab.Min.Y+c.px(3)), t.accent)
	c.newPanel()
	c.write(tab.Min.X+c.px(20), tab.Min.Y+c.px(26), style{regular, 15, t.ink}, s.name)
	c.write(tab.Max.X+c.px(20), tab.Min.Y+c.px(26), style{regular, 15, t.soft}, s.beside[len(s.beside)-1])

	foot := image.Rect(left, r.Max.Y-c.px(30), r.Max.X, r.Max.Y)
	all := strings.Split(s.text, "\n")
	written := min(len(all)/4+1+v.step*len(all)/24, len(all))
	code := image.Rect(left, bar.Max.Y+c.px(10), r.Max.X, foot.Min.Y)
	leading := c.px(25)
	room := code.Dy()/leading - 3
	first := max(written-room, 0)
	c.newPanel()
	for i, line := range all[first:written] {
		base := code.Min.Y + c.px(20) + i*leading
		last := first+i+1 == written
		if last {
			c.fill(image.Rect(code.Min.X, base-c.px(18), code.Max.X, base+c.px(7)), t.side)
		}
		number := strconv.Itoa(first + i + 1)
		c.write(code.Min.X+c.px(52)-c.width(style{mono, 16, t.soft}, number), base, style{mono, 16, t.soft}, number)
		end := c.writeColored(code.Min.X+c.px(76), base, style{mono, 16, t.ink}, strings.ReplaceAll(line, "\t", "    "), t.code(s.name, line))
		if last {
			c.fill(image.Rect(end+c.px(2), base-c.px(15), end+c.px(4), base+c.px(4)), t.accent)
		}
	}
	c.fill(foot, t.raised)
	c.newPanel()
	base := foot.Min.Y + c.px(20)
	c.write(foot.Min.X+c.px(20), base, style{regular, 14, t.soft}, "Line "+strconv.Itoa(written)+" of "+strconv.Itoa(len(all)))
	c.write(foot.Max.X-c.px(190), base, style{regular, 14, t.soft}, "UTF-8   Tabs   main")
}

// files draws the files of a folder.
func (c *canvas) files(t *theme, r image.Rectangle, s source) {
	c.fill(r, t.side)
	c.fill(image.Rect(r.Max.X-1, r.Min.Y, r.Max.X, r.Max.Y), t.line)
	c.newPanel()
	y := r.Min.Y + c.px(34)
	c.write(r.Min.X+c.px(20), y, style{bold, 15, t.soft}, s.folder)
	for _, name := range s.beside {
		y += c.px(32)
		ink := t.ink
		if name == s.name {
			c.round(image.Rect(r.Min.X+c.px(10), y-c.px(21), r.Max.X-c.px(10), y+c.px(9)), c.px(6), t.raised)
			ink = t.accent
		}
		c.round(image.Rect(r.Min.X+c.px(24), y-c.px(12), r.Min.X+c.px(34), y+c.px(1)), 2, t.line)
		c.write(r.Min.X+c.px(46), y, style{regular, 15, ink}, name)
	}
}

// code returns the colours of the words of a line of a file.
func (t *theme) code(name, line string) func(word string) color.RGBA {
	line = strings.TrimSpace(line)
	return func(word string) color.RGBA {
		switch {
		case strings.HasPrefix(line, "//"), strings.HasPrefix(line, "/*"), strings.HasPrefix(line, "#"):
			return t.remark
		case strings.Contains(word, `"`), strings.HasPrefix(word, "var("), word != "" && strings.Trim(word, "0123456789.;%") == "":
			return t.literal
		case strings.HasSuffix(name, ".md"):
			return t.ink
		}
		switch strings.Trim(word, "(){}:;,") {
		case "package", "import", "func", "type", "struct", "const", "var", "for", "range", "if", "return", "continue", "append", "@media", "display", "gap", "padding", "background", "fill", "stroke", "color":
			return t.keyword
		}
		return t.ink
	}
}

// terminal draws a terminal, which is always dark.
func (c *canvas) terminal(r image.Rectangle, v view) {
	t := &darkTheme
	ground := rgb(0x12141a)
	c.fill(r, ground)
	lines := v.session()
	leading := c.px(26)
	room := (r.Dy() - c.px(30)) / leading
	c.newPanel()
	for i, line := range lines[max(len(lines)-room, 0):] {
		base := r.Min.Y + c.px(32) + i*leading
		x := r.Min.X + c.px(22)
		command, prompted := strings.CutPrefix(line, "$ ")
		switch {
		case prompted:
			host := v.plant.host()
			if host == "" {
				host = "studio"
			}
			x = c.write(x, base, style{mono, 17, t.literal}, "["+host+"]")
			x = c.write(x+c.px(10), base, style{mono, 17, t.accent}, "$")
			c.write(x+c.px(10), base, style{mono, 17, t.ink}, command)
		case strings.Contains(line, secret):
			before, _, _ := strings.Cut(line, secret)
			x = c.write(x, base, style{mono, 17, t.ink}, strings.TrimSpace(before))
			c.write(x+c.px(10), base, style{mono, 17, t.ink}, secret)
			c.words[len(c.words)-1].instead = "[secret]"
		default:
			c.write(x, base, style{mono, 17, t.soft}, line)
		}
	}
	last := min(len(lines), room)
	x := r.Min.X + c.px(22)
	base := r.Min.Y + c.px(32) + last*leading
	c.fill(image.Rect(x, base-c.px(16), x+c.px(10), base+c.px(4)), t.ink)
}

// session returns the lines of a terminal.
func (v view) session() []string {
	if v.plant.kind == KnownSession {
		return deployment(v.step)
	}
	all := deeds[v.story]
	lines := append([]string(nil), all[:min(4+v.step, len(all))]...)
	switch v.plant.kind {
	case KnownMasked:
		lines = append(lines, "$ cat .env | grep "+v.plant.text, v.plant.text+" "+secret)
	case KnownClock:
		lines = append(lines, "$ date +%Z", v.plant.text+" "+strconv.Itoa(v.step))
	}
	return lines
}

// secret looks like a token and opens nothing.
const secret = "q7Rk2vXw9TzB4mNc8LpJ"

// deployment is what a terminal says while something is installed elsewhere.
func deployment(step int) []string {
	lines := []string{"$ ./install.sh --all"}
	parts := [...]string{"collector", "gateway", "page", "station firmware", "fonts", "translations"}
	for i := range step + 2 {
		part := parts[i%len(parts)]
		switch {
		case i%7 == 6:
			lines = append(lines, "$ systemctl status lantern", "active and running since "+strconv.Itoa(3*i+1)+" minutes")
		default:
			lines = append(lines, "step "+strconv.Itoa(i+1)+" of 50: "+part+" is in place, "+strconv.Itoa(120+37*i%311)+" files checked")
		}
	}
	return append(lines, "$ ")
}

// sheet draws a spreadsheet.
func (c *canvas) sheet(t *theme, r image.Rectangle, v view) {
	heads := [...][]string{
		{"Night", "Roof", "Meadow", "Harbour", "Difference", "Wind", "Rain", "Remark"},
		{"Part", "Pieces", "Oak", "Steel", "Hours", "Tax", "Total", "Remark"},
	}
	names := [...][]string{
		{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"},
		{"North wall", "Map corner", "Window seat", "Ladders", "Brackets", "Labels", "Curtain"},
	}
	remarks := [...]string{"fine", "estimated", "checked", "ask Lin", "late", "as agreed"}
	bar := image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+c.px(44))
	c.fill(bar, t.side)
	high, numbers := c.px(32), c.px(52)
	columns := len(heads[v.story])
	wide := (r.Dx() - numbers) / columns
	rows := (r.Max.Y-bar.Max.Y)/high - 1
	filled := min(3+2*v.step, rows-1)
	c.newPanel()
	c.write(bar.Min.X+c.px(18), bar.Min.Y+c.px(28), style{regular, 16, t.ink}, "F"+strconv.Itoa(filled+1)+"   =SUM(B"+strconv.Itoa(filled+1)+":E"+strconv.Itoa(filled+1)+")")
	c.fill(image.Rect(r.Min.X, bar.Max.Y, r.Max.X, bar.Max.Y+high), t.raised)
	c.fill(image.Rect(r.Min.X, bar.Max.Y, r.Min.X+numbers, r.Max.Y), t.raised)
	c.newPanel()
	for y := range rows + 1 {
		top := bar.Max.Y + y*high
		base := top + c.px(22)
		c.fill(image.Rect(r.Min.X, top, r.Max.X, top+1), t.line)
		if y > 0 {
			c.write(r.Min.X+c.px(14), base, style{regular, 15, t.soft}, strconv.Itoa(y))
		}
		for x := range columns {
			left := r.Min.X + numbers + x*wide
			text := ""
			switch {
			case y == 0:
				text = heads[v.story][x]
			case y > filled:
			case x == 0:
				text = names[v.story][(y-1)%7]
			case x == columns-1:
				text = remarks[(y*5+x)%len(remarks)]
			default:
				text = strconv.Itoa(11+(y*37+x*53+v.story*19)%88) + "." + strconv.Itoa((y*7+x*3)%10) + "0"
			}
			face := regular
			if y == 0 {
				face = bold
			}
			c.within(image.Rect(left, top, left+wide, top+high), func() { c.write(left+c.px(12), base, style{face, 16, t.ink}, text) })
		}
	}
	for x := range columns {
		left := r.Min.X + numbers + x*wide
		c.fill(image.Rect(left, bar.Max.Y, left+1, r.Max.Y), t.line)
	}
	cell := image.Rect(r.Min.X+numbers+5*wide, bar.Max.Y+filled*high, r.Min.X+numbers+6*wide, bar.Max.Y+(filled+1)*high)
	for _, edge := range [...]image.Rectangle{
		{cell.Min, image.Pt(cell.Max.X, cell.Min.Y+2)},
		{image.Pt(cell.Min.X, cell.Max.Y-2), cell.Max},
		{cell.Min, image.Pt(cell.Min.X+2, cell.Max.Y)},
		{image.Pt(cell.Max.X-2, cell.Min.Y), cell.Max},
	} {
		c.fill(edge, t.accent)
	}
}
