package mask_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"github.com/jarvis-memory/jarvis"
)

// look is how a text stands on a screen.
type look struct {
	font []byte
	size float64 // pixels
	dark bool
}

var looks = []look{
	{gomono.TTF, 15, true},
	{goregular.TTF, 16, false},
	{gomono.TTF, 18, false},
	{goregular.TTF, 20, true},
}

// photograph draws text as a window of 1600 pixels shows it: longer lines are
// broken where the window ends.
func photograph(t testing.TB, text string, l look) []byte {
	t.Helper()
	parsed, err := opentype.Parse(l.font)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: l.size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		t.Fatal(err)
	}
	const margin, width = 24, 1600
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		for font.MeasureString(face, line).Ceil() > width-2*margin {
			cut := len(line)
			for font.MeasureString(face, line[:cut]).Ceil() > width-2*margin {
				cut--
			}
			lines, line = append(lines, line[:cut]), line[cut:]
		}
		lines = append(lines, line)
	}
	height := int(l.size * 1.4)
	ink, paper := color.Gray{0x20}, color.Gray{0xfa}
	if l.dark {
		ink, paper = color.Gray{0xd8}, color.Gray{0x1e}
	}
	img := image.NewGray(image.Rect(0, 0, width, 2*margin+height*len(lines)))
	draw.Draw(img, img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	d := font.Drawer{Dst: img, Src: image.NewUniform(ink), Face: face}
	for i, line := range lines {
		d.Dot = fixed.P(margin, margin+height*(i+1)-height/4)
		d.DrawString(line)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// recognise reads a picture as the workers do.
func recognise(t testing.TB, picture []byte) *jarvis.Reading {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "tesseract", "stdin", "stdout", "--psm", "6", "-l", "eng", "tsv")
	cmd.Env = append(cmd.Environ(), "OMP_THREAD_LIMIT=1")
	cmd.Stdin = bytes.NewReader(picture)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	r := &jarvis.Reading{}
	last := ""
	for row := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimRight(row, "\n"), "\t")
		if len(f) != 12 || f[0] != "5" || strings.TrimSpace(f[11]) == "" {
			continue
		}
		if line := strings.Join(f[1:5], " "); r.Text != "" {
			if line == last {
				r.Text += " "
			} else {
				r.Text += "\n"
			}
			last = line
		} else {
			last = line
		}
		n := make([]int, 4)
		for i := range n {
			if n[i], err = strconv.Atoi(f[6+i]); err != nil {
				t.Fatal(err)
			}
		}
		start := len(r.Text)
		r.Text += f[11]
		r.Words = append(r.Words, jarvis.Word{Start: start, End: len(r.Text), Box: jarvis.Box{X: n[0], Y: n[1], Width: n[2], Height: n[3]}})
	}
	return r
}
