package listen

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// fakeConn is a connection of a peer with any address.
type fakeConn struct {
	net.Conn
	peer   string
	closed bool
}

func (c *fakeConn) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.peer))
}
func (c *fakeConn) Close() error { c.closed = true; return nil }

// fakeListener gives connections and errors in their order, and then io.EOF.
type fakeListener struct {
	net.Listener
	next []any
}

func (l *fakeListener) Accept() (net.Conn, error) {
	if len(l.next) == 0 {
		return nil, io.EOF
	}
	next := l.next[0]
	l.next = l.next[1:]
	if c, ok := next.(*fakeConn); ok {
		return c, nil
	}
	err, ok := next.(error)
	if !ok {
		return nil, io.ErrUnexpectedEOF
	}
	return nil, err
}

func networks(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

func TestListener_Peers(t *testing.T) {
	for peer, want := range map[string]bool{
		"127.0.0.1:1":                true,
		"127.9.9.9:1":                true,
		"[::1]:1":                    true,
		"[::ffff:127.0.0.1]:1":       true,
		"10.1.2.3:1":                 true,
		"[::ffff:10.1.2.3]:1":        true,
		"172.16.3.4:1":               true, // named as IPv6
		"[fd00::5%eth0]:1":           true,
		"192.0.2.1:1":                false,
		"10.2.0.1:1":                 false,
		"[::ffff:192.0.2.1]:1":       false,
		"[2001:db8::1]:1":            false,
		"[::10.1.2.3]:1":             false,
		"[64:ff9b::10.1.2.3]:1":      false,
		"0.0.0.0:1":                  false,
		"[fe80::1%eth0]:1":           false,
		"[::ffff:0:127.0.0.1]:12345": false,
	} {
		b := newBook(Options{}.defaults())
		c := &fakeConn{peer: peer}
		l := &listener{
			Listener: &fakeListener{next: []any{c}},
			peers:    newPeers(false, networks("10.1.0.0/16"), networks("::ffff:172.16.0.0/108", "fd00::/8")),
			book:     b,
		}
		got, err := l.Accept()
		if let := err == nil; let != want || c.closed == want {
			t.Errorf("%s: let in %t, closed %t, %v; want in %t", peer, let, c.closed, err, want)
		}
		if want {
			if b.len() != 1 {
				t.Errorf("%s: %d connections", peer, b.len())
			}
			if err := errors.Join(got.Close(), got.Close()); err != nil {
				t.Error(err)
			}
		}
		if b.len() != 0 || len(b.peers) != 0 {
			t.Errorf("%s: afterwards %d connections of %d peers", peer, b.len(), len(b.peers))
		}
		if said := b.report(); (said.count == 1) == want || (b.report() != refusals{}) {
			t.Errorf("%s: reported %+v", peer, said)
		}
	}
}

// One peer cannot take all places, unless it is a proxy.
func TestBook_Share(t *testing.T) {
	b := newBook(Options{MaxConnections: 40}.defaults())
	count := func(address string, many bool) (in int) {
		for range 20 {
			if b.admit(&fakeConn{peer: netip.AddrPortFrom(netip.MustParseAddr(address), 1).String()}, netip.MustParseAddr(address), many) != nil {
				in++
			}
		}
		return in
	}
	if got := count("192.0.2.1", false); got != 10 {
		t.Errorf("%d connections of one address, want 10", got)
	}
	if got := count("2001:db8::1", false) + count("2001:db8::ffff:2", false); got != 10 {
		t.Errorf("%d connections of one IPv6 network, want 10", got)
	}
	if got := count("10.0.0.1", true); got != 20 {
		t.Errorf("%d connections of a proxy, want 20", got)
	}
	// All are fresh: nobody has to go for one more.
	if got := count("192.0.2.2", false); got != 0 || b.len() != 40 {
		t.Errorf("%d connections beyond the most, %d in all", got, b.len())
	}
	b.closeAll()
	if got := count("192.0.2.1", false); got != 10 {
		t.Errorf("afterwards %d connections, want 10", got)
	}
	b.closeAll()
	if b.len() != 0 || len(b.peers) != 0 {
		t.Errorf("%d connections of %d peers are left", b.len(), len(b.peers))
	}
}

// When descriptors run out, an idle connection makes room.
func TestListener_Accept_NoDescriptors(t *testing.T) {
	b := newBook(Options{}.defaults())
	idle, busy := &fakeConn{peer: "127.0.0.1:1"}, &fakeConn{peer: "127.0.0.1:2"}
	out := &net.OpError{Op: "accept", Err: syscall.EMFILE}
	l := &listener{Listener: &fakeListener{next: []any{idle, busy, out}}, peers: newPeers(false, nil, nil), book: b}
	for _, states := range [][]http.ConnState{{http.StateActive, http.StateIdle}, {http.StateActive}} {
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		for _, state := range states {
			b.note(c, state)
		}
	}
	_, err := l.Accept()
	// http.Server asks whether it may try again.
	var again net.Error
	if !errors.As(err, &again) || !errors.Is(err, syscall.EMFILE) {
		t.Errorf("Accept: %v", err)
	}
	if !idle.closed || busy.closed {
		t.Errorf("idle closed %t, busy closed %t", idle.closed, busy.closed)
	}
	b.note(&fakeConn{peer: "127.0.0.1:1"}, http.StateIdle) // of nobody we know
}

func TestWatcher(t *testing.T) {
	var log bytes.Buffer
	s := newServer(Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}.defaults())
	lines := func() int { return strings.Count(log.String(), "\n") }
	var w watcher
	w.look(s, 899, 1000)
	w.look(s, 0, 0) // nothing is known
	if lines() != 0 {
		t.Errorf("logged:\n%s", log.String())
	}
	w.look(s, 901, 1000)
	w.look(s, 950, 1000)
	if lines() != 1 || !strings.Contains(log.String(), "open=901 limit=1000") {
		t.Errorf("logged:\n%s", log.String())
	}
	w.look(s, 100, 1000)
	w.look(s, 901, 1000)
	if lines() != 2 {
		t.Errorf("logged:\n%s", log.String())
	}
	for range 3 {
		s.book.refuse(&fakeConn{peer: "192.0.2.1:7"}, "no reason")
	}
	w.look(s, 901, 1000)
	w.look(s, 901, 1000)
	if lines() != 3 || !strings.Contains(log.String(), "count=3 last_peer=192.0.2.1:7") {
		t.Errorf("logged:\n%s", log.String())
	}
}

func TestDescriptors(t *testing.T) {
	before, limit := openDescriptors(), descriptorLimit()
	if before == 0 {
		proof.Skip(t, "this system does not tell how many files are open")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if got := openDescriptors(); got <= before || got > limit {
		t.Errorf("%d descriptors with a listener, %d without, of %d", got, before, limit)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if o := (Options{MaxConnections: 1 << 40}).defaults(); o.MaxConnections != limit/2 {
		t.Errorf("at most %d connections with %d descriptors", o.MaxConnections, limit)
	}
}

// A listener that fails ends the server, and says so.
func TestServer_Run_ListenerFails(t *testing.T) {
	s, err := Open(t.Context(), Options{Addresses: []string{"127.0.0.1:0", "127.0.0.1:0"}, Handler: http.NotFoundHandler()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.listeners[1].Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(context.Background()); jarvis.ErrorCode(err) != jarvis.CodeUnavailable {
		t.Errorf("Run: %v", err)
	}
	if _, err := net.Dial("tcp", s.Addresses()[0].String()); err == nil {
		t.Error("the other address still listens")
	}
}

// deadlines is an answer that takes deadlines, whose body comes a byte at a time.
type deadlines struct {
	http.ResponseWriter
	read  time.Time
	pause time.Duration
	left  int
}

func (d *deadlines) SetReadDeadline(at time.Time) error { d.read = at; return nil }
func (d *deadlines) Close() error                       { return nil }

func (d *deadlines) Read(p []byte) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	if by := time.Now().Add(d.pause); !d.read.IsZero() && by.After(d.read) {
		<-time.After(time.Until(d.read))
		return 0, timeout{}
	}
	<-time.After(d.pause)
	d.left--
	return 1, nil
}

type timeout struct{}

func (timeout) Error() string     { return "i/o timeout" }
func (timeout) Is(err error) bool { return err == os.ErrDeadlineExceeded }

func TestPatient_SlowBodies(t *testing.T) {
	tests := []struct {
		name        string
		left        int
		pause, work time.Duration
		want        time.Duration // until the body ended
		fails       bool
	}{
		{name: "Steady", left: 1000, pause: 0, want: 0},
		{name: "OneStall", left: 1, pause: 31 * time.Second, want: 30 * time.Second, fails: true},
		{name: "AFewStalls", left: 2, pause: 29 * time.Second, want: 58 * time.Second},
		{name: "AByteAtATime", left: 1000, pause: 10 * time.Second, want: time.Minute, fails: true},
		{name: "AsSlowAsMayBe", left: 1 << 20, pause: time.Second / 4097, want: time.Second / 4097 << 20},
		{name: "SlowHandler", left: 1000, pause: time.Millisecond, work: time.Minute, want: 1000*time.Minute + time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &deadlines{pause: test.pause, left: test.left}
				Patient(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					began := time.Now()
					var err error
					for err == nil {
						if _, err = r.Body.Read(make([]byte, 1)); err == nil && test.work > 0 {
							<-time.After(test.work)
						}
					}
					if took := time.Since(began); took.Round(100*time.Millisecond) != test.want.Round(100*time.Millisecond) || errors.Is(err, io.EOF) == test.fails {
						t.Errorf("the body ended with %v after %v, want %v", err, took, test.want)
					}
				}), 30*time.Second).ServeHTTP(d, &http.Request{ProtoMajor: 1, Body: d})
				if !test.fails && !d.read.IsZero() {
					t.Errorf("a deadline is left behind: %v", d.read)
				}
			})
		})
	}
}
