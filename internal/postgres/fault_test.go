package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// TestOpen_Settings turns off what keeps captures safe wherever a person could,
// and sees it on.
func TestOpen_Settings(t *testing.T) {
	address := tcp(t, func(u *url.URL) {
		u.RawQuery = "synchronous_commit=off&options=-c%20synchronous_commit%3Doff%20-c%20timezone%3DAsia/Kathmandu"
	})
	loosen(t, address)
	c := openAt(t, address)
	for setting, want := range map[string]string{
		"synchronous_commit": "on", "TimeZone": "UTC", "default_transaction_isolation": "read committed", "statement_timeout": "115s",
	} {
		var got string
		if err := c.pool.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", setting, got, want, err)
		}
	}
}

// loosen makes a database lose commits, unless a session insists.
func loosen(t *testing.T, address string) {
	t.Helper()
	for _, setting := range []string{"synchronous_commit = off", "timezone = 'Asia/Kathmandu'", "default_transaction_isolation = 'serializable'"} {
		run(t, address, "ALTER DATABASE "+databaseOf(address)+" SET "+setting)
		run(t, address, "ALTER ROLE CURRENT_USER IN DATABASE "+databaseOf(address)+" SET "+setting)
	}
}

// TestCatalog_ServerCrash ends the server while captures are inserted. What was
// acknowledged is there afterwards.
func TestCatalog_ServerCrash(t *testing.T) {
	address := cluster.NewDatabase(t)
	loosen(t, address)
	c := openAt(t, address)
	acknowledged, failed := 0, 0
	for round := range int64(proof.Rounds(2, 20)) {
		var mu sync.Mutex
		var writers sync.WaitGroup
		done := make(map[jarvis.ID]bool)
		enough := make(chan struct{})
		for w := range int64(8) {
			writers.Go(func() {
				for i := range int64(10_000) {
					capture := sample(round*100_000 + w*10_000 + i)
					err := c.InsertCapture(t.Context(), capture)
					mu.Lock()
					if err == nil {
						done[capture.ID] = true
						if len(done) == 200 {
							close(enough)
						}
					}
					mu.Unlock()
					if err != nil {
						if code := jarvis.ErrorCode(err); code != jarvis.CodeUnavailable {
							t.Errorf("an insert while the server ends: code %q: %v", code, err)
						}
						return
					}
				}
			})
		}
		<-enough
		cluster.Stop(t)
		writers.Wait()
		failed += 8
		cluster.Restart(t)
		for id := range done {
			if _, err := c.FindCapture(t.Context(), id); err != nil {
				t.Fatalf("capture %s was acknowledged and is not there: %v", id, err)
			}
		}
		acknowledged += len(done)
		total, err := c.Summarize(t.Context(), jarvis.CaptureFilter{})
		if stats := statsOf(t, c); err != nil || stats.Captures != total.Captures || stats.Bytes != total.Bytes {
			t.Fatalf("after a crash the counters say %d captures and %d bytes, the rows %d and %d (%v)",
				stats.Captures, stats.Bytes, total.Captures, total.Bytes, err)
		}
	}
	proof.Record(t, "%d captures acknowledged before %d crashes of the server, all there; %d inserts failed", acknowledged, proof.Rounds(2, 20), failed)
}

// TestCatalog_AnswerLost cuts the connection after the server has committed and
// before its answer arrives. That is never success, and never a conflict.
func TestCatalog_AnswerLost(t *testing.T) {
	address := tcp(t, func(*url.URL) {})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	p := newProxy(t, u.Host)
	u.Host = p.Addr().String()
	u.RawQuery = "sslmode=disable"
	c := openAt(t, u.String())
	direct := openAt(t, address)

	for i := range int64(5) { // prepared statements, then what they are for
		if err := c.InsertCapture(t.Context(), sample(i)); err != nil {
			t.Fatalf("InsertCapture: %v", err)
		}
	}
	p.cut.Store(true)
	lost := sample(10)
	err = c.InsertCapture(t.Context(), lost)
	p.cut.Store(false)
	wantError(t, err, jarvis.CodeUnavailable, "")
	if _, err := direct.FindCapture(t.Context(), lost.ID); err != nil {
		t.Fatalf("the capture whose answer was lost: %v", err)
	}
	if code := jarvis.ErrorCode(c.InsertCapture(t.Context(), lost)); code != jarvis.CodeConflict {
		t.Errorf("inserting it again gives code %q", code)
	}

	p.cut.Store(true)
	_, err = c.BeginDelete(t.Context(), lost.ID)
	p.cut.Store(false)
	wantError(t, err, jarvis.CodeUnavailable, "")
	if pending, err := c.BeginDelete(t.Context(), lost.ID); err != nil || pending.Filepath != lost.Filepath {
		t.Errorf("deleting it again = %+v, %v", pending, err)
	}
}

// proxy passes connections on to a server. While cut is set, it ends each one
// at the server's next answer, which it keeps to itself.
type proxy struct {
	net.Listener
	cut atomic.Bool
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	p := &proxy{Listener: listener}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := p.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				t.Errorf("dial: %v", errors.Join(err, client.Close()))
				continue
			}
			running.Go(func() { pass(t, upstream, client, func() bool { return true }) })
			running.Go(func() { pass(t, client, upstream, func() bool { return !p.cut.Load() }) })
		}
	})
	t.Cleanup(func() { // after the catalogue behind it was closed
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		running.Wait()
	})
	return p
}

// pass copies until either connection ends or what was read may not be passed
// on, and then ends both.
func pass(t *testing.T, to, from net.Conn, may func() bool) {
	t.Helper()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err == nil && may() {
			_, err = to.Write(buffer[:n])
		} else if err == nil {
			err = io.EOF
		}
		if err != nil {
			break
		}
	}
	for _, conn := range []net.Conn{to, from} { // the other direction may have closed them
		if err := conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Errorf("close: %v", err)
		}
	}
}

// TestCatalog_ConnectionEnded ends a connection, from outside, whose insert
// waits.
func TestCatalog_ConnectionEnded(t *testing.T) {
	address := cluster.NewDatabase(t)
	c, other := openAt(t, address), openAt(t, address)
	tx, err := other.pool.Begin(t.Context())
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE captures IN EXCLUSIVE MODE"); err != nil {
		t.Fatalf("lock: %v", err)
	}
	capture, failed := sample(1), make(chan error, 1)
	go func() { failed <- c.InsertCapture(t.Context(), capture) }()
	until(t, "the insert waits and is ended", func() bool {
		return intOf(t, other, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%INSERT INTO captures%'`) > 0
	})
	wantError(t, <-failed, jarvis.CodeUnavailable, "PostgreSQL at "+c.server.address()+" is stopping or starting: try again in a moment")
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatalf("rollback: %v", err)
	}
	if err := c.InsertCapture(t.Context(), capture); err != nil {
		t.Fatalf("InsertCapture again: %v", err)
	}
}

// until polls for what another process does.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for !happened() {
		select {
		case <-deadline:
			t.Fatalf("not within 30 s: %s", what)
		case <-poll.C:
		}
	}
}

// TestCatalog_CancelledInsert leaves nothing behind that commits later.
func TestCatalog_CancelledInsert(t *testing.T) {
	address := cluster.NewDatabase(t)
	c, other := openAt(t, address), openAt(t, address)
	tx, err := other.pool.Begin(t.Context())
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE captures IN EXCLUSIVE MODE"); err != nil {
		t.Fatalf("lock: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.InsertCapture(ctx, sample(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("InsertCapture = %v", err)
	}
	until(t, "the server has ended the cancelled insert", func() bool {
		return intOf(t, other, "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())") == 0
	})
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatalf("rollback: %v", err)
	}
	if got := statsOf(t, c).Captures; got != 0 {
		t.Errorf("a cancelled insert added %d captures", got)
	}
}
