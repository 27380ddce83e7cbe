package access_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/access"
)

const peer = "192.0.2.7:1234"

func TestGuard_Authenticate(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{Proxies: prefixes("10.0.0.0/8")})
	upload := token(t, g, "desk", jarvis.ScopeUpload)
	read := token(t, g, "reader", jarvis.ScopeRead)
	admin := token(t, g, "boss", jarvis.ScopeAdmin)
	s, cookie := session(t, g, true)
	asCookie := "jarvis=" + cookie.Value

	desk := jarvis.Principal{Kind: jarvis.PrincipalToken, Scope: jarvis.ScopeUpload, Name: "desk", Address: "192.0.2.7"}
	person := jarvis.Principal{Kind: jarvis.PrincipalSession, Scope: jarvis.ScopeAdmin, Session: s.ID, Own: true, Address: "192.0.2.7"}
	tests := []struct {
		name    string
		headers []string
		want    jarvis.Principal
		code    jarvis.Code
	}{
		{name: "Nothing", code: jarvis.CodeNoCredential},
		{name: "Upload", headers: []string{"Authorization", "Bearer " + upload}, want: desk},
		{name: "Read", headers: []string{"Authorization", "Bearer " + read}, want: jarvis.Principal{Kind: jarvis.PrincipalToken, Scope: jarvis.ScopeRead, Name: "reader", Address: "192.0.2.7"}},
		{name: "Admin", headers: []string{"Authorization", "Bearer " + admin}, want: jarvis.Principal{Kind: jarvis.PrincipalToken, Scope: jarvis.ScopeAdmin, Name: "boss", Address: "192.0.2.7"}},
		{name: "SchemeInAnyCase", headers: []string{"Authorization", "bEARER " + upload}, want: desk},
		{name: "Spaces", headers: []string{"Authorization", "Bearer   " + upload + " "}, want: desk},
		{name: "NoSpace", headers: []string{"Authorization", "Bearer" + upload}, code: jarvis.CodeNoCredential},
		{name: "Empty", headers: []string{"Authorization", "Bearer"}, code: jarvis.CodeNoCredential},
		{name: "Cut", headers: []string{"Authorization", "Bearer " + upload[:40]}, code: jarvis.CodeNoCredential},
		{name: "Longer", headers: []string{"Authorization", "Bearer " + upload + "A"}, code: jarvis.CodeNoCredential},
		{name: "OtherScopeLetter", headers: []string{"Authorization", "Bearer " + strings.Replace(upload, "_u", "_a", 1)}, code: jarvis.CodeNoCredential},
		{name: "Unknown", headers: []string{"Authorization", "Bearer " + wrongToken(1)}, code: jarvis.CodeNoCredential},
		{name: "Twice", headers: []string{"Authorization", "Bearer " + upload, "Authorization", "Bearer " + upload}, code: jarvis.CodeNoCredential},
		{name: "CookieText", headers: []string{"Authorization", "Bearer " + cookie.Value}, code: jarvis.CodeNoCredential},
		{name: "Session", headers: []string{"Cookie", asCookie}, want: person},
		{name: "SessionAmongOthers", headers: []string{"Cookie", "theme=dark; jarvis=other; " + asCookie}, want: person},
		{name: "SessionAfterAnother", headers: []string{"Cookie", "jarvis=" + wrongToken(1)[8:] + "; " + asCookie}, want: person},
		{name: "SessionAndPasswordOfAProxy", headers: []string{"Authorization", "Basic dTpw", "Cookie", asCookie}, want: person},
		{name: "TokenBeforeSession", headers: []string{"Authorization", "Bearer " + upload, "Cookie", asCookie}, want: desk},
		{name: "WrongTokenAndSession", headers: []string{"Authorization", "Bearer " + wrongToken(1), "Cookie", asCookie}, code: jarvis.CodeNoCredential},
		{name: "UnknownSession", headers: []string{"Cookie", "jarvis=" + wrongToken(1)[8:]}, code: jarvis.CodeNoCredential},
		{name: "TokenAsCookie", headers: []string{"Cookie", "jarvis=" + admin}, code: jarvis.CodeNoCredential},
		{name: "TokenSecretAsCookie", headers: []string{"Cookie", "jarvis=" + admin[8:]}, code: jarvis.CodeNoCredential},
		{name: "PlainSessionUnderTheSecureName", headers: []string{"Cookie", "__Host-" + asCookie}, code: jarvis.CodeNoCredential},
		{name: "InTheQuery", headers: nil, code: jarvis.CodeNoCredential},
	}
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := from(peer, test.headers...)
			if test.code != "" { // each from an address of its own, or they would be slowed down
				r.RemoteAddr = fmt.Sprintf("198.51.100.%d:1", i)
				test.want.Address = fmt.Sprintf("198.51.100.%d", i)
			}
			r.URL.RawQuery = "token=" + admin
			p, err := g.Authenticate(r)
			if p != test.want {
				t.Errorf("principal %+v, want %+v", p, test.want)
			}
			if got := jarvis.ErrorCode(err); got != test.code {
				t.Errorf("error %v of code %q, want %q", err, got, test.code)
			}
		})
	}
}

func TestGuard_Authenticate_SecureCookie(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{Proxies: prefixes("10.0.0.0/8")})
	_, cookie := session(t, g, false)
	tests := []struct {
		name, peer, cookie string
		tls                bool
		host               string
		headers            []string
		ok                 bool
	}{
		{name: "TLS", peer: peer, tls: true, cookie: "__Host-jarvis", ok: true},
		{name: "PlantedByANeighbour", peer: peer, tls: true, cookie: "jarvis"},
		{name: "ProxyWithTLS", peer: "10.0.0.1:1", headers: []string{"X-Forwarded-Proto", "https"}, cookie: "__Host-jarvis", ok: true},
		{name: "ProxySaysTwo", peer: "10.0.0.1:1", headers: []string{"X-Forwarded-Proto", "http, https"}, cookie: "__Host-jarvis", ok: true},
		{name: "ProxyWithoutTLS", peer: "10.0.0.1:1", headers: []string{"X-Forwarded-Proto", "http"}, cookie: "jarvis", ok: true},
		{name: "SomebodySaysTLS", peer: peer, headers: []string{"X-Forwarded-Proto", "https"}, cookie: "__Host-jarvis"},
		{name: "Plain", peer: peer, cookie: "jarvis", ok: true},
		{name: "Port", peer: peer, host: "127.0.0.1:8001", cookie: "jarvis-8001", ok: true},
		{name: "OtherPort", peer: peer, host: "127.0.0.1:8001", cookie: "jarvis-8000"},
		{name: "WithoutPort", peer: peer, host: "127.0.0.1:8001", cookie: "jarvis"},
		{name: "PortWithTLS", peer: peer, tls: true, host: "[::1]:8443", cookie: "__Host-jarvis-8443", ok: true},
		{name: "NoNumber", peer: peer, host: "localhost:x=1", cookie: "jarvis", ok: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := from(test.peer, append(test.headers, "Cookie", test.cookie+"="+cookie.Value)...)
			r.Host = cmp.Or(test.host, r.Host)
			if test.tls {
				r.TLS = &tls.ConnectionState{}
			}
			p, err := g.Authenticate(r)
			if ok := err == nil && p.Kind == jarvis.PrincipalSession; ok != test.ok {
				t.Errorf("%+v, %v, want let in: %t", p, err, test.ok)
			}
		})
	}
}

func TestGuard_Authenticate_TrustedNetwork(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{
		TrustNetworks: prefixes("100.64.0.0/10", "fd00::/8", "::ffff:172.16.0.0/108", "10.9.0.0/16"),
		Proxies:       prefixes("10.0.0.0/8"),
	})
	tests := []struct {
		name, peer string
		headers    []string
		ok         bool
	}{
		{name: "Inside", peer: "100.64.3.4:5", ok: true},
		{name: "InsideMapped", peer: "[::ffff:100.64.3.4]:5", ok: true},
		{name: "InsideSix", peer: "[fd00::1%eth0]:5", ok: true},
		{name: "NamedAsMapped", peer: "172.16.0.9:5", ok: true},
		{name: "AProgram", peer: "100.64.3.4:5", headers: []string{"User-Agent", "python-httpx/0.27", "Accept", "*/*"}, ok: true},
		{name: "Outside", peer: "192.0.2.1:5"},
		{name: "OutsideSays", peer: "192.0.2.1:5", headers: []string{"X-Forwarded-For", "100.64.3.4"}},
		{name: "NoAddress", peer: "@"},
		{name: "NamedProxy", peer: "10.9.0.1:5"},
		{name: "NamedProxyNamesInside", peer: "10.9.0.1:5", headers: []string{"X-Forwarded-For", "100.64.3.4"}},
		{name: "UnnamedProxyFor", peer: "100.64.3.4:5", headers: []string{"X-Forwarded-For", "100.64.3.5"}},
		{name: "UnnamedProxyEmptyFor", peer: "100.64.3.4:5", headers: []string{"X-Forwarded-For", ""}},
		{name: "UnnamedProxyProto", peer: "100.64.3.4:5", headers: []string{"X-Forwarded-Proto", "https"}},
		{name: "UnnamedProxyForwarded", peer: "100.64.3.4:5", headers: []string{"Forwarded", "for=192.0.2.1"}},
		{name: "UnnamedProxyRealIP", peer: "100.64.3.4:5", headers: []string{"X-Real-IP", "192.0.2.1"}},
		{name: "UnnamedProxyVia", peer: "100.64.3.4:5", headers: []string{"Via", "1.1 proxy"}},
		{name: "UnnamedProxyCloud", peer: "100.64.3.4:5", headers: []string{"CF-Connecting-IP", "192.0.2.1"}},
		{name: "UnnamedProxyClient", peer: "100.64.3.4:5", headers: []string{"Client-IP", "192.0.2.1"}},
		{name: "UnnamedProxyFly", peer: "100.64.3.4:5", headers: []string{"Fly-Client-IP", "192.0.2.1"}},
		{name: "UnnamedProxyOriginalFor", peer: "100.64.3.4:5", headers: []string{"X-Original-For", "192.0.2.1"}},
		{name: "UnnamedProxyTailscale", peer: "100.64.3.4:5", headers: []string{"Tailscale-User-Login", "ann@example.org"}},
		{name: "UnnamedProxyAzure", peer: "100.64.3.4:5", headers: []string{"X-ARR-LOG-ID", "1"}},
		{name: "ABrowser", peer: "100.64.3.4:5", headers: []string{"Origin", "http://evil.example"}},
		{name: "ABrowserWithoutOrigin", peer: "100.64.3.4:5", headers: []string{"Sec-Fetch-Site", "cross-site"}},
		{name: "SaysSomethingWrong", peer: "100.64.3.4:5", headers: []string{"Authorization", "Bearer " + wrongToken(1)}},
		{name: "SaysSomethingElse", peer: "100.64.3.4:5", headers: []string{"Authorization", "Basic dTpw"}},
		{name: "HasACookie", peer: "100.64.3.4:5", headers: []string{"Cookie", "jarvis=old"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := g.Authenticate(from(test.peer, test.headers...))
			if !test.ok {
				if jarvis.ErrorCode(err) != jarvis.CodeNoCredential || p.Kind != jarvis.PrincipalNobody {
					t.Errorf("let in as %+v, %v", p, err)
				}
				return
			}
			if err != nil || p.Kind != jarvis.PrincipalNetwork || !p.Permits(jarvis.ScopeUpload) || p.Permits(jarvis.ScopeRead) || p.Permits(jarvis.ScopeAdmin) {
				t.Errorf("%+v, %v, want one who may upload only", p, err)
			}
		})
	}
	none := newGuard(t, m, access.Options{})
	if p, err := none.Authenticate(from("127.0.0.1:5")); err == nil {
		t.Errorf("without a trusted network let in as %+v", p)
	}
}

func TestGuard_Address(t *testing.T) {
	g := newGuard(t, newMemory(), access.Options{Proxies: prefixes("10.0.0.0/8", "2001:db8:ff::/48")})
	tests := []struct {
		name, peer string
		values     []string
		want       string
	}{
		{"Direct", "192.0.2.1:5", nil, "192.0.2.1"},
		{"DirectSays", "192.0.2.1:5", []string{"203.0.113.9"}, "192.0.2.1"},
		{"Mapped", "[::ffff:192.0.2.1]:5", nil, "192.0.2.1"},
		{"Zone", "[fe80::1%eth0]:5", nil, "fe80::1"},
		{"ProxySilent", "10.0.0.1:5", nil, "10.0.0.1"},
		{"Proxy", "10.0.0.1:5", []string{"203.0.113.9"}, "203.0.113.9"},
		{"ProxyMapped", "[::ffff:10.0.0.1]:5", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		{"Spoofed", "10.0.0.1:5", []string{"127.0.0.1, 203.0.113.9"}, "203.0.113.9"},
		{"SpoofedTrusted", "10.0.0.1:5", []string{"10.0.0.7, 203.0.113.9"}, "203.0.113.9"},
		{"TwoProxies", "10.0.0.1:5", []string{"1.1.1.1, 203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"TwoLines", "10.0.0.1:5", []string{"1.1.1.1", "203.0.113.9, 10.0.0.2"}, "203.0.113.9"},
		{"SecondLineTrusted", "10.0.0.1:5", []string{"203.0.113.9", "10.0.0.2"}, "203.0.113.9"},
		{"AllTrusted", "10.0.0.1:5", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"Port", "10.0.0.1:5", []string{"203.0.113.9:4711"}, "203.0.113.9"},
		{"SixPort", "10.0.0.1:5", []string{"[2001:db8::9]:4711"}, "2001:db8::9"},
		{"SixBrackets", "10.0.0.1:5", []string{"[2001:db8::9]"}, "2001:db8::9"},
		{"Six", "[2001:db8:ff::1]:5", []string{"2001:db8::9"}, "2001:db8::9"},
		{"Garbage", "10.0.0.1:5", []string{"203.0.113.9, <script>"}, "10.0.0.1"},
		{"GarbageBehindAProxy", "10.0.0.1:5", []string{"unknown, 10.0.0.2"}, "10.0.0.2"},
		{"Empty", "10.0.0.1:5", []string{""}, "10.0.0.1"},
		{"EmptyLast", "10.0.0.1:5", []string{"203.0.113.9,"}, "10.0.0.1"},
		{"FourInBrackets", "10.0.0.1:5", []string{"[203.0.113.9]"}, "10.0.0.1"},
		{"Socket", "@", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := from(test.peer)
			for _, value := range test.values {
				r.Header.Add("X-Forwarded-For", value)
			}
			got := ""
			if address := g.Address(r); address.IsValid() {
				got = address.String()
			}
			if got != test.want {
				t.Errorf("address %q, want %q", got, test.want)
			}
		})
	}
}

func TestGuard_NewToken(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{})
	texts := map[string]bool{}
	for i, scope := range []jarvis.Scope{jarvis.ScopeUpload, jarvis.ScopeRead, jarvis.ScopeAdmin} {
		text, made, err := g.NewToken(t.Context(), fmt.Sprintf("token %d", i), scope)
		if err != nil {
			t.Fatalf("NewToken: %v", err)
		}
		if len(text) != 51 || !strings.HasPrefix(text, "jarvis_"+string(scope[0])) || texts[text[8:]] {
			t.Errorf("text %q", text)
		}
		texts[text[8:]] = true
		kept := m.tokens[made.Name]
		if want := sha256.Sum256([]byte(text)); string(kept.Hash) != string(want[:]) {
			t.Errorf("kept hash %x, want %x", kept.Hash, want)
		}
		shown, err := json.Marshal(made)
		if err != nil || strings.Contains(string(shown), text) || strings.Contains(fmt.Sprintf("%+v", *kept), text) {
			t.Errorf("the text can be seen in %s or the catalogue: %v", shown, err)
		}
	}
	for name, code := range map[string]jarvis.Code{
		"token 0":                jarvis.CodeConflict,
		"":                       jarvis.CodeInvalid,
		" desk":                  jarvis.CodeInvalid,
		"desk ":                  jarvis.CodeInvalid,
		"a\nb":                   jarvis.CodeInvalid,
		"a\x1b[31mb":             jarvis.CodeInvalid,
		"a\u202eb":               jarvis.CodeInvalid,
		"a\xffb":                 jarvis.CodeInvalid,
		strings.Repeat("x", 256): jarvis.CodeInvalid,
		strings.Repeat("x", 255): "",
		"Lena's Büro@heim 2":     "",
	} {
		if _, _, err := g.NewToken(t.Context(), name, jarvis.ScopeRead); jarvis.ErrorCode(err) != code {
			t.Errorf("NewToken(%q): %v, want code %q", name, err, code)
		}
	}
	if _, _, err := g.NewToken(t.Context(), "x", "root"); jarvis.ErrorCode(err) != jarvis.CodeInvalid {
		t.Errorf("NewToken of an unknown scope: %v", err)
	}
	if _, _, err := g.NewToken(t.Context(), "x", ""); jarvis.ErrorCode(err) != jarvis.CodeInvalid {
		t.Errorf("NewToken of no scope: %v", err)
	}
}

func TestGuard_Revoke(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{})
	text := token(t, g, "desk", jarvis.ScopeUpload)
	r := from(peer, "Authorization", "Bearer "+text)
	if _, err := g.Authenticate(r); err != nil {
		t.Fatalf("Authenticate: %v", err)
	}
	if err := g.Revoke(t.Context(), "desk"); err != nil {
		t.Fatalf("Revoke: %v", err)
	}
	p, err := g.Authenticate(r)
	if jarvis.ErrorCode(err) != jarvis.CodeNoCredential || p.Kind != jarvis.PrincipalNobody || !strings.Contains(err.Error(), "revoked") {
		t.Errorf("after Revoke: %+v, %v", p, err)
	}
	if err := g.Revoke(t.Context(), "none"); jarvis.ErrorCode(err) != jarvis.CodeNotFound {
		t.Errorf("Revoke of none: %v", err)
	}
	if err := g.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lines, times, _ := m.of(jarvis.ActionRefused); times != 1 || lines[0].Who != "token desk" || lines[0].Address != "192.0.2.7" {
		t.Errorf("recorded %+v", lines)
	}
}

// An adapter whose comparison is wrong must not let anybody in.
func TestGuard_Authenticate_ComparesItself(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{})
	token(t, g, "boss", jarvis.ScopeAdmin)
	session(t, g, true)
	for name, swap := range map[string]func([]byte) []byte{
		"AnotherHash": func([]byte) []byte { return make([]byte, sha256.Size) },
		"Nothing":     func([]byte) []byte { return nil },
		"Prefix":      func(hash []byte) []byte { return hash[:8] },
	} {
		m.swap = swap
		for _, headers := range [][]string{{"Authorization", "Bearer " + wrongToken(1)}, {"Cookie", "jarvis=" + wrongToken(1)[8:]}} {
			if p, err := g.Authenticate(from(peer, headers...)); jarvis.ErrorCode(err) != jarvis.CodeNoCredential {
				t.Errorf("%s: let in as %+v, %v", name, p, err)
			}
		}
	}
}

func TestGuard_Authenticate_DatabaseAway(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{})
	text := token(t, g, "desk", jarvis.ScopeUpload)
	_, cookie := session(t, g, true)
	m.breakWith(func(string) error { return jarvis.Errorf(jarvis.CodeUnavailable, "away") })
	for range 30 { // which counts against nobody
		for _, headers := range [][]string{{"Authorization", "Bearer " + text}, {"Cookie", "jarvis=" + cookie.Value}} {
			if p, err := g.Authenticate(from(peer, headers...)); jarvis.ErrorCode(err) != jarvis.CodeUnavailable || p.Kind != jarvis.PrincipalNobody {
				t.Fatalf("%+v, %v, want unavailable", p, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m.breakWith(nil)
	if _, err := g.Authenticate(from(peer, "Authorization", "Bearer "+text).WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
	if _, err := g.Authenticate(from(peer, "Authorization", "Bearer "+text)); err != nil {
		t.Errorf("when it is back: %v", err)
	}
}

func TestGuard_Touches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		g := newGuard(t, m, access.Options{})
		text := token(t, g, "desk", jarvis.ScopeUpload)
		s, cookie := session(t, g, true)
		pass(time.Minute)
		m.breakWith(func(op string) error {
			if strings.HasPrefix(op, "Touch") {
				return jarvis.Errorf(jarvis.CodeUnavailable, "away")
			}
			return nil
		})
		use := func(times int) {
			for range times {
				for _, headers := range [][]string{{"Authorization", "Bearer " + text}, {"Cookie", "jarvis=" + cookie.Value}} {
					if _, err := g.Authenticate(from("198.51.100.4:1", headers...)); err != nil {
						t.Fatalf("Authenticate: %v", err)
					}
				}
			}
		}
		use(50)
		pass(15 * time.Second)
		m.breakWith(nil)
		pass(10 * time.Second)
		if m.touches.Load() != 2 {
			t.Errorf("%d touches, want one of the token and one of the session", m.touches.Load())
		}
		first := time.Now().Truncate(time.Minute).UTC()
		if got := m.token("desk"); !got.LastUsed.Equal(first) || got.Address != "198.51.100.4" {
			t.Errorf("token: %+v", got)
		}
		if got := m.session(s.ID); !got.LastUsed.Equal(first) || got.Address != "198.51.100.4" {
			t.Errorf("session: %+v", got)
		}
		use(50)
		pass(40 * time.Second)
		use(1)
		tokens, err := g.Tokens(t.Context())
		if err != nil || len(tokens) != 1 || !tokens[0].LastUsed.Equal(first.Add(time.Minute)) {
			t.Errorf("Tokens: %+v, %v", tokens, err)
		}
		sessions, err := g.Sessions(t.Context())
		if err != nil || len(sessions) != 1 || !sessions[0].LastUsed.Equal(first.Add(time.Minute)) {
			t.Errorf("Sessions: %+v, %v", sessions, err)
		}
		if m.touches.Load() != 4 {
			t.Errorf("%d touches, want 4", m.touches.Load())
		}
	})
}

func TestGuard_KeepsSecrets(t *testing.T) {
	m := newMemory()
	var log logged
	g := newGuard(t, m, access.Options{Logger: log.logger()})
	text := token(t, g, "desk", jarvis.ScopeUpload)
	_, cookie := session(t, g, true)
	secret, _, err := g.NewSignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m.breakWith(func(string) error { return jarvis.Errorf(jarvis.CodeUnavailable, "away") })
	var said []string
	for i := range 30 {
		_, err := g.Authenticate(from(peer, "Authorization", "Bearer "+text[:50-i%10]))
		said = append(said, err.Error())
		_, err = g.Authenticate(from(peer, "Cookie", "jarvis="+cookie.Value))
		said = append(said, err.Error())
		r := from(peer)
		r.Method = http.MethodPost
		_, _, err = g.Redeem(r, secret, true)
		said = append(said, err.Error())
		_, _, err = g.Redeem(r, secret[:40], true)
		said = append(said, err.Error())
	}
	m.breakWith(nil)
	if err := g.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(said, "\n") + log.String() + fmt.Sprintf("%+v", m.lines)
	for _, hidden := range []string{text[8:20], cookie.Value[:12], secret[:12]} {
		if strings.Contains(all, hidden) {
			t.Errorf("a part of a secret was said in:\n%s", all)
		}
	}
}

func TestGuard_Concurrently(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{Proxies: prefixes("10.0.0.0/8")})
	text := token(t, g, "desk", jarvis.ScopeUpload)
	_, cookie := session(t, g, true)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 200 {
				p, err := g.Authenticate(from(peer, "Authorization", "Bearer "+text))
				if err != nil {
					t.Errorf("right token: %v", err)
				}
				g.Record(p, jarvis.ActionView, 1)
				if _, err := g.Authenticate(from(peer, "Cookie", "jarvis="+cookie.Value)); err != nil {
					t.Errorf("right cookie: %v", err)
				}
				if _, err := g.Authenticate(from(peer, "Authorization", "Bearer "+wrongToken(i*1000+j+1))); err == nil {
					t.Error("wrong token let in")
				}
				if j%50 == 0 {
					if err := g.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	if err := g.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, times, captures := m.of(jarvis.ActionView); times != 1600 || captures != 1600 {
		t.Errorf("recorded %d views of %d captures, want 1600", times, captures)
	}
	if _, times, _ := m.of(jarvis.ActionRefused); times != 1600 {
		t.Errorf("recorded %d refusals, want 1600", times)
	}
}
