package access_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/access"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a jarvis.Credentials and a jarvis.AccessLog in memory.
type memory struct {
	mu       sync.Mutex
	tokens   map[string]*jarvis.Token // by name
	signIns  map[string]time.Time     // by hash
	sessions map[jarvis.ID]*jarvis.Session
	lines    map[jarvis.Access]jarvis.Access // by key
	writes   atomic.Int32                    // of lines
	touches  atomic.Int32
	lookups  atomic.Int32

	fail  func(op string) error        // before each operation; may be nil
	block func(ctx context.Context)    // likewise
	swap  func(hash []byte) (b []byte) // what FindToken and FindSession return as the hash
	stale bool                         // FindSession returns expired ones too
}

func newMemory() *memory {
	return &memory{
		tokens:   map[string]*jarvis.Token{},
		signIns:  map[string]time.Time{},
		sessions: map[jarvis.ID]*jarvis.Session{},
		lines:    map[jarvis.Access]jarvis.Access{},
	}
}

// breakWith makes every operation fail, or none with nil.
func (m *memory) breakWith(fail func(op string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = fail
}

func (m *memory) blockWith(block func(context.Context)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.block = block
}

func (m *memory) enter(ctx context.Context, op string) error {
	m.mu.Lock()
	fail, block := m.fail, m.block
	m.mu.Unlock()
	if block != nil {
		block(ctx)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if fail != nil {
		return fail(op)
	}
	return nil
}

func (m *memory) InsertToken(ctx context.Context, t *jarvis.Token) error {
	if err := m.enter(ctx, "InsertToken"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.tokens[t.Name]; old != nil && (old.RevokedAt.IsZero() || old.Scope != t.Scope) {
		return jarvis.Errorf(jarvis.CodeConflict, "there is or was a token %q", t.Name)
	}
	kept := *t
	m.tokens[t.Name] = &kept
	return nil
}

func (m *memory) FindToken(ctx context.Context, hash []byte) (*jarvis.Token, error) {
	if err := m.enter(ctx, "FindToken"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lookups.Add(1)
	for _, t := range m.tokens {
		if bytes.Equal(t.Hash, hash) || m.swap != nil {
			found := *t
			if m.swap != nil {
				found.Hash = m.swap(hash)
			}
			return &found, nil
		}
	}
	return nil, jarvis.Errorf(jarvis.CodeNotFound, "there is no such token")
}

func (m *memory) FindTokens(ctx context.Context) ([]*jarvis.Token, error) {
	if err := m.enter(ctx, "FindTokens"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*jarvis.Token
	for _, t := range m.tokens {
		found := *t
		all = append(all, &found)
	}
	return all, nil
}

func (m *memory) RevokeToken(ctx context.Context, name string, at time.Time) error {
	if err := m.enter(ctx, "RevokeToken"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.tokens[name]
	if t == nil {
		return jarvis.Errorf(jarvis.CodeNotFound, "there is no token %q", name)
	}
	if t.RevokedAt.IsZero() {
		t.RevokedAt = at
	}
	return nil
}

func (m *memory) TouchToken(ctx context.Context, name string, at time.Time, address string) error {
	if err := m.enter(ctx, "TouchToken"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.touches.Add(1)
	if t := m.tokens[name]; t != nil {
		t.LastUsed, t.Address = at, address
	}
	return nil
}

func (m *memory) InsertSignIn(ctx context.Context, hash []byte, expires time.Time) error {
	if err := m.enter(ctx, "InsertSignIn"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.signIns[string(hash)] = expires
	return nil
}

func (m *memory) RedeemSignIn(ctx context.Context, hash []byte, now time.Time, s *jarvis.Session) error {
	if err := m.enter(ctx, "RedeemSignIn"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lookups.Add(1)
	expires, ok := m.signIns[string(hash)]
	if !ok || !now.Before(expires) {
		return jarvis.Errorf(jarvis.CodeNotFound, "there is no such link")
	}
	delete(m.signIns, string(hash))
	kept := *s
	m.sessions[s.ID] = &kept
	return nil
}

func (m *memory) FindSession(ctx context.Context, hash []byte, now time.Time) (*jarvis.Session, error) {
	if err := m.enter(ctx, "FindSession"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lookups.Add(1)
	for _, s := range m.sessions {
		if (bytes.Equal(s.Hash, hash) || m.swap != nil) && (m.stale || now.Before(s.ExpiresAt)) {
			found := *s
			if m.swap != nil {
				found.Hash = m.swap(hash)
			}
			return &found, nil
		}
	}
	return nil, jarvis.Errorf(jarvis.CodeNotFound, "there is no such session")
}

func (m *memory) FindSessions(ctx context.Context, now time.Time) ([]*jarvis.Session, error) {
	if err := m.enter(ctx, "FindSessions"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []*jarvis.Session
	for _, s := range m.sessions {
		if now.Before(s.ExpiresAt) {
			found := *s
			all = append(all, &found)
		}
	}
	return all, nil
}

func (m *memory) TouchSession(ctx context.Context, id jarvis.ID, at time.Time, address string) error {
	if err := m.enter(ctx, "TouchSession"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.touches.Add(1)
	if s := m.sessions[id]; s != nil {
		s.LastUsed, s.Address = at, address
	}
	return nil
}

func (m *memory) EndSession(ctx context.Context, id jarvis.ID) error {
	if err := m.enter(ctx, "EndSession"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sessions[id] == nil {
		return jarvis.Errorf(jarvis.CodeNotFound, "there is no session %s", id)
	}
	delete(m.sessions, id)
	return nil
}

func (m *memory) RecordAccess(ctx context.Context, a jarvis.Access) error {
	if err := m.enter(ctx, "RecordAccess "+a.Who); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes.Add(1)
	key := jarvis.Access{Minute: a.Minute, Who: a.Who, Address: a.Address, Action: a.Action}
	sum := m.lines[key]
	a.Times += sum.Times
	a.Captures += sum.Captures
	m.lines[key] = a
	return nil
}

func (m *memory) FindAccess(context.Context, jarvis.AccessFilter) ([]jarvis.Access, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []jarvis.Access
	for _, a := range m.lines {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b jarvis.Access) int {
		return b.Minute.Compare(a.Minute)
	})
	return all, nil
}

// token returns a copy of a token, session one of a session.
func (m *memory) token(name string) jarvis.Token {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *m.tokens[name]
}

func (m *memory) session(id jarvis.ID) jarvis.Session {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *m.sessions[id]
}

// of returns the recorded lines of an action, and their sum.
func (m *memory) of(action jarvis.Action) (lines []jarvis.Access, times, captures int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.lines {
		if a.Action == action {
			lines = append(lines, a)
			times += a.Times
			captures += a.Captures
		}
	}
	return lines, times, captures
}

// newGuard returns a guard over m that the end of the test closes.
func newGuard(t *testing.T, m *memory, o access.Options) *access.Guard {
	t.Helper()
	o.Credentials, o.Log = m, m
	g := access.New(o)
	t.Cleanup(func() {
		m.breakWith(nil)
		m.blockWith(nil)
		if err := g.Close(context.Background()); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return g
}

// from returns a request of a peer, with headers as name, value, name, value...
func from(peer string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/api/captures", nil)
	r.RemoteAddr = peer
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

func token(t *testing.T, g *access.Guard, name string, scope jarvis.Scope) string {
	t.Helper()
	text, _, err := g.NewToken(t.Context(), name, scope)
	if err != nil {
		t.Fatalf("NewToken: %v", err)
	}
	return text
}

// session signs in from a peer and returns the session and its cookie.
func session(t *testing.T, g *access.Guard, own bool) (*jarvis.Session, *http.Cookie) {
	t.Helper()
	secret, _, err := g.NewSignIn(t.Context())
	if err != nil {
		t.Fatalf("NewSignIn: %v", err)
	}
	r := from("192.0.2.7:1234", "User-Agent", "Browser/1")
	r.Method = http.MethodPost
	cookie, s, err := g.Redeem(r, secret, own)
	if err != nil {
		t.Fatalf("Redeem: %v", err)
	}
	return s, cookie
}

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// logged is a logger and what it wrote.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// wrongToken has the form of a token, and n in it.
func wrongToken(n int) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	text := []byte("jarvis_rAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	for i := 8; n > 0; i++ {
		text[i] = digits[n%64]
		n /= 64
	}
	return string(text)
}

// pass lets time pass in a bubble of synctest, and everything that is due happen.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}
