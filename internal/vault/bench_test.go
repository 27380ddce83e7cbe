package vault_test

import (
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

const (
	speedSize    = 156 << 10 // bytes of an ordinary screenshot
	speedWorkers = 8
)

// newImages returns eight images of random bytes.
func newImages() [][]byte {
	images := make([][]byte, speedWorkers)
	for i := range images {
		images[i] = make([]byte, speedSize)
		rand.Read(images[i])
	}
	return images
}

// add stores n images from eight goroutines.
func add(t testing.TB, store jarvis.BlobStore, images [][]byte, n int64) {
	t.Helper()
	var next atomic.Int64
	var group errgroup.Group
	for _, image := range images {
		group.Go(func() error {
			for next.Add(1) <= n {
				if err := addOne(t, store, image); err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, group.Wait())
}

func addOne(t testing.TB, store jarvis.BlobStore, image []byte) error {
	t.Helper()
	id := jarvis.NewRandomID()
	staged, err := store.Stage(t.Context(), id, image)
	if err != nil {
		return err
	}
	defer staged.Discard()
	unlock, err := store.Lock(t.Context(), id)
	if err != nil {
		return err
	}
	defer unlock()
	return staged.Publish(t.Context(), store.Name(id, time.Now(), jarvis.JPEG))
}

// readBare is the least that reading sealed images with the library costs.
func readBare(t testing.TB, root string, names []jarvis.BlobName, id age.Identity) {
	t.Helper()
	for _, name := range names {
		f, err := os.Open(filepath.Join(root, name.String()))
		must(t, err)
		r, err := age.Decrypt(f, id)
		must(t, err)
		_, err = io.ReadAll(r)
		must(t, err)
		must(t, f.Close())
	}
}

func read(t testing.TB, store jarvis.BlobStore, names []jarvis.BlobName) {
	t.Helper()
	for _, name := range names {
		_, err := store.Read(t.Context(), name)
		must(t, err)
	}
}

// sealedNames stores a hundred images and returns their names.
func sealedNames(t testing.TB, store *vault.Store, images [][]byte) []jarvis.BlobName {
	t.Helper()
	names := make([]jarvis.BlobName, 100)
	for i := range names {
		name, err := put(t.Context(), store, time.Now(), images[i%len(images)])
		must(t, err)
		names[i] = name
	}
	return names
}

func bareIdentity(t testing.TB, id *vault.Identity) age.Identity {
	t.Helper()
	bare, err := age.ParseX25519Identity(id.RevealSecret())
	must(t, err)
	return bare
}

// BenchmarkStore_Add is one image from Stage to Publish, plain and sealed.
//
//	go test -run - -bench Store -count 5 ./internal/vault
func BenchmarkStore_Add(b *testing.B) {
	images := newImages()
	files := openFiles(b, b.TempDir(), fsblob.Options{})
	for _, kind := range []struct {
		name  string
		store jarvis.BlobStore
	}{{"Plain", files}, {"Sealed", vault.Seal(files, newIdentity(b))}} {
		b.Run(kind.name, func(b *testing.B) {
			b.SetBytes(speedSize)
			b.ReportAllocs()
			add(b, kind.store, images, int64(b.N))
		})
	}
}

// BenchmarkStore_Read reads a hundred sealed images.
func BenchmarkStore_Read(b *testing.B) {
	root, id := b.TempDir(), newIdentity(b)
	store := vault.Seal(openFiles(b, root, fsblob.Options{}), id)
	names := sealedNames(b, store, newImages())
	bare := bareIdentity(b, id)
	b.Run("BareLoop", func(b *testing.B) {
		b.SetBytes(speedSize * 100)
		b.ReportAllocs()
		for b.Loop() {
			readBare(b, root, names, bare)
		}
	})
	b.Run("Store", func(b *testing.B) {
		b.SetBytes(speedSize * 100)
		b.ReportAllocs()
		for b.Loop() {
			read(b, store, names)
		}
	})
}
