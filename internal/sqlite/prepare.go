package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// blockSize is the unit in which adiantum encrypts files.
const blockSize = 4096

// makeFolder makes the folder of the database and of its lock file.
func (db *database) makeFolder() error {
	info, err := os.Stat(db.path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return jarvis.Errorf(jarvis.CodeInvalid, "%s is not a file: name a file for the catalogue", db.path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return pathError("open", db.path, err)
	case err != nil && db.mustExist:
		return db.missing()
	}
	folder := filepath.Dir(db.path)
	if err := makeFolders(folder); err != nil {
		return err
	}
	return checkFileSystem(folder)
}

func (db *database) missing() error {
	return jarvis.Errorf(jarvis.CodeNotFound, "there is no catalogue at %s yet: add a screenshot to make it, or name another folder", db.path)
}

// makeFolders is os.MkdirAll that survives a power cut.
func makeFolders(folder string) error {
	err := os.Mkdir(folder, 0o700)
	switch {
	case err == nil:
		return syncFolder(filepath.Dir(folder))
	case errors.Is(err, fs.ErrExist):
		if info, statErr := os.Stat(folder); statErr == nil && info.IsDir() {
			return nil
		}
	case errors.Is(err, fs.ErrNotExist):
		parent := filepath.Dir(folder)
		if _, statErr := os.Stat(parent); !errors.Is(statErr, fs.ErrNotExist) {
			// As in /proc. To try again would be to try for ever.
			return &jarvis.Error{
				Code:    jarvis.CodeUnavailable,
				Op:      "sqlite: make folder",
				Message: fmt.Sprintf("the file system of %s lets no folder be made in it: name another with --data-dir", parent),
				Err:     err,
			}
		}
		if err := makeFolders(parent); err != nil {
			return err
		}
		return makeFolders(folder)
	}
	return pathError("make", folder, err)
}

func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		return pathError("sync", folder, err)
	}
	return nil
}

// prepare makes the database fit for writing and returns the connection that
// did, which is the only one. Whoever calls it holds the lock alone. The order
// is the point: read-write with a wrong key, SQLite deletes a WAL that holds
// committed captures; and under encryption it rewrites the block that the last
// committed frame ends in, unless the WAL begins anew. The WAL is padded even
// before the key is proven, since a connection cannot read it otherwise.
func (db *database) prepare(ctx context.Context) (*conn, error) {
	if err := db.makeFile(ctx); err != nil {
		return nil, err
	}
	if err := db.padWAL(); err != nil {
		return nil, err
	}
	if err := db.prove(ctx); err != nil {
		return nil, db.translate(ctx, "prove the key", err)
	}
	c, err := db.connectWriter(db.path)
	if err != nil {
		return nil, db.translate(ctx, "open", err)
	}
	c.SetInterrupt(ctx)
	err = db.recover(c)
	c.SetInterrupt(context.Background())
	if err == nil {
		return c, db.restrict()
	}
	return nil, joinClose(db.translate(ctx, "open", err), c.Close())
}

// makeFile makes an empty database with checksums where there is none. It does
// so under another name: a power cut in the middle would leave a file that
// cannot be told from one with another key.
func (db *database) makeFile(ctx context.Context) error {
	if info, err := os.Stat(db.path); err == nil && info.Size() > 0 {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pathError("open", db.path, err)
	}
	if info, err := os.Stat(db.walPath()); err == nil && info.Size() > 0 {
		return jarvis.Errorf(jarvis.CodeCorrupt, "%s is gone, but %s, which belongs to it, is there and may hold captures: put the database back, or move that file away to begin anew", db.path, db.walPath())
	}
	if db.mustExist { // an empty file, which is no catalogue either
		return db.missing()
	}
	if err := db.checkNewStore(); err != nil {
		return err
	}
	unfinished := db.path + ".new"
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		if err := os.Remove(unfinished + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return pathError("remove", unfinished+suffix, err)
		}
	}
	f, err := os.OpenFile(unfinished, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return pathError("make", unfinished, err)
	}
	connect := func() (*conn, error) { return db.connectWriter(unfinished) }
	err = withConn(ctx, connect, func(c *conn) error {
		return errors.Join(c.EnableChecksums("main"), setWAL(c, unfinished))
	})
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return db.translate(ctx, "make", err)
	}
	if err := os.Rename(unfinished, db.path); err != nil {
		return pathError("make", db.path, err)
	}
	return syncFolder(filepath.Dir(db.path))
}

// padWAL fills the last block of the WAL with zeros, which end it. A power cut
// leaves a WAL of any length, and a block that is cut short cannot be decrypted:
// SQLite would see an I/O error. What the block held was never committed. With
// whatever key this can lose nothing: no byte that is there changes.
func (db *database) padWAL() (err error) {
	f, err := os.OpenFile(db.walPath(), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return pathError("open", db.walPath(), err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return pathError("examine", db.walPath(), err)
	}
	missing := -info.Size() & (blockSize - 1)
	if missing == 0 {
		return nil
	}
	if _, err = f.WriteAt(make([]byte, missing), info.Size()); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return pathError("pad", db.walPath(), err)
	}
	return nil
}

// prove reads the schema with a connection that cannot write, so that a wrong
// key or a foreign file is found before anything is changed.
func (db *database) prove(ctx context.Context) error {
	connect := func() (*conn, error) { return db.connectReader(db.path) }
	err := withConn(ctx, connect, func(c *conn) error {
		s, err := inspect(c)
		if err != nil {
			return err
		}
		return s.check()
	})
	if errors.Is(err, sqlite3.READONLY_ROLLBACK) && !db.encrypted {
		// An older Jarvis was stopped in the middle of a write. Its database
		// has no WAL that could be lost, and rolling back needs to write.
		return nil
	}
	return err
}

// recover writes the WAL back, so that it begins anew with the first write. A
// database that an older Jarvis made gets one.
func (db *database) recover(c *conn) error {
	if err := setWAL(c, db.path); err != nil {
		return err
	}
	return truncateWAL(c)
}

func setWAL(c *conn, path string) error {
	mode := ""
	if _, err := c.find(func(s *sqlite3.Stmt) { mode = s.ColumnText(0) }, "PRAGMA journal_mode = WAL"); err != nil {
		return err
	}
	if mode != "wal" {
		return jarvis.Errorf(jarvis.CodeUnavailable, "%s cannot have a write-ahead log here (journal mode %q): put the catalogue on a local disk", path, mode)
	}
	return nil
}

// truncateWAL writes the whole WAL back to the database and empties it. BUSY
// means that a reader or a writer kept some of it.
func truncateWAL(c *conn) error {
	_, _, err := c.WALCheckpoint("main", sqlite3.CHECKPOINT_TRUNCATE)
	return err
}

// join checks a database that another process has prepared.
func (db *database) join(ctx context.Context) error {
	connect := func() (*conn, error) { return db.connectReader(db.path) }
	err := withConn(ctx, connect, func(c *conn) error {
		return retryBusy(ctx, func() error {
			s, err := inspect(c)
			if err != nil {
				return err
			}
			if err := s.check(); err != nil {
				return err
			}
			if s.version != latest {
				return jarvis.Errorf(jarvis.CodeUnavailable, "the catalogue %s has to be upgraded while another process uses it: stop that one (jarvis serve, or a running command) and try again", db.path)
			}
			_, err = db.known(c)
			return err
		})
	})
	return db.translate(ctx, "open", err)
}
