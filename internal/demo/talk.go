package demo

import (
	"image"
	"strconv"
	"strings"
)

// mail draws a program for mail.
func (c *canvas) mail(t *theme, r image.Rectangle, v view) {
	left := r.Min.X
	if !v.screen.portrait() && r.Dx() > c.px(1300) {
		left += c.px(200)
		side := image.Rect(r.Min.X, r.Min.Y, left, r.Max.Y)
		c.fill(side, t.side)
		c.newPanel()
		for i, folder := range [...]string{"Inbox", "Drafts", "Sent", "Lantern", "Reading room", "Archive", "Bin"} {
			y := side.Min.Y + c.px(44+38*i)
			ink := t.ink
			if i == 0 {
				c.round(image.Rect(side.Min.X+c.px(10), y-c.px(24), side.Max.X-c.px(10), y+c.px(12)), c.px(8), t.accent)
				ink = t.onAccent
			}
			c.write(side.Min.X+c.px(26), y, style{regular, 16, ink}, folder)
		}
	}
	list := image.Rect(left, r.Min.Y, left+min(c.px(420), r.Dx()*2/5), r.Max.Y)
	c.fill(image.Rect(list.Max.X-1, list.Min.Y, list.Max.X, list.Max.Y), t.line)
	chosen := v.step % len(mails)
	for i, m := range mails {
		top := list.Min.Y + i*c.px(92)
		entry := image.Rect(list.Min.X, top, list.Max.X-1, top+c.px(92))
		if i == chosen {
			c.fill(entry, t.raised)
			c.fill(image.Rect(entry.Min.X, top, entry.Min.X+c.px(4), entry.Max.Y), t.accent)
		}
		c.newPanel()
		c.within(entry.Inset(c.px(8)), func() {
			face := regular
			if i > chosen {
				face = bold
			}
			c.write(list.Min.X+c.px(24), top+c.px(30), style{bold, 16, t.ink}, m.from)
			c.write(list.Min.X+c.px(24), top+c.px(54), style{face, 16, t.ink}, m.subject)
			opening, _, _ := strings.Cut(m.text, "\n")
			c.write(list.Min.X+c.px(24), top+c.px(77), style{regular, 15, t.soft}, opening)
		})
		c.fill(image.Rect(entry.Min.X, entry.Max.Y-1, entry.Max.X, entry.Max.Y), t.line)
	}
	m := mails[chosen]
	x, y := list.Max.X+c.px(48), r.Min.Y+c.px(66)
	c.newPanel()
	c.write(x, y, style{bold, 26, t.ink}, m.subject)
	c.disc(x+c.px(20), y+c.px(46), c.px(20), t.accent)
	c.write(x+c.px(14), y+c.px(52), style{bold, 18, t.onAccent}, m.from[:1])
	c.newPanel()
	c.write(x+c.px(56), y+c.px(42), style{bold, 16, t.ink}, m.from)
	c.write(x+c.px(56), y+c.px(64), style{regular, 15, t.soft}, "to mira@studio.example.org")
	c.newPanel()
	y += c.px(124)
	plain := style{regular, 18, t.ink}
	for _, line := range c.wrap(plain, m.text, min(r.Max.X-x-c.px(48), c.px(780))) {
		c.write(x, y, plain, line)
		y += c.px(30)
	}
}

// chat draws a conversation, the last message at the bottom.
func (c *canvas) chat(t *theme, r image.Rectangle, v view) {
	left := r.Min.X
	if !v.screen.portrait() {
		left += c.px(230)
		side := image.Rect(r.Min.X, r.Min.Y, left, r.Max.Y)
		c.fill(side, t.side)
		c.newPanel()
		for i, room := range rooms {
			y := side.Min.Y + c.px(46+40*i)
			ink := t.ink
			if i == v.story {
				c.round(image.Rect(side.Min.X+c.px(10), y-c.px(25), side.Max.X-c.px(10), y+c.px(13)), c.px(8), t.accent)
				ink = t.onAccent
			}
			c.write(side.Min.X+c.px(28), y, style{regular, 16, ink}, "# "+room.name)
		}
	}
	foot := image.Rect(left+c.px(24), r.Max.Y-c.px(66), r.Max.X-c.px(24), r.Max.Y-c.px(18))
	c.frame(foot, c.px(10), t.window, t.line)
	y := foot.Min.Y - c.px(22)
	says := rooms[v.story].says[:min(v.step+1, len(rooms[v.story].says))]
	first := max(len(says)-(foot.Min.Y-r.Min.Y-c.px(30))/c.px(72), 0)
	if v.plant.kind == KnownJapanese {
		y -= c.px(72)
		first = min(first+1, len(says))
	}
	top := y - c.px(72)*(len(says)-first-1)
	for i, message := range says[first:] {
		c.message(t, left+c.px(32), top+i*c.px(72), message[0])
		c.write(left+c.px(90), top+i*c.px(72), style{regular, 17, t.ink}, message[1])
	}
	if v.plant.kind == KnownJapanese {
		y += c.px(72)
		c.message(t, left+c.px(32), y, "Lin")
		c.brush(left+c.px(90), y+c.px(6), v.plant.text, style{regular, 22, t.ink})
	}
	c.newPanel()
	c.write(foot.Min.X+c.px(18), foot.Min.Y+c.px(30), style{regular, 16, t.soft}, "Write to #"+rooms[v.story].name)
}

// message draws who says something.
func (c *canvas) message(t *theme, x, base int, who string) {
	tint := rgb([...]uint32{0xc4563f, 0x3f7fc4, 0x7a5bbf}[len(who)%3])
	c.round(image.Rect(x, base-c.px(38), x+c.px(42), base+c.px(4)), c.px(10), tint)
	c.write(x+c.px(14), base-c.px(11), style{bold, 18, rgb(0xffffff)}, who[:1])
	c.newPanel()
	c.write(x+c.px(58), base-c.px(24), style{bold, 16, t.ink}, who)
}

// calendar draws a week.
func (c *canvas) calendar(t *theme, r image.Rectangle, v view) {
	days := [...]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
	hours := c.px(64)
	const first, count = 8, 14
	wide := (r.Dx() - hours) / len(days)
	top := r.Min.Y + c.px(48)
	high := (r.Max.Y - top - c.px(8)) / count
	c.fill(image.Rect(r.Min.X, r.Min.Y, r.Max.X, top), t.side)
	for i, day := range days {
		left := r.Min.X + hours + i*wide
		c.newPanel()
		c.write(left+c.px(14), r.Min.Y+c.px(31), style{bold, 16, t.ink}, day)
		c.fill(image.Rect(left, top, left+1, r.Max.Y), t.line)
	}
	c.newPanel()
	for h := range count {
		y := top + h*high
		c.fill(image.Rect(r.Min.X, y, r.Max.X, y+1), t.line)
		c.write(r.Min.X+c.px(10), y+c.px(20), style{regular, 14, t.soft}, strconv.Itoa(first+h)+":00")
	}
	tints := [...]uint32{0x3d6fd6, 0x2f9e6e, 0xc4763f, 0x7a5bbf}
	for i, e := range planned {
		left := r.Min.X + hours + e.day*wide
		box := image.Rect(left+c.px(4), top+(e.hour-first)*high+c.px(2), left+wide-c.px(4), top+(e.hour-first+e.length)*high-c.px(2))
		tint := rgb(tints[i%len(tints)])
		ground, ink := between(t.window, tint, 0.25), t.ink
		if i == v.step {
			ground, ink = tint, rgb(0xffffff)
		}
		c.round(box, c.px(6), ground)
		c.fill(image.Rect(box.Min.X, box.Min.Y+c.px(5), box.Min.X+c.px(4), box.Max.Y-c.px(5)), tint)
		c.newPanel()
		c.within(box, func() {
			s := style{regular, 15, ink}
			for j, line := range c.wrap(s, e.what, wide-c.px(26)) {
				c.write(box.Min.X+c.px(12), box.Min.Y+c.px(20+20*j), s, line)
			}
		})
	}
}
