package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/jarvis-memory/jarvis"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

const (
	newestVersion = 6
	versionTable  = "jarvis_migrations"
)

// schema is what a database holds, as far as the catalogue is concerned.
type schema struct {
	version  int64 // of the newest migration applied; 0 when there is none
	captures bool  // a table captures
	ours     bool  // it has the nine columns of migration 1
	alembic  bool  // the version table of an older Jarvis
}

// querier is what pgx's pools and connections share.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func inspect(ctx context.Context, db querier) (schema, error) {
	var s schema
	var versioned bool
	err := db.QueryRow(ctx, `
		SELECT to_regclass('`+versionTable+`') IS NOT NULL, to_regclass('alembic_version') IS NOT NULL, to_regclass('captures') IS NOT NULL,
			9 = (SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('captures') AND NOT attisdropped AND attname IN
				('id', 'filepath', 'timestamp', 'monitor_index', 'width', 'height', 'file_size', 'ocr_text', 'created_at'))`).
		Scan(&versioned, &s.alembic, &s.captures, &s.ours)
	if err == nil && versioned {
		err = db.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+versionTable+" WHERE is_applied").Scan(&s.version)
	}
	return s, err
}

// check refuses a database that this program must not touch.
func (s schema) check() error {
	if s.version > newestVersion {
		return jarvis.Errorf(jarvis.CodeMismatch,
			"the catalogue has schema version %d and this program knows versions up to %d: use a newer jarvis", s.version, newestVersion)
	}
	if s.version == 0 && s.captures && !s.older() {
		return jarvis.Errorf(jarvis.CodeMismatch,
			"the database has a table captures that is not a catalogue of Jarvis: use another database")
	}
	return nil
}

// older reports whether the table is one that an older Jarvis made.
func (s schema) older() bool { return s.version == 0 && s.ours && s.alembic }

// MigrationStatus lists every migration that this program knows, oldest first.
// It changes nothing, and an empty database is one where none was applied.
func MigrationStatus(ctx context.Context, o Options) (migrations []jarvis.Migration, err error) {
	s, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, s.connConfig())
	if err != nil {
		return nil, s.translate(ctx, "read the migrations", err)
	}
	defer func() {
		err = s.translate(ctx, "read the migrations", errors.Join(err, conn.Close(ctx)))
	}()
	found, err := inspect(ctx, conn)
	if err := errors.Join(err, found.check()); err != nil {
		return nil, err
	}
	applied := make(map[int64]time.Time)
	if found.version > 0 {
		rows, err := conn.Query(ctx, "SELECT version_id, tstamp::timestamptz FROM "+versionTable+" WHERE is_applied")
		if err != nil {
			return nil, err
		}
		var version int64
		var at time.Time
		if _, err := pgx.ForEachRow(rows, []any{&version, &at}, func() error { applied[version] = at.UTC(); return nil }); err != nil {
			return nil, err
		}
	}
	files, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		m, err := migrationOf(file)
		if err != nil {
			return nil, err
		}
		m.AppliedAt = applied[m.Version]
		migrations = append(migrations, m)
	}
	return migrations, nil
}

// migrationOf returns the migration in a file called 00003_details.sql.
func migrationOf(file string) (jarvis.Migration, error) {
	version, err := goose.NumericComponent(file)
	if err != nil {
		return jarvis.Migration{}, err
	}
	_, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
	return jarvis.Migration{Version: version, Name: name}, nil
}

// MigrateUp applies the migrations that are missing and returns them, oldest
// first. On an adopted database the first is already there.
func MigrateUp(ctx context.Context, o Options) ([]jarvis.Migration, error) {
	s, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	applied, err := migrateUp(ctx, s, o.Logger)
	return applied, s.translate(ctx, "migrate up", err)
}

func migrateUp(ctx context.Context, s server, logger *slog.Logger) (applied []jarvis.Migration, err error) {
	err = s.migrate(ctx, func(conn *sql.Conn, provider *goose.Provider, found schema) error {
		if err := adoptable(ctx, conn, found); err != nil {
			return err
		}
		if found.older() {
			if err := baseline(ctx, conn); err != nil {
				return fmt.Errorf("adopt the database of an older Jarvis: %w", err)
			}
		}
		results, err := provider.Up(ctx)
		if sqlState(err) == stateForeignKeyViolation { // of an id that migration 2 puts in small letters
			return jarvis.CapitalsReferred()
		}
		if err != nil {
			return err
		}
		applied, err = migrationsOf(results, "up", logger)
		return err
	})
	return applied, err
}

// MigrateDown takes back the newest migration and returns it. What only its
// columns hold is lost. It is refused with CodeUnavailable while another Jarvis
// uses the database, and with CodeConflict when only migration 1 is left, which
// made the captures themselves.
func MigrateDown(ctx context.Context, o Options) (jarvis.Migration, error) {
	s, err := parse(o.URL)
	if err != nil {
		return jarvis.Migration{}, err
	}
	var undone jarvis.Migration
	err = s.migrate(ctx, func(conn *sql.Conn, provider *goose.Provider, found schema) error {
		if found.version <= 1 {
			return jarvis.Errorf(jarvis.CodeConflict, "there is no migration to undo: the first one made the captures themselves")
		}
		alone, err := takeAlone(ctx, conn)
		if err != nil {
			return err
		}
		if !alone {
			return jarvis.Errorf(jarvis.CodeUnavailable, "another jarvis works on database %q at %s: stop it, then try again", s.database(), s.address())
		}
		result, err := provider.Down(ctx)
		if err != nil {
			return err
		}
		all, err := migrationsOf([]*goose.MigrationResult{result}, "down", o.Logger)
		if err == nil {
			undone = all[0]
		}
		return err
	})
	return undone, s.translate(ctx, "migrate down", err)
}

// leaving is how long a connection that its client has closed may take to end on
// the server, and until then it holds its locks.
const leaving = 3 * time.Second

// takeAlone takes the lock of use for conn alone, and reports false when another
// connection keeps it. It asks again and again rather than wait in the lock's
// queue, where it would keep out new connections of those who may stay.
func takeAlone(ctx context.Context, conn *sql.Conn) (bool, error) {
	again := time.NewTicker(leaving / 100)
	defer again.Stop()
	for until := time.Now().Add(leaving); ; {
		var alone bool
		err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", useLock).Scan(&alone)
		if alone || err != nil || time.Now().After(until) {
			return alone, err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

func migrationsOf(results []*goose.MigrationResult, direction string, logger *slog.Logger) ([]jarvis.Migration, error) {
	var migrations []jarvis.Migration
	for _, r := range results {
		m, err := migrationOf(r.Source.Path)
		if err != nil {
			return nil, err
		}
		if direction == "up" {
			m.AppliedAt = jarvis.Instant(time.Now())
		}
		if logger != nil {
			logger.Info("migrated the catalogue", "direction", direction, "version", m.Version, "name", m.Name, "took", r.Duration)
		}
		migrations = append(migrations, m)
	}
	return migrations, nil
}

// migrate runs fn under the lock by which processes take turns, with a look at
// the database that was taken under it. Its connections have no time-out for
// statements, since a migration takes as long as it takes; they end with it, and
// the locks with them.
func (s server) migrate(ctx context.Context, fn func(*sql.Conn, *goose.Provider, schema) error) (err error) {
	db := stdlib.OpenDB(*s.connConfig())
	defer func() { err = errors.Join(err, db.Close()) }()
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", migrateLock); err != nil {
		return err
	}
	var found schema
	err = conn.Raw(func(driver any) (err error) {
		ours, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("a connection of pgx is a %T", driver)
		}
		found, err = inspect(ctx, ours.Conn())
		return err
	})
	if err := errors.Join(err, found.check()); err != nil {
		return err
	}
	return fn(conn, provider, found)
}

// baseline records migration 1 as applied.
func baseline(ctx context.Context, conn *sql.Conn) (err error) {
	store, err := database.NewStore(goose.DialectPostgres, versionTable)
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if rollback := tx.Rollback(); !errors.Is(rollback, sql.ErrTxDone) {
			err = errors.Join(err, rollback)
		}
	}()
	// goose keeps a version 0 in every table that it makes.
	err = store.CreateVersionTable(ctx, tx)
	for version := range int64(2) {
		if err == nil {
			err = store.Insert(ctx, tx, database.InsertRequest{Version: version})
		}
	}
	if err != nil {
		return err
	}
	return tx.Commit()
}
