package listen

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// listener accepts connections of those who may come, while there is room.
type listener struct {
	net.Listener
	peers *peers
	book  *book
}

// Accept waits for the next connection that is taken in.
func (l *listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
				// http.Server tries again, and meanwhile there has to be room.
				l.book.evict()
			}
			return nil, err
		}
		peer := addressOf(raw.RemoteAddr())
		if !l.peers.permit(peer) {
			l.book.refuse(raw, "without TLS only named peers may connect")
			continue
		}
		if c := l.book.admit(raw, peer, l.peers.many(peer)); c != nil {
			return c, nil
		}
	}
}

// book knows all connections.
type book struct {
	most   int
	share  int           // of one peer
	stall  time.Duration // of a write
	logger *slog.Logger

	mu      sync.Mutex
	conns   map[*conn]struct{}
	peers   map[netip.Prefix]int
	refused refusals
}

// refusals are the connections that were closed at once since the last report.
type refusals struct {
	count int
	peer  string // of the last
	why   string
}

func newBook(o Options) *book {
	return &book{
		most:   o.MaxConnections,
		share:  max(o.MaxConnections/4, 1),
		stall:  o.StallTimeout,
		logger: o.Logger,
		conns:  make(map[*conn]struct{}),
		peers:  make(map[netip.Prefix]int),
	}
}

// conn is a connection that a book knows.
type conn struct {
	net.Conn
	book *book
	peer netip.Prefix

	// Of book.mu: since when nothing is asked on it; zero while something is.
	quiet time.Time
	fresh bool // nothing was ever asked

	// Unix nanoseconds of the deadline that was set from outside; 0 for none.
	writeBy atomic.Int64
}

// SetDeadline sets both deadlines.
func (c *conn) SetDeadline(t time.Time) error {
	c.keep(t)
	return c.Conn.SetDeadline(t)
}

// SetWriteDeadline sets a deadline that Write keeps, if it is sooner than its own.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.keep(t)
	return c.Conn.SetWriteDeadline(t)
}

func (c *conn) keep(t time.Time) {
	if t.IsZero() {
		c.writeBy.Store(0)
		return
	}
	c.writeBy.Store(t.UnixNano())
}

// nextWrite returns the deadline of a write that begins now.
func (c *conn) nextWrite() time.Time {
	own := time.Now().Add(c.book.stall)
	if by := c.writeBy.Load(); by != 0 && by < own.UnixNano() {
		return time.Unix(0, by)
	}
	return own
}

// Most bytes that are written at once: a peer that takes fewer within the stall
// timeout is too slow.
const writeAtOnce = 64 << 10

// Write writes as net.Conn does, and ends the connection when its peer takes
// nothing for too long. http.Server has a timeout for the answer as a whole,
// which would have to suit the largest image on the slowest line.
func (c *conn) Write(b []byte) (int, error) {
	written := 0
	for {
		if err := c.Conn.SetWriteDeadline(c.nextWrite()); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(b[written:min(len(b), written+writeAtOnce)])
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

// CloseWrite ends what we send. http.Server asks for it when it gives up a
// request, so that the peer can read why before the connection breaks.
func (c *conn) CloseWrite() error {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	return half.CloseWrite()
}

// Close closes the connection and forgets it.
func (c *conn) Close() error {
	c.book.forget(c)
	return c.Conn.Close()
}

// admit takes a connection in. When there is no room, the one that nobody uses
// for the longest time makes some; when all are in use, or the peer has its
// share, raw is closed and admit returns nil.
func (b *book) admit(raw net.Conn, peer netip.Addr, many bool) *conn {
	c := &conn{Conn: raw, book: b, peer: subscriber(peer), quiet: time.Now(), fresh: true}
	b.mu.Lock()
	if !many && b.peers[c.peer] >= b.share {
		b.mu.Unlock()
		b.refuse(raw, "the peer has too many connections")
		return nil
	}
	var victim *conn
	if len(b.conns) >= b.most {
		if victim = b.longestQuiet(); victim == nil {
			b.mu.Unlock()
			b.refuse(raw, "there are too many connections")
			return nil
		}
		b.remove(victim)
	}
	b.conns[c] = struct{}{}
	b.peers[c.peer]++
	b.mu.Unlock()
	if victim != nil {
		b.drop(victim)
	}
	return c
}

// subscriber returns whom an address counts for.
func subscriber(address netip.Addr) netip.Prefix {
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	return netip.PrefixFrom(address, bits).Masked()
}

// longestQuiet returns the connection that was asked something, and then nothing
// for the longest time; nil when there is none.
func (b *book) longestQuiet() *conn {
	var longest *conn
	for c := range b.conns {
		if !c.fresh && !c.quiet.IsZero() && (longest == nil || c.quiet.Before(longest.quiet)) {
			longest = c
		}
	}
	return longest
}

// evict closes the connection that nobody uses for the longest time.
func (b *book) evict() {
	b.mu.Lock()
	victim := b.longestQuiet()
	b.mu.Unlock()
	if victim != nil {
		b.drop(victim)
	}
}

// closeQuiet closes all connections on which nothing is asked.
func (b *book) closeQuiet() {
	b.mu.Lock()
	var quiet []*conn
	for c := range b.conns {
		if !c.quiet.IsZero() {
			quiet = append(quiet, c)
		}
	}
	b.mu.Unlock()
	for _, c := range quiet {
		b.drop(c)
	}
}

// closeAll closes all connections.
func (b *book) closeAll() {
	b.mu.Lock()
	all := slices.Collect(maps.Keys(b.conns))
	b.mu.Unlock()
	for _, c := range all {
		b.drop(c)
	}
}

func (b *book) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.conns)
}

// note is the ConnState of http.Server.
func (b *book) note(given net.Conn, state http.ConnState) {
	if encrypted, ok := given.(*tls.Conn); ok {
		given = encrypted.NetConn()
	}
	c, ok := given.(*conn)
	if !ok {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch state {
	case http.StateActive, http.StateHijacked:
		c.quiet, c.fresh = time.Time{}, false
	case http.StateIdle:
		c.quiet = time.Now()
	case http.StateNew, http.StateClosed:
	}
}

func (b *book) forget(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remove(c)
}

func (b *book) remove(c *conn) {
	if _, ok := b.conns[c]; !ok {
		return
	}
	delete(b.conns, c)
	if b.peers[c.peer]--; b.peers[c.peer] == 0 {
		delete(b.peers, c.peer)
	}
}

// refuse closes a connection that is not taken in.
func (b *book) refuse(raw net.Conn, why string) {
	b.drop(raw)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused.count++
	b.refused.peer, b.refused.why = raw.RemoteAddr().String(), why
}

// drop closes a connection, which its peer may have broken already.
func (b *book) drop(c net.Conn) {
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		b.logger.Debug("a connection was not closed properly", "peer", c.RemoteAddr().String(), "error", err)
	}
}

// report returns what was refused since the last report.
func (b *book) report() refusals {
	b.mu.Lock()
	defer b.mu.Unlock()
	said := b.refused
	b.refused = refusals{}
	return said
}
