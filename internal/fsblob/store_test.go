package fsblob_test

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/blobtest"
	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a store and closes it with the test.
func open(t testing.TB, root string, options fsblob.Options) *fsblob.Store {
	t.Helper()
	store, err := fsblob.Open(t.Context(), root, options)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return store
}

func TestStore_Contract(t *testing.T) {
	t.Run("Folder", func(t *testing.T) { blobtest.Run(t, folderTree) })
	t.Run("CrashFS", func(t *testing.T) { blobtest.Run(t, crashTree) })
}

func folderTree(t *testing.T) blobtest.Tree {
	root := t.TempDir()
	must := func(t testing.TB, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	makeParent := func(t testing.TB, name string) string {
		file := filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		return file
	}
	return blobtest.Tree{
		Open: func(t testing.TB) jarvis.BlobStore { return open(t, root, fsblob.Options{}) },
		WriteFile: func(t testing.TB, name string, data []byte) {
			must(t, os.WriteFile(makeParent(t, name), data, 0o644))
		},
		ReadFile: func(t testing.TB, name string) []byte {
			data, err := os.ReadFile(filepath.Join(root, name))
			must(t, err)
			return data
		},
		RemoveAll: func(t testing.TB, name string) { must(t, os.RemoveAll(filepath.Join(root, name))) },
		Symlink: func(t testing.TB, target, name string) {
			must(t, os.Symlink(target, makeParent(t, name)))
		},
	}
}

func crashTree(t *testing.T) blobtest.Tree {
	disk := crashfs.New()
	must := func(t testing.TB, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	return blobtest.Tree{
		Open:      func(t testing.TB) jarvis.BlobStore { return open(t, "tree", fsblob.Options{FS: disk, Create: true}) },
		WriteFile: func(t testing.TB, name string, data []byte) { must(t, disk.WriteFile(name, data)) },
		ReadFile: func(t testing.TB, name string) []byte {
			data, err := disk.ReadFile(name)
			must(t, err)
			return data
		},
		RemoveAll: func(t testing.TB, name string) { must(t, disk.RemoveAll(name)) },
	}
}
