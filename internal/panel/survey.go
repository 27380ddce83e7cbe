package panel

import (
	"image"
	"slices"
)

const (
	edgeStep = 8  // difference of neighbours that are on both sides of an edge
	inkStep  = 24 // difference of neighbours that may belong to a glyph
	textStep = 32 // difference of neighbours that a text surely has
	cell     = 16 // pixels of a square of surveyed.cells
	every    = 2  // the rows that are looked at for edges: each second
)

// span is the rows [from, to).
type span struct{ from, to int }

// surveyed is what is known of an image: enough to find edges in it quickly.
type surveyed struct {
	*rows
	// edges of each column: where its pixels differ from those to the right
	// throughout, in longer spans than any glyph does.
	edges [][]span
	// texts counts, for each cell, the pixels that are like those of text.
	texts      []uint16
	across     int     // cells in a row
	row, other []uint8 // to read into
}

// longRun is longer than the stem of a glyph.
func longRun(height int) int { return max(40, height/24) }

func survey(r *rows) *surveyed {
	s := &surveyed{
		rows:   r,
		edges:  make([][]span, r.width),
		across: (r.width + cell - 1) / cell,
		row:    make([]uint8, r.width),
		other:  make([]uint8, r.width),
	}
	s.texts = make([]uint16, s.across*((r.height+cell-1)/cell))
	begun := make([]int, r.width) // row after that where the edge of a column began; 0 for none
	long := longRun(r.height)
	for y := 0; y < r.height; y += every {
		r.read(s.row, 0, y)
		texts := s.texts[y/cell*s.across:][:s.across]
		last := s.row[0]
		for x, v := range s.row[1:] {
			d := step(v, last)
			last = v
			if d < edgeStep {
				if begun[x] != 0 {
					s.end(x, begun[x]-1, y, long)
					begun[x] = 0
				}
				continue
			}
			if d >= textStep {
				texts[x/cell]++
			}
			if begun[x] == 0 {
				begun[x] = y + 1
			}
		}
	}
	for x, y := range begun {
		if y != 0 {
			s.end(x, y-1, r.height, long)
		}
	}
	return s
}

func (s *surveyed) end(x, from, to, long int) {
	if to-from >= long {
		s.edges[x] = append(s.edges[x], span{from, to})
	}
}

// onEdge reports whether an edge runs through row y of a column.
func (s *surveyed) onEdge(x, y int) bool {
	for _, e := range s.edges[x] {
		if y < e.to {
			return y >= e.from
		}
	}
	return false
}

// union returns the rows of r in which the columns [x-near, x+near] have edges.
func (s *surveyed) union(x, near int, r image.Rectangle) []span {
	var all []span
	for c := max(x-near, 0); c <= min(x+near, s.width-1); c++ {
		for _, e := range s.edges[c] {
			if e := (span{max(e.from, r.Min.Y), min(e.to, r.Max.Y)}); e.from < e.to {
				all = append(all, e)
			}
		}
	}
	return join(all, 0)
}

// join merges spans with at most gap rows between them. It changes all.
func join(all []span, gap int) []span {
	slices.SortFunc(all, func(a, b span) int { return a.from - b.from })
	joined := all[:0]
	for _, e := range all {
		if n := len(joined); n > 0 && e.from <= joined[n-1].to+gap {
			joined[n-1].to = max(joined[n-1].to, e.to)
		} else {
			joined = append(joined, e)
		}
	}
	return joined
}

// covered counts the rows of spans within s.
func covered(spans []span, s span) int {
	n := 0
	for _, e := range spans {
		n += max(min(e.to, s.to)-max(e.from, s.from), 0)
	}
	return n
}

// holdsText reports whether there is text in a rectangle that is more than a
// column of numbers.
func (s *surveyed) holdsText(r image.Rectangle) bool {
	columns := 0
	for cx := r.Min.X/cell + 1; cx < r.Max.X/cell; cx++ {
		for cy := r.Min.Y / cell; cy < (r.Max.Y+cell-1)/cell; cy++ {
			if s.texts[cy*s.across+cx] >= 4 {
				columns++
				break
			}
		}
	}
	return columns >= 5
}

// blank reports whether no pixel of a rectangle could be part of text.
func (s *surveyed) blank(r image.Rectangle) bool {
	if r.Dy() < lowest {
		return true
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := s.row[:r.Dx()]
		s.read(row, r.Min.X, y)
		for x := 1; x < len(row); x++ {
			if step(row[x], row[x-1]) >= edgeStep && !s.onEdge(r.Min.X+x-1, y) {
				return false
			}
		}
	}
	return true
}

// free reports whether row y has no pixel in a rectangle that could be part of a glyph:
// no text is cut when the rectangle is divided there.
func (s *surveyed) free(r image.Rectangle, y int) bool {
	row := s.row[:r.Dx()]
	s.read(row, r.Min.X, y)
	for x := 1; x < len(row); x++ {
		if step(row[x], row[x-1]) >= inkStep && !s.onEdge(r.Min.X+x-1, y) {
			return false
		}
	}
	return true
}

// lined reports whether a horizontal edge runs through a rectangle between the
// rows y-1 and y: nothing goes on from above it to below.
func (s *surveyed) lined(r image.Rectangle, y int) bool {
	if y <= r.Min.Y || y >= r.Max.Y {
		return false
	}
	above, below := s.row[:r.Dx()], s.other[:r.Dx()]
	s.read(above, r.Min.X, y-1)
	s.read(below, r.Min.X, y)
	differ := 0
	for x, v := range above {
		if step(v, below[x]) >= edgeStep {
			differ++
		}
	}
	return differ >= r.Dx()*9/10
}

const (
	// betweenWords is more than what is between two words of a line.
	betweenWords = 8
	// betweenLetters is about what is between two letters of a word.
	betweenLetters = 2
)

// sides says whether row y has pixels that could be part of a glyph near a
// border of the columns [from, to], on its left and on its right.
func (s *surveyed) sides(from, to, near, y int) (left, right bool) {
	first, last := max(from-near, 0), min(to+near+1, s.width-1)
	row := s.row[:last-first+1]
	s.read(row, first, y)
	for i := 1; i < len(row); i++ {
		if c := first + i - 1; step(row[i], row[i-1]) >= inkStep && !s.onEdge(c, y) {
			left = left || c < from
			right = right || c > to
		}
	}
	return left, right
}

// ruled reports whether horizontal lines go across the cut in the middle of its
// length: it is within a table.
func (s *surveyed) ruled(x int, rows span) bool {
	const reach, near = 20, 4
	if x < reach || x+reach+1 >= s.width {
		return false
	}
	margin := (rows.to - rows.from) / 5
	last, this := make([]uint8, 2*reach+1), make([]uint8, 2*reach+1)
	lines, latest := 0, -reach
	s.read(last, x-reach, rows.from+margin)
	for y := rows.from + margin + 1; y < rows.to-margin; y++ {
		s.read(this, x-reach, y)
		line := true
		for i := range this {
			if (i < reach-near || i > reach+near) && step(this[i], last[i]) < edgeStep {
				line = false
				break
			}
		}
		if line {
			if y-latest > near {
				lines++
			}
			latest = y
		}
		last, this = this, last
	}
	return lines >= 3
}
