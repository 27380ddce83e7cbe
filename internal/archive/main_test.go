package archive_test

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"

	"go.uber.org/goleak"

	"github.com/jarvis-memory/jarvis/internal/pgtest"
	"github.com/jarvis-memory/jarvis/internal/postgres"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

var server pgtest.Server

func TestMain(m *testing.M) {
	// A default that -rapid.checks still overrides.
	if err := flag.Set("rapid.checks", strconv.Itoa(proof.Rounds(20, 2000))); err != nil {
		panic(err)
	}
	code := server.Main(m)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func openPostgres(t testing.TB, url string, s seal) *postgres.Catalog {
	t.Helper()
	catalog, err := postgres.Open(t.Context(), postgres.Options{URL: url, NewStore: s.store})
	if err != nil {
		t.Fatalf("open PostgreSQL: %v", err)
	}
	t.Cleanup(func() { closeOf(t, catalog) })
	return catalog
}

// onBoth runs a test on SQLite and on PostgreSQL, plain and sealed.
func onBoth(t *testing.T, test func(*testing.T, *rig)) {
	t.Run("SQLite", func(t *testing.T) {
		bothWays(t, func(t *testing.T, s seal) { test(t, newRig(t, s)) })
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		bothWays(t, func(t *testing.T, s seal) { test(t, newRigOn(t, s, openPostgres(t, server.NewDatabase(t), s))) })
	})
}

// onSQLite runs a test on SQLite, plain and sealed.
func onSQLite(t *testing.T, test func(*testing.T, *rig)) {
	bothWays(t, func(t *testing.T, s seal) { test(t, newRig(t, s)) })
}
