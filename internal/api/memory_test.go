package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
	"github.com/jarvis-memory/jarvis/internal/proof"
	"github.com/jarvis-memory/jarvis/internal/search"
)

// wide is an index in which all is found, each capture in a window of its own with a
// title and an address of 1 KB. It holds searches that look behind their facets until
// so many do at once.
type wide struct {
	catalog
	all    sync.WaitGroup // of those that are waited for
	within chan struct{}  // a place for each of them
	heap   func()         // is called once they are there
	once   sync.Once
}

func (w *wide) FindMatches(_ context.Context, f jarvis.MatchFilter) ([]*jarvis.Match, error) {
	if f.Limit == 1 {
		select {
		case w.within <- struct{}{}:
			w.all.Done()
		default: // a later one
		}
		w.all.Wait()
		w.once.Do(w.heap)
		return nil, nil
	}
	matches := make([]*jarvis.Match, f.Limit)
	for i := range matches {
		at := noon.Add(-time.Duration(i) * time.Second)
		matches[i] = &jarvis.Match{
			ID: jarvis.NewRandomID(), Timestamp: at, Device: "desk", AppName: fmt.Sprint("app ", i),
			WindowTitle: fmt.Sprint(i, strings.Repeat(" word", 1000/5)), URL: fmt.Sprint("https://example.org/", i, "/", strings.Repeat("a", 1000)),
		}
	}
	return matches, nil
}

// As many searches with facets as there may be at once, from clients enough, hold no
// more than a server has room for.
func TestServer_Search_Memory(t *testing.T) {
	const atOnce, each, most = 4, 2, 100 << 20
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var before, held uint64
	r := newRig(t, func(o *api.Options) {
		all, ok := o.Catalog.(catalog)
		if !ok {
			t.Fatalf("a catalogue of the type %T", o.Catalog)
		}
		w := &wide{catalog: all, within: make(chan struct{}, atOnce)}
		w.all.Add(atOnce)
		w.heap = func() { held = heap() }
		o.Search = search.New(search.Options{Index: w, Readings: w, Catalog: w, Timeout: time.Minute})
	})
	before = heap()
	var all sync.WaitGroup
	for n := range atOnce {
		token := r.token(fmt.Sprint("eyes ", n), jarvis.ScopeRead)
		for range each {
			all.Go(func() {
				req := r.request(http.MethodGet, "/api/search?facets=true&q=word", nil)
				req.Header.Set("Authorization", "Bearer "+token)
				res, err := http.DefaultTransport.RoundTrip(req)
				if err != nil {
					t.Error(err)
					return
				}
				_, err = io.Copy(io.Discard, res.Body)
				if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
					t.Errorf("answered %d, %v", res.StatusCode, err)
				}
			})
		}
	}
	all.Wait()
	proof.Record(t, "%d searches with facets over 10,000 matches of 2 KB hold %d MB", atOnce, (held-before)>>20)
	if held-before > most {
		t.Errorf("the searches hold %d MB, and may hold %d", (held-before)>>20, most>>20)
	}
}
