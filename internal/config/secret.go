package config

import "github.com/jarvis-memory/jarvis"

// Secret is a passphrase or a token. It prints as a redaction; the zero Secret is
// none.
type Secret struct {
	// reveal is a function because fmt, which reads the unexported fields of any
	// value, prints the address of one and not what it returns.
	reveal func() string
}

// Reveal returns the secret, "" for none.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.reveal == nil }

// String redacts the secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return redacted
}

// GoString redacts as String does.
func (s Secret) GoString() string { return s.String() }

// MarshalText redacts as String does, in JSON and in logs too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func newSecret(text string) Secret { return Secret{func() string { return text }} }

// ReadPassphrase reads a passphrase from a file that nobody else can read. Errors
// are CodeInvalid, and name the file.
func ReadPassphrase(path string) (Secret, error) {
	text, public, err := readValue(path)
	switch {
	case err != nil:
		return Secret{}, err
	case public:
		return Secret{}, jarvis.Errorf(jarvis.CodeInvalid, "others can read %s: run chmod 600 on it, and choose another passphrase if they might have", path)
	}
	return newSecret(text), nil
}
