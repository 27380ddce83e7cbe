package postgres

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
)

// matcher is a query as PostgreSQL can answer it.
type matcher struct {
	query  jarvis.Query
	words  []jarvis.Clause // those that the index of words is asked for, of words only
	others []jarvis.Clause // without those of Query.Range
	rare   *jarvis.Atom    // of others, what holds for so few captures that they are read; see narrow
	prefix bool            // of words, one has a prefix: the index reads all that begins so, whatever else is asked
	phrase bool            // of words, one has a phrase: the index finds more than there is
}

func newMatcher(q jarvis.Query) *matcher {
	m := &matcher{query: q}
	for _, clause := range q.Clauses {
		if len(clause) == 1 && clause[0].Kind == jarvis.AtomTime && !clause[0].Not {
			continue // see newSearch
		}
		if !indexed(clause) {
			m.others = append(m.others, clause)
			continue
		}
		m.words = append(m.words, clause)
		for _, a := range clause {
			m.prefix = m.prefix || a.Prefix
			m.phrase = m.phrase || len(a.Tokens) > 1
		}
	}
	return m
}

// indexed reports whether a clause can be asked of the index: each of its atoms is
// of tokens as documents have them.
func indexed(clause jarvis.Clause) bool {
	return len(clause) > 0 && !slices.ContainsFunc(clause, func(a jarvis.Atom) bool {
		return a.Kind != jarvis.AtomWords || a.Not || len(a.Tokens) == 0 || slices.ContainsFunc(a.Tokens, func(token string) bool {
			return token == "" || len(token) > jarvis.MaxToken || strings.Contains(token, " ") || !storable(token)
		})
	})
}

// storable reports whether PostgreSQL can have a text. None that it cannot have is
// found in it.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// grams returns the pairs of tokens of all phrases of words; see jarvis_gram.
func (m *matcher) grams() (pairs []string) {
	for _, clause := range m.words {
		for _, a := range clause {
			for i := range whole(a)[1:] {
				pairs = append(pairs, a.Tokens[i]+" "+a.Tokens[i+1])
			}
		}
	}
	return pairs
}

// whole returns the tokens of an atom that are not only the beginning of one; the
// first of a prefix alone too.
func whole(a jarvis.Atom) []string {
	if a.Prefix && len(a.Tokens) > 1 {
		return a.Tokens[:len(a.Tokens)-1]
	}
	return a.Tokens
}

// lexemes returns the tsquery that the index is asked, with what stands for each
// of the pairs of grams.
func (m *matcher) lexemes(grams map[string]string) string {
	clauses := make([]string, len(m.words))
	for i, clause := range m.words {
		atoms := make([]string, len(clause))
		for j, a := range clause {
			var all []string
			for k, token := range a.Tokens {
				lexeme := quoteLexeme(token)
				if a.Prefix && k == len(a.Tokens)-1 {
					lexeme += ":*"
				}
				all = append(all, lexeme)
				if k > 0 && k < len(whole(a)) {
					all = append(all, quoteLexeme(grams[a.Tokens[k-1]+" "+token]))
				}
			}
			atoms[j] = "(" + strings.Join(all, "&") + ")"
		}
		clauses[i] = "(" + strings.Join(atoms, "|") + ")"
	}
	return strings.Join(clauses, "&")
}

func quoteLexeme(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(text) + "'"
}

// documentWords is the document of a row of captures, which may have none.
const documentWords = `(SELECT words FROM documents WHERE captured_at = c.timestamp AND capture_id = c.id COLLATE "C")`

// clause adds a clause as a condition on a row c of captures whose document is
// an expression.
func (w *conditions) clause(clause jarvis.Clause, document string) {
	atoms := make([]string, len(clause))
	for i, a := range clause {
		atoms[i] = w.atom(a, document)
		if a.Not {
			atoms[i] = "NOT " + atoms[i]
		}
	}
	if len(atoms) == 0 {
		atoms = []string{"false"}
	}
	w.clauses = append(w.clauses, "("+strings.Join(atoms, " OR ")+")")
}

// atom returns an atom without its Not; it is never NULL.
func (w *conditions) atom(a jarvis.Atom, document string) string {
	switch a.Kind {
	case jarvis.AtomApp:
		return "c.app_name = ANY (" + w.place(storables(a.Names)) + "::text[])"
	case jarvis.AtomDevice:
		return "c.device = ANY (" + w.place(storables(a.Names)) + "::text[])"
	case jarvis.AtomMonitor:
		return "coalesce(c.monitor_index, 0) = " + w.place(a.Monitor) + "::bigint"
	case jarvis.AtomTime:
		all := &conditions{args: w.args}
		all.between("c.timestamp", a.From, a.To)
		w.args = all.args
		return "(" + strings.Join(append(all.clauses, "true"), " AND ") + ")"
	case jarvis.AtomText:
		return "coalesce(c.ocr_text <> '', false)"
	case jarvis.AtomPinned:
		return `EXISTS (SELECT FROM pins WHERE pins.captured_at = c.timestamp AND pins.capture_id = c.id COLLATE "C")`
	}
	if len(a.Tokens) == 0 || !storable(strings.Join(a.Tokens, " ")) {
		return "false"
	}
	return fmt.Sprintf("coalesce(strpos(' ' || %s || ' ', %s::text COLLATE \"C\") > 0, false)", document, w.place(sought(a)))
}

// sought returns what is in a document, between blanks, where an atom of words holds.
func sought(a jarvis.Atom) string {
	text := " " + strings.Join(a.Tokens, " ")
	if !a.Prefix {
		text += " "
	}
	return text
}

// storables returns the names that captures can have; never nil.
func storables(names []string) []string {
	return slices.DeleteFunc(append([]string{}, names...), func(name string) bool { return !storable(name) })
}
