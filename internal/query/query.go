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

// Bounds of a query. What is beyond them is left out, and missing in what
// String returns.
const (
	maxText    = 8192 // bytes that are looked at: any query that String returns has fewer
	maxForm    = 4096 // bytes of what String returns
	maxAtoms   = 64
	maxPhrase  = 64   // tokens of an atom
	maxBytes   = 2048 // of the tokens of an atom
	maxPattern = 1024 // bytes
)

// Parse reads a query. now and loc, nil for UTC, are those of its dates. It
// understands every text: what looks like a condition and is none is taken as
// words, and what has no token is left out. A text that says nothing is the zero
// Query. Patterns of apps and devices are not resolved: their Names are nil.
func Parse(text string, now time.Time, loc *time.Location) jarvis.Query {
	if loc == nil {
		loc = time.UTC
	}
	p := parser{now: now, loc: loc}
	var (
		q      jarvis.Query
		clause jarvis.Clause
		atoms  int
		form   int
	)
	terms := lex(jarvis.CleanText(text, maxText))
	for i, t := range terms {
		if t.operator != "" {
			continue
		}
		if joined := i > 0 && terms[i-1].operator == operatorOr; !joined && len(clause) > 0 {
			q.Clauses = append(q.Clauses, clause)
			clause = nil
		}
		atom, ok := p.atom(t)
		if !ok {
			continue
		}
		form += len(atomString(atom)) + len(" or ")
		if atoms++; atoms > maxAtoms || form > maxForm {
			break
		}
		clause = append(clause, atom)
	}
	if len(clause) > 0 {
		q.Clauses = append(q.Clauses, clause)
	}
	return q
}
