package query

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
)

// Document returns the document of a capture for jarvis.Index: the tokens of the
// text in the image, of the window's title, of the title marked by
// jarvis.TitleMark, and of the address marked by jarvis.URLMark. It is empty when
// there are none.
func Document(text, title, address string) string {
	b := documentBuilder{}
	b.Grow(len(text) + len(text)/2 + 2*len(title) + len(address))
	titled := Tokens(title)
	b.section(Tokens(text), "")
	b.section(titled, "")
	b.section(titled, jarvis.TitleMark)
	b.section(Tokens(plainAddress(address)), jarvis.URLMark)
	return b.String()
}

type documentBuilder struct{ strings.Builder }

// section adds tokens, each with a mark, behind a gap.
func (b *documentBuilder) section(tokens []Token, mark string) {
	if len(tokens) > 0 && b.Len() > 0 {
		b.WriteString(" " + jarvis.DocumentGap)
	}
	for _, token := range tokens {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(mark)
		b.WriteString(token.Text)
	}
}

// plainAddress returns an address without percent signs, which hide words, where
// it can.
func plainAddress(address string) string {
	plain, err := url.PathUnescape(address)
	if err != nil || !utf8.ValidString(plain) {
		return address
	}
	return plain
}
