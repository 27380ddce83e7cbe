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
	// nearRows is how many candidates are looked at for what the full-text index
	// does not say, or does not say at once: see scanNear.
	nearRows = 1000
	// gathered is how many places of a prefix are gathered in the time that it
	// takes to look at a document.
	gathered = 40
	// mostGathered is how many captures are gathered for a prefix at most, as far as
	// the nearest tell: the memory that it takes is not given back.
	mostGathered = 200_000
	// fewRows is how many pins, or captures of an app or a device, are looked
	// through rather than more candidates.
	fewRows = 2000
	// mergedNames is how many names' captures are walked through side by side.
	mergedNames = 30
)

// find returns the newest matches after a position.
func find(on *conn, m *matcher, after jarvis.Cursor, limit int) ([]*jarvis.Match, error) {
	p := newPager[*jarvis.Match](after, limit)
	if m.hasWords() && len(m.terms)+len(m.prefixes) > 0 {
		if done, err := findNear(on, m, p); done || err != nil {
			return p.page(), err
		}
	}
	s, err := choose(on, m)
	if err == nil {
		err = p.query(on, scanMatch, s.sql(matchColumns), s.args...)
	}
	return p.page(), err
}

// selecting is a statement that selects rows by their time, the newest first.
type selecting struct {
	parts []string // of a compound: tables and conditions
	order string
	args  []any
}

func (s *selecting) sql(columns string) string {
	all := make([]string, len(s.parts))
	for i, part := range s.parts {
		all[i] = "SELECT " + columns + " FROM " + part
	}
	return strings.Join(all, " UNION ALL ") + " ORDER BY " + s.order
}

// add adds a part.
func (s *selecting) add(tables string, terms ...term) {
	t := join(terms, " AND ")
	if t.document && !strings.Contains(tables, "documents") {
		tables += " LEFT JOIN documents ON documents.seq = captures.seq"
	}
	s.parts = append(s.parts, tables+" WHERE "+t.sql)
	s.args = append(s.args, t.args...)
}

// choose returns the way to all matches that has the least to look through.
func choose(on *conn, m *matcher) (s selecting, err error) {
	all := slices.Concat(m.terms, clauseTerms(m.words, m.prefixes, m.without))
	few := !m.hasWords()
	if m.pinned {
		if !few {
			few, err = hasFew(on, "pins WHERE captured_at >= ? AND captured_at < ?", m.from, m.to)
		}
		if err != nil || few {
			s.order = "captured_at DESC"
			s.add("pins CROSS JOIN captures ON captures.id = capture_id", append(all, m.times("captured_at"))...)
			return s, err
		}
	}
	if m.names != nil && len(m.names.values) <= mergedNames {
		if !few {
			few, err = m.names.areFew(on, m)
		}
		if err != nil || few {
			m.names.add(&s, append(all, m.times("timestamp")))
			return s, err
		}
	}
	if m.hasWords() {
		return searching(m, slices.Concat(m.words, m.prefixes), m.terms...), nil
	}
	s.order = "captures.seq DESC"
	s.add("captures NOT INDEXED", append(all, m.seqs("captures.seq"))...)
	return s, nil
}

// searching asks the full-text index.
func searching(m *matcher, clauses []jarvis.Clause, terms ...term) (s selecting) {
	s.order = "search.rowid DESC"
	match := term{sql: "search MATCH ?", args: []any{expression(clauses, m.without)}}
	s.add("search CROSS JOIN captures ON captures.seq = search.rowid", append([]term{match, m.seqs("search.rowid")}, terms...)...)
	return s
}

// add walks through the captures of each name side by side.
func (n *names) add(s *selecting, terms []term) {
	s.order = "timestamp DESC, id DESC"
	index := "captures INDEXED BY ix_captures_" + n.column
	for _, value := range n.values {
		s.add(index, append([]term{{sql: n.column + " = ?", args: []any{value}}}, terms...)...)
	}
	if len(n.values) == 0 {
		s.add(index, term{sql: "app_name = '' AND false"})
	}
}

// areFew reports whether the names have few captures in the times of m.
func (n *names) areFew(on *conn, m *matcher) (bool, error) {
	left := fewRows
	for _, value := range n.values {
		found, err := on.number("SELECT count(*) FROM (SELECT 1 FROM captures INDEXED BY ix_captures_"+n.column+
			" WHERE "+n.column+" = ? AND timestamp >= ? AND timestamp < ? LIMIT ?)", value, m.from, m.to, left+1)
		if left -= int(found); err != nil || left < 0 {
			return false, err
		}
	}
	return true, nil
}

// hasFew reports whether there are few rows.
func hasFew(on *conn, rows string, args ...any) (bool, error) {
	n, err := on.number("SELECT count(*) FROM (SELECT 1 FROM "+rows+" LIMIT ?)", append(args, fewRows+1)...)
	return n <= fewRows, err
}

// errFar ends the look at the candidates that are near.
var errFar = errors.New("enough candidates were looked at")

// findNear adds what matches among the newest candidates. The index has to gather
// all that begins with a prefix before it finds any, which takes long where there
// is much; and then the page is soon full without it. It reports whether it is, or
// there are no more; else m is about what is left.
func findNear(on *conn, m *matcher, p *pager[*jarvis.Match]) (done bool, err error) {
	captures, err := on.number("SELECT sum(captures) FROM devices")
	if err != nil {
		return false, err
	}
	sql, args := candidates(m)
	one := selecting{order: "captures.seq"}
	one.add("captures", append([]term{{sql: "captures.seq = ?", args: []any{nil}}}, m.terms...)...)
	oneSQL := one.sql(matchColumns)
	looked, begins, last := 0, 0, int64(0)
	err = on.query(func(row *sqlite3.Stmt) error {
		if looked > 0 && looked%nearRows == 0 && !worthLooking(p, looked, float64(begins)*float64(captures)/float64(looked)) {
			return errFar
		}
		looked, last = looked+1, row.ColumnInt64(0)
		if !row.ColumnBool(1) {
			return nil
		}
		if begins++; !row.ColumnBool(2) {
			return nil
		}
		one.args[0] = last
		return on.query(p.adder(scanMatch), oneSQL, one.args...)
	}, sql, args...)
	switch {
	case errors.Is(err, errPageFull):
		return true, nil
	case errors.Is(err, errFar):
		m.below = last
		m.keepApart(float64(begins) * float64(captures) / float64(looked))
		return false, nil
	}
	return true, err
}

// worthLooking reports whether the page is full sooner by looking at more candidates,
// of which so many were looked at, than by gathering what begins with a prefix.
func worthLooking(p *pager[*jarvis.Match], looked int, gather float64) bool {
	more := float64(p.limit-len(p.rows)) * float64(looked) / float64(len(p.rows)) // or infinite
	return more*gathered < gather
}

// candidates is a statement of seq, the newest first, whether all that is to begin
// with a prefix does, and whether all else holds but for m.terms: of those that
// the index finds by whole words, or else of all documents.
func candidates(m *matcher) (sql string, args []any) {
	begins := join(append(clauseTerms(m.prefixes), term{sql: "true"}), " AND ")
	if len(m.words) == 0 {
		holds := join(append(clauseTerms(m.without), term{sql: "true"}), " AND ")
		s := selecting{order: "documents.seq DESC"}
		s.add("documents", m.seqs("documents.seq"))
		return s.sql("documents.seq, " + begins.sql + ", " + holds.sql), slices.Concat(begins.args, holds.args, s.args)
	}
	holds := join(append(slices.Clip(m.terms), term{sql: "true"}), " AND ")
	s := searching(m, m.words)
	if begins.document || holds.document {
		s.parts[0] = strings.Replace(s.parts[0], " WHERE ", " LEFT JOIN documents ON documents.seq = captures.seq WHERE ", 1)
	}
	return s.sql("search.rowid, " + begins.sql + ", " + holds.sql), slices.Concat(begins.args, holds.args, s.args)
}

// keepApart keeps prefixes from the index if it would have to gather too much for
// them: then most documents have what begins so, and are looked at for it.
func (m *matcher) keepApart(gather float64) {
	if gather <= mostGathered {
		return
	}
	m.terms = append(m.terms, clauseTerms(m.prefixes)...)
	m.prefixes = nil
}

// ranked is a match and how good it is.
type ranked struct {
	seq   int64
	score float64
}

// rank returns a part of the best matches among the newest.
func rank(on *conn, m *matcher, skip, limit int) ([]*jarvis.Match, error) {
	if len(m.prefixes) > 0 {
		gather, err := estimate(on, m)
		if err != nil {
			return nil, err
		}
		m.keepApart(gather)
	}
	if !m.hasWords() { // what nearly all have says nothing
		return listAsRanked(on, m, skip, limit)
	}
	s := searching(m, slices.Concat(m.words, m.prefixes), m.terms...)
	var all []ranked
	err := on.query(func(row *sqlite3.Stmt) error {
		all = append(all, ranked{row.ColumnInt64(0), -row.ColumnFloat(1)})
		return nil
	}, s.sql("search.rowid, bm25(search)")+" LIMIT ?", append(s.args, jarvis.MaxRanked)...)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.seq, a.seq)) })
	of := len(all)
	all = all[min(skip, of):]
	all = all[:min(limit, len(all))]
	matches := make([]*jarvis.Match, 0, len(all))
	for _, r := range all {
		err := on.query(func(s *sqlite3.Stmt) error {
			match, err := scanMatch(s)
			if err == nil {
				match.Score, match.Ranked = r.score, of
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

// listAsRanked is rank where nothing tells one match from another: the newest first.
func listAsRanked(on *conn, m *matcher, skip, limit int) ([]*jarvis.Match, error) {
	s, err := choose(on, m)
	if err != nil {
		return nil, err
	}
	of, err := on.number("SELECT count(*) FROM ("+s.sql(matchColumns)+" LIMIT ?)", append(slices.Clone(s.args), jarvis.MaxRanked)...)
	if err != nil {
		return nil, err
	}
	matches, err := find(on, m, jarvis.Cursor{}, min(skip+limit, jarvis.MaxRanked))
	matches = matches[min(skip, len(matches)):]
	for _, match := range matches {
		match.Ranked = int(of)
	}
	return matches, err
}

// estimate returns how many captures have what begins with the prefixes, if all are
// as the nearest.
func estimate(on *conn, m *matcher) (float64, error) {
	begins, seqs := join(clauseTerms(m.prefixes), " AND "), m.seqs("seq")
	part := 0.0
	_, err := on.find(func(s *sqlite3.Stmt) { part = s.ColumnFloat(0) }, "SELECT avg("+begins.sql+
		") FROM (SELECT words FROM documents WHERE "+seqs.sql+" ORDER BY seq DESC LIMIT ?) AS documents",
		slices.Concat(begins.args, seqs.args, []any{nearRows})...)
	if err != nil {
		return 0, err
	}
	captures, err := on.number("SELECT sum(captures) FROM devices")
	return part * float64(captures), err
}
