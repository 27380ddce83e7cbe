package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"
)

// CheckWhole implements jarvis.Catalog. It reads every page in use, whose
// checksums SQLite compares, and compares tables and indexes, of which the
// full-text index is one. The connection is a new one: another may remember pages
// that the file has lost since.
func (c *Catalog) CheckWhole(ctx context.Context) error {
	_, err := read(ctx, c, "check the whole", func(*conn) (struct{}, error) {
		connect := func() (*conn, error) { return c.db.connectReader(c.db.path) }
		err := withConn(ctx, connect, func(on *conn) error { return errors.Join(checkIntegrity(on), checkSearch(on)) })
		// The key has opened this file before.
		if errors.Is(err, sqlite3.NOTADB) {
			err = errors.Join(sqlite3.CORRUPT, err)
		}
		return struct{}{}, err
	})
	return err
}

func checkIntegrity(on *conn) error {
	var verdict string
	_, err := on.find(func(s *sqlite3.Stmt) { verdict = s.ColumnText(0) }, "PRAGMA integrity_check(1)")
	if err == nil && verdict != "ok" {
		err = fmt.Errorf("%w: %s", sqlite3.CORRUPT, verdict)
	}
	return err
}

// checkSearch compares the documents with those of the full-text index: all are in
// it, and no others. That each of their words is would take minutes, for which
// nobody could write.
func checkSearch(on *conn) error {
	for problem, sql := range map[string]string{
		"documents that are not in the index": "SELECT EXISTS (SELECT 1 FROM documents WHERE seq NOT IN (SELECT id FROM search_docsize))",
		"documents in the index that are not": "SELECT EXISTS (SELECT 1 FROM search_docsize WHERE id NOT IN (SELECT seq FROM documents))",
		"documents of nothing":                "SELECT EXISTS (SELECT 1 FROM documents WHERE seq NOT IN (SELECT seq FROM captures))",
		"readings of nothing":                 "SELECT EXISTS (SELECT 1 FROM readings WHERE seq NOT IN (SELECT seq FROM captures))",
	} {
		found, err := on.number(sql)
		if err != nil {
			return err
		}
		if found != 0 {
			return fmt.Errorf("%w: %s", sqlite3.CORRUPT, problem)
		}
	}
	return nil
}
