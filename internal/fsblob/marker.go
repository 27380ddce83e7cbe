package fsblob

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	jarvis "github.com/jarvis-memory/jarvis"
)

// markerText precedes the store's id in the marker.
const markerText = `# Jarvis keeps screen captures in this folder tree. This file ties them to the
# catalogue that has the same store id. Do not edit, copy or remove it.
`

// maxMarker bounds the size of a marker that is read.
const maxMarker = 4 << 10

// Marker implements jarvis.BlobStore. A marker that cannot be understood is
// CodeCorrupt.
func (s *Store) Marker(ctx context.Context) (jarvis.ID, error) {
	return do(ctx, s.inFlight, s.marker, nil)
}

func (s *Store) marker() (jarvis.ID, error) {
	data, err := s.read(markerFile, maxMarker)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return jarvis.ID{}, nil
	case err != nil && !errors.Is(err, jarvis.ErrTooLarge):
		return jarvis.ID{}, fail("read", markerFile, err)
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if id, err := jarvis.ParseID(line); err == nil {
			return id, nil
		}
		break
	}
	return jarvis.ID{}, jarvis.Errorf(jarvis.CodeCorrupt, "%s/%s does not hold the id of a store: it was edited or damaged; restore it from a copy", s.root, markerFile)
}

// WriteMarker implements jarvis.BlobStore. A tree that has this store's marker
// already is marked, and no error.
func (s *Store) WriteMarker(ctx context.Context, store jarvis.ID) error {
	if store.IsZero() {
		return jarvis.Errorf(jarvis.CodeInvalid, "the zero id cannot mark a storage tree")
	}
	if err := s.writable(ctx); err != nil {
		return err
	}
	return run(ctx, s.inFlight, func() error {
		err := s.health.mutate(func() error { return s.writeMarker(ctx, store) })
		return s.failWrite("write", markerFile, err)
	})
}

func (s *Store) writeMarker(ctx context.Context, store jarvis.ID) error {
	b := &staged{store: s, name: stagingName()}
	defer b.remove()
	if err := s.write(ctx, b.name, []byte(markerText+store.String()+"\n")); err != nil {
		return err
	}
	link := func() error { return s.fs.Link(b.name, markerFile) }
	if err := s.folders.put(ownFolder, link); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	switch there, err := s.marker(); {
	case err != nil:
		return err
	case there != store:
		return jarvis.Errorf(jarvis.CodeMismatch, "the storage tree %s belongs to another store (%s), not to this one (%s): give each store a tree of its own", s.root, there, store)
	}
	// When another process wrote it: it may not have come to its sync.
	return s.folders.settle(ownFolder)
}
