package sqlite

import (
	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// latest is the newest migration that this program knows.
const latest = 6

// serverVersion is the migration that makes pins and what a server keeps.
const serverVersion = 5

// readingVersion is the migration that makes what is read and found.
const readingVersion = 6

// versionTable is goose's.
const versionTable = "goose_db_version"

// schema is what a database holds, as far as opening it needs to know.
type schema struct {
	tables    int64 // in all
	captures  bool  // it has the table captures
	versioned bool  // goose has worked on it
	alembic   bool  // an older Jarvis has worked on it
	version   int64 // the newest migration applied; 0 unless versioned
}

func inspect(c *conn) (schema, error) {
	var s schema
	err := c.view(func() error {
		_, err := c.find(func(row *sqlite3.Stmt) {
			s.tables = row.ColumnInt64(0)
			s.captures = row.ColumnInt64(1) > 0
			s.versioned = row.ColumnInt64(2) > 0
			s.alembic = row.ColumnInt64(3) > 0
		}, `SELECT count(*), sum(name = 'captures'), sum(name = '`+versionTable+`'), sum(name = 'alembic_version')
			FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
		if err != nil || !s.versioned {
			return err
		}
		s.version, err = c.number("SELECT max(version_id) FROM " + versionTable + " WHERE is_applied")
		return err
	})
	return s, err
}

// check refuses a database that is not a catalogue or is too new.
func (s schema) check() error {
	switch {
	case s.version > latest:
		return jarvis.Errorf(jarvis.CodeMismatch, "the catalogue has schema version %d and this program knows versions up to %d: use a newer jarvis", s.version, int64(latest))
	case s.captures && !s.versioned && !s.alembic:
		return jarvis.Errorf(jarvis.CodeMismatch, "the database has a table captures that is not a catalogue of Jarvis: use another database")
	case !s.captures && (s.version > 0 || s.alembic), !s.captures && !s.versioned && s.tables > 0:
		return jarvis.Errorf(jarvis.CodeMismatch, "the database belongs to another program: it has tables, and no captures; use another file")
	}
	return nil
}

// older reports whether the database was made by an older Jarvis and has not
// been adopted yet.
func (s schema) older() bool { return s.captures && s.alembic && s.version == 0 }
