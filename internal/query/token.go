package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/jarvis-memory/jarvis"
)

// Token is a word of a text, as it is indexed and compared.
//
// Words are sequences of letters, digits and marks. Scripts that have no blanks
// between words, Chinese and Japanese among them, are cut into pairs: a run of
// characters, in which blanks do not count, becomes each two that are neighbours,
// and its last one alone. So every word of two characters or more is a phrase of
// pairs, and every character is the beginning of a token.
type Token struct {
	Text       string // folded; letters, digits and marks only
	Start, End int    // the bytes of the source that it was made of
}

// maxWord is the longest token without the mark of a field, in bytes: the rest of
// a longer word is left out.
const maxWord = jarvis.MaxToken - len(jarvis.TitleMark)

// Tokens cuts text into tokens, in order. Two tokens may be made of the same
// bytes, such as those of "½".
func Tokens(text string) []Token {
	t := tokenizer{source: text, tokens: make([]Token, 0, len(text)/6+1)}
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf {
			i = t.ascii(i)
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		for _, folded := range t.fold(r) {
			t.add(folded, i, i+size)
		}
		i += size
	}
	t.endWord()
	t.endRun()
	return t.tokens
}

// tokenizer is at one place of a text: in a word, in a run, or between two. It
// may be in a run behind which there was a blank.
type tokenizer struct {
	source string
	tokens []Token
	folder

	word     []byte // decomposed and folded
	wordSpan span
	full     bool // the word is as long as it may be

	run   []character
	blank bool // blanks are behind the run
	lines int  // line feeds among them
}

type span struct{ start, end int }

// character is one of a run.
type character struct {
	r rune
	span
}

// ascii reads what begins at i with an ASCII character, and returns where it
// went to.
func (t *tokenizer) ascii(i int) int {
	end, lower := i, true
	for ; len(t.word) == 0 && end < len(t.source) && isASCIIWord(t.source[end]); end++ {
		if c := t.source[end]; 'A' <= c && c <= 'Z' {
			lower = false
		}
	}
	// Most words are such: neither joined to what is before, nor to what is behind.
	if n := end - i; n > 0 && n <= maxWord && (end == len(t.source) || t.source[end] < utf8.RuneSelf) {
		t.endRun()
		text := t.source[i:end]
		if !lower {
			text = strings.ToLower(text)
		}
		t.tokens = append(t.tokens, Token{text, i, end})
		return end
	}
	t.add(unicode.ToLower(rune(t.source[i])), i, i+1)
	return i + 1
}

func isASCIIWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// add takes a folded character that was made of the bytes [start, end).
func (t *tokenizer) add(r rune, start, end int) {
	switch classOf(r) {
	case classIgnored:
		t.extend(end)
	case classVoiced:
		t.voice(r)
		t.extend(end)
	case classRun:
		t.endWord()
		if t.lines > 1 { // another paragraph
			t.endRun()
		}
		t.run = append(t.run, character{r, span{start, end}})
		t.blank, t.lines = false, 0
	case classWord:
		t.endRun()
		t.addToWord(r, start, end)
	case classBlank:
		t.endWord()
		t.blank = true
		if r == '\n' {
			t.lines++
		}
	case classSeparator:
		t.endWord()
		t.endRun()
	}
}

// extend makes the bytes up to end part of what is before.
func (t *tokenizer) extend(end int) {
	switch {
	case len(t.word) > 0 && !t.full:
		t.wordSpan.end = end
	case len(t.run) > 0 && !t.blank:
		t.run[len(t.run)-1].end = end
	}
}

// voice puts a voiced sound mark on the kana before, if it can have one.
func (t *tokenizer) voice(mark rune) {
	if len(t.run) == 0 || t.blank {
		return
	}
	last := &t.run[len(t.run)-1]
	composed := norm.NFC.String(string([]rune{last.r, mark}))
	if r, size := utf8.DecodeRuneInString(composed); size == len(composed) {
		last.r = r
	}
}

func (t *tokenizer) addToWord(r rune, start, end int) {
	if len(t.word) == 0 {
		t.wordSpan.start, t.full = start, false
	}
	if t.full || len(t.word)+utf8.RuneLen(r) > maxWord {
		t.full = true
		return
	}
	t.word = utf8.AppendRune(t.word, r)
	t.wordSpan.end = end
}

func (t *tokenizer) endWord() {
	if len(t.word) == 0 {
		return
	}
	text := string(norm.NFC.Bytes(t.word))
	t.tokens = append(t.tokens, Token{text, t.wordSpan.start, t.wordSpan.end})
	t.word = t.word[:0]
}

func (t *tokenizer) endRun() {
	if n := len(t.run); n > 0 {
		runes := make([]rune, n)
		for i, c := range t.run {
			runes[i] = c.r
		}
		text := string(runes)
		for i, c := range t.run[:n-1] {
			first, second := utf8.RuneLen(c.r), utf8.RuneLen(t.run[i+1].r)
			t.tokens = append(t.tokens, Token{text[:first+second], c.start, t.run[i+1].end})
			text = text[first:]
		}
		last := t.run[n-1]
		t.tokens = append(t.tokens, Token{text, last.start, last.end})
		t.run = t.run[:0]
	}
	t.blank, t.lines = false, 0
}

// inRun reports whether a token was made of a run.
func inRun(token string) bool {
	r, _ := utf8.DecodeRuneInString(token)
	return classOf(r) == classRun
}

// isSingle reports whether a token is one character.
func isSingle(token string) bool {
	_, size := utf8.DecodeRuneInString(token)
	return size == len(token)
}

// continues reports whether next goes on with the run whose pair is before it.
func continues(pair, next string) bool {
	if !inRun(pair) || isSingle(pair) {
		return false
	}
	_, size := utf8.DecodeRuneInString(pair)
	return strings.HasPrefix(next, pair[size:])
}
