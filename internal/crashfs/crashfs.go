// Package crashfs is a file system in memory for tests: one that forgets what
// was not synced when its power is cut, that fails when told to, and that hangs.
//
// It is pebble's crashable vfs.MemFS behind fsblob's FileSystem. Every
// operation that reaches the disk is counted, from 1, so that a test can try
// what happens after each of them: run once, ask Operations, then run again
// with CutAfter(n) for every n.
//
// Operations run one at a time: a clone is never taken during one, which
// vfs.MemFS.Link of v2.1.7 would answer with a deadlock.
package crashfs

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
)

// Kind is a kind of operation.
type Kind string

// The kinds that are counted. Closing a file, and taking a lock once its file
// is open, are not.
const (
	Create   Kind = "create"
	Open     Kind = "open"
	OpenDir  Kind = "open folder"
	State    Kind = "look at folder"
	Mkdir    Kind = "make folder"
	Link     Kind = "link"
	Rename   Kind = "rename"
	Remove   Kind = "remove"
	Lstat    Kind = "lstat"
	OpenLock Kind = "open lock"
	Usage    Kind = "usage"
	Read     Kind = "read"
	Write    Kind = "write"
	Sync     Kind = "sync"
	ReadDir  Kind = "list folder"
	SyncDir  Kind = "sync folder"
)

// ErrPowerOff is what every operation fails with once the power was cut.
var ErrPowerOff = errors.New("the power is off")

// FS is a file system in memory. It starts with an empty root, 1 TiB large and
// half free. All methods may be called concurrently.
type FS struct {
	mu         sync.Mutex
	mem        *vfs.MemFS
	trace      []string
	cutAfter   int
	off        bool
	offSignal  chan struct{}
	faults     []*fault
	hang       *hang
	usage      jarvis.Usage
	unsyncedRM map[string]bool // names removed since their folder was synced
	changes    int64
	changed    map[string]int64 // by folder, the last of the changes
	locks      lockTable
}

var _ fsblob.FileSystem = (*FS)(nil)

type fault struct {
	nth    int // counts down to 0
	sticky bool
	err    error
	kinds  []Kind
}

// hang stops operations. Each that stops says so on entered.
type hang struct {
	kinds    []Kind
	entered  chan string
	released chan struct{}
}

// New returns an empty file system.
func New() *FS { return newFS(vfs.NewCrashableMem()) }

func newFS(mem *vfs.MemFS) *FS {
	return &FS{
		mem:        mem,
		cutAfter:   math.MaxInt,
		offSignal:  make(chan struct{}),
		usage:      jarvis.Usage{Free: 1 << 39, Total: 1 << 40},
		unsyncedRM: make(map[string]bool),
		changed:    make(map[string]int64),
	}
}

// Operations returns how many operations were begun.
func (f *FS) Operations() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.trace)
}

// Trace returns the operations that were begun, in their order, for the message
// of a failing test.
func (f *FS) Trace() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.trace)
}

// CutAfter cuts the power when the operation of that number is complete: all
// later ones fail with ErrPowerOff and change nothing. When so many were
// already begun, it is cut now.
func (f *FS) CutAfter(operation int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cutAfter = operation
	f.cutIfDue()
}

// PowerOff is closed when the power is cut.
func (f *FS) PowerOff() <-chan struct{} { return f.offSignal }

func (f *FS) cutIfDue() {
	if len(f.trace) >= f.cutAfter && !f.off {
		f.off = true
		close(f.offSignal)
	}
}

// Crash cuts the power, unless that was done, and returns the file system as it
// is found after a reboot. Everything synced is there. Of what was not synced,
// each 4 KiB block, each new name and each removal of a name survives with a
// probability of percent, on its own. Files end at their last surviving block;
// lost blocks before it are zeros.
//
// The seed chooses what survives, together with the order in which Go happens
// to range over the maps of vfs.MemFS: the same seed may not do the same again.
func (f *FS) Crash(seed uint64, percent int) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cutAfter = 0
	f.cutIfDue()

	random := rand.New(rand.NewPCG(seed, 0))
	mem := f.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: random})
	names := make([]string, 0, len(f.unsyncedRM))
	for name := range f.unsyncedRM {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if random.IntN(100) < percent {
			forget(mem, name)
		}
	}
	after := newFS(mem)
	after.usage = f.usage
	return after
}

// forget makes the removal of name durable in a clone. vfs.MemFS itself always
// brings back what was removed and not synced.
func forget(mem *vfs.MemFS, name string) {
	if _, err := mem.Stat(memPath(name)); err != nil {
		return // its folder did not survive, or it was not synced itself
	}
	if err := mem.Remove(memPath(name)); err != nil {
		return // a folder that is not empty: what was removed from it came back
	}
	if err := syncMemDir(mem, path.Dir(name)); err != nil {
		panic(fmt.Sprintf("crashfs: sync a folder of the clone: %v", err))
	}
}

// FailAt makes the nth operation from now fail with err, counting only those of
// the given kinds, or all when there are none. It changes nothing, but for a
// write, of which half is done.
func (f *FS) FailAt(nth int, err error, kinds ...Kind) { f.fail(nth, false, err, kinds) }

// FailFrom is FailAt for the nth and all that follow, as on a disk that stays full.
func (f *FS) FailFrom(nth int, err error, kinds ...Kind) { f.fail(nth, true, err, kinds) }

func (f *FS) fail(nth int, sticky bool, err error, kinds []Kind) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, &fault{nth, sticky, err, kinds})
}

// Mend takes back every FailAt and FailFrom.
func (f *FS) Mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = nil
}

// Hang makes every operation of the given kinds, or all when there are none,
// stop before it does anything, until release is called. Each that stops is
// named on entered. There is one Hang at a time.
func (f *FS) Hang(kinds ...Kind) (entered <-chan string, release func()) {
	h := &hang{kinds, make(chan string, 1024), make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hang != nil {
		panic("crashfs: the disk hangs already")
	}
	f.hang = h
	return h.entered, sync.OnceFunc(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.hang = nil
		close(h.released)
	})
}

// SetUsage sets what Usage returns.
func (f *FS) SetUsage(usage jarvis.Usage) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.usage = usage
}

// step counts an operation and does it, unless it is to fail; then it does
// half, which may be nil.
func (f *FS) step(kind Kind, name string, do func() error, half func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.hang != nil && matches(f.hang.kinds, kind) {
		h := f.hang
		f.mu.Unlock()
		h.entered <- string(kind) + " " + name
		<-h.released
		f.mu.Lock()
	}
	if f.off {
		return &fs.PathError{Op: string(kind), Path: name, Err: ErrPowerOff}
	}
	f.trace = append(f.trace, fmt.Sprintf("%d %s %s", len(f.trace)+1, kind, name))
	defer f.cutIfDue()

	if err := f.due(kind); err != nil {
		err = &fs.PathError{Op: string(kind), Path: name, Err: err}
		if half != nil {
			return errors.Join(err, half())
		}
		return err
	}
	return do()
}

func (f *FS) due(kind Kind) error {
	for i, fault := range f.faults {
		if !matches(fault.kinds, kind) {
			continue
		}
		if fault.nth--; fault.nth > 0 {
			continue
		}
		if !fault.sticky {
			f.faults = slices.Delete(f.faults, i, i+1)
		}
		return fault.err
	}
	return nil
}

func matches(kinds []Kind, kind Kind) bool {
	return len(kinds) == 0 || slices.Contains(kinds, kind)
}

// memPath is the path of name in a vfs.MemFS.
func memPath(name string) string { return path.Join("/", name) }

func syncMemDir(mem *vfs.MemFS, name string) error {
	dir, err := mem.OpenDir(memPath(name))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func pathError(kind Kind, name string, errno syscall.Errno) error {
	return &fs.PathError{Op: string(kind), Path: name, Err: errno}
}
