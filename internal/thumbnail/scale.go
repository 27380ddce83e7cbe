package thumbnail

import (
	"image"
	"image/draw"
)

// scale returns img on white in a size that is not larger: each pixel is the mean
// of the area that it stands for. It needs memory for a row and the result.
//
// It counts in whole numbers. Of a side of from pixels that shrinks to to, each
// old pixel is to units long and each new one from units.
func scale(img image.Image, to image.Point) *image.RGBA {
	bounds := img.Bounds()
	from := bounds.Size()
	out := image.NewRGBA(image.Rectangle{Max: to})
	row := image.NewRGBA(image.Rect(0, 0, from.X, 1))
	line := make([]uint32, 3*to.X) // of row; at most 255 times the width
	sums := make([]uint64, 3*to.X) // of the lines in the row of out that is under way
	area := uint64(from.X) * uint64(from.Y)
	done := 0
	for y := range from.Y {
		draw.Draw(row, row.Bounds(), image.White, image.Point{}, draw.Src)
		draw.Draw(row, row.Bounds(), img, bounds.Min.Add(image.Pt(0, y)), draw.Over)
		shrink(line, row.Pix, from.X, to.X)
		above := min((done+1)*from.Y-y*to.Y, to.Y) // units that belong to the row under way
		add(sums, line, above)
		if (y+1)*to.Y >= (done+1)*from.Y {
			mean(out.Pix[done*out.Stride:][:out.Stride], sums, area)
			clear(sums)
			add(sums, line, to.Y-above)
			done++
		}
	}
	return out
}

// shrink sets line to the sums of red, green and blue of from pixels, weighted
// by how much of each lies in the new one.
func shrink(line []uint32, pixels []byte, from, to int) {
	clear(line)
	at, end := 0, from // of the old pixel, and where the new one ends
	for i := 0; i+3 < len(pixels); i += 4 {
		r, g, b := uint32(pixels[i]), uint32(pixels[i+1]), uint32(pixels[i+2])
		before := uint32(min(end-at, to))
		line[0] += r * before
		line[1] += g * before
		line[2] += b * before
		at += to
		if at < end {
			continue
		}
		line = line[3:]
		if after := uint32(at - end); after > 0 {
			line[0] += r * after
			line[1] += g * after
			line[2] += b * after
		}
		end += from
	}
}

// add adds a line to sums as often as times says.
func add(sums []uint64, line []uint32, times int) {
	for i, v := range line {
		sums[i] += uint64(v) * uint64(times)
	}
}

// mean sets a row to opaque pixels.
func mean(row []byte, sums []uint64, area uint64) {
	for x := 0; x+3 < len(row); x += 4 {
		for c := range 3 {
			row[x+c] = byte((sums[x/4*3+c] + area/2) / area)
		}
		row[x+3] = 0xff
	}
}
