package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/postgres"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
)

type migrateCmd struct {
	Up     migrateUpCmd     `cmd:"" help:"Apply the migrations that are missing."`
	Down   migrateDownCmd   `cmd:"" help:"Undo the last migration."`
	Status migrateStatusCmd `cmd:"" help:"List the migrations."`
}

// Help is the long help.
func (migrateCmd) Help() string {
	return `Every command brings an older database up to date by itself; these are for those who
want to choose the moment. An SQLite catalogue is copied aside first. The database is
never younger than the program: a newer one is refused.

Examples:

    jarvis migrate status
    jarvis migrate up
    jarvis migrate down --yes
`
}

type migrateUpCmd struct{ creation }

// Help is the long help.
func (migrateUpCmd) Help() string {
	return `Example:

    jarvis migrate up
`
}

// Run applies the migrations.
func (cmd migrateUpCmd) Run(ctx context.Context, a *app) error {
	cmd.creation.set(a)
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	applied, err := a.migrateUp(ctx, cfg)
	if err != nil {
		return err
	}
	if len(applied) == 0 && !a.json {
		a.note("The database is up to date.")
	}
	return a.printMigrations(applied, cfg.Location)
}

func (a *app) migrateUp(ctx context.Context, cfg *config.Config) ([]jarvis.Migration, error) {
	if cfg.Database.Kind() == config.PostgreSQL {
		return a.migrateUpPostgres(ctx, cfg)
	}
	o, _, err := a.sqliteOptions(ctx, cfg, storeMayBeNew)
	if err != nil {
		return nil, err
	}
	return sqlite.MigrateUp(ctx, o)
}

// migrateUpPostgres applies the migrations, and makes the store that a new
// catalogue is of.
func (a *app) migrateUpPostgres(ctx context.Context, cfg *config.Config) ([]jarvis.Migration, error) {
	o := postgres.Options{URL: cfg.Database.DSN()}
	migrations, err := postgres.MigrationStatus(ctx, o)
	if err != nil {
		return nil, err
	}
	if lastApplied(migrations) != nil || postgres.HoldsOlderStore(ctx, o.URL) {
		return postgres.MigrateUp(ctx, o)
	}
	if o, err = a.newPostgres(ctx, cfg); err != nil {
		return nil, err
	}
	applied, err := postgres.MigrateUp(ctx, o)
	if err != nil {
		return nil, err
	}
	c, err := postgres.Open(ctx, o)
	if err != nil {
		return applied, err
	}
	return applied, c.Close()
}

type migrateDownCmd struct {
	Yes bool `short:"y" help:"Do not ask."`
}

// Help is the long help.
func (migrateDownCmd) Help() string {
	return `Undoes the last migration, so that an older program can work with the database. What
only the newer one knows is lost. No other process may use the store meanwhile.

Example:

    jarvis migrate down
`
}

// Run undoes the last migration.
func (cmd migrateDownCmd) Run(ctx context.Context, a *app) error {
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	migrations, err := a.migrationStatus(ctx, cfg)
	if err != nil {
		return err
	}
	last := lastApplied(migrations)
	if last == nil {
		return jarvis.Errorf(jarvis.CodeConflict, "no migration was applied: there is nothing to undo")
	}
	question := "Undo migration " + strconv.FormatInt(last.Version, 10) + " (" + last.Name + ")? What only it keeps is lost."
	if err := a.confirm(ctx, cmd.Yes, question); err != nil {
		return err
	}
	var undone jarvis.Migration
	if cfg.Database.Kind() == config.PostgreSQL {
		undone, err = postgres.MigrateDown(ctx, postgres.Options{URL: cfg.Database.DSN()})
	} else {
		undone, err = a.migrateDownSQLite(ctx, cfg)
	}
	if err != nil {
		return err
	}
	return a.printMigrations([]jarvis.Migration{undone}, cfg.Location)
}

func (a *app) migrateDownSQLite(ctx context.Context, cfg *config.Config) (jarvis.Migration, error) {
	o, _, err := a.sqliteOptions(ctx, cfg, storeMustExist)
	if err != nil {
		return jarvis.Migration{}, err
	}
	return sqlite.MigrateDown(ctx, o)
}

// lastApplied returns the last migration that was applied, and nil for none.
func lastApplied(migrations []jarvis.Migration) *jarvis.Migration {
	for i := len(migrations) - 1; i >= 0; i-- {
		if !migrations[i].AppliedAt.IsZero() {
			return &migrations[i]
		}
	}
	return nil
}

type migrateStatusCmd struct{}

// Help is the long help.
func (migrateStatusCmd) Help() string {
	return `Lists the migrations that this program knows, and when each was applied. Changes
nothing.

Example:

    jarvis migrate status --json | jq -r 'select(.applied_at == null).name'
`
}

// Run lists the migrations.
func (migrateStatusCmd) Run(ctx context.Context, a *app) error {
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	migrations, err := a.migrationStatus(ctx, cfg)
	if err != nil {
		return err
	}
	return a.printMigrations(migrations, cfg.Location)
}

func (a *app) migrationStatus(ctx context.Context, cfg *config.Config) ([]jarvis.Migration, error) {
	if cfg.Database.Kind() == config.PostgreSQL {
		return postgres.MigrationStatus(ctx, postgres.Options{URL: cfg.Database.DSN()})
	}
	o, _, err := a.sqliteOptions(ctx, cfg, storeMustExist)
	if err != nil {
		return nil, err
	}
	return sqlite.MigrationStatus(ctx, o)
}

// migration is the line of --json for one migration.
type migration struct {
	Version   int64      `json:"version"`
	Name      string     `json:"name"`
	AppliedAt *time.Time `json:"applied_at"` // null when it is not applied
}

func (a *app) printMigrations(migrations []jarvis.Migration, loc *time.Location) error {
	t := table{columns: []column{{title: "VERSION", right: true}, {title: "NAME"}, {title: "APPLIED"}}}
	for _, m := range migrations {
		line, applied := migration{Version: m.Version, Name: m.Name}, "no"
		if !m.AppliedAt.IsZero() {
			line.AppliedAt, applied = &m.AppliedAt, timeText(m.AppliedAt, loc)
		}
		if !a.json {
			t.add(strconv.FormatInt(m.Version, 10), m.Name, applied)
			continue
		}
		if err := a.printJSON(line); err != nil {
			return err
		}
	}
	t.print(a.console, true)
	return nil
}
