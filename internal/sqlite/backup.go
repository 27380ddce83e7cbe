package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// keepCopies is how many copies of the database are kept.
const keepCopies = 2

// copySuffix is what is added to the name of the database in that of a copy:
// schema version and time.
var copySuffix = regexp.MustCompile(`^\.v(\d+)-(\d{8}T\d{6}\.\d{6}Z)\.backup$`)

// copyAside writes a copy of the database beside it, durably, with the same key,
// and removes all but the last ones. A database without captures, and without
// anything that only its server knows, is not copied.
func (db *database) copyAside(ctx context.Context, c *conn, s schema) error {
	if !s.captures {
		return nil
	}
	worth := "SELECT EXISTS (SELECT 1 FROM captures)"
	if s.version >= serverVersion {
		worth += " OR EXISTS (SELECT 1 FROM tokens) OR EXISTS (SELECT 1 FROM accesses) OR EXISTS (SELECT 1 FROM spans)"
	}
	if n, err := c.number(worth); err != nil || n == 0 {
		return err
	}
	name := fmt.Sprintf("%s.v%d-%s.backup", db.path, s.version, time.Now().UTC().Format("20060102T150405.000000Z"))
	if err := db.vacuumInto(ctx, c, name); err != nil {
		return err
	}
	db.log.Info("the catalogue was copied aside", "copy", name)
	copies, err := db.copies()
	if err != nil {
		return err
	}
	for _, old := range copies[:max(0, len(copies)-keepCopies)] {
		if err := os.Remove(old); err != nil {
			return pathError("remove", old, err)
		}
	}
	return nil
}

// vacuumInto writes the copy under another name first, so that one that was
// interrupted is never taken for a copy.
func (db *database) vacuumInto(ctx context.Context, c *conn, name string) error {
	partial := db.path + ".backup.partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, os.ErrNotExist) {
		return pathError("remove", partial, err)
	}
	f, err := os.OpenFile(partial, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return pathError("make", partial, err)
	}
	old := c.SetInterrupt(ctx)
	err = c.exec("VACUUM INTO ?", db.uri(partial))
	c.SetInterrupt(old)
	if err == nil {
		err = f.Sync() // VACUUM INTO does not
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		if err = os.Rename(partial, name); err == nil {
			return syncFolder(filepath.Dir(name))
		}
	}
	if removeErr := os.Remove(partial); !errors.Is(removeErr, os.ErrNotExist) {
		err = errors.Join(err, removeErr)
	}
	return err
}

// copies lists the copies of the database, oldest first.
func (db *database) copies() ([]string, error) {
	folder, base := filepath.Split(db.path)
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, pathError("list", folder, err)
	}
	type backup struct{ path, time string }
	var found []backup
	for _, e := range entries {
		if suffix, ok := strings.CutPrefix(e.Name(), base); ok {
			if m := copySuffix.FindStringSubmatch(suffix); m != nil {
				found = append(found, backup{folder + e.Name(), m[2]})
			}
		}
	}
	slices.SortFunc(found, func(a, b backup) int { return strings.Compare(a.time, b.time) })
	paths := make([]string, len(found))
	for i, b := range found {
		paths[i] = b.path
	}
	return paths, nil
}

// purgeCopy removes captures from a copy, content and all.
func (db *database) purgeCopy(ctx context.Context, path string, ids []string) error {
	connect := func() (*conn, error) { return db.connectWriter(path) }
	err := withConn(ctx, connect, func(c *conn) error {
		return retryBusy(ctx, func() error {
			s, err := inspect(c)
			if err == nil {
				err = c.Exec("BEGIN IMMEDIATE")
			}
			for i := 0; i < len(ids) && err == nil; i++ {
				err = purgeRow(c, s, ids[i])
			}
			for more := s.version >= readingVersion; more && err == nil; {
				more, err = purgeIndexSome(c)
			}
			for more := s.version >= readingVersion; more && err == nil; {
				more, err = scrubSome(c, time.Minute)
			}
			if err == nil {
				err = c.Exec("COMMIT")
			}
			if err != nil {
				return errors.Join(err, c.rollback())
			}
			return nil
		})
	})
	if err == nil {
		return nil
	}
	return &jarvis.Error{
		Code: jarvis.ErrorCode(db.translate(ctx, "purge", err)), Op: "sqlite: purge", Err: err,
		Message: "what was deleted could not be removed from the copy " + path + ": remove the file if you do not need it, then delete again",
	}
}

func purgeRow(c *conn, s schema, id string) error {
	// An older Jarvis may have kept ids in upper case, and a row of each spelling.
	const rows = "FROM captures WHERE id IN (?, ?)"
	upper := strings.ToUpper(id)
	if s.version >= readingVersion {
		err := c.query(func(row *sqlite3.Stmt) error { return forget(c, row.ColumnInt64(0)) }, "SELECT seq "+rows, id, upper)
		if err != nil {
			return err
		}
	}
	if s.version >= serverVersion {
		if err := c.exec("DELETE FROM pins WHERE (captured_at, capture_id) IN (SELECT timestamp, id "+rows+")", id, upper); err != nil {
			return err
		}
	}
	return c.exec("DELETE "+rows, id, upper)
}
