package query

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
)

// maxFields is how much of a document its title and its address can take. Some
// characters become eleven times as long.
const maxFields = jarvis.MaxDocument / 2

// Document returns the document of a capture for jarvis.Index: the tokens of the
// text in the image, of the window's title, of the title marked by
// jarvis.TitleMark, and of the address marked by jarvis.URLMark. It is empty when
// there are none.
//
// The end of a text that would make it longer than jarvis.MaxDocument is left
// out, for every database alike: no image has as much.
func Document(text, title, address string) string {
	fields := documentBuilder{most: maxFields}
	titled := Tokens(title)
	fields.section(titled, "")
	fields.section(titled, jarvis.TitleMark)
	fields.section(Tokens(plainAddress(address)), jarvis.URLMark)
	b := documentBuilder{most: jarvis.MaxDocument - len(gap) - fields.Len()}
	b.Grow(min(len(text)+len(text)/2, b.most) + len(gap) + fields.Len())
	b.section(Tokens(text), "")
	if b.Len() > 0 && fields.Len() > 0 {
		b.WriteString(gap)
	}
	b.WriteString(fields.String())
	return b.String()
}

// gap is what is between two fields.
const gap = " " + jarvis.DocumentGap + " "

// documentBuilder makes a document of so many bytes at most.
type documentBuilder struct {
	strings.Builder
	most int
}

// section adds those first tokens that have room, each with a mark, behind a gap.
func (b *documentBuilder) section(tokens []Token, mark string) {
	before := ""
	if b.Len() > 0 {
		before = gap
	}
	for _, token := range tokens {
		if b.Len()+len(before)+len(mark)+len(token.Text) > b.most {
			return
		}
		b.WriteString(before)
		b.WriteString(mark)
		b.WriteString(token.Text)
		before = " "
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
