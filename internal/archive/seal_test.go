package archive_test

import (
	"context"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

// seal is how a store under test keeps its images. The zero seal keeps them plain.
type seal struct {
	identity *vault.Identity
	secret   jarvis.Secret
}

func newSeal(t testing.TB) seal {
	t.Helper()
	identity, err := vault.NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := vault.NewDataKey().Secret()
	if err != nil {
		t.Fatal(err)
	}
	return seal{identity, secret}
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

// of returns the catalogue as that of such a store.
func (s seal) of(catalog jarvis.Catalog) jarvis.Catalog {
	if !s.sealed() {
		return catalog
	}
	return sealedCatalog{catalog, s.identity.PublicKey()}
}

// theSecret returns the secret of the rig's store.
func (r *rig) theSecret() jarvis.Secret {
	if r.sealed() {
		return r.secret
	}
	return r.Store().Secret
}

// file returns the path of an image under that of a plain store.
func (s seal) file(path string) string {
	if s.sealed() {
		path += jarvis.SealedExtension
	}
	return path
}

// sealedCatalog is a catalogue that says that its store is sealed. How the
// databases keep that is proved by their own tests.
type sealedCatalog struct {
	jarvis.Catalog
	publicKey string
}

func (c sealedCatalog) Store(ctx context.Context) (jarvis.StoreInfo, error) {
	info, err := c.Catalog.Store(ctx)
	info.Secret, info.Sealed, info.PublicKey = jarvis.Secret{}, true, c.publicKey
	return info, err
}
