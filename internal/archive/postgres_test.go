package archive_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/jarvis-memory/jarvis/internal/pgtest"
	"github.com/jarvis-memory/jarvis/internal/postgres"
)

var server pgtest.Server

func TestMain(m *testing.M) {
	code := server.Main(m)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func openPostgres(t testing.TB, url string) *postgres.Catalog {
	t.Helper()
	catalog, err := postgres.Open(t.Context(), postgres.Options{URL: url})
	if err != nil {
		t.Fatalf("open PostgreSQL: %v", err)
	}
	t.Cleanup(func() { closeOf(t, catalog) })
	return catalog
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(*testing.T, *rig)) {
	t.Run("SQLite", func(t *testing.T) { test(t, newRig(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, newRigOn(t, openPostgres(t, server.NewDatabase(t)))) })
}
