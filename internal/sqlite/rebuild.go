package sqlite

import (
	"context"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// The documents that a transaction of RebuildIndex takes in, and the rows of an
// index that one throws away: others wait some ten milliseconds for it.
const (
	rebuildBatch = 50
	discardBatch = 200
)

// RebuildIndex implements jarvis.Index. The new index is search_new until it has
// every document; reindexing says how far it is. Then it takes the place of the
// other, which is search_old until it has been thrown away piece by piece: to
// drop it at once would write as much as it is long.
func (c *Catalog) RebuildIndex(ctx context.Context, progress jarvis.Progress) error {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	done, total, err := c.beginRebuild(ctx)
	for err == nil {
		progress(done, max(done, total))
		var n int64
		n, err = doWrite(ctx, c, "rebuild the index", rebuildSome)
		if done += n; n == 0 {
			break
		}
	}
	if err == nil {
		progress(max(done, total), max(done, total))
	}
	return c.discard(ctx, err)
}

const oldIndexSQL = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'search_old'"

// beginRebuild makes the new index where there is none yet, nor an old one that
// it has replaced, and returns how many documents it has and how many there are.
func (c *Catalog) beginRebuild(ctx context.Context) (done, total int64, err error) {
	err = c.write(ctx, "rebuild the index", func(on *conn) error {
		begun, err := on.number("SELECT EXISTS (SELECT 1 FROM reindexing WHERE what = 'index') OR EXISTS (" + oldIndexSQL + ")")
		if err != nil || begun != 0 {
			return err
		}
		definition := ""
		_, err = on.find(func(s *sqlite3.Stmt) { definition = s.ColumnText(0) },
			"SELECT 'CREATE VIRTUAL TABLE search_new ' || substr(sql, instr(sql, 'USING')) FROM sqlite_schema WHERE name = 'search'")
		if err == nil {
			err = on.Exec(definition)
		}
		if err == nil {
			err = on.Exec("INSERT INTO search_new (search_new, rank) VALUES ('secure-delete', 1)")
		}
		if err != nil {
			return err
		}
		return on.exec("INSERT INTO reindexing (what, at) VALUES ('index', -1)")
	})
	if err != nil {
		return 0, 0, err
	}
	_, err = read(ctx, c, "rebuild the index", func(on *conn) (struct{}, error) {
		_, err := on.find(func(s *sqlite3.Stmt) { done, total = s.ColumnInt64(0), s.ColumnInt64(1) }, `SELECT (SELECT count(*) FROM documents
			WHERE seq <= (SELECT at FROM reindexing WHERE what = 'index')), (SELECT count(*) FROM search_docsize)`)
		return struct{}{}, err
	})
	return done, total, err
}

// rebuildSome takes documents into the new index and returns how many. There are
// none left when it returns 0: then that is the index.
func rebuildSome(on *conn) (n int64, err error) {
	at, last := int64(0), int64(0)
	begun, err := on.find(func(s *sqlite3.Stmt) { at = s.ColumnInt64(0) }, "SELECT at FROM reindexing WHERE what = 'index'")
	if err != nil || !begun {
		return 0, err // another process was faster
	}
	err = on.query(func(s *sqlite3.Stmt) error {
		n++
		last = s.ColumnInt64(0)
		return on.exec("INSERT INTO search_new (rowid, words) VALUES (?, ?)", last, s.ColumnText(1))
	}, "SELECT seq, words FROM documents WHERE seq > ? ORDER BY seq LIMIT ?", at, rebuildBatch)
	if err != nil {
		return 0, err
	}
	if n > 0 {
		return n, on.exec("UPDATE reindexing SET at = ? WHERE what = 'index'", last)
	}
	return 0, on.Exec(`
		ALTER TABLE search RENAME TO search_old;
		ALTER TABLE search_new RENAME TO search;
		DELETE FROM reindexing WHERE what = 'index'`)
}

// discard throws the index away that another took the place of, unless err.
func (c *Catalog) discard(ctx context.Context, err error) error {
	for more := true; more && err == nil; {
		more, err = doWrite(ctx, c, "throw the old index away", discardSome)
	}
	return err
}

// discardSome throws some rows of the old index away, and reports whether there are
// more.
func discardSome(on *conn) (more bool, err error) {
	there, err := on.number("SELECT EXISTS (" + oldIndexSQL + ")")
	if err != nil || there == 0 {
		return false, err
	}
	for _, sql := range []string{
		"DELETE FROM search_old_data WHERE id IN (SELECT id FROM search_old_data WHERE id > 10 LIMIT ?)",
		"DELETE FROM search_old_idx WHERE (segid, term) IN (SELECT segid, term FROM search_old_idx LIMIT ?)",
		"DELETE FROM search_old_docsize WHERE id IN (SELECT id FROM search_old_docsize LIMIT ?)",
	} {
		n, err := on.changed(sql, discardBatch)
		if err != nil || n > 0 {
			return true, err
		}
	}
	return false, on.Exec("DROP TABLE search_old")
}
