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
