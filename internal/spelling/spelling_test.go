package spelling

import "testing"

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"yesterday", "yesterday", 0},
		{"yestarday", "yesterday", 1},
		{"yeserday", "yesterday", 1},
		{"pasphrase_file", "passphrase_file", 1},
		{"kitten", "sitting", 3},
	} {
		if got, back := Distance(test.a, test.b), Distance(test.b, test.a); got != test.want || back != test.want {
			t.Errorf("Distance(%q, %q) = %d, and %d the other way; want %d", test.a, test.b, got, back, test.want)
		}
	}
}
