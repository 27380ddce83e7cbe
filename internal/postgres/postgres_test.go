package postgres

import (
	"context"
	"database/sql"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/catalogtest"
	"github.com/jarvis-memory/jarvis/internal/pgtest"
)

var cluster pgtest.Server

func TestMain(m *testing.M) { os.Exit(cluster.Main(m)) }

func TestCatalog(t *testing.T) {
	catalogtest.Run(t, catalogtest.Harness{
		New:           newDatabase,
		TimestampType: "timestamptz",
		Now:           "now()",
		VersionTable:  versionTable,
		BlockWrites:   "LOCK TABLE captures IN EXCLUSIVE MODE",
	})
}

// newDatabase makes one whose searches ask the index of words, although it has few
// documents.
func newDatabase(t testing.TB) catalogtest.Database {
	o := Options{URL: cluster.NewDatabase(t), walked: 7}
	return catalogtest.Database{
		Damage: func(t testing.TB, _ string) { damageText(t, o.URL) },
		Open:   func(ctx context.Context) (catalogtest.Catalog, error) { return Open(ctx, o) },
		OpenNew: func(ctx context.Context, n jarvis.NewStore) (catalogtest.Catalog, error) {
			return Open(ctx, Options{URL: o.URL, NewStore: n, walked: o.walked})
		},
		Status: func(ctx context.Context) ([]jarvis.Migration, error) { return MigrationStatus(ctx, o) },
		Up:     func(ctx context.Context) ([]jarvis.Migration, error) { return MigrateUp(ctx, o) },
		Down:   func(ctx context.Context) (jarvis.Migration, error) { return MigrateDown(ctx, o) },
		SQL: func(t testing.TB) *sql.DB {
			config, err := pgx.ParseConfig(o.URL)
			if err != nil {
				t.Fatalf("parse the URL of the test database: %v", err)
			}
			config.RuntimeParams["timezone"] = "UTC"
			db := stdlib.OpenDB(*config)
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			return db
		},
	}
}
