package catalogtest

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// minute is the one of noon.
var minute = time.Date(2026, time.January, 24, 12, 0, 0, 0, time.UTC)

func newHash() []byte {
	hash := make([]byte, 32)
	rand.Read(hash) // never fails: crypto/rand aborts the program instead
	return hash
}

func newToken(name string) *jarvis.Token {
	return &jarvis.Token{Name: name, Scope: jarvis.ScopeUpload, Hash: newHash(), CreatedAt: noon}
}

func insertToken(t tester, cat Catalog, tokens ...*jarvis.Token) {
	t.Helper()
	for _, token := range tokens {
		if err := cat.InsertToken(background, token); err != nil {
			t.Fatalf("InsertToken(%q): %v", token.Name, err)
		}
	}
}

func wantToken(t tester, cat Catalog, want *jarvis.Token) {
	t.Helper()
	got, err := cat.FindToken(background, want.Hash)
	if err != nil {
		t.Fatalf("FindToken of %q: %v", want.Name, err)
	}
	wantEqual(t, "FindToken", got, want)
}

func wantTokens(t tester, cat Catalog, want ...*jarvis.Token) {
	t.Helper()
	got, err := cat.FindTokens(background)
	if err != nil || got == nil {
		t.Fatalf("FindTokens = %v, %v", got, err)
	}
	slices.SortFunc(want, func(a, b *jarvis.Token) int { return strings.Compare(a.Name, b.Name) })
	wantEqual(t, "FindTokens", got, want)
}

func testTokens(t *testing.T, h Harness) {
	t.Run("RoundTrip", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		wantTokens(t, cat)
		all := newToken("laptop")
		*all = jarvis.Token{
			Name: "laptop", Scope: jarvis.ScopeAdmin, Hash: newHash(), CreatedAt: noon,
			LastUsed: minute.Add(time.Hour), Address: "2001:db8::1", RevokedAt: noon.Add(time.Microsecond),
		}
		tokens := []*jarvis.Token{all, newToken("ada@desk"), newToken("Ada@desk"), newToken("zoë@büro"), newToken(""), newToken("_"), newToken(strings.Repeat("n", jarvis.MaxTokenName))}
		insertToken(t, cat, tokens...)
		for _, token := range tokens {
			wantToken(t, cat, token)
		}
		wantTokens(t, db.open(t), tokens...)
	})

	t.Run("Times", func(t *testing.T) {
		cat := h.open(t)
		token := newToken("x")
		want := *token
		token.CreatedAt = noon.In(location(t, "Asia/Kathmandu")).Add(999 * time.Nanosecond)
		token.LastUsed, want.LastUsed = noon, minute
		insertToken(t, cat, token)
		wantToken(t, cat, &want)
	})

	t.Run("HostileText", func(t *testing.T) {
		cat := h.open(t)
		for _, text := range append(hostileTexts(), "\xff\x00") {
			token := newToken(text)
			token.Address = text
			insertToken(t, cat, token)
			want := *token
			want.Name, want.Address = jarvis.CleanText(text, jarvis.MaxTokenName), jarvis.CleanText(text, jarvis.MaxAddress)
			wantToken(t, cat, &want)
			if err := cat.TouchToken(t.Context(), text, noon, text); err != nil {
				t.Fatalf("TouchToken(%q): %v", text, err)
			}
			if err := cat.RevokeToken(t.Context(), text, noon); err != nil {
				t.Fatalf("RevokeToken(%q): %v", text, err)
			}
			want.LastUsed, want.RevokedAt = minute, noon
			wantToken(t, cat, &want)
		}
	})

	t.Run("Taken", func(t *testing.T) {
		cat := h.open(t)
		first, revoked := newToken("first"), newToken("revoked")
		revoked.Scope = jarvis.ScopeRead
		insertToken(t, cat, first, revoked)
		if err := cat.RevokeToken(t.Context(), "revoked", noon); err != nil {
			t.Fatalf("RevokeToken: %v", err)
		}
		revoked.RevokedAt = noon
		wantError(t, cat.InsertToken(t.Context(), newToken("first")), jarvis.CodeConflict, messageTokenTaken("first"))
		wantError(t, cat.InsertToken(t.Context(), newToken("revoked")), jarvis.CodeConflict, messageTokenTaken("revoked"))
		wantError(t, cat.InsertToken(t.Context(), first), jarvis.CodeConflict, messageTokenTaken("first"))
		same := newToken("another name")
		same.Hash = revoked.Hash
		wantError(t, cat.InsertToken(t.Context(), same), jarvis.CodeConflict, messageSameText)
		wantTokens(t, cat, first, revoked)
	})

	t.Run("Replaced", func(t *testing.T) {
		db := h.New(t)
		cat, other := db.open(t), db.open(t)
		kept, old := newToken("kept"), newToken("laptop")
		insertToken(t, cat, kept, old)
		for _, err := range []error{
			cat.TouchToken(t.Context(), "laptop", noon, "192.0.2.1"),
			cat.RevokeToken(t.Context(), "laptop", noon),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		old.LastUsed, old.Address, old.RevokedAt = minute, "192.0.2.1", noon
		same := newToken("laptop")
		for _, hash := range [][]byte{old.Hash, kept.Hash} { // a revoked text stays so
			same.Hash = hash
			wantError(t, cat.InsertToken(t.Context(), same), jarvis.CodeConflict, messageSameText)
		}
		wantTokens(t, other, kept, old)
		anew := newToken("laptop")
		anew.CreatedAt = noon.Add(time.Hour)
		insertToken(t, cat, anew)
		wantToken(t, other, anew)
		_, err := other.FindToken(t.Context(), old.Hash)
		wantError(t, err, jarvis.CodeNotFound, messageNoCredential)
		wantTokens(t, other, kept, anew)
		wantError(t, other.InsertToken(t.Context(), newToken("laptop")), jarvis.CodeConflict, messageTokenTaken("laptop"))
	})

	t.Run("Missing", func(t *testing.T) {
		cat := h.open(t)
		insertToken(t, cat, newToken("there"))
		for _, hash := range [][]byte{nil, {}, []byte("x"), newHash()} {
			_, err := cat.FindToken(t.Context(), hash)
			wantError(t, err, jarvis.CodeNotFound, messageNoCredential)
		}
		for _, name := range []string{"", "There", "here'; DROP TABLE tokens; --"} {
			wantError(t, cat.RevokeToken(t.Context(), name, noon), jarvis.CodeNotFound, messageNoToken(name))
			if err := cat.TouchToken(t.Context(), name, noon, ""); err != nil {
				t.Errorf("TouchToken(%q): %v", name, err)
			}
		}
	})

	t.Run("Revoke", func(t *testing.T) {
		db := h.New(t)
		cat, other := db.open(t), db.open(t)
		kept, token := newToken("kept"), newToken("gone")
		insertToken(t, cat, kept, token)
		wantToken(t, other, token)
		for _, later := range []time.Duration{0, time.Hour, -time.Hour} {
			if err := cat.RevokeToken(t.Context(), "gone", noon.Add(later)); err != nil {
				t.Fatalf("RevokeToken: %v", err)
			}
			token.RevokedAt = noon
			wantToken(t, other, token) // at once
			wantTokens(t, other, kept, token)
		}
	})

	t.Run("Touch", func(t *testing.T) {
		cat := h.open(t)
		kept, token := newToken("kept"), newToken("used")
		insertToken(t, cat, kept, token)
		for _, use := range []struct {
			at      time.Time
			address string
			counts  bool
		}{
			{noon, "10.0.0.1", true},
			{noon, "10.0.0.2", false},
			{minute.Add(time.Minute - 1), "10.0.0.3", false},
			{minute.Add(time.Minute), "10.0.0.4", true},
			{noon.Add(-time.Hour), "10.0.0.5", false},
			{noon.Add(time.Hour).In(location(t, "Asia/Kathmandu")), "10.0.0.6", true},
		} {
			if err := cat.TouchToken(t.Context(), "used", use.at, use.address); err != nil {
				t.Fatalf("TouchToken: %v", err)
			}
			if use.counts {
				token.LastUsed, token.Address = use.at.UTC().Truncate(time.Minute), use.address
			}
			wantToken(t, cat, token)
		}
		wantTokens(t, cat, kept, token)
	})

	t.Run("AtOnce", func(t *testing.T) {
		db := h.New(t)
		cats := []Catalog{db.open(t), db.open(t)}
		const rounds = 10
		for name, test := range map[string]struct {
			token   func(round, worker int) *jarvis.Token
			message func(round int) string
		}{
			"OneName": {
				func(round, _ int) *jarvis.Token { return newToken(fmt.Sprintf("name %d", round)) },
				func(round int) string { return messageTokenTaken(fmt.Sprintf("name %d", round)) },
			},
			"OneRevoked": {
				func(round, _ int) *jarvis.Token { return newToken(fmt.Sprintf("revoked %d", round)) },
				func(round int) string { return messageTokenTaken(fmt.Sprintf("revoked %d", round)) },
			},
			"OneHash": {
				func(round, worker int) *jarvis.Token {
					token := newToken(fmt.Sprintf("hash %d, name %d", round, worker))
					token.Hash = fmt.Appendf(nil, "hash %d", round)
					return token
				},
				func(int) string { return messageSameText },
			},
		} {
			t.Run(name, func(t *testing.T) {
				for round := range rounds {
					if name == "OneRevoked" {
						revoked := test.token(round, 0)
						revoked.RevokedAt = noon
						insertToken(t, cats[0], revoked)
					}
					results := make([]error, writers)
					atOnce(t, writers, func(worker int) error {
						results[worker] = cats[worker%len(cats)].InsertToken(background, test.token(round, worker))
						return nil
					})
					wantOneOf(t, results, jarvis.CodeConflict, test.message(round))
				}
			})
		}
		if tokens, err := cats[0].FindTokens(t.Context()); err != nil || len(tokens) != 3*rounds {
			t.Errorf("FindTokens = %d tokens, %v", len(tokens), err)
		}
	})
}

// wantOneOf checks that one call went well and all others were refused.
func wantOneOf(t tester, results []error, code jarvis.Code, message string) {
	t.Helper()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
		} else {
			wantError(t, err, code, message)
		}
	}
	if won != 1 {
		t.Fatalf("%d of %d calls at once went well, want one", won, len(results))
	}
}
