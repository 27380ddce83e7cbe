package search

import (
	"slices"
	"strings"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/query"
)

// terms describes the clauses of a query.
func terms(q jarvis.Query) []jarvis.Term {
	all := make([]jarvis.Term, len(q.Clauses))
	for i, clause := range q.Clauses {
		all[i] = jarvis.Term{
			Query:   query.String(jarvis.Query{Clauses: []jarvis.Clause{clause}}),
			Without: query.String(without(q, i)),
			Filter:  !slices.ContainsFunc(clause, isPlainWords),
		}
	}
	return all
}

// without returns q without one of its clauses.
func without(q jarvis.Query, i int) jarvis.Query {
	return jarvis.Query{Clauses: slices.Delete(slices.Clone(q.Clauses), i, i+1)}
}

// isPlainWords reports whether an atom looks for words wherever they are.
func isPlainWords(a jarvis.Atom) bool {
	return a.Kind == jarvis.AtomWords && !a.Not && !isField(a)
}

// isField reports whether an atom looks for words of the title or the address.
func isField(a jarvis.Atom) bool {
	return strings.HasPrefix(a.Tokens[0], jarvis.TitleMark) || strings.HasPrefix(a.Tokens[0], jarvis.URLMark)
}

// autoSort returns the order in which results of a query are best read: there is a
// best one where words are looked for.
func autoSort(q jarvis.Query) jarvis.Sort {
	for _, clause := range q.Clauses {
		if slices.ContainsFunc(clause, func(a jarvis.Atom) bool { return a.Kind == jarvis.AtomWords && !a.Not }) {
			return jarvis.SortRelevance
		}
	}
	return jarvis.SortTime
}
