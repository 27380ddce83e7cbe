package archive_test

import (
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

// seal is how a store under test is kept. The zero seal keeps it plain.
type seal struct {
	identity *vault.Identity
	store    jarvis.NewStore
	key      []byte // of the catalogue, where its database can be encrypted
	secret   jarvis.Secret
}

func newSeal(t testing.TB) seal {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	identity, err := vault.NewIdentity()
	must(err)
	id, data := jarvis.NewRandomID(), vault.NewDataKey()
	key, err := data.RevealCatalogKey()
	must(err)
	secret, err := data.Secret()
	must(err)
	return seal{identity, jarvis.NewStore{ID: id, Sealed: true, PublicKey: identity.PublicKey()}, key, secret}
}

// bothWays runs a test on a plain and on a sealed store, which make the same
// promises.
func bothWays(t *testing.T, test func(*testing.T, seal)) {
	t.Run("Plain", func(t *testing.T) { test(t, seal{}) })
	t.Run("Sealed", func(t *testing.T) { test(t, newSeal(t)) })
}

func (s seal) sealed() bool { return s.identity != nil }

// over returns the store that seals into blobs.
func (s seal) over(blobs jarvis.BlobStore) jarvis.BlobStore {
	if !s.sealed() {
		return blobs
	}
	return vault.Seal(blobs, s.identity)
}

// file returns the path of an image under that of a plain store.
func (s seal) file(path string) string {
	if s.sealed() {
		path += jarvis.SealedExtension
	}
	return path
}

// theSecret returns the secret of the rig's store.
func (r *rig) theSecret() jarvis.Secret {
	if r.sealed() {
		return r.secret
	}
	return r.Store().Secret
}
