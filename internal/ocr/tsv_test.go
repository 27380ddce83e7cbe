package ocr

import (
	"image"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

const header = tsvHeader + "\n"

// table makes rows of tesseract's out of words apart by blanks.
func table(rows ...string) []byte {
	var b strings.Builder
	b.WriteString(header)
	for _, row := range rows {
		b.WriteString(strings.ReplaceAll(row, " ", "\t") + "\n")
	}
	return []byte(b.String())
}

func TestParseTSV(t *testing.T) {
	panels := []image.Rectangle{image.Rect(0, 0, 50, 100), image.Rect(60, 10, 100, 100)}
	b := textBuilder{bounds: image.Rect(0, 0, 100, 100)}
	err := parseTSV(table(
		"1 1 0 0 0 0 0 0 50 100 -1 ",
		"2 1 1 0 0 0 0 0 50 100 -1 ",
		"4 1 1 1 1 0 0 0 50 10 -1 ",
		"5 1 1 1 1 1 1 2 10 8 96.51 one",
		"5 1 1 1 1 2 20 2 10 8 -1 dropped",
		"5 1 1 1 1 3 20 2 99 8 12.4 two",
		"5 1 1 1 1 4 30 2 9 8 39.9 |—",
		"5 1 1 1 2 1 1 20 10 8 96 three",
		"5 1 1 1 2 2 20 20 10 8 40 +",
		"1 2 0 0 0 0 0 0 40 90 -1 ",
		"5 2 1 1 1 1 3 4 5 6 100 four",
	), &b, panels)
	if err != nil {
		t.Fatal(err)
	}
	r, err := b.reading("eng", "tesseract")
	if err != nil {
		t.Fatal(err)
	}
	if want := "one two\nthree +\n\nfour"; r.Text != want {
		t.Errorf("text %q, want %q", r.Text, want)
	}
	if want := (jarvis.Word{Start: 0, End: 3, Box: jarvis.Box{X: 1, Y: 2, Width: 10, Height: 8}, Confidence: 97}); r.Words[0] != want {
		t.Errorf("first word %+v, want %+v", r.Words[0], want)
	}
	if want := (jarvis.Box{X: 20, Y: 2, Width: 30, Height: 8}); r.Words[1].Box != want {
		t.Errorf("a box that leaves its panel is %+v, want %+v", r.Words[1].Box, want)
	}
	if want := (jarvis.Box{X: 63, Y: 14, Width: 5, Height: 6}); r.Words[4].Box != want {
		t.Errorf("a box of the second panel is %+v, want %+v", r.Words[4].Box, want)
	}
}

func TestParseTSV_Nonsense(t *testing.T) {
	page := "1 1 0 0 0 0 0 0 50 100 -1 "
	for name, out := range map[string][]byte{
		"nothing":          nil,
		"another program":  []byte("Hello\n"),
		"no page":          table(),
		"too many pages":   table(page, strings.Replace(page, "1 1", "1 2", 1)),
		"page repeated":    table(page, page),
		"word before page": table("5 1 1 1 1 1 1 2 10 8 96 one"),
		"word of another":  table(page, "5 2 1 1 1 1 1 2 10 8 96 one"),
		"few columns":      table(page, "5 1 1"),
		"no number":        table(page, "5 1 1 1 1 1 x 2 10 8 96 one"),
		"negative":         table(page, "5 1 1 1 1 1 -1 2 10 8 96 one"),
		"huge":             table(page, "5 1 1 1 1 1 99999999 2 10 8 96 one"),
		"no confidence":    table(page, "5 1 1 1 1 1 1 2 10 8 much one"),
	} {
		t.Run(name, func(t *testing.T) {
			b := textBuilder{bounds: image.Rect(0, 0, 50, 100)}
			err := parseTSV(out, &b, []image.Rectangle{b.bounds})
			if jarvis.ErrorCode(err) != jarvis.CodeInternal {
				t.Errorf("got %v, want CodeInternal", err)
			}
		})
	}
}

func TestTextBuilder(t *testing.T) {
	at := func(x int) image.Rectangle { return image.Rect(x, 0, x+20, 20) }
	b := textBuilder{bounds: image.Rect(0, 0, 1000, 20)}
	b.panel()
	b.word("\x00\t", at(0), 50)
	b.line()
	for i, w := range []string{"東京", "都。", "and", "タワ", "ー"} {
		b.word(w, at(22*i), 50)
	}
	b.word("遠い", at(500), 50)
	b.line()
	b.line()
	b.word(" a \x01 b\xff ", at(0), 50)
	r, err := b.reading("", "")
	if err != nil {
		t.Fatal(err)
	}
	if want := "東京都。 and タワー 遠い\na b\uFFFD"; r.Text != want {
		t.Errorf("text %q, want %q", r.Text, want)
	}
}

func TestTextBuilder_Limits(t *testing.T) {
	b := textBuilder{bounds: image.Rect(0, 0, 10, 10)}
	for range jarvis.MaxWords + 10 {
		b.word("w", b.bounds, 1)
	}
	if len(b.words) != jarvis.MaxWords {
		t.Errorf("%d words", len(b.words))
	}
	b = textBuilder{bounds: b.bounds}
	b.word("before", b.bounds, 1)
	b.word(strings.Repeat("x", jarvis.MaxText), b.bounds, 1)
	b.word("after", b.bounds, 1)
	r, err := b.reading("", "")
	if err != nil || r.Text != "before" {
		t.Errorf("%q, %v: a text ends where it gets too long", r.Text, err)
	}
}

func FuzzParseTSV(f *testing.F) {
	f.Add(table("1 1 0 0 0 0 0 0 50 100 -1 ", "5 1 1 1 1 1 1 2 10 8 96.5 one"))
	f.Add([]byte(header + "1\t1\t0\t0\t0\t0\t0\t0\t50\t100\t-1\t\r\n5\t1\t1\t1\t1\t1\t1\t2\t10\t8\tNaN\t\xff a\n"))
	f.Fuzz(func(t *testing.T, out []byte) {
		b := textBuilder{bounds: image.Rect(0, 0, 50, 100)}
		if parseTSV(out, &b, []image.Rectangle{image.Rect(5, 5, 40, 90)}) == nil {
			if _, err := b.reading("eng", "tesseract"); err != nil {
				t.Errorf("accepted words that make no reading: %v", err)
			}
		}
	})
}
