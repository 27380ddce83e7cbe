package fsblob

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"path"
	"sync"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/filelock"
)

// idShards is how many lock files the ids share, and at most how many of them
// are open. Two processes whose ids fall on one file wait for each other
// although they need not; within a process ids never do.
const idShards = 64

// idLocks are the locks of ids: a keyed lock against the other goroutines of
// this process, and one of the shared lock files against other processes, held
// while any id of it is locked here.
//
// Nobody deadlocks who holds one id at a time.
type idLocks struct {
	ids    keyedLock[jarvis.ID]
	opens  keyedLock[uint32] // one goroutine at a time locks a shard's file
	mu     sync.Mutex
	closed bool
	shards [idShards]shard
}

// shard is one lock file. It is opened when it is first needed and kept open:
// then a lock does not reach for the disk, which may hang.
type shard struct {
	file  filelock.File
	users int // ids of it that are locked in this process; the file is locked while there are any
}

// Lock implements jarvis.BlobStore. A goroutine holds one lock at a time: with
// two, it and another process may wait for each other.
func (s *Store) Lock(ctx context.Context, id jarvis.ID) (unlock func(), err error) {
	if id.IsZero() {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the zero id cannot be locked")
	}
	if s.inFlight.closed() {
		return nil, errClosed()
	}
	if err := s.writable(ctx); err != nil {
		return nil, err
	}
	if err := s.ids.ids.lock(ctx, id); err != nil {
		return nil, err
	}
	shard := shardOf(id)
	if err := s.lockShard(ctx, shard); err != nil {
		s.ids.ids.unlock(id)
		return nil, err
	}
	return sync.OnceFunc(func() {
		s.unlockShard(shard)
		s.ids.ids.unlock(id)
	}), nil
}

func shardOf(id jarvis.ID) uint32 {
	hash := fnv.New32a()
	hash.Write([]byte(id.String())) // never fails
	return hash.Sum32() % idShards
}

func (s *Store) lockShard(ctx context.Context, n uint32) error {
	l := &s.ids
	if err := l.opens.lock(ctx, n); err != nil {
		return err
	}
	defer l.opens.unlock(n)

	l.mu.Lock()
	shard := &l.shards[n]
	if shard.users > 0 {
		shard.users++
		l.mu.Unlock()
		return nil
	}
	file := shard.file
	l.mu.Unlock()

	if file == nil {
		var err error
		if file, err = s.openShard(ctx, n); err != nil {
			return err
		}
	}
	// flock(2) of an open file does not reach for the disk, so it needs no slot.
	if err := filelock.Wait(ctx, file, filelock.Exclusive); err != nil {
		return fail("lock", locksFolder, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	shard.users = 1
	return nil
}

// openShard opens the file of a shard and keeps it. The caller has the shard
// in opens.
func (s *Store) openShard(ctx context.Context, n uint32) (filelock.File, error) {
	name := path.Join(locksFolder, fmt.Sprintf("%02x", n))
	file, err := do(ctx, s.inFlight, func() (filelock.File, error) {
		file, err := s.openLock(name)
		return file, fail("lock", name, err)
	}, func(file filelock.File) { s.health.note(file.Close()) })
	if err != nil {
		return nil, err
	}
	s.ids.mu.Lock()
	defer s.ids.mu.Unlock()
	if s.ids.closed {
		return nil, errors.Join(errClosed(), file.Close())
	}
	s.ids.shards[n].file = file
	return file, nil
}

// openLock opens a lock file, and makes its folder again when somebody removed it.
func (s *Store) openLock(name string) (filelock.File, error) {
	file, err := s.fs.OpenLock(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := s.folders.remake(path.Dir(name)); err != nil {
		return nil, err
	}
	return s.fs.OpenLock(name)
}

func (s *Store) unlockShard(n uint32) {
	l := &s.ids
	l.mu.Lock()
	defer l.mu.Unlock()
	shard := &l.shards[n]
	if shard.users--; shard.users == 0 && !l.closed {
		s.health.note(shard.file.Unlock())
	}
}

// close closes the lock files, and so releases what is still locked.
func (l *idLocks) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	var errs []error
	for i := range l.shards {
		if file := l.shards[i].file; file != nil {
			errs = append(errs, file.Close())
		}
	}
	return errors.Join(errs...)
}

// keyedLock is a lock per key. The zero keyedLock is ready.
type keyedLock[K comparable] struct {
	mu   sync.Mutex
	keys map[K]*keyState
}

type keyState struct {
	held  chan struct{} // full while somebody holds the key
	users int           // who hold it or wait for it
}

func (l *keyedLock[K]) lock(ctx context.Context, key K) error {
	if ctx.Err() != nil {
		return stopped(ctx.Err())
	}
	l.mu.Lock()
	state := l.keys[key]
	if state == nil {
		if l.keys == nil {
			l.keys = make(map[K]*keyState)
		}
		state = &keyState{held: make(chan struct{}, 1)}
		l.keys[key] = state
	}
	state.users++
	l.mu.Unlock()

	select {
	case state.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		l.leave(key, state)
		return stopped(ctx.Err())
	}
}

func (l *keyedLock[K]) unlock(key K) {
	l.mu.Lock()
	state := l.keys[key]
	l.mu.Unlock()
	<-state.held
	l.leave(key, state)
}

func (l *keyedLock[K]) leave(key K, state *keyState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if state.users--; state.users == 0 {
		delete(l.keys, key)
	}
}
