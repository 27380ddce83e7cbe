package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"

	jarvis "github.com/jarvis-memory/jarvis"
)

// CacheKey seals what a store can make anew and therefore never has to open by
// other means, such as thumbnails. It is derived from the store's data key:
// whoever knows only the public key of the identity can make nothing that it
// opens. What it seals is no age file, and no image passes for it. It is
// immutable and may be used concurrently. The zero CacheKey is no key.
type CacheKey struct{ aead hidden[cipher.AEAD] }

// cacheMark begins what a CacheKey sealed. AES-256-GCM with a random nonce of 96
// bits follows; one key may seal some four billion times.
const cacheMark = "jarvis cache 1\n"

// CacheKey returns the key, derived by HKDF-SHA256.
func (k DataKey) CacheKey() (CacheKey, error) {
	derived, err := k.derive("jarvis cache key 1")
	if err != nil {
		return CacheKey{}, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return CacheKey{}, noCacheKey(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return CacheKey{}, noCacheKey(err)
	}
	return CacheKey{hide(aead)}, nil
}

func noCacheKey(err error) error {
	return jarvis.WrapError(jarvis.CodeInternal, "vault: derive a key", "the key of the cache could not be derived", err)
}

// Seal returns plain, sealed and bound to the capture.
func (k CacheKey) Seal(id jarvis.ID, plain []byte) ([]byte, error) {
	if k.aead == nil || id.IsZero() {
		return nil, jarvis.Errorf(jarvis.CodeInternal, "something is sealed with no key, or for no capture")
	}
	aead := k.aead()
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails: crypto/rand aborts the program instead
	sealed := make([]byte, 0, len(cacheMark)+len(nonce)+len(plain)+aead.Overhead())
	sealed = append(append(sealed, cacheMark...), nonce...)
	return aead.Seal(sealed, nonce, plain, cacheBinding(id)), nil
}

// Open returns what was sealed for the capture. Anything else is CodeCorrupt.
func (k CacheKey) Open(id jarvis.ID, sealed []byte) ([]byte, error) {
	if k.aead == nil {
		return nil, jarvis.Errorf(jarvis.CodeInternal, "something is opened with no key")
	}
	aead := k.aead()
	begin := len(cacheMark) + aead.NonceSize()
	if len(sealed) < begin || string(sealed[:len(cacheMark)]) != cacheMark {
		return nil, notCached(id)
	}
	plain, err := aead.Open(nil, sealed[len(cacheMark):begin], sealed[begin:], cacheBinding(id))
	if err != nil {
		return nil, notCached(id)
	}
	return plain, nil
}

func cacheBinding(id jarvis.ID) []byte { return []byte(cacheMark + id.String()) }

func notCached(id jarvis.ID) error {
	return jarvis.Errorf(jarvis.CodeCorrupt, "what is kept in a cache of the capture %s is damaged, or is of another capture or store", id)
}

// String redacts the key.
func (CacheKey) String() string { return redacted }

// GoString redacts the key.
func (CacheKey) GoString() string { return redacted }

// MarshalText redacts the key, in JSON and in logs too.
func (CacheKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }
