package postgres

import (
	"fmt"
	"slices"

	"github.com/jarvis-memory/jarvis"
)

// list reads captures of a query that has no words to be looked for: all of them,
// the pinned ones, or those of some apps or devices.
func (s *search[T]) list(limit int) statement {
	w := new(conditions)
	for _, clause := range s.m.others { // an app tells more than a device
		if len(clause) != 1 || clause[0].Not {
			continue
		}
		switch a := clause[0]; {
		case a.Kind == jarvis.AtomPinned:
			s.in(w, "captured_at", "capture_id")
			return s.listed("pins CROSS JOIN LATERAL (SELECT * FROM captures WHERE timestamp = captured_at AND id COLLATE \"C\" = capture_id OFFSET 0) AS c",
				"captured_at DESC, capture_id DESC", w, limit)
		case a.Kind == jarvis.AtomApp && few(a.Names, limit):
			return s.named("left(%s, 200)", "app_name", a.Names, limit)
		}
	}
	for _, clause := range s.m.others {
		if len(clause) == 1 && !clause[0].Not && clause[0].Kind == jarvis.AtomDevice && few(clause[0].Names, limit) {
			return s.named("%s", "device", clause[0].Names, limit)
		}
	}
	s.in(w, "c.timestamp", `c.id COLLATE "C"`)
	return s.listed("captures AS c", timeOrder, w, limit)
}

// few reports whether to read a page of each of some names costs little. Of many,
// one comes soon in the order of time.
func few(names []string, limit int) bool { return len(names) <= 10 || len(names)*limit <= 10_000 }

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
