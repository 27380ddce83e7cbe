package vault

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"filippo.io/age"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Store is a jarvis.BlobStore that seals every image before the store beneath
// sees it. What a StagedBlob or a BlobInfo says of size and digest is true of
// the sealed bytes. It holds no file: whoever opened the store beneath closes it.
//
// An image with the name of a plain one can be read and deleted, and never
// written.
type Store struct {
	blobs    // what Store does not define passes through
	to       *age.X25519Recipient
	tag      string    // of to
	identity *Identity // nil when it is not at hand
}

// blobs is embedded under a name that is not exported, so that nobody writes
// past the seal.
type blobs = jarvis.BlobStore

var _ jarvis.BlobStore = (*Store)(nil)

// imageMark is the kind of mark in a sealed image. Its arguments are the tag of
// the identity and the id of the capture.
const imageMark = "jarvis-image"

// Seal returns a store that seals to the identity what it puts into store, and
// opens it again.
func Seal(store jarvis.BlobStore, id *Identity) *Store {
	return &Store{store, id.secret().Recipient(), recipientTag(id.public), id}
}

// SealTo returns a store that seals to the identity of the public key and opens
// nothing: Open and Read of what is sealed are CodeLocked. A text that is no
// public key is CodeInvalid.
func SealTo(store jarvis.BlobStore, publicKey string) (*Store, error) {
	to, err := age.ParseX25519Recipient(publicKey)
	if err != nil {
		// Neither the text nor the cause, which quotes it: it might be the secret.
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "this is not the public key of an identity: expected age1 and 58 more letters and digits")
	}
	return &Store{store, to, recipientTag(publicKey), nil}, nil
}

// recipientTag tells identities apart. It is not the public key: whoever has
// that could make images that pass for sealed ones.
func recipientTag(publicKey string) string {
	sum := sha256.Sum256([]byte("jarvis recipient tag\x00" + publicKey))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// Name returns the name of a sealed image.
func (s *Store) Name(id jarvis.ID, timestamp time.Time, format jarvis.Format) jarvis.BlobName {
	return jarvis.NewBlobName(id, timestamp, format, true)
}

// Stage seals data in memory and stages the result.
func (s *Store) Stage(ctx context.Context, id jarvis.ID, data []byte) (jarvis.StagedBlob, error) {
	if err := ctx.Err(); err != nil { // before the work of sealing
		return nil, jarvis.WrapError(jarvis.CodeUnavailable, "vault: seal an image", "the image was not stored: it took too long, or was cancelled", err)
	}
	if id.IsZero() {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "an image of no capture is to be sealed: give the id of its capture")
	}
	sealed, err := sealBytes(data, s.to, mark{imageMark, []string{s.tag, id.String()}})
	if err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "vault: seal an image", "the image could not be sealed", err)
	}
	blob, err := s.blobs.Stage(ctx, id, sealed)
	if err != nil {
		return nil, err
	}
	return stagedBlob{blob}, nil
}

// stagedBlob refuses the names that its image must not get.
type stagedBlob struct{ jarvis.StagedBlob }

// Publish implements jarvis.StagedBlob.
func (b stagedBlob) Publish(ctx context.Context, name jarvis.BlobName) error {
	if err := checkSealed(name); err != nil {
		return err
	}
	return b.StagedBlob.Publish(ctx, name)
}

// Replace implements jarvis.StagedBlob.
func (b stagedBlob) Replace(ctx context.Context, name jarvis.BlobName) error {
	if err := checkSealed(name); err != nil {
		return err
	}
	return b.StagedBlob.Replace(ctx, name)
}

func checkSealed(name jarvis.BlobName) error {
	if !name.Sealed() {
		return jarvis.Errorf(jarvis.CodeInvalid, "%s is the name of a plain image, and the store is sealed", name)
	}
	return nil
}

// Read implements jarvis.BlobStore.
func (s *Store) Read(ctx context.Context, name jarvis.BlobName) ([]byte, error) {
	stored, err := s.blobs.ReadStored(ctx, name)
	if err != nil {
		return nil, err
	}
	return s.Open(name, stored)
}

// Open implements jarvis.BlobStore.
func (s *Store) Open(name jarvis.BlobName, stored []byte) ([]byte, error) {
	if !name.Sealed() {
		return stored, nil
	}
	if s.identity == nil {
		return nil, imageError(jarvis.CodeLocked, nil, "the image %s is sealed, and the identity %s is not at hand", name, s.to)
	}
	plain, args, err := openBytes(stored, s.identity.secret(), imageMark)
	switch {
	case isForeign(err) && (len(args) == 0 || args[0] != s.tag):
		return nil, imageError(jarvis.CodeMismatch, err, "the image %s is sealed to another identity than that of this store: open it with that one, or put it back from a copy of the store", name)
	case err != nil:
		return nil, imageError(jarvis.CodeCorrupt, err, "the image %s is damaged: restore it from a copy", name)
	case len(args) != 2:
		return nil, imageError(jarvis.CodeCorrupt, nil, "the image %s was not sealed by Jarvis, and nothing says which capture it is of: add the picture again", name)
	case args[1] != name.ID().String():
		return nil, imageError(jarvis.CodeCorrupt, nil, "the file %s holds the image of the capture %.36s: put its own image back from a copy; if that capture's file is missing, this one is it under a wrong name", name, args[1])
	}
	return plain, nil
}

func imageError(code jarvis.Code, cause error, format string, args ...any) error {
	return &jarvis.Error{Code: code, Op: "vault: open an image", Message: fmt.Sprintf(format, args...), Err: cause}
}
