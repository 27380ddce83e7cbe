package query

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
)

// Marks returns what q matches in text, in order and apart from each other. What
// must not be there, and what looks at titles and addresses only, marks nothing.
func Marks(q jarvis.Query, text string) []jarvis.Mark {
	var (
		tokens []Token
		marks  []jarvis.Mark
	)
	for _, clause := range q.Clauses {
		for _, atom := range clause {
			if atom.Kind != jarvis.AtomWords || atom.Not || isMarked(atom.Tokens[0]) {
				continue
			}
			if tokens == nil {
				tokens = Tokens(text)
			}
			eachMatch(atom, tokens, func(first int) {
				marks = append(marks, markOf(atom, text, tokens, first))
			})
		}
	}
	return merge(marks)
}

// TitleMarks returns what q matches in a window's title, like Marks: what looks at
// titles only is marked too.
func TitleMarks(q jarvis.Query, title string) []jarvis.Mark {
	plain := jarvis.Query{Clauses: make([]jarvis.Clause, len(q.Clauses))}
	for i, clause := range q.Clauses {
		for _, atom := range clause {
			if atom.Kind == jarvis.AtomWords && strings.HasPrefix(atom.Tokens[0], jarvis.TitleMark) {
				atom.Tokens = unmarked(atom.Tokens, jarvis.TitleMark)
			}
			plain.Clauses[i] = append(plain.Clauses[i], atom)
		}
	}
	return Marks(plain, title)
}

func isMarked(token string) bool {
	return strings.HasPrefix(token, jarvis.TitleMark) || strings.HasPrefix(token, jarvis.URLMark)
}

// eachMatch calls found with the index of the first token of every match of a
// phrase.
func eachMatch(a jarvis.Atom, tokens []Token, found func(first int)) {
	n := len(a.Tokens) - 1
	for i := range len(tokens) - n {
		if n > 0 && tokens[i].Text != a.Tokens[0] {
			continue
		}
		last := tokens[i+n].Text
		if last != a.Tokens[n] && !(a.Prefix && strings.HasPrefix(last, a.Tokens[n])) {
			continue
		}
		if slices.EqualFunc(tokens[i:i+n], a.Tokens[:n], func(t Token, text string) bool { return t.Text == text }) {
			found(i)
		}
	}
}

// markOf returns where the match lies that begins with the given token. Of a pair
// whose first character was looked for, it is that character.
func markOf(a jarvis.Atom, text string, tokens []Token, first int) jarvis.Mark {
	at := first + len(a.Tokens) - 1
	last := tokens[at]
	mark := jarvis.Mark{Start: tokens[first].Start, End: last.End}
	if a.Prefix && inRun(last.Text) && !isSingle(last.Text) {
		if next := tokens[at+1].Start; next > last.Start { // the second character
			mark.End = last.Start + len(strings.TrimRightFunc(text[last.Start:next], unicode.IsSpace))
		}
	}
	return mark
}

// merge sorts marks, and makes one of those that overlap.
func merge(marks []jarvis.Mark) []jarvis.Mark {
	slices.SortFunc(marks, func(a, b jarvis.Mark) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	merged := marks[:0]
	for _, m := range marks {
		if n := len(merged); n > 0 && m.Start < merged[n-1].End {
			merged[n-1].End = max(merged[n-1].End, m.End)
			continue
		}
		merged = append(merged, m)
	}
	return merged
}

// cutRune returns the first character of a text, and what is behind it.
func cutRune(text string) (first, rest string, ok bool) {
	_, size := utf8.DecodeRuneInString(text)
	return text[:size], text[size:], size > 0
}
