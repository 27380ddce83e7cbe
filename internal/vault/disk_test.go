package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/crashfs"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
	"github.com/jarvis-memory/jarvis/internal/proof"
	"github.com/jarvis-memory/jarvis/internal/vault"
)

// A script stores images in a tree on a disk that fails.
type script struct {
	id           *vault.Identity
	acknowledged map[jarvis.BlobName][]byte
	errs         []error
}

const scriptImages = 4

// run stores images of two days. What fails does not stop it.
func (s *script) run(t *testing.T, disk *crashfs.FS) {
	t.Helper()
	files, err := fsblob.Open(t.Context(), "tree", fsblob.Options{FS: disk})
	if err != nil {
		s.errs = append(s.errs, err)
		return
	}
	store := vault.Seal(files, s.id)
	for i := range scriptImages {
		day := time.Date(2026, time.January, 1+i/2, 0, 0, 0, 0, time.UTC)
		data := bytes.Repeat(fmt.Appendf(nil, "image %d ", i), 10_000)
		name, err := put(t.Context(), store, day, data)
		if err != nil {
			s.errs = append(s.errs, err)
			continue
		}
		s.acknowledged[name] = data
	}
	// Closing reports what could not be tidied up on a disk that failed.
	if err := files.Close(); err != nil {
		s.errs = append(s.errs, err)
	}
}

// runScript runs a script on the disk.
func runScript(t *testing.T, disk *crashfs.FS, id *vault.Identity) *script {
	t.Helper()
	s := &script{id: id, acknowledged: map[jarvis.BlobName][]byte{}}
	s.run(t, disk)
	return s
}

// wholeScript runs a script on a disk that does not fail, and returns the number of
// its operations.
func wholeScript(t *testing.T, id *vault.Identity) int {
	t.Helper()
	disk := crashfs.New()
	if s := runScript(t, disk, id); len(s.acknowledged) != scriptImages || s.errs != nil {
		t.Fatalf("%d of %d were stored, errors %v", len(s.acknowledged), scriptImages, s.errs)
	}
	return disk.Operations()
}

// TestStore_Crash cuts the power after every operation: what was acknowledged
// opens, and what has a name is whole.
func TestStore_Crash(t *testing.T) {
	id := newIdentity(t)
	operations, cuts := wholeScript(t, id), 0
	for n := 1; n <= operations; n++ {
		for seed := range uint64(proof.Rounds(2, 40)) {
			disk := crashfs.New()
			disk.CutAfter(n)
			s := runScript(t, disk, id)
			if err := s.check(t, disk.Crash(seed, int(seed*37)%101)); err != nil {
				t.Fatalf("cut after operation %d of %d: %v\n%s", n, operations, err, strings.Join(disk.Trace(), "\n"))
			}
			cuts++
		}
	}
	proof.Record(t, "cut the power %d times, after each of %d operations: every acknowledged image opened", cuts, operations)
}

// TestStore_Fault makes every operation fail, once or from then on, on a disk
// that is full or broken: what was acknowledged opens, also after a cut, what has a
// name is whole, and each error says what is wrong with the disk.
func TestStore_Fault(t *testing.T) {
	id := newIdentity(t)
	operations, runs := wholeScript(t, id), 0
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EIO} {
		for n := 1; n <= operations; n++ {
			for _, sticky := range []bool{false, true} {
				disk := crashfs.New()
				if sticky {
					disk.FailFrom(n, errno)
				} else {
					disk.FailAt(n, errno)
				}
				s := runScript(t, disk, id)
				disk.Mend()
				err := s.checkErrors(errno)
				for _, percent := range []int{0, 50, 100} {
					err = errors.Join(err, s.check(t, disk.Crash(uint64(n), percent)))
				}
				if err != nil {
					t.Fatalf("%v at operation %d of %d, from then on: %t: %v\n%s", errno, n, operations, sticky, err, strings.Join(disk.Trace(), "\n"))
				}
				runs++
			}
		}
	}
	proof.Record(t, "%d runs, with each of %d operations failing: clear errors, and every acknowledged image opened", runs, operations)
}

// checkErrors looks for errors that do not say what is wrong with the disk.
func (s *script) checkErrors(errno syscall.Errno) error {
	for _, err := range s.errs {
		e, ok := errors.AsType[*jarvis.Error](err)
		switch {
		case !ok:
			return fmt.Errorf("%w is no *jarvis.Error", err)
		case e.Code != jarvis.CodeUnavailable && (errno != syscall.ENOSPC || e.Code != jarvis.CodeNoSpace):
			return fmt.Errorf("%w has the code %s", err, e.Code)
		}
	}
	return nil
}

// check opens the tree after a cut: every image that has a name opens, and all
// of those that were acknowledged are there.
func (s *script) check(t *testing.T, disk *crashfs.FS) error {
	t.Helper()
	files, err := fsblob.Open(t.Context(), "tree", fsblob.Options{FS: disk})
	if err != nil {
		return err
	}
	store := vault.Seal(files, s.id)
	for name, want := range s.acknowledged {
		if got, err := store.Read(t.Context(), name); err != nil || !bytes.Equal(got, want) {
			return errors.Join(fmt.Errorf("the acknowledged %s has %d bytes, error %w", name, len(got), err), files.Close())
		}
	}
	days, err := store.Days(t.Context())
	for _, day := range days {
		err = errors.Join(err, store.WalkDay(t.Context(), day, func(info jarvis.BlobInfo) error {
			_, err := store.Read(t.Context(), info.Name)
			return err
		}))
	}
	return errors.Join(err, files.Close())
}
