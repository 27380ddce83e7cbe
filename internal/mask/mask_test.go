package mask_test

import (
	"testing"

	"github.com/jarvis-memory/jarvis/internal/mask"
)

func masker(t testing.TB) *mask.Masker {
	t.Helper()
	m, err := mask.New()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMasker_MaskText/Leaks: what is on the screen as text is masked.
func TestMasker_MaskText(t *testing.T) {
	m := masker(t)
	t.Run("Leaks", func(t *testing.T) {
		cases := leakCases(1, 200)
		left := 0
		for _, c := range cases {
			text, n := m.MaskText(c.text())
			if n == 0 || leaked(text, c.secret) {
				left++
				t.Logf("%s is left:\n%s\nas\n%s", c.name, c.text(), text)
			}
		}
		t.Logf("%d of %d secrets are masked", len(cases)-left, len(cases))
		if left*100 > 2*len(cases) {
			t.Errorf("%d of %d secrets are left", left, len(cases))
		}
	})
}
