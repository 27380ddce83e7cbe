package vault_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/blobtest"
	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newIdentity(t testing.TB) *vault.Identity {
	t.Helper()
	id, err := vault.NewIdentity()
	must(t, err)
	return id
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openFiles opens a tree of files and closes it with the test.
func openFiles(t testing.TB, root string, options fsblob.Options) *fsblob.Store {
	t.Helper()
	store, err := fsblob.Open(t.Context(), root, options)
	must(t, err)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}

func TestStore_Contract(t *testing.T) {
	t.Run("Folder", func(t *testing.T) { blobtest.Run(t, sealedFolder) })
	t.Run("CrashFS", func(t *testing.T) { blobtest.Run(t, sealedDisk) })
}

func sealedFolder(t *testing.T) blobtest.Tree {
	t.Helper()
	root, id := t.TempDir(), newIdentity(t)
	makeParent := func(t testing.TB, name string) string {
		t.Helper()
		file := filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		return file
	}
	return blobtest.Tree{
		Open: func(t testing.TB) jarvis.BlobStore {
			t.Helper()
			return vault.Seal(openFiles(t, root, fsblob.Options{}), id)
		},
		WriteFile: func(t testing.TB, name string, data []byte) {
			t.Helper()
			must(t, os.WriteFile(makeParent(t, name), data, 0o600))
		},
		ReadFile: func(t testing.TB, name string) []byte {
			t.Helper()
			data, err := os.ReadFile(filepath.Join(root, name))
			must(t, err)
			return data
		},
		RemoveAll: func(t testing.TB, name string) {
			t.Helper()
			must(t, os.RemoveAll(filepath.Join(root, name)))
		},
		Symlink: func(t testing.TB, target, name string) {
			t.Helper()
			must(t, os.Symlink(target, makeParent(t, name)))
		},
	}
}

func sealedDisk(t *testing.T) blobtest.Tree {
	t.Helper()
	disk, id := crashfs.New(), newIdentity(t)
	return blobtest.Tree{
		Open: func(t testing.TB) jarvis.BlobStore {
			t.Helper()
			return vault.Seal(openFiles(t, "tree", fsblob.Options{FS: disk}), id)
		},
		WriteFile: func(t testing.TB, name string, data []byte) {
			t.Helper()
			must(t, disk.WriteFile(name, data))
		},
		ReadFile: func(t testing.TB, name string) []byte {
			t.Helper()
			data, err := disk.ReadFile(name)
			must(t, err)
			return data
		},
		RemoveAll: func(t testing.TB, name string) {
			t.Helper()
			must(t, disk.RemoveAll(name))
		},
	}
}

// put stores data under the name of a new id as an ingest does, and returns the
// name.
func put(ctx context.Context, store *vault.Store, at time.Time, data []byte) (jarvis.BlobName, error) {
	id := jarvis.NewRandomID()
	name := store.Name(id, at, jarvis.JPEG)
	staged, err := store.Stage(ctx, id, data)
	if err != nil {
		return name, err
	}
	defer staged.Discard()
	unlock, err := store.Lock(ctx, id)
	if err != nil {
		return name, err
	}
	defer unlock()
	return name, staged.Publish(ctx, name)
}

// TestStore_NothingPlain looks for what was stored in every file of the tree.
func TestStore_NothingPlain(t *testing.T) {
	root := t.TempDir()
	store := vault.Seal(openFiles(t, root, fsblob.Options{}), newIdentity(t))
	marker := jarvis.NewRandomID().String()
	jpeg := []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00")
	for range 8 {
		_, err := put(t.Context(), store, time.Now(), append(bytes.Clone(jpeg), bytes.Repeat([]byte(marker), 5000)...))
		must(t, err)
	}
	// One that is not published, and stays in the staging folder.
	staged, err := store.Stage(t.Context(), jarvis.NewRandomID(), append(bytes.Clone(jpeg), marker...))
	must(t, err)
	defer staged.Discard()
	files := 0
	must(t, filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(marker)) || bytes.Contains(content, jpeg) {
			t.Errorf("%s holds plain bytes", path)
		}
		files++
		return err
	}))
	if files < 9 {
		t.Errorf("looked into %d files only", files)
	}
}
