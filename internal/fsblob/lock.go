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

// idShards is how many lock files the ids share. Two processes whose ids fall
// on one file wait for each other although they need not; within a process ids
// never do.
const idShards = 256

// idLocks are the locks of ids: a keyed lock against the other goroutines of
// this process, and one of the shared lock files against other processes, held
// while any id of it is locked here.
//
// Nobody deadlocks who holds one id at a time.
type idLocks struct {
	ids    keyedLock[jarvis.ID]
	opens  keyedLock[uint8] // one goroutine at a time locks a shard's file
	mu     sync.Mutex
	shards [idShards]struct {
		file  filelock.File
		users int
	}
}

// Lock implements jarvis.BlobStore. A goroutine holds one lock at a time: with
// two, it and another process may wait for each other.
func (s *Store) Lock(ctx context.Context, id jarvis.ID) (unlock func(), err error) {
	if id.IsZero() {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the zero id cannot be locked")
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

func shardOf(id jarvis.ID) uint8 {
	hash := fnv.New32a()
	hash.Write([]byte(id.String())) // never fails
	sum := hash.Sum32()
	return uint8(sum ^ sum>>8 ^ sum>>16 ^ sum>>24)
}

func (s *Store) lockShard(ctx context.Context, n uint8) error {
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
	l.mu.Unlock()

	name := path.Join(locksFolder, fmt.Sprintf("%02x", n))
	file, err := do(ctx, s.inFlight, func() (filelock.File, error) {
		file, err := s.openLock(name)
		return file, fail("lock", name, err)
	}, func(file filelock.File) { s.health.note(file.Close()) })
	if err != nil {
		return err
	}
	// flock(2) of an open file does not reach for the disk, so it needs no slot.
	if err := filelock.Wait(ctx, file, filelock.Exclusive); err != nil {
		s.health.note(file.Close())
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	shard.file, shard.users = file, 1
	return nil
}

// openLock opens a lock file, and makes its folder again when somebody removed it.
func (s *Store) openLock(name string) (filelock.File, error) {
	file, err := s.fs.OpenLock(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	s.folders.forget()
	if err := s.folders.ensure(path.Dir(name)); err != nil {
		return nil, err
	}
	return s.fs.OpenLock(name)
}

func (s *Store) unlockShard(n uint8) {
	l := &s.ids
	l.mu.Lock()
	defer l.mu.Unlock()
	shard := &l.shards[n]
	if shard.users--; shard.users == 0 {
		s.health.note(shard.file.Close())
		shard.file = nil
	}
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
		return ctx.Err()
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
		return ctx.Err()
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
