package mask_test

import (
	"os/exec"
	"testing"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

// TestMasker_Mask/Pictures: what is read in pictures of the same cases is masked.
func TestMasker_Mask(t *testing.T) {
	m := masker(t)
	t.Run("Pictures", func(t *testing.T) {
		if _, err := exec.LookPath("tesseract"); err != nil {
			proof.Skip(t, "tesseract is not installed: install tesseract-ocr")
		}
		cases := leakCases(1, 200)
		step := proof.Rounds(1, 1)
		seen, left := 0, 0
		for i := 0; i < len(cases); i += step {
			c, l := cases[i], looks[i%len(looks)]
			r := recognise(t, photograph(t, c.text(), l))
			read := r.Text
			m.Mask(r)
			if err := r.Check(); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			seen++
			if leaked(r.Text, c.secret) {
				left++
				t.Logf("%s is left:\n%s\nas\n%s", c.name, read, r.Text)
			}
		}
		proof.Record(t, "%d of %d secrets in pictures are masked", seen-left, seen)
	})
}
