package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// list reads captures of a query that has no words to be looked for: all of them,
// the pinned ones, or those of some apps or devices.
func (s *search[T]) list(limit int) statement {
	if s.m.rare != nil {
		return s.listOf(*s.m.rare, limit)
	}
	for _, kind := range []jarvis.AtomKind{jarvis.AtomPinned, jarvis.AtomApp, jarvis.AtomDevice} { // an app tells more than a device
		for _, clause := range s.m.others {
			if lists(clause, limit) && clause[0].Kind == kind {
				return s.listOf(clause[0], limit)
			}
		}
	}
	w := new(conditions)
	s.in(w, "c.timestamp", `c.id COLLATE "C"`)
	return s.listed("captures AS c", timeOrder, w, limit)
}

// lists reports whether a page of the captures for which a clause holds is had at
// little cost.
func lists(clause jarvis.Clause, limit int) bool {
	if len(clause) != 1 || clause[0].Not {
		return false
	}
	a := clause[0]
	return a.Kind == jarvis.AtomPinned || (a.Kind == jarvis.AtomApp || a.Kind == jarvis.AtomDevice) && few(a.Names, limit)
}

// listOf is list by an atom that lists.
func (s *search[T]) listOf(a jarvis.Atom, limit int) statement {
	switch a.Kind {
	case jarvis.AtomApp:
		return s.named("left(%s, 200)", "app_name", a.Names, limit)
	case jarvis.AtomDevice:
		return s.named("%s", "device", a.Names, limit)
	}
	w := new(conditions)
	s.in(w, "captured_at", "capture_id")
	return s.listed("pins CROSS JOIN LATERAL (SELECT * FROM captures WHERE timestamp = captured_at AND id COLLATE \"C\" = capture_id OFFSET 0) AS c",
		"captured_at DESC, capture_id DESC", w, limit)
}

// few reports whether to read a page of each of some names costs little. Of many,
// one comes soon in the order of time.
func few(names []string, limit int) bool { return len(names) <= 10 || len(names)*limit <= 10_000 }

// narrow has a query's words looked for in the captures that are pinned, or those
// of its app or device, and not in the index, where these are not as many as many:
// of a word that nearly every document has, the index would be asked for all.
func (m *matcher) narrow(ctx context.Context, tx pgx.Tx, many int, after jarvis.Cursor) error {
	if len(m.words) == 0 {
		return nil
	}
	for _, clause := range m.others {
		if !lists(clause, many) {
			continue
		}
		s := newSearch(tx, &matcher{query: m.query, rare: &clause[0]}, 0, func(*conditions) string { return "1" }, pgx.RowTo[int], after)
		rows, err := s.query(ctx, s.list(many))
		if err != nil {
			return err
		}
		if len(rows) < many {
			m.words, m.others, m.rare = nil, slices.Concat(m.others, m.words), &clause[0]
			return nil
		}
	}
	return nil
}

const timeOrder = `c.timestamp DESC, c.id COLLATE "C" DESC`

// listed reads those captures c of a list that match.
func (s *search[T]) listed(from, order string, w *conditions, limit int) statement {
	for _, clause := range s.m.others {
		w.clause(clause, documentWords)
	}
	sql := "SELECT " + s.columns(w) + " FROM " + from + w.String() + " ORDER BY " + order + " LIMIT " + w.place(limit)
	return statement{sql, w.args}
}

// named reads a page of each of some apps or devices, as pageStatement does, and
// of these the newest.
func (s *search[T]) named(key, column string, names []string, limit int) statement {
	names = storables(names)
	slices.Sort(names)
	w := new(conditions)
	each := w.place(slices.Compact(names))
	its, wanted := fmt.Sprintf(key, "c."+column), fmt.Sprintf(key, "n.name")
	switch {
	case s.before.id != "":
		w.add("("+its+`, c.timestamp, c.id COLLATE "C") < (`+wanted+`, %s::timestamptz, %s::text COLLATE "C")`, s.before.at, s.before.id)
	case !s.before.at.IsZero():
		w.add("("+its+", c.timestamp) < ("+wanted+", %s::timestamptz)", s.before.at)
	default:
		w.add("(" + its + ") <= (" + wanted + ")")
	}
	if s.from.IsZero() {
		w.add("(" + its + ") >= (" + wanted + ")")
	} else {
		w.add("("+its+", c.timestamp) >= ("+wanted+", %s::timestamptz)", s.from)
	}
	w.add("c." + column + " = n.name")
	for _, clause := range s.m.others {
		w.clause(clause, documentWords)
	}
	page := "SELECT c.* FROM captures AS c" + w.String() + " ORDER BY " + its + " DESC, " + timeOrder + " LIMIT " + w.place(limit)
	sql := "SELECT " + s.columns(w) + " FROM unnest(" + each + "::text[]) AS n (name) CROSS JOIN LATERAL (" + page + ") AS c ORDER BY " +
		timeOrder + " LIMIT " + w.place(limit)
	return statement{sql, w.args}
}
