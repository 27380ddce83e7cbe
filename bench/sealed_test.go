package bench

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/postgres"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

// sealedStore is a store whose images and, on SQLite, catalogue are encrypted.
type sealedStore struct {
	*archive.Archive
	catalog  jarvis.Catalog
	tree     *fsblob.Store
	root     string
	identity *vault.Identity
}

// sealedEngines opens a new catalogue of each kind for a sealed store.
var sealedEngines = []struct {
	name string
	open func(tb testing.TB, store jarvis.NewStore, key []byte) jarvis.Catalog
}{
	{"sqlite", func(tb testing.TB, store jarvis.NewStore, key []byte) jarvis.Catalog {
		path := filepath.Join(tb.TempDir(), "jarvis.db")
		catalog, err := sqlite.Open(tb.Context(), sqlite.Options{Path: path, Key: key, NewStore: store})
		return closing(tb, catalog, err)
	}},
	{"postgres", func(tb testing.TB, store jarvis.NewStore, _ []byte) jarvis.Catalog {
		catalog, err := postgres.Open(tb.Context(), postgres.Options{URL: server.NewDatabase(tb), NewStore: store})
		return closing(tb, catalog, err)
	}},
}

func newSealedStore(tb testing.TB, open func(testing.TB, jarvis.NewStore, []byte) jarvis.Catalog) sealedStore {
	tb.Helper()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	identity, err := vault.NewIdentity()
	must(err)
	data, id := vault.NewDataKey(), jarvis.NewRandomID()
	key, err := data.RevealCatalogKey()
	must(err)
	secret, err := data.Secret()
	must(err)
	wrapped, err := data.Wrap(id, identity)
	must(err)
	catalog := open(tb, jarvis.NewStore{ID: id, Sealed: true, PublicKey: identity.PublicKey(), WrappedKey: wrapped}, key)
	root := tb.TempDir()
	blobs, err := fsblob.Open(tb.Context(), root, fsblob.Options{})
	must(err)
	a, err := archive.Open(tb.Context(), catalog, vault.Seal(blobs, identity), archive.Options{Images: pictureReader{}, Secret: secret})
	must(err)
	tb.Cleanup(func() {
		if err := a.Close(context.WithoutCancel(tb.Context())); err != nil {
			tb.Error(err)
		}
		if err := blobs.Close(); err != nil {
			tb.Error(err)
		}
	})
	return sealedStore{a, catalog, blobs, root, identity}
}

// BenchmarkSealed_Add adds captures, 8 at once, to a sealed store, in turn with
// a plain one.
func BenchmarkSealed_Add(b *testing.B) {
	const rounds, captures, atOnce = 17, 400, 8
	for i, engine := range sealedEngines {
		b.Run(engine.name, func(b *testing.B) {
			for range b.N {
				plain := openArchive(b, engines[i].open(b), b.TempDir())
				sealed := newSealedStore(b, engine.open)
				source := newPictures(b)
				add := func(a *archive.Archive, round int) func() time.Duration {
					return func() time.Duration {
						return timeAll(b, captures, atOnce, func(i int) error {
							n := round*captures + i
							_, err := a.Ingest(b.Context(), archive.Request{Data: source.next(n), Timestamp: start.Add(time.Duration(n) * 3 * time.Second), Device: "bench@host"})
							return err
						})
					}
				}
				ratios := pair(rounds, func(round int) (func() time.Duration, func() time.Duration) {
					return add(sealed.Archive, round), add(plain, round)
				})
				b.ReportMetric(median(ratios), "of-plain")
				b.ReportMetric(quantile(ratios, 0.75)-quantile(ratios, 0.25), "of-plain-spread")
			}
		})
	}
}

// BenchmarkSealed_Fetch fetches images of a sealed store, in turn with a bare loop
// that opens their files with the age library.
func BenchmarkSealed_Fetch(b *testing.B) {
	const rounds, captures, atOnce = 41, 200, 8
	for _, engine := range sealedEngines {
		b.Run(engine.name, func(b *testing.B) {
			for range b.N {
				store := newSealedStore(b, engine.open)
				source := newPictures(b)
				ids, paths := make([]jarvis.ID, captures), make([]string, captures)
				timeAll(b, captures, atOnce, func(i int) error {
					result, err := store.Ingest(b.Context(), archive.Request{Data: source.next(i), Timestamp: start.Add(time.Duration(i) * 3 * time.Second), Device: "bench@host"})
					if err == nil {
						ids[i], paths[i] = result.Capture.ID, filepath.Join(store.root, result.Capture.Filepath)
					}
					return err
				})
				identity, err := age.ParseX25519Identity(store.identity.RevealSecret())
				if err != nil {
					b.Fatal(err)
				}
				for _, workers := range []int{1, atOnce} {
					fetch := func() time.Duration {
						return timeAll(b, captures, workers, func(i int) error {
							_, _, err := store.Fetch(b.Context(), ids[i])
							return err
						})
					}
					bare := func() time.Duration {
						return timeAll(b, captures, workers, func(i int) error { return openBare(paths[i], identity) })
					}
					ratios := pair(rounds, func(int) (func() time.Duration, func() time.Duration) { return fetch, bare })
					name := "of-age-loop"
					if workers > 1 {
						name += "-8-at-once"
					}
					b.ReportMetric(median(ratios), name)
				}
			}
		})
	}
}

// BenchmarkSealed_Page reads pages of an encrypted catalogue, as
// BenchmarkCatalog_Page does of a plain one. On PostgreSQL the rows of a sealed
// store are those of a plain one.
func BenchmarkSealed_Page(b *testing.B) {
	const captures = 1_000_000
	for range b.N {
		store := newSealedStore(b, sealedEngines[0].open)
		fill(b, store.catalog, captures)
		measurePages(b, store.catalog, captures, "", func(*jarvis.CaptureFilter) {})
		measurePages(b, store.catalog, captures, "device-", func(f *jarvis.CaptureFilter) { f.Device = "user1@host" })
		measurePages(b, store.catalog, captures, "app-", func(f *jarvis.CaptureFilter) { f.AppName = "app7" })
		b.ReportMetric(measureStats(b, store.catalog), "stats-ms")
	}
}

// openBare is the least that reading a sealed image with the library costs.
func openBare(path string, identity age.Identity) error {
	_, err := readBare(path, identity)
	return err
}

func readBare(path string, identity age.Identity) (plain []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r, err := age.Decrypt(f, identity)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// pair runs two jobs in turn, now one first and now the other, and returns how
// fast the first is by the second. The first round warms up and is left out.
func pair(rounds int, jobs func(round int) (ours, theirs func() time.Duration)) []float64 {
	var ratios []float64
	for round := range rounds {
		ours, theirs := jobs(round)
		var our, their time.Duration
		if round%2 == 0 {
			our, their = ours(), theirs()
		} else {
			their, our = theirs(), ours()
		}
		if round > 0 {
			ratios = append(ratios, their.Seconds()/our.Seconds())
		}
	}
	return ratios
}
