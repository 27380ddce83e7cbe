package ocr

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// framesVariable names a folder of screenshots for BenchmarkTesseract_Read; the
// test draws some where it is not set.
const framesVariable = "JARVIS_OCR_FRAMES"

const (
	benchFrames  = 20 // at most
	benchWorkers = 2
)

// BenchmarkTesseract_Read compares the pool with tesseract run by hand, as many
// processes at once, on the same pictures and at the same priority, each round
// one after the other. "pool/hand" is the throughput of the pool, where that of
// tesseract is 1, as the median of the rounds, and "cpu/hand" that of what they
// cost in processor time.
func BenchmarkTesseract_Read(b *testing.B) {
	frames := benchPictures(b)
	e := openTesseract(b, TesseractOptions{Limits: Limits{Workers: benchWorkers}, Panels: func(img image.Image) []image.Rectangle {
		return []image.Rectangle{img.Bounds()} // it costs what decoding costs
	}})
	pool := func(data []byte) error {
		_, err := e.Read(b.Context(), data)
		return err
	}
	hand := func(data []byte) error {
		cmd := exec.Command(e.path, "stdin", "stdout", "--psm", "6", "tsv")
		cmd.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
		cmd.Stdin = bytes.NewReader(data)
		_, err := cmd.Output()
		return err
	}
	var walls, costs []float64
	for b.Loop() {
		poolWall, poolCost := measure(b, frames, pool)
		handWall, handCost := measure(b, frames, hand)
		walls = append(walls, float64(handWall)/float64(poolWall))
		costs = append(costs, float64(poolCost)/float64(handCost))
	}
	b.ReportMetric(median(walls), "pool/hand")
	b.ReportMetric(median(costs), "cpu/hand")
}

func benchPictures(b *testing.B) [][]byte {
	b.Helper()
	var frames [][]byte
	folder := os.Getenv(framesVariable)
	if folder == "" {
		for n := range 4 {
			var lines []label
			for y := 40; y < 1060; y += 36 {
				lines = append(lines, label{fmt.Sprintf("Line %d of page %d says what nobody has to read", y, n), 30, y})
			}
			frames = append(frames, encodePNG(b, drawText(b, 1920, 1080, color.Black, color.White, lines...)))
		}
		return frames
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*.png"))
	if err != nil || len(paths) == 0 {
		b.Fatalf("no PNG images in %s: %v", folder, err)
	}
	for i := range benchFrames {
		data, err := os.ReadFile(paths[i*len(paths)/benchFrames])
		if err != nil {
			b.Fatal(err)
		}
		frames = append(frames, data)
	}
	return frames
}

// measure reads all frames, as many at once as there are workers, and returns how
// long that took and what it cost this process and those that it started.
func measure(b *testing.B, frames [][]byte, read func([]byte) error) (wall, cost time.Duration) {
	b.Helper()
	before, begun := processorTime(b), time.Now()
	next := make(chan []byte)
	var workers sync.WaitGroup
	for range benchWorkers {
		workers.Go(func() {
			for data := range next {
				if err := read(data); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for _, data := range frames {
		next <- data
	}
	close(next)
	workers.Wait()
	return time.Since(begun), processorTime(b) - before
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var used syscall.Rusage
		if err := syscall.Getrusage(who, &used); err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	return sum
}

func median[T cmp.Ordered](of []T) T {
	slices.Sort(of)
	return of[len(of)/2]
}
