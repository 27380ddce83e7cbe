package config

// DatabaseKind is the database that keeps the catalogue.
type DatabaseKind string

// The kinds.
const (
	SQLite     DatabaseKind = "sqlite"
	PostgreSQL DatabaseKind = "postgresql"
)

// Database says where the catalogue is. However it is printed, logged or
// marshalled, its password shows as xxxxx; only DSN tells it.
type Database struct {
	kind DatabaseKind
	path string
}

// ParseDatabaseURL reads the address of a catalogue. A relative SQLite path is
// relative to folder. Errors are CodeInvalid and never contain the password.
func ParseDatabaseURL(text, folder string) (Database, error) { return Database{}, nil }

// Kind returns the database.
func (d Database) Kind() DatabaseKind { return d.kind }

// Path returns the absolute path of an SQLite file, and "" otherwise.
func (d Database) Path() string { return d.path }

// DSN returns the connection string for PostgreSQL with its password, and "" otherwise.
func (d Database) DSN() string { return "" }

// String returns the address with its password redacted.
func (d Database) String() string { return "" }
