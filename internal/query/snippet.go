package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
)

// ellipsis stands where text was left out.
const ellipsis = "…"

// Snippet returns a piece of about size bytes of text, in which as many of the
// marks lie as can, on one line. Marks are in order, apart from each other, as
// Marks returns them.
func Snippet(text string, marks []jarvis.Mark, size int) jarvis.Snippet {
	from, to := window(text, marks, size)
	s := snippetBuilder{marks: marks, shown: []jarvis.Mark{}}
	if from > 0 {
		s.WriteString(ellipsis)
	}
	s.write(text, from, to)
	if to < len(text) {
		s.WriteString(ellipsis)
	}
	return jarvis.Snippet{Text: s.String(), Marks: s.shown}
}

// window chooses the bytes [from, to) of text: those with the most marks, and of
// the same number the first, with some of what is before and behind.
func window(text string, marks []jarvis.Mark, size int) (from, to int) {
	if len(marks) > 0 {
		first, last := densest(marks, size)
		spare := max(size-(last.End-first.Start), 0)
		from = max(min(first.Start-spare/3, len(text)-size), 0)
		for _, m := range marks {
			if m.Start < from && from < m.End {
				from = m.End // no half of it
			}
		}
		from = wordStart(text, from, first.Start)
	} else {
		from = len(text) - len(strings.TrimLeftFunc(text, isBlank))
	}
	to = min(from+size, len(text))
	keep := from
	for _, m := range marks {
		switch {
		case m.End <= to:
			keep = max(keep, m.End)
		case m.Start < to && keep > from:
			to = max(m.Start, keep)
		}
	}
	to = wordEnd(text, to, keep)
	if strings.TrimFunc(text[:from], isBlank) == "" {
		from = 0
	}
	if strings.TrimFunc(text[to:], isBlank) == "" {
		to = len(text)
	}
	return from, to
}

// densest returns the first and the last of the most marks that size bytes hold.
func densest(marks []jarvis.Mark, size int) (first, last jarvis.Mark) {
	best := 0
	end := 0
	for i, m := range marks {
		end = max(end, i+1)
		for end < len(marks) && marks[end].End-m.Start <= size {
			end++
		}
		if end-i > best {
			best, first, last = end-i, m, marks[end-1]
		}
	}
	return first, last
}

// longestCut is how far a window shrinks to begin and end with whole words.
const longestCut = 24

// wordStart returns where the first word begins at or behind from, at most limit.
func wordStart(text string, from, limit int) int {
	for from < limit && !utf8.RuneStart(text[from]) {
		from++
	}
	if from == 0 || from == limit {
		return from
	}
	near := text[from-1 : min(from+longestCut, limit)]
	if blank := strings.IndexAny(near, " \n\t"); blank >= 0 {
		return from + blank
	}
	return from
}

// wordEnd returns where the last word ends at or before to, at least limit.
func wordEnd(text string, to, limit int) int {
	if to == len(text) {
		return to
	}
	for to > 0 && !utf8.RuneStart(text[to]) {
		to--
	}
	start := max(to-longestCut, limit)
	if start >= to {
		return to
	}
	if blank := strings.LastIndexAny(text[start:to+1], " \n\t"); blank >= 0 {
		return start + blank
	}
	return to
}

// isBlank reports whether a snippet shows r as a blank, several as one.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// snippetBuilder writes a snippet, and notes where the marks come to lie in it.
type snippetBuilder struct {
	strings.Builder
	marks []jarvis.Mark // not yet behind
	shown []jarvis.Mark
	open  bool // the first of marks is the last of shown
	gap   bool // a blank is to be written
}

func (s *snippetBuilder) write(text string, from, to int) {
	begun := false
	for i, r := range text[from:to] {
		i += from
		s.pass(i)
		if isBlank(r) {
			s.gap = begun
			continue
		}
		if s.gap {
			s.WriteByte(' ')
			s.gap = false
		}
		if !s.open && len(s.marks) > 0 && s.marks[0].Start <= i {
			s.shown = append(s.shown, jarvis.Mark{Start: s.Len()})
			s.open = true
		}
		s.WriteRune(r)
		begun = true
	}
	s.pass(len(text) + 1)
}

// pass ends the marks that end at or before byte i of the text.
func (s *snippetBuilder) pass(i int) {
	for len(s.marks) > 0 && s.marks[0].End <= i {
		if s.open {
			s.shown[len(s.shown)-1].End = s.Len()
			s.open = false
		}
		s.marks = s.marks[1:]
	}
}
