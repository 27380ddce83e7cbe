package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

const wrongPassword = "hunter2-hunter2"

// tcp returns the address of a new database over TCP, for a test to change.
func tcp(t *testing.T, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(cluster.OverTCP(t, cluster.NewDatabase(t)))
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	change(u)
	return u.String()
}

func TestOpen_Refusals(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, by the kernel, and never answers
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	t.Cleanup(func() {
		if err := silent.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	if err := closed.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	wrong := url.UserPassword("postgres", wrongPassword)
	for _, test := range []struct {
		name    string
		url     string
		code    jarvis.Code
		message string // %s is the address
	}{
		{
			"WrongPassword", tcp(t, func(u *url.URL) { u.User = wrong }), jarvis.CodeUnavailable,
			`PostgreSQL at %s refused the login of user "postgres": correct the user or the password in JARVIS_DATABASE_URL`,
		},
		{
			"NoSuchUser", tcp(t, func(u *url.URL) { u.User = url.UserPassword("nobody-here", wrongPassword) }), jarvis.CodeUnavailable,
			`PostgreSQL at %s refused the login of user "nobody-here": correct the user or the password in JARVIS_DATABASE_URL`,
		},
		{
			"NoSuchDatabase", tcp(t, func(u *url.URL) { u.Path = "/atlantis" }), jarvis.CodeUnavailable,
			`PostgreSQL at %s has no database "atlantis": create it with createdb, or correct JARVIS_DATABASE_URL`,
		},
		{
			"NotRunning", "postgres://ada:" + wrongPassword + "@" + closed.Addr().String() + "/jarvis", jarvis.CodeUnavailable,
			`PostgreSQL at %s is not running: start it, or correct JARVIS_DATABASE_URL`,
		},
		{
			"NoSocket", "postgres://ada:" + wrongPassword + "@/jarvis?host=/nowhere", jarvis.CodeUnavailable,
			`PostgreSQL at /nowhere is not running: start it, or correct JARVIS_DATABASE_URL`,
		},
		{
			"Silent", "postgres://ada:" + wrongPassword + "@" + silent.Addr().String() + "/jarvis?connect_timeout=1", jarvis.CodeUnavailable,
			`PostgreSQL at %s does not answer: see whether it runs and can be reached, or correct JARVIS_DATABASE_URL`,
		},
		{
			"UnknownParameter", tcp(t, func(u *url.URL) { u.RawQuery = "jarvis_nonsense=1" }), jarvis.CodeInvalid,
			`PostgreSQL at %s does not take a parameter of JARVIS_DATABASE_URL: correct what follows the ? in it (jarvis_nonsense)`,
		},
		{
			"WrongParameter", tcp(t, func(u *url.URL) { u.RawQuery = "work_mem=much" }), jarvis.CodeInvalid,
			`PostgreSQL at %s does not take a parameter of JARVIS_DATABASE_URL: correct what follows the ? in it (work_mem)`,
		},
		{
			"NoTLS", tcp(t, func(u *url.URL) { u.RawQuery = "sslmode=require" }), jarvis.CodeUnavailable,
			`the encrypted connection to PostgreSQL at %s failed: see whether it offers TLS with a valid certificate, which sslmode in JARVIS_DATABASE_URL demands`,
		},
		{"Scheme", "mysql://ada:" + wrongPassword + "@localhost/jarvis", jarvis.CodeInvalid, unreadable},
		{"Escape", "postgres://ada:" + wrongPassword + "%zz@localhost/jarvis", jarvis.CodeInvalid, unreadable},
		{"Port", "postgres://ada@localhost:" + wrongPassword + "/jarvis", jarvis.CodeInvalid, unreadable},
		{"Slash", "postgres://ada:hunter2/" + wrongPassword + "@localhost/jarvis", jarvis.CodeInvalid, unreadable},
		{"Setting", "postgres://ada:" + wrongPassword + "@localhost/jarvis?sslmode=" + wrongPassword, jarvis.CodeInvalid, unreadable},
	} {
		t.Run(test.name, func(t *testing.T) {
			began := time.Now()
			_, err := Open(t.Context(), Options{URL: test.url})
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("the refusal took %v", took)
			}
			message := test.message
			if u, err := url.Parse(test.url); err == nil {
				message = strings.ReplaceAll(message, "%s", u.Host)
			}
			wantError(t, err, test.code, message)
			wantNoSecret(t, err, wrongPassword)
			_, err = MigrationStatus(t.Context(), Options{URL: test.url})
			wantError(t, err, test.code, message)
			wantNoSecret(t, err, wrongPassword)
			_, err = MigrateUp(t.Context(), Options{URL: test.url})
			wantError(t, err, test.code, message)
			wantNoSecret(t, err, wrongPassword)
			if HoldsOlderStore(t.Context(), test.url) {
				t.Error("it holds an older store")
			}
		})
	}
}

const unreadable = "the database URL cannot be read: expected postgres://user:password@host:port/database, with special characters of the password percent-encoded"

func TestOpen_UnknownHost(t *testing.T) {
	_, err := Open(t.Context(), Options{URL: "postgres://ada:" + wrongPassword + "@no-such-host.invalid/jarvis"})
	if code := jarvis.ErrorCode(err); code != jarvis.CodeUnavailable {
		t.Errorf("code %q, want unavailable: %v", code, err)
	}
	wantNoSecret(t, err, wrongPassword)
}

func TestOpen_MustExist(t *testing.T) {
	address := cluster.NewDatabase(t)
	_, err := Open(t.Context(), Options{URL: address, MustExist: true})
	if code := jarvis.ErrorCode(err); code != jarvis.CodeNotFound {
		t.Fatalf("code %q, want not_found: %v", code, err)
	}
	openAt(t, address)
	c, err := Open(t.Context(), Options{URL: address, MustExist: true})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

// run runs a statement on a connection of its own.
func run(t *testing.T, address, statement string) {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), address)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	_, err = conn.Exec(t.Context(), statement).ReadAll()
	if err := errors.Join(err, conn.Close(context.WithoutCancel(t.Context()))); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func databaseOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Path, "/")
}

func TestCatalog_ReadOnly(t *testing.T) {
	address := cluster.NewDatabase(t)
	openAt(t, address)
	run(t, address, "ALTER DATABASE "+databaseOf(address)+" SET default_transaction_read_only = on")
	c := openAt(t, address)
	_, message := c.server.describeState(stateReadOnly)
	wantError(t, c.Check(t.Context()), jarvis.CodeUnavailable, message)
	wantError(t, c.InsertCapture(t.Context(), sample(1)), jarvis.CodeUnavailable, message)
	if _, err := c.FindCaptures(t.Context(), jarvis.CaptureFilter{}); err != nil {
		t.Errorf("a read-only catalogue cannot be read: %v", err)
	}
}

func TestOpen_Role(t *testing.T) {
	role := "role_" + strings.ReplaceAll(jarvis.NewRandomID().String(), "-", "")
	address := tcp(t, func(*url.URL) {})
	if !strings.HasPrefix(address, "postgres://postgres:") {
		proof.Skip(t, "roles are made on a server of our own only: unset JARVIS_TEST_POSTGRES_URL")
	}
	run(t, address, "CREATE ROLE "+role+" LOGIN PASSWORD '"+wrongPassword+"' CONNECTION LIMIT 0; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
	t.Cleanup(func() { runAfter(t, address, "DROP ROLE "+role) })
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	u.User = url.UserPassword(role, wrongPassword)
	_, err = Open(t.Context(), Options{URL: u.String()})
	wantError(t, err, jarvis.CodeUnavailable, "PostgreSQL at "+u.Host+" has no connection left: stop other programs, or raise its max_connections")
	wantNoSecret(t, err, wrongPassword)

	run(t, address, "ALTER ROLE "+role+" CONNECTION LIMIT 50")
	_, err = Open(t.Context(), Options{URL: u.String()})
	wantError(t, err, jarvis.CodeUnavailable, fmt.Sprintf("user %q may not use the tables of database %q on PostgreSQL at %s: make it their owner", role, databaseOf(address), u.Host))
	wantNoSecret(t, err, wrongPassword)
}

func runAfter(t *testing.T, address, statement string) {
	ctx := context.Background()
	conn, err := pgconn.Connect(ctx, address)
	if err == nil {
		_, err = conn.Exec(ctx, statement).ReadAll()
		err = errors.Join(err, conn.Close(ctx))
	}
	if err != nil {
		t.Errorf("%s: %v", statement, err)
	}
}

func TestHoldsOlderStore(t *testing.T) {
	address := cluster.NewDatabase(t)
	if HoldsOlderStore(t.Context(), address) {
		t.Error("an empty database holds an older store")
	}
	run(t, address, "CREATE TABLE captures (id text); CREATE TABLE alembic_version (version_num text)")
	if !HoldsOlderStore(t.Context(), address) {
		t.Error("a database with captures and alembic_version holds no older store")
	}
}

// TestServer_Describe gives every SQLSTATE that is told apart, and each class.
func TestServer_Describe(t *testing.T) {
	s, err := parse("postgres://ada:" + wrongPassword + "@db.example:5433/jarvis")
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	for state, code := range map[string]jarvis.Code{
		"25006": jarvis.CodeUnavailable, "28000": jarvis.CodeUnavailable, "28P01": jarvis.CodeUnavailable,
		"3D000": jarvis.CodeUnavailable, "40001": jarvis.CodeUnavailable, "40P01": jarvis.CodeUnavailable, "42501": jarvis.CodeUnavailable,
		"53100": jarvis.CodeNoSpace, "53300": jarvis.CodeUnavailable, "53200": jarvis.CodeUnavailable, "54000": jarvis.CodeInvalid,
		"57014": jarvis.CodeUnavailable, "57P01": jarvis.CodeUnavailable, "57P02": jarvis.CodeUnavailable, "57P03": jarvis.CodeUnavailable,
		"57P05": jarvis.CodeUnavailable, "58030": jarvis.CodeUnavailable, "08006": jarvis.CodeUnavailable, "22001": jarvis.CodeInvalid,
		"42P01": jarvis.CodeMismatch, "XX000": jarvis.CodeInternal, "XX001": jarvis.CodeCorrupt, "P0001": jarvis.CodeInternal, "25P03": jarvis.CodeUnavailable,
	} {
		cause := &pgconn.PgError{Severity: "ERROR", Code: state, Message: "what the server said"}
		err := s.translate(t.Context(), "insert capture", fmt.Errorf("wrapped: %w", cause))
		wantError(t, err, code, "")
		wantNoSecret(t, err, wrongPassword)
		if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "what the server said") {
			t.Errorf("%s: message %q", state, err)
		}
		if !errors.Is(err, cause) {
			t.Errorf("%s: the cause is lost", state)
		}
	}
}

func wantError(t *testing.T, err error, code jarvis.Code, message string) {
	t.Helper()
	e, ok := err.(*jarvis.Error)
	if !ok || e.Code != code || message != "" && e.Message != message {
		t.Fatalf("error %v (%T, code %q)\n got %v\nwant %s", err, err, jarvis.ErrorCode(err), err, message)
	}
}

// wantNoSecret looks for a secret in every form of an error and of its causes.
func wantNoSecret(t *testing.T, err error, secret string) {
	t.Helper()
	if err == nil {
		return
	}
	for _, form := range []string{"%v", "%+v", "%#v", "%q"} {
		if text := fmt.Sprintf(form, err); strings.Contains(text, secret) {
			t.Errorf("%T holds the password: %s", err, text)
		}
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		wantNoSecret(t, e.Unwrap(), secret)
	case interface{ Unwrap() []error }:
		for _, cause := range e.Unwrap() {
			wantNoSecret(t, cause, secret)
		}
	}
}
