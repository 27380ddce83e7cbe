package sqlite

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// FindMatches implements jarvis.Index. A word, and whatever else it is joined
// with, is walked through in the full-text index from the newest on, until the
// page is full: seq, its rowid, is the order of time.
func (c *Catalog) FindMatches(ctx context.Context, f jarvis.MatchFilter) ([]*jarvis.Match, error) {
	limit, err := f.Page()
	if err != nil {
		return nil, err
	}
	return read(ctx, c, "search", func(on *conn) (matches []*jarvis.Match, err error) {
		err = on.view(func() error {
			if f.Sort == jarvis.SortRelevance {
				matches, err = rank(on, newMatcher(f.Query, jarvis.Cursor{}), f.Skip, limit)
				return err
			}
			matches, err = find(on, newMatcher(f.Query, f.After), f.After, limit)
			return err
		})
		return matches, err
	})
}

// How much is looked through before another way is taken.
const (
	// fewRows is how many pins, or captures of an app or a device, are looked
	// through rather than all that the full-text index finds.
	fewRows = 2000
	// nearRows is how many documents are looked through for a prefix: when the page
	// is full by then, the index has not to gather all that begins so.
	nearRows = 1000
	// mergedNames is how many indexes are walked side by side for as many names.
	mergedNames = 30
)

// find returns the newest matches after a position.
func find(on *conn, m *matcher, after jarvis.Cursor, limit int) ([]*jarvis.Match, error) {
	p := newPager[*jarvis.Match](after, limit)
	s, err := m.choose(on)
	if err == nil && s.near != "" {
		var done bool
		if done, err = findNear(on, m, &s, p); done {
			return p.page(), err
		}
	}
	if err == nil {
		err = p.query(on, scanMatch, s.sql(matchColumns), s.args...)
	}
	return p.page(), err
}

// selecting is a statement that selects what matches, the newest first.
type selecting struct {
	parts []string // of a compound
	order string
	args  []any
	near  string
}

func (s *selecting) sql(columns string) string {
	all := make([]string, len(s.parts))
	for i, part := range s.parts {
		all[i] = "SELECT " + columns + " FROM " + part
	}
	return strings.Join(all, " UNION ALL ") + " ORDER BY " + s.order
}

// add adds a part of tables and conditions.
func (s *selecting) add(tables string, terms ...term) {
	var all []string
	for _, t := range terms {
		all = append(all, t.sql)
		s.args = append(s.args, t.args...)
		if t.document && !strings.Contains(tables, "documents") {
			tables += " LEFT JOIN documents ON documents.seq = captures.seq"
		}
	}
	s.parts = append(s.parts, tables+" WHERE "+strings.Join(all, " AND "))
}

func (m *matcher) seqs(column string) term {
	return term{sql: column + " BETWEEN ? AND ?", args: []any{m.first(), m.last()}}
}

// choose returns the way that finds matches in their order with the least to
// look through.
func (m *matcher) choose(on *conn) (s selecting, err error) {
	words := m.hasWords()
	all := slices.Concat(m.terms, clauseTerms(m.words, m.prefixes, m.without))
	if m.pinned {
		few := true
		if words {
			few, err = fewer(on, "pins WHERE captured_at >= ? AND captured_at < ?", m.from, m.to)
		}
		if err != nil || few {
			s.order = "captured_at DESC"
			s.add("pins CROSS JOIN captures ON captures.id = capture_id", append(all, m.times("captured_at"))...)
			return s, err
		}
	}
	if m.names != nil && len(m.names.values) <= mergedNames {
		few := true
		if words {
			few, err = m.fewOfNames(on)
		}
		if err != nil || few {
			m.addNames(&s, all)
			return s, err
		}
	}
	if words {
		m.addSearch(&s)
		return s, nil
	}
	s.order = "captures.seq DESC"
	s.add("captures NOT INDEXED", append(all, m.seqs("captures.seq"))...)
	return s, nil
}

// times is the range of times.
func (m *matcher) times(column string) term {
	return term{sql: column + " >= ? AND " + column + " < ?", args: []any{m.from, m.to}}
}

// addSearch asks the full-text index.
func (m *matcher) addSearch(s *selecting) {
	s.order = "search.rowid DESC"
	match := term{sql: "search MATCH ?", args: []any{expression(slices.Concat(m.words, m.prefixes), m.without)}}
	s.add("search CROSS JOIN captures ON captures.seq = search.rowid", append([]term{match, m.seqs("search.rowid")}, m.terms...)...)
	if len(m.prefixes) > 0 {
		s.near = "documents"
	}
}

// addNames walks through the index of each name at once.
func (m *matcher) addNames(s *selecting, terms []term) {
	s.order = "timestamp DESC, id DESC"
	index := "captures INDEXED BY ix_captures_" + m.names.column
	for _, value := range m.names.values {
		s.add(index, append([]term{{sql: m.names.column + " = ?", args: []any{value}}, m.times("timestamp")}, terms...)...)
	}
	if len(m.names.values) == 0 {
		s.add(index, term{sql: "false"})
	}
}

// fewOfNames reports whether the names have few captures.
func (m *matcher) fewOfNames(on *conn) (bool, error) {
	left := fewRows
	for _, value := range m.names.values {
		n, err := on.number("SELECT count(*) FROM (SELECT 1 FROM captures INDEXED BY ix_captures_"+m.names.column+
			" WHERE "+m.names.column+" = ? AND timestamp >= ? AND timestamp < ? LIMIT ?)", value, m.from, m.to, left+1)
		if left -= int(n); err != nil || left < 0 {
			return false, err
		}
	}
	return true, nil
}

func fewer(on *conn, rows string, args ...any) (bool, error) {
	n, err := on.number("SELECT count(*) FROM (SELECT 1 FROM "+rows+" LIMIT ?)", append(args, fewRows+1)...)
	return n <= fewRows, err
}

// errFar ends the look at documents that are near.
var errFar = errors.New("enough documents were looked through")

// findNear looks for prefixes in the newest documents themselves. It reports
// whether the page is full, or there are no more; else s goes on where it ended.
func findNear(on *conn, m *matcher, s *selecting, p *pager[*jarvis.Match]) (done bool, err error) {
	var near selecting
	holds := clauseTerms(m.prefixes)
	if len(m.words) > 0 {
		near.order = "search.rowid DESC"
		near.add("search CROSS JOIN documents ON documents.seq = search.rowid",
			term{sql: "search MATCH ?", args: []any{expression(m.words, m.without)}}, m.seqs("search.rowid"))
	} else {
		holds = append(holds, clauseTerms(m.without)...)
		near.order = "documents.seq DESC"
		near.add("documents", m.seqs("documents.seq"))
	}
	column, args := "", []any(nil)
	for i, t := range holds {
		if i > 0 {
			column += " AND "
		}
		column, args = column+t.sql, append(args, t.args...)
	}
	var one selecting
	one.order = "captures.seq"
	one.add("captures", append([]term{{sql: "captures.seq = ?", args: []any{nil}}}, m.terms...)...)
	oneSQL := one.sql(matchColumns)

	looked, last := 0, int64(0)
	err = on.queryOnce(func(row *sqlite3.Stmt) error {
		if looked >= nearRows {
			return errFar
		}
		looked, last = looked+1, row.ColumnInt64(0)
		if !row.ColumnBool(1) {
			return nil
		}
		one.args[0] = last
		var match *jarvis.Match
		err := on.query(func(s *sqlite3.Stmt) (err error) {
			match, err = scanMatch(s)
			return err
		}, oneSQL, one.args...)
		if err != nil || match == nil {
			return err
		}
		return p.add(match)
	}, near.sql("documents.seq, "+column), append(args, near.args...)...)
	switch {
	case errors.Is(err, errPageFull):
		return true, nil
	case errors.Is(err, errFar):
		s.before(last)
		return false, nil
	}
	return true, err
}

// before leaves out a seq and what comes after it. Of a search, the second and
// third argument are the range.
func (s *selecting) before(seq int64) { s.args[2] = seq - 1 }

// ranked is a match and how good it is.
type ranked struct {
	seq   int64
	score float64
}

// rank returns a part of the best matches among the newest.
func rank(on *conn, m *matcher, skip, limit int) ([]*jarvis.Match, error) {
	if !m.hasWords() {
		matches, err := find(on, m, jarvis.Cursor{}, min(skip+limit, jarvis.MaxRanked))
		return matches[min(skip, len(matches)):], err
	}
	var s selecting
	m.addSearch(&s)
	var all []ranked
	err := on.queryOnce(func(row *sqlite3.Stmt) error {
		all = append(all, ranked{row.ColumnInt64(0), -row.ColumnFloat(1)})
		return nil
	}, s.sql("search.rowid, bm25(search)")+" LIMIT ?", append(s.args, jarvis.MaxRanked)...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.seq, a.seq)) })
	all = all[min(skip, len(all)):]
	all = all[:min(limit, len(all))]
	matches := make([]*jarvis.Match, 0, len(all))
	for _, r := range all {
		err := on.query(func(s *sqlite3.Stmt) error {
			match, err := scanMatch(s)
			if err == nil {
				match.Score = r.score
				matches = append(matches, match)
			}
			return err
		}, "SELECT "+matchColumns+" FROM captures WHERE seq = ?", r.seq)
		if err != nil {
			return nil, err
		}
	}
	return matches, nil
}
