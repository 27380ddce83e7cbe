package cli

import (
	"slices"
	"strings"

	"github.com/rivo/uniseg"
)

// column is one column of a table.
type column struct {
	title string
	right bool // numbers stand at the right
	// shrink is the width in cells to which the column may be cut, with an
	// ellipsis, to fit the terminal. A column with 0 is never cut.
	shrink  int
	keepEnd bool // what is cut is the beginning: paths differ at their end
	// optional ranks the columns that are left out when the terminal is too
	// narrow even so: the highest first. A column with 0 always stays.
	optional int
	faint    bool
}

// table prints aligned columns. A column that is empty in every row is left out.
type table struct {
	columns []column
	rows    [][]string
}

const columnGap = 2

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// print writes the table, fitted to the terminal's width. In a pipe nothing is
// cut: programs read it.
func (t *table) print(c *console, heading bool) {
	if len(t.rows) == 0 {
		return
	}
	widths := t.fit(t.natural(heading), c.width())
	if heading {
		titles := make([]string, len(t.columns))
		for i := range t.columns {
			titles[i] = t.columns[i].title
		}
		c.printf("%s", t.row(c.style, titles, widths, true))
	}
	for _, row := range t.rows {
		c.printf("%s", t.row(c.style, row, widths, false))
	}
}

// natural returns the width that each column asks for, 0 for an empty one.
func (t *table) natural(heading bool) []int {
	widths := make([]int, len(t.columns))
	for _, row := range t.rows {
		for i := range row {
			row[i] = plain(row[i])
			widths[i] = max(widths[i], uniseg.StringWidth(row[i]))
		}
	}
	for i := range widths {
		if heading && widths[i] > 0 {
			widths[i] = max(widths[i], uniseg.StringWidth(t.columns[i].title))
		}
	}
	return widths
}

// fit returns widths with which a row has at most limit cells: columns that may
// shrink do so evenly, the widest first, and where that is not enough, optional
// columns go. A limit of 0 is none.
func (t *table) fit(natural []int, limit int) []int {
	kept := slices.Clone(natural)
	for {
		widths := t.shrink(slices.Clone(kept), limit)
		if limit == 0 || total(widths) <= limit {
			return widths
		}
		last := -1
		for i, c := range t.columns {
			if c.optional > 0 && kept[i] > 0 && (last < 0 || c.optional > t.columns[last].optional) {
				last = i
			}
		}
		if last < 0 {
			return widths
		}
		kept[last] = 0
	}
}

func (t *table) shrink(widths []int, limit int) []int {
	for limit > 0 && total(widths) > limit {
		widest := -1
		for i, w := range widths {
			if s := t.columns[i].shrink; s > 0 && w > s && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}

func total(widths []int) int {
	sum := -columnGap
	for _, w := range widths {
		if w > 0 {
			sum += w + columnGap
		}
	}
	return sum
}

// row returns one line. A style of false leaves it without colours.
func (t *table) row(s style, cells []string, widths []int, heading bool) styled {
	var b strings.Builder
	blanks := 0 // before the next cell
	for i, cell := range cells {
		if widths[i] == 0 {
			continue
		}
		if t.columns[i].keepEnd {
			cell = truncateStart(cell, widths[i])
		} else {
			cell = truncate(cell, widths[i])
		}
		rest := widths[i] - uniseg.StringWidth(cell)
		if t.columns[i].right {
			blanks, rest = blanks+rest, 0
		}
		if cell != "" {
			b.WriteString(strings.Repeat(" ", blanks))
			blanks = 0
			if heading || t.columns[i].faint {
				cell = string(s.faint(cell))
			}
			b.WriteString(cell)
		}
		blanks += rest + columnGap
	}
	b.WriteByte('\n')
	return styled(b.String())
}

// truncate cuts text to width cells, the last of them an ellipsis.
func truncate(text string, width int) string {
	if uniseg.StringWidth(text) <= width {
		return text
	}
	var b strings.Builder
	used := 0
	for graphemes := uniseg.NewGraphemes(text); graphemes.Next(); {
		if used += graphemes.Width(); used > width-1 {
			break
		}
		b.WriteString(graphemes.Str())
	}
	return b.String() + "…"
}

// truncateStart cuts the beginning of text, so that width cells are left, the
// first of them an ellipsis.
func truncateStart(text string, width int) string {
	total := uniseg.StringWidth(text)
	if total <= width {
		return text
	}
	graphemes := uniseg.NewGraphemes(text)
	for left := total; left > width-1 && graphemes.Next(); {
		left -= graphemes.Width()
	}
	_, end := graphemes.Positions()
	return "…" + text[end:]
}
