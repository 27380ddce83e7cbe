package config

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "4096": 4096, "4096B": 4096, "1K": 1024, "1k": 1024, "1KiB": 1024, "1Ki": 1024, "1KB": 1000,
		"32MiB": 32 << 20, "32 mib": 32 << 20, "500MB": 500_000_000, "1.5GiB": 3 << 29, "2T": 2 << 40, "1TB": 1_000_000_000_000,
		"9223372036854775807": 1<<63 - 1, " 1 GiB ": 1 << 30,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1XB", "1iB", "1,5GiB", "0x10", "1e3", "9223372036854775808", "8388608TiB", "99999999999999999999999999TB", "1 2", "١"} {
		if got, err := ParseSize(text); jarvis.ErrorCode(err) != jarvis.CodeInvalid {
			t.Errorf("ParseSize(%q) = %d, %v", text, got, err)
		}
	}
}

func TestSpace(t *testing.T) {
	for _, test := range []struct {
		text  string
		want  Space
		shown string
		of    int64 // of a disk of 100 GiB
	}{
		{"1GiB,2%", Space{1 << 30, 2}, "1GiB,2%", 1 << 30},
		{"2%, 10GiB", Space{10 << 30, 2}, "10GiB,2%", 2 << 30},
		{"2%", Space{0, 2}, "2%", 2 << 30},
		{"0.5 %", Space{0, 0.5}, "0.5%", 1 << 29},
		{"5GiB", Space{5 << 30, 0}, "5GiB", 5 << 30},
		{"0", Space{}, "0", 0},
		{"0%", Space{}, "0", 0},
	} {
		got, err := ParseSpace(test.text)
		if err != nil || got != test.want || got.String() != test.shown {
			t.Errorf("ParseSpace(%q) = %v, %v; want %v", test.text, got, err, test.want)
		}
		if of := got.Of(100 << 30); of != test.of {
			t.Errorf("%q of 100 GiB is %d, want %d", test.text, of, test.of)
		}
	}
	for _, text := range []string{"", ",", "1GiB,", "1GiB,2GiB", "1%,1%", "1%,1GiB,1%", "-1%", "100%", "Inf%", "%"} {
		if got, err := ParseSpace(text); jarvis.ErrorCode(err) != jarvis.CodeInvalid {
			t.Errorf("ParseSpace(%q) = %v, %v", text, got, err)
		}
	}
}

func TestFormatSize_ReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Min(0).Draw(t, "size") >> rapid.IntRange(0, 62).Draw(t, "shift")
		if unit := n << rapid.IntRange(0, 40).Draw(t, "unit"); unit > 0 {
			n = unit
		}
		if back, err := ParseSize(formatSize(n)); err != nil || back != n {
			t.Fatalf("%d is written %q, which reads as %d, %v", n, formatSize(n), back, err)
		}
	})
}
