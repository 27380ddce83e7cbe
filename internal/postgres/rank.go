package postgres

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
)

// Okapi BM25: how soon more of a word counts less, and how much less it counts in a
// long document.
const (
	saturation = 1.2
	lengthPart = 0.75
)

// ranked is a match with what its score is made of.
type ranked struct {
	at     time.Time
	id     string
	length float64   // of the document, in bytes
	times  []float64 // how often each term is in it
	score  float64
}

// rank returns the best of the newest matches. A word counts the more the fewer of
// the newest documents have it.
func rank(ctx context.Context, tx pgx.Tx, m *matcher, walked, skip, limit int) ([]*jarvis.Match, error) {
	terms := m.terms()
	s := newSearch(tx, m, walked, func(w *conditions) string { return rankColumns(w, m, terms) }, func(row pgx.CollectableRow) (*ranked, error) {
		r := &ranked{times: make([]float64, len(terms))}
		targets := []any{&r.at, &r.id, &r.length}
		for i := range r.times {
			targets = append(targets, &r.times[i])
		}
		return r, row.Scan(targets...)
	}, jarvis.Cursor{})
	s.document = true
	weights, average, err := weigh(ctx, tx, terms)
	if err != nil {
		return nil, err
	}
	all, err := s.find(ctx, jarvis.MaxRanked)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		for i, n := range r.times {
			r.score += weights[i] * n * (saturation + 1) / (n + saturation*(1-lengthPart+lengthPart*r.length/average))
		}
	}
	slices.SortStableFunc(all, func(a, b *ranked) int { return cmp.Compare(b.score, a.score) })
	page := all[min(skip, len(all)):]
	return ranking(ctx, tx, page[:min(limit, len(page))], len(all))
}

// terms are the words that a match is better with.
func (m *matcher) terms() (terms []string) {
	for _, clause := range m.query.Clauses {
		for _, a := range clause {
			if a.Kind == jarvis.AtomWords && !a.Not && len(a.Tokens) > 0 && storable(sought(a)) {
				terms = append(terms, sought(a))
			}
		}
	}
	return terms
}

// rankColumns are what a ranked is scanned from.
func rankColumns(w *conditions, m *matcher, terms []string) string {
	columns, document := []string{"d.captured_at", "d.capture_id"}, "d.words"
	if len(m.words) == 0 {
		columns, document = []string{"c.timestamp", "c.id"}, "coalesce("+documentWords+", '')"
	}
	columns = append(columns, "octet_length("+document+")::float8")
	for _, term := range terms {
		columns = append(columns, occurrences(document, term, w))
	}
	return strings.Join(columns, ", ")
}

// occurrences counts a term in a document. Of a word that follows itself at once,
// every second is counted: the blank between them belongs to the first.
func occurrences(document, term string, w *conditions) string {
	return fmt.Sprintf("(octet_length(%s) + 2 - octet_length(replace(' ' || %[1]s || ' ', %s::text, ''))) / %d.0::float8", document, w.place(term), len(term))
}

// weighed is how many of the newest documents tell what a word counts for.
const weighed = 500

// weigh returns what each term counts for, and the mean length of documents.
func weigh(ctx context.Context, tx pgx.Tx, terms []string) (weights []float64, average float64, err error) {
	w := new(conditions)
	columns := []string{"count(*)::float8", "coalesce(avg(octet_length(words)), 0)::float8"}
	having := make([]float64, len(terms))
	var all float64
	targets := []any{&all, &average}
	for i, term := range terms {
		columns = append(columns, "(count(*) FILTER (WHERE strpos(' ' || words || ' ', "+w.place(term)+` COLLATE "C") > 0))::float8`)
		targets = append(targets, &having[i])
	}
	sql := "SELECT " + strings.Join(columns, ", ") + " FROM (SELECT words FROM documents" + newestFirst + "LIMIT " + w.place(weighed) + ") AS newest"
	err = tx.QueryRow(ctx, sql, w.args...).Scan(targets...)
	for _, n := range having {
		weights = append(weights, math.Log(1+(all-n+0.5)/(n+0.5)))
	}
	return weights, max(average, 1), err
}

// ranking returns ranked matches in their order.
func ranking(ctx context.Context, tx pgx.Tx, page []*ranked, of int) ([]*jarvis.Match, error) {
	at, ids := make([]time.Time, len(page)), make([]string, len(page))
	for i, r := range page {
		at[i], ids[i] = r.at, r.id
	}
	rows, err := tx.Query(ctx, "SELECT "+matchColumns+`
		FROM unnest($1::timestamptz[], $2::text[]) WITH ORDINALITY AS d (captured_at, capture_id, place) `+captureOf+"c ORDER BY place", at, ids)
	if err != nil {
		return nil, err
	}
	matches, err := pgx.CollectRows(rows, scanMatch)
	if err != nil {
		return nil, err
	}
	scores := make(map[string]float64, len(page))
	for _, r := range page {
		scores[r.id] = r.score
	}
	for _, match := range matches {
		match.Score, match.Ranked = scores[match.ID.String()], of
	}
	return matches, nil
}
