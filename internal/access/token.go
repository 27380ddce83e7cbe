package access

import (
	"context"
	"crypto/subtle"
	"strings"
	"unicode"

	jarvis "github.com/jarvis-memory/jarvis"
)

// NewToken makes a token and returns its text, which nobody can ask for again.
// The name of one that may upload is the name of the device. A name that is
// none is CodeInvalid, one that is taken, or was by another scope, CodeConflict. The
// caller records it.
func (g *Guard) NewToken(ctx context.Context, name string, scope jarvis.Scope) (string, *jarvis.Token, error) {
	if err := checkName(name); err != nil {
		return "", nil, err
	}
	scope, err := jarvis.ParseScope(string(scope))
	if err != nil {
		return "", nil, err
	}
	text := newToken(scope)
	hash := digestOf(text)
	token := &jarvis.Token{Name: name, Scope: scope, Hash: hash[:], CreatedAt: jarvis.Instant(g.now())}
	if err := g.credentials.InsertToken(ctx, token); err != nil {
		return "", nil, err
	}
	return text, token, nil
}

// Tokens lists all tokens by name, revoked ones too.
func (g *Guard) Tokens(ctx context.Context) ([]*jarvis.Token, error) {
	g.recorder.settle(ctx)
	return g.credentials.FindTokens(ctx)
}

// Revoke ends a token: the next request with it is refused. A name that none
// has is CodeNotFound. The caller records it.
func (g *Guard) Revoke(ctx context.Context, name string) error {
	return g.credentials.RevokeToken(ctx, name, jarvis.Instant(g.now()))
}

// checkName refuses names that cannot be told apart, or printed.
func checkName(name string) error {
	switch {
	case name == "":
		return jarvis.Errorf(jarvis.CodeInvalid, "a token needs a name, such as the name of the computer")
	case len(name) > jarvis.MaxTokenName:
		return jarvis.Errorf(jarvis.CodeInvalid, "the name of a token has at most %d bytes, this one has %d", jarvis.MaxTokenName, len(name))
	case strings.ContainsFunc(name, func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }):
		return jarvis.Errorf(jarvis.CodeInvalid, "the name %q has a character that cannot be printed", name)
	case strings.TrimSpace(name) != name:
		return jarvis.Errorf(jarvis.CodeInvalid, "the name %q begins or ends with a space", name)
	}
	return nil
}

func (g *Guard) authenticateToken(ctx context.Context, from origin, text string) (jarvis.Principal, error) {
	nobody := jarvis.Principal{Address: from.text()}
	hash := digestOf(text)
	var token *jarvis.Token
	err := g.lookUp(ctx, from, hash, func() (err error) {
		token, err = g.credentials.FindToken(ctx, hash[:])
		return err
	})
	switch {
	case jarvis.ErrorCode(err) == jarvis.CodeNotFound, err == nil && subtle.ConstantTimeCompare(token.Hash, hash[:]) != 1:
		g.uses.forget(hash)
		return nobody, g.refuse(from, jarvis.Errorf(jarvis.CodeNoCredential, "the token is not valid: \"jarvis device list\" shows those that are"))
	case err != nil:
		return nobody, err
	case !token.RevokedAt.IsZero():
		g.uses.forget(hash)
		g.recorder.refuse(jarvis.Principal{Kind: jarvis.PrincipalToken, Name: token.Name}.Who(), from.text())
		return nobody, g.slowDown(from, jarvis.Errorf(jarvis.CodeNoCredential, "the token %q was revoked: make another with \"jarvis device add\"", token.Name))
	}
	if at := jarvis.Instant(g.now()); g.uses.note(hash, at) {
		g.recorder.touch(touchedToken(token.Name), at, from.text())
	}
	return jarvis.Principal{Kind: jarvis.PrincipalToken, Scope: token.Scope, Name: token.Name, Address: from.text()}, nil
}
