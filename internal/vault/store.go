package vault

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Store is a jarvis.BlobStore that seals every image before the store beneath
// sees it. What a StagedBlob or a BlobInfo says of size and digest is true of
// the sealed bytes. It holds no file: whoever opened the store beneath closes it.
//
// An image with the name of a plain one can be read and deleted, and never
// written: a store that was plain once is sealed from now on.
type Store struct {
	blobs // what Store does not define passes through
	id    *Identity
	tag   string
}

// blobs is embedded under a name that is not exported, so that nobody writes
// past the seal.
type blobs = jarvis.BlobStore

var _ jarvis.BlobStore = (*Store)(nil)

// imageMark is the kind of mark in a sealed image. Its arguments are the tag of
// the identity and, for an image from StageFor, the id of the capture.
const imageMark = "jarvis-image"

// Seal returns a store that seals to the identity what it puts into store.
func Seal(store jarvis.BlobStore, id *Identity) *Store {
	return &Store{store, id, recipientTag(id)}
}

// recipientTag tells identities apart. It is not the public key: whoever has
// that could make images that pass for sealed ones.
func recipientTag(id *Identity) string {
	sum := sha256.Sum256([]byte("jarvis recipient tag\x00" + id.public))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// Name returns the name of a sealed image.
func (s *Store) Name(id jarvis.ID, timestamp time.Time, format jarvis.Format) jarvis.BlobName {
	return jarvis.NewBlobName(id, timestamp, format, true)
}

// Stage seals data in memory and stages the result.
func (s *Store) Stage(ctx context.Context, data []byte) (jarvis.StagedBlob, error) {
	return s.StageFor(ctx, jarvis.ID{}, data)
}

// StageFor is Stage for an image that is bound to the id of its capture: under
// the name of any other capture it is not published, and nobody reads it.
func (s *Store) StageFor(ctx context.Context, id jarvis.ID, data []byte) (jarvis.StagedBlob, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m := mark{imageMark, []string{s.tag}}
	if !id.IsZero() {
		m.args = append(m.args, id.String())
	}
	sealed, err := sealBytes(data, s.id.key, m)
	if err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "vault: seal an image", "the image could not be sealed", err)
	}
	blob, err := s.blobs.Stage(ctx, sealed)
	if err != nil {
		return nil, err
	}
	return &stagedBlob{blob, id}, nil
}

// stagedBlob refuses the names that its image must not get.
type stagedBlob struct {
	jarvis.StagedBlob
	id jarvis.ID // zero: any
}

// Publish implements jarvis.StagedBlob.
func (b *stagedBlob) Publish(ctx context.Context, name jarvis.BlobName) error {
	if err := b.checkName(name); err != nil {
		return err
	}
	return b.StagedBlob.Publish(ctx, name)
}

// Replace implements jarvis.StagedBlob.
func (b *stagedBlob) Replace(ctx context.Context, name jarvis.BlobName) error {
	if err := b.checkName(name); err != nil {
		return err
	}
	return b.StagedBlob.Replace(ctx, name)
}

func (b *stagedBlob) checkName(name jarvis.BlobName) error {
	if !name.Sealed() {
		return jarvis.Errorf(jarvis.CodeInvalid, "%s is the name of a plain image, and the store is sealed", name)
	}
	if !b.id.IsZero() && name.ID() != b.id {
		return jarvis.Errorf(jarvis.CodeInvalid, "%s is not the name of the capture %s, for which the image is sealed", name, b.id)
	}
	return nil
}

// Read returns the image as it was given to Stage. Damage is CodeCorrupt, and so
// is an image that StageFor bound to another capture; one that is sealed to
// another identity is CodeMismatch.
func (s *Store) Read(ctx context.Context, name jarvis.BlobName) ([]byte, error) {
	stored, err := s.blobs.Read(ctx, name)
	if err != nil {
		return nil, err
	}
	return s.Open(name, stored)
}

// ReadStored returns the bytes on disk: those that StagedBlob.SHA256 is the
// digest of, and that Open opens.
func (s *Store) ReadStored(ctx context.Context, name jarvis.BlobName) ([]byte, error) {
	return s.blobs.Read(ctx, name)
}

// Open returns the image in the stored bytes of a name, with the errors of
// Read. The bytes of a plain image are returned as they are.
func (s *Store) Open(name jarvis.BlobName, stored []byte) ([]byte, error) {
	if !name.Sealed() {
		return stored, nil
	}
	plain, args, err := openBytes(stored, s.id.secret(), imageMark)
	switch {
	case isForeign(err) && (len(args) == 0 || args[0] != s.tag):
		return nil, imageError(jarvis.CodeMismatch, err, "the image %s is sealed to another identity than %s: use the identity that the store was made with", name, s.id.public)
	case err != nil:
		return nil, imageError(jarvis.CodeCorrupt, err, "the image %s is damaged: restore it from a copy", name)
	case len(args) > 1 && args[1] != name.ID().String():
		return nil, imageError(jarvis.CodeCorrupt, nil, "the image %s is that of the capture %.36s: two files changed names; give each its own again", name, args[1])
	}
	return plain, nil
}

func imageError(code jarvis.Code, cause error, format string, args ...any) error {
	return &jarvis.Error{Code: code, Op: "vault: open an image", Message: fmt.Sprintf(format, args...), Err: cause}
}
