package archive

import (
	"context"

	"github.com/jarvis-memory/jarvis"
)

// Fetch returns a capture and its image, byte for byte as it was given.
//
// CodeNotFound and CodeDeleted are as jarvis.Catalog.FindCapture; CodeNotFound
// is also a capture whose image is gone, and CodeCorrupt one whose image is not
// what was stored: then the capture is returned with the error.
func (a *Archive) Fetch(ctx context.Context, id jarvis.ID) (*jarvis.Capture, []byte, error) {
	return nil, nil, nil
}
