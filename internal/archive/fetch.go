package archive

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"

	"github.com/jarvis-memory/jarvis"
)

// Fetch returns a capture and its image, byte for byte as it was given.
//
// CodeNotFound and CodeDeleted are as jarvis.Catalog.FindCapture, and then the
// capture is nil. With the capture, CodeNotFound means that its image is gone,
// CodeCorrupt that it is not what was stored, CodeMismatch that it is sealed to
// another identity, and CodeLocked that the identity is not at hand.
func (a *Archive) Fetch(ctx context.Context, id jarvis.ID) (*jarvis.Capture, []byte, error) {
	c, err := a.catalog.FindCapture(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	data, err := a.Image(ctx, c)
	if errors.Is(err, jarvis.ErrNotFound) {
		// It may have been removed since the row was read.
		if _, err := a.catalog.FindCapture(ctx, id); err != nil {
			return nil, nil, err
		}
	}
	return c, data, err
}

// Image returns the image of a capture whose row was just read, byte for byte as
// it was given, with the errors of Fetch.
func (a *Archive) Image(ctx context.Context, c *jarvis.Capture) ([]byte, error) {
	id := c.ID
	name, ok := ownName(id, c.Filepath)
	if !ok {
		return nil, jarvis.Errorf(jarvis.CodeCorrupt, "the row of capture %s names %.200q, which is not an image of this capture: run jarvis verify", id, c.Filepath)
	}
	data, err := a.blobs.Read(ctx, name)
	if errors.Is(err, jarvis.ErrNotFound) {
		return nil, jarvis.Errorf(jarvis.CodeNotFound, "the image %s of capture %s is gone from %s: put the file back from a copy, or add the picture again", name, id, a.tree())
	}
	if err != nil {
		return nil, err
	}
	if what := a.difference(c, name, data); what != "" {
		return nil, jarvis.Errorf(jarvis.CodeCorrupt, "the image %s of capture %s is damaged: %s; put the file back from a copy, or add the picture again", name, id, what)
	}
	return data, nil
}

// difference says how an image differs from what its row knows of it, or "".
func (a *Archive) difference(c *jarvis.Capture, name jarvis.BlobName, data []byte) string {
	sum := sha256.Sum256(data)
	switch {
	case int64(len(data)) != c.FileSize:
		return jarvis.Errorf(jarvis.CodeCorrupt, "it has %d bytes instead of %d", len(data), c.FileSize).Message
	// The digest is of the bytes on disk, and data is what a seal held, which
	// vouched for it.
	case c.StoredSHA256 != nil && !name.Sealed() && !bytes.Equal(c.StoredSHA256, sum[:]):
		return "its SHA-256 is not the one that was stored"
	case !a.isContent(c, sum):
		return "its content is not what was given"
	}
	return ""
}

// knowsContent reports whether it can be said what was given for c.
func (a *Archive) knowsContent(c *jarvis.Capture) bool {
	return c.ContentDigest != nil && !a.secret.IsZero()
}

// isContent reports whether sum is the digest of what was given for c, and true
// where that can't be said.
func (a *Archive) isContent(c *jarvis.Capture, sum [sha256.Size]byte) bool {
	return !a.knowsContent(c) || hmac.Equal(c.ContentDigest, a.secret.ContentDigest(sum))
}
