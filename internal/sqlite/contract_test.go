package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/ncruces/go-sqlite3/driver"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/catalogtest"
)

// testKey is the key of every encrypted database in the tests.
var testKey = []byte("every mountain has 32 bytes of it")[:KeySize]

// withKeys runs a test for a plain and for an encrypted database.
func withKeys(t *testing.T, test func(t *testing.T, key []byte)) {
	t.Run("Plain", func(t *testing.T) { test(t, nil) })
	t.Run("Encrypted", func(t *testing.T) { test(t, testKey) })
}

func TestCatalog(t *testing.T) {
	withKeys(t, func(t *testing.T, key []byte) {
		t.Parallel() // most of it is waiting for the disk
		catalogtest.Run(t, catalogtest.Harness{
			New:           func(t testing.TB) catalogtest.Database { return newTestDatabase(t, key) },
			NewSealed:     func(t testing.TB) catalogtest.Database { return newTestDatabase(t, testKey) },
			TimestampType: "DATETIME",
			Now:           "CURRENT_TIMESTAMP",
			VersionTable:  versionTable,
			BlockWrites:   "UPDATE captures SET width = width WHERE false",
		})
	})
}

func newTestDatabase(t testing.TB, key []byte) catalogtest.Database {
	o := Options{Path: filepath.Join(t.TempDir(), "jarvis.db"), Key: key}
	openNew := func(ctx context.Context, n jarvis.NewStore) (catalogtest.Catalog, error) {
		o := o
		o.NewStore = n
		c, err := Open(ctx, o)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	return catalogtest.Database{
		Open:    func(ctx context.Context) (catalogtest.Catalog, error) { return openNew(ctx, jarvis.NewStore{}) },
		OpenNew: openNew,
		Status:  func(ctx context.Context) ([]jarvis.Migration, error) { return MigrationStatus(ctx, o) },
		Up:      func(ctx context.Context) ([]jarvis.Migration, error) { return MigrateUp(ctx, o) },
		Down:    func(ctx context.Context) (jarvis.Migration, error) { return MigrateDown(ctx, o) },
		SQL:     func(t testing.TB) *sql.DB { return openSQL(t, o) },
		Damage:  func(t testing.TB, text string) { damageText(t, o, text) },
	}
}

// openSQL opens a database below the catalogue, and makes it when it is missing.
func openSQL(t testing.TB, o Options) *sql.DB {
	t.Helper()
	db, err := newDatabase(o)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := driver.Open(db.uri(o.Path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.closeAfter(pool.Close()); err != nil {
			t.Errorf("close the database below the catalogue: %v", err)
		}
	})
	return pool
}
