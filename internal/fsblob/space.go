package fsblob

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
)

// usageAge is how long an answer of the file system about its free space is
// used; what we write meanwhile is subtracted from it.
const usageAge = time.Second

// space watches over the free space.
type space struct {
	fs      FileSystem
	root    string                  // for messages
	minFree func(total int64) int64 // as in Options

	mu      sync.Mutex
	usage   jarvis.Usage
	at      time.Time
	written int64 // since at
	refused int64 // bytes of what had no room, when nothing had since; else 0
}

// reserve refuses to store so many bytes when that would leave less than the
// watermark.
func (s *space) reserve(size int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Near the watermark what others write and remove matters: ask again.
	if time.Since(s.at) > usageAge || s.shortage(size) != nil {
		if err := s.refresh(); err != nil {
			return err
		}
	}
	if err := s.shortage(size); err != nil {
		s.refused = size
		return err
	}
	s.written += size
	s.refused = 0
	return nil
}

// leastFile is what the smallest of captures takes of a disk.
const leastFile = 4 << 10

// check refuses when the free space is below the watermark, or no capture fits in
// above it: with no watermark a disk can be full, too. What was just refused does not
// fit in either, though a smaller one would: removing its staging file, or another
// one's, leaves such room.
func (s *space) check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refresh(); err != nil {
		return err
	}
	return s.shortage(max(leastFile, s.refused))
}

func (s *space) refresh() error {
	usage, err := s.fs.Usage()
	if err != nil {
		return fail("read the free space of", "the storage", err)
	}
	s.usage, s.at, s.written = usage, time.Now(), 0
	return nil
}

func (s *space) shortage(size int64) error {
	free, watermark := s.usage.Free-s.written, s.minFree(s.usage.Total)
	if free-size >= watermark {
		return nil
	}
	return jarvis.Errorf(jarvis.CodeNoSpace, "the disk of the storage %s is full: %s of %s free, and %s are kept in reserve: free some space, or lower the reserve",
		s.root, bytesText(max(free, 0)), bytesText(s.usage.Total), bytesText(watermark))
}

// failWrite is fail for what needs space: a full disk concerns the whole
// storage, not the file that happened to be written.
func (s *Store) failWrite(doing, name string, err error) error {
	if !errors.Is(err, syscall.ENOSPC) {
		return fail(doing, name, err)
	}
	if _, ok := errors.AsType[*jarvis.Error](err); ok {
		return err
	}
	return s.space.full(doing, err)
}

// full is the error of a disk that took no more. It may have bytes left, and no
// room for another file or name.
func (s *space) full(doing string, err error) error {
	left := "free some space"
	if usage, usageErr := s.fs.Usage(); usageErr == nil {
		left = fmt.Sprintf("%s of %s free, and no room for another file: free some space", bytesText(usage.Free), bytesText(usage.Total))
	}
	return &jarvis.Error{
		Code:    jarvis.CodeNoSpace,
		Op:      "fsblob: " + doing,
		Message: fmt.Sprintf("the disk of the storage %s is full: %s", s.root, left),
		Err:     err,
	}
}

// Usage implements jarvis.BlobStore.
func (s *Store) Usage(ctx context.Context) (jarvis.Usage, error) {
	return do(ctx, s.inFlight, func() (jarvis.Usage, error) {
		usage, err := s.fs.Usage()
		return usage, fail("read the free space of", "the storage", err)
	}, nil)
}

// bytesText writes a size for a person: 812.0 MiB.
func bytesText(n int64) string {
	const units = "KMGTPE"
	if n < 1<<10 {
		return fmt.Sprintf("%d bytes", n)
	}
	value, unit := float64(n)/(1<<10), 0
	for value >= 1<<10 {
		value /= 1 << 10
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}
