package access

import (
	"context"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"
	"unicode"

	jarvis "github.com/jarvis-memory/jarvis"
)

// How long credentials of a person last.
const (
	SignInLasts     = 10 * time.Minute    // from NewSignIn to Redeem
	SessionLasts    = 12 * time.Hour      // on a computer that others use too
	OwnSessionLasts = 30 * 24 * time.Hour // on the person's own
)

// NewSignIn makes the secret of a sign-in link and returns when it expires.
// Whoever redeems it first has a session that may do everything. The caller
// records it.
func (g *Guard) NewSignIn(ctx context.Context) (secret string, expires time.Time, err error) {
	secret = newSecret()
	hash := digestOf(secret)
	expires = jarvis.Instant(g.now().Add(SignInLasts))
	if err := g.credentials.InsertSignIn(ctx, hash[:], expires); err != nil {
		return "", time.Time{}, err
	}
	return secret, expires, nil
}

// Redeem uses up a sign-in link and returns the session that it gives and the
// session's cookie, for the answer to r. Nothing else uses up a link: r must be
// a POST, or whoever fetches a preview of the link would burn it. own says that
// the person called the computer their own. The session's beginning is in the
// access log when Redeem returns: where that fails, nobody gets its cookie.
//
// A secret that is unknown, used or expired is CodeNoCredential, and slowed
// down as in Authenticate.
func (g *Guard) Redeem(r *http.Request, secret string, own bool) (*http.Cookie, *jarvis.Session, error) {
	if r.Method != http.MethodPost {
		return nil, nil, jarvis.Errorf(jarvis.CodeInvalid, "a sign-in link is redeemed with POST, not with %.16q", r.Method)
	}
	from := g.origin(r)
	invalid := jarvis.Errorf(jarvis.CodeNoCredential, "the sign-in link was used already, is more than ten minutes old, or incomplete: \"jarvis signin\" prints another")
	if !isSecret(secret) {
		return nil, nil, g.refuse(from, invalid)
	}
	text, hash := newSecret(), digestOf(secret)
	session := g.newSession(r, from, text, own)
	err := g.lookUp(r.Context(), from, hash, func() error {
		return g.credentials.RedeemSignIn(r.Context(), hash[:], session.CreatedAt, session)
	})
	switch {
	case jarvis.ErrorCode(err) == jarvis.CodeNotFound:
		return nil, nil, g.refuse(from, invalid)
	case err != nil:
		return nil, nil, err
	}
	g.uses.note(digestOf(text), session.CreatedAt)
	person := jarvis.Principal{Kind: jarvis.PrincipalSession, Session: session.ID, Address: from.text()}
	if err := g.RecordNow(r.Context(), person, jarvis.ActionSignIn, 0); err != nil {
		return nil, nil, err
	}
	// On a computer that others use too, closing the browser ends it earlier.
	maxAge := 0
	if own {
		maxAge = int(OwnSessionLasts.Seconds())
	}
	return sessionCookie(r, text, from.secure, maxAge), session, nil
}

func (g *Guard) newSession(r *http.Request, from origin, text string, own bool) *jarvis.Session {
	lasts := SessionLasts
	if own {
		lasts = OwnSessionLasts
	}
	now, hash := jarvis.Instant(g.now()), digestOf(text)
	return &jarvis.Session{
		ID:        jarvis.NewRandomID(),
		Hash:      hash[:],
		CreatedAt: now,
		ExpiresAt: now.Add(lasts),
		LastUsed:  now.Truncate(time.Minute),
		Address:   from.text(),
		Browser:   browser(r.UserAgent()),
		Own:       own,
	}
}

// browser cleans what a browser calls itself for a list on a terminal.
func browser(agent string) string {
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, agent)
	return jarvis.CleanText(printable, jarvis.MaxBrowser)
}

// Sessions lists the sessions that have not expired, the newest first.
func (g *Guard) Sessions(ctx context.Context) ([]*jarvis.Session, error) {
	g.recorder.settle(ctx)
	return g.credentials.FindSessions(ctx, jarvis.Instant(g.now()))
}

// End ends a session: the next request with its cookie is refused. An id that
// none has is CodeNotFound. The caller records it.
func (g *Guard) End(ctx context.Context, id jarvis.ID) error {
	return g.credentials.EndSession(ctx, id)
}

// NoCookie returns the cookie that makes a browser forget its session's.
func (g *Guard) NoCookie(r *http.Request) *http.Cookie {
	return sessionCookie(r, "", g.Secure(r), -1)
}

func (g *Guard) authenticateSession(ctx context.Context, from origin, texts []string) (jarvis.Principal, error) {
	now := jarvis.Instant(g.now())
	for _, text := range texts {
		hash := digestOf(text)
		var session *jarvis.Session
		err := g.lookUp(ctx, from, hash, func() (err error) {
			session, err = g.credentials.FindSession(ctx, hash[:], now)
			return err
		})
		switch {
		case jarvis.ErrorCode(err) == jarvis.CodeNotFound:
			g.uses.forget(hash)
			continue
		case err != nil:
			return jarvis.Principal{Address: from.text()}, err
		case subtle.ConstantTimeCompare(session.Hash, hash[:]) != 1, !now.Before(session.ExpiresAt):
			g.uses.forget(hash)
			continue
		}
		if g.uses.note(hash, now) {
			g.recorder.touch(touchedSession(session.ID), now, from.text())
		}
		return jarvis.Principal{
			Kind: jarvis.PrincipalSession, Scope: jarvis.ScopeAdmin,
			Session: session.ID, Own: session.Own, Address: from.text(),
		}, nil
	}
	return jarvis.Principal{Address: from.text()}, g.refuseSession(from, digestOf(texts[0]))
}
