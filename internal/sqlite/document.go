package sqlite

import (
	"context"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// The full-text index is told of every change by hand, in the transaction that
// makes it. An index that is made anew beside it (see RebuildIndex) is told too,
// of documents that it has already.

// findDocument returns the document of a capture, if it has one.
func findDocument(on *conn, seq int64) (words string, found bool, err error) {
	found, err = on.find(func(s *sqlite3.Stmt) { words = s.ColumnText(0) }, "SELECT words FROM documents WHERE seq = ?", seq)
	return words, found, err
}

// setDocument gives a capture a document, instead of the one it has.
func setDocument(on *conn, seq int64, words string) error {
	old, found, err := findDocument(on, seq)
	if err != nil || found && old == words {
		return err
	}
	if found {
		if err := unindex(on, seq, old, words); err != nil {
			return err
		}
	}
	if err := on.exec("REPLACE INTO documents (seq, words) VALUES (?, ?)", seq, words); err != nil {
		return err
	}
	return eachIndex(on, seq, func(table string) error {
		return on.exec("INSERT INTO "+table+" (rowid, words) VALUES (?, ?)", seq, words)
	})
}

// unindex removes a document from the index, to which its words must be told. Those
// that are not in the one that comes instead are left to Purge.
func unindex(on *conn, seq int64, words, instead string) error {
	err := eachIndex(on, seq, func(table string) error {
		return on.exec("INSERT INTO "+table+" ("+table+", rowid, words) VALUES ('delete', ?, ?)", seq, words)
	})
	if err != nil {
		return err
	}
	return noteUnindexed(on, words, instead)
}

// eachIndex calls change for every index that has, or is to have, the document of
// a capture.
func eachIndex(on *conn, seq int64, change func(table string) error) error {
	if err := change("search"); err != nil {
		return err
	}
	begun, err := on.number("SELECT EXISTS (SELECT 1 FROM reindexing WHERE what = 'index' AND at >= ?)", seq)
	if err != nil || begun == 0 {
		return err
	}
	return change("search_new")
}

// forget removes all that is kept of a capture to read it and to find it.
func forget(on *conn, seq int64) error {
	words, found, err := findDocument(on, seq)
	if err == nil && found {
		err = unindex(on, seq, words, "")
	}
	for _, sql := range []string{
		"DELETE FROM documents WHERE seq = ?",
		"DELETE FROM readings WHERE seq = ?",
		"DELETE FROM queue WHERE aside IN (0, 1) AND seq = ?",
	} {
		if err == nil {
			err = on.exec(sql, seq)
		}
	}
	return err
}

// FindDocumented implements jarvis.Index.
func (c *Catalog) FindDocumented(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.Capture, error) {
	if err := jarvis.CheckPage(limit); err != nil {
		return nil, err
	}
	return read(ctx, c, "list documents", func(on *conn) ([]*jarvis.Capture, error) {
		p := newPager[*jarvis.Capture](after, limit)
		err := p.query(on, scanText, "SELECT "+textColumns+` FROM documents CROSS JOIN captures USING (seq)
			WHERE seq <= ? ORDER BY seq DESC`, p.top())
		return p.page(), err
	})
}

// SetDocuments implements jarvis.Index.
func (c *Catalog) SetDocuments(ctx context.Context, documents []jarvis.Document, next jarvis.Cursor) error {
	documents = slices.Clone(documents) // the caller may be gone when they are written
	return c.write(ctx, "renew documents", func(on *conn) error {
		for _, d := range documents {
			seq, err := on.number("SELECT documents.seq FROM captures CROSS JOIN documents USING (seq) WHERE id = ?", d.ID.String())
			if err == nil && seq != 0 {
				err = setDocument(on, seq, d.Words)
			}
			if err != nil {
				return err
			}
		}
		if next.IsZero() {
			return on.exec("DELETE FROM reindexing WHERE what = 'documents'")
		}
		return on.exec("REPLACE INTO reindexing (what, at, id) VALUES ('documents', ?, ?)", next.Timestamp.UnixMicro(), next.ID.String())
	})
}

// ReindexPosition implements jarvis.Index.
func (c *Catalog) ReindexPosition(ctx context.Context) (jarvis.Cursor, error) {
	return read(ctx, c, "find how far documents were renewed", func(on *conn) (at jarvis.Cursor, err error) {
		err = on.query(func(s *sqlite3.Stmt) (err error) {
			at.Timestamp = micros(s, 0)
			if at.ID, err = jarvis.ParseID(s.ColumnText(1)); err != nil {
				err = corruptRow(err)
			}
			return err
		}, "SELECT at, id FROM reindexing WHERE what = 'documents'")
		return at, err
	})
}
