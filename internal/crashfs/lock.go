package crashfs

import (
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/jarvis-memory/jarvis/internal/filelock"
)

// lockTable is the locks of a running system: they are gone after a crash.
type lockTable struct {
	mu    sync.Mutex
	files map[string]map[*lockHandle]filelock.Mode
}

type lockHandle struct {
	fs   *FS
	name string
}

// OpenLock implements fsblob.FileSystem. Handles exclude each other, as those
// of different processes would.
func (f *FS) OpenLock(name string) (filelock.File, error) {
	err := f.step(OpenLock, name, func() error {
		if _, err := f.stat(OpenLock, name); err == nil {
			return nil
		}
		if err := f.vacant(OpenLock, name); err != nil {
			return err
		}
		mem, err := f.mem.Create(memPath(name), vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		f.added(name)
		return mem.Close()
	}, nil)
	if err != nil {
		return nil, err
	}
	return &lockHandle{f, name}, nil
}

func (h *lockHandle) Try(mode filelock.Mode) (bool, error) {
	select {
	case <-h.fs.offSignal:
		return false, ErrPowerOff
	default:
	}
	t := &h.fs.locks
	t.mu.Lock()
	defer t.mu.Unlock()
	holders := t.files[h.name]
	delete(holders, h)
	for _, held := range holders {
		if mode == filelock.Exclusive || held == filelock.Exclusive {
			return false, nil
		}
	}
	if holders == nil {
		holders = make(map[*lockHandle]filelock.Mode)
		if t.files == nil {
			t.files = make(map[string]map[*lockHandle]filelock.Mode)
		}
		t.files[h.name] = holders
	}
	holders[h] = mode
	return true, nil
}

func (h *lockHandle) Close() error { return h.Unlock() }

func (h *lockHandle) Unlock() error {
	t := &h.fs.locks
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.files[h.name], h)
	return nil
}
