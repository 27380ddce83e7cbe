package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/picture"
	"github.com/jarvis-memory/jarvis/internal/postgres"
)

// olderDatabaseURL is where an older Jarvis kept its catalogue unless told
// otherwise.
const olderDatabaseURL = "postgresql://jarvis:jarvis@localhost:5432/jarvis"

// existence says what a command does where there is no store yet.
type existence bool

const (
	storeMustExist existence = false
	storeMayBeNew  existence = true // it is made
)

// openCatalog opens the catalogue alone: commands that need no image also work
// while the disk of the images hangs.
func (a *app) openCatalog(ctx context.Context, cfg *config.Config, may existence) (jarvis.Catalog, error) {
	db := databaseOf(cfg)
	c, err := db.open(ctx, storeMustExist)
	if !errors.Is(err, jarvis.ErrNotFound) {
		return c, err
	}
	if err := checkNoStore(ctx, cfg); err != nil {
		return nil, err
	}
	if may == storeMustExist {
		return nil, noStore(cfg)
	}
	a.announceStore(ctx, cfg, olderDatabaseURL)
	return db.open(ctx, storeMayBeNew)
}

// checkNoStore fails when the images are of a store. Its catalogue is lost or
// elsewhere then, and a new one would only hide that.
func checkNoStore(ctx context.Context, cfg *config.Config) error {
	if missing(cfg.StoragePath) {
		return nil
	}
	blobs, err := fsblob.Open(ctx, cfg.StoragePath, fsblob.Options{})
	if err != nil {
		return err
	}
	marker, err := blobs.Marker(ctx)
	if err = errors.Join(err, blobs.Close()); err != nil || marker.IsZero() {
		return err
	}
	return jarvis.Errorf(jarvis.CodeMismatch,
		"the catalogue that belongs to the images in %s is not in %s: put it back from a backup, or say where it is with --data-dir or JARVIS_DATABASE_URL",
		cfg.StoragePath, cfg.Database)
}

func noStore(cfg *config.Config) error {
	return jarvis.Errorf(jarvis.CodeNotFound, "there is no store in %s: jarvis start makes one, and so does jarvis add; for another place see --data-dir and JARVIS_DATABASE_URL", storePlace(cfg))
}

// storePlace says where a store is, or would be.
func storePlace(cfg *config.Config) string {
	if cfg.Database.Kind() == config.PostgreSQL {
		return cfg.Database.String()
	}
	return cfg.DataDir
}

// announceStore says that a store is about to be made, and whether an older one
// may be meant.
func (a *app) announceStore(ctx context.Context, cfg *config.Config, older string) {
	if a.json {
		return
	}
	a.note("Making a new store in %s", storePlace(cfg))
	if isDefault(cfg, "database_url") && postgres.HoldsOlderStore(ctx, older) {
		a.note("An older Jarvis has a store in PostgreSQL on this machine. To go on with that one:")
		a.note("  JARVIS_DATABASE_URL=postgresql://jarvis:PASSWORD@localhost:5432/jarvis")
		a.note("  JARVIS_STORAGE_PATH=the folder of its images")
	}
}

// isDefault reports whether nobody set the setting.
func isDefault(cfg *config.Config, key string) bool {
	for _, value := range cfg.Values {
		if value.Key == key {
			return !value.Set
		}
	}
	return true
}

// store is a catalogue and a tree that belong together.
type store struct {
	catalog jarvis.Catalog
	blobs   *fsblob.Store
	archive *archive.Archive
}

// openStore opens catalogue and images.
func (a *app) openStore(ctx context.Context, cfg *config.Config, may existence) (_ *store, err error) {
	s := &store{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	if s.catalog, err = a.openCatalog(ctx, cfg, may); err != nil {
		return nil, err
	}
	info, err := s.catalog.Store(ctx)
	if err != nil {
		return nil, err
	}
	s.blobs, err = fsblob.Open(ctx, cfg.StoragePath, fsblob.Options{
		// Afterwards, or where an older Jarvis kept images, a missing folder is
		// a disk that is not mounted.
		Create:  !info.Bound && !info.Adopted,
		MinFree: cfg.MinFree.Of,
	})
	if err != nil {
		return nil, err
	}
	if !info.Bound && !info.Adopted {
		if err := a.announceImages(ctx, cfg, s.blobs); err != nil {
			return nil, err
		}
	}
	s.archive, err = archive.Open(ctx, s.catalog, s.blobs, archive.Options{
		Images:      pictures{},
		Limits:      cfg.Images,
		StoragePath: cfg.StoragePath,
		Now:         a.now,
	})
	return s, err
}

// announceImages says that a new store gets a folder that has images already, but
// no marker of a store.
func (a *app) announceImages(ctx context.Context, cfg *config.Config, blobs *fsblob.Store) error {
	marker, err := blobs.Marker(ctx)
	if err != nil || !marker.IsZero() || a.json {
		return err
	}
	days, err := blobs.Days(ctx)
	if len(days) > 0 {
		a.note("%s has images that no catalogue knows: jarvis verify --repair takes them over", cfg.StoragePath)
	}
	return err
}

// closeGrace is how long operations that outlived their command may take before
// the program ends without them.
const closeGrace = 2 * time.Second

// close closes what is open. Work that hangs is left behind.
func (s *store) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace)
	defer cancel()
	var errs []error
	if s.archive != nil {
		if err := s.archive.Close(ctx); err != nil {
			return nil // the disk hangs, and closing would too
		}
	}
	if s.blobs != nil {
		errs = append(errs, s.blobs.Close())
	}
	if s.catalog != nil {
		errs = append(errs, s.catalog.Close())
	}
	return errors.Join(errs...)
}

// pictures reads images for the archive.
type pictures struct{}

func (pictures) Inspect(data []byte, limits jarvis.ImageLimits) (jarvis.Image, error) {
	return picture.Inspect(data, limits)
}

func (pictures) Decode(data []byte, limits jarvis.ImageLimits) error {
	return picture.Decode(data, limits)
}

// storageOf describes the store's own tree, nil when there is none yet.
func storageOf(cfg *config.Config) fs.FileInfo {
	info, err := os.Stat(cfg.StoragePath)
	if err != nil {
		return nil
	}
	return info
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}
