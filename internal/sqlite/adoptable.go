package sqlite

import (
	"slices"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// The tables that migrations make beside captures.
const (
	ownTables     = "'store', 'tombstones', 'counters', 'devices', " + serverTables
	serverTables  = "'pins', 'tokens', 'sessions', 'sign_ins', 'accesses', 'spans', " + readingTables
	readingTables = "'queue', 'readings', 'documents', 'reindexing', 'unindexed', " +
		"'search', 'search_words', 'search_config', 'search_data', 'search_docsize', 'search_idx'"
)

// adoptable refuses captures that the migrations could not carry over, before
// anything is changed.
func adoptable(c *conn, s schema) error {
	if !s.captures {
		return nil
	}
	if err := namesFree(c, s); err != nil || s.version >= 2 {
		return err
	}
	if err := idsSound(c); err != nil {
		return err
	}
	return capitalsFree(c)
}

// namesFree looks for other things under names that migrations to come use.
func namesFree(c *conn, s schema) error {
	var coming, taken []string
	if s.version < 2 {
		coming = append(coming, "seq")
	}
	if s.version < 3 {
		coming = append(coming, laterColumns...)
	}
	err := c.query(func(row *sqlite3.Stmt) error {
		if name := row.ColumnText(0); slices.Contains(coming, name) {
			taken = append(taken, "captures."+name)
		}
		return nil
	}, "SELECT lower(name) FROM pragma_table_xinfo('captures') ORDER BY 1")
	tables := ""
	switch {
	case s.older():
		tables = ownTables
	case s.version < serverVersion: // the others are ours
		tables = serverTables
	case s.version < readingVersion:
		tables = readingTables
	}
	if err == nil && tables != "" {
		err = c.query(func(row *sqlite3.Stmt) error {
			taken = append(taken, row.ColumnText(0))
			return nil
		}, "SELECT lower(name) FROM sqlite_schema WHERE lower(name) IN ("+tables+") ORDER BY 1")
	}
	if err == nil && len(taken) > 0 {
		return jarvis.NamesTaken(taken)
	}
	return err
}

// idsSound checks that every id is a UUID, and still its own in small letters.
func idsSound(c *conn) error {
	err := c.query(func(row *sqlite3.Stmt) error {
		if _, err := jarvis.ParseID(row.ColumnText(0)); err != nil {
			return jarvis.ForeignID(row.ColumnText(0))
		}
		return nil
	}, "SELECT id FROM captures")
	if err != nil {
		return err
	}
	return c.query(func(row *sqlite3.Stmt) error {
		return jarvis.CaptureTwice(row.ColumnText(0))
	}, "SELECT lower(id) FROM captures GROUP BY 1 HAVING count(*) > 1 LIMIT 1")
}

// capitalsFree checks that no other table refers to an id that will change.
func capitalsFree(c *conn) error {
	var queries []string
	err := c.query(func(row *sqlite3.Stmt) error {
		table, column := sqlite3.QuoteIdentifier(row.ColumnText(0)), sqlite3.QuoteIdentifier(row.ColumnText(1))
		queries = append(queries, "SELECT EXISTS (SELECT 1 FROM "+table+" WHERE "+column+" IN (SELECT id FROM captures WHERE id <> lower(id)))")
		return nil
	}, `SELECT s.name, f."from" FROM sqlite_schema AS s, pragma_foreign_key_list(s.name) AS f
		WHERE s.type = 'table' AND lower(f."table") = 'captures'`)
	if err != nil {
		return err
	}
	for _, sql := range queries {
		if referred, err := c.number(sql); err != nil {
			return err
		} else if referred != 0 {
			return jarvis.CapitalsReferred()
		}
	}
	return nil
}
