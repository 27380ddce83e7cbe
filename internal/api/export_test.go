package api

import "time"

// Row is a line of the table of routes.
type Row struct{ Method, Path, Scope, Also, ID string }

// Table returns the table of routes.
func (s *Server) Table() []Row {
	var rows []Row
	for _, t := range s.routes() {
		rows = append(rows, Row{t.method, t.path, string(t.scope), string(t.also), t.id})
	}
	return rows
}

// Hasten shortens how long requests wait for room. It must be called before any.
func (s *Server) Hasten(patience time.Duration) {
	for _, b := range []*budget{s.uploads, s.receiving, s.reading, s.searching, s.sums} {
		b.patience = patience
	}
}

// What fuzz tests try.
var (
	ParseInstant = parseInstant
	ParseCursor  = parseAccessCursor
	CursorOf     = cursorOf
)

// CheckMetadata reads the metadata of an upload.
func CheckMetadata(text []byte) error {
	_, err := parseMetadata(text)
	return err
}
