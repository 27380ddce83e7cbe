package config

import (
	"log/slog"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/jarvis-memory/jarvis"
)

// DatabaseKind is the database that keeps the catalogue.
type DatabaseKind string

// The kinds.
const (
	SQLite     DatabaseKind = "sqlite"
	PostgreSQL DatabaseKind = "postgresql"
)

// Database says where the catalogue is. However it is printed, logged or
// marshalled, its passwords show as xxxxx; only DSN tells them.
type Database struct {
	kind     DatabaseKind
	path     string
	shown    string
	password bool
	// dsn is a function because fmt, which reads the unexported fields of any
	// value, prints the address of one and not what it returns.
	dsn func() string
}

// Kind returns the database.
func (d Database) Kind() DatabaseKind { return d.kind }

// Path returns the absolute path of an SQLite file, and "" otherwise.
func (d Database) Path() string { return d.path }

// DSN returns the connection string for PostgreSQL with its password, and "" otherwise.
func (d Database) DSN() string {
	if d.dsn == nil {
		return ""
	}
	return d.dsn()
}

// HasPassword reports whether the DSN holds a password.
func (d Database) HasPassword() bool { return d.password }

// String returns the address with its passwords redacted.
func (d Database) String() string { return d.shown }

// GoString redacts as String does.
func (d Database) GoString() string { return d.shown }

// LogValue redacts as String does.
func (d Database) LogValue() slog.Value { return slog.StringValue(d.shown) }

// MarshalText redacts as String does, for JSON too.
func (d Database) MarshalText() ([]byte, error) { return []byte(d.shown), nil }

// longestURL bounds an address; none is near it.
const longestURL = 8192

var schemeForm = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9.-]{0,30})(?:\+([A-Za-z0-9_]{0,30}))?:`)

const knownDatabases = "use sqlite:/path/to/file or postgresql://user:password@host/name"

// ParseDatabaseURL reads the address of a catalogue:
//
//	sqlite:/abs/file   sqlite:///abs/file   an SQLite file
//	sqlite:name.db                          the same, relative to folder; "" is the working directory
//	sqlite+aiosqlite:///name.db             SQLAlchemy's: three slashes are relative, four absolute
//	postgres://user:password@host:5432/name?sslmode=require
//	postgresql://...                        the same
//	postgresql+asyncpg://...                SQLAlchemy's, with any driver; parameters that only asyncpg knows are translated or dropped
//
// In a PostgreSQL address, the characters @ / ? # % of a password are written
// %40 %2F %3F %23 %25. An SQLite path is percent-decoded too, and takes no parameters.
//
// Errors are CodeInvalid and never contain the password.
func ParseDatabaseURL(text, folder string) (Database, error) {
	text = strings.Trim(text, " \t\r\n")
	switch {
	case text == "":
		return Database{}, jarvis.Errorf(jarvis.CodeInvalid, "the address of the database is empty: %s", knownDatabases)
	case len(text) > longestURL:
		return Database{}, jarvis.Errorf(jarvis.CodeInvalid, "the address of the database is too long: %s", knownDatabases)
	case strings.ContainsFunc(text, unicode.IsControl):
		return Database{}, jarvis.Errorf(jarvis.CodeInvalid, "the address of the database has a line break or another control character in it: %s", knownDatabases)
	}
	form := schemeForm.FindStringSubmatch(text)
	if form == nil {
		return Database{}, jarvis.Errorf(jarvis.CodeInvalid, "the address of the database does not begin with its kind: %s", knownDatabases)
	}
	scheme, driver, rest := strings.ToLower(form[1]), form[2], text[len(form[0]):]
	switch scheme {
	case "sqlite":
		return parseSQLite(rest, driver != "", folder)
	case "postgres", "postgresql":
		return parsePostgres(rest, strings.EqualFold(driver, "asyncpg"))
	}
	return Database{}, jarvis.Errorf(jarvis.CodeInvalid, "%q is no database that Jarvis knows: %s", scheme, knownDatabases)
}

// parseSQLite reads what follows "sqlite:". alchemy says that the slashes are
// meant as SQLAlchemy means them.
func parseSQLite(rest string, alchemy bool, folder string) (Database, error) {
	const write = "write sqlite:/path/to/file"
	if _, parameters, ok := strings.Cut(rest, "?"); ok && parameters != "" {
		return Database{}, jarvis.Errorf(jarvis.CodeInvalid, "an SQLite address takes no parameters after ?: %s (a ? in the path is %%3F)", write)
	}
	escaped := strings.TrimSuffix(rest, "?")
	if after, ok := strings.CutPrefix(escaped, "//"); ok {
		switch {
		case after == "" && alchemy:
			escaped = ":memory:" // to SQLAlchemy
		case !strings.HasPrefix(after, "/"):
			return Database{}, jarvis.Errorf(jarvis.CodeInvalid, "after sqlite:// comes a third slash: %s", write)
		case alchemy:
			escaped = after[1:]
		default:
			escaped = after
		}
	}
	path, err := url.PathUnescape(escaped)
	switch {
	case err != nil:
		return Database{}, jarvis.Errorf(jarvis.CodeInvalid, "a %% in the path of an SQLite address is written %%25: %s", write)
	case strings.Contains(path, ":memory:"):
		return Database{}, jarvis.Errorf(jarvis.CodeInvalid, "a catalogue in memory would be lost with the program: %s", write)
	case path == "" || strings.HasSuffix(path, "/") || strings.ContainsFunc(path, unicode.IsControl):
		return Database{}, jarvis.Errorf(jarvis.CodeInvalid, "the SQLite address names no file: %s", write)
	case strings.HasPrefix(path, "~"):
		return Database{}, jarvis.Errorf(jarvis.CodeInvalid, "a ~ in an SQLite address means no home folder: write the whole path, sqlite:/path/to/file")
	}
	if path, err = absolute(given{text: path, folder: folder}); err != nil {
		return Database{}, err
	}
	return Database{kind: SQLite, path: path, shown: "sqlite:" + escapePath(path)}, nil
}

// escapePath writes a path so that parseSQLite reads the same.
func escapePath(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3F", " ", "%20").Replace(filepath.ToSlash(path))
}
