package fsblob

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// hungAfter is how long a single file operation may last before Check says that
// the disk does not answer.
const hungAfter = 30 * time.Second

// health is what is known to be wrong.
type health struct {
	poison atomic.Pointer[jarvis.Error] // set once a sync has failed

	mu    sync.Mutex
	probe *probe // the one that runs
	loose []error
}

// probe is one look at the disk on behalf of every Check that waits for it.
type probe struct {
	done chan struct{}
	err  error
}

// accepting returns nil while something may be stored.
func (h *health) accepting() error {
	if poison := h.poison.Load(); poison != nil {
		return poison
	}
	return nil
}

// mutate runs op, which stores or removes something, when that is still
// allowed, and again refuses to acknowledge it when a sync failed meanwhile:
// the kernel may report an error of one file to the fsync of another.
func (h *health) mutate(op func() error) error {
	if err := h.accepting(); err != nil {
		return err
	}
	if err := op(); err != nil {
		if failed, ok := errors.AsType[*syncError](err); ok {
			return h.poisoned(failed)
		}
		return err
	}
	return h.accepting()
}

func (h *health) poisoned(failed *syncError) error {
	_, meaning := meaningOf(failed.err)
	h.poison.CompareAndSwap(nil, &jarvis.Error{
		Code:    jarvis.CodeUnavailable,
		Op:      "fsblob: sync",
		Message: fmt.Sprintf("the disk failed to sync %s, so what was written may be lost, and nothing more is stored until Jarvis is started anew: %s", failed.name, meaning),
		Err:     failed,
	})
	return h.poison.Load()
}

// note keeps an error that no caller is there for, until Close returns it.
func (h *health) note(err error) {
	const enough = 16
	if err == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.loose) < enough {
		h.loose = append(h.loose, err)
	}
}

func (h *health) noted() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return errors.Join(h.loose...)
}

// Check implements jarvis.BlobStore. It makes and removes a small file, without
// syncing it, and compares the free space with the watermark. It returns within
// two seconds when the disk hangs.
func (s *Store) Check(ctx context.Context) error {
	if ctx.Err() != nil {
		return stopped(ctx.Err())
	}
	if s.inFlight.closed() {
		return errClosed()
	}
	if err := s.health.accepting(); err != nil {
		return err
	}
	if since := s.inFlight.longest(); since > hungAfter {
		return errHangs(since)
	}
	p := s.startProbe()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.done:
		return p.err
	case <-timer.C:
		return errHangs(max(patience, s.inFlight.longest()))
	case <-ctx.Done():
		return stopped(ctx.Err())
	}
}

// startProbe returns the probe that runs, and starts one when there is none. It
// takes no slot, so that it answers while all of them are in use.
func (s *Store) startProbe() *probe {
	h := &s.health
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.probe != nil {
		return h.probe
	}
	p := &probe{done: make(chan struct{})}
	h.probe = p
	go func() {
		p.err = s.look()
		h.mu.Lock()
		h.probe = nil
		h.mu.Unlock()
		close(p.done)
	}()
	return p
}

func (s *Store) look() error {
	if !s.prepared.Load() {
		return s.space.check() // nothing is written to a folder that may not be ours
	}
	name := stagingName()
	file, err := s.create(name)
	if err != nil {
		return s.failWrite("write", name, err)
	}
	if err := errors.Join(file.Close(), s.fs.Remove(name)); err != nil {
		return s.failWrite("write", name, err)
	}
	return s.space.check()
}

func errHangs(since time.Duration) error {
	return jarvis.Errorf(jarvis.CodeUnavailable, "the disk of the storage has not answered for %s: check the disk, or the network that it is on", since.Round(time.Second))
}
