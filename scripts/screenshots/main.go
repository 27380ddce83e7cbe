// Command screenshots draws a few pictures of an imaginary desktop into a
// folder, called as GNOME calls screenshots: something to try Jarvis with where
// there are none, and what the example in the README was made with.
//
//	go run ./scripts/screenshots FOLDER
//
// The pictures are the same every time.
package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

const (
	count  = 12
	width  = 1920
	height = 1080
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./scripts/screenshots FOLDER")
		os.Exit(2)
	}
	if err := drawAll(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func drawAll(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	at := time.Date(2026, time.January, 24, 20, 39, 9, 0, time.UTC)
	for i := range count {
		name := at.Add(time.Duration(i) * 97 * time.Second).Format("Screenshot from 2006-01-02 15-04-05.png")
		if err := write(filepath.Join(folder, name), desktop(rand.New(rand.NewPCG(1, uint64(i))))); err != nil {
			return err
		}
	}
	return nil
}

// desktop draws overlapping windows with lines of text that nobody can read.
func desktop(random *rand.Rand) image.Image {
	screen := image.NewRGBA(image.Rect(0, 0, width, height))
	fill(screen, screen.Bounds(), color.RGBA{R: 0x2e, G: 0x34, B: 0x40, A: 0xff})
	for range 2 + random.IntN(3) {
		at := image.Pt(random.IntN(width/2), random.IntN(height/2))
		window := image.Rectangle{Min: at, Max: at.Add(image.Pt(700+random.IntN(400), 400+random.IntN(300)))}
		fill(screen, window, color.RGBA{R: 0xec, G: 0xef, B: 0xf4, A: 0xff})
		title := window
		title.Max.Y = title.Min.Y + 28
		fill(screen, title, color.RGBA{R: 0x5e, G: 0x81, B: 0xac, A: 0xff})
		for y := title.Max.Y + 14; y < window.Max.Y-12; y += 20 {
			line := image.Rect(window.Min.X+20, y, window.Min.X+20+random.IntN(window.Dx()-40), y+10)
			fill(screen, line, color.RGBA{R: 0x4c, G: 0x56, B: 0x6a, A: 0xff})
		}
	}
	return screen
}

func fill(dst draw.Image, area image.Rectangle, c color.Color) {
	draw.Draw(dst, area, image.NewUniform(c), image.Point{}, draw.Src)
}

func write(path string, picture image.Image) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	return png.Encode(f, picture)
}
