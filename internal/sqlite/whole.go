package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/ncruces/go-sqlite3"
)

// CheckWhole implements jarvis.Catalog. It reads every page in use, whose
// checksums SQLite compares, and compares tables and indexes. The connection is a
// new one: another may remember pages that the file has lost since.
func (c *Catalog) CheckWhole(ctx context.Context) error {
	_, err := read(ctx, c, "check the whole", func(*conn) (struct{}, error) {
		connect := func() (*conn, error) { return c.db.connectReader(c.db.path) }
		err := withConn(ctx, connect, checkIntegrity)
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
