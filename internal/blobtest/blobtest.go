// Package blobtest is the contract suite of jarvis.BlobStore: every store of
// images passes it, whole, or is none.
package blobtest

import (
	"bytes"
	"errors"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Tree is a storage tree under test, new and empty.
type Tree struct {
	// Open opens the tree, and again for a second handle on it, as another
	// process would have one. The handles are closed with the test.
	Open func(t testing.TB) jarvis.BlobStore

	// WriteFile puts a file there behind the back of the store, with the
	// folders above it. name is relative to the storage root.
	WriteFile func(t testing.TB, name string, data []byte)

	// ReadFile returns the bytes on disk of a file, and fails the test when it
	// is missing.
	ReadFile func(t testing.TB, name string) []byte

	// RemoveAll removes a file or folder behind the back of the store.
	RemoveAll func(t testing.TB, name string)

	// Symlink makes a symbolic link at name; nil where there is no such thing.
	Symlink func(t testing.TB, target, name string)
}

// Run runs the suite. newTree is called for each part of it.
func Run(t *testing.T, newTree func(t *testing.T) Tree) {
	parts := []struct {
		name string
		test func(t *testing.T, tree Tree)
	}{
		{"Name", testName},
		{"Stage/NothingIsPublished", testStage},
		{"Stage/EmptyAndBig", testSizes},
		{"Stage/ForOneCapture", testBound},
		{"ReadStored", testReadStored},
		{"Open/Damage", testOpenDamage},
		{"Publish/OnceThere", testPublish},
		{"Publish/NeverOverwrites", testPublishConflict},
		{"Publish/OneOfManyWins", testPublishRace},
		{"Publish/FortyAtOnce", testPublishForty},
		{"Publish/EqualBytes", testEqualBytes},
		{"Publish/FolderRemovedByHand", testFolderRemoved},
		{"Replace", testReplace},
		{"Discard", testDiscard},
		{"Missing", testMissing},
		{"InvalidName", testInvalidName},
		{"Delete", testDelete},
		{"Days", testDays},
		{"WalkDay/Images", testWalkDay},
		{"WalkDay/ForeignFiles", testWalkForeign},
		{"WalkDay/Symlinks", testSymlinks},
		{"WalkDay/StopsAtError", testWalkStops},
		{"WalkDay/StoreIsUsable", testWalkUse},
		{"WalkDay/Many", testWalkMany},
		{"Quarantine", testQuarantine},
		{"Quarantine/Collisions", testQuarantineCollisions},
		{"Quarantine/Refused", testQuarantineRefused},
		{"Lock/AgainstAnotherHandle", testLockHandles},
		{"Lock/Exclusion", testLockExclusion},
		{"Lock/Cancel", testLockCancel},
		{"Lock/OtherIDs", testLockOtherIDs},
		{"Marker", testMarker},
		{"Marker/Race", testMarkerRace},
		{"Usage", testUsage},
		{"Check", testCheck},
		{"Cancelled", testCancelled},
	}
	for _, part := range parts {
		t.Run(part.name, func(t *testing.T) { part.test(t, newTree(t)) })
	}
}

// morning is the time of the captures in these tests.
var morning = time.Date(2026, time.January, 24, 8, 39, 9, 123_456_000, time.UTC)

// image is a named image of a test.
type image struct {
	id   jarvis.ID
	name jarvis.BlobName
	data []byte
}

// newImage makes up an image of so many bytes.
func newImage(store jarvis.BlobStore, at time.Time, size int) image {
	id := jarvis.NewRandomID()
	data := bytes.Repeat([]byte(id.String()), size/36+1)[:size]
	return image{id, store.Name(id, at, jarvis.JPEG), data}
}

// put stages and publishes an image.
func put(t testing.TB, store jarvis.BlobStore, im image) {
	t.Helper()
	staged := stage(t, store, im.id, im.data)
	defer staged.Discard()
	if err := staged.Publish(t.Context(), im.name); err != nil {
		t.Fatalf("Publish %s: %v", im.name, err)
	}
}

func stage(t testing.TB, store jarvis.BlobStore, id jarvis.ID, data []byte) jarvis.StagedBlob {
	t.Helper()
	staged, err := store.Stage(t.Context(), id, data)
	if err != nil {
		t.Fatalf("Stage %d bytes: %v", len(data), err)
	}
	t.Cleanup(staged.Discard)
	return staged
}

// wantImage fails unless the store returns the image byte for byte.
func wantImage(t testing.TB, store jarvis.BlobStore, im image) {
	t.Helper()
	got, err := store.Read(t.Context(), im.name)
	if err != nil {
		t.Fatalf("Read %s: %v", im.name, err)
	}
	if !bytes.Equal(got, im.data) {
		t.Fatalf("Read %s: %d bytes that differ from the %d stored ones", im.name, len(got), len(im.data))
	}
}

// wantCode fails unless err is an *Error of that code with a message.
func wantCode(t testing.TB, code jarvis.Code, err error, what string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want %s", what, code)
		return
	}
	e, ok := errors.AsType[*jarvis.Error](err)
	if !ok || e.Code != code || e.Message == "" {
		t.Errorf("%s: %v (code %q), want %s with a message", what, err, jarvis.ErrorCode(err), code)
	}
}

// walk returns what WalkDay finds, by base name.
func walk(t testing.TB, store jarvis.BlobStore, day jarvis.Day) map[string]jarvis.BlobInfo {
	t.Helper()
	found := make(map[string]jarvis.BlobInfo)
	err := store.WalkDay(t.Context(), day, func(info jarvis.BlobInfo) error {
		if _, twice := found[info.Base]; twice {
			t.Errorf("WalkDay %s: %q comes twice", day, info.Base)
		}
		found[info.Base] = info
		return nil
	})
	if err != nil {
		t.Fatalf("WalkDay %s: %v", day, err)
	}
	return found
}
