package panel

import (
	"image"
	"image/color"
	"image/draw"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var (
	white = color.White
	black = color.Black
	night = color.RGBA{16, 20, 24, 255}
	pale  = color.RGBA{216, 222, 233, 255}
)

// layouts are screens and how they are divided.
func layouts(t testing.TB) map[string]struct {
	screen *canvas
	panels []image.Rectangle
} {
	t.Helper()
	type layout = struct {
		screen *canvas
		panels []image.Rectangle
	}
	all := map[string]layout{}
	add := func(name string, c *canvas, panels ...image.Rectangle) {
		if len(panels) == 0 {
			panels = []image.Rectangle{c.Rect}
		}
		all[name] = layout{c, panels}
	}

	c := newCanvas(t, 1280, 720, white)
	c.page(c.Rect.Inset(20), loremLeft, black)
	add("one page", c)

	c = newCanvas(t, 1280, 720, night)
	c.page(c.Rect.Inset(4), loremLeft, pale)
	add("dark terminal", c)

	c = newCanvas(t, 1280, 720, white)
	c.window(image.Rect(0, 0, 640, 720), "left", loremLeft, white, black)
	c.window(image.Rect(640, 0, 1280, 720), "right", loremRight, white, black)
	add("two windows", c, image.Rect(0, 0, 639, 720), image.Rect(639, 0, 1280, 720))

	c = newCanvas(t, 1280, 720, white)
	c.window(image.Rect(0, 0, 640, 690), "left", loremLeft, white, black)
	c.window(image.Rect(640, 0, 1280, 690), "right", loremRight, night, pale)
	c.fill(image.Rect(0, 690, 1280, 720), night)
	c.write(600, 711, "task bar with a clock", pale)
	add("two windows over a task bar", c, image.Rect(0, 0, 639, 690), image.Rect(639, 0, 1280, 690), image.Rect(0, 690, 1280, 720))

	c = newCanvas(t, 1280, 720, color.Gray{90})
	c.window(image.Rect(0, 0, 640, 650), "left", loremLeft, white, black)
	c.window(image.Rect(642, 24, 1270, 680), "right", loremRight, night, pale)
	add("two windows of other heights", c, image.Rect(0, 0, 640, 680), image.Rect(640, 0, 1280, 680))

	c = newCanvas(t, 1280, 720, white)
	c.fill(image.Rect(0, 0, 300, 720), color.Gray{238})
	c.page(image.Rect(10, 10, 280, 710), loremRight, black)
	c.page(image.Rect(320, 10, 1270, 710), loremLeft, black)
	add("sidebar", c, image.Rect(0, 0, 300, 720), image.Rect(300, 0, 1280, 720))

	c = newCanvas(t, 1280, 720, night)
	c.page(image.Rect(4, 4, 630, 716), loremLeft, pale)
	c.page(image.Rect(650, 4, 1276, 716), loremRight, pale)
	c.fill(image.Rect(640, 0, 641, 720), pale)
	add("panes of a terminal", c, image.Rect(0, 0, 640, 720), image.Rect(640, 0, 1280, 720))

	c = newCanvas(t, 1280, 720, white)
	c.page(c.Rect.Inset(20), loremLeft, black)
	c.words = nil // many are hidden by the window
	c.window(image.Rect(300, 200, 900, 600), "above", loremRight, night, pale)
	add("a window above a page", c, image.Rect(0, 0, 1280, 195), image.Rect(0, 195, 300, 595), image.Rect(300, 195, 899, 595), image.Rect(899, 195, 1280, 595), image.Rect(0, 595, 1280, 720))

	c = newCanvas(t, 1280, 720, white)
	for y := 20; y < 700; y += 30 {
		c.fill(image.Rect(20, y, 1260, y+1), color.Gray{120})
		for x := 20; x < 1260; x += 310 {
			c.write(x+10, y+20, "cell of a table", black)
		}
	}
	for x := 20; x <= 1260; x += 310 {
		c.fill(image.Rect(x, 20, x+1, 711), color.Gray{120})
	}
	add("table", c)

	c = newCanvas(t, 1280, 720, white)
	c.fill(image.Rect(60, 0, 61, 720), color.Gray{200})
	for y := 20; y < 720; y += 21 {
		c.write(20, y, "12", color.Gray{120})
		c.write(80, y, "a line of a program", black)
	}
	add("line numbers", c)

	add("empty", newCanvas(t, 1280, 720, white))
	add("pixel", newCanvas(t, 1, 1, white))
	add("wide", newCanvas(t, 20000, 3, white))
	add("high", newCanvas(t, 3, 20000, white))
	return all
}

func TestFind(t *testing.T) {
	for name, layout := range layouts(t) {
		t.Run(name, func(t *testing.T) {
			found := Find(layout.screen)
			if !slices.Equal(found, layout.panels) {
				t.Errorf("got %v, want %v", found, layout.panels)
			}
			checkPanels(t, layout.screen.Rect, found)
			checkWords(t, layout.screen.words, found)
		})
	}
}

// fataler is a test, or a check of a property.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkPanels demands what Find promises of every image.
func checkPanels(t fataler, bounds image.Rectangle, panels []image.Rectangle) {
	t.Helper()
	if len(panels) == 0 && !bounds.Empty() {
		t.Fatalf("no panels")
	}
	for i, p := range panels {
		if p.Empty() || !p.In(bounds) {
			t.Fatalf("panel %d is %v, in %v", i, p, bounds)
		}
		for _, other := range panels[:i] {
			if p.Overlaps(other) {
				t.Fatalf("panel %d is %v and overlaps %v", i, p, other)
			}
		}
	}
}

// checkWords demands that each word is in one panel.
func checkWords(t fataler, words, panels []image.Rectangle) {
	t.Helper()
	for _, w := range words {
		if !slices.ContainsFunc(panels, w.In) {
			t.Fatalf("the word at %v is cut, or lost, by %v", w, panels)
		}
	}
}

func TestFind_EmptyImage(t *testing.T) {
	if found := Find(image.NewGray(image.Rect(5, 5, 5, 9))); found != nil {
		t.Errorf("got %v", found)
	}
}

// TestFind_Formats finds the same in every kind of image, wherever it begins.
func TestFind_Formats(t *testing.T) {
	layout := layouts(t)["two windows over a task bar"]
	at := image.Pt(-30, 17)
	bounds := layout.screen.Rect.Add(at)
	palette := make(color.Palette, 256)
	for i := range palette {
		palette[i] = color.Gray{uint8(i)}
	}
	luma := image.NewYCbCr(bounds, image.YCbCrSubsampleRatio420)
	for y := range layout.screen.Rect.Dy() {
		for x := range layout.screen.Rect.Dx() {
			luma.Y[luma.YOffset(at.X+x, at.Y+y)] = gray(layout.screen.At(x, y))
		}
	}
	images := map[string]image.Image{"YCbCr": luma}
	for name, img := range map[string]draw.Image{
		"Gray":     image.NewGray(bounds),
		"RGBA":     image.NewRGBA(bounds),
		"NRGBA":    image.NewNRGBA(bounds),
		"Paletted": image.NewPaletted(bounds, palette),
		"CMYK":     image.NewCMYK(bounds),
	} {
		draw.Draw(img, bounds, layout.screen, image.Point{}, draw.Src)
		images[name] = img
	}
	around := image.NewRGBA(bounds.Inset(-40))
	draw.Draw(around, bounds, layout.screen, image.Point{}, draw.Src)
	images["part"] = around.SubImage(bounds)
	var want []image.Rectangle
	for _, p := range layout.panels {
		want = append(want, p.Add(at))
	}
	for name, img := range images {
		t.Run(name, func(t *testing.T) {
			if found := Find(img); !slices.Equal(found, want) {
				t.Errorf("got %v, want %v", found, want)
			}
		})
	}
}

// TestFind_Tilings draws windows side by side and one above the other, of any
// colours and sizes of text, and demands that no word is cut or lost.
func TestFind_Tilings(t *testing.T) {
	var divided, screens int
	rapid.Check(t, func(r *rapid.T) {
		c := newCanvas(t, rapid.IntRange(300, 1600).Draw(r, "width"), rapid.IntRange(200, 1000).Draw(r, "height"), color.Gray{rapid.Byte().Draw(r, "ground")})
		tile(t, r, c, c.Rect, rapid.IntRange(0, 4).Draw(r, "depth"))
		found := Find(c)
		checkPanels(r, c.Rect, found)
		checkWords(r, c.words, found)
		screens++
		if len(found) > 1 {
			divided++
		}
	})
	t.Logf("%d of %d screens were divided", divided, screens)
	if divided == 0 {
		t.Error("no screen was divided")
	}
}

func tile(t testing.TB, r *rapid.T, c *canvas, area image.Rectangle, depth int) {
	t.Helper()
	c.clip = area
	if depth == 0 || area.Dx() < 100 || area.Dy() < 100 {
		ground, ink := color.Color(white), color.Color(black)
		if rapid.Bool().Draw(r, "dark") {
			ground, ink = night, pale
		}
		c.font(t, rapid.IntRange(10, 36).Draw(r, "size"))
		if rapid.Bool().Draw(r, "title") {
			c.window(area, "a title", loremLeft, ground, ink)
			return
		}
		c.fill(area, ground)
		c.page(area.Inset(rapid.IntRange(0, 12).Draw(r, "margin")), loremRight, ink)
		return
	}
	part := rapid.IntRange(20, 80).Draw(r, "part")
	gap := rapid.IntRange(0, 6).Draw(r, "gap")
	first, second := area, area
	if rapid.Bool().Draw(r, "beside") {
		first.Max.X = area.Min.X + area.Dx()*part/100
		second.Min.X = first.Max.X + gap
	} else {
		first.Max.Y = area.Min.Y + area.Dy()*part/100
		second.Min.Y = first.Max.Y + gap
	}
	tile(t, r, c, first, depth-1)
	tile(t, r, c, second, depth-1)
}

func FuzzFind(f *testing.F) {
	f.Add(uint16(400), uint16(300), []byte{0, 255})
	f.Add(uint16(1), uint16(1), []byte{1})
	f.Add(uint16(700), uint16(400), []byte{7, 7, 7, 200, 200, 9, 0})
	f.Fuzz(func(t *testing.T, width, height uint16, pixels []byte) {
		img := image.NewGray(image.Rect(0, 0, int(width%1500), int(height%1500)))
		if len(pixels) > 0 {
			columns := 1 + int(pixels[0])%64 // wide stripes and blocks, which have edges
			for y := range img.Rect.Dy() {
				for x := range img.Rect.Dx() {
					img.Pix[y*img.Stride+x] = pixels[(x/columns+y/97*31)%len(pixels)]
				}
			}
		}
		checkPanels(t, img.Rect, Find(img))
	})
}

// TestFind_Concurrent reads one image from several goroutines, for the race detector.
func TestFind_Concurrent(t *testing.T) {
	screen := layouts(t)["two windows"].screen
	done := make(chan []image.Rectangle)
	for range 4 {
		go func() { done <- Find(screen) }()
	}
	for range 4 {
		if found := <-done; len(found) != 2 {
			t.Errorf("got %v", found)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	for name, size := range map[string]image.Point{"1080p": {1920, 1080}, "4K": {3840, 2160}} {
		c := newCanvas(b, size.X, size.Y, white)
		c.window(image.Rect(0, 0, size.X/2, size.Y), "left", loremLeft, white, black)
		c.window(image.Rect(size.X/2, 0, size.X, size.Y), "right", loremRight, night, pale)
		luma := image.NewYCbCr(c.Rect, image.YCbCrSubsampleRatio420)
		grey := image.NewGray(c.Rect)
		draw.Draw(grey, c.Rect, c, image.Point{}, draw.Src)
		copy(luma.Y, grey.Pix)
		for kind, img := range map[string]image.Image{"RGBA": c.RGBA, "YCbCr": luma} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					Find(img)
				}
			})
		}
	}
}
