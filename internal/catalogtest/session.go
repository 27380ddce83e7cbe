package catalogtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

const (
	signInLife  = 10 * time.Minute
	sessionLife = 30 * 24 * time.Hour
)

func newSession(at time.Time) *jarvis.Session {
	return &jarvis.Session{
		ID: jarvis.NewRandomID(), Hash: newHash(), CreatedAt: at, ExpiresAt: at.Add(sessionLife),
		LastUsed: at.Truncate(time.Minute), Address: "127.0.0.1", Browser: "Mozilla/5.0 (X11; Linux x86_64)",
	}
}

// signIn makes a link and redeems it.
func signIn(t tester, cat Catalog, sessions ...*jarvis.Session) {
	t.Helper()
	for _, s := range sessions {
		if err := cat.RedeemSignIn(background, newLink(t, cat, s.CreatedAt), s.CreatedAt, s); err != nil {
			t.Fatalf("RedeemSignIn: %v", err)
		}
	}
}

func newLink(t tester, cat Catalog, at time.Time) []byte {
	t.Helper()
	hash := newHash()
	if err := cat.InsertSignIn(background, hash, at.Add(signInLife)); err != nil {
		t.Fatalf("InsertSignIn: %v", err)
	}
	return hash
}

func wantSession(t tester, cat Catalog, want *jarvis.Session, now time.Time) {
	t.Helper()
	got, err := cat.FindSession(background, want.Hash, now)
	if err != nil {
		t.Fatalf("FindSession: %v", err)
	}
	wantEqual(t, "FindSession", got, want)
}

func wantNoSession(t tester, cat Catalog, hash []byte, now time.Time) {
	t.Helper()
	_, err := cat.FindSession(background, hash, now)
	wantError(t, err, jarvis.CodeNotFound, messageNoCredential)
}

// wantSessions takes them in the order in which they are listed.
func wantSessions(t tester, cat Catalog, now time.Time, want ...*jarvis.Session) {
	t.Helper()
	got, err := cat.FindSessions(background, now)
	if err != nil || got == nil {
		t.Fatalf("FindSessions = %v, %v", got, err)
	}
	wantEqual(t, "FindSessions", got, want)
}

func testSessions(t *testing.T, h Harness) {
	t.Run("RoundTrip", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		wantSessions(t, cat, noon)
		var sessions []*jarvis.Session
		for i := range 4 {
			s := newSession(noon.Add(time.Duration(i) * time.Microsecond))
			s.Own = i%2 == 0
			sessions = append(sessions, s)
		}
		same := newSession(noon)
		signIn(t, cat, append(sessions, same)...)
		slices.Reverse(sessions)
		sessions = append(sessions, same)
		if last := sessions[3:]; last[0].ID.String() > last[1].ID.String() {
			slices.Reverse(last)
		}
		for _, s := range sessions {
			wantSession(t, cat, s, noon)
		}
		wantSessions(t, db.open(t), noon, sessions...)
	})

	t.Run("Once", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		link, s := newLink(t, cat, noon), newSession(noon)
		for _, hash := range [][]byte{nil, newHash(), s.Hash} {
			wantError(t, cat.RedeemSignIn(t.Context(), hash, noon, newSession(noon)), jarvis.CodeNotFound, messageNoSignIn)
		}
		if err := cat.RedeemSignIn(t.Context(), link, noon, s); err != nil {
			t.Fatalf("RedeemSignIn: %v", err)
		}
		wantError(t, db.open(t).RedeemSignIn(t.Context(), link, noon, newSession(noon)), jarvis.CodeNotFound, messageNoSignIn)
		wantSessions(t, cat, noon, s)
	})

	t.Run("Expired", func(t *testing.T) {
		cat := h.open(t)
		end := noon.Add(signInLife)
		for _, late := range []time.Duration{0, 1, time.Hour} {
			wantError(t, cat.RedeemSignIn(t.Context(), newLink(t, cat, noon), end.Add(late), newSession(noon)), jarvis.CodeNotFound, messageNoSignIn)
		}
		s := newSession(noon)
		if err := cat.RedeemSignIn(t.Context(), newLink(t, cat, noon), end.Add(-1), s); err != nil {
			t.Fatalf("RedeemSignIn just in time: %v", err)
		}
		wantSession(t, cat, s, s.ExpiresAt.Add(-1))
		wantSessions(t, cat, s.ExpiresAt.Add(-1), s)
		for _, late := range []time.Duration{0, time.Hour} {
			wantNoSession(t, cat, s.Hash, s.ExpiresAt.Add(late))
			wantSessions(t, cat, s.ExpiresAt.Add(late))
		}
	})

	t.Run("ExpiryAnew", func(t *testing.T) {
		cat := h.open(t)
		link := newLink(t, cat, noon.Add(-time.Hour))
		if err := cat.InsertSignIn(t.Context(), link, noon.Add(signInLife)); err != nil {
			t.Fatalf("InsertSignIn again: %v", err)
		}
		if err := cat.RedeemSignIn(t.Context(), link, noon, newSession(noon)); err != nil {
			t.Fatalf("RedeemSignIn: %v", err)
		}
	})

	t.Run("Dropped", func(t *testing.T) {
		db := h.New(t)
		cat, raw := db.open(t), db.SQL(t)
		for day := range 5 {
			newLink(t, cat, noon.AddDate(0, 0, day))
		}
		if n := count(t, raw, "SELECT count(*) FROM sign_ins"); n != 1 {
			t.Errorf("%d links are kept, want the last", n)
		}
		newLink(t, cat, noon.AddDate(0, 0, 4)) // which has expired when the next is redeemed
		old := newSession(noon.AddDate(0, 0, 4).Add(signInLife))
		signIn(t, cat, old)
		if n := count(t, raw, "SELECT count(*) FROM sign_ins"); n != 0 {
			t.Errorf("%d links are kept that have expired", n)
		}
		signIn(t, cat, newSession(old.ExpiresAt))
		if n := count(t, raw, "SELECT count(*) FROM sessions"); n != 1 {
			t.Errorf("%d sessions are kept, want the last", n)
		}
	})

	t.Run("Taken", func(t *testing.T) {
		cat := h.open(t)
		s := newSession(noon)
		signIn(t, cat, s)
		link := newLink(t, cat, noon)
		sameID, sameHash := newSession(noon), newSession(noon)
		sameID.ID, sameHash.Hash = s.ID, s.Hash
		for _, other := range []*jarvis.Session{sameID, sameHash} {
			wantError(t, cat.RedeemSignIn(t.Context(), link, noon, other), jarvis.CodeConflict, messageSameText)
			wantSessions(t, cat, noon, s)
		}
		if err := cat.RedeemSignIn(t.Context(), link, noon, newSession(noon)); err != nil {
			t.Errorf("the link is gone, though nothing came of it: %v", err)
		}
	})

	t.Run("HostileText", func(t *testing.T) {
		cat := h.open(t)
		for _, text := range append(hostileTexts(), "\xff\x00", strings.Repeat("☕", jarvis.MaxBrowser)) {
			s := newSession(noon)
			s.Browser, s.Address = text, text
			signIn(t, cat, s)
			s.Browser, s.Address = jarvis.CleanText(text, jarvis.MaxBrowser), jarvis.CleanText(text, jarvis.MaxAddress)
			wantSession(t, cat, s, noon)
		}
	})

	t.Run("Touch", func(t *testing.T) {
		cat := h.open(t)
		kept, s := newSession(noon.Add(time.Microsecond)), newSession(noon)
		signIn(t, cat, kept, s)
		for _, use := range []struct {
			at     time.Time
			counts bool
		}{{noon.Add(time.Second), false}, {noon.Add(time.Minute), true}, {noon.Add(-time.Hour), false}, {noon.Add(time.Hour), true}} {
			address := "10.0.0.1 at " + use.at.String()
			if err := cat.TouchSession(t.Context(), s.ID, use.at, address); err != nil {
				t.Fatalf("TouchSession: %v", err)
			}
			if use.counts {
				s.LastUsed, s.Address = use.at.Truncate(time.Minute), address
			}
			wantSessions(t, cat, noon, kept, s)
		}
		if err := cat.TouchSession(t.Context(), jarvis.NewRandomID(), noon, ""); err != nil {
			t.Errorf("TouchSession of none: %v", err)
		}
	})

	t.Run("End", func(t *testing.T) {
		db := h.New(t)
		cat, other := db.open(t), db.open(t)
		kept, s := newSession(noon), newSession(noon)
		signIn(t, cat, kept, s)
		wantSession(t, other, s, noon)
		if err := cat.EndSession(t.Context(), s.ID); err != nil {
			t.Fatalf("EndSession: %v", err)
		}
		wantNoSession(t, other, s.Hash, noon) // at once
		wantSessions(t, other, noon, kept)
		for _, id := range []jarvis.ID{s.ID, jarvis.NewRandomID()} {
			wantError(t, cat.EndSession(t.Context(), id), jarvis.CodeNotFound, messageNoSession(id))
		}
	})

	t.Run("AtOnce", func(t *testing.T) {
		db := h.New(t)
		cats := []Catalog{db.open(t), db.open(t)}
		for range 5 {
			link := newLink(t, cats[0], noon)
			results := make([]error, writers)
			atOnce(t, writers, func(worker int) error {
				results[worker] = cats[worker%len(cats)].RedeemSignIn(background, link, noon, newSession(noon))
				return nil
			})
			wantOneOf(t, results, jarvis.CodeNotFound, messageNoSignIn)
		}
		if sessions, err := cats[1].FindSessions(t.Context(), noon); err != nil || len(sessions) != 5 {
			t.Errorf("FindSessions = %d sessions, %v; want one for each link", len(sessions), err)
		}
	})
}
