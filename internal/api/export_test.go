package api

// Row is a line of the table of routes.
type Row struct{ Method, Path, Scope, ID string }

// Table returns the table of routes.
func (s *Server) Table() []Row {
	var rows []Row
	for _, t := range s.routes() {
		rows = append(rows, Row{t.method, t.path, string(t.scope), t.id})
	}
	return rows
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
