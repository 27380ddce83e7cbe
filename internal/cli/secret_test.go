package cli

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadSecret(t *testing.T) {
	for typed, want := range map[string]string{
		"correct horse\r":    "correct horse",
		"correct horse\n":    "correct horse",
		"\r":                 "",
		"horsf\x7fe\r":       "horse",
		"h\u00e4\x08orse\r":  "horse",
		"\x7f\x7fhorse\r":    "horse",
		"wrong\x15horse\r":   "horse",
		"quite wrong\x17h\r": "h",
		"horse\x04":          "horse",
		"horse\rnext\r":      "horse",
	} {
		if got, err := readSecret(iotest.OneByteReader(strings.NewReader(typed))); got != want || err != nil {
			t.Errorf("%q is read as %q, %v; want %q", typed, got, err, want)
		}
	}
	for typed, want := range map[string]error{
		"":          io.EOF, // the terminal went away
		"horse":     io.EOF,
		"\x04":      io.EOF,
		"h\x7f\x04": io.EOF,
		"horse\x03": context.Canceled,
		"\x1c":      context.Canceled,
	} {
		if got, err := readSecret(strings.NewReader(typed)); got != "" || !errors.Is(err, want) {
			t.Errorf("%q is read as %q, %v; want %v", typed, got, err, want)
		}
	}
}
