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
	"github.com/jarvis-memory/jarvis/internal/vault"
)

// olderDatabaseURL is where an older Jarvis kept its catalogue unless told
// otherwise.
const olderDatabaseURL = "postgresql://jarvis:jarvis@localhost:5432/jarvis"

// existence says what a command does where there is no store yet.
type existence int

const (
	storeMustExist    existence = iota
	storeMayBeNew               // it is made
	storeMayBeginAnew           // and so is the catalogue of one that lost it, while its key is there
)

// keyNeed says what a command does without the key of a sealed store, where it
// can be opened without: on PostgreSQL, whose rows are readable.
type keyNeed int

const (
	keyUnused   keyNeed = iota // nothing that it does needs the key
	keyIfAtHand                // it does what it can
	keyRequired
)

// catalog is an open catalogue, and what opens what is sealed in its store.
type catalog struct {
	catalogs
	info jarvis.StoreInfo
	key  *storeKey // nil in a plain store, and when it is not at hand
}

// openCatalog opens the catalogue alone: commands that need no image also work
// while the disk of the images hangs.
func (a *app) openCatalog(ctx context.Context, cfg *config.Config, may existence, need keyNeed) (*catalog, error) {
	c, err := a.databaseOf(cfg).open(ctx, may)
	if err != nil {
		return nil, err
	}
	if c.info, err = c.Store(ctx); err == nil && c.info.Sealed && c.key == nil && need != keyUnused {
		c.key, err = a.unlock(ctx, cfg, c.info.ID, c.info.WrappedKey)
		if need == keyIfAtHand && errors.Is(err, jarvis.ErrLocked) {
			if !a.json {
				a.note("Going on without the key: %s", errorMessage(err))
			}
			err = nil
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	a.noteSettings(cfg, c.info, may)
	return c, nil
}

// noteSettings tells who set how a store is made that it was made otherwise.
func (a *app) noteSettings(cfg *config.Config, info jarvis.StoreInfo, may existence) {
	if may == storeMustExist || a.json {
		return
	}
	if !isDefault(cfg, "seal") && cfg.Seal != info.Sealed {
		a.note("The store %s: the setting seal counts only when a store is made.", sealedText(info.Sealed))
	}
	if !isDefault(cfg, "no_text_in_database") && cfg.NoTextInDatabase != info.NoText {
		a.note("The setting no_text_in_database counts only when a store is made: this one stays as it is.")
	}
}

// sealedText says whether a store is sealed.
func sealedText(sealed bool) string {
	if sealed {
		return "is sealed"
	}
	return "is plain (not encrypted)"
}

// checkNoStore fails when the images are of a store that is not own, which may be
// zero. Its catalogue is lost or elsewhere then, and a new one would only hide that.
func checkNoStore(ctx context.Context, cfg *config.Config, own jarvis.ID) error {
	if missing(cfg.StoragePath) {
		return nil
	}
	tree, err := fsblob.Open(ctx, cfg.StoragePath, fsblob.Options{})
	if err != nil {
		return err
	}
	marker, err := tree.Marker(ctx)
	if err = errors.Join(err, tree.Close()); err != nil || marker.IsZero() || marker == own {
		return err
	}
	return jarvis.Errorf(jarvis.CodeMismatch,
		"the catalogue that belongs to the images in %s is not in %s: put it back from a backup, or say where it is with --data-dir or JARVIS_DATABASE_URL",
		cfg.StoragePath, cfg.Database)
}

func (a *app) noStore(cfg *config.Config) error {
	return jarvis.Errorf(jarvis.CodeNotFound, "there is no store in %s: %s makes one, and so does adding to it; for another place see --data-dir and JARVIS_DATABASE_URL", storePlace(cfg), a.command("start"))
}

// storePlace says where a store is, or would be.
func storePlace(cfg *config.Config) string {
	if cfg.Database.Kind() == config.PostgreSQL {
		return cfg.Database.String()
	}
	return cfg.DataDir
}

// announceStore says that a store is about to be made, how, and whether an older
// one may be meant.
func (a *app) announceStore(ctx context.Context, cfg *config.Config, seal bool, older string) {
	if a.json {
		return
	}
	where := storePlace(cfg)
	if cfg.Database.Kind() == config.PostgreSQL {
		where += " and " + cfg.StoragePath
	}
	if seal {
		a.note("Making a new store in %s, sealed: only the identity %s opens it", where, tilde(cfg.IdentityFile))
	} else {
		a.note("Making a new store in %s, plain: whoever reads the disk can read it", where)
	}
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
	catalog *catalog
	tree    *fsblob.Store
	archive *archive.Archive
}

// openStore opens catalogue and images.
func (a *app) openStore(ctx context.Context, cfg *config.Config, may existence, need keyNeed) (_ *store, err error) {
	s := &store{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	if s.catalog, err = a.openCatalog(ctx, cfg, may, need); err != nil {
		return nil, err
	}
	info := s.catalog.info
	s.tree, err = fsblob.Open(ctx, cfg.StoragePath, fsblob.Options{
		// Afterwards, or where an older Jarvis kept images, a missing folder is
		// a disk that is not mounted.
		Create:  !info.Bound && !info.Adopted,
		MinFree: cfg.MinFree.Of,
	})
	if err != nil {
		return nil, err
	}
	if !info.Bound && !info.Adopted {
		if err := a.announceImages(ctx, cfg, s.tree); err != nil {
			return nil, err
		}
	}
	o := archive.Options{
		Images:      pictures{},
		Limits:      cfg.Images,
		StoragePath: cfg.StoragePath,
		Now:         a.now,
		Log:         a.log,
	}
	blobs, err := s.blobs(&o)
	if err != nil {
		return nil, err
	}
	s.archive, err = archive.Open(ctx, s.catalog, blobs, o)
	return s, err
}

// blobs returns the tree, sealed if the store is, and completes the options of
// the archive.
func (s *store) blobs(o *archive.Options) (jarvis.BlobStore, error) {
	key := s.catalog.key
	switch {
	case !s.catalog.info.Sealed:
		return s.tree, nil
	case key == nil:
		return vault.SealTo(s.tree, s.catalog.info.PublicKey)
	}
	secret, err := key.data.Secret()
	if err != nil {
		return nil, err
	}
	o.Secret = secret
	return vault.Seal(s.tree, key.identity), nil
}

// announceImages says that a new store gets a folder that has images already, but
// no marker of a store.
func (a *app) announceImages(ctx context.Context, cfg *config.Config, tree *fsblob.Store) error {
	marker, err := tree.Marker(ctx)
	if err != nil || !marker.IsZero() || a.json {
		return err
	}
	days, err := tree.Days(ctx)
	if len(days) > 0 {
		a.note("%s has images that no catalogue knows: %s takes them over", cfg.StoragePath, a.command("verify --repair --force"))
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
	if s.tree != nil {
		errs = append(errs, s.tree.Close())
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
