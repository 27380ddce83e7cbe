package cli

import (
	"context"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/postgres"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
)

// database is what commands do with the database of a catalogue, of whatever
// kind it is.
type database struct {
	open        func(context.Context, existence) (jarvis.Catalog, error)
	migrations  func(context.Context) ([]jarvis.Migration, error) // CodeNotFound where there is no file
	migrateUp   func(context.Context) ([]jarvis.Migration, error)
	migrateDown func(context.Context) (jarvis.Migration, error)
}

func databaseOf(cfg *config.Config) database {
	if cfg.Database.Kind() == config.PostgreSQL {
		return postgresDatabase(cfg.Database.DSN())
	}
	return sqliteDatabase(cfg, cfg.Database.Path())
}

func postgresDatabase(url string) database {
	o := postgres.Options{URL: url}
	return database{
		open: func(ctx context.Context, may existence) (jarvis.Catalog, error) {
			return asCatalog(postgres.Open(ctx, postgres.Options{URL: url, MustExist: may == storeMustExist}))
		},
		migrations:  func(ctx context.Context) ([]jarvis.Migration, error) { return postgres.MigrationStatus(ctx, o) },
		migrateUp:   func(ctx context.Context) ([]jarvis.Migration, error) { return postgres.MigrateUp(ctx, o) },
		migrateDown: func(ctx context.Context) (jarvis.Migration, error) { return postgres.MigrateDown(ctx, o) },
	}
}

func sqliteDatabase(cfg *config.Config, path string) database {
	o := sqlite.Options{Path: path}
	return database{
		open: func(ctx context.Context, may existence) (jarvis.Catalog, error) {
			return asCatalog(sqlite.Open(ctx, sqlite.Options{Path: path, MustExist: may == storeMustExist}))
		},
		migrations: func(ctx context.Context) ([]jarvis.Migration, error) {
			if missing(path) {
				return nil, noStore(cfg)
			}
			return sqlite.MigrationStatus(ctx, sqlite.Options{Path: path, MustExist: true})
		},
		migrateUp:   func(ctx context.Context) ([]jarvis.Migration, error) { return sqlite.MigrateUp(ctx, o) },
		migrateDown: func(ctx context.Context) (jarvis.Migration, error) { return sqlite.MigrateDown(ctx, o) },
	}
}

// asCatalog returns nil, and not an interface that holds a nil pointer, with an
// error.
func asCatalog[C jarvis.Catalog](c C, err error) (jarvis.Catalog, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}
