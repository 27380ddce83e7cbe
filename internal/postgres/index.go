package postgres

import (
	"context"

	"github.com/jarvis-memory/jarvis"
)

var _ jarvis.Index = (*Catalog)(nil)

var errUnmade = jarvis.Errorf(jarvis.CodeInternal, "this is not made yet")

// FindMatches returns a page of the captures that a query matches.
func (c *Catalog) FindMatches(ctx context.Context, f jarvis.MatchFilter) ([]*jarvis.Match, error) {
	return nil, errUnmade
}

// FindNames lists the distinct values of a field.
func (c *Catalog) FindNames(ctx context.Context, kind jarvis.NameKind) ([]string, error) {
	return nil, errUnmade
}

// FindDocumented returns a page of captures that have a document.
func (c *Catalog) FindDocumented(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.Capture, error) {
	return nil, errUnmade
}

// SetDocuments gives captures other documents.
func (c *Catalog) SetDocuments(ctx context.Context, documents []jarvis.Document, next jarvis.Cursor) error {
	return errUnmade
}

// ReindexPosition returns the position that the last SetDocuments recorded.
func (c *Catalog) ReindexPosition(ctx context.Context) (jarvis.Cursor, error) {
	return jarvis.Cursor{}, errUnmade
}

// RebuildIndex makes the full-text index anew.
func (c *Catalog) RebuildIndex(ctx context.Context, progress jarvis.Progress) error { return errUnmade }
