package jarvis

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"time"
)

// ID is a UUID in its 36-character lower-case text form. The zero ID is no id.
// An ID that is not zero was validated, so it can be part of a path.
type ID struct{ text string }

// ParseID reads a UUID of any version from its 36-character form, in either
// case. Braces, URNs and forms without hyphens are refused with CodeInvalid.
func ParseID(text string) (ID, error) {
	if len(text) != 36 {
		return ID{}, Errorf(CodeInvalid, "%.60q is not an id: an id is a UUID of 36 characters, such as 019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00", text)
	}
	var lower [36]byte
	for i := range 36 {
		c := text[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return ID{}, Errorf(CodeInvalid, "%q is not an id: expected a hyphen at position %d of the UUID", text, i+1)
			}
		case '0' <= c && c <= '9' || 'a' <= c && c <= 'f':
		case 'A' <= c && c <= 'F':
			c += 'a' - 'A'
		default:
			return ID{}, Errorf(CodeInvalid, "%q is not an id: position %d of the UUID is not a hexadecimal digit", text, i+1)
		}
		lower[i] = c
	}
	return ID{string(lower[:])}, nil
}

// NewRandomID returns a UUID version 4.
func NewRandomID() ID {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	return uuid(b, 4)
}

// CaptureID derives the id of a capture: a UUID version 7 whose time is the
// capture's millisecond and whose other bits are an HMAC-SHA256 under the
// store's secret over the digest of the bytes, the microsecond, the device and
// the monitor. The same capture sent again gets the same id, and nobody
// without the secret can confirm from an id what was on a screen.
func CaptureID(secret Secret, content [sha256.Size]byte, timestamp time.Time, device string, monitor int) ID {
	mac := hmac.New(sha256.New, secret.Bytes())
	mac.Write([]byte("jarvis capture id\x00"))
	mac.Write(content[:])
	var numbers [16]byte
	binary.BigEndian.PutUint64(numbers[:8], uint64(timestamp.UnixMicro()))
	binary.BigEndian.PutUint64(numbers[8:], uint64(int64(monitor)))
	mac.Write(numbers[:])
	mac.Write([]byte(device))

	var b [16]byte
	copy(b[:], mac.Sum(nil))
	var milli [8]byte
	binary.BigEndian.PutUint64(milli[:], uint64(max(timestamp.UnixMilli(), 0)))
	copy(b[:6], milli[2:])
	return uuid(b, 7)
}

func uuid(b [16]byte, version byte) ID {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	var text [36]byte
	hex.Encode(text[0:8], b[0:4])
	hex.Encode(text[9:13], b[4:6])
	hex.Encode(text[14:18], b[6:8])
	hex.Encode(text[19:23], b[8:10])
	hex.Encode(text[24:36], b[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return ID{string(text[:])}
}

// String returns the 36-character text, or "" for the zero ID.
func (id ID) String() string { return id.text }

// IsZero reports whether id is no id.
func (id ID) IsZero() bool { return id.text == "" }

// Time returns the millisecond that a version 7 id carries, and false for any
// other version.
func (id ID) Time() (time.Time, bool) {
	if id.IsZero() || id.text[14] != '7' {
		return time.Time{}, false
	}
	millis, err := strconv.ParseInt(id.text[0:8]+id.text[9:13], 16, 64)
	return time.UnixMilli(millis).UTC(), err == nil
}

// MarshalText implements encoding.TextMarshaler.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.text), nil }

// UnmarshalText implements encoding.TextUnmarshaler. Empty text is the zero ID.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ID{}
		return nil
	}
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Secret is the key of a store: ids and content digests are made with it. It
// prints as a redaction. The zero Secret is no secret.
type Secret struct {
	// A function, because fmt prints the bytes behind any field or pointer that
	// it reaches without a method: %+v of a struct with an unexported Secret.
	reveal func() *[32]byte
}

func newSecret(b [32]byte) Secret { return Secret{func() *[32]byte { return &b }} }

// NewSecret returns a random secret.
func NewSecret() Secret {
	var b [32]byte
	rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	return newSecret(b)
}

// ParseSecret reads the 32 bytes that Bytes returned.
func ParseSecret(b []byte) (Secret, error) {
	if len(b) != 32 {
		return Secret{}, Errorf(CodeCorrupt, "the store's secret has %d bytes, not 32: the catalogue is damaged; restore it from a copy", len(b))
	}
	return newSecret([32]byte(b)), nil
}

// IsZero reports whether s is no secret.
func (s Secret) IsZero() bool { return s.reveal == nil }

// Equal reports in constant time whether s and t are the same secret.
func (s Secret) Equal(t Secret) bool {
	return s.IsZero() == t.IsZero() && hmac.Equal(s.Bytes(), t.Bytes())
}

// Bytes returns a copy of the 32 bytes of the secret, for the catalogue that
// keeps it. It returns nil for the zero Secret.
func (s Secret) Bytes() []byte {
	if s.IsZero() {
		return nil
	}
	b := *s.reveal()
	return b[:]
}

// ContentDigest returns a keyed digest of an image's plain bytes: equal images
// have equal digests within one store, and a digest tells nothing to anyone
// without the secret.
func (s Secret) ContentDigest(content [sha256.Size]byte) []byte {
	mac := hmac.New(sha256.New, s.Bytes())
	mac.Write([]byte("jarvis content\x00"))
	mac.Write(content[:])
	return mac.Sum(nil)
}

// String redacts the secret.
func (Secret) String() string { return "[redacted]" }

// GoString redacts the secret.
func (Secret) GoString() string { return "[redacted]" }
