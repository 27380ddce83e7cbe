package fsblob_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// TestStore_Fault makes every single operation fail, once or from then on.
func TestStore_Fault(t *testing.T) {
	whole := newDisk(t)
	runScript(t, whole)
	operations, runs := whole.Operations(), 0
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO, syscall.EROFS, syscall.EACCES, syscall.EMFILE} {
		for n := 1; n <= operations; n++ {
			for _, sticky := range []bool{false, true} {
				disk := newDisk(t)
				if sticky {
					disk.FailFrom(n, errno)
				} else {
					disk.FailAt(n, errno)
				}
				s := runScript(t, disk)
				disk.Mend()
				if err := checkFault(t, s, disk, errno, 50*(n%2)); err != nil {
					t.Fatalf("%v at operation %d of %d, from then on: %t: %v\n%s",
						errno, n, operations, sticky, err, strings.Join(disk.Trace(), "\n"))
				}
				runs++
			}
		}
	}
	proof.Record(t, "%d runs, with each of %d operations failing: clear errors, nothing acknowledged lost", runs, operations)
}

func checkFault(t *testing.T, s *script, disk *crashfs.FS, errno syscall.Errno, percent int) error {
	for _, err := range s.errs {
		e, ok := errors.AsType[*jarvis.Error](err)
		switch {
		case !ok:
			return fmt.Errorf("%v is no *jarvis.Error", err)
		case e.Code != jarvis.CodeUnavailable && (errno != syscall.ENOSPC || e.Code != jarvis.CodeNoSpace):
			return fmt.Errorf("%v has the code %s", err, e.Code)
		case strings.Contains(e.Message, "\n") || len(e.Message) > 400:
			return fmt.Errorf("not one line: %q", e.Message)
		}
	}
	// The disk itself, before anything is swept: what was acknowledged, and
	// besides only images that were about to be, and staging files.
	if err := s.book.check(disk); err != nil {
		return err
	}
	if err := s.check(t, disk.Crash(1, percent)); err != nil {
		return fmt.Errorf("after a crash, %d%% survive: %w", percent, err)
	}
	return nil
}

func TestStore_FailedSync(t *testing.T) {
	for _, kind := range []crashfs.Kind{crashfs.Sync, crashfs.SyncDir} {
		t.Run(string(kind), func(t *testing.T) {
			disk := newDisk(t)
			store := open(t, "tree", fsblob.Options{FS: disk, Create: true})
			s := newScript()
			kept := strings.Repeat("kept", 100)
			if err := s.book.attempt(s.names[0].String(), kept, s.publish(t.Context(), store, 0, kept)); err != nil {
				t.Fatal(err)
			}
			early, err := store.Stage(t.Context(), s.names[2].ID(), []byte("staged before the failure"))
			if err != nil {
				t.Fatal(err)
			}
			defer early.Discard()

			disk.FailAt(1, syscall.EIO, kind)
			err = s.book.attempt(s.names[1].String(), "lost", s.publish(t.Context(), store, 1, "lost"))
			if !errors.Is(err, jarvis.ErrUnavailable) || !errors.Is(err, syscall.EIO) {
				t.Fatalf("publish with a failed sync = %v", err)
			}

			// The disk works again, and still nothing is accepted.
			operations := disk.Operations()
			refused := map[string]error{
				"Publish":     early.Publish(t.Context(), s.names[2]),
				"Replace":     early.Replace(t.Context(), s.names[2]),
				"Delete":      store.Delete(t.Context(), s.names[0]),
				"WriteMarker": store.WriteMarker(t.Context(), s.marker),
				"Check":       store.Check(t.Context()),
			}
			_, refused["Stage"] = store.Stage(t.Context(), jarvis.NewRandomID(), []byte("new"))
			_, refused["Quarantine"] = store.Quarantine(t.Context(), s.names[0].Day(), "notes.txt")
			for what, err := range refused {
				if !errors.Is(err, jarvis.ErrUnavailable) || !strings.Contains(err.Error(), "failed to sync") {
					t.Errorf("%s after a failed sync = %v", what, err)
				}
			}
			if extra := disk.Trace()[operations:]; len(extra) > 0 {
				for _, op := range extra {
					if !strings.Contains(op, "remove .jarvis/staging/") {
						t.Errorf("a poisoned store did %s", op)
					}
				}
			}
			if got, err := store.Read(t.Context(), s.names[0]); err != nil || !bytes.Equal(got, []byte(kept)) {
				t.Errorf("Read after a failed sync = %d bytes, %v", len(got), err)
			}

			again := open(t, "tree", fsblob.Options{FS: disk, Create: true})
			if err := again.Check(t.Context()); err != nil {
				t.Errorf("Check of a store opened anew: %v", err)
			}
			if err := s.book.check(disk); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestStore_FailedSyncMeanwhile: what succeeds while another sync fails is not
// acknowledged either.
func TestStore_FailedSyncMeanwhile(t *testing.T) {
	disk := crashfs.New()
	store := open(t, "tree", fsblob.Options{FS: disk, Create: true})
	s := newScript()
	entered, release := disk.Hang(crashfs.Link)
	slow := make(chan error, 1)
	go func() { slow <- s.publish(t.Context(), store, 0, "slow")() }()
	<-entered
	disk.FailAt(1, syscall.EIO, crashfs.Sync)
	if _, err := store.Stage(t.Context(), jarvis.NewRandomID(), []byte("lost")); !errors.Is(err, jarvis.ErrUnavailable) {
		t.Errorf("Stage with a failed sync = %v", err)
	}
	release()
	if err := <-slow; !errors.Is(err, jarvis.ErrUnavailable) {
		t.Errorf("publish that ended after a failed sync = %v, want it refused", err)
	}
}

func TestStore_NoSpace(t *testing.T) {
	const total = 100 << 30
	fixed := func(bytes int64) func(int64) int64 { return func(int64) int64 { return bytes } }
	part := func(total int64) int64 { return total / 50 }
	cases := []struct {
		name    string
		minFree func(int64) int64
		free    int64
		size    int
		refused bool
	}{
		{"too little", fixed(1 << 30), 1<<30 - 1, 0, true},
		{"just enough", fixed(1 << 30), 1<<30 + 1000, 1000, false},
		{"one byte too many", fixed(1 << 30), 1<<30 + 1000, 1001, true},
		{"part, just enough", part, 2<<30 + 1000, 1000, false},
		{"part, one byte too many", part, 2<<30 + 1000, 1001, true},
		{"none", nil, 1000, 1000, false},
		{"none, and too little", nil, 1000, 1001, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			disk := crashfs.New()
			disk.SetUsage(jarvis.Usage{Free: c.free, Total: total})
			store := open(t, "tree", fsblob.Options{FS: disk, Create: true, MinFree: c.minFree})
			staged, err := store.Stage(t.Context(), jarvis.NewRandomID(), make([]byte, c.size))
			if err == nil {
				staged.Discard()
			}
			if refused := errors.Is(err, jarvis.ErrNoSpace); refused != c.refused || err != nil && !refused {
				t.Errorf("Stage = %v, want refused: %t", err, c.refused)
			}
		})
	}

	t.Run("what is refused says why", func(t *testing.T) {
		disk := crashfs.New()
		disk.SetUsage(jarvis.Usage{Free: 21 << 20, Total: 1 << 30})
		store := open(t, "tree", fsblob.Options{FS: disk, Create: true, MinFree: part})
		if err := store.Check(t.Context()); err != nil {
			t.Errorf("Check above the watermark: %v", err)
		}
		disk.SetUsage(jarvis.Usage{Free: 20 << 20, Total: 1 << 30})
		err := store.Check(t.Context())
		const want = "the disk of the storage tree is full: 20.0 MiB of 1.0 GiB free, and 20.5 MiB are kept in reserve: free some space, or lower the reserve"
		if !errors.Is(err, jarvis.ErrNoSpace) || err.Error() != want {
			t.Errorf("Check below the watermark = %v, want %s", err, want)
		}
	})

	t.Run("no room is no room, watermark or not", func(t *testing.T) {
		disk := crashfs.New()
		store := open(t, "tree", fsblob.Options{FS: disk, Create: true})
		for free, full := range map[int64]bool{0: true, 4095: true, 4096: false} {
			disk.SetUsage(jarvis.Usage{Free: free, Total: total})
			if err := store.Check(t.Context()); errors.Is(err, jarvis.ErrNoSpace) != full || err != nil && !full {
				t.Errorf("Check with %d bytes free: %v", free, err)
			}
		}
	})

	t.Run("room that is too small for what comes is none", func(t *testing.T) {
		disk := crashfs.New()
		disk.SetUsage(jarvis.Usage{Free: 10_000, Total: total})
		store := open(t, "tree", fsblob.Options{FS: disk, Create: true})
		check := func(when string, full bool) {
			t.Helper()
			if err := store.Check(t.Context()); errors.Is(err, jarvis.ErrNoSpace) != full || err != nil && !full {
				t.Errorf("Check %s: %v", when, err)
			}
		}
		check("before", false)
		if _, err := store.Stage(t.Context(), jarvis.NewRandomID(), make([]byte, 20_000)); !errors.Is(err, jarvis.ErrNoSpace) {
			t.Errorf("Stage = %v, want CodeNoSpace", err)
		}
		check("after an image was refused", true)
		disk.SetUsage(jarvis.Usage{Free: 20_000, Total: total})
		check("when that would fit in", false)
		disk.SetUsage(jarvis.Usage{Free: 10_000, Total: total})
		check("when it would not again", true)
		staged, err := store.Stage(t.Context(), jarvis.NewRandomID(), make([]byte, 1000))
		if err != nil {
			t.Fatal(err)
		}
		defer staged.Discard()
		check("after another one was taken", false)
	})

	t.Run("what was staged is counted", func(t *testing.T) {
		disk := crashfs.New()
		disk.SetUsage(jarvis.Usage{Free: 2500, Total: total})
		store := open(t, "tree", fsblob.Options{FS: disk, Create: true, MinFree: fixed(500)})
		before := disk.Operations()
		for range 2 {
			staged, err := store.Stage(t.Context(), jarvis.NewRandomID(), make([]byte, 1000))
			if err != nil {
				t.Fatal(err)
			}
			defer staged.Discard()
		}
		disk.SetUsage(jarvis.Usage{Free: 500, Total: total})
		if _, err := store.Stage(t.Context(), jarvis.NewRandomID(), make([]byte, 1000)); !errors.Is(err, jarvis.ErrNoSpace) {
			t.Errorf("a third Stage = %v, want CodeNoSpace", err)
		}
		asked := 0
		for _, op := range disk.Trace()[before:] {
			if strings.Contains(op, " usage ") {
				asked++
			}
		}
		if asked != 2 {
			t.Errorf("asked %d times for the free space, want once, and again before refusing", asked)
		}
		// Room that others make is seen at once.
		disk.SetUsage(jarvis.Usage{Free: 5000, Total: total})
		staged, err := store.Stage(t.Context(), jarvis.NewRandomID(), make([]byte, 1000))
		if err != nil {
			t.Fatalf("Stage after room was made: %v", err)
		}
		staged.Discard()
	})
}
