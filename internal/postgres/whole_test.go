package postgres

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// extended returns a connection to a database with an extension that comes with
// PostgreSQL, and skips the test where it is not installed.
func extended(t testing.TB, url, extension string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if _, err := conn.Exec(t.Context(), "CREATE EXTENSION "+extension); err != nil {
		proof.Skip(t, "the extension %s cannot be used here: %v", extension, err)
	}
	return conn
}

// damageText removes a part of a long text from where PostgreSQL keeps those.
func damageText(t testing.TB, url string) {
	t.Helper()
	_, err := extended(t, url, "pg_surgery").Exec(t.Context(),
		"SELECT heap_force_kill(reltoastrelid, ARRAY['(0,2)'::tid]) FROM pg_class WHERE oid = 'captures'::regclass")
	if err != nil {
		t.Fatalf("damage a text: %v", err)
	}
}

// With amcheck, an index that lacks an entry is found; without it, it is not.
func TestCatalog_CheckWhole_Index(t *testing.T) {
	url := cluster.NewDatabase(t)
	c := openAt(t, url)
	for n := range 300 {
		if err := c.InsertCapture(t.Context(), sample(int64(n))); err != nil {
			t.Fatalf("InsertCapture: %v", err)
		}
	}
	conn := extended(t, url, "amcheck")
	if err := c.CheckWhole(t.Context()); err != nil {
		t.Fatalf("CheckWhole of a sound catalogue: %v (%v)", err, errors.Unwrap(err))
	}
	// An index that was made for other rows is one that lost those of these.
	for _, statement := range []string{
		"CREATE INDEX part ON captures (timestamp) WHERE width < 0",
		"UPDATE pg_index SET indpred = NULL WHERE indexrelid = 'part'::regclass",
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := c.CheckWhole(t.Context()); !errors.Is(err, jarvis.ErrCorrupt) {
		t.Errorf("CheckWhole over an index without entries = %v (%v)", err, errors.Unwrap(err))
	}
	if _, err := conn.Exec(t.Context(), "DROP EXTENSION amcheck"); err != nil {
		t.Fatal(err)
	}
	if err := c.CheckWhole(t.Context()); err != nil {
		t.Errorf("CheckWhole without amcheck, which reads the tables only: %v", err)
	}
}

// An index of words that lacks documents is found, and RebuildIndex mends it.
func TestCatalog_CheckWhole_Words(t *testing.T) {
	c := openAt(t, cluster.NewDatabase(t))
	fill(t, c, 300)
	say(t, c)
	if err := c.CheckWhole(t.Context()); err != nil {
		t.Fatalf("CheckWhole of a sound catalogue: %v (%v)", err, errors.Unwrap(err))
	}
	c.run(t, "DROP INDEX ix_documents_words",
		"CREATE INDEX ix_documents_words ON documents USING gin (jarvis_lexemes(words, captured_at)) WHERE words LIKE '% rare%'",
		"UPDATE pg_index SET indpred = NULL WHERE indexrelid = 'ix_documents_words'::regclass")
	wantError(t, c.CheckWhole(t.Context()), jarvis.CodeCorrupt, "the index of words has 1 of 300 documents: make it anew with jarvis reindex")
	if err := c.RebuildIndex(t.Context(), nil); err != nil {
		t.Fatalf("RebuildIndex: %v", err)
	}
	if err := c.CheckWhole(t.Context()); err != nil {
		t.Errorf("CheckWhole of a mended catalogue: %v (%v)", err, errors.Unwrap(err))
	}
}

// Whatever ends a rebuilding, the next leaves nothing of it.
func TestCatalog_RebuildIndex_Interrupted(t *testing.T) {
	url := cluster.NewDatabase(t)
	c := openAt(t, url)
	fill(t, c, 300)
	say(t, c)
	const remains = "SELECT count(*) FROM pg_index WHERE indrelid = 'documents'::regclass AND NOT indisvalid"
	for name, interrupt := range map[string]func(cancel func()){
		"Cancelled": func(cancel func()) { cancel() },
		"ConnectionEnded": func(func()) {
			intOf(t, c, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'REINDEX%'")
		},
	} {
		t.Run(name, func(t *testing.T) {
			// It waits for a transaction that began before the new index was there.
			release := hold(t, url, "BEGIN", "UPDATE documents SET words = words || ' more' WHERE words LIKE '% rare%'")
			defer release()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ended := make(chan error, 1)
			go func() { ended <- c.RebuildIndex(ctx, nil) }()
			until(t, "another index is there", func() bool { return intOf(t, c, remains) > 0 })
			interrupt(cancel)
			if err := <-ended; err == nil {
				t.Fatal("RebuildIndex went on")
			}
			release()
			if err := c.RebuildIndex(t.Context(), nil); err != nil {
				t.Fatalf("RebuildIndex: %v", err)
			}
			if n := intOf(t, c, "SELECT count(*) FROM pg_index WHERE indrelid = 'documents'::regclass"); n != 2 {
				t.Errorf("documents has %d indexes", n)
			}
		})
	}
}
