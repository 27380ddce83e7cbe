package panel

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

// TestFind_Tesseract has tesseract read a split screen, whole and in panels: the
// sentences of a window that run on in the next line are only in the latter.
func TestFind_Tesseract(t *testing.T) {
	if _, err := exec.LookPath("tesseract"); err != nil {
		proof.Skip(t, "tesseract is not installed")
	}
	c := newCanvas(t, 1280, 400, white)
	c.window(image.Rect(0, 0, 640, 400), "left", "", white, black)
	c.window(image.Rect(640, 0, 1280, 400), "right", "", night, pale)
	c.paragraph(image.Rect(20, 60, 400, 400), loremLeft, black)
	c.paragraph(image.Rect(660, 60, 1040, 400), loremRight, pale)

	panels := Find(c)
	if len(panels) != 2 {
		t.Fatalf("the panels are %v", panels)
	}
	var inPanels strings.Builder
	for _, p := range panels {
		inPanels.WriteString(readWithTesseract(t, c.SubImage(p)))
	}
	whole := readWithTesseract(t, c)

	ours, plain := kept(inPanels.String()), kept(whole)
	proof.Record(t, "phrases of four words on a split screen: %.2f in panels, %.2f read across", ours, plain)
	if ours < .85 || ours < plain+.1 {
		t.Errorf("%.2f of the phrases are kept in panels, and %.2f without", ours, plain)
	}
}

func readWithTesseract(t *testing.T, img image.Image) string {
	t.Helper()
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, img); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "tesseract", "stdin", "stdout", "--psm", "6")
	c.Env = append(os.Environ(), "OMP_THREAD_LIMIT=1")
	c.Stdin = &encoded
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// kept returns the share of four words in a row, of both texts, that are in a row
// in what was read.
func kept(read string) float64 {
	const phrase = 4
	read = " " + strings.Join(strings.Fields(read), " ") + " "
	var all, found float64
	for _, text := range []string{loremLeft, loremRight} {
		words := strings.Fields(text)
		for i := phrase; i <= len(words); i++ {
			all++
			if strings.Contains(read, " "+strings.Join(words[i-phrase:i], " ")+" ") {
				found++
			}
		}
	}
	return found / all
}
