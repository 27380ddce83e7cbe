// Package listen is how a server is reached, and how it stops.
//
// It takes connections only from whom it may: without TLS from this computer
// and from named peers. It bounds how many there are, how long they may be
// silent, and how long stopping takes. Certificates are read again when their
// files change.
package listen

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Options are how to listen. A zero number means the default.
type Options struct {
	// Addresses are "host:port"; an empty host is every address of this
	// computer, port 0 any free one.
	Addresses []string
	Handler   http.Handler

	// CertFile and KeyFile are PEM files; with them all addresses speak TLS.
	CertFile, KeyFile string

	// BehindProxy and PlainHTTP name the peers that may come without TLS from
	// elsewhere: a proxy that speaks TLS for us, or a network that is trusted
	// not to listen. Connections of others are closed at once. With TLS
	// everybody may come.
	BehindProxy, PlainHTTP []netip.Prefix

	// MaxConnections is the most at a time, 1024 by default, and never more than
	// half of the file descriptors that this process may have. One peer, an IPv6
	// network of 64 bits being one, may have a quarter of them, unless it is this
	// computer or a proxy.
	MaxConnections int
	MaxHeaderBytes int // of one request, 64 KiB by default

	HeaderTimeout time.Duration // for TLS to be agreed, and for each request's header; 10 s by default
	IdleTimeout   time.Duration // between requests, 2 min by default
	StallTimeout  time.Duration // without any byte, inside a request or an answer, 30 s by default
	Grace         time.Duration // in which Run stops, 10 s by default

	Logger *slog.Logger // nil for none
}

// defaults fills in what was not said.
func (o Options) defaults() Options {
	o.MaxConnections = cmp.Or(o.MaxConnections, 1024)
	o.MaxHeaderBytes = cmp.Or(o.MaxHeaderBytes, 64<<10)
	o.HeaderTimeout = cmp.Or(o.HeaderTimeout, 10*time.Second)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, 2*time.Minute)
	o.StallTimeout = cmp.Or(o.StallTimeout, 30*time.Second)
	o.Grace = cmp.Or(o.Grace, 10*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if limit := descriptorLimit(); limit > 0 {
		o.MaxConnections = min(o.MaxConnections, max(limit/2, 1))
	}
	return o
}

// A Server has its addresses, and serves them while it runs.
type Server struct {
	http      *http.Server
	tls       bool
	listeners []net.Listener
	book      *book
	requests  *crowd
	grace     time.Duration
	logger    *slog.Logger

	begin    sync.Mutex
	began    bool
	hurry    chan struct{} // closed by Close
	hurryUp  func()
	finished chan struct{} // closed when Run is through
	outcome  error         // of Run
}

// Open takes the addresses; connections wait until Run. Errors are CodeInvalid
// for options that contradict each other, for an address that is none, and for
// one that others can reach when they would have to come without TLS; else
// CodeUnavailable.
func Open(ctx context.Context, o Options) (*Server, error) {
	o = o.defaults()
	s := newServer(o)
	if o.CertFile != "" || o.KeyFile != "" {
		certificate, err := openCertificate(o.CertFile, o.KeyFile, o.Logger)
		if err != nil {
			return nil, err
		}
		s.tls = true
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.get}
	}
	if len(o.Addresses) == 0 {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "there is no address to listen on")
	}
	allowed := newPeers(s.tls, o.BehindProxy, o.PlainHTTP)
	for _, address := range o.Addresses {
		l, err := bind(ctx, address)
		if err == nil {
			s.listeners = append(s.listeners, &listener{Listener: l, peers: allowed, book: s.book})
			err = allowed.check(l.Addr())
		}
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func newServer(o Options) *Server {
	s := &Server{
		book:     newBook(o),
		requests: newCrowd(),
		grace:    o.Grace,
		logger:   o.Logger,
		hurry:    make(chan struct{}),
		finished: make(chan struct{}),
	}
	s.hurryUp = sync.OnceFunc(func() { close(s.hurry) })
	s.http = &http.Server{
		Handler:           s.requests.count(Patient(o.Handler, o.StallTimeout)),
		ReadHeaderTimeout: o.HeaderTimeout,
		IdleTimeout:       o.IdleTimeout,
		MaxHeaderBytes:    o.MaxHeaderBytes,
		ConnState:         s.book.note,
		// It holds what strangers do wrong while they connect.
		ErrorLog: slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
		// The handler decides about "OPTIONS *" too.
		DisableGeneralOptionsHandler: true,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 100,
			SendPingTimeout:      30 * time.Second, // finds peers that are gone
			PingTimeout:          15 * time.Second,
		},
	}
	return s
}

// Addresses returns where the server listens, in the order of the options, with
// the ports that were chosen.
func (s *Server) Addresses() []net.Addr {
	var all []net.Addr
	for _, l := range s.listeners {
		all = append(all, l.Addr())
	}
	return all
}

// Connections returns how many connections there are.
func (s *Server) Connections() int { return s.book.len() }

// Requests returns how many requests are being answered.
func (s *Server) Requests() int { return s.requests.len() }

// bind takes an address.
func bind(ctx context.Context, address string) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "%q is not an address to listen on: it is HOST:PORT, such as 127.0.0.1:8000", address)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	failed := &jarvis.Error{Code: jarvis.CodeUnavailable, Op: "listen: bind", Err: err}
	var reason string
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		reason = "another program, or another jarvis serve, listens there: stop it, or choose another port"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		reason = "this computer does not have that address"
	case errors.Is(err, syscall.EACCES):
		reason = "the system permits ports below 1024 only to programs with the right to (CAP_NET_BIND_SERVICE): choose a higher one"
	default:
		failed.Code, reason = jarvis.CodeInvalid, "the host or the port is not one of this computer"
	}
	failed.Message = jarvis.Errorf(failed.Code, "cannot listen on %s: %s", address, reason).Message
	return nil, failed
}
