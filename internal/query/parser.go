package query

import (
	"strconv"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/timetext"
)

// parser makes conditions of terms.
type parser struct {
	now time.Time
	loc *time.Location
}

// atom returns the condition of a term, and false when the term says nothing.
func (p *parser) atom(t term) (jarvis.Atom, bool) {
	a, ok := p.field(t)
	if !ok {
		a, ok = words(t, t.plain(), "")
	}
	a.Not = a.Not != t.not
	return a, ok
}

// field returns the condition of a term that has a field, and false when its
// value is none of the field's.
func (p *parser) field(t term) (jarvis.Atom, bool) {
	switch t.field {
	case "title":
		return words(t, t.value, jarvis.TitleMark)
	case "url":
		return words(t, plainAddress(t.value), jarvis.URLMark)
	case "app":
		pattern := cleanPattern(t.value)
		return jarvis.Atom{Kind: jarvis.AtomApp, Pattern: pattern}, pattern != ""
	case "device":
		pattern := cleanPattern(t.value)
		return jarvis.Atom{Kind: jarvis.AtomDevice, Pattern: pattern}, pattern != ""
	case "monitor":
		monitor, err := strconv.ParseUint(t.value, 10, 16)
		return jarvis.Atom{Kind: jarvis.AtomMonitor, Monitor: int(monitor)}, err == nil
	case "before", "after", "on":
		return p.time(t.field, t.value)
	case "has":
		return jarvis.Atom{Kind: jarvis.AtomText}, strings.EqualFold(t.value, "text")
	case "is":
		not := strings.EqualFold(t.value, "unpinned")
		return jarvis.Atom{Kind: jarvis.AtomPinned, Not: not}, not || strings.EqualFold(t.value, "pinned")
	}
	return jarvis.Atom{}, false
}

// time returns the condition of a date. "after" begins with the first moment of
// what is named and "before" ends before it, so that the two meet; "on" is the
// whole of it, the day of a moment, or what lies between the two ends of "a..b".
func (p *parser) time(field, value string) (jarvis.Atom, bool) {
	a := jarvis.Atom{Kind: jarvis.AtomTime}
	if from, to, ok := strings.Cut(value, ".."); ok && field == "on" {
		start, end, err := timetext.ParseRange(from, to, p.now, p.loc)
		if err != nil || start.IsZero() && end.IsZero() {
			return a, false
		}
		a.From, a.To = p.local(start), p.local(end)
		return a, true
	}
	span, err := timetext.ParseSpan(value, p.now, p.loc)
	if err == nil && field == "on" && span.IsMoment() {
		span, err = timetext.ParseSpan(span.Start.In(p.loc).Format(time.DateOnly), p.now, p.loc)
	}
	if err != nil {
		return a, false
	}
	if field != "before" {
		a.From = p.local(span.Start)
	}
	switch field {
	case "before":
		a.To = p.local(span.Start)
	case "on":
		a.To = p.local(span.End)
	}
	return a, true
}

// local returns t in the zone of the query, in which String writes it. A zero
// time stays zero.
func (p *parser) local(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(p.loc)
}

// words returns the condition that a document has the words of value, a term's,
// each marked.
func words(t term, value, mark string) (jarvis.Atom, bool) {
	tokens := Tokens(value)
	if len(tokens) == 0 {
		return jarvis.Atom{}, false
	}
	star := t.star || strings.HasSuffix(value, "*") && tokens[len(tokens)-1].End == len(value)-1
	tokens, prefix := phrase(bounded(tokens), star)
	a := jarvis.Atom{Kind: jarvis.AtomWords, Prefix: prefix}
	for _, token := range tokens {
		a.Tokens = append(a.Tokens, mark+token.Text)
	}
	return a, true
}

// bounded returns as many of the tokens as a query may have in one condition.
func bounded(tokens []Token) []Token {
	size := 0
	for i, token := range tokens {
		if size += len(token.Text); i == maxPhrase || size > maxBytes {
			return tokens[:i]
		}
	}
	return tokens
}

// phrase makes the tokens of a text, at least one, those of a condition, so that
// what a run of characters without blanks is in the middle of another is found
// there: its last character does not have to be the last of the other.
func phrase(tokens []Token, prefix bool) ([]Token, bool) {
	last := tokens[len(tokens)-1]
	switch {
	case !inRun(last.Text):
		return tokens, prefix
	case !isSingle(last.Text):
		return tokens, false
	case len(tokens) > 1 && continues(tokens[len(tokens)-2].Text, last.Text):
		return tokens[:len(tokens)-1], false
	}
	return tokens, true
}

// cleanPattern returns a pattern as it can be written between quotes.
func cleanPattern(value string) string {
	value = strings.Map(func(r rune) rune {
		if strings.ContainsRune(quotes, r) {
			return '\''
		}
		return r
	}, value)
	return strings.TrimSpace(jarvis.CleanText(strings.TrimSpace(value), maxPattern))
}

// FindName returns how many words of a name of an app or a device are before those
// of a pattern that means it, and -1 when the pattern does not: it has the pattern's
// words, one after the other, the last of which may be only the beginning of a word.
// A pattern without words means just itself.
func FindName(pattern, name string) int {
	tokens := Tokens(pattern)
	if len(tokens) == 0 {
		if cleanPattern(pattern) == cleanPattern(name) {
			return 0
		}
		return -1
	}
	tokens, prefix := phrase(bounded(tokens), true)
	a := jarvis.Atom{Prefix: prefix}
	for _, token := range tokens {
		a.Tokens = append(a.Tokens, token.Text)
	}
	place := -1
	eachMatch(a, Tokens(name), func(first int) {
		if place < 0 {
			place = first
		}
	})
	return place
}
