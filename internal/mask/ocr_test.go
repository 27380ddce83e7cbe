package mask_test

import (
	"os/exec"
	"testing"

	"github.com/jarvis-memory/jarvis/internal/proof"
)

// TestMasker_Mask_Pictures: of what tesseract reads in pictures of the cases, at
// least 90% is masked. What is left is what it reads so wrongly that no length, no
// checksum and no prefix holds.
func TestMasker_Mask_Pictures(t *testing.T) {
	if _, err := exec.LookPath("tesseract"); err != nil {
		proof.Skip(t, "tesseract is not installed: install tesseract-ocr")
	}
	m := masker(t)
	cases := leakCases(1, 200)
	seen, left := 0, 0
	for i := 0; i < len(cases); i += len(cases) / proof.Rounds(20, len(cases)) {
		c := cases[i]
		r := recognise(t, photograph(t, c.text(), looks[i%len(looks)]))
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
	if left*10 > seen {
		t.Errorf("%d of %d secrets in pictures are left", left, seen)
	}
}
