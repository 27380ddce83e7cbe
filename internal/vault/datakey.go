package vault

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"filippo.io/age"

	jarvis "github.com/jarvis-memory/jarvis"
)

// DataKey is the random key of one store. The zero DataKey is no key.
type DataKey struct{ bytes hidden[[]byte] }

const dataKeySize = 32 // bytes

// NewDataKey returns a random key.
func NewDataKey() DataKey {
	key := make([]byte, dataKeySize)
	rand.Read(key) // never fails: crypto/rand aborts the program instead
	return DataKey{hide(key)}
}

// RevealCatalogKey returns the 32 bytes that encrypt the store's catalogue,
// derived from the key by HKDF-SHA256.
func (k DataKey) RevealCatalogKey() ([]byte, error) { return k.derive("jarvis catalogue key 1") }

// Secret returns the secret of the store, derived from the key by HKDF-SHA256.
func (k DataKey) Secret() (jarvis.Secret, error) {
	derived, err := k.derive("jarvis store secret 1")
	if err != nil {
		return jarvis.Secret{}, err
	}
	return jarvis.ParseSecret(derived)
}

// derive returns 32 bytes that only whoever has the key knows, others for each
// purpose.
func (k DataKey) derive(purpose string) ([]byte, error) {
	if k.bytes == nil {
		return nil, jarvis.Errorf(jarvis.CodeInternal, "a key is derived from no key")
	}
	derived, err := hkdf.Key(sha256.New, k.bytes(), nil, purpose, sha256.Size)
	if err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "vault: derive a key", "a key of the store could not be derived", err)
	}
	return derived, nil
}

// String redacts the key.
func (DataKey) String() string { return redacted }

// GoString redacts the key.
func (DataKey) GoString() string { return redacted }

// MarshalText redacts the key, in JSON and in logs too.
func (DataKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// keyMark is the kind of mark in a wrapped key. Its arguments are the store's
// id and the public key of the identity.
const keyMark = "jarvis-key"

// Wrap seals the key of a store to an identity: an ordinary age file whose
// content is text, and whose header tells the store and the public key.
func (k DataKey) Wrap(store jarvis.ID, id *Identity) ([]byte, error) {
	if k.bytes == nil || store.IsZero() {
		return nil, jarvis.Errorf(jarvis.CodeInternal, "no key, or the key of no store, is to be sealed")
	}
	plain := fmt.Appendf(nil, "jarvis store %s\nkey %s\n", store, hex.EncodeToString(k.bytes()))
	sealed, err := sealBytes(plain, id.secret().Recipient(), mark{keyMark, []string{store.String(), id.public}})
	if err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "vault: seal a store's key", "the key of the store could not be sealed", err)
	}
	return sealed, nil
}

// KeyInfo is what a wrapped key tells without an identity. It is for messages:
// nothing vouches for it.
type KeyInfo struct {
	Store     jarvis.ID `json:"store"`
	PublicKey string    `json:"public_key"` // of the identity that opens it
}

// InspectKey reads the header of a wrapped key. Anything else is CodeCorrupt.
func InspectKey(wrapped []byte) (KeyInfo, error) {
	args, ok := readMark(wrapped, keyMark)
	if !ok {
		return KeyInfo{}, damagedKey()
	}
	info, ok := parseKeyMark(args)
	if !ok {
		return KeyInfo{}, damagedKey()
	}
	return info, nil
}

func parseKeyMark(args []string) (KeyInfo, bool) {
	if len(args) != 2 {
		return KeyInfo{}, false
	}
	store, err := jarvis.ParseID(args[0])
	if err != nil {
		return KeyInfo{}, false
	}
	if _, err := age.ParseX25519Recipient(args[1]); err != nil {
		return KeyInfo{}, false
	}
	return KeyInfo{store, args[1]}, true
}

func damagedKey() error {
	return jarvis.Errorf(jarvis.CodeCorrupt, "the key of the store is damaged: restore the key file from a copy")
}

// UnwrapKey opens the key of a store that Wrap sealed. A key for another
// identity and the key of another store are CodeMismatch, a damaged one is
// CodeCorrupt. A zero store means any.
func UnwrapKey(wrapped []byte, store jarvis.ID, id *Identity) (DataKey, error) {
	plain, args, err := openBytes(wrapped, id.secret(), keyMark)
	info, marked := parseKeyMark(args)
	switch {
	case isForeign(err) && marked && info.PublicKey != id.public:
		return DataKey{}, jarvis.Errorf(jarvis.CodeMismatch, "the key of the store is sealed to the identity %s, and this is %s: use the identity that the store was made with", info.PublicKey, id.public)
	case err != nil || !marked:
		return DataKey{}, damagedKey() // not the cause, lest it quote what it read
	case !store.IsZero() && info.Store != store:
		return DataKey{}, jarvis.Errorf(jarvis.CodeMismatch, "this is the key of the store %s, not of %s: two stores' files were mixed; put each key file back to its store", info.Store, store)
	}
	return parseKey(plain, info.Store)
}

func parseKey(plain []byte, store jarvis.ID) (DataKey, error) {
	text, ok := strings.CutPrefix(string(plain), fmt.Sprintf("jarvis store %s\nkey ", store))
	digits, end := strings.CutSuffix(text, "\n")
	key, err := hex.DecodeString(digits)
	if !ok || !end || err != nil || len(key) != dataKeySize {
		return DataKey{}, damagedKey()
	}
	return DataKey{hide(key)}, nil
}
