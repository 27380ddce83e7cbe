package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jarvis-memory/jarvis"
)

// defaultWalked is how many documents a search reads, the newest first, before it
// asks the index of words: as many as take a few milliseconds. A word that is in
// every tenth of them fills its page from them; of a rarer one they tell how rare
// it is.
const defaultWalked = 1000

// search finds what a query matches, the newest first, as rows of some columns of
// c, a row of captures, and d, a row of documents where the query has words.
//
// It never leaves to PostgreSQL how: whether it is quicker to walk through the
// newest, or to have all of a word and sort them, is not in its statistics, which
// hold nothing of what documents say. The newest documents are walked through,
// and then the index is asked for one span of time after the other, each as long
// as those before it let expect that it fills the page.
type search[T any] struct {
	tx       pgx.Tx
	m        *matcher
	walked   int // documents to begin with
	columns  func(*conditions) string
	scan     pgx.RowToFunc[T]
	captures bool      // the columns are of c
	document bool      // the columns are of what d says
	from     time.Time // zero for no bound
	before   edge
}

// edge is what rows come before: a capture, all of an instant where there is no
// id, or nothing.
type edge struct {
	at time.Time
	id string
}

// newSearch returns a search that begins after a position.
func newSearch[T any](tx pgx.Tx, m *matcher, walked int, columns func(*conditions) string, scan pgx.RowToFunc[T], after jarvis.Cursor) *search[T] {
	s := &search[T]{tx: tx, m: m, walked: walked, columns: columns, scan: scan}
	from, to := m.query.Range()
	if !from.IsZero() {
		s.from = bound(from)
	}
	if !to.IsZero() {
		s.before = edge{at: bound(to)}
	}
	if !after.IsZero() && (to.IsZero() || after.Timestamp.Before(to)) {
		s.before = edge{floor(after.Timestamp), after.ID.String()}
	}
	return s
}

// in adds that a row lies in the search's range, by the columns of its position.
func (s *search[T]) in(w *conditions, at, id string) {
	if !s.from.IsZero() {
		w.add(at+" >= %s::timestamptz", s.from)
	}
	switch {
	case s.before.id != "":
		w.add("("+at+", "+id+`) < (%s::timestamptz, %s::text COLLATE "C")`, s.before.at, s.before.id)
	case !s.before.at.IsZero():
		w.add(at+" < %s::timestamptz", s.before.at)
	}
}

// find returns at most limit rows.
func (s *search[T]) find(ctx context.Context, limit int) ([]T, error) {
	if len(s.m.words) == 0 {
		return s.query(ctx, s.list(limit))
	}
	rows, err := s.query(ctx, s.walk(s.walked, limit))
	seen, span := 0, time.Duration(0)
	for step := s.walked; ; {
		if err != nil || len(rows) == limit {
			return rows, err
		}
		r, err := s.reach(ctx, step)
		if err != nil || r.last.at.IsZero() {
			return rows, err
		}
		s.before, seen = r.last, seen+step
		span += r.newest.Sub(r.last.at)
		if !s.m.prefix || !denser(len(rows), seen, limit-len(rows), r.all) {
			return s.ask(ctx, rows, limit, span, r.oldest)
		}
		step = min((limit-len(rows))*seen*5/4/len(rows)+1, 20*defaultWalked)
		more, err := s.query(ctx, s.walk(step, limit-len(rows)))
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
}

// denser reports whether it is quicker to walk on than to ask the index for a
// prefix, of which that reads all there is, whatever the time: rows of so many
// documents match, more are wanted, and there are so many documents. To look at a
// document takes some 30 times as long as to read an entry of the index.
func denser(rows, of, wanted int, all float64) bool {
	share := float64(rows) / float64(of)
	return share*share*all > 30*float64(wanted)
}

// statement is SQL with its arguments.
type statement struct {
	sql  string
	args []any
}

func (s *search[T]) query(ctx context.Context, q statement) ([]T, error) {
	rows, err := s.tx.Query(ctx, q.sql, q.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, s.scan)
}

const newestFirst = " ORDER BY captured_at DESC, capture_id DESC "

// walk reads rows of the newest documents.
func (s *search[T]) walk(documents, limit int) statement {
	w := new(conditions)
	s.in(w, "captured_at", "capture_id")
	list := "SELECT captured_at, capture_id, words FROM documents" + w.String() + newestFirst + "LIMIT " + w.place(documents)
	return s.matching(list, w.args, s.m.words, limit)
}

// captureOf is the capture of d, for FROM and before its name. Without OFFSET,
// PostgreSQL may read captures in some order of its own, and all of them.
const captureOf = `CROSS JOIN LATERAL (
		SELECT * FROM captures WHERE timestamp = d.captured_at AND id COLLATE "C" = d.capture_id OFFSET 0
	) AS `

// matching reads rows of a list of documents that match: of the clauses of words it
// looks at some only.
func (s *search[T]) matching(list string, args []any, words []jarvis.Clause, limit int) statement {
	w := &conditions{args: args}
	for _, clause := range slices.Concat(words, s.m.others) {
		w.clause(clause, "d.words")
	}
	from := "(" + list + ") AS d"
	if s.captures || len(s.m.others) > 0 {
		from += " " + captureOf + "c"
	}
	sql := "SELECT " + s.columns(w) + " FROM " + from + w.String() + " ORDER BY d.captured_at DESC, d.capture_id DESC LIMIT " + w.place(limit)
	return statement{sql, w.args}
}

// reach is how far a walk of some documents goes.
type reach struct {
	newest, oldest time.Time // of all in range
	last           edge      // the last document of the walk; none when there are not as many
	all            float64   // how many documents there are, some time ago
}

func (s *search[T]) reach(ctx context.Context, documents int) (r reach, err error) {
	q := s.reachStatement(documents)
	err = s.tx.QueryRow(ctx, q.sql, q.args...).Scan(&r.newest, &r.last.at, &r.last.id, &r.oldest, &r.all)
	if errors.Is(err, pgx.ErrNoRows) {
		return reach{}, nil
	}
	if r.oldest.Before(s.from) {
		r.oldest = s.from
	}
	return r, err
}

func (s *search[T]) reachStatement(documents int) statement {
	w := new(conditions)
	s.in(w, "captured_at", "capture_id")
	from := " FROM documents" + w.String() + newestFirst
	sql := "SELECT (SELECT captured_at" + from + "LIMIT 1) AS newest, captured_at, capture_id, (SELECT min(captured_at) FROM documents) AS oldest, " +
		"(SELECT reltuples::float8 FROM pg_class WHERE oid = 'documents'::regclass)" + from + "OFFSET " + w.place(documents-1) + " LIMIT 1"
	return statement{sql, w.args}
}

// longest keeps spans within what a time.Duration can hold, each 16 times longer
// than the one before.
const longest = 15 * 365 * 24 * time.Hour

// ask asks the index for one span of time after the other, beginning where the
// search is, until there are as many rows as wanted or none is left. The rows so
// far are of a span.
func (s *search[T]) ask(ctx context.Context, rows []T, limit int, span time.Duration, oldest time.Time) ([]T, error) {
	grams, err := s.grams(ctx)
	if err == nil {
		err = setPlanner(ctx, s.tx)
	}
	words := s.m.lexemes(grams)
	for done := false; err == nil && !done && len(rows) < limit; {
		factor := 16
		if n := len(rows); n > 0 {
			factor = max(1, min(factor, (limit-n)*3/2/n))
		}
		next := time.Duration(factor) * min(max(span, time.Hour), longest)
		from := s.before.at.Add(-next)
		if done = !from.After(oldest); done {
			from = oldest
		}
		var more []T
		more, err = s.query(ctx, s.asked(words, from, limit-len(rows)))
		rows = append(rows, more...)
		s.before = edge{at: from}
		span += next
	}
	return rows, err
}

// asked reads rows that are not before a time by the index. What it finds is had
// whole before it is looked at: so the index is all that PostgreSQL can use.
func (s *search[T]) asked(words string, from time.Time, limit int) statement {
	if hours := cover(from, s.before.at.Add(time.Microsecond)); hours != nil {
		for i := range hours {
			hours[i] = quoteLexeme(hours[i])
		}
		words += "&(" + strings.Join(hours, "|") + ")"
	}
	columns := "captured_at, capture_id"
	if s.document || s.m.phrase || len(s.m.others) > 0 {
		columns += ", words"
	}
	w := new(conditions)
	list := "WITH found AS MATERIALIZED (SELECT " + columns + " FROM documents WHERE jarvis_lexemes(words, captured_at) @@ " + w.place(words) + "::text::tsquery) "
	within := *s
	within.from = from
	within.in(w, "captured_at", "capture_id")
	list += "SELECT * FROM found" + w.String() + newestFirst + "OFFSET 0"
	phrases := slices.DeleteFunc(slices.Clone(s.m.words), func(clause jarvis.Clause) bool {
		return !slices.ContainsFunc(clause, func(a jarvis.Atom) bool { return len(a.Tokens) > 1 })
	})
	return s.matching(list, w.args, phrases, limit)
}

// grams returns what stands for each pair of tokens in the index.
func (s *search[T]) grams(ctx context.Context) (map[string]string, error) {
	pairs := s.m.grams()
	grams := make(map[string]string, len(pairs))
	if len(pairs) == 0 {
		return grams, nil
	}
	rows, err := s.tx.Query(ctx, "SELECT pair, jarvis_gram(pair) FROM unnest($1::text[]) AS pair", pairs)
	if err != nil {
		return nil, err
	}
	var pair, gram string
	_, err = pgx.ForEachRow(rows, []any{&pair, &gram}, func() error { grams[pair] = gram; return nil })
	return grams, err
}

// executor is what pgx's transactions and connections share.
type executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// setPlanner lets PostgreSQL use the index of words, and sort, until the
// transaction ends. A bitmap of a million rows has room.
func setPlanner(ctx context.Context, on executor) error {
	_, err := on.Exec(ctx, `SELECT set_config('enable_bitmapscan', 'on', true), set_config('enable_sort', 'on', true),
		set_config('enable_seqscan', 'off', true), set_config('max_parallel_workers_per_gather', '0', true), set_config('work_mem', '65536', true)`)
	return err
}
