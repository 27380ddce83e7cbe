package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestPlain(t *testing.T) {
	for _, test := range []struct{ name, in, want string }{
		{"ordinary", "Inbox – Mail", "Inbox – Mail"},
		{"colour", "\x1b[31mred\x1b[0m", "\uFFFD[31mred\uFFFD[0m"},
		{"title of the terminal", "\x1b]0;owned\x07", "\uFFFD]0;owned\uFFFD"},
		{"C1 control sequence introducer", "\u009b2J", "\uFFFD2J"},
		{"line breaks", "a\r\nb\tc", "a  b c"},
		{"right-to-left override", "gpj.\u202Eexe", "gpj.\uFFFDexe"},
		{"Arabic and Hebrew", "مرحبا שלום", "مرحبا שלום"},
		{"family of emoji", "👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"},
		{"invalid UTF-8", "a\xffb", "a\uFFFDb"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := plain(test.in); got != test.want {
				t.Errorf("plain(%q) = %q, want %q", test.in, got, test.want)
			}
		})
	}
}

// FuzzPlain checks that nothing is left with which text could steer a terminal.
func FuzzPlain(f *testing.F) {
	f.Add("\x1b[2J\u009b31m\u202e\r\n\x00\xff")
	f.Fuzz(func(t *testing.T, text string) {
		got := plain(text)
		if !utf8.ValidString(got) {
			t.Fatalf("plain(%q) is not UTF-8", text)
		}
		if i := strings.IndexFunc(got, unicode.IsControl); i >= 0 {
			t.Fatalf("plain(%q) = %q has a control character at %d", text, got, i)
		}
		if plain(got) != got {
			t.Fatalf("plain(%q) = %q is not plain", text, got)
		}
	})
}

func TestJSONLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + rapid.SampledFrom([]string{"", "\x7f", "\u009b31m", "<&>", "\n"}).Draw(t, "end")
		line, err := jsonLine(map[string]string{"title": text})
		if err != nil {
			t.Fatal(err)
		}
		body := strings.TrimSuffix(string(line), "\n")
		if i := strings.IndexFunc(body, unicode.IsControl); i >= 0 {
			t.Fatalf("%q has a control character at %d", line, i)
		}
		var back map[string]string
		if err := json.Unmarshal(line, &back); err != nil || back["title"] != text {
			t.Fatalf("%q reads as %q, %v; want %q", line, back["title"], err, text)
		}
	})
}

func TestWords(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 159_744: "156 KiB", 1<<20 - 1: "1.0 MiB",
		10_188_000: "9.7 MiB", 3 << 30: "3.0 GiB", 1 << 62: "4.0 EiB",
	} {
		if got := sizeText(bytes); got != want {
			t.Errorf("sizeText(%d) = %q, want %q", bytes, got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0 captures", 1: "1 capture", 999: "999 captures", 1204: "1,204 captures", 1_000_000: "1,000,000 captures",
	} {
		if got := plural(n, "capture"); got != want {
			t.Errorf("plural(%d) = %q, want %q", n, got, want)
		}
	}
	if got := countText(-123456); got != "-123,456" {
		t.Errorf("countText(-123456) = %q", got)
	}
}
