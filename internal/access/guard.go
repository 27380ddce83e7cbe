// Package access decides who may come in, and writes down what they did.
//
// A program brings a token ("Authorization: Bearer jarvis_..."), a browser the
// cookie of a session that it got for a sign-in link. Each of the three is 256
// random bits, shown once. The catalogue keeps a SHA-256 of the text: nobody
// can guess what it was made of, so a slow hash would protect nothing. No
// answer of the catalogue is kept: a token that was revoked, by whichever
// process, is refused in the next request.
//
// Wrong credentials are slowed down by the address that they come from. A right
// one is not refused for what others did at its address, see
// [Guard.Authenticate].
package access

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Options are what a Guard works with.
type Options struct {
	Credentials jarvis.Credentials

	// Log takes what was done. With nil no account is kept, which is right for a
	// command that only makes credentials.
	Log jarvis.AccessLog

	// TrustNetworks are the addresses from which a program that says nothing
	// about itself may upload. A proxy there that adds no header must be in
	// Proxies: nothing else tells it from such a program.
	TrustNetworks []netip.Prefix

	// Proxies are the peers whose X-Forwarded-For and X-Forwarded-Proto are
	// believed.
	Proxies []netip.Prefix

	Logger *slog.Logger     // nil for none
	Now    func() time.Time // nil for time.Now
}

// A Guard knows who asks. Its methods may be called concurrently.
type Guard struct {
	credentials jarvis.Credentials
	recorder    *Recorder
	slowdown    *slowdown
	uses        *uses
	trusted     prefixes
	proxies     prefixes
	now         func() time.Time
}

// New returns a Guard. One that authenticated or recorded anybody must be closed.
func New(o Options) *Guard {
	if o.Now == nil {
		o.Now = time.Now
	}
	recorder := NewRecorder(o.Log, o.Logger)
	recorder.now, recorder.credentials = o.Now, o.Credentials
	return &Guard{
		credentials: o.Credentials,
		recorder:    recorder,
		slowdown:    newSlowdown(),
		uses:        newUses(),
		trusted:     newPrefixes(o.TrustNetworks),
		proxies:     newPrefixes(o.Proxies),
		now:         o.Now,
	}
}

// Authenticate returns who makes the request. The principal's Address is set in
// any case, its Kind is PrincipalNobody when there is an error:
//
//   - CodeNoCredential: nothing was said, or it is not valid (any more);
//   - CodeBusy: it is not valid, and neither were many before it from the same
//     address. Such an error has a method RetryAfter() time.Duration;
//   - any error of the catalogue, unchanged, such as CodeUnavailable.
//
// A token comes before a cookie, and a wrong one is not made good by another.
// Who may upload from a trusted network is a program that says nothing at all:
// no Authorization, no cookie of ours, none of the headers that proxies or
// browsers add; and the peer is none of Proxies.
//
// IPv6 addresses count by their first 64 bits, which one subscriber has. Ten
// wrong credentials at once are answered plainly, and one more each six
// seconds; beyond that the answer is CodeBusy. Right credentials from the same
// address are looked up nevertheless: at once when they were used lately, else
// through a gate for few at a time, in which a request waits at most two
// seconds. Only when the catalogue is too slow for all who wait there, a right
// credential is answered CodeBusy, and may come again.
func (g *Guard) Authenticate(r *http.Request) (jarvis.Principal, error) {
	from := g.origin(r)
	nobody := jarvis.Principal{Address: from.text()}
	if credential, given, err := bearer(r.Header); err != nil {
		return nobody, g.refuse(from, err)
	} else if given {
		return g.authenticateToken(r.Context(), from, credential)
	}
	if cookies := sessionSecrets(r, from.secure); len(cookies) > 0 {
		return g.authenticateSession(r.Context(), from, cookies)
	}
	if g.trusted.contain(from.address) && !from.forwarded && saysNothing(r.Header) {
		return jarvis.Principal{Kind: jarvis.PrincipalNetwork, Scope: jarvis.ScopeUpload, Address: from.text()}, nil
	}
	return nobody, jarvis.Errorf(jarvis.CodeNoCredential, "this needs a credential: sign in with the link that \"jarvis signin\" prints, or send a token that \"jarvis device add\" made")
}

// Address returns from where the request comes: the peer, or the client that
// the named proxies name. It is the zero Addr when the peer has no IP address.
func (g *Guard) Address(r *http.Request) netip.Addr { return g.origin(r).address }

// Secure reports whether the request came by TLS, to us or to a named proxy.
func (g *Guard) Secure(r *http.Request) bool { return g.origin(r).secure }

// Record notes that p did something with so many captures, which a crash of the
// next ten seconds may lose. It costs no input or output, see Recorder.
func (g *Guard) Record(p jarvis.Principal, action jarvis.Action, captures int64) {
	g.recorder.Add(p.Who(), p.Address, action, captures)
}

// RecordNow is Record for what must not be missing once it was answered: it
// returns when the line is durable, whether or not ctx ended meanwhile. With an
// error it is not: then it is kept like one of Record, and the caller must not
// answer that all went well.
func (g *Guard) RecordNow(ctx context.Context, p jarvis.Principal, action jarvis.Action, captures int64) error {
	return g.recorder.AddNow(ctx, p.Who(), p.Address, action, captures)
}

// Flush writes what was recorded so far, for a reader who wants to see it.
func (g *Guard) Flush(ctx context.Context) error { return g.recorder.Flush(ctx) }

// Close is Recorder.Close.
func (g *Guard) Close(ctx context.Context) error { return g.recorder.Close(ctx) }
