package query

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
)

// term is a piece of a query between blanks, or between quotes.
type term struct {
	not      bool
	field    string // one of fields; empty for words
	value    string // without quotes
	raw      string // as it is written, without a dash and a star behind quotes
	quoted   bool
	star     bool   // a star follows the closing quote
	operator string // operatorOr or operatorAnd: it joins its neighbours, and is no condition
}

// plain returns the words of a term whose field is none, or has another value.
func (t *term) plain() string {
	if t.field == "" {
		return t.value
	}
	return t.field + ":" + t.value
}

const (
	operatorOr  = "or"
	operatorAnd = "and"
)

var fields = []string{"app", "title", "device", "monitor", "url", "before", "after", "on", "has", "is"}

// quotes open and close a phrase: the plain one, and what keyboards make of it.
const quotes = "\"“”„＂"

// lex cuts text, which is valid UTF-8, into terms.
func lex(text string) []term {
	var terms []term
	apart := true // a blank is before
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		if unicode.IsSpace(r) {
			text, apart = text[size:], true
			continue
		}
		t := term{}
		if rest, ok := strings.CutPrefix(text, "-"); ok && apart && negates(rest) {
			t.not, text = true, rest
		}
		text = t.read(text)
		terms = append(terms, t)
		apart = false
	}
	markOperators(terms)
	return terms
}

// LastTerm returns the field, empty for words, and the value of the term at the end
// of a query that is being typed. Both are empty behind a blank.
func LastTerm(text string) (field, value string) {
	terms := lex(jarvis.CleanText(text, maxText))
	if len(terms) == 0 || !strings.HasSuffix(text, terms[len(terms)-1].raw) {
		return "", ""
	}
	last := terms[len(terms)-1]
	return last.field, last.value
}

// negates reports whether a dash before rest means "without". It does not in
// "--force", nor when it stands alone.
func negates(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return rest != "" && r != '-' && !unicode.IsSpace(r)
}

// read reads a term from the beginning of text, and returns what is behind it.
func (t *term) read(text string) string {
	if t.readQuoted(text) {
		return t.readStar(text[len(t.raw):])
	}
	word := text
	if end := strings.IndexFunc(text, unicode.IsSpace); end >= 0 {
		word = text[:end]
	}
	field, value, ok := strings.Cut(word, ":")
	if !ok || !isField(field) {
		t.value, t.raw = word, word
		return text[len(word):]
	}
	t.field = strings.ToLower(field)
	before := text[:len(field)+1]
	if t.readQuoted(text[len(before):]) {
		t.raw = before + t.raw
		return t.readStar(text[len(t.raw):])
	}
	t.value, t.raw = value, word
	return text[len(word):]
}

// readQuoted reads a phrase in quotes; one that is not closed goes to the end.
func (t *term) readQuoted(text string) bool {
	r, size := utf8.DecodeRuneInString(text)
	if text == "" || !strings.ContainsRune(quotes, r) {
		return false
	}
	t.quoted = true
	t.value, t.raw = text[size:], text
	if end := strings.IndexAny(t.value, quotes); end >= 0 {
		_, closing := utf8.DecodeRuneInString(t.value[end:])
		t.raw = text[:size+end+closing]
		t.value = t.value[:end]
	}
	return true
}

func (t *term) readStar(text string) string {
	rest, ok := strings.CutPrefix(text, "*")
	t.star = ok
	return rest
}

// Fields returns the names of the fields of a condition.
func Fields() []string { return slices.Clone(fields) }

func isField(name string) bool {
	for _, field := range fields {
		if strings.EqualFold(name, field) {
			return true
		}
	}
	return false
}

// markOperators finds the operators among terms: they stand between two others.
func markOperators(terms []term) {
	for i := 1; i < len(terms)-1; i++ {
		t := &terms[i]
		switch {
		case t.not || t.field != "" || t.quoted || terms[i-1].operator != "":
		case strings.EqualFold(t.value, "or"):
			t.operator = operatorOr
		case t.value == "AND": // in small letters it is a word like any other
			t.operator = operatorAnd
		}
	}
}
