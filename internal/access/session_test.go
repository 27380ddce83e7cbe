package access_test

import (
	"crypto/sha256"
	"crypto/tls"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/access"
)

func post(peer string, headers ...string) *http.Request {
	r := from(peer, headers...)
	r.Method = http.MethodPost
	return r
}

func TestGuard_Redeem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, own := range []bool{false, true} {
			m := newMemory()
			g := newGuard(t, m, access.Options{})
			secret, expires, err := g.NewSignIn(t.Context())
			if err != nil {
				t.Fatalf("NewSignIn: %v", err)
			}
			if len(secret) != 43 || !expires.Equal(time.Now().Add(10*time.Minute)) {
				t.Errorf("secret %q until %v", secret, expires)
			}
			if hash := sha256.Sum256([]byte(secret)); m.signIns[string(hash[:])].IsZero() || len(m.signIns) != 1 {
				t.Error("what is kept is not the hash of the secret")
			}
			r := post(peer, "User-Agent", "Browser/1 \x1b[31m(é\xff) "+strings.Repeat("ü", 300))
			cookie, s, err := g.Redeem(r, secret, own)
			if err != nil {
				t.Fatalf("Redeem: %v", err)
			}
			lasts, maxAge := 12*time.Hour, 0
			if own {
				lasts, maxAge = 30*24*time.Hour, 30*24*3600
			}
			if s.ID.IsZero() || s.Own != own || s.Address != "192.0.2.7" || !s.ExpiresAt.Equal(time.Now().Add(lasts)) {
				t.Errorf("session %+v", s)
			}
			if !strings.HasPrefix(s.Browser, "Browser/1 [31m(é") || !utf8.ValidString(s.Browser) || len(s.Browser) > jarvis.MaxBrowser || strings.ContainsRune(s.Browser, 0x1b) {
				t.Errorf("browser %q", s.Browser)
			}
			if cookie.Name != "jarvis" || cookie.Secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != "/" || cookie.Domain != "" || cookie.MaxAge != maxAge {
				t.Errorf("cookie %+v", cookie)
			}
			if hash := sha256.Sum256([]byte(cookie.Value)); string(s.Hash) != string(hash[:]) || len(cookie.Value) != 43 || cookie.Value == secret {
				t.Errorf("cookie's value %q", cookie.Value)
			}
			p, err := g.Authenticate(from(peer, "Cookie", cookie.String()))
			if err != nil || p.Session != s.ID || p.Own != own || p.Scope != jarvis.ScopeAdmin {
				t.Errorf("Authenticate: %+v, %v", p, err)
			}

			pass(lasts - time.Microsecond)
			if _, err := g.Authenticate(from(peer, "Cookie", cookie.String())); err != nil {
				t.Errorf("at the end of its time: %v", err)
			}
			pass(time.Microsecond)
			if _, err := g.Authenticate(from(peer, "Cookie", cookie.String())); jarvis.ErrorCode(err) != jarvis.CodeNoCredential {
				t.Errorf("after its time: %v", err)
			}
			m.mu.Lock()
			m.stale = true // an adapter forgets to look at the time
			m.mu.Unlock()
			if _, err := g.Authenticate(from(peer, "Cookie", cookie.String())); jarvis.ErrorCode(err) != jarvis.CodeNoCredential {
				t.Errorf("after its time, from a wrong adapter: %v", err)
			}
			if lines, _, _ := m.of(jarvis.ActionSignIn); len(lines) != 1 || lines[0].Who != "session "+s.ID.String() || lines[0].Address != "192.0.2.7" {
				t.Errorf("recorded %+v", lines)
			}
		}
	})
}

func TestGuard_Redeem_Secure(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{})
	secret, _, err := g.NewSignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := post(peer)
	r.TLS = &tls.ConnectionState{}
	cookie, _, err := g.Redeem(r, secret, true)
	if err != nil || cookie.Name != "__Host-jarvis" || !cookie.Secure || cookie.Path != "/" || cookie.Domain != "" || cookie.Valid() != nil {
		t.Errorf("cookie %+v, %v", cookie, err)
	}
	gone := g.NoCookie(r)
	if gone.Name != "__Host-jarvis" || gone.Value != "" || gone.MaxAge >= 0 || !gone.Secure || gone.Path != "/" {
		t.Errorf("NoCookie %+v", gone)
	}
}

func TestGuard_Redeem_OnlyOnceAndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		g := newGuard(t, m, access.Options{})
		link := func() string {
			secret, _, err := g.NewSignIn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return secret
		}
		secret := link()
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, "OPTIONS"} {
			r := from(peer)
			r.Method = method
			if _, _, err := g.Redeem(r, secret, true); jarvis.ErrorCode(err) != jarvis.CodeInvalid {
				t.Errorf("Redeem by %s: %v", method, err)
			}
		}
		for _, other := range []string{"", secret[:42], secret + "A", "jarvis_r" + secret, wrongToken(1)[8:], strings.Repeat("A", 1<<20)} {
			if _, _, err := g.Redeem(post(peer), other, true); jarvis.ErrorCode(err) != jarvis.CodeNoCredential {
				t.Errorf("Redeem(%.60q): %v", other, err)
			}
		}
		if m.lookups.Load() != 1 {
			t.Errorf("%d look-ups, want one for the only text that can be a secret", m.lookups.Load())
		}
		// It authenticates nobody by itself, and asking burns nothing.
		for _, headers := range [][]string{{"Authorization", "Bearer " + secret}, {"Cookie", "jarvis=" + secret}} {
			if p, err := g.Authenticate(from(peer, headers...)); err == nil {
				t.Errorf("the secret of a link let in %+v", p)
			}
		}
		if _, _, err := g.Redeem(post(peer), secret, true); err != nil {
			t.Errorf("Redeem: %v", err)
		}
		if _, _, err := g.Redeem(post("198.51.100.1:1"), secret, true); jarvis.ErrorCode(err) != jarvis.CodeNoCredential {
			t.Errorf("Redeem again: %v", err)
		}
		late := link()
		pass(10 * time.Minute)
		if _, _, err := g.Redeem(post(peer), late, true); jarvis.ErrorCode(err) != jarvis.CodeNoCredential {
			t.Errorf("Redeem after ten minutes: %v", err)
		}
		away := link()
		m.breakWith(func(string) error { return jarvis.Errorf(jarvis.CodeUnavailable, "away") })
		if _, _, err := g.Redeem(post(peer), away, true); jarvis.ErrorCode(err) != jarvis.CodeUnavailable {
			t.Errorf("Redeem while the database is away: %v", err)
		}
		m.breakWith(nil)
		if _, _, err := g.Redeem(post(peer), away, true); err != nil {
			t.Errorf("Redeem when it is back: %v", err)
		}
	})
}

func TestGuard_Redeem_OneOfMany(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{})
	secret, _, err := g.NewSignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var won atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, _, err := g.Redeem(post(peer), secret, false); err == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || len(m.sessions) != 1 {
		t.Errorf("%d of 20 redeemed it, %d sessions", won.Load(), len(m.sessions))
	}
}

func TestGuard_End(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{})
	s, cookie := session(t, g, true)
	other, otherCookie := session(t, g, true)
	if err := g.End(t.Context(), s.ID); err != nil {
		t.Fatalf("End: %v", err)
	}
	for range 100 { // a page full of pictures asks in the name of a session that ended
		p, err := g.Authenticate(from(peer, "Cookie", "jarvis="+cookie.Value))
		if jarvis.ErrorCode(err) != jarvis.CodeNoCredential || p.Kind != jarvis.PrincipalNobody {
			t.Fatalf("after End: %+v, %v", p, err)
		}
	}
	if p, err := g.Authenticate(from(peer, "Cookie", "jarvis="+otherCookie.Value)); err != nil || p.Session != other.ID {
		t.Errorf("the other session: %+v, %v", p, err)
	}
	if err := g.End(t.Context(), s.ID); jarvis.ErrorCode(err) != jarvis.CodeNotFound {
		t.Errorf("End again: %v", err)
	}
}
