package cli

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// known makes words of a text, which is one line for each line at a place that is known.
func known(places bool, lines ...string) []knownWord {
	var words []knownWord
	for i, line := range lines {
		x := 0
		for word := range strings.FieldsSeq(line) {
			w := knownWord{text: word}
			if places {
				w.box = jarvis.Box{X: x, Y: 20 * i, Width: 10 * len(word), Height: 12 + i%2}
			}
			words = append(words, w)
			x += 10*len(word) + 5
		}
	}
	return words
}

func TestKnownScreen_Score(t *testing.T) {
	tests := []struct {
		name  string
		words []knownWord
		text  string
		want  ocrScore
	}{
		{"all", known(true, "One two three four", "five six"), "one TWO three, four\nfive six", ocrScore{Recall: 1, Precision: 1, Lines: 1, Phrases: 1}},
		{"nothing", known(true, "one two three four", "five six"), "", ocrScore{Precision: 1}},
		{"read across", known(true, "one two three four", "five six"), "one two three four and\nmore five six", ocrScore{Recall: 1, Precision: .75, Lines: 1, Phrases: .5}},
		{"torn", known(true, "one two three four", "five six"), "two one four three six five", ocrScore{Recall: 1, Precision: 1}},
		{"each once", known(true, "no no no yes"), "no yes no", ocrScore{Recall: .75, Precision: 1}},
		{"places not known", known(false, "one two three", "four five"), "one two three / four five", ocrScore{Recall: 1, Precision: 1, Lines: 1, Phrases: 1}},
		{"no phrase", known(true, "one two"), "one two", ocrScore{Recall: 1, Precision: 1, Lines: 1, Phrases: 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &knownScreen{words: test.words}
			if got := s.score(test.text); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestMeanOf(t *testing.T) {
	var scores []ocrScore
	for i := range 20 {
		scores = append(scores, ocrScore{Recall: float64(19-i) / 20, Precision: 1, Phrases: .5})
	}
	got := meanOf(scores)
	got.Recall, got.Precision, got.Phrases = float64(int(got.Recall*1000+.5))/1000, float64(int(got.Precision*1000+.5))/1000, float64(int(got.Phrases*1000+.5))/1000
	if want := (ocrScore{Recall: .475, Low: .1, Precision: 1, Phrases: .5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestFindScreens(t *testing.T) {
	folder := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	enough := strings.Repeat("1\t2\t3\t4\tword\n", fewestWords)
	put("gt/b.tsv", enough)
	put("gt/a.tsv", enough+"\n0\t0\t0\t0\tlast\n")
	put("gt/few.tsv", "1\t2\t3\t4\tword\n")
	put("gt/note.txt", "no list")
	put("a.webp", "")
	put("b.png", "")
	put("b.jpg", "")

	screens, err := findScreens(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(screens) != 2 || screens[0].image != filepath.Join(folder, "a.webp") || screens[1].image != filepath.Join(folder, "b.png") || screens[1].scene != "" {
		t.Errorf("got %+v", screens)
	}
	if last := screens[0].words[fewestWords]; last != (knownWord{text: "last"}) {
		t.Errorf("got %+v", last)
	}
	if first := screens[0].words[0]; first != (knownWord{"word", jarvis.Box{X: 1, Y: 2, Width: 3, Height: 4}}) {
		t.Errorf("got %+v", first)
	}

	put("meta.tsv", "a\t17\tsplit\tstay\n\nb\n")
	if screens, err = findScreens(folder); err != nil || screens[0].scene != "split" || screens[1].scene != "" {
		t.Errorf("got %+v, %v", screens, err)
	}

	put("gt/c.tsv", enough)
	if _, err = findScreens(folder); jarvis.ErrorCode(err) != jarvis.CodeNotFound {
		t.Errorf("a screen without an image: %v", err)
	}
	put("gt/c.tsv", enough+"1\t2\tword\n")
	if _, err = findScreens(folder); jarvis.ErrorCode(err) != jarvis.CodeInvalid || !strings.Contains(err.Error(), "line 41 ") {
		t.Errorf("a line that is none: %v", err)
	}
	if _, err = findScreens(t.TempDir()); jarvis.ErrorCode(err) != jarvis.CodeInvalid {
		t.Errorf("no folder of words: %v", err)
	}
}

func TestBenchOCRCmd_Choose(t *testing.T) {
	screens := make([]*knownScreen, 10)
	for i := range screens {
		screens[i] = &knownScreen{image: fmt.Sprint(i)}
	}
	for _, test := range []struct {
		frames, every int
		want          string
	}{
		{0, 1, "0123456789"}, {3, 1, "012"}, {0, 4, "048"}, {2, 4, "04"}, {99, 99, "0"},
	} {
		var got strings.Builder
		for _, s := range (&benchOCRCmd{Frames: test.frames, Every: test.every}).choose(screens) {
			got.WriteString(s.image)
		}
		if got.String() != test.want {
			t.Errorf("--frames %d --every %d: %s, want %s", test.frames, test.every, &got, test.want)
		}
	}
}

// TestBenchOCR reads drawn screens in both ways.
func TestBenchOCR(t *testing.T) {
	if _, err := exec.LookPath("tesseract"); err != nil {
		proof.Skip(t, "tesseract is not installed")
	}
	p := newPlace(t)
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "gt"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1", "2", "3"} {
		drawKnownScreen(t, folder, name)
	}
	if err := os.WriteFile(filepath.Join(folder, "meta.tsv"), []byte("1\t0\tone\n3\t0\tother\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	var r ocrResult
	if err := json.Unmarshal([]byte(p.must(t, "bench", "ocr", folder, "--every", "2", "--json")), &r); err != nil {
		t.Fatal(err)
	}
	var scenes []string
	for _, s := range r.Scenes {
		scenes = append(scenes, fmt.Sprintf("%s %d %d", s.Scene, s.Frames, s.Words))
		if min(s.Jarvis.Recall, s.Jarvis.Precision, s.Plain.Recall, s.Plain.Precision) < .9 {
			t.Errorf("%s: %+v beside %+v", s.Scene, s.Jarvis, s.Plain)
		}
	}
	if want := []string{"all 2 104", "one 1 52", "other 1 52"}; !reflect.DeepEqual(scenes, want) {
		t.Errorf("got %q, want %q", scenes, want)
	}
	if r.Rate <= 0 || r.Jarvis.Seconds <= 0 || r.Plain.Seconds <= 0 || !strings.HasPrefix(r.Engine, "tesseract ") {
		t.Errorf("got %+v", r)
	}

	table := p.must(t, "bench", "ocr", folder, "--frames", "1")
	if !strings.HasPrefix(table, "SCREENS  NUMBER  READER ") || strings.Count(table, "\n") != 3 {
		t.Errorf("got\n%s", table)
	}
}

// drawKnownScreen writes a screen and the list of its words.
func drawKnownScreen(t *testing.T, folder, name string) {
	t.Helper()
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 20, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		t.Fatal(err)
	}
	img := image.NewGray(image.Rect(0, 0, 700, 200))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	d := font.Drawer{Dst: img, Src: image.NewUniform(color.Black), Face: face}
	var list strings.Builder
	for line := range 4 {
		d.Dot = fixed.P(20, 40+30*line)
		for word := range strings.FieldsSeq("a page that is read twice tells how much of it was found") {
			x := d.Dot.X.Floor()
			d.DrawString(word + " ")
			fmt.Fprintf(&list, "%d\t%d\t%d\t%d\t%s\n", x, 20+30*line, d.Dot.X.Floor()-x, 24, word)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "gt", name+".tsv"), []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(folder, name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, file)
	if err := png.Encode(file, img); err != nil {
		t.Fatal(err)
	}
}
