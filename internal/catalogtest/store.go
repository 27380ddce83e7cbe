package catalogtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

func testStore(t *testing.T, h Harness) {
	t.Run("Identity", func(t *testing.T) {
		before := time.Now().Add(-time.Minute)
		db := h.New(t)
		first, err := db.Open(t.Context())
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		made := identity(t, first)
		if made.ID.IsZero() || made.Secret.IsZero() || made.Adopted || made.Bound {
			t.Fatalf("a new store has identity %+v", made)
		}
		if made.CreatedAt.Before(before) || made.CreatedAt.After(time.Now().Add(time.Minute)) || made.CreatedAt.Location() != time.UTC {
			t.Fatalf("a new store was created at %v", made.CreatedAt)
		}
		second := db.open(t)
		wantEqual(t, "identity in another handle", identity(t, second), made)

		for range 2 {
			if err := first.BindStore(t.Context()); err != nil {
				t.Fatalf("BindStore: %v", err)
			}
		}
		made.Bound = true
		wantEqual(t, "identity after BindStore", identity(t, first), made)
		wantEqual(t, "identity after BindStore in another handle", identity(t, second), made)
		if err := first.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
		wantEqual(t, "identity after opening anew", identity(t, db.open(t)), made)
	})

	t.Run("EveryStoreIsAnother", func(t *testing.T) {
		a, b := identity(t, h.open(t)), identity(t, h.open(t))
		if a.ID == b.ID || a.Secret.Equal(b.Secret) {
			t.Fatalf("two stores have one identity: %s, %s", a.ID, b.ID)
		}
	})

	t.Run("Check", func(t *testing.T) {
		if err := h.open(t).Check(t.Context()); err != nil {
			t.Fatalf("Check: %v", err)
		}
	})

	t.Run("CheckWhole", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		text := incompressible(100_000)
		captures := manyCaptures(60)
		captures[7].OCRText = &text
		insert(t, cat, captures...)
		remove(t, cat, captures[0].ID)
		if err := cat.CheckWhole(t.Context()); err != nil {
			t.Fatalf("CheckWhole of a sound catalogue: %v (cause: %v)", err, errors.Unwrap(err))
		}
		db.Damage(t, text)
		wantError(t, cat.CheckWhole(t.Context()), jarvis.CodeCorrupt, "")
		// Captures that are sound are there all the same.
		wantFound(t, cat, captures[20])
	})
}

func identity(t *testing.T, cat Catalog) jarvis.StoreInfo {
	t.Helper()
	info, err := cat.Store(t.Context())
	if err != nil {
		t.Fatalf("Store: %v", err)
	}
	return info
}

// calls are all the methods that talk to the database.
func calls(cat Catalog, c *jarvis.Capture) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Store":         func(ctx context.Context) error { _, err := cat.Store(ctx); return err },
		"BindStore":     func(ctx context.Context) error { return cat.BindStore(ctx) },
		"InsertCapture": func(ctx context.Context) error { return cat.InsertCapture(ctx, newCapture(noon)) },
		"FindCapture":   func(ctx context.Context) error { _, err := cat.FindCapture(ctx, c.ID); return err },
		"FindCaptures":  func(ctx context.Context) error { _, err := cat.FindCaptures(ctx, jarvis.CaptureFilter{}); return err },
		"FindFiles":     func(ctx context.Context) error { _, err := cat.FindFiles(ctx, jarvis.CaptureFilter{}); return err },
		"Summarize":     func(ctx context.Context) error { _, err := cat.Summarize(ctx, jarvis.CaptureFilter{}); return err },
		"SetPinned":     func(ctx context.Context) error { return cat.SetPinned(ctx, c.ID, true) },
		"CountMinutes": func(ctx context.Context) error {
			_, err := cat.CountMinutes(ctx, noon, noon.Add(time.Hour))
			return err
		},
		"SetStored": func(ctx context.Context) error {
			return cat.SetStored(ctx, c.ID, c.Filepath, 1, c.StoredSHA256)
		},
		"BeginDelete":    func(ctx context.Context) error { _, err := cat.BeginDelete(ctx, c.ID); return err },
		"FinishDelete":   func(ctx context.Context) error { return cat.FinishDelete(ctx, c.ID) },
		"PendingDeletes": func(ctx context.Context) error { _, err := cat.PendingDeletes(ctx, jarvis.ID{}, 10); return err },
		"Undelete":       func(ctx context.Context) error { return cat.Undelete(ctx, c.ID) },
		"Purge":          func(ctx context.Context) error { return cat.Purge(ctx) },
		"CountDays": func(ctx context.Context) error {
			_, err := cat.CountDays(ctx, time.Time{}, time.Time{}, time.UTC)
			return err
		},
		"Stats":      func(ctx context.Context) error { _, err := cat.Stats(ctx); return err },
		"Check":      func(ctx context.Context) error { return cat.Check(ctx) },
		"CheckWhole": func(ctx context.Context) error { return cat.CheckWhole(ctx) },

		"InsertToken":  func(ctx context.Context) error { return cat.InsertToken(ctx, newToken("a token")) },
		"FindToken":    func(ctx context.Context) error { _, err := cat.FindToken(ctx, []byte("hash")); return err },
		"FindTokens":   func(ctx context.Context) error { _, err := cat.FindTokens(ctx); return err },
		"RevokeToken":  func(ctx context.Context) error { return cat.RevokeToken(ctx, "a token", noon) },
		"TouchToken":   func(ctx context.Context) error { return cat.TouchToken(ctx, "a token", noon, "") },
		"InsertSignIn": func(ctx context.Context) error { return cat.InsertSignIn(ctx, []byte("hash"), noon) },
		"RedeemSignIn": func(ctx context.Context) error {
			return cat.RedeemSignIn(ctx, []byte("hash"), noon, newSession(noon))
		},
		"FindSession":  func(ctx context.Context) error { _, err := cat.FindSession(ctx, []byte("hash"), noon); return err },
		"FindSessions": func(ctx context.Context) error { _, err := cat.FindSessions(ctx, noon); return err },
		"TouchSession": func(ctx context.Context) error { return cat.TouchSession(ctx, c.ID, noon, "") },
		"EndSession":   func(ctx context.Context) error { return cat.EndSession(ctx, c.ID) },

		"RecordAccess": func(ctx context.Context) error { return cat.RecordAccess(ctx, jarvis.Access{Minute: noon, Times: 1}) },
		"FindAccess":   func(ctx context.Context) error { _, err := cat.FindAccess(ctx, jarvis.AccessFilter{}); return err },

		"PutSpans":    func(ctx context.Context) error { return cat.PutSpans(ctx, nil) },
		"FindSpans":   func(ctx context.Context) error { _, err := cat.FindSpans(ctx, jarvis.SpanFilter{}); return err },
		"FindDevices": func(ctx context.Context) error { _, err := cat.FindDevices(ctx); return err },
	}
}

func testCancel(t *testing.T, h Harness) {
	t.Run("AlreadyCancelled", func(t *testing.T) {
		cat := h.open(t)
		c := newCapture(noon)
		insert(t, cat, c)
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		late, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		defer cancel()
		for name, call := range calls(cat, c) {
			t.Run(name, func(t *testing.T) {
				err := call(cancelled)
				wantError(t, err, jarvis.CodeUnavailable, messageCancelled)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%v is not context.Canceled", err)
				}
				err = call(late)
				wantError(t, err, jarvis.CodeUnavailable, messageTimeout)
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v is not context.DeadlineExceeded", err)
				}
			})
		}
		wantEqual(t, "the captures after cancelled calls", page(t, cat, jarvis.CaptureFilter{}), newModel(c).page(jarvis.CaptureFilter{}))
		insert(t, cat, newCapture(noon))
	})

	t.Run("WhileWaiting", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		c := newCapture(noon)
		insert(t, cat, c)
		tx, err := db.SQL(t).BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatalf("begin the transaction that blocks: %v", err)
		}
		if _, err := tx.ExecContext(t.Context(), h.BlockWrites); err != nil {
			t.Fatalf("%s: %v", h.BlockWrites, err)
		}
		writes := calls(cat, c)
		for _, name := range []string{"InsertCapture", "SetStored", "BeginDelete"} {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			began := time.Now()
			err := writes[name](ctx)
			cancel()
			wantError(t, err, jarvis.CodeUnavailable, messageTimeout)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v is not context.DeadlineExceeded", name, err)
			}
			if waited := time.Since(began); waited > 5*time.Second {
				t.Errorf("%s returned %v after its context was done", name, waited)
			}
		}
		if err := tx.Rollback(); err != nil {
			t.Fatalf("end the transaction that blocks: %v", err)
		}
		insert(t, cat, newCapture(noon))
	})
}

func testClose(t *testing.T, h Harness) {
	cat, err := h.New(t).Open(t.Context())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	c := newCapture(noon)
	insert(t, cat, c)
	for range 2 {
		if err := cat.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	for name, call := range calls(cat, c) {
		t.Run("Then"+name, func(t *testing.T) {
			wantError(t, call(t.Context()), jarvis.CodeUnavailable, messageClosed)
		})
	}
}
