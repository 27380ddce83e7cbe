package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	"github.com/ncruces/go-sqlite3/ext/fts5"
	"github.com/pressly/goose/v3"
	versions "github.com/pressly/goose/v3/database"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/filelock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// upgrade brings the database to the latest schema, and gives a new store its
// identity. Whoever calls it holds the
// lock alone, and c is the only connection.
func (db *database) upgrade(ctx context.Context, c *conn) error {
	s, err := inspect(c)
	if err != nil {
		return db.translate(ctx, "inspect", err)
	}
	if err := s.check(); err != nil {
		return err
	}
	if s.version < latest {
		if err := db.bringUp(ctx, c, s); err != nil {
			return err
		}
	}
	return db.translate(ctx, "identify the store", db.identify(c))
}

// bringUp applies the migrations that s lacks.
func (db *database) bringUp(ctx context.Context, c *conn, s schema) error {
	if err := adoptable(c, s); err != nil {
		return db.translate(ctx, "inspect", err)
	}
	if err := db.copyAside(ctx, c, s); err != nil {
		return db.translate(ctx, "copy aside", err)
	}
	err := db.migrate(c, func(p *goose.Provider, pool *sql.DB) error {
		if s.older() {
			if err := adopt(ctx, pool); err != nil {
				return err
			}
		}
		_, err := p.Up(ctx)
		return err
	})
	if err != nil {
		return db.translate(ctx, "upgrade", err)
	}
	db.log.Info("the catalogue was brought up to date", "path", db.path, "from", s.version, "to", latest, "adopted", s.older())
	// The rows were rewritten, and nothing is left that needs the WAL.
	return db.translate(ctx, "upgrade", truncateWAL(c))
}

// adopt records that the table of an older Jarvis is what migration 1 makes.
func adopt(ctx context.Context, pool *sql.DB) (err error) {
	store, err := versions.NewStore(versions.DialectSQLite3, versionTable)
	if err != nil {
		return err
	}
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	err = store.CreateVersionTable(ctx, tx)
	for version := int64(0); err == nil && version <= 1; version++ {
		err = store.Insert(ctx, tx, versions.InsertRequest{Version: version})
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// migrate runs use with goose on a connection of its own.
func (db *database) migrate(c *conn, use func(*goose.Provider, *sql.DB) error) (err error) {
	rest, err := readOthers(c)
	if err != nil {
		return err
	}
	var f functions
	pool, err := driver.Open(db.uri(db.path)+"&_txlock=immediate", func(c *sqlite3.Conn) error {
		// Foreign keys are off because dropping a table would delete what
		// refers to it; and legacy_alter_table, because renaming the new table
		// would redirect what refers to the old.
		return errors.Join(c.BusyTimeout(busyTimeout), fts5.Register(c), f.register(c), c.Exec(writerPragmas+`;
			PRAGMA foreign_keys = OFF;
			PRAGMA legacy_alter_table = ON;
			PRAGMA wal_autocheckpoint = 1000`))
	})
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(1)
	defer func() {
		err = joinClose(err, pool.Close())
		if f.problem != nil {
			err = f.problem
		}
	}()
	provider, err := goose.NewProvider(goose.DialectSQLite3, pool, rendered{migrations, rest.replacer()},
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return err
	}
	return use(provider, pool)
}

// rendered gives goose the migrations with what the database at hand needs put in.
type rendered struct {
	files    embed.FS
	replacer *strings.Replacer
}

func (r rendered) ReadDir(name string) ([]fs.DirEntry, error) {
	return r.files.ReadDir(path.Join("migrations", name))
}

func (r rendered) Open(name string) (fs.File, error) {
	f, err := r.files.Open(path.Join("migrations", name))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(f)
	return renderedFile{f, strings.NewReader(r.replacer.Replace(string(text)))}, err
}

type renderedFile struct {
	fs.File
	text *strings.Reader
}

func (f renderedFile) Read(p []byte) (int, error) { return f.text.Read(p) }

func (db *database) migrationStatus(ctx context.Context) ([]jarvis.Migration, error) {
	if _, err := os.Stat(db.path); errors.Is(err, fs.ErrNotExist) {
		return known()
	}
	if err := db.makeFolder(); err != nil {
		return nil, err
	}
	lock, err := filelock.Open(ctx, db.lockPath(), func(context.Context) error { return db.padWAL() })
	if err != nil {
		return nil, translateContext(ctx, err)
	}
	var status []jarvis.Migration
	connect := func() (*conn, error) { return db.connectReader(db.path) }
	err = withConn(ctx, connect, func(c *conn) error {
		return retryBusy(ctx, func() (err error) { status, err = applied(c); return err })
	})
	if err = joinClose(err, lock.Close()); err != nil {
		return nil, db.translate(ctx, "read the migrations", err)
	}
	return status, nil
}

// known lists the migrations as if none was applied.
func known() ([]jarvis.Migration, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	list := make([]jarvis.Migration, len(files))
	for i, file := range files {
		_, name, _ := strings.Cut(strings.TrimSuffix(path.Base(file), ".sql"), "_")
		list[i] = jarvis.Migration{Version: int64(i + 1), Name: name}
	}
	return list, nil
}

// applied lists the migrations with the times at which they were applied.
func applied(c *conn) ([]jarvis.Migration, error) {
	list, err := known()
	if err != nil {
		return nil, err
	}
	s, err := inspect(c)
	if err == nil {
		err = s.check()
	}
	if err != nil || !s.versioned {
		return list, err
	}
	err = c.query(func(row *sqlite3.Stmt) error {
		version := row.ColumnInt64(0)
		if version >= 1 && version <= latest {
			list[version-1].AppliedAt = time.Unix(row.ColumnInt64(1), 0).UTC()
		}
		return nil
	}, "SELECT version_id, unixepoch(tstamp) FROM "+versionTable+" WHERE is_applied")
	return list, err
}

func (db *database) migrateUp(ctx context.Context) ([]jarvis.Migration, error) {
	var done []jarvis.Migration
	err := db.alone(ctx, func(c *conn) error {
		s, err := inspect(c)
		if err != nil {
			return err
		}
		if err := db.upgrade(ctx, c); err != nil {
			return err
		}
		all, err := applied(c)
		if s.older() {
			s.version = 1
		}
		done = all[min(s.version, latest):]
		return err
	})
	return done, db.translate(ctx, "migrate up", err)
}

func (db *database) migrateDown(ctx context.Context) (jarvis.Migration, error) {
	db.mustExist = true
	var undone jarvis.Migration
	err := db.alone(ctx, func(c *conn) error {
		s, err := inspect(c)
		if err != nil {
			return err
		}
		if s.version <= 1 {
			return jarvis.Errorf(jarvis.CodeConflict, "there is no migration to undo: the first one made the captures themselves")
		}
		if err := db.copyAside(ctx, c, s); err != nil {
			return err
		}
		err = db.migrate(c, func(p *goose.Provider, _ *sql.DB) error {
			_, err := p.Down(ctx)
			return err
		})
		if err != nil {
			return err
		}
		all, err := known()
		if err != nil {
			return err
		}
		undone = all[s.version-1]
		return truncateWAL(c)
	})
	return undone, db.translate(ctx, "migrate down", err)
}

// alone runs use on a prepared database that no other process has open.
func (db *database) alone(ctx context.Context, use func(*conn) error) error {
	if err := db.makeFolder(); err != nil {
		return err
	}
	lock, err := filelock.OpenExclusive(ctx, db.lockPath())
	if err != nil {
		return translateContext(ctx, err)
	}
	c, err := db.prepare(ctx)
	if err == nil {
		err = joinClose(use(c), c.Close())
	}
	return joinClose(err, lock.Close())
}
