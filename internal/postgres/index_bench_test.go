package postgres

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

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

func BenchmarkCatalog_FindMatches(b *testing.B) {
	searchDatabase(b)
}
