package fsblob_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
)

// These tests run on a clock that jumps ahead when everybody waits, and end
// only when every goroutine has.

func openOn(t *testing.T, disk *crashfs.FS, options fsblob.Options) *fsblob.Store {
	t.Helper()
	options.FS, options.Create = disk, true
	store, err := fsblob.Open(t.Context(), "tree", options)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func closed(t *testing.T, store *fsblob.Store) {
	t.Helper()
	if err := store.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestStore_Hang(t *testing.T) {
	methods := map[string]func(context.Context, *fsblob.Store, jarvis.StagedBlob, jarvis.BlobName) error{
		"Stage": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, name jarvis.BlobName) error {
			_, err := s.Stage(ctx, name.ID(), []byte("x"))
			return err
		},
		"Publish": func(ctx context.Context, s *fsblob.Store, b jarvis.StagedBlob, name jarvis.BlobName) error {
			return b.Publish(ctx, s.Name(name.ID(), time.Now(), jarvis.JPEG))
		},
		"Replace": func(ctx context.Context, _ *fsblob.Store, b jarvis.StagedBlob, name jarvis.BlobName) error {
			return b.Replace(ctx, name)
		},
		"Read": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, name jarvis.BlobName) error {
			_, err := s.Read(ctx, name)
			return err
		},
		"Stat": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, name jarvis.BlobName) error {
			_, err := s.Stat(ctx, name)
			return err
		},
		"Delete": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, name jarvis.BlobName) error {
			return s.Delete(ctx, name)
		},
		"Lock": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, name jarvis.BlobName) error {
			_, err := s.Lock(ctx, name.ID())
			return err
		},
		"Days": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, _ jarvis.BlobName) error {
			_, err := s.Days(ctx)
			return err
		},
		"WalkDay": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, name jarvis.BlobName) error {
			return s.WalkDay(ctx, name.Day(), func(jarvis.BlobInfo) error { return nil })
		},
		"Quarantine": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, name jarvis.BlobName) error {
			_, err := s.Quarantine(ctx, name.Day(), name.Base())
			return err
		},
		"Usage": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, _ jarvis.BlobName) error {
			_, err := s.Usage(ctx)
			return err
		},
		"Marker": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, _ jarvis.BlobName) error {
			_, err := s.Marker(ctx)
			return err
		},
		"WriteMarker": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, _ jarvis.BlobName) error {
			return s.WriteMarker(ctx, jarvis.NewRandomID())
		},
		"Check": func(ctx context.Context, s *fsblob.Store, _ jarvis.StagedBlob, _ jarvis.BlobName) error {
			return s.Check(ctx)
		},
	}
	for what, method := range methods {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := crashfs.New()
				store := openOn(t, disk, fsblob.Options{})
				s := newScript()
				if err := s.publish(t.Context(), store, 0, "image")(); err != nil {
					t.Fatal(err)
				}
				staged, err := store.Stage(t.Context(), s.names[0].ID(), []byte("staged"))
				if err != nil {
					t.Fatal(err)
				}
				entered, release := disk.Hang()
				ctx, cancel := context.WithCancel(t.Context())
				go func() {
					<-entered
					cancel()
				}()
				started := time.Now()
				if err := method(ctx, store, staged, s.names[0]); !errors.Is(err, context.Canceled) {
					t.Errorf("%s on a disk that hangs = %v, want context.Canceled", what, err)
				}
				if took := time.Since(started); took > 0 {
					t.Errorf("%s returned %v after its context was done", what, took)
				}
				staged.Discard()
				release()
				synctest.Wait()
				// Nothing of what was given up is still held.
				unlock, err := store.Lock(t.Context(), s.names[0].ID())
				if err != nil {
					t.Fatal(err)
				}
				unlock()
				closed(t, store)
				for _, file := range filesOf(t, disk) {
					if strings.HasPrefix(file, ".jarvis/staging/") {
						t.Errorf("%s was left behind", file)
					}
				}
			})
		})
	}
}

// TestStore_HangAtTheEnd gives up on a Stage whose last operation then succeeds.
func TestStore_HangAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := crashfs.New()
		store := openOn(t, disk, fsblob.Options{})
		entered, release := disk.Hang(crashfs.Sync)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-entered
			cancel()
		}()
		if _, err := store.Stage(ctx, jarvis.NewRandomID(), []byte("image")); !errors.Is(err, context.Canceled) {
			t.Errorf("Stage = %v, want context.Canceled", err)
		}
		release()
		synctest.Wait()
		for _, file := range filesOf(t, disk) {
			if strings.HasPrefix(file, ".jarvis/staging/") {
				t.Errorf("%s was left behind", file)
			}
		}
		closed(t, store)
	})
}

func filesOf(t *testing.T, disk *crashfs.FS) []string {
	t.Helper()
	files, err := disk.Files()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestStore_HangEverySlot fills all slots with operations that hang.
func TestStore_HangEverySlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const slots = 4
		disk := crashfs.New()
		store := openOn(t, disk, fsblob.Options{MaxInFlight: slots})
		s := newScript()
		if err := s.publish(t.Context(), store, 0, "image")(); err != nil {
			t.Fatal(err)
		}
		before := disk.Operations()
		entered, release := disk.Hang()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		const readers = 40
		results := make(chan error, readers)
		for range readers {
			go func() {
				_, err := store.Read(ctx, s.names[0])
				results <- err
			}()
		}
		for range slots {
			<-entered
		}
		synctest.Wait()
		select {
		case op := <-entered:
			t.Errorf("a fifth operation reached the disk: %s", op)
		default:
		}

		// Check has a way of its own to the disk, and an end to its patience.
		started := time.Now()
		err := store.Check(t.Context())
		if !errors.Is(err, jarvis.ErrUnavailable) || !strings.Contains(err.Error(), "not answered") {
			t.Errorf("Check = %v, want that the disk does not answer", err)
		}
		if took := time.Since(started); took != 2*time.Second {
			t.Errorf("Check took %v", took)
		}
		for range readers {
			if err := <-results; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Read = %v, want the deadline of its context", err)
			}
		}
		// By now the slots tell it without another probe.
		started = time.Now()
		err = store.Check(t.Context())
		if !errors.Is(err, jarvis.ErrUnavailable) || !strings.Contains(err.Error(), "not answered for 1m0s") {
			t.Errorf("Check after a minute = %v", err)
		}
		if took := time.Since(started); took > 0 {
			t.Errorf("Check after a minute took %v", took)
		}

		err = store.Close()
		if !errors.Is(err, jarvis.ErrUnavailable) {
			t.Errorf("Close = %v, want that operations were left behind", err)
		}
		if again := store.Close(); again != err {
			t.Errorf("Close again = %v, want the same", again)
		}
		if _, err := store.Read(t.Context(), s.names[0]); !errors.Is(err, jarvis.ErrUnavailable) {
			t.Errorf("Read of a closed store = %v", err)
		}
		if err := store.Check(t.Context()); !errors.Is(err, jarvis.ErrUnavailable) {
			t.Errorf("Check of a closed store = %v", err)
		}
		release()
		synctest.Wait()
		if done := disk.Operations() - before; done == 0 {
			t.Error("the operations that hung never ended")
		}
		// The tree was given up in the end: the next to open it is the first.
		closed(t, openOn(t, disk, fsblob.Options{}))
	})
}

func TestStore_HangAndRecover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := crashfs.New()
		store := openOn(t, disk, fsblob.Options{})
		entered, release := disk.Hang()
		failed := make(chan error, 1)
		go func() { failed <- store.Check(t.Context()) }()
		<-entered
		if err := <-failed; !errors.Is(err, jarvis.ErrUnavailable) {
			t.Errorf("Check of a disk that hangs = %v", err)
		}
		release()
		synctest.Wait()
		if err := store.Check(t.Context()); err != nil {
			t.Errorf("Check of a disk that answers again: %v", err)
		}
		closed(t, store)
	})
}

func TestOpen_Hang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := crashfs.New()
		entered, release := disk.Hang()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-entered
			cancel()
		}()
		if _, err := fsblob.Open(ctx, "tree", fsblob.Options{FS: disk}); !errors.Is(err, context.Canceled) {
			t.Errorf("Open on a disk that hangs = %v, want context.Canceled", err)
		}
		release()
		synctest.Wait()
		closed(t, openOn(t, disk, fsblob.Options{}))
	})
}
