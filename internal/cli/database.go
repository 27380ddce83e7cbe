package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/postgres"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

// database is what commands do with the database of a catalogue, of whatever
// kind it is.
type database struct {
	open        func(context.Context, existence) (*catalog, error)
	migrations  func(context.Context) ([]jarvis.Migration, error) // CodeNotFound where there is no file
	migrateUp   func(context.Context) ([]jarvis.Migration, error)
	migrateDown func(context.Context) (jarvis.Migration, error)
}

func (a *app) databaseOf(cfg *config.Config) database {
	if cfg.Database.Kind() == config.PostgreSQL {
		return a.postgresDatabase(cfg)
	}
	return a.sqliteDatabase(cfg)
}

func (a *app) postgresDatabase(cfg *config.Config) database {
	o := postgres.Options{URL: cfg.Database.DSN()}
	return database{
		open:        func(ctx context.Context, may existence) (*catalog, error) { return a.connectPostgres(ctx, cfg, may) },
		migrations:  func(ctx context.Context) ([]jarvis.Migration, error) { return postgres.MigrationStatus(ctx, o) },
		migrateUp:   func(ctx context.Context) ([]jarvis.Migration, error) { return a.migrateUpPostgres(ctx, cfg) },
		migrateDown: func(ctx context.Context) (jarvis.Migration, error) { return postgres.MigrateDown(ctx, o) },
	}
}

func (a *app) sqliteDatabase(cfg *config.Config) database {
	return database{
		open: func(ctx context.Context, may existence) (*catalog, error) { return a.connectSQLite(ctx, cfg, may) },
		migrations: func(ctx context.Context) ([]jarvis.Migration, error) {
			o, _, err := a.sqliteOptions(ctx, cfg, storeMustExist)
			if err != nil {
				return nil, err
			}
			return sqlite.MigrationStatus(ctx, o)
		},
		migrateUp: func(ctx context.Context) ([]jarvis.Migration, error) {
			o, key, err := a.sqliteOptions(ctx, cfg, storeMayBeNew)
			if err != nil {
				return nil, err
			}
			applied, err := sqlite.MigrateUp(ctx, o)
			if err == nil {
				err = key.markUsed()
			}
			return applied, err
		},
		migrateDown: func(ctx context.Context) (jarvis.Migration, error) {
			o, _, err := a.sqliteOptions(ctx, cfg, storeMustExist)
			if err != nil {
				return jarvis.Migration{}, err
			}
			return sqlite.MigrateDown(ctx, o)
		},
	}
}

func (a *app) connectSQLite(ctx context.Context, cfg *config.Config, may existence) (*catalog, error) {
	o, key, err := a.sqliteOptions(ctx, cfg, may)
	if err != nil {
		return nil, err
	}
	c, err := sqlite.Open(ctx, o)
	if errors.Is(err, jarvis.ErrNotFound) {
		return nil, a.noStore(cfg)
	}
	if err != nil {
		return nil, err
	}
	if err := key.markUsed(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &catalog{catalogs: c, key: key}, nil
}

func (a *app) connectPostgres(ctx context.Context, cfg *config.Config, may existence) (*catalog, error) {
	c, err := postgres.Open(ctx, postgres.Options{URL: cfg.Database.DSN(), MustExist: true})
	if errors.Is(err, jarvis.ErrNotFound) {
		if err := checkNoStore(ctx, cfg, jarvis.ID{}); err != nil {
			return nil, err
		}
		if may == storeMustExist {
			return nil, a.noStore(cfg)
		}
		var o postgres.Options
		if o, err = a.newPostgres(ctx, cfg); err != nil {
			return nil, err
		}
		c, err = postgres.Open(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	return &catalog{catalogs: c}, nil
}

// sqliteOptions says how to open the catalogue. Where there is none and may be
// one, it makes what opens a sealed one: first the identity, then the key file.
func (a *app) sqliteOptions(ctx context.Context, cfg *config.Config, may existence) (sqlite.Options, *storeKey, error) {
	o := sqlite.Options{Path: cfg.Database.Path(), MustExist: may == storeMustExist}
	o.NewStore.NoText = cfg.NoTextInDatabase
	file, err := inspectCatalog(o.Path)
	if err == nil {
		err = file.check()
	}
	if err != nil {
		return o, nil, err
	}
	if !file.exists {
		if err := a.prepareNew(ctx, cfg, &file, may); err != nil {
			return o, nil, err
		}
	}
	if !file.sealed() {
		return o, nil, nil
	}
	key, info, err := a.unlockFile(ctx, cfg, file.key)
	if err != nil {
		return o, nil, err
	}
	if file.keyUnused {
		key.unused = file.key
	}
	o.NewStore.ID, o.NewStore.Sealed, o.NewStore.PublicKey = info.Store, true, info.PublicKey
	o.Key, err = key.data.RevealCatalogKey()
	return o, key, err
}

// prepareNew makes what opens a catalogue that is not there, says that it will be
// made, and notes the key in file.
func (a *app) prepareNew(ctx context.Context, cfg *config.Config, file *catalogFile, may existence) error {
	if err := a.checkNew(ctx, cfg, *file, may); err != nil {
		return err
	}
	newKey := cfg.Seal && !file.keyPresent
	if newKey {
		if err := checkIdentityPlace(cfg); err != nil {
			return err
		}
	}
	if file.lost() {
		a.remark("Making a new catalogue for the store in %s. To take up the images that are left: %s", storePlace(cfg), a.command("verify --repair --deep --force"))
	} else {
		a.announceStore(ctx, cfg, cfg.Seal || file.keyPresent, olderDatabaseURL)
	}
	if !newKey {
		return nil
	}
	file.keyPresent, file.keyUnused = true, true
	return a.makeKeyFile(ctx, cfg, file.key)
}

// errCatalogLost is the cause of the error where a store has its key file and
// no catalogue.
var errCatalogLost = errors.New("the catalogue is lost")

func (a *app) catalogLost(file catalogFile) error {
	message := fmt.Sprintf(
		"the catalogue %s is missing, and its key file is there: put the catalogue back from a copy, or say where it is with --data-dir or JARVIS_DATABASE_URL; if there is no copy, %s makes a new one for the images that are left",
		file.path, a.command("start --begin-anew"))
	return &jarvis.Error{Code: jarvis.CodeMismatch, Op: "open", Message: message, Err: errCatalogLost}
}

// checkNew fails where a catalogue that is not there must not be made, or where
// it would be of another store than the images. Beside the key file of their
// store it is of the same one.
func (a *app) checkNew(ctx context.Context, cfg *config.Config, file catalogFile, may existence) error {
	var own jarvis.ID
	if file.lost() {
		if may != storeMayBeginAnew {
			return a.catalogLost(file)
		}
		info, err := vault.InspectKeyFile(file.key)
		if err != nil {
			return locked(storeLocked, err)
		}
		own = info.Store
	}
	if err := checkNoStore(ctx, cfg, own); err != nil {
		return err
	}
	if may == storeMustExist {
		return a.noStore(cfg)
	}
	return nil
}

// makeKeyFile makes the key of a new store, unless another process was first.
func (a *app) makeKeyFile(ctx context.Context, cfg *config.Config, path string) error {
	identity, err := a.makeIdentity(ctx, cfg)
	if err != nil {
		return err
	}
	err = vault.CreateKeyFile(path, vault.NewDataKey(), jarvis.NewRandomID(), identity)
	if errors.Is(err, jarvis.ErrConflict) {
		return nil
	}
	return err
}

// newPostgres says how to make a catalogue, and makes the identity that opens a
// sealed one.
func (a *app) newPostgres(ctx context.Context, cfg *config.Config) (postgres.Options, error) {
	o := postgres.Options{URL: cfg.Database.DSN(), NewStore: jarvis.NewStore{NoText: cfg.NoTextInDatabase}}
	if cfg.Seal {
		if err := checkIdentityPlace(cfg); err != nil {
			return o, err
		}
	}
	a.announceStore(ctx, cfg, cfg.Seal, olderDatabaseURL)
	if !cfg.Seal {
		return o, nil
	}
	identity, err := a.makeIdentity(ctx, cfg)
	if err != nil {
		return o, err
	}
	o.NewStore.ID, o.NewStore.Sealed, o.NewStore.PublicKey = jarvis.NewRandomID(), true, identity.PublicKey()
	o.NewStore.WrappedKey, err = vault.NewDataKey().Wrap(o.NewStore.ID, identity)
	return o, err
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
	if err := checkNoStore(ctx, cfg, jarvis.ID{}); err != nil {
		return nil, err
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
