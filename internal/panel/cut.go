package panel

import (
	"cmp"
	"image"
	"slices"
)

// edge is a long edge between the columns x and x+1.
type edge struct {
	x int
	span
	covered int // rows in which it is seen
}

// divide appends the panels of a rectangle.
func (s *surveyed) divide(panels []image.Rectangle, r image.Rectangle, depth int) []image.Rectangle {
	if depth == 0 {
		return append(panels, r)
	}
	for _, e := range s.candidates(r) {
		band, ok := s.band(r, e)
		if !ok {
			continue
		}
		if above := image.Rect(r.Min.X, r.Min.Y, r.Max.X, band.from); !s.blank(above) {
			panels = s.divide(panels, above, depth-1)
		}
		panels = s.divide(panels, image.Rect(r.Min.X, band.from, e.x+1, band.to), depth-1)
		panels = s.divide(panels, image.Rect(e.x+1, band.from, r.Max.X, band.to), depth-1)
		if below := image.Rect(r.Min.X, band.to, r.Max.X, r.Max.Y); !s.blank(below) {
			panels = s.divide(panels, below, depth-1)
		}
		return panels
	}
	return append(panels, r)
}

// candidates returns the longest edges in a rectangle that leave a panel on
// either side, the longest first.
func (s *surveyed) candidates(r image.Rectangle) []edge {
	const (
		jitter    = 2  // columns by which an edge may waver
		gap       = 64 // rows in which both sides look the same
		scrollbar = 40 // columns of the widest
		alike     = 4  // rows by which two edges of the same length may differ
		most      = 16 // candidates
	)
	var found []edge
	for x := r.Min.X + narrowest; x < r.Max.X-narrowest; x++ {
		if len(s.edges[x]) == 0 {
			continue
		}
		seen := s.union(x, jitter, r)
		for _, whole := range join(slices.Clone(seen), gap) {
			e := edge{x, whole, covered(seen, whole)}
			length := whole.to - whole.from
			if length < max(shortestEdge, r.Dy()/4) || e.covered < length*7/10 || s.grained(e) {
				continue
			}
			if n := len(found); n > 0 && e.x-found[n-1].x <= jitter && e.span == found[n-1].span {
				continue
			}
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, func(a, b edge) int { return cmp.Compare(b.covered, a.covered) })
	found = found[:min(len(found), most)]
	for i, e := range found {
		// A scrollbar belongs to what is on its left.
		for j, other := range found[i+1:] {
			if other.x > found[i].x && other.x <= e.x+scrollbar && max(abs(other.from-e.from), abs(other.to-e.to)) <= alike {
				found[i], found[i+1+j] = other, found[i]
			}
		}
	}
	return found
}

// grained reports whether an edge is one of many: of a pattern, or of noise.
func (s *surveyed) grained(e edge) bool {
	const reach, most = 16, 14
	n := 0
	for x := max(e.x-reach, 0); x <= min(e.x+reach, s.width-1); x++ {
		if covered(s.edges[x], e.span) >= (e.to-e.from)/2 {
			n++
		}
	}
	return n > most
}

// crossable is how many rows on end may have something on both sides of a cut:
// fewer than those of a letter.
const crossable = 5

// band returns the rows in which an edge divides a rectangle: those of the edge,
// and more or less of them so that nothing is cut above and below.
func (s *surveyed) band(r image.Rectangle, e edge) (span, bool) {
	tops := s.borders(r, e, e.from, r.Min.Y, -1)
	bottoms := s.borders(r, e, e.to-1, r.Max.Y-1, +1)
	for _, top := range tops {
		for _, bottom := range bottoms {
			if band := (span{top, bottom + 1}); s.parts(r, e, band) {
				return band, true
			}
		}
	}
	return span{}, false
}

// parts reports whether an edge divides a rectangle in the rows of a band, with text
// on either side.
func (s *surveyed) parts(r image.Rectangle, e edge, band span) bool {
	left, right := image.Rect(r.Min.X, band.from, e.x+1, band.to), image.Rect(e.x+1, band.from, r.Max.X, band.to)
	return band.to-band.from >= shortestEdge/2 && s.holdsText(left) && s.holdsText(right) &&
		s.apart(e, band) && !s.ruled(e.x, band)
}

// borders looks from row y, where an edge ends, outwards until a row that may be
// cut or the last of the rectangle, and then inwards. It returns the rows, which
// are the outermost of a band.
func (s *surveyed) borders(r image.Rectangle, e edge, y, last, outwards int) (found []int) {
	const inwards = 72
	crossed := 0
	for at := y; crossed <= crossable; at += outwards {
		if outwards*(last-at) < lowest {
			found = append(found, last)
			break
		}
		if s.free(r, at) || s.lined(r, max(at, at+outwards)) {
			found = append(found, at)
			break
		}
		if left, right := s.sides(e.x+1, e.x, betweenWords, at+outwards); left || right {
			crossed++
		} else {
			crossed = 0
		}
	}
	for i := 1; i <= min(inwards, e.to-e.from-1); i++ {
		if at := y - i*outwards; s.free(r, at) {
			return append(found, at)
		}
	}
	return found
}

// apart reports whether nothing that could be text goes across an edge.
func (s *surveyed) apart(e edge, band span) bool {
	const (
		near = 2 // columns by which an edge may waver
		wide = 6 // columns on either side that may belong to the border of a window
	)
	seen := s.union(e.x, near, image.Rect(0, band.from, s.width, band.to))
	from, to := e.x, e.x
	for x := max(e.x-wide, 0); x <= min(e.x+wide, s.width-1); x++ {
		if covered(s.edges[x], band) >= (band.to-band.from)/2 {
			from, to = min(from, x), max(to, x)
		}
	}
	crossed := 0
	for y := band.from; y < band.to; y++ {
		for len(seen) > 0 && seen[0].to <= y {
			seen = seen[1:]
		}
		var crosses bool
		if len(seen) > 0 && y >= seen[0].from {
			left, right := s.sides(from, to, betweenLetters, y)
			crosses = left && right
		} else {
			left, right := s.sides(e.x+1, e.x, betweenWords, y)
			crosses = left || right
		}
		if !crosses {
			crossed = 0
		} else if crossed++; crossed > crossable {
			return false
		}
	}
	return true
}

func abs(n int) int { return max(n, -n) }
