package fsblob_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
)

// The benchmarks write to JARVIS_BENCH_DIR where it is set, and leave it to the
// caller to empty: ext4 makes files slowly for a minute after others were
// removed. Else they write to the folder of temporary files. On a file system in
// memory they measure nothing.
//
//	go test -run - -bench 'Publish|BareLoop' -count 5 ./internal/fsblob

const (
	benchSize    = 156 << 10 // bytes of an ordinary screenshot
	benchWriters = 8
)

func benchFolder(b *testing.B) string {
	parent := os.Getenv("JARVIS_BENCH_DIR")
	if parent == "" {
		return b.TempDir()
	}
	folder := filepath.Join(parent, "jarvis-bench-"+jarvis.NewRandomID().String())
	if err := os.Mkdir(folder, 0o700); err != nil {
		b.Fatal(err)
	}
	return folder
}

// parallel runs op from eight goroutines, b.N times in all, each time with
// another n and with bytes of its own.
func parallel(b *testing.B, op func(n int64, data []byte) error) {
	var n atomic.Int64
	b.SetBytes(benchSize)
	b.ReportAllocs()
	done := make(chan error, benchWriters)
	b.ResetTimer()
	for range benchWriters {
		go func() {
			data := make([]byte, benchSize)
			for {
				i := n.Add(1)
				if i > int64(b.N) {
					done <- nil
					return
				}
				copy(data, fmt.Sprintf("%020d", i))
				if err := op(i, data); err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for range benchWriters {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "captures/s")
}

// BenchmarkStore_Publish is what one capture costs in the file tree.
func BenchmarkStore_Publish(b *testing.B) {
	store, err := fsblob.Open(b.Context(), benchFolder(b), fsblob.Options{})
	if err != nil {
		b.Fatal(err)
	}
	now := time.Now()
	parallel(b, func(_ int64, data []byte) error {
		id := jarvis.NewRandomID()
		staged, err := store.Stage(b.Context(), id, data)
		if err != nil {
			return err
		}
		defer staged.Discard()
		unlock, err := store.Lock(b.Context(), id)
		if err != nil {
			return err
		}
		defer unlock()
		return staged.Publish(b.Context(), store.Name(id, now, jarvis.JPEG))
	})
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkBareLoop is the least that durability costs: write, fsync, link,
// fsync of the folder, and nothing else.
func BenchmarkBareLoop(b *testing.B) {
	folder := benchFolder(b)
	parallel(b, func(n int64, data []byte) error {
		staging := filepath.Join(folder, fmt.Sprintf("%d.new", n))
		file, err := os.OpenFile(staging, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		if _, err := file.Write(data); err != nil {
			return err
		}
		if err := file.Sync(); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
		if err := os.Link(staging, filepath.Join(folder, fmt.Sprintf("%d.jpg", n))); err != nil {
			return err
		}
		if err := os.Remove(staging); err != nil {
			return err
		}
		dir, err := os.Open(folder)
		if err != nil {
			return err
		}
		if err := dir.Sync(); err != nil {
			return err
		}
		return dir.Close()
	})
}

// BenchmarkStore_WalkDay is what verify costs per file, on a warm tree.
func BenchmarkStore_WalkDay(b *testing.B) {
	const files = 50_000
	folder := b.TempDir()
	day := jarvis.Day{Year: 2026, Month: time.January, Date: 24}
	if err := os.MkdirAll(filepath.Join(folder, day.Folder()), 0o700); err != nil {
		b.Fatal(err)
	}
	for range files {
		name := filepath.Join(folder, day.Folder(), jarvis.NewRandomID().String()+".jpg")
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	store, err := fsblob.Open(b.Context(), folder, fsblob.Options{})
	if err != nil {
		b.Fatal(err)
	}
	found := 0
	b.ReportAllocs()
	for b.Loop() {
		err := store.WalkDay(b.Context(), day, func(jarvis.BlobInfo) error {
			found++
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(found)/b.Elapsed().Seconds(), "files/s")
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
}
