package fsblob_test

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// survival is what part of the unsynced data, in percent, a crash leaves.
var survival = []int{0, 20, 50, 80, 100}

func newDisk(t testing.TB) *crashfs.FS {
	t.Helper()
	disk := crashfs.New()
	if err := disk.WriteFile(foreignFile, []byte(foreignText)); err != nil {
		t.Fatal(err)
	}
	return disk
}

// runScript opens a store on disk and runs a script on it, as far as the disk lets it.
func runScript(t testing.TB, disk *crashfs.FS) *script {
	t.Helper()
	s := newScript()
	store, err := fsblob.Open(t.Context(), "tree", fsblob.Options{FS: disk, Create: true})
	if err != nil {
		s.errs = append(s.errs, err)
		return s
	}
	s.run(t.Context(), store)
	if err := store.Close(); err != nil {
		s.errs = append(s.errs, err)
	}
	return s
}

func TestStore_Crash(t *testing.T) {
	disk := newDisk(t)
	whole := runScript(t, disk)
	if len(whole.errs) > 0 {
		t.Fatalf("without a cut: %v", errors.Join(whole.errs...))
	}
	operations, cuts := disk.Operations(), 0
	for n := 1; n <= operations; n++ {
		for _, percent := range survival {
			for seed := range uint64(proof.Rounds(2, 40)) {
				disk := newDisk(t)
				disk.CutAfter(n)
				s := runScript(t, disk)
				if err := s.check(t, disk.Crash(seed, percent)); err != nil {
					t.Fatalf("cut after operation %d of %d, %d%% of the rest survive: %v\n%s",
						n, operations, percent, err, strings.Join(disk.Trace(), "\n"))
				}
				cuts++
			}
		}
	}
	proof.Record(t, "cut the power %d times, after each of %d operations: nothing acknowledged lost, nothing published in part", cuts, operations)
}

// TestStore_CrashForty cuts the power while forty captures are stored at once.
func TestStore_CrashForty(t *testing.T) {
	const writers = 40
	run := func(disk *crashfs.FS) (*book, error) {
		var b book
		store, err := fsblob.Open(t.Context(), "tree", fsblob.Options{FS: disk, Create: true})
		if err != nil {
			return &b, err
		}
		var errs [writers]error
		var writing sync.WaitGroup
		for i := range writers {
			writing.Go(func() {
				text := strings.Repeat(fmt.Sprintf("image %d ", i), 1000)
				id := jarvis.NewRandomID()
				name := store.Name(id, time.Date(2026, time.January, 1+i%3, 0, 0, 0, 0, time.UTC), jarvis.JPEG)
				errs[i] = b.attempt(name.String(), text, func() error {
					staged, err := store.Stage(t.Context(), id, []byte(text))
					if err != nil {
						return err
					}
					defer staged.Discard()
					unlock, err := store.Lock(t.Context(), id)
					if err != nil {
						return err
					}
					defer unlock()
					return staged.Publish(t.Context(), name)
				})
			})
		}
		writing.Wait()
		return &b, errors.Join(append(errs[:], store.Close())...)
	}

	disk := crashfs.New()
	if whole, err := run(disk); err != nil || whole.acknowledged() != writers {
		t.Fatalf("without a cut %d of %d were stored: %v", whole.acknowledged(), writers, err)
	}
	operations, cuts, acknowledged := disk.Operations(), 0, 0
	for n := 1; n <= operations; n += proof.Rounds(7, 1) {
		for _, percent := range survival {
			for seed := range uint64(proof.Rounds(1, 5)) {
				disk := crashfs.New()
				disk.CutAfter(n)
				b, err := run(disk)
				if err != nil && !errors.Is(err, crashfs.ErrPowerOff) {
					t.Fatalf("cut after operation %d: %v", n, err)
				}
				cuts++
				acknowledged += b.acknowledged()
				if err := b.check(disk.Crash(seed, percent)); err != nil {
					t.Fatalf("cut after operation %d, %d%% of the rest survive: %v\n%s", n, percent, err, strings.Join(disk.Trace(), "\n"))
				}
			}
		}
	}
	proof.Record(t, "cut the power %d times while %d captures were stored at once: all of the %d acknowledged were there", cuts, writers, acknowledged)
}

// TestStore_CrashTwice cuts the power again while the tree is opened after a cut.
func TestStore_CrashTwice(t *testing.T) {
	first := newDisk(t)
	first.CutAfter(60)
	s := runScript(t, first)
	once := first.Crash(1, 50)
	probe := once.Crash(1, 100)
	store, err := fsblob.Open(t.Context(), "tree", fsblob.Options{FS: probe})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= probe.Operations(); n++ {
		disk := once.Crash(2, 100)
		disk.CutAfter(n)
		if store, err := fsblob.Open(t.Context(), "tree", fsblob.Options{FS: disk, Create: true}); err == nil {
			if err := store.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		if err := s.book.check(disk.Crash(3, 50)); err != nil {
			t.Fatalf("cut after operation %d of opening: %v", n, err)
		}
	}
}

// TestStore_CrashFolderMadeAnew stores into a folder that somebody removed and
// made again while the store was open, without a sync.
func TestStore_CrashFolderMadeAnew(t *testing.T) {
	folders := []string{"2026", "2026/01", "2026/01/24"}
	for _, removed := range folders {
		for _, meanwhile := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s meanwhile %t", removed, meanwhile), func(t *testing.T) {
				disk := crashfs.New()
				store := open(t, "tree", fsblob.Options{FS: disk, Create: true})
				publish := func(text string) (string, error) {
					id := jarvis.NewRandomID()
					name := store.Name(id, time.Date(2026, time.January, 24, 0, 0, 0, 0, time.UTC), jarvis.JPEG)
					staged, err := store.Stage(t.Context(), id, []byte(text))
					if err != nil {
						return "", err
					}
					defer staged.Discard()
					return name.String(), staged.Publish(t.Context(), name)
				}
				makeAnew := func() {
					if err := disk.RemoveAll(removed); err != nil {
						t.Fatal(err)
					}
					for _, folder := range folders {
						if err := disk.Mkdir(folder); err != nil && !errors.Is(err, fs.ErrExist) {
							t.Fatal(err)
						}
					}
				}
				if _, err := publish("first"); err != nil {
					t.Fatal(err)
				}
				published := make(chan string, 1)
				second := func() {
					name, err := publish("second")
					if err != nil {
						t.Error(err)
					}
					published <- name
				}
				if meanwhile {
					entered, release := disk.Hang(crashfs.Link)
					go second()
					<-entered
					makeAnew()
					release()
				} else {
					makeAnew()
					second()
				}
				name := <-published
				if got, err := disk.Crash(1, 0).ReadFile(name); err != nil || string(got) != "second" {
					t.Errorf("after the crash %s holds %q, %v\n%s", name, got, err, strings.Join(disk.Trace(), "\n"))
				}
			})
		}
	}
}
