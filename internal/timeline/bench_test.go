package timeline

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math/rand/v2"
	"path/filepath"
	"runtime/metrics"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/sqlite"
	"github.com/jarvis-memory/jarvis/internal/thumbnail"
)

// A day of the benchmarks: three devices with five monitors between them take 6,000
// captures of 1920 x 1080 in sixteen hours.
const (
	dayCaptures = 6000
	dayHours    = 16
)

var dayLanes = []lane{{"desk", 0}, {"desk", 1}, {"lap", 0}, {"lap", 1}, {"work", 0}}

// screens are pictures of windows with text, as JPEGs of quality 80.
var screens = sync.OnceValue(func() [][]byte {
	words := []string{"the", "meeting", "about", "a", "budget", "moved", "to", "Tuesday", "func", "return", "error", "nil", "see", "notes", "from", "last", "week"}
	var all [][]byte
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 1))
		img := image.NewRGBA(image.Rect(0, 0, 1920, 1080))
		draw.Draw(img, img.Bounds(), image.NewUniform(color.RGBA{0xe8, 0xe8, 0xe4, 255}), image.Point{}, draw.Src)
		window := image.Rect(0, 0, 1200, 900).Add(image.Pt(random.IntN(700), random.IntN(180)))
		draw.Draw(img, window, image.White, image.Point{}, draw.Src)
		for y := window.Min.Y + 20; y < window.Max.Y-10; y += 17 {
			pen := font.Drawer{Dst: img, Src: image.NewUniform(color.RGBA{20, 20, uint8(random.IntN(160)), 255}), Face: basicfont.Face7x13, Dot: fixed.P(window.Min.X+16, y)}
			for range random.IntN(24) {
				pen.DrawString(words[random.IntN(len(words))] + " ")
			}
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
			panic(err)
		}
		all = append(all, b.Bytes())
	}
	return all
})

// newDay returns a service over a day that begins at noon, and what it keeps.
func newDay(b *testing.B) (*Service, *peak) {
	b.Helper()
	c, err := sqlite.Open(b.Context(), sqlite.Options{Path: filepath.Join(b.TempDir(), "catalog.db")})
	must(b, err)
	b.Cleanup(func() { must(b, c.Close()) })
	apps := []string{"editor", "browser", "terminal", "mail", "chat", "notes"}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range dayCaptures {
		of := dayLanes[i%len(dayLanes)]
		when := jarvis.Instant(noon.Add(time.Duration(i) * dayHours * time.Hour / dayCaptures).Add(time.Duration(random.IntN(900_000)) * time.Microsecond))
		id := jarvis.NewRandomID()
		must(b, c.InsertCapture(b.Context(), &jarvis.Capture{
			ID: id, Filepath: "2026/01/24/" + id.String() + ".jpg", Timestamp: when, CreatedAt: when, Width: 1920, Height: 1080, FileSize: 1,
			Device: of.device, MonitorIndex: of.monitor, AppName: apps[i/300%len(apps)], WindowTitle: fmt.Sprint("window ", i/40),
		}))
	}
	cache := thumbnail.New(thumbnail.Options{Folder: filepath.Join(b.TempDir(), "cache"), Exists: func(context.Context, jarvis.ID) (bool, error) { return true, nil }})
	b.Cleanup(func() { must(b, cache.Close(context.Background())) })
	p := new(peak)
	s := New(Options{Catalog: c, Sheets: cache, Now: func() time.Time { return noon.Add(24 * time.Hour) }, Image: func(_ context.Context, id jarvis.ID) ([]byte, error) {
		p.look()
		return screens()[int(id.String()[35])%len(screens())], nil
	}})
	return s, p
}

// peak is the most memory that was in use when an image was asked for.
type peak struct {
	mu     sync.Mutex
	heap   uint64
	images int
}

func (p *peak) look() {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heap = max(p.heap, sample[0].Value.Uint64())
	p.images++
}

// processor returns how long this process has had a processor.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkService_Sheet makes every sheet of a day. The budget is 60 seconds of a
// processor, and memory that does not grow.
func BenchmarkService_Sheet(b *testing.B) {
	screens()
	for _, kind := range []jarvis.SheetKind{jarvis.SheetHour, jarvis.SheetFiveMinutes} {
		b.Run(string(kind), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s, p := newDay(b)
				b.StartTimer()
				began := processor(b)
				sheets, size, largest := 0, 0, 0
				for _, of := range dayLanes {
					found, err := s.Sheets(b.Context(), of.device, of.monitor, kind, noon, noon.Add(24*time.Hour))
					must(b, err)
					for _, sheet := range found {
						_, data, err := s.Sheet(b.Context(), of.device, of.monitor, kind, sheet.From)
						must(b, err)
						sheets, size, largest = sheets+1, size+len(data), max(largest, len(data))
					}
				}
				b.ReportMetric((processor(b) - began).Seconds(), "cpu-s/day")
				b.ReportMetric(float64(p.heap)/(1<<20), "peak-MiB")
				b.ReportMetric(float64(p.images), "images/day")
				b.ReportMetric(float64(sheets), "sheets/day")
				b.ReportMetric(float64(size)/float64(sheets)/1000, "kB/sheet")
				b.ReportMetric(float64(largest)/1000, "largest-kB")
			}
		})
	}
}

// BenchmarkService_Timeline sums a day up.
func BenchmarkService_Timeline(b *testing.B) {
	s, _ := newDay(b)
	b.Run("Timeline", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := s.Timeline(b.Context(), noon, noon.Add(24*time.Hour))
			must(b, err)
		}
	})
	b.Run("Sheets", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := s.Sheets(b.Context(), "desk", 0, jarvis.SheetHour, noon, noon.Add(24*time.Hour))
			must(b, err)
		}
	})
	b.Run("Index", func(b *testing.B) {
		b.ReportAllocs()
		var index []byte
		for b.Loop() {
			var err error
			index, err = s.Index(b.Context(), "desk", noon, noon.Add(24*time.Hour))
			must(b, err)
		}
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, err := z.Write(index)
		must(b, err)
		must(b, z.Close())
		b.ReportMetric(float64(len(index)), "bytes")
		b.ReportMetric(float64(packed.Len()), "gzip-bytes")
	})
}
