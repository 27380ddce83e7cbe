package jarvis

import (
	"context"
	"time"
)

// Scope is what a token permits.
type Scope string

// The scopes. Each permits what it names and nothing of the others, except that
// ScopeAdmin permits everything.
const (
	ScopeUpload Scope = "upload" // captures and spans of its own device may be sent
	ScopeRead   Scope = "read"   // everything may be looked at
	ScopeWork   Scope = "work"   // images that wait to be read may be fetched, and what they say stored
	ScopeAdmin  Scope = "admin"  // and changed, deleted, and permitted to others
)

// ParseScope reads a scope; anything but the four is CodeInvalid.
func ParseScope(text string) (Scope, error) {
	switch scope := Scope(text); scope {
	case ScopeUpload, ScopeRead, ScopeWork, ScopeAdmin:
		return scope, nil
	}
	return "", Errorf(CodeInvalid, "%q is not a scope: it is upload, read, work or admin", text)
}

// A Token is the lasting credential of a program: an agent, or a command line
// elsewhere. The text that it consists of is shown once and kept by nobody but
// its holder: the catalogue has a SHA-256 of it.
type Token struct {
	Name      string    `json:"name"` // unique among all, revoked ones too: see InsertToken; of ScopeUpload it is the device
	Scope     Scope     `json:"scope"`
	Hash      []byte    `json:"-"`
	CreatedAt time.Time `json:"created_at"`
	LastUsed  time.Time `json:"last_used,omitzero"` // to the minute; zero when it never was
	Address   string    `json:"address,omitempty"`  // from which it was last used
	RevokedAt time.Time `json:"revoked_at,omitzero"`
}

// A Session is the credential of a browser, made from a sign-in link.
type Session struct {
	ID        ID        `json:"id"`
	Hash      []byte    `json:"-"` // SHA-256 of the cookie's text
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	LastUsed  time.Time `json:"last_used"` // to the minute
	Address   string    `json:"address"`
	Browser   string    `json:"browser"` // what the browser calls itself; at most MaxBrowser bytes
	// Own says that the person called it their own computer: its browser may
	// keep pictures.
	Own bool `json:"own"`
}

// Longest texts about who came, in bytes.
const (
	MaxTokenName = MaxDevice
	MaxBrowser   = 255
	MaxAddress   = 255
	MaxWho       = MaxTokenName + 64
)

// Credentials keeps who may come in. It is implemented by every catalogue, with
// the promises of Catalog about concurrency, contexts and errors. Times come
// from the caller. Names and other texts are kept, and looked for, as CleanText
// makes them.
type Credentials interface {
	// InsertToken adds a token. One of the same name and scope that was revoked is
	// replaced, as that of a device that was set up anew. Any other name and any
	// hash that one has, or had, is CodeConflict.
	InsertToken(ctx context.Context, t *Token) error

	// FindToken returns the token of a hash, a revoked one too; CodeNotFound.
	FindToken(ctx context.Context, hash []byte) (*Token, error)

	// FindTokens lists all tokens by name, at most MaxPage.
	FindTokens(ctx context.Context) ([]*Token, error)

	// RevokeToken records when the named token ceased to be valid. Repeated, it
	// keeps the first time. A name that none has is CodeNotFound.
	RevokeToken(ctx context.Context, name string, at time.Time) error

	// TouchToken records a use, unless a later one or one of the same minute is
	// recorded: it may be repeated, and then writes nothing. A name that none has
	// is no error.
	TouchToken(ctx context.Context, name string, at time.Time, address string) error

	// InsertSignIn adds the hash of a sign-in link that may be redeemed once
	// before it expires; repeated, it sets the time anew. Those that expire a day
	// earlier or more are dropped.
	InsertSignIn(ctx context.Context, hash []byte, expires time.Time) error

	// RedeemSignIn uses up the link and adds the session in one transaction. A
	// link that is unknown, used or expired at now is CodeNotFound, and then
	// nothing is added. A session whose id or hash is taken is CodeConflict, and
	// the link stays. Links and sessions that have expired at now are dropped.
	RedeemSignIn(ctx context.Context, hash []byte, now time.Time, s *Session) error

	// FindSession returns the session of a hash that has not expired at now;
	// CodeNotFound.
	FindSession(ctx context.Context, hash []byte, now time.Time) (*Session, error)

	// FindSessions lists the sessions that have not expired at now, the newest
	// first, at most MaxPage.
	FindSessions(ctx context.Context, now time.Time) ([]*Session, error)

	// TouchSession records a use as TouchToken does. An id that none has is no
	// error.
	TouchSession(ctx context.Context, id ID, at time.Time, address string) error

	// EndSession removes a session; CodeNotFound.
	EndSession(ctx context.Context, id ID) error
}

// Principal is who asks something of a server.
type Principal struct {
	Kind    PrincipalKind
	Scope   Scope  // "" for PrincipalNobody
	Name    string // of the token; else empty
	Session ID     // of the session; else zero
	Own     bool   // the session is on the person's own computer
	Address string // of the peer, as text of an IP address
}

// PrincipalKind is how somebody said who they are.
type PrincipalKind string

// The kinds.
const (
	PrincipalNobody  PrincipalKind = ""
	PrincipalSession PrincipalKind = "session"
	PrincipalToken   PrincipalKind = "token"
	PrincipalNetwork PrincipalKind = "network" // they said nothing, and their address may upload
)

// Permits reports whether the principal may do what the scope names.
func (p Principal) Permits(scope Scope) bool {
	return p.Kind != PrincipalNobody && (p.Scope == scope || p.Scope == ScopeAdmin)
}

// Who returns the principal as the access log names it.
func (p Principal) Who() string {
	switch p.Kind {
	case PrincipalSession:
		return "session " + p.Session.String()
	case PrincipalToken:
		return "token " + p.Name
	case PrincipalNetwork:
		return "network"
	}
	return "nobody"
}
