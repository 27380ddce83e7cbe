// Package pgtest gives tests a PostgreSQL of their own: a throw-away cluster
// made with the installed initdb and postgres, one per test binary, and a
// fresh database per test. Where JARVIS_TEST_POSTGRES_URL is set, databases are
// made on that server instead.
//
// A test package keeps one Server and stops it in TestMain:
//
//	var server pgtest.Server
//
//	func TestMain(m *testing.M) { os.Exit(server.Main(m)) }
//
//	func TestX(t *testing.T) { url := server.NewDatabase(t) ... }
//
// The processes of a cluster end with the test binary, however that ends.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// Server is a PostgreSQL server that starts when it is first needed. The zero
// value is ready for use. Its methods may be called concurrently.
type Server struct {
	// Sync makes the cluster write through to the disk, as where durability or
	// speed is measured. It must be set before the first use.
	Sync bool

	mu      sync.Mutex
	started bool
	failed  error
	admin   string   // URL of a database that is always there
	cluster *cluster // nil on a server that is not ours
}

// Main runs the tests of a package, stops the server, and returns the exit code.
func (s *Server) Main(m *testing.M) int {
	code := m.Run()
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return max(code, 1)
	}
	return code
}

// Close stops the server and removes its data, for a server that is not the one
// of TestMain. A server that is not ours it leaves alone.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cluster == nil {
		return nil
	}
	err := s.cluster.remove()
	s.cluster, s.started = nil, false
	return err
}

// NewDatabase returns the URL of a new, empty database, which is dropped when
// the test ends. It skips the test, by proof.Skip, where PostgreSQL is not
// installed.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	s.start(t)
	name := "jarvis_test_" + strings.ReplaceAll(jarvis.NewRandomID().String(), "-", "")
	s.run(t, "CREATE DATABASE "+name)
	t.Cleanup(func() { s.run(t, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	u, err := url.Parse(s.admin)
	if err != nil {
		t.Fatalf("the URL of the test server cannot be read")
	}
	u.Path = "/" + name
	return u.String()
}

// OverTCP returns the URL of the same database over TCP on 127.0.0.1, with a
// password, where NewDatabase's is over a Unix socket. On a server that is not
// ours it returns the URL unchanged.
func (s *Server) OverTCP(t testing.TB, database string) string {
	t.Helper()
	s.start(t)
	if s.cluster == nil {
		return database
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatalf("the URL of the test database cannot be read")
	}
	return s.cluster.tcpURL(u.Path)
}

// Folder returns the folder that holds the cluster's data, as after a
// CHECKPOINT. It skips the test on a server that is not ours.
func (s *Server) Folder(t testing.TB) string {
	t.Helper()
	s.start(t)
	if s.cluster == nil {
		proof.Skip(t, "the files of the server at JARVIS_TEST_POSTGRES_URL are not ours to read: unset it to let the tests start their own")
	}
	s.run(t, "CHECKPOINT")
	return s.cluster.data()
}

// Stop ends the server as a crash does, without a checkpoint, and returns when
// it is gone. The data stay, and the server is started again when the test
// ends. It skips the test on a server that is not ours.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.start(t)
	if s.cluster == nil {
		proof.Skip(t, "the server at JARVIS_TEST_POSTGRES_URL is not ours to stop: unset it to let the tests start their own")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.cluster.stop(); err != nil {
		t.Fatalf("stop PostgreSQL: %v", err)
	}
	t.Cleanup(func() { s.Restart(t) })
}

// Restart starts the stopped server again, at the same address. A running
// server is left as it is.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cluster == nil || s.cluster.running() {
		return
	}
	if err := s.cluster.start(); err != nil {
		t.Fatalf("start PostgreSQL again: %v", err)
	}
}

func (s *Server) start(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.started {
		s.started = true
		s.admin = os.Getenv("JARVIS_TEST_POSTGRES_URL")
		if s.admin == "" {
			s.cluster, s.failed = newCluster(s.Sync)
		}
		if s.cluster != nil {
			s.admin = s.cluster.socketURL("/postgres")
		}
	}
	if errors.Is(s.failed, errNotInstalled) {
		proof.Skip(t, "%v", s.failed)
	}
	if s.failed != nil {
		t.Fatalf("start PostgreSQL: %v", s.failed)
	}
}

// run runs a statement on the server, outside any transaction.
func (s *Server) run(t testing.TB, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		t.Errorf("connect to the test server: %v", err)
		return
	}
	_, err = conn.Exec(ctx, statement)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		t.Errorf("%s: %v", statement, err)
	}
}
