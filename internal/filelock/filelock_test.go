package filelock_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/filelock"
)

// holderEnv makes the test binary a process that holds the lock it names, until
// it is killed.
const holderEnv = "JARVIS_TEST_HOLD_LOCK"

func TestMain(m *testing.M) {
	if path := os.Getenv(holderEnv); path != "" {
		hold(path)
	}
	goleak.VerifyTestMain(m)
}

func hold(path string) {
	if _, err := filelock.Open(context.Background(), path, nil); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("held")
	select {}
}

func open(t *testing.T, path string, prepare func(context.Context) error) *filelock.Lock {
	t.Helper()
	lock, err := filelock.Open(t.Context(), path, prepare)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { closeLock(t, lock) })
	return lock
}

func closeLock(t *testing.T, lock *filelock.Lock) {
	t.Helper()
	if err := lock.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestOpen_OnlyTheFirstPrepares(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	prepared := 0
	prepare := func(context.Context) error { prepared++; return nil }

	first := open(t, path, prepare)
	second := open(t, path, prepare)
	if prepared != 1 {
		t.Fatalf("two handles prepared %d times, want once", prepared)
	}
	closeLock(t, first)
	third := open(t, path, prepare)
	if prepared != 1 {
		t.Fatal("prepared while another handle had the store open")
	}
	closeLock(t, second)
	closeLock(t, third)
	open(t, path, prepare)
	if prepared != 2 {
		t.Fatalf("prepared %d times, want again by the first of a new generation", prepared)
	}
}

func TestOpen_NobodyElseIsInsideWhilePreparing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	var inside, preparing atomic.Int32
	var opened sync.WaitGroup
	for range 40 {
		opened.Go(func() {
			lock, err := filelock.Open(t.Context(), path, func(context.Context) error {
				preparing.Add(1)
				defer preparing.Add(-1)
				if n := inside.Load(); n != 0 {
					t.Errorf("prepare ran while %d had the store open", n)
				}
				return nil
			})
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			inside.Add(1)
			if preparing.Load() != 0 {
				t.Error("Open returned while another handle was preparing")
			}
			inside.Add(-1)
			if err := lock.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	opened.Wait()
}

func TestOpen_FailedPrepareHoldsNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	want := errors.New("cannot sweep")
	if _, err := filelock.Open(t.Context(), path, func(context.Context) error { return want }); err != want {
		t.Fatalf("Open = %v, want the error of prepare itself", err)
	}
	prepared := false
	open(t, path, func(context.Context) error { prepared = true; return nil })
	if !prepared {
		t.Fatal("the next one did not prepare")
	}
}

func TestOpen_WaitsUntilContextIsDone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	alone, err := filelock.OpenExclusive(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer closeLock(t, alone)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := filelock.Open(ctx, path, func(context.Context) error {
			t.Error("prepared while another handle had the store for itself")
			return nil
		})
		ended <- err
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("Open = %v, want context.Canceled", err)
	}
}

func TestOpenExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	shared := open(t, path, nil)
	if _, err := filelock.OpenExclusive(t.Context(), path); !errors.Is(err, jarvis.ErrUnavailable) {
		t.Fatalf("OpenExclusive beside an open store = %v, want CodeUnavailable", err)
	}
	// The refusal must have released what it had taken.
	other := open(t, path, nil)
	closeLock(t, shared)
	closeLock(t, other)

	alone, err := filelock.OpenExclusive(t.Context(), path)
	if err != nil {
		t.Fatalf("OpenExclusive of a closed store: %v", err)
	}
	prepared := make(chan bool, 1)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		first := false
		lock, err := filelock.Open(t.Context(), path, func(context.Context) error { first = true; return nil })
		if err != nil {
			t.Errorf("Open after OpenExclusive: %v", err)
			return
		}
		closeLock(t, lock)
		prepared <- first
	})
	closeLock(t, alone)
	waiting.Wait()
	if !<-prepared {
		t.Fatal("the first to open after an exclusive holder did not prepare")
	}
}

func TestOpen_AnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), holderEnv+"="+path)
	stdout, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	kill := func() {
		if killed {
			return
		}
		killed = true
		if err := holder.Process.Kill(); err != nil {
			t.Errorf("kill the holder: %v", err)
		}
		if err := holder.Wait(); err == nil {
			t.Error("the holder ended on its own")
		}
	}
	defer kill()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("the holder said %q, %v", line, err)
	}

	if _, err := filelock.OpenExclusive(t.Context(), path); !errors.Is(err, jarvis.ErrUnavailable) {
		t.Fatalf("OpenExclusive beside another process = %v, want CodeUnavailable", err)
	}
	beside := open(t, path, func(context.Context) error {
		t.Error("prepared beside another process")
		return nil
	})
	closeLock(t, beside)

	kill()
	prepared := false
	open(t, path, func(context.Context) error { prepared = true; return nil })
	if !prepared {
		t.Fatal("a killed process still holds the lock")
	}
}

func TestOpen_Files(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "lock")
	open(t, path, nil)
	for _, name := range []string{"lock", "lock.start"} {
		info, err := os.Lstat(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != fs.FileMode(0o600) {
			t.Errorf("%s has mode %v, want -rw-------", name, info.Mode())
		}
	}

	if err := os.Symlink(path, filepath.Join(folder, "link.start")); err != nil {
		t.Fatal(err)
	}
	if _, err := filelock.Open(t.Context(), filepath.Join(folder, "link"), nil); !errors.Is(err, jarvis.ErrUnavailable) {
		t.Errorf("Open through a symbolic link = %v, want CodeUnavailable", err)
	}
	if _, err := filelock.Open(t.Context(), filepath.Join(folder, "missing", "lock"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open in a missing folder = %v, want its cause to be fs.ErrNotExist", err)
	}
}

func TestLock_CloseTwice(t *testing.T) {
	lock := open(t, filepath.Join(t.TempDir(), "lock"), nil)
	closeLock(t, lock)
	closeLock(t, lock)
}
