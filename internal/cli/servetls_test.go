package cli

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// certificate writes a certificate for 127.0.0.1 that signs itself, and its key.
func certificate(t *testing.T, folder string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "jarvis"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: signed},
		keyFile:  {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// TestServe_TLS: a server on every address of the machine, by TLS, and commands
// that trust its certificate, or do not.
func TestServe_TLS(t *testing.T) {
	p := newPlace(t)
	certFile, keyFile := certificate(t, p.folder)
	s := p.serve(t, "--listen", "0.0.0.0:0", "--tls-cert", certFile, "--tls-key", keyFile)
	_, port, err := net.SplitHostPort(s.address)
	if err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(p.folder, "token")
	if err := os.WriteFile(token, []byte(p.device(t, "admin", "--scope", "admin")), 0o600); err != nil {
		t.Fatal(err)
	}
	p.pictures(t, "shots", 1)
	remote := *p
	remote.env = append(append([]string{}, p.env...), "JARVIS_SERVER_URL=https://127.0.0.1:"+port, "JARVIS_TOKEN_FILE="+token)
	if _, stderr, status := remote.run(t, "list"); status == 0 || strings.Contains(stderr, "jarvis_") {
		t.Errorf("a certificate of nobody knows whom is trusted: %d\n%s", status, stderr)
	}
	if _, stderr, status := remote.run(t, "health"); status != 5 || !strings.Contains(stderr, "certificate") {
		t.Errorf("health of one: %d\n%s", status, stderr)
	}
	remote.env = append(remote.env, "SSL_CERT_FILE="+certFile)
	remote.must(t, "add", "shots")
	if out := remote.must(t, "list"); !strings.Contains(out, "ann@desk") {
		t.Errorf("list:\n%s", out)
	}
	if out := remote.must(t, "signin"); !strings.HasPrefix(out, "https://127.0.0.1:"+port+"/sign-in#") {
		t.Errorf("signin: %s", out)
	}
	// Beside it, by the settings. No SSL_CERT_FILE names the certificate.
	own := *p
	own.env = append(append([]string{}, p.env...), "JARVIS_LISTEN=0.0.0.0:"+port, "JARVIS_TLS_CERT="+certFile, "JARVIS_TLS_KEY="+keyFile)
	if out := own.must(t, "health"); !strings.HasPrefix(out, "healthy: ") {
		t.Errorf("health: %s", out)
	}
	if out := own.must(t, "signin"); !strings.HasPrefix(out, "https://127.0.0.1:"+port+"/sign-in#") {
		t.Errorf("signin: %s", out)
	}
	if status, err := s.stop(syscall.SIGTERM); err != nil || status != 0 {
		t.Errorf("it ended with %d, %v", status, err)
	}
}

// TestServe_PlainHTTP: a server beyond this machine is asked without TLS only
// where the settings name its network.
func TestServe_PlainHTTP(t *testing.T) {
	p := newPlace(t)
	token := filepath.Join(p.folder, "token")
	if err := os.WriteFile(token, []byte("jarvis_"+strings.Repeat("a", 44)), 0o600); err != nil {
		t.Fatal(err)
	}
	p.env = append(p.env, "JARVIS_SERVER_URL=http://192.0.2.1:8000", "JARVIS_TOKEN_FILE="+token)
	for _, networks := range []string{"", "10.0.0.0/8"} {
		p.env = append(p.env, "JARVIS_PLAIN_HTTP="+networks)
		if _, stderr, status := p.run(t, "list"); status != exitInvalid || !strings.Contains(stderr, "would show the token") {
			t.Errorf("plain_http = %q: exit status %d\n%s", networks, status, stderr)
		}
	}
	_, cfg := p.app(t)
	for server, network := range map[string]netip.Prefix{
		"http://192.0.2.1:8000": netip.MustParsePrefix("192.0.2.0/24"),
		"http://[fd00::1]:8000": netip.MustParsePrefix("fd00::/8"),
	} {
		cfg.ServerURL, cfg.Server.PlainHTTP = server, []netip.Prefix{network}
		if !allowsPlain(t.Context(), cfg.Server.PlainHTTP, cfg.ServerURL) {
			t.Errorf("%s is not in %s", server, network)
		}
	}
}
