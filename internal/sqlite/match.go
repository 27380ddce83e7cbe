package sqlite

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// matcher is a query as SQLite can answer it: each clause is in one of its parts.
type matcher struct {
	// words and without are expressions of the full-text index, prefixes those
	// that have a prefix: what matches every one of words and prefixes, and none
	// of without.
	words, prefixes, without []jarvis.Clause

	terms []term // conditions on captures, and documents

	from, to int64 // microseconds; all that matches is in [from, to)
	below    int64 // seq from which on all is known; 0 when nothing is

	// What the most telling clauses ask for, which are terms too.
	names  *names
	pinned bool
}

// term is a condition in SQL.
type term struct {
	sql      string
	args     []any
	document bool // it looks at the document
}

// names are values of a column of which one is asked for.
type names struct {
	column string
	values []string
}

func newNames(column string, values []string) *names {
	values = slices.Clone(values)
	slices.Sort(values)
	return &names{column, slices.Compact(values)}
}

// newMatcher compiles a query for a page after a position.
func newMatcher(q jarvis.Query, after jarvis.Cursor) *matcher {
	m := &matcher{to: jarvis.MaxTime.UnixMicro() + 1}
	if !after.IsZero() {
		m.to = min(m.to, after.Timestamp.UnixMicro()+1)
	}
	for _, clause := range q.Clauses {
		if !m.wordClause(clause) {
			m.add(clause)
		}
	}
	from, to := q.Range()
	if !from.IsZero() {
		m.from = max(0, ceilMicros(from))
	}
	if !to.IsZero() {
		m.to = min(m.to, ceilMicros(to))
	}
	return m
}

// first and last are the seq of all that matches.
func (m *matcher) first() int64 { return seqBefore(m.from) + 1 }

func (m *matcher) last() int64 {
	if m.below > 0 {
		return m.below - 1
	}
	return seqBefore(m.to)
}

// seqs is the range of seq.
func (m *matcher) seqs(column string) term {
	return term{sql: column + " BETWEEN ? AND ?", args: []any{m.first(), m.last()}}
}

// times is the range of times. It is for a table whose order is that of captures:
// it knows below too.
func (m *matcher) times(column string) term {
	return term{
		sql:  column + " >= ? AND " + column + " < ? AND captures.seq <= ?",
		args: []any{m.from, m.to, m.last()},
	}
}

// hasWords reports whether the full-text index can be asked.
func (m *matcher) hasWords() bool { return len(m.words)+len(m.prefixes) > 0 }

// wordClause takes a clause that the full-text index answers.
func (m *matcher) wordClause(clause jarvis.Clause) bool {
	prefix := false
	for _, a := range clause {
		if a.Kind != jarvis.AtomWords || a.Not && len(clause) > 1 || !tokensSound(a) {
			return false
		}
		prefix = prefix || a.Prefix
	}
	switch {
	case len(clause) == 0 || clause[0].Not && prefix:
		return false
	case clause[0].Not:
		m.without = append(m.without, clause)
	case prefix:
		m.prefixes = append(m.prefixes, clause)
	default:
		m.words = append(m.words, clause)
	}
	return true
}

// tokensSound reports whether the full-text index takes the tokens for what they
// are: one with a character of control would be split.
func tokensSound(a jarvis.Atom) bool {
	return len(a.Tokens) > 0 && !slices.ContainsFunc(a.Tokens, func(token string) bool {
		return token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r == 0x7f })
	})
}

// add takes a clause as a condition.
func (m *matcher) add(clause jarvis.Clause) {
	m.terms = append(m.terms, clauseTerm(clause))
	if len(clause) != 1 || clause[0].Not {
		return
	}
	switch a := clause[0]; {
	case a.Kind == jarvis.AtomApp: // more telling than a device
		m.names = newNames("app_name", a.Names)
	case a.Kind == jarvis.AtomDevice && m.names == nil:
		m.names = newNames("device", a.Names)
	case a.Kind == jarvis.AtomPinned:
		m.pinned = true
	}
}

// clauseTerm is a clause as a condition.
func clauseTerm(clause jarvis.Clause) term {
	atoms := make([]term, len(clause))
	for i, a := range clause {
		if atoms[i] = atomTerm(a); a.Not {
			atoms[i].sql = "NOT " + atoms[i].sql
		}
	}
	if len(atoms) == 0 {
		return term{sql: "false"}
	}
	t := join(atoms, " OR ")
	t.sql = "(" + t.sql + ")"
	return t
}

// join makes one term of at least one.
func join(terms []term, operator string) (all term) {
	texts := make([]string, len(terms))
	for i, t := range terms {
		texts[i] = t.sql
		all.args = append(all.args, t.args...)
		all.document = all.document || t.document
	}
	all.sql = strings.Join(texts, operator)
	return all
}

// clauseTerms are conditions that each hold for one of the clauses.
func clauseTerms(lists ...[]jarvis.Clause) (terms []term) {
	for _, clauses := range lists {
		for _, clause := range clauses {
			terms = append(terms, clauseTerm(clause))
		}
	}
	return terms
}

// atomTerm is an atom, without its Not, on a row of captures and, where it has
// one, of documents. It is never NULL.
func atomTerm(a jarvis.Atom) term {
	switch a.Kind {
	case jarvis.AtomApp:
		return nameTerm("app_name", a.Names)
	case jarvis.AtomDevice:
		return nameTerm("device", a.Names)
	case jarvis.AtomMonitor:
		return term{sql: "coalesce(monitor_index, 0) = ?", args: []any{a.Monitor}}
	case jarvis.AtomTime:
		return timeTerm(a)
	case jarvis.AtomText:
		return term{sql: "coalesce(ocr_text, '') <> ''"}
	case jarvis.AtomPinned:
		return term{sql: isPinned}
	}
	return holdsTerm(a)
}

// timeTerm is exact where seq is not: captures of one microsecond may be so many
// that they have places of the next.
func timeTerm(a jarvis.Atom) term {
	t := term{sql: "true"}
	if !a.From.IsZero() {
		t = term{sql: "timestamp >= ?", args: []any{ceilMicros(a.From)}}
	}
	if !a.To.IsZero() {
		t = term{sql: "(" + t.sql + " AND timestamp < ?)", args: append(t.args, ceilMicros(a.To))}
	}
	return t
}

func nameTerm(column string, names []string) term {
	if len(names) == 1 {
		return term{sql: column + " = ?", args: []any{names[0]}}
	}
	return term{sql: column + " IN (SELECT value FROM json_each(?))", args: []any{jsonOf(names)}}
}

// jsonOf returns names as text of JSON, for SQL that stays the same however many
// there are.
func jsonOf(names []string) string {
	if names == nil {
		return "[]"
	}
	text, err := json.Marshal(names)
	if err != nil {
		return "[]" // strings always are JSON
	}
	return string(text)
}

// holdsTerm looks for words in the document itself.
func holdsTerm(a jarvis.Atom) term {
	words := " " + strings.Join(a.Tokens, " ")
	if !a.Prefix {
		words += " "
	}
	return term{sql: "(instr(coalesce(' ' || documents.words || ' ', ''), ?) > 0)", args: []any{words}, document: true}
}

// expression is what the full-text index is asked: all of some clauses, and none
// of others.
func expression(all, none []jarvis.Clause) string {
	text := make([]string, len(all))
	for i, clause := range all {
		text[i] = "(" + phrases(clause) + ")"
	}
	result := strings.Join(text, " AND ")
	if len(none) == 0 {
		return result
	}
	text = make([]string, len(none))
	for i, clause := range none {
		text[i] = phrases(clause)
	}
	return "(" + result + ") NOT (" + strings.Join(text, " OR ") + ")"
}

func phrases(clause jarvis.Clause) string {
	text := make([]string, len(clause))
	for i, a := range clause {
		if text[i] = phrase(a.Tokens); a.Prefix {
			text[i] += "*"
		}
	}
	return strings.Join(text, " OR ")
}

func phrase(tokens []string) string {
	return `"` + strings.ReplaceAll(strings.Join(tokens, " "), `"`, `""`) + `"`
}
