package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/fsblob"
)

// BenchmarkCommand measures whole processes on stores of two sizes: how long the
// start takes, how fast verify is, and how much memory each needs.
func BenchmarkCommand(b *testing.B) {
	binary := filepath.Join(b.TempDir(), "jarvis")
	build := exec.CommandContext(b.Context(), "go", "build", "-o", binary, "../cmd/jarvis")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	for _, captures := range []int{20_000, 200_000} {
		b.Run(strconv.Itoa(captures)+"-captures-with-files", func(b *testing.B) {
			for range b.N {
				c := command{b, binary, b.TempDir()}
				makeTree(b, c.folder, captures)
				c.start()
				c.measure(1, "verify") // warms the tree
				verify := c.measure(3, "verify")
				b.ReportMetric(float64(captures)/verify.wall.Seconds(), "verified/s")
				b.ReportMetric(verify.rss, "verify-MB")
			}
		})
	}
	b.Run("1000000-captures", func(b *testing.B) {
		for range b.N {
			c := command{b, binary, b.TempDir()}
			makeStore(b, c.folder, func(catalog jarvis.Catalog) { fill(b, catalog, 1_000_000) })
			c.start()
			stats := c.measure(9, "stats")
			b.ReportMetric(stats.wall.Seconds()*1000, "stats-ms")
			b.ReportMetric(stats.rss, "stats-MB")
			b.ReportMetric(c.measure(5, "list", "--limit", "1000").rss, "list-1000-MB")
			pictures := b.TempDir()
			source := newPictures(b)
			for i := range 400 {
				if err := os.WriteFile(filepath.Join(pictures, fmt.Sprintf("%04d.jpg", i)), source.next(i), 0o600); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(c.measure(1, "add", pictures).rss, "add-400-MB")
		}
	})
}

// command runs jarvis on a store.
type command struct {
	b      *testing.B
	binary string
	folder string
}

// process is what runs of a command took: the median wall time and the largest
// resident memory in MB.
type process struct {
	wall time.Duration
	rss  float64
}

func (c command) start() {
	c.b.Helper()
	list := c.measure(31, "list", "--limit", "1")
	c.b.ReportMetric(list.wall.Seconds()*1000, "start-ms")
	c.b.ReportMetric(list.rss, "list-1-MB")
}

func (c command) measure(runs int, args ...string) process {
	c.b.Helper()
	var walls []time.Duration
	var largest int64
	for range runs {
		cmd := exec.CommandContext(c.b.Context(), c.binary, append(args, "--data-dir", c.folder, "--json")...)
		cmd.Env = []string{"HOME=" + c.folder, "PATH=" + os.Getenv("PATH")}
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		began := time.Now()
		if err := cmd.Run(); err != nil {
			c.b.Fatalf("jarvis %v: %v: %s", args, err, stderr.Bytes())
		}
		walls = append(walls, time.Since(began))
		usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if !ok {
			c.b.Fatal("this system does not tell the memory of a process")
		}
		largest = max(largest, usage.Maxrss)
	}
	return process{median(walls), float64(largest) / 1024}
}

// makeStore makes a store in the default places of folder and fills its catalogue.
func makeStore(b *testing.B, folder string, fill func(jarvis.Catalog)) {
	b.Helper()
	ctx := b.Context()
	catalog := openSQLite(b, folder)
	blobs, err := fsblob.Open(ctx, filepath.Join(folder, "captures"), fsblob.Options{Create: true})
	if err != nil {
		b.Fatal(err)
	}
	info, err := catalog.Store(ctx)
	if err != nil {
		b.Fatal(err)
	}
	if err := blobs.WriteMarker(ctx, info.ID); err != nil {
		b.Fatal(err)
	}
	if err := catalog.BindStore(ctx); err != nil {
		b.Fatal(err)
	}
	fill(catalog)
	if err := blobs.Close(); err != nil {
		b.Fatal(err)
	}
	if err := catalog.Close(); err != nil {
		b.Fatal(err)
	}
}

// makeTree makes a store whose captures have small images, not synced: what
// is measured is how verify reads them.
func makeTree(b *testing.B, folder string, captures int) {
	b.Helper()
	image := drawJPEG(b, 16, 16)
	makeStore(b, folder, func(catalog jarvis.Catalog) {
		timeAll(b, captures, 64, func(i int) error {
			row := newRow(i)
			row.FileSize, row.StoredSize = int64(len(image)), int64(len(image))
			path := filepath.Join(folder, "captures", row.Filepath)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return err
			}
			if err := os.WriteFile(path, image, 0o600); err != nil {
				return err
			}
			return catalog.InsertCapture(b.Context(), row)
		})
	})
}
