package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"strconv"
	"strings"

	jarvis "github.com/jarvis-memory/jarvis"
)

// The texts of secrets. A token begins with a word that programs which look for
// leaked secrets can find, and a letter that tells a person what it permits.
const (
	secretBytes = 32
	secretText  = 43 // characters of base64url without padding
	tokenPrefix = "jarvis_"
)

// newSecret returns the text of 256 random bits.
func newSecret() string {
	var b [secretBytes]byte
	rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// isSecret reports whether newSecret can have returned text.
func isSecret(text string) bool {
	if len(text) != secretText {
		return false
	}
	// Decode skips line breaks, so the length that it returns has to be looked at.
	var b [secretBytes]byte
	n, err := base64.RawURLEncoding.Strict().Decode(b[:], []byte(text))
	return err == nil && n == secretBytes
}

// digest is the SHA-256 of a secret's whole text.
type digest [sha256.Size]byte

func digestOf(text string) digest { return sha256.Sum256([]byte(text)) }

func newToken(scope jarvis.Scope) string { return tokenPrefix + string(scope[:1]) + newSecret() }

// isToken reports whether newToken can have returned text.
func isToken(text string) bool {
	rest, ok := strings.CutPrefix(text, tokenPrefix)
	return ok && rest != "" && strings.Contains("urwa", rest[:1]) && isSecret(rest[1:])
}

// bearer returns the token of the Authorization header. Other schemes are not
// for us: a proxy that asks for a password passes it on. An error says that the
// header holds a bearer that cannot be one of our tokens, or is there twice.
func bearer(h http.Header) (token string, given bool, err error) {
	const scheme = "Bearer"
	for _, value := range h.Values("Authorization") {
		if len(value) < len(scheme) || !strings.EqualFold(value[:len(scheme)], scheme) {
			continue
		}
		rest := value[len(scheme):]
		text := strings.Trim(rest, " ")
		if text != "" && text == rest {
			continue // a scheme with a longer name
		}
		if given {
			return "", true, jarvis.Errorf(jarvis.CodeNoCredential, "the request has two bearer tokens: send one")
		}
		given, token = true, text
	}
	if given && !isToken(token) {
		return "", true, jarvis.Errorf(jarvis.CodeNoCredential, "the bearer token is not one of Jarvis: it has %d characters and begins with \"%s\"; check that all of it was copied", len(tokenPrefix)+1+secretText, tokenPrefix)
	}
	return token, given, nil
}

// What the names of the cookie begin with. A browser takes one that begins with
// __Host- only over TLS and only from this very host, so no neighbour can plant
// another.
const (
	secureCookie = "__Host-jarvis"
	plainCookie  = "jarvis"
)

// cookieName returns the name of the cookie on the port that the request names:
// browsers give the cookies of a host to all its ports, and who signs in to one
// server must not be signed out of another beside it.
func cookieName(r *http.Request, secure bool) string {
	name := plainCookie
	if secure {
		name = secureCookie
	}
	_, port, err := net.SplitHostPort(r.Host)
	if number, bad := strconv.ParseUint(port, 10, 16); err == nil && bad == nil {
		name += "-" + strconv.FormatUint(number, 10)
	}
	return name
}

// maxCookies bounds how many cookies of our name are looked up. There is more
// than one when a neighbour, on another port of this host, planted one.
const maxCookies = 4

// sessionSecrets returns the texts of the request's cookies that can be ours.
func sessionSecrets(r *http.Request, secure bool) []string {
	var found []string
	for _, cookie := range r.CookiesNamed(cookieName(r, secure)) {
		if isSecret(cookie.Value) && len(found) < maxCookies {
			found = append(found, cookie.Value)
		}
	}
	return found
}

// sessionCookie returns the cookie of a session, for the answer to r and so many seconds: 0 is until
// the browser is closed, and -1 takes the cookie away.
func sessionCookie(r *http.Request, secret string, secure bool, maxAge int) *http.Cookie {
	c := &http.Cookie{
		Name:     cookieName(r, secure),
		Value:    secret,
		Path:     "/",
		MaxAge:   maxAge,
		Secure:   true,
		HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	}
	c.Secure = secure // or no browser would keep it without TLS
	return c
}
