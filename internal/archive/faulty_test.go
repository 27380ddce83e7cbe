package archive_test

import (
	"context"

	"github.com/jarvis-memory/jarvis"
)

// faultyBlobs is a blob store whose deletions fail, or that does not give one image.
type faultyBlobs struct {
	jarvis.BlobStore
	deleteErr  error
	unreadable jarvis.ID
}

func (b *faultyBlobs) ReadStored(ctx context.Context, name jarvis.BlobName) ([]byte, error) {
	if name.ID() == b.unreadable {
		return nil, jarvis.Errorf(jarvis.CodeUnavailable, "the disk reported an input/output error")
	}
	return b.BlobStore.ReadStored(ctx, name)
}

func (b *faultyBlobs) Delete(ctx context.Context, name jarvis.BlobName) error {
	if b.deleteErr != nil {
		return b.deleteErr
	}
	return b.BlobStore.Delete(ctx, name)
}

// faultyCatalog is a catalogue with an InsertCapture of the test's own.
type faultyCatalog struct {
	jarvis.Catalog
	insert func(context.Context, *jarvis.Capture) error
}

func (c *faultyCatalog) InsertCapture(ctx context.Context, row *jarvis.Capture) error {
	return c.insert(ctx, row)
}

// damagedCatalog is a catalogue of which a part that is seldom read is damaged,
// or that can't say so.
type damagedCatalog struct {
	jarvis.Catalog
	err error
}

func (c *damagedCatalog) CheckWhole(context.Context) error { return c.err }

// purgeHook is a catalogue that calls before when it is to purge, and purges
// unless that fails.
type purgeHook struct {
	jarvis.Catalog
	before func(context.Context) error
}

func (c *purgeHook) Purge(ctx context.Context) error {
	if err := c.before(ctx); err != nil {
		return err
	}
	return c.Catalog.Purge(ctx)
}

// quarantineHook is a blob store that calls before when it moves a file away.
type quarantineHook struct {
	jarvis.BlobStore
	before func()
}

func (b *quarantineHook) Quarantine(ctx context.Context, day jarvis.Day, base string) (string, error) {
	b.before()
	return b.BlobStore.Quarantine(ctx, day, base)
}
