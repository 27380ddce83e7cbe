package mask_test

import (
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis/internal/mask"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

func masker(t testing.TB) *mask.Masker {
	t.Helper()
	m, err := mask.New()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMasker_MaskText: of 200 secrets on a screen 98% are masked, and of a hundred
// documents without one fewer than one has something masked.
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
		proof.Record(t, "%d of %d secrets in texts are masked", len(cases)-left, len(cases))
		if left*100 > 2*len(cases) {
			t.Errorf("%d of %d secrets are left", left, len(cases))
		}
	})
	t.Run("Ordinary", func(t *testing.T) {
		for name, documents := range map[string][]document{"Written": written(t), "Invented": invented(1, 1000)} {
			t.Run(name, func(t *testing.T) {
				wrong := 0
				for _, d := range documents {
					if text, n := m.MaskText(d.text); n > 0 {
						wrong++
						t.Logf("%s: %d are masked that are no secrets: %s", d.name, n, difference(d.text, text))
					}
				}
				proof.Record(t, "%d of %d ordinary documents have something masked", wrong, len(documents))
				if wrong*100 >= len(documents) {
					t.Errorf("%d of %d documents have something masked", wrong, len(documents))
				}
			})
		}
	})
}

func TestMasker_MaskText_Address(t *testing.T) {
	m := masker(t)
	for text, want := range map[string]string{
		"psql postgresql://ann:correcthorsebattery@db.example.org/prod": "psql postgresql://ann:[password]@db.example.org/prod",
		"https://ann:tr0ub4dor@example.org":                             "https://ann:[secret]@example.org",
		"postgres://user:password@host":                                 "postgres://user:password@host",
		"postgres://user:$PASSWORD@host":                                "postgres://user:$PASSWORD@host",
		"http://example.org:8080/a@b":                                   "http://example.org:8080/a@b",
	} {
		if got, _ := m.MaskText(text); got != want {
			t.Errorf("%q is masked as %q, want %q", text, got, want)
		}
	}
}

// difference returns the lines of after that before does not have.
func difference(before, after string) string {
	had := make(map[string]bool)
	for line := range strings.Lines(before) {
		had[line] = true
	}
	var b strings.Builder
	for line := range strings.Lines(after) {
		if !had[line] {
			b.WriteString(line)
		}
	}
	return b.String()
}
