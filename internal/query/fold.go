package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// class is what a folded character means to a text.
type class int

const (
	classSeparator class = iota
	classBlank
	classWord
	classRun     // of a script that has no blanks between words
	classVoiced  // a mark that makes another kana of the one before
	classIgnored // no character of its own: accents, soft hyphens, directions
)

// The combining marks of kana, "゙" and "゚", which are no accents: か is not が.
const (
	voicedMark     = '\u3099'
	semivoicedMark = '\u309A'
)

const (
	longVowel      = '\u30FC' // "ー" belongs to kana and to no script
	zeroWidthSpace = '\u200B'
)

// runScripts have no blanks between words.
var runScripts = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo,
	unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// accented are scripts in which a nonspacing mark is an accent, or a vowel that
// most people leave out. In others, such as Devanagari, it is as good as a letter.
var accented = []*unicode.RangeTable{
	unicode.Inherited, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Hebrew, unicode.Arabic, unicode.Syriac,
}

// classOf returns the class of a character that folder returned.
func classOf(r rune) class {
	switch {
	case r < utf8.RuneSelf && isASCIIWord(byte(r)):
		return classWord
	case firstIdeograph <= r && r <= lastIdeograph:
		return classRun
	case r == voicedMark || r == semivoicedMark:
		return classVoiced
	case r == longVowel:
		return classRun
	case unicode.IsSpace(r) || r == zeroWidthSpace:
		return classBlank
	case unicode.In(r, unicode.Mn, unicode.Me) && unicode.In(r, accented...), unicode.Is(unicode.Cf, r):
		return classIgnored
	case !unicode.In(r, unicode.L, unicode.M, unicode.N):
		return classSeparator
	case r >= firstRun && unicode.In(r, runScripts...):
		return classRun
	}
	return classWord
}

const (
	firstRun = '\u0E01' // of all runScripts, a Thai one

	// Most ideographs, which stand for themselves.
	firstIdeograph = '\u4E00'
	lastIdeograph  = '\u9FFF'
)

// folder makes equal what differs in case, accents and width only. It is for one
// goroutine.
type folder struct {
	caser *cases.Caser
	known map[rune]string
}

// fold returns what a character beyond ASCII stands for, decomposed and folded;
// accents are still there.
func (f *folder) fold(r rune) string {
	if firstIdeograph <= r && r <= lastIdeograph {
		return string(r)
	}
	if text, ok := f.known[r]; ok {
		return text
	}
	if f.known == nil {
		caser := cases.Fold()
		f.caser, f.known = &caser, make(map[rune]string)
	}
	text := f.caser.String(norm.NFKD.String(string(r)))
	// Folding exchanges the capital and the small letters of Cherokee.
	text = norm.NFKD.String(strings.ToLower(text))
	f.known[r] = text
	return text
}
