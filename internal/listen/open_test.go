package listen_test

import (
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/listen"
)

func TestOpen_Refuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := taken.Close(); err != nil {
			t.Error(err)
		}
	}()
	cert, key := files(t)
	right, other := newPair(t, "right"), newPair(t, "other")
	write(t, cert, right.cert)
	write(t, key, right.key)
	dir := filepath.Dir(cert)
	write(t, filepath.Join(dir, "other.pem"), other.key)
	write(t, filepath.Join(dir, "broken.pem"), []byte("-----BEGIN"))

	free := []string{"127.0.0.1:0"}
	tests := []struct {
		name string
		o    listen.Options
		code jarvis.Code
		says string
	}{
		{"NoAddress", listen.Options{}, jarvis.CodeInvalid, "no address"},
		{"NoPort", listen.Options{Addresses: []string{"127.0.0.1"}}, jarvis.CodeInvalid, "HOST:PORT"},
		{"PortTooLarge", listen.Options{Addresses: []string{"127.0.0.1:70000"}}, jarvis.CodeInvalid, "70000"},
		{"NotHere", listen.Options{Addresses: []string{"192.0.2.1:0"}}, jarvis.CodeUnavailable, "does not have that address"},
		{"Taken", listen.Options{Addresses: []string{taken.Addr().String()}}, jarvis.CodeUnavailable, "another program"},
		{"SecondTaken", listen.Options{Addresses: []string{"127.0.0.1:0", taken.Addr().String()}}, jarvis.CodeUnavailable, "another program"},
		{"Everywhere", listen.Options{Addresses: []string{":0"}}, jarvis.CodeInvalid, "--tls-cert"},
		{"EverywhereFour", listen.Options{Addresses: []string{"0.0.0.0:0"}}, jarvis.CodeInvalid, "--behind-proxy"},
		{"SecondEverywhere", listen.Options{Addresses: []string{"127.0.0.1:0", "0.0.0.0:0"}}, jarvis.CodeInvalid, "--plain-http"},
		{"OnlyCertificate", listen.Options{Addresses: free, CertFile: cert}, jarvis.CodeInvalid, "both"},
		{"OnlyKey", listen.Options{Addresses: free, KeyFile: key}, jarvis.CodeInvalid, "both"},
		{"NoCertificate", listen.Options{Addresses: free, CertFile: filepath.Join(dir, "none.pem"), KeyFile: key}, jarvis.CodeInvalid, "no such file"},
		{"BrokenCertificate", listen.Options{Addresses: free, CertFile: filepath.Join(dir, "broken.pem"), KeyFile: key}, jarvis.CodeInvalid, "broken.pem"},
		{"KeyOfAnother", listen.Options{Addresses: free, CertFile: cert, KeyFile: filepath.Join(dir, "other.pem")}, jarvis.CodeInvalid, "match"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.o.Handler = http.NotFoundHandler()
			_, err := listen.Open(t.Context(), test.o)
			if jarvis.ErrorCode(err) != test.code || !strings.Contains(err.Error(), test.says) {
				t.Errorf("Open: %v (%s), want %s with %q", err, jarvis.ErrorCode(err), test.code, test.says)
			}
		})
	}
}

func TestOpen_Everywhere(t *testing.T) {
	cert, key := files(t)
	p := newPair(t, "first")
	write(t, cert, p.cert)
	write(t, key, p.key)
	elsewhere := []netip.Prefix{netip.MustParsePrefix("203.0.113.77/32")}
	everywhere := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}
	for name, o := range map[string]listen.Options{
		"TLS":              {CertFile: cert, KeyFile: key},
		"BehindProxy":      {BehindProxy: elsewhere},
		"PlainHTTP":        {PlainHTTP: elsewhere},
		"BehindThisProxy":  {BehindProxy: everywhere, PlainHTTP: elsewhere},
		"PlainFromAnybody": {BehindProxy: elsewhere, PlainHTTP: everywhere},
	} {
		t.Run(name, func(t *testing.T) {
			o.Addresses, o.Handler = []string{"0.0.0.0:0"}, hello()
			s := start(t, o)
			_, port, err := net.SplitHostPort(s.address)
			if err != nil {
				t.Fatal(err)
			}
			// This computer may always come.
			url := "http://127.0.0.1:" + port
			if name == "TLS" {
				url = "https://127.0.0.1:" + port
			}
			if status, _, err := get(client(t, p.roots), url); status != http.StatusOK {
				t.Errorf("from this computer: %d, %v", status, err)
			}
			for _, own := range ownAddresses(t) {
				c := dial(t, net.JoinHostPort(own, port))
				send(t, c, "GET / HTTP/1.0\r\n\r\n")
				said := closed(t, c)
				switch name {
				case "TLS": // the server explains what it speaks
					if !strings.Contains(said, "HTTPS server") {
						t.Errorf("from %s: %q", own, said)
					}
				case "BehindProxy", "PlainHTTP":
					if said != "" {
						t.Errorf("from %s: %q", own, said)
					}
				default:
					if !strings.Contains(said, "200 OK") {
						t.Errorf("from %s: %q", own, said)
					}
				}
			}
		})
	}
}

// ownAddresses returns the IPv4 addresses by which this computer is no stranger
// to others: connections to them come from them.
func ownAddresses(t *testing.T) []string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && !ip.IP.IsLoopback() {
			found = append(found, ip.IP.String())
		}
	}
	return found
}

func TestServer_ManyAddresses(t *testing.T) {
	s := start(t, listen.Options{Addresses: []string{"127.0.0.1:0", "127.0.0.2:0", "127.0.0.1:0"}, Handler: hello()})
	c := client(t, nil)
	for _, address := range s.Addresses() {
		if status, _, err := get(c, "http://"+address.String()); status != http.StatusOK {
			t.Errorf("%s: %d, %v", address, status, err)
		}
	}
}

func TestServer_MaxConnections(t *testing.T) {
	reached := make(chan struct{}, 10)
	release := make(chan struct{})
	s := start(t, listen.Options{MaxConnections: 3, Handler: begun(reached, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			<-release
		}
	})})
	var used [3]net.Conn
	for i := range used {
		used[i] = dial(t, s.address)
		send(t, used[i], "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if status, _ := answer(t, used[i]); status != http.StatusOK {
			t.Fatal(status)
		}
		<-reached
	}
	// The next takes the place of the one that is idle for the longest time.
	fourth := dial(t, s.address)
	closed(t, used[0])
	for _, c := range []net.Conn{used[1], used[2], fourth} {
		send(t, c, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")
		<-reached
	}
	// When all are at work, there is no place.
	if said := closed(t, dial(t, s.address)); said != "" {
		t.Errorf("one too many was told %q", said)
	}
	close(release)
	for _, c := range []net.Conn{used[1], used[2], fourth} {
		if status, _ := answer(t, c); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	waitFor(t, func() bool { return s.Requests() == 0 })
	if status, _, err := get(client(t, nil), "http://"+s.address); status != http.StatusOK {
		t.Errorf("afterwards: %d, %v", status, err)
	}
}

func TestServer_CertificateIsRenewed(t *testing.T) {
	first, second, third := newPair(t, "first"), newPair(t, "second"), newPair(t, "third")
	cert, key := files(t)
	write(t, cert, first.cert)
	write(t, key, first.key)
	var log logged
	s := start(t, listen.Options{CertFile: cert, KeyFile: key, Logger: log.logger(), Handler: hello()})

	kept := client(t, first.roots)
	if status, body, err := get(kept, "https://"+s.address); status != http.StatusOK || body != "HTTP/2.0 GET /" {
		t.Fatalf("%d %q, %v", status, body, err)
	}
	serves := func(p pair) bool {
		c := client(t, p.roots)
		defer c.CloseIdleConnections()
		status, _, err := get(c, "https://"+s.address)
		return err == nil && status == http.StatusOK
	}

	write(t, cert, second.cert) // half of it: the key is that of the first
	waitFor(t, func() bool { return !serves(second) && strings.Contains(log.String(), "cannot be used") })
	if !serves(first) {
		t.Error("the old one is not used while the new one is broken")
	}
	write(t, key, second.key)
	waitFor(t, func() bool { return serves(second) })
	if serves(first) {
		t.Error("the old one is used")
	}
	if got := strings.Count(log.String(), "cannot be used"); got != 1 {
		t.Errorf("the trouble was logged %d times", got)
	}

	write(t, cert, []byte("broken"))
	waitFor(t, func() bool { return serves(second) && strings.Count(log.String(), "cannot be used") == 2 })
	write(t, cert, third.cert)
	write(t, key, third.key)
	waitFor(t, func() bool { return serves(third) })
	if got := strings.Count(log.String(), "was renewed"); got != 2 {
		t.Errorf("logged %d renewals in:\n%s", got, log.String())
	}
	if strings.Contains(log.String(), "PRIVATE") {
		t.Error("the log has a key")
	}
	// A connection that is there goes on.
	if status, _, err := get(kept, "https://"+s.address); status != http.StatusOK {
		t.Errorf("the first connection: %d, %v", status, err)
	}
}

func TestServer_Notifies(t *testing.T) {
	for name, path := range map[string]string{"File": filepath.Join(t.TempDir(), "notify"), "Abstract": "@jarvis-test-" + strings.ReplaceAll(t.TempDir(), "/", "-")} {
		t.Run(name, func(t *testing.T) {
			socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := socket.Close(); err != nil {
					t.Error(err)
				}
			}()
			said := func() string {
				if err := socket.SetReadDeadline(time.Now().Add(soon)); err != nil {
					t.Fatal(err)
				}
				b := make([]byte, 100)
				n, err := socket.Read(b)
				if err != nil {
					t.Fatalf("nothing was said: %v", err)
				}
				return string(b[:n])
			}
			t.Setenv("NOTIFY_SOCKET", path)
			s := start(t, listen.Options{Handler: hello()})
			if got := said(); got != "READY=1" {
				t.Errorf("first %q", got)
			}
			s.stop()
			if got := said(); got != "STOPPING=1" {
				t.Errorf("then %q", got)
			}
			if err := s.stopped(t, soon); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

func TestServer_NobodyToNotify(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "none"))
	var log logged
	s := start(t, listen.Options{Handler: hello(), Logger: log.logger()})
	if status, _, err := get(client(t, nil), "http://"+s.address); status != http.StatusOK {
		t.Errorf("%d, %v", status, err)
	}
	s.stop()
	if err := s.stopped(t, soon); err != nil {
		t.Errorf("Run: %v", err)
	}
	if got := strings.Count(log.String(), "could not be told"); got != 2 {
		t.Errorf("logged:\n%s", log.String())
	}
}
