package cli

import (
	"context"
	"strconv"
	"time"

	"github.com/jarvis-memory/jarvis"
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
	cfg, err := a.loadOwnConfig("migrate")
	if err != nil {
		return err
	}
	applied, err := a.databaseOf(cfg).migrateUp(ctx)
	if err != nil {
		return err
	}
	if len(applied) == 0 && !a.json {
		a.note("The database is up to date.")
	}
	return a.printMigrations(applied, cfg.Location)
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
	cfg, err := a.loadOwnConfig("migrate")
	if err != nil {
		return err
	}
	db := a.databaseOf(cfg)
	migrations, err := db.migrations(ctx)
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
	undone, err := db.migrateDown(ctx)
	if err != nil {
		return err
	}
	return a.printMigrations([]jarvis.Migration{undone}, cfg.Location)
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
	cfg, err := a.loadOwnConfig("migrate")
	if err != nil {
		return err
	}
	migrations, err := a.databaseOf(cfg).migrations(ctx)
	if err != nil {
		return err
	}
	return a.printMigrations(migrations, cfg.Location)
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
