package config

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestLoad_Server(t *testing.T) {
	w := newWorld(t)
	w.env["JARVIS_LISTEN"] = ":8443"
	w.env["JARVIS_TLS_CERT"] = "~/tls/cert.pem"
	w.env["JARVIS_PUBLIC_URL"] = "https://Memory.Example.org/, http://desk:8000"
	w.env["JARVIS_BEHIND_PROXY"] = "10.0.0.0/8,192.168.1.4"
	w.env["JARVIS_TRUST_NETWORK"] = "fd00::/8"
	w.env["JARVIS_LOG_LEVEL"] = "Warn"
	w.env["JARVIS_SERVER_URL"] = "https://memory.example.org:8443/jarvis/"
	c := w.load(nil)
	if s := c.Server; s.Listen != ":8443" || s.TLSCert != w.home+"/tls/cert.pem" || s.TLSKey != "" || s.MaxUploads != 64 || s.LogLevel != slog.LevelWarn ||
		fmt.Sprint(s.PublicURLs, s.BehindProxy, s.TrustNetworks, s.PlainHTTP) != "[https://memory.example.org http://desk:8000] [10.0.0.0/8 192.168.1.4/32] [fd00::/8] []" {
		t.Errorf("got %+v", s)
	}
	if c.ServerURL != "https://memory.example.org:8443/jarvis" {
		t.Errorf("the server is %q", c.ServerURL)
	}
}

func TestLoad_ServerRefused(t *testing.T) {
	for _, test := range []struct{ key, text, says string }{
		{"listen", "8000", "not an address to listen on"},
		{"listen", "localhost:http", "not an address to listen on"},
		{"listen", "127.0.0.1:70000", "not an address to listen on"},
		{"listen", "a/b:80", "not a host to listen on"},
		{"server_url", "memory.example.org", "not an address of a server"},
		{"server_url", "ftp://memory.example.org", "not an address of a server"},
		{"server_url", "https://ann:s3cret@memory.example.org", "give a token instead"},
		{"server_url", "https://memory.example.org/?a=s3cret", "end it before ?"},
		{"public_url", "https://memory.example.org/x", "it has a path"},
		{"allow_origin", "*", "not an address of a server"},
		{"behind_proxy", "10.0.0.1/8", "10.0.0.1/8 is an address within 10.0.0.0/8"},
		{"plain_http", "10.0.0.0/8,", `"" is not a network`},
		{"plain_http", "::ffff:10.0.0.1", "write it as"},
		{"trust_network", "lan", `"lan" is not a network`},
		{"max_uploads", "0", "not a number from 1 to 4096"},
		{"log_level", "loud", "not a level"},
		{"token", "jarvis_s3cret x", "not a token"},
	} {
		t.Run(test.key+" "+test.text, func(t *testing.T) {
			in := Input{Flags: map[string]string{test.key: test.text}}
			w := newWorld(t)
			w.refuses(in, test.says)
			in.LookupEnv = w.lookup
			if _, err := Load(in); strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestToken: it comes from a file of its own, and never prints.
func TestToken(t *testing.T) {
	const token = "jarvis_a0123456789"
	w := newWorld(t)
	w.env["JARVIS_TOKEN_FILE"] = w.write("token", token+"\n")
	c := w.load(nil)
	if c.Token.Reveal() != token {
		t.Fatalf("the token is %q", c.Token.Reveal())
	}
	if v := value(t, c, "token"); v.Value != redacted || !strings.HasSuffix(v.Source, "/token (JARVIS_TOKEN_FILE)") {
		t.Errorf("shown as %+v", v)
	}
	if printed := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(printed, token) {
		t.Error(printed)
	}
}
