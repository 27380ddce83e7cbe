package vault

import (
	"fmt"
	"strings"

	"filippo.io/age"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Identity is an age X25519 key pair. It is immutable and may be used
// concurrently.
type Identity struct {
	secret hidden[*age.X25519Identity]
	public string
}

// NewIdentity returns a random identity.
func NewIdentity() (*Identity, error) {
	secret, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "vault: make an identity", "no identity could be made", err)
	}
	return newIdentity(secret), nil
}

func newIdentity(secret *age.X25519Identity) *Identity {
	return &Identity{hide(secret), secret.Recipient().String()}
}

// PublicKey returns the public key, "age1...": who has it can seal for the
// identity, and read nothing.
func (id Identity) PublicKey() string { return id.public }

// RevealSecret returns the secret as age writes it, "AGE-SECRET-KEY-1...".
func (id Identity) RevealSecret() string { return id.secret().String() }

// String redacts the identity.
func (Identity) String() string { return redacted }

// GoString redacts the identity.
func (Identity) GoString() string { return redacted }

// MarshalText redacts the identity, in JSON and in logs too.
func (Identity) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// ParseSecret reads the secret that RevealSecret returned. Space around it is
// passed over. Errors are CodeInvalid.
func ParseSecret(text string) (*Identity, error) {
	secret, err := age.ParseX25519Identity(strings.ToUpper(strings.TrimSpace(text)))
	if err != nil { // not the cause: it quotes what it could not read
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "this is not the secret of an age identity, or has a typing error: expected AGE-SECRET-KEY-1 and 58 more letters and digits")
	}
	return newIdentity(secret), nil
}

// parseIdentities reads the lines of an identity file and returns the one
// identity in them. what says whose lines they are, for errors.
func parseIdentities(what string, content []byte) (*Identity, error) {
	var found *Identity
	for i, line := range strings.Split(string(content), "\n") {
		line = strings.TrimRight(line, " \t\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !strings.HasPrefix(line, secretPrefix+"1") {
			return nil, foreignLine(what, i+1, line)
		}
		id, err := ParseSecret(line)
		if err != nil {
			return nil, jarvis.Errorf(jarvis.CodeCorrupt, "%s: line %d is a damaged secret key: restore it from a copy or from the recovery words", what, i+1)
		}
		if found != nil {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "%s holds more than one identity: keep the one of this store and move the others elsewhere", what)
		}
		found = id
	}
	if found == nil {
		return nil, jarvis.Errorf(jarvis.CodeCorrupt, "%s holds no identity: restore it from a copy or from the recovery words", what)
	}
	return found, nil
}

// foreignLine says what a line of an identity file is that is none of ours,
// without quoting it: another kind of key, or what was a key once.
func foreignLine(what string, number int, line string) error {
	kinds := []struct{ prefix, name string }{
		{"AGE-SECRET-KEY-PQ-", "a post-quantum age identity"},
		{"AGE-PLUGIN-", "the identity of an age plugin"},
		{"age1", "a public key, not a secret one"},
		{"-----BEGIN AGE", "an encrypted age file after other lines"},
		{"-----BEGIN", "an SSH or other PEM key"},
		{"ssh-", "an SSH public key"},
	}
	for _, kind := range kinds {
		if strings.HasPrefix(line, kind.prefix) {
			return jarvis.Errorf(jarvis.CodeInvalid, "%s: line %d is %s: Jarvis needs one AGE-SECRET-KEY-1 line, as age-keygen makes", what, number, kind.name)
		}
	}
	return jarvis.Errorf(jarvis.CodeCorrupt, "%s is damaged: line %d is not an age identity; restore it from a copy or from the recovery words", what, number)
}

// file returns the content of an identity file, as age-keygen writes it.
func (id Identity) file(created string) []byte {
	return fmt.Appendf(nil, "# created: %s\n# public key: %s\n%s\n", created, id.public, id.RevealSecret())
}
