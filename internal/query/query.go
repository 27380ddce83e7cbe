// Package query is the language of searches: it cuts texts into tokens, and
// turns what a person types into a jarvis.Query.
//
// Documents and queries go through the same [Tokens], and every catalogue
// stores and compares tokens as they are, so that all of them find the same.
// docs/search.md explains the language to those who search.
package query

import (
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Parse reads a query. now and loc, nil for UTC, are those of its dates. It
// understands every text: what looks like a condition and is none is taken as
// words, and what has no token is left out. A text that says nothing is the zero
// Query. Patterns of apps and devices are not resolved: their Names are nil.
func Parse(text string, now time.Time, loc *time.Location) jarvis.Query { return jarvis.Query{} }

// String returns q in the language that Parse reads, in one form for all texts
// that mean the same: parsed again, in the same zone, it is q.
func String(q jarvis.Query) string { return "" }

// Term returns the term of a query that looks for value in a field: app, device,
// title, url. It quotes where it has to.
func Term(field, value string) string { return "" }

// MatchName reports whether a name of an app or a device is one that a pattern
// means: it has the pattern's words, one after the other, the last of which may be
// only the beginning of a word.
func MatchName(pattern, name string) bool { return false }

// Token is a word of a text, as it is indexed and compared.
type Token struct {
	Text       string // folded; letters, digits and marks only
	Start, End int    // the bytes of the source that it was made of
}

// Tokens cuts text into tokens, in order.
func Tokens(text string) []Token { return nil }

// Document returns the document of a capture for jarvis.Index: the tokens of the
// text in the image, of the window's title, of the title marked by
// jarvis.TitleMark, and of the address marked by jarvis.URLMark. It is empty when
// there are none.
func Document(text, title, url string) string { return "" }

// Marks returns what q matches in text, in order and apart from each other. What
// must not be there, and what looks at titles and addresses only, marks nothing.
func Marks(q jarvis.Query, text string) []jarvis.Mark { return nil }

// Snippet returns a piece of about size bytes of text, in which as many of the
// marks lie as can, on one line. Marks are in order, apart from each other, as
// Marks returns them.
func Snippet(text string, marks []jarvis.Mark, size int) jarvis.Snippet { return jarvis.Snippet{} }
