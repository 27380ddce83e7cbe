package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jarvis-memory/jarvis"
)

func TestParseDatabaseURL_SQLite(t *testing.T) {
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ text, folder, path, shown string }{
		{"sqlite:/var/lib/jarvis.db", "", "/var/lib/jarvis.db", "sqlite:/var/lib/jarvis.db"},
		{"sqlite:///var/lib/jarvis.db", "", "/var/lib/jarvis.db", "sqlite:/var/lib/jarvis.db"},
		{"sqlite:////var/lib/jarvis.db", "", "/var/lib/jarvis.db", "sqlite:/var/lib/jarvis.db"},
		{"SQLite:/var/lib/jarvis.db", "", "/var/lib/jarvis.db", "sqlite:/var/lib/jarvis.db"},
		{" sqlite:/var/lib/../jarvis.db?\n", "", "/var/jarvis.db", "sqlite:/var/jarvis.db"},
		{"sqlite:jarvis.db", "/etc/jarvis", "/etc/jarvis/jarvis.db", "sqlite:/etc/jarvis/jarvis.db"},
		{"sqlite:../jarvis.db", "/etc/jarvis", "/etc/jarvis.db", "sqlite:/etc/jarvis.db"},
		{"sqlite:jarvis.db", "", filepath.Join(cwd, "jarvis.db"), "sqlite:" + filepath.Join(cwd, "jarvis.db")},
		{"sqlite+aiosqlite:///jarvis.db", "/etc/jarvis", "/etc/jarvis/jarvis.db", "sqlite:/etc/jarvis/jarvis.db"},
		{"sqlite+aiosqlite:////var/lib/jarvis.db", "", "/var/lib/jarvis.db", "sqlite:/var/lib/jarvis.db"},
		{"sqlite+pysqlite:////var/lib/jarvis.db", "", "/var/lib/jarvis.db", "sqlite:/var/lib/jarvis.db"},
		{"sqlite:/a%20b%3Fc%25.db", "", "/a b?c%.db", "sqlite:/a%20b%3Fc%25.db"},
		{"sqlite:/Größe 1.db", "", "/Größe 1.db", "sqlite:/Größe%201.db"},
	} {
		t.Run(test.text, func(t *testing.T) {
			db, err := ParseDatabaseURL(test.text, test.folder)
			if err != nil {
				t.Fatal(err)
			}
			if db.Kind() != SQLite || db.Path() != test.path || db.String() != test.shown || db.DSN() != "" || db.HasPassword() {
				t.Errorf("got %s %q shown as %q with DSN %q", db.Kind(), db.Path(), db, db.DSN())
			}
			if again, err := ParseDatabaseURL(db.String(), "/elsewhere"); err != nil || again.Path() != db.Path() {
				t.Errorf("%q reads back as %q, %v", db, again.Path(), err)
			}
		})
	}
}

func TestParseDatabaseURL_PostgreSQL(t *testing.T) {
	for _, test := range []struct{ text, dsn, shown string }{
		{"postgres://jarvis:hush@db/jarvis", "postgresql://jarvis:hush@db/jarvis", "postgresql://jarvis:xxxxx@db/jarvis"},
		{"POSTGRESQL://jarvis:hush@db:5433/jarvis", "postgresql://jarvis:hush@db:5433/jarvis", "postgresql://jarvis:xxxxx@db:5433/jarvis"},
		{"postgresql+asyncpg://jarvis:jarvis@localhost:5432/jarvis", "postgresql://jarvis:jarvis@localhost:5432/jarvis", "postgresql://jarvis:xxxxx@localhost:5432/jarvis"},
		{"postgresql+psycopg2://jarvis@db/jarvis?sslmode=require", "postgresql://jarvis@db/jarvis?sslmode=require", "postgresql://jarvis@db/jarvis?sslmode=require"},
		{"postgresql://jarvis@/jarvis?host=%2Frun%2Fpostgresql", "postgresql://jarvis@/jarvis?host=%2Frun%2Fpostgresql", "postgresql://jarvis@/jarvis?host=%2Frun%2Fpostgresql"},
		{"postgresql:///jarvis", "postgresql:///jarvis", "postgresql:///jarvis"},
		{"postgresql://", "postgresql:///", "postgresql:///"},
		{"postgresql://%2Frun%2Fpostgresql/jarvis", "postgresql://%2Frun%2Fpostgresql/jarvis", "postgresql://%2Frun%2Fpostgresql/jarvis"},
		{"postgresql://a:hush@h1:1,h2:2,[::1]:3/jarvis?target_session_attrs=read-write", "postgresql://a:hush@h1:1,h2:2,[::1]:3/jarvis?target_session_attrs=read-write", "postgresql://a:xxxxx@h1:1,h2:2,[::1]:3/jarvis?target_session_attrs=read-write"},
		{"postgresql://a:p%40ss%2Fw%23rd%3F%25@db/jarvis", "postgresql://a:p%40ss%2Fw%23rd%3F%25@db/jarvis", "postgresql://a:xxxxx@db/jarvis"},
		{"postgresql://a:p#s?s:w&rd@db/jarvis", "postgresql://a:p#s?s:w&rd@db/jarvis", "postgresql://a:xxxxx@db/jarvis"},
		{"postgresql://db/jarvis?user=a&password=hush", "postgresql://db/jarvis?user=a&password=hush", "postgresql://db/jarvis?user=a&password=xxxxx"},
		{"postgresql://db/jarvis?pass%77ord=hush&sslpassword=hush", "postgresql://db/jarvis?password=hush&sslpassword=hush", "postgresql://db/jarvis?password=xxxxx&sslpassword=xxxxx"},
		{"postgresql://db/jarvis?options=-c%20statement_timeout%3D5s&application_name=a+b", "postgresql://db/jarvis?options=-c%20statement_timeout%3D5s&application_name=a%2Bb", "postgresql://db/jarvis?options=-c%20statement_timeout%3D5s&application_name=a%2Bb"},
		{"postgresql+asyncpg://db/jarvis?ssl=require&timeout=7.5&command_timeout=60&prepared_statement_cache_size=0&application_name=x", "postgresql://db/jarvis?sslmode=require&connect_timeout=7&application_name=x", "postgresql://db/jarvis?sslmode=require&connect_timeout=7&application_name=x"},
		{"postgresql+asyncpg://db/jarvis?ssl=True", "postgresql://db/jarvis?sslmode=require", "postgresql://db/jarvis?sslmode=require"},
		{"postgresql+asyncpg://db/jarvis?ssl=verify-full", "postgresql://db/jarvis?sslmode=verify-full", "postgresql://db/jarvis?sslmode=verify-full"},
		{"postgresql://db/jarvis?ssl=false", "postgresql://db/jarvis?sslmode=disable", "postgresql://db/jarvis?sslmode=disable"},
	} {
		t.Run(test.text, func(t *testing.T) {
			db, err := ParseDatabaseURL(test.text, "")
			if err != nil {
				t.Fatal(err)
			}
			if db.Kind() != PostgreSQL || db.Path() != "" || db.DSN() != test.dsn || db.String() != test.shown {
				t.Errorf("got %s %q\nshown as %q", db.Kind(), db.DSN(), db)
			}
			if want := strings.Contains(test.shown, "xxxxx"); db.HasPassword() != want {
				t.Errorf("HasPassword = %t", db.HasPassword())
			}
			if _, err := pgconn.ParseConfig(db.DSN()); err != nil {
				t.Errorf("the driver does not take %q: %v", db.DSN(), err)
			}
		})
	}
}

// What the driver makes of the DSN is what the address said.
func TestParseDatabaseURL_DriverAgrees(t *testing.T) {
	for _, text := range []string{
		"postgresql+asyncpg://a%20b:p%40s%2Fs@db:5433/name%20x?ssl=disable&application_name=a+b",
		"postgresql://db:5433/?user=a%20b&password=p%40s%2Fs&dbname=name%20x&sslmode=disable&application_name=a%2Bb",
	} {
		db, err := ParseDatabaseURL(text, "")
		if err != nil {
			t.Fatal(err)
		}
		c, err := pgconn.ParseConfig(db.DSN())
		if err != nil {
			t.Fatal(err)
		}
		if c.Host != "db" || c.Port != 5433 || c.User != "a b" || c.Password != "p@s/s" || c.Database != "name x" || c.TLSConfig != nil || c.RuntimeParams["application_name"] != "a+b" {
			t.Errorf("%s: host %q port %d user %q password %q database %q", db, c.Host, c.Port, c.User, c.Password, c.Database)
		}
	}
}

func TestParseDatabaseURL_Refuses(t *testing.T) {
	for text, says := range map[string]string{
		"":                                       "is empty: use sqlite:/path/to/file or postgresql://",
		"mysql://a:hush@db/jarvis":               `"mysql" is no database that Jarvis knows: use sqlite:`,
		"mongodb+srv://a:hush@db":                `"mongodb" is no database`,
		"a:hush@db/jarvis":                       `"a" is no database`,
		"hush":                                   "does not begin with its kind",
		"/var/lib/jarvis.db":                     "does not begin with its kind",
		"postgresql:jarvis:hush@db":              "needs two slashes",
		"postgresql://a:hu\nsh@db/jarvis":        "line break",
		"postgresql://a:hu/sh@db/jarvis":         "an @ or a / too many",
		"postgresql://a:hu@sh@db/jarvis":         "an @ or a / too many",
		"postgresql://a:12/hush@db/jarvis":       "an @ or a / too many",
		"postgresql://a:hu%sh@db/jarvis":         "a % that is not written %25",
		"postgresql://a:hush%00@db/jarvis":       "a % that is not written %25",
		"postgresql://a:hu sh@db/jarvis":         "a # or a space",
		"postgresql://db/jar#vis":                "a # or a space",
		"postgresql://a:hush":                    "a host or a port that is none",
		"postgresql://a:hush@db:99999/jarvis":    "a port that is not from 1 to 65535",
		"postgresql://a:hush@db:0/jarvis":        "a port that is not from 1 to 65535",
		"postgresql://a:hush@[::1/jarvis":        "a host or a port that is none",
		"postgresql://a:hush@db/jarvis?password": "not of the form name=value",
		"postgresql://db/jarvis?password=hu=sh":  "not of the form name=value",
		"postgresql://db/jarvis?password=hu%sh":  "a % that is not written %25",
		"postgresql://db/jarvis&password=hush":   "has parameters without a ? before them",
		"host=db dbname=jarvis password=hush":    "does not begin with its kind",
		"postgresql://db/jarvis?ssl=hush":        "an sslmode that is none of",
		"postgresql://db/jarvis?sslmode=maybe":   "an sslmode that is none of",
		"postgresql+asyncpg://db/?timeout=soon":  "a timeout that is no number",
		"sqlite:":                                "names no file",
		"sqlite:///":                             "names no file",
		"sqlite:/var/lib/":                       "names no file",
		"sqlite:/a%0ab":                          "names no file",
		"sqlite:/a%00b":                          "names no file",
		"sqlite://jarvis.db":                     "comes a third slash",
		"sqlite::memory:":                        "would be lost with the program",
		"sqlite+aiosqlite://":                    "would be lost with the program",
		"sqlite:///:memory:":                     "would be lost with the program",
		"sqlite:/a.db?mode=ro":                   "takes no parameters",
		"sqlite:/100%.db":                        "is written %25",
		"sqlite:~/a.db":                          "means no home folder",
		strings.Repeat("x", longestURL+1):        "is too long",
	} {
		t.Run(text[:min(len(text), 40)], func(t *testing.T) {
			db, err := ParseDatabaseURL(text, "")
			if jarvis.ErrorCode(err) != jarvis.CodeInvalid || !strings.Contains(err.Error(), says) {
				t.Fatalf("got %v, %v; want CodeInvalid saying %q", db, err, says)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

// printed returns everything that printing, logging and marshalling make of v.
func printed(t testing.TB, v any) string {
	t.Helper()
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	marshalled, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	b.Write(marshalled)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "value", v)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "value", v)
	b.Write(log.Bytes())
	return b.String()
}

func TestDatabase_NeverPrintsItsPassword(t *testing.T) {
	for _, text := range []string{
		"postgresql://a:hush@db/jarvis?sslpassword=hush",
	} {
		db, err := ParseDatabaseURL(text, "")
		if err != nil {
			t.Fatal(err)
		}
		hidden := struct{ inner Database }{db} // fmt cannot call methods on it
		pointer := &struct{ Database *Database }{&db}
		for _, v := range []any{db, &db, hidden, pointer, []Database{db}, map[string]Database{"db": db}, &Config{Database: db}} {
			out := printed(t, v)
			if strings.Contains(out, "hush") || strings.Contains(strings.ToLower(out), "68757368") {
				t.Errorf("%T prints the password:\n%s", v, out)
			}
		}
		if !strings.Contains(db.DSN(), "hush") {
			t.Error("the DSN lost the password")
		}
	}
}
