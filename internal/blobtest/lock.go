package blobtest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// lockPatience is how long a lock that should be held is waited for. However
// short it is, it cannot fail a store that is right.
const lockPatience = 5 * time.Millisecond

func lock(t testing.TB, store jarvis.BlobStore, id jarvis.ID) (unlock func()) {
	t.Helper()
	unlock, err := store.Lock(t.Context(), id)
	if err != nil {
		t.Fatalf("Lock %s: %v", id, err)
	}
	return unlock
}

// held reports whether somebody holds the lock of id.
func held(t testing.TB, store jarvis.BlobStore, id jarvis.ID) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lockPatience)
	defer cancel()
	unlock, err := store.Lock(ctx, id)
	if err == nil {
		unlock()
		return false
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Lock %s: %v, want the deadline of its context", id, err)
	}
	return true
}

func testLockHandles(t *testing.T, tree Tree) {
	stores := []jarvis.BlobStore{tree.Open(t), tree.Open(t)}
	for _, holder := range stores {
		id := jarvis.NewRandomID()
		unlock := lock(t, holder, id)
		for i, store := range stores {
			if !held(t, store, id) {
				t.Errorf("handle %d took a lock that is held", i)
			}
		}
		unlock()
		for _, store := range stores {
			lock(t, store, id)()
		}
	}
}

func testLockExclusion(t *testing.T, tree Tree) {
	const goroutines, rounds = 40, 5
	stores := []jarvis.BlobStore{tree.Open(t), tree.Open(t)}
	ids := []jarvis.ID{jarvis.NewRandomID(), jarvis.NewRandomID(), jarvis.NewRandomID()}
	var inside [3]atomic.Int32
	var working sync.WaitGroup
	for g := range goroutines {
		working.Go(func() {
			for round := range rounds {
				i := (g + round) % len(ids)
				unlock, err := stores[g%2].Lock(t.Context(), ids[i])
				if err != nil {
					t.Errorf("Lock: %v", err)
					return
				}
				if inside[i].Add(1) != 1 {
					t.Error("two hold the lock of one id")
				}
				inside[i].Add(-1)
				unlock()
			}
		})
	}
	working.Wait()
}

func testLockCancel(t *testing.T, tree Tree) {
	stores := []jarvis.BlobStore{tree.Open(t), tree.Open(t)}
	id := jarvis.NewRandomID()
	unlock := lock(t, stores[0], id)
	for _, store := range stores {
		ctx, cancel := context.WithCancel(t.Context())
		var waiting sync.WaitGroup
		for range 10 {
			waiting.Go(func() {
				if _, err := store.Lock(ctx, id); !errors.Is(err, context.Canceled) || !errors.Is(err, jarvis.ErrUnavailable) {
					t.Errorf("Lock = %v, want context.Canceled", err)
				}
			})
		}
		cancel()
		waiting.Wait()
	}
	unlock()
	for _, store := range stores {
		lock(t, store, id)() // those who gave up hold nothing
	}
}

func testLockOtherIDs(t *testing.T, tree Tree) {
	// One process may hold any number of ids, whatever a store's locks are
	// made of, and releasing one releases no other.
	store, other := tree.Open(t), tree.Open(t)
	const count = 600
	ids := make([]jarvis.ID, count)
	unlocks := make([]func(), count)
	for i := range ids {
		ids[i] = jarvis.NewRandomID()
		unlocks[i] = lock(t, store, ids[i])
	}
	for _, unlock := range unlocks[count/20:] {
		unlock()
	}
	for _, id := range ids[:count/20] {
		if !held(t, other, id) {
			t.Error("releasing other ids released one that is held")
		}
	}
	for _, unlock := range unlocks[:count/20] {
		unlock()
	}
	for _, id := range ids {
		lock(t, other, id)()
	}
}

func testCancelled(t *testing.T, tree Tree) {
	store := tree.Open(t)
	im := newImage(store, morning, 1000)
	put(t, store, im)
	free := store.Name(jarvis.NewRandomID(), morning, jarvis.JPEG)
	staged := stage(t, store, free.ID(), []byte("bytes"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func() error{
		"Stage":       func() error { _, err := store.Stage(ctx, im.id, im.data); return err },
		"Publish":     func() error { return staged.Publish(ctx, free) },
		"Replace":     func() error { return staged.Replace(ctx, free) },
		"Read":        func() error { _, err := store.Read(ctx, im.name); return err },
		"ReadStored":  func() error { _, err := store.ReadStored(ctx, im.name); return err },
		"Stat":        func() error { _, err := store.Stat(ctx, im.name); return err },
		"Delete":      func() error { return store.Delete(ctx, im.name) },
		"Lock":        func() error { _, err := store.Lock(ctx, im.id); return err },
		"Days":        func() error { _, err := store.Days(ctx); return err },
		"WalkDay":     func() error { return store.WalkDay(ctx, im.name.Day(), func(jarvis.BlobInfo) error { return nil }) },
		"Quarantine":  func() error { _, err := store.Quarantine(ctx, im.name.Day(), im.name.Base()); return err },
		"Usage":       func() error { _, err := store.Usage(ctx); return err },
		"Marker":      func() error { _, err := store.Marker(ctx); return err },
		"WriteMarker": func() error { return store.WriteMarker(ctx, jarvis.NewRandomID()) },
		"Check":       func() error { return store.Check(ctx) },
	}
	for name, call := range calls {
		err := call()
		wantCode(t, jarvis.CodeUnavailable, err, name+" with a context that is done")
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a context that is done = %v, want context.Canceled as its cause", name, err)
		}
	}

	// WalkDay also looks at it between two files.
	put(t, store, newImage(store, morning, 10))
	ctx, cancel = context.WithCancel(t.Context())
	files := 0
	err := store.WalkDay(ctx, im.name.Day(), func(jarvis.BlobInfo) error {
		files++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, jarvis.ErrUnavailable) || files != 1 {
		t.Errorf("WalkDay = %v after %d files, want context.Canceled after one", err, files)
	}

	wantImage(t, store, im)
	_, err = store.Stat(t.Context(), free)
	wantCode(t, jarvis.CodeNotFound, err, "Stat of what a cancelled Publish would have named")
	if err := staged.Publish(t.Context(), free); err != nil {
		t.Errorf("Publish after a cancelled one: %v", err)
	}
}
