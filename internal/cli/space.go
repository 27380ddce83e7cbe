package cli

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/jarvis-memory/jarvis"
)

// diskPatience is how long a disk may take to tell its free space.
const diskPatience = time.Second

// diskUsage returns the space of the file system that holds a folder, or will
// hold it. A disk that does not answer within a second is CodeUnavailable.
func diskUsage(ctx context.Context, folder string) (jarvis.Usage, error) {
	type result struct {
		usage jarvis.Usage
		err   error
	}
	asked := make(chan result, 1)
	go func() {
		usage, err := statfs(folder)
		asked <- result{usage, err}
	}()
	timer := time.NewTimer(diskPatience)
	defer timer.Stop()
	select {
	case r := <-asked:
		return r.usage, r.err
	case <-ctx.Done():
		return jarvis.Usage{}, context.Cause(ctx)
	case <-timer.C:
		return jarvis.Usage{}, jarvis.Errorf(jarvis.CodeUnavailable, "the disk of %s does not answer", folder)
	}
}

func statfs(folder string) (jarvis.Usage, error) {
	for {
		var stat unix.Statfs_t
		err := unix.Statfs(folder, &stat)
		if errors.Is(err, fs.ErrNotExist) && filepath.Dir(folder) != folder {
			folder = filepath.Dir(folder)
			continue
		}
		if err != nil {
			return jarvis.Usage{}, jarvis.WrapError(jarvis.CodeUnavailable, "statfs", "the free space of "+folder+" is not known", err)
		}
		block := uint64(stat.Bsize)
		return jarvis.Usage{Free: int64(stat.Bavail * block), Total: int64(stat.Blocks * block)}, nil
	}
}
