package client

import (
	"compress/gzip"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

func TestClient_Cancelled(t *testing.T) {
	hung := make(chan struct{})
	f := newFake(t, func(http.ResponseWriter, *http.Request, int) { <-hung })
	defer close(hung)
	c, waited := newClient(t, f.URL, Options{})

	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := c.Stats(ctx)
		result <- err
	}()
	waitFor(t, func() bool { return f.requests.Load() > 0 })
	cancel()
	err := <-result
	wantCode(t, err, jarvis.CodeUnavailable)
	if !errors.Is(err, context.Canceled) || len(waited.all) != 0 {
		t.Errorf("it waited %v, error %v", waited.all, err)
	}

	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = c.Stats(ctx)
	wantCode(t, err, jarvis.CodeUnavailable)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "too long") {
		t.Errorf("the error is %v", err)
	}
}

// One who is cancelled between two attempts is told what had happened.
func TestClient_Cancelled_Waiting(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		writeProblem(w, 503, `{"code":"unavailable","detail":"the database is away"}`)
	})
	c, _ := newClient(t, f.URL, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	c.sleep = func(ctx context.Context, d time.Duration) error {
		cancel()
		return sleep(ctx, d)
	}
	_, err := c.Stats(ctx)
	wantCode(t, err, jarvis.CodeUnavailable)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "the database is away") {
		t.Errorf("the error is %v", err)
	}
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("sleep returns %v", err)
	}
}

// While something moves, a request may take its time.
func TestClient_Patience(t *testing.T) {
	const patience = 300 * time.Millisecond
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		for _, part := range []string{`{`, `"captures"`, `:`, `3`, `}`} {
			if _, err := w.Write([]byte(part)); err != nil {
				return
			}
			must(t, http.NewResponseController(w).Flush())
			<-time.After(patience / 3)
		}
	})
	c, waited := newClient(t, f.URL, Options{Patience: patience})
	stats, err := c.Stats(t.Context())
	if err != nil || stats.Captures != 3 || len(waited.all) != 0 {
		t.Errorf("got %+v, waited %v, error %v", stats, waited.all, err)
	}
}

// An answer takes no more memory than a page can have, whatever it unpacks to.
func TestClient_Bounded(t *testing.T) {
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		spaces := []byte(strings.Repeat(" ", 1<<20))
		for range maxJSON>>20 + 1 {
			if _, err := packed.Write(spaces); err != nil {
				return
			}
		}
		must(t, packed.Close())
	})
	c, _ := newClient(t, f.URL, Options{})
	_, err := c.Stats(t.Context())
	wantCode(t, err, jarvis.CodeTooLarge)
	if f.requests.Load() != 1 {
		t.Errorf("%d requests", f.requests.Load())
	}
}

// waitFor waits until holds does: what goes on in a server has no other signal.
func waitFor(t testing.TB, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !holds(); {
		if <-tick.C; time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
	}
}
