package demo

import "image"

// strokes are the lines of some Japanese letters, which the fonts do not have, drawn
// by hand on a square of 100: x, y of the points of each line.
var strokes = map[rune][][]float64{
	'東': {
		{10, 20, 90, 20}, {50, 4, 50, 96}, {25, 33, 75, 33, 75, 62, 25, 62, 25, 33}, {25, 48, 75, 48}, {49, 62, 30, 80, 8, 92}, {51, 62, 70, 80, 92, 92},
	},
	'京': {
		{50, 3, 50, 16}, {10, 18, 90, 18}, {28, 32, 72, 32, 72, 54, 28, 54, 28, 32}, {50, 54, 50, 94, 40, 90}, {32, 64, 14, 86}, {68, 64, 88, 84},
	},
	'メ': {{72, 12, 52, 56, 18, 88}, {28, 36, 78, 72}},
	'モ': {{24, 22, 76, 22}, {14, 48, 88, 48}, {46, 22, 46, 76, 56, 86, 84, 86}},
}

// brush writes a word of letters that are made of strokes.
func (c *canvas) brush(x, base int, word string, s style) {
	size := c.px(s.size)
	unit := float64(size) / 100
	top := base - size*7/8
	left := x
	for _, r := range word {
		for _, line := range strokes[r] {
			for i := 0; i+3 < len(line) && !c.mute; i += 2 {
				at := func(j int) [2]float64 { return [2]float64{float64(x) + line[j]*unit, float64(top) + line[j+1]*unit} }
				c.stroke(at(i), at(i+2), 1.9*c.scale, s.ink)
			}
		}
		x += size + c.px(1)
	}
	c.note(word, image.Rect(left, top, x, top+size).Inset(-2), base)
}
