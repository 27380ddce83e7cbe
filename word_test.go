package jarvis_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

func TestWords(t *testing.T) {
	t.Run("RoundTrip", rapid.MakeCheck(func(t *rapid.T) {
		var r jarvis.Reading
		for range rapid.IntRange(0, 20).Draw(t, "words") {
			start := len(r.Text) + rapid.IntRange(0, 3).Draw(t, "blanks")
			end := start + rapid.IntRange(0, 9).Draw(t, "length")
			for len(r.Text) < end {
				r.Text += "x"
			}
			pixels := rapid.IntRange(0, 5000)
			r.Words = append(r.Words, jarvis.Word{
				Start: start, End: end,
				Box:        jarvis.Box{X: pixels.Draw(t, "x"), Y: pixels.Draw(t, "y"), Width: pixels.Draw(t, "width"), Height: pixels.Draw(t, "height")},
				Confidence: rapid.IntRange(0, 100).Draw(t, "confidence"),
				Masked:     rapid.Bool().Draw(t, "masked"),
			})
		}
		if err := r.Check(); err != nil {
			t.Fatal(err)
		}
		words, err := jarvis.DecodeWords(jarvis.EncodeWords(r.Words))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(r.Words, words); diff != "" {
			t.Fatalf("other words come back (-stored +found):\n%s", diff)
		}
	}))
	t.Run("Check", func(t *testing.T) {
		text := "two words"
		for name, r := range map[string]jarvis.Reading{
			"Overlap":    {Text: text, Words: []jarvis.Word{{Start: 0, End: 3}, {Start: 2, End: 9}}},
			"Beyond":     {Text: text, Words: []jarvis.Word{{Start: 4, End: 10}}},
			"Backwards":  {Text: text, Words: []jarvis.Word{{Start: 3, End: 0}}},
			"Box":        {Text: text, Words: []jarvis.Word{{Start: 0, End: 3, Box: jarvis.Box{X: -1}}}},
			"Confidence": {Text: text, Words: []jarvis.Word{{Start: 0, End: 3, Confidence: 101}}},
			"NUL":        {Text: "a\x00b"},
			"UTF8":       {Text: "a\xff"},
			"Masked":     {Text: text, Masked: -1},
		} {
			t.Run(name, func(t *testing.T) {
				if code := jarvis.ErrorCode(r.Check()); code != jarvis.CodeInvalid {
					t.Errorf("the code is %q", code)
				}
			})
		}
	})
}

func FuzzDecodeWords(f *testing.F) {
	f.Add(jarvis.EncodeWords([]jarvis.Word{{Start: 1, End: 4, Box: jarvis.Box{X: 3, Y: 4, Width: 30, Height: 12}, Confidence: 93}}))
	f.Add([]byte{1, 0xff, 0xff, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		words, err := jarvis.DecodeWords(b)
		if err != nil {
			if jarvis.ErrorCode(err) != jarvis.CodeCorrupt {
				t.Fatalf("%v", err)
			}
			return
		}
		if len(words) > 0 && len(words) > len(b) {
			t.Fatalf("%d bytes gave %d words", len(b), len(words))
		}
	})
}
