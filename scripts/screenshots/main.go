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
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
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
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		return err
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 20, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return err
	}
	at := time.Date(2026, time.January, 24, 20, 39, 9, 0, time.UTC)
	for i := range count {
		name := at.Add(time.Duration(i) * 97 * time.Second).Format("Screenshot from 2006-01-02 15-04-05.png")
		if err := write(filepath.Join(folder, name), desktop(face, i)); err != nil {
			return err
		}
	}
	return nil
}

// messages are what the windows say, one after the other.
var messages = [...]string{
	`Inbox

The invoice 4711 for the new shelves is due in March.
Please pay it from the account of the workshop,
and keep a copy for the tax office.

Regards, Ada`,
	`Travel

The night train to Vienna leaves at 21:05 from platform 7.
Two beds are reserved in carriage 302.
Breakfast is served before six.`,
	`Release notes

Version 5 reads the text in pictures and finds it again.
Searching takes a few milliseconds.
The index lies beside the catalogue, encrypted like it.`,
	`Recipe

Knead flour, water, salt and yeast for ten minutes.
Let the dough rest over night in the fridge.
Bake it for forty minutes at 230 degrees.`,
}

var (
	ground = color.RGBA{R: 0x2e, G: 0x34, B: 0x40, A: 0xff}
	paper  = color.RGBA{R: 0xec, G: 0xef, B: 0xf4, A: 0xff}
	bar    = color.RGBA{R: 0x5e, G: 0x81, B: 0xac, A: 0xff}
	ink    = color.RGBA{R: 0x2e, G: 0x34, B: 0x40, A: 0xff}
)

// desktop draws the nth screen: two windows side by side, one of which stays for a
// while.
func desktop(face font.Face, n int) image.Image {
	screen := image.NewRGBA(image.Rect(0, 0, width, height))
	fill(screen, screen.Bounds(), ground)
	window(screen, face, image.Rect(80, 90, 920, 640), messages[n/2%len(messages)])
	window(screen, face, image.Rect(1000, 200, 1840, 760), messages[(n/2+n%2+1)%len(messages)])
	return screen
}

func window(screen draw.Image, face font.Face, area image.Rectangle, message string) {
	title, text, _ := strings.Cut(message, "\n\n")
	fill(screen, area, paper)
	fill(screen, image.Rect(area.Min.X, area.Min.Y, area.Max.X, area.Min.Y+36), bar)
	say(screen, face, image.Pt(area.Min.X+16, area.Min.Y+25), title, paper)
	y := area.Min.Y + 90
	for line := range strings.SplitSeq(text, "\n") {
		say(screen, face, image.Pt(area.Min.X+32, y), line, ink)
		y += 36
	}
}

// say writes a line, whose first letter stands at a point.
func say(dst draw.Image, face font.Face, at image.Point, line string, c color.Color) {
	d := font.Drawer{Dst: dst, Src: image.NewUniform(c), Face: face, Dot: fixed.P(at.X, at.Y)}
	d.DrawString(line)
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
