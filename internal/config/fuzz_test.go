package config

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jarvis-memory/jarvis"
)

// marker is a piece of every password in these tests.
const marker = "m4rk3rZqX"

// checkHidden fails when an address shows the marker in any way, or was refused
// with it.
func checkHidden(t *testing.T, text string) {
	t.Helper()
	db, err := ParseDatabaseURL(text, "/data")
	if err != nil {
		if jarvis.ErrorCode(err) != jarvis.CodeInvalid {
			t.Fatal(err)
		}
		if strings.Contains(fmt.Sprintf("%+v", err), marker) {
			t.Fatalf("%q is refused with its password: %v", text, err)
		}
		return
	}
	if out := printed(t, db); strings.Contains(out, marker) || strings.Contains(strings.ToLower(out), fmt.Sprintf("%x", marker)) {
		t.Fatalf("%q prints its password:\n%s", text, out)
	}
}

// FuzzDatabasePassword puts a password where an address has one, as it is and
// escaped, among whatever else.
func FuzzDatabasePassword(f *testing.F) {
	f.Add("postgresql", "jarvis", "p", "@db:5432/jarvis?sslmode=require")
	f.Add("postgres", "", "a/b?c#d%", "@[::1]/x?password=y&ssl=true")
	f.Add("postgresql+asyncpg", "a%20b", "'\\ =", "@h1,h2/?timeout=3")
	f.Add("mysql", "a", "b@c", "@/")
	f.Fuzz(func(t *testing.T, scheme, user, junk, rest string) {
		user = strings.Map(func(r rune) rune {
			if strings.ContainsRune("/@:?#=", r) || r <= ' ' { // else the password would begin elsewhere
				return -1
			}
			return r
		}, user)
		if strings.Contains(scheme, ":") || strings.Contains(scheme, "=") {
			scheme = "postgresql"
		}
		rest = "@" + rest
		for _, password := range []string{marker + junk, junk + marker, url.PathEscape(junk + marker), url.QueryEscape(marker + junk)} {
			checkHidden(t, scheme+"://"+user+":"+password+rest)
			checkHidden(t, "postgresql://"+user+":"+password+rest)
		}
		escaped := url.QueryEscape(junk + marker)
		checkHidden(t, "postgresql://"+user+rest+"?password="+escaped+"&sslpassword="+escaped)
		checkHidden(t, "postgresql://"+user+rest+"&password="+escaped)
		quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(junk + marker)
		checkHidden(t, "host=db password='"+quoted+"' user="+user)
		checkHidden(t, "user="+user+" password="+marker+" host=db")
	})
}

// FuzzParseDatabaseURL checks that nothing panics, that what is accepted is
// accepted by the driver too, and that an SQLite address reads back.
func FuzzParseDatabaseURL(f *testing.F) {
	for _, seed := range []string{
		"sqlite:/a.db", "sqlite+aiosqlite:///a.db", "sqlite:a%20b.db", "sqlite::memory:",
		"postgresql://a:b@h:1,[::1]:2/n?sslmode=require&x=%20", "postgresql+asyncpg://h/n?ssl=true&timeout=3",
		"mysql://h",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		db, err := ParseDatabaseURL(text, "/data")
		if err != nil {
			if jarvis.ErrorCode(err) != jarvis.CodeInvalid {
				t.Fatal(err)
			}
			return
		}
		again, err := ParseDatabaseURL(db.String(), "/elsewhere")
		if err != nil || again.String() != db.String() || again.Path() != db.Path() {
			t.Fatalf("%q is %q, which reads back as %q, %v", text, db, again, err)
		}
		if db.Kind() == SQLite {
			if !filepath.IsAbs(db.Path()) {
				t.Fatalf("%q is the file %q", text, db.Path())
			}
			return
		}
		if exact, err := ParseDatabaseURL(db.DSN(), ""); err != nil || exact.DSN() != db.DSN() {
			t.Fatalf("%q has the DSN %q, which reads back as %q, %v", text, db.DSN(), exact.DSN(), err)
		}
		// The driver also looks at files and services that are named; only what
		// it finds wrong with the form counts.
		if _, err := pgconn.ParseConfig(db.DSN()); err != nil && strings.Contains(err.Error(), "failed to parse as") {
			t.Fatalf("%q has the DSN %q, which the driver refuses: %v", text, db.DSN(), err)
		}
	})
}

// FuzzFile checks that no file of settings panics, and that a password in it is
// in no error.
func FuzzFile(f *testing.F) {
	for _, seed := range []string{
		"jobs = 1\n", "tz = 'UTC'", "[server]\nport = 1", "data_dir = \"a\nb", "min_free = 0x10", "a.b = 1", "jobs = 1\njobs = 2", "device = '''\n'''",
	} {
		f.Add(seed)
	}
	path := filepath.Join(f.TempDir(), "config.toml")
	f.Fuzz(func(t *testing.T, text string) {
		text += "\ndatabase_url = 'postgresql://a:" + marker + "@db/jarvis'\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(Input{File: path, LookupEnv: func(name string) (string, bool) { return "/home/a", name == "HOME" }})
		if err != nil {
			if jarvis.ErrorCode(err) != jarvis.CodeInvalid || strings.Contains(err.Error(), marker) {
				t.Fatal(err)
			}
			return
		}
		if strings.Contains(printed(t, c), marker) {
			t.Fatal("the settings print the password")
		}
		for _, folder := range []string{c.DataDir, c.StoragePath} {
			if !filepath.IsAbs(folder) {
				t.Fatalf("the folder %q", folder)
			}
		}
	})
}

// FuzzParseSpace checks that what is accepted is sane and reads back.
func FuzzParseSpace(f *testing.F) {
	for _, seed := range []string{"1GiB,2%", "0.5%", "32 mib", "1e3%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		space, err := ParseSpace(text)
		if err != nil {
			return
		}
		if of := space.Of(1 << 40); of < 0 || space.Bytes < 0 {
			t.Fatalf("%q is %v", text, space)
		}
		if again, err := ParseSpace(space.String()); err != nil || again != space {
			t.Fatalf("%q is %v, which is written %q and reads as %v, %v", text, space, space, again, err)
		}
	})
}
