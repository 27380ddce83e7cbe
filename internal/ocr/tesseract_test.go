package ocr

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"github.com/jarvis-memory/jarvis"
)

var (
	night = color.RGBA{R: 0x10, G: 0x14, B: 0x18, A: 0xff}
	snow  = color.RGBA{R: 0xd8, G: 0xde, B: 0xe9, A: 0xff}
)

func TestTesseract_Read(t *testing.T) {
	page := drawText(t, 420, 120, color.Black, color.White, label{"Reading never slows", 20, 45}, label{"capturing 2026", 20, 95})
	deep := image.NewRGBA64(page.Bounds())
	draw.Draw(deep, deep.Bounds(), page, image.Point{}, draw.Src)
	colours := image.NewPaletted(page.Bounds(), color.Palette{color.White, color.Gray{0x80}, color.Black})
	draw.Draw(colours, colours.Bounds(), page, image.Point{}, draw.Src)
	// Ink on nothing at all: browsers show that on white.
	ghost := image.NewNRGBA(page.Bounds())
	for y := range 120 {
		for x := range 420 {
			ghost.SetNRGBA(x, y, color.NRGBA{A: 0xff - page.RGBAAt(x, y).R})
		}
	}
	webp, err := os.ReadFile("testdata/page.webp") // the same page: Go writes no WebP
	if err != nil {
		t.Fatal(err)
	}
	e := openTesseract(t, TesseractOptions{})
	if !strings.HasPrefix(e.Name(), "tesseract ") {
		t.Errorf("name %q", e.Name())
	}
	for name, data := range map[string][]byte{
		"PNG":         encodePNG(t, page),
		"JPEG":        encodeJPEG(t, page),
		"WebP":        webp,
		"16 bit":      encodePNG(t, deep),
		"palette":     encodePNG(t, colours),
		"transparent": encodePNG(t, ghost),
		"dark":        encodePNG(t, drawText(t, 420, 120, snow, night, label{"Reading never slows", 20, 45}, label{"capturing 2026", 20, 95})),
	} {
		t.Run(name, func(t *testing.T) {
			r, err := e.Read(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			if want := "Reading never slows\ncapturing 2026"; r.Text != want {
				t.Errorf("text %q, want %q", r.Text, want)
			}
			if r.Engine != e.Name() || r.Language != "eng" {
				t.Errorf("engine %q, language %q", r.Engine, r.Language)
			}
			for _, w := range r.Words {
				if top := map[bool]int{true: 15, false: 65}[w.Start < 19]; w.Box.X < 15 || w.Box.X+w.Box.Width > 320 || w.Box.Y < top || w.Box.Y+w.Box.Height > top+45 {
					t.Errorf("%q is at %+v", r.Text[w.Start:w.End], w.Box)
				}
				if w.Confidence < 50 {
					t.Errorf("%q has the confidence %d", r.Text[w.Start:w.End], w.Confidence)
				}
			}
		})
	}
	t.Run("panels", func(t *testing.T) {
		e := openTesseract(t, TesseractOptions{Panels: func(img image.Image) []image.Rectangle {
			return []image.Rectangle{img.Bounds().Inset(1)}
		}})
		for name, data := range map[string][]byte{"transparent": encodePNG(t, ghost), "WebP": webp} {
			r, err := e.Read(t.Context(), data)
			if want := "Reading never slows\ncapturing 2026"; err != nil || r.Text != want {
				t.Errorf("%s: %+v, %v, want %q", name, r, err, want)
			}
		}
	})
	t.Run("empty", func(t *testing.T) {
		r, err := e.Read(t.Context(), blank(t))
		if err != nil || r.Text != "" || len(r.Words) != 0 {
			t.Errorf("%+v, %v: an image without text is no error", r, err)
		}
	})
}

// Two windows side by side, in different colours: what is in one stays together.
func TestTesseract_Read_Panels(t *testing.T) {
	screen := drawText(t, 700, 130, color.Black, color.White, label{"The left window", 20, 45}, label{"goes on here", 20, 95})
	right := image.Rect(350, 0, 700, 130)
	draw.Draw(screen, right, drawText(t, 350, 130, snow, night, label{"A terminal with", 20, 45}, label{"other words", 20, 95}), image.Point{}, draw.Src)
	e := openTesseract(t, TesseractOptions{Panels: func(img image.Image) []image.Rectangle {
		return []image.Rectangle{image.Rect(0, 0, 345, img.Bounds().Dy()), right}
	}})
	for name, data := range map[string][]byte{"PNG": encodePNG(t, screen), "JPEG": encodeJPEG(t, screen)} {
		t.Run(name, func(t *testing.T) {
			r, err := e.Read(t.Context(), data)
			if err != nil {
				t.Fatal(err)
			}
			if want := "The left window\ngoes on here\n\nA terminal with\nother words"; r.Text != want {
				t.Fatalf("text %q, want %q", r.Text, want)
			}
			for _, w := range r.Words {
				if inRight := w.Start > strings.Index(r.Text, "\n\n"); inRight != (w.Box.X >= 350) {
					t.Errorf("%q is at %+v", r.Text[w.Start:w.End], w.Box)
				}
			}
		})
	}
}

func TestTesseract_Read_Languages(t *testing.T) {
	e := openTesseract(t, TesseractOptions{Languages: "deu+eng"})
	r, err := e.Read(t.Context(), encodePNG(t, drawText(t, 420, 60, color.Black, color.White, label{"Größe ändern für alle", 20, 40})))
	if err != nil || r.Text != "Größe ändern für alle" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestTesseract_Read_Refused(t *testing.T) {
	limits := quick()
	limits.Pixels = 5000
	e := openFake(t, limits, "exit 1")
	var animation bytes.Buffer
	if err := gif.Encode(&animation, image.NewGray(image.Rect(0, 0, 3, 3)), nil); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty": nil,
		"files": []byte("/etc/passwd\nhttp://example.org/a.png\n"),
		"GIF":   animation.Bytes(),
		"cut":   blank(t)[:20],
		"TIFF":  []byte("II*\x00\x08\x00\x00\x00"),
	} {
		_, err := e.Read(t.Context(), data)
		if jarvis.ErrorCode(err) != jarvis.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := e.Read(t.Context(), encodePNG(t, image.NewGray(image.Rect(0, 0, 100, 51))))
	wantError(t, err, jarvis.CodeTooLarge, "5100")
}

func TestTesseract_Arguments(t *testing.T) {
	seen := filepath.Join(t.TempDir(), "seen")
	e, err := NewTesseract(t.Context(), TesseractOptions{
		Limits: quick(), Languages: "deu+eng",
		Program: fakeTesseract(t, `cat >/dev/null; echo "$@ $OMP_THREAD_LIMIT" >`+seen+`; printf '`+header+`1\t1\t0\t0\t0\t0\t0\t0\t40\t30\t-1\t\n'`),
	})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, e)
	if e.Name() != "tesseract 5.9.1" {
		t.Errorf("name %q", e.Name())
	}
	r, err := e.Read(t.Context(), blank(t))
	if err != nil || r.Language != "deu+eng" || r.Engine != "tesseract 5.9.1" {
		t.Fatalf("%+v, %v", r, err)
	}
	text, err := os.ReadFile(seen)
	if err != nil {
		t.Fatal(err)
	}
	if want := "stdin stdout -l deu+eng --psm 6 -c tessedit_create_tsv=1 1\n"; string(text) != want {
		t.Errorf("started with %q, want %q", text, want)
	}
}

func TestNewTesseract(t *testing.T) {
	for name, tt := range map[string]struct {
		program, languages string
		code               jarvis.Code
		says               []string
	}{
		"missing program":   {"/nowhere/tesseract", "", jarvis.CodeUnavailable, []string{"apt install tesseract-ocr", "none"}},
		"missing languages": {fakeTesseract(t, ""), "deu+chi_sim", jarvis.CodeUnavailable, []string{"chi_sim", "apt install tesseract-ocr-chi-sim;", "tesseract-langpack-chi_sim", "installed are deu, eng"}},
		"an option":         {fakeTesseract(t, ""), "--tessdata-dir", jarvis.CodeInvalid, nil},
		"a path":            {fakeTesseract(t, ""), "../eng", jarvis.CodeInvalid, nil},
		"no such script":    {fakeTesseract(t, ""), "script/Greek", jarvis.CodeUnavailable, []string{"script/Greek", "apt install tesseract-ocr-script-", "installed are deu, eng, script/Latin"}},
		"no language":       {fakeTesseract(t, ""), "eng+osd", jarvis.CodeInvalid, []string{"osd"}},
		"empty name":        {fakeTesseract(t, ""), "eng+", jarvis.CodeInvalid, nil},
		"twice":             {fakeTesseract(t, ""), "eng+deu+eng", jarvis.CodeInvalid, []string{"twice"}},
		"too many":          {fakeTesseract(t, ""), "a+b+c+d+e+f+g+h+i", jarvis.CodeInvalid, nil},
		"another program":   {script(t, "echo hello 5"), "", jarvis.CodeUnavailable, []string{"is not tesseract"}},
		"old":               {script(t, "echo tesseract 3.05.02"), "", jarvis.CodeUnavailable, []string{"3.05.02", "too old"}},
		"broken":            {script(t, "echo error while loading shared libraries >&2; exit 127"), "", jarvis.CodeUnavailable, []string{"does not work", "shared libraries"}},
		"no program":        {script(t, "\x00"), "", jarvis.CodeUnavailable, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewTesseract(t.Context(), TesseractOptions{Limits: quick(), Program: tt.program, Languages: tt.languages})
			wantError(t, err, tt.code, tt.says...)
		})
	}
	languages, err := openFake(t, quick(), "").Languages(t.Context())
	if err != nil || !slices.Equal(languages, []string{"deu", "eng", "script/Latin"}) {
		t.Errorf("%v, %v", languages, err)
	}
}

// Whatever a function says the panels are, every one is on the image.
func TestUsable(t *testing.T) {
	bounds := image.Rect(0, 0, 100, 50)
	whole := []image.Rectangle{bounds}
	for name, tt := range map[string]struct{ panels, want []image.Rectangle }{
		"none":        {nil, whole},
		"outside":     {[]image.Rectangle{image.Rect(200, 0, 300, 50)}, whole},
		"too many":    {slices.Repeat([]image.Rectangle{image.Rect(0, 0, 1, 1)}, maxPanels+1), whole},
		"overlapping": {slices.Repeat(whole, 2), whole},
		"beyond":      {[]image.Rectangle{image.Rect(-5, -5, 50, 60), {}, image.Rect(50, 0, 100, 50)}, []image.Rectangle{image.Rect(0, 0, 50, 50), image.Rect(50, 0, 100, 50)}},
	} {
		if got := usable(tt.panels, bounds); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func TestWriteTIFF(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 31, 17))
	for i := range img.Pix {
		img.Pix[i] = byte(i * 7)
	}
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 0xff
	}
	parts := []image.Rectangle{image.Rect(3, 2, 20, 17), image.Rect(20, 0, 31, 9), image.Rect(0, 0, 1, 1)}
	var b bytes.Buffer
	if err := writeTIFF(&b, img, parts); err != nil {
		t.Fatal(err)
	}
	got, err := tiff.Decode(bytes.NewReader(b.Bytes())) // which knows the first page
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != image.Rect(0, 0, 17, 15) {
		t.Fatalf("the first page is %v", got.Bounds())
	}
	for y := range 15 {
		for x := range 17 {
			if r, g, b, _ := got.At(x, y).RGBA(); (color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 0xff}) != img.RGBAAt(x+3, y+2) {
				t.Fatalf("pixel %d, %d", x, y)
			}
		}
	}
	huge := slices.Repeat([]image.Rectangle{image.Rect(0, 0, 20000, 20000)}, 4)
	if err := writeTIFF(io.Discard, img, huge); err == nil {
		t.Error("more bytes than the format can count were written")
	}
}

// Tesseract that loses a language, or itself, while it is used is no picture's fault.
func TestTesseract_Broken(t *testing.T) {
	for name, tt := range map[string]struct {
		lost string // of what --list-langs says from then on
		code jarvis.Code
		says []string
	}{
		"nothing":  {"echo 'List (2):'; echo deu; echo eng", jarvis.CodeInvalid, []string{"status 1: Failed loading"}},
		"language": {"echo 'List (1):'; echo eng", jarvis.CodeUnavailable, []string{"cannot read deu", "apt install tesseract-ocr-deu"}},
		"itself":   {"echo cannot open shared object file >&2; exit 127", jarvis.CodeUnavailable, []string{"does not work", "shared object"}},
	} {
		t.Run(name, func(t *testing.T) {
			lost := filepath.Join(t.TempDir(), "lost")
			limits := quick()
			limits.Workers = 1
			e, err := NewTesseract(t.Context(), TesseractOptions{Limits: limits, Languages: "deu", Program: script(t, `case $1 in
--version) echo "tesseract 5.9.1"; exit ;;
--list-langs) [ ! -e "`+lost+`" ] || { `+tt.lost+`; exit; }; echo 'List (2):'; echo deu; echo eng; exit ;;
esac
cat >/dev/null; echo Failed loading language >&2; exit 1`)})
			if err != nil {
				t.Fatal(err)
			}
			closeAtEnd(t, e)
			if err := os.WriteFile(lost, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = e.Read(t.Context(), blank(t))
			wantError(t, err, tt.code, tt.says...)
		})
	}
}

// A script is a language like any other.
func TestTesseract_Script(t *testing.T) {
	e, err := NewTesseract(t.Context(), TesseractOptions{Limits: quick(), Languages: "script/Latin+deu", Program: fakeTesseract(t, "cat >/dev/null")})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, e)
}
