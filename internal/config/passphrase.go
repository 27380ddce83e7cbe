package config

import "github.com/jarvis-memory/jarvis"

// Passphrase is that of the identity file. It prints as a redaction; the zero
// Passphrase is none.
type Passphrase struct {
	// reveal is a function because fmt, which reads the unexported fields of any
	// value, prints the address of one and not what it returns.
	reveal func() string
}

// Reveal returns the passphrase, "" for none.
func (p Passphrase) Reveal() string {
	if p.reveal == nil {
		return ""
	}
	return p.reveal()
}

// IsZero reports whether there is no passphrase.
func (p Passphrase) IsZero() bool { return p.reveal == nil }

// String redacts the passphrase.
func (p Passphrase) String() string {
	if p.IsZero() {
		return ""
	}
	return redacted
}

// GoString redacts as String does.
func (p Passphrase) GoString() string { return p.String() }

// MarshalText redacts as String does, in JSON and in logs too.
func (p Passphrase) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// ReadPassphrase reads a passphrase from a file that nobody else can read. Errors
// are CodeInvalid, and name the file.
func ReadPassphrase(path string) (Passphrase, error) {
	text, public, err := readValue(path)
	switch {
	case err != nil:
		return Passphrase{}, err
	case public:
		return Passphrase{}, jarvis.Errorf(jarvis.CodeInvalid, "others can read %s: run chmod 600 on it, and choose another passphrase if they might have", path)
	}
	return Passphrase{func() string { return text }}, nil
}
