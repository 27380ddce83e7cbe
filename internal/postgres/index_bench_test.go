package postgres

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/catalogtest"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// searchDatabase returns a catalogue of many captures with documents: that of
// JARVIS_BENCH_POSTGRES_URL, which stays, or one of its own. An empty one is
// filled, with a million captures in the former.
func searchDatabase(b *testing.B) *Catalog {
	b.Helper()
	url, n := os.Getenv("JARVIS_BENCH_POSTGRES_URL"), 1_000_000
	if url == "" {
		url, n = cluster.NewDatabase(b), proof.Rounds(10_000, 1_000_000)
	}
	c := openAt(b, url)
	var filled bool
	if err := c.pool.QueryRow(b.Context(), "SELECT EXISTS (SELECT FROM documents)").Scan(&filled); err != nil {
		b.Fatal(err)
	}
	if !filled {
		fillDocuments(b, c, n)
	}
	return c
}

// fillDocuments is fill with texts and documents.
func fillDocuments(t testing.TB, c *Catalog, n int) {
	t.Helper()
	var definition string
	if err := c.pool.QueryRow(t.Context(), "SELECT pg_get_indexdef('ix_documents_words'::regclass)").Scan(&definition); err != nil {
		t.Fatal(err)
	}
	c.run(t, "DROP INDEX ix_documents_words")
	corpus := catalogtest.NewCorpus()
	fillWith(t, c, n, func(i int) *string {
		text := corpus.Document(i)
		return &text
	})
	i := -1
	err := c.alone(t.Context(), func(conn *pgx.Conn) error {
		_, err := conn.CopyFrom(t.Context(), pgx.Identifier{"documents"}, []string{"capture_id", "captured_at", "words"},
			pgx.CopyFromFunc(func() ([]any, error) {
				if i++; i == n {
					return nil, nil
				}
				s := sample(int64(i))
				return []any{s.ID.String(), s.Timestamp, corpus.Document(i)}, nil
			}))
		return err
	})
	if err != nil {
		t.Fatalf("copy %d documents: %v", n, err)
	}
	c.run(t, "SET maintenance_work_mem = '1GB'", definition, "ALTER INDEX ix_documents_words ALTER COLUMN 1 SET STATISTICS 0")
	c.run(t, "VACUUM ANALYZE documents")
}

// BenchmarkCatalog_FindMatches measures first pages of each kind of query, with a
// filter of one month and without, as a person sees them, as they are grouped, and
// as facets count them.
func BenchmarkCatalog_FindMatches(b *testing.B) {
	c := searchDatabase(b)
	var documents int
	var oldest, newest time.Time
	if err := c.pool.QueryRow(b.Context(), "SELECT count(*), min(captured_at), max(captured_at) FROM documents").Scan(&documents, &oldest, &newest); err != nil {
		b.Fatal(err)
	}
	corpus := catalogtest.NewCorpus()
	for _, kind := range catalogtest.QueryKinds {
		for _, month := range []bool{false, true} {
			for _, limit := range []int{20, 100, 2000, jarvis.MaxMatches} {
				b.Run(fmt.Sprintf("%s/Month=%v/Limit=%d", kind, month, limit), func(b *testing.B) {
					measure(b, func(random *rand.Rand) error {
						q := corpus.Query(kind, random.IntN(1000), documents)
						if month {
							from := oldest.Add(time.Duration(random.Int64N(int64(newest.Sub(oldest)))))
							q.Clauses = append(q.Clauses, jarvis.Clause{{Kind: jarvis.AtomTime, From: from, To: from.AddDate(0, 1, 0)}})
						}
						_, err := c.FindMatches(b.Context(), jarvis.MatchFilter{Query: q, Limit: limit})
						return err
					})
				})
			}
		}
		b.Run(fmt.Sprintf("%s/Relevance", kind), func(b *testing.B) {
			measure(b, func(random *rand.Rand) error {
				_, err := c.FindMatches(b.Context(), jarvis.MatchFilter{Query: corpus.Query(kind, random.IntN(1000), documents), Sort: jarvis.SortRelevance, Limit: 20})
				return err
			})
		})
	}
}
