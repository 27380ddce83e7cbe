package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/access"
	"github.com/jarvis-memory/jarvis/internal/api"
	"github.com/jarvis-memory/jarvis/internal/archive"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
)

// reader asks a server of a sealed store on SQLite with a token that may read.
type reader struct {
	*http.Client
	url, token string
}

func newReader(b *testing.B, store sealedStore) reader {
	b.Helper()
	catalog, ok := store.catalog.(*sqlite.Catalog)
	if !ok {
		b.Fatalf("the catalogue is a %T", store.catalog)
	}
	guard := access.New(access.Options{Credentials: catalog, Log: catalog})
	server, err := api.New(api.Options{Version: "bench", Archive: store.Archive, Catalog: catalog, Storage: store.tree, Guard: guard})
	if err != nil {
		b.Fatal(err)
	}
	token, _, err := guard.NewToken(b.Context(), "bench", jarvis.ScopeRead)
	if err != nil {
		b.Fatal(err)
	}
	listener := httptest.NewServer(server.Handler())
	b.Cleanup(func() {
		listener.Close()
		ctx := context.WithoutCancel(b.Context())
		if err := server.Close(ctx); err != nil {
			b.Error(err)
		}
		if err := guard.Close(ctx); err != nil {
			b.Error(err)
		}
	})
	return reader{listener.Client(), listener.URL, token}
}

// get returns the body of an answer that must be good.
func (r reader) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	res, err := r.Do(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	err = errors.Join(err, res.Body.Close())
	if err == nil && res.StatusCode != http.StatusOK {
		err = jarvis.Errorf(jarvis.CodeInternal, "GET %s: %s: %s", path, res.Status, body)
	}
	return body, err
}

// BenchmarkServer_Page asks for pages of 100 of 1,000,000 captures over HTTP.
func BenchmarkServer_Page(b *testing.B) {
	const captures, pages, warmUp = 1_000_000, 2000, 200
	for range b.N {
		store := newSealedStore(b, sealedEngines[0].open)
		fill(b, store.catalog, captures)
		r := newReader(b, store)
		took := make([]float64, 0, pages)
		for i := range pages + warmUp {
			to := start.Add(time.Duration(int64(i)*7_919%captures+100) * interval)
			query := url.Values{"to": {to.Format(time.RFC3339)}, "limit": {"100"}}
			began := time.Now()
			body, err := r.get(b.Context(), "/api/captures?"+query.Encode())
			if err != nil {
				b.Fatal(err)
			}
			if i >= warmUp {
				took = append(took, time.Since(began).Seconds()*1000)
			}
			var page struct{ Items []json.RawMessage }
			if err := json.Unmarshal(body, &page); err != nil || len(page.Items) != 100 {
				b.Fatal(len(page.Items), err)
			}
		}
		b.ReportMetric(quantile(took, 0.50), "page-p50-ms")
		b.ReportMetric(quantile(took, 0.99), "page-p99-ms")
	}
}

// BenchmarkServer_Image gets images over HTTP, in turn with a bare handler that
// opens the same files with the age library.
func BenchmarkServer_Image(b *testing.B) {
	const rounds, captures = 21, 200
	for range b.N {
		store := newSealedStore(b, sealedEngines[0].open)
		source := newPictures(b)
		ids, paths := make([]jarvis.ID, captures), make([]string, captures)
		timeAll(b, captures, 8, func(i int) error {
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
		bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			i, err := strconv.Atoi(r.URL.Path[1:])
			if err != nil {
				http.Error(w, "no such image", http.StatusNotFound)
				return
			}
			plain, err := readBare(paths[i], identity)
			if err != nil {
				http.Error(w, "not readable", http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "image/jpeg")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(plain))
		}))
		r := newReader(b, store)
		plain := reader{bare.Client(), bare.URL, ""}
		for _, workers := range []int{1, 8} {
			ratios := pair(rounds, func(int) (func() time.Duration, func() time.Duration) {
				ours := func() time.Duration {
					return timeAll(b, captures, workers, func(i int) error {
						_, err := r.get(b.Context(), "/api/captures/"+ids[i].String()+"/image")
						return err
					})
				}
				theirs := func() time.Duration {
					return timeAll(b, captures, workers, func(i int) error {
						_, err := plain.get(b.Context(), "/"+strconv.Itoa(i))
						return err
					})
				}
				return ours, theirs
			})
			b.ReportMetric(median(ratios), "of-bare-"+strconv.Itoa(workers)+"-at-once")
		}
		bare.Close()
	}
}
