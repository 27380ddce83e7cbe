package ocr

import (
	"fmt"
	"image"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

func TestParseAnswer(t *testing.T) {
	const box = `"box":{"x":1,"y":2,"width":30,"height":8}`
	for name, tt := range map[string]struct{ answer, text, engine, language string }{
		"nothing":    {`{"version":1}`, "", "mine", "eng"},
		"text":       {`{"version":1,"engine":" My\tEngine 2 ","language":"deu","text":"one  two\r\nthree\n\n\nfour\n"}`, "one two\nthree\n\nfour", "My Engine 2", "deu"},
		"lines":      {`{"version":1,"lines":[{"words":[{"text":"one",` + box + `},{"text":"two",` + box + `,"confidence":51.5}]},{"words":[]},{"words":[{"text":"three",` + box + `}]}]}`, "one two\nthree", "mine", "eng"},
		"panels":     {`{"version":1,"panels":[{"lines":[{"words":[{"text":"one",` + box + `}]}]},{"lines":[]},{"lines":[{"words":[{"text":"two",` + box + `}]}]}],"new":{"field":[]}}`, "one\n\ntwo", "mine", "eng"},
		"same place": {`{"version":1,"lines":[{"words":[{"text":"one",` + box + `},{"text":"one",` + box + `}]}]}`, "one one", "mine", "eng"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := parseAnswer([]byte(tt.answer), image.Rect(0, 0, 25, 40), "mine", "eng")
			if err != nil {
				t.Fatal(err)
			}
			if r.Text != tt.text || r.Engine != tt.engine || r.Language != tt.language {
				t.Errorf("got %q, %q, %q", r.Text, r.Engine, r.Language)
			}
			for _, w := range r.Words {
				if (w.Box != jarvis.Box{X: 1, Y: 2, Width: 24, Height: 8}) {
					t.Errorf("box %+v is not cut to the image", w.Box)
				}
			}
		})
	}
}

func TestParseAnswer_Nonsense(t *testing.T) {
	word := func(fields string) string {
		return `{"version":1,"lines":[{"words":[{` + fields + `}]}]}`
	}
	for name, text := range map[string]string{
		"nothing":        "",
		"no JSON":        "one two",
		"an array":       "[]",
		"no version":     "{}",
		"later version":  `{"version":2}`,
		"more after it":  `{"version":1}{}`,
		"cut off":        `{"version":1,"lines":[`,
		"no box":         word(`"text":"a"`),
		"negative box":   word(`"text":"a","box":{"x":-1,"y":0,"width":5,"height":5}`),
		"huge box":       word(`"text":"a","box":{"x":1,"y":0,"width":99999999,"height":5}`),
		"beyond int":     word(`"text":"a","box":{"x":1,"y":0,"width":99999999999999999999,"height":5}`),
		"beside it":      word(`"text":"a","box":{"x":100,"y":0,"width":5,"height":5}`),
		"empty box":      word(`"text":"a","box":{"x":1,"y":0,"width":0,"height":5}`),
		"confidence":     word(`"text":"a","box":{"x":1,"y":0,"width":5,"height":5},"confidence":101}`),
		"two texts":      `{"version":1,"text":"a","lines":[]}`,
		"lines twice":    `{"version":1,"panels":[],"lines":[]}`,
		"text of number": `{"version":1,"text":7}`,
		"deep":           strings.Repeat("[", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseAnswer([]byte(text), image.Rect(0, 0, 50, 50), "mine", "")
			if jarvis.ErrorCode(err) != jarvis.CodeInternal {
				t.Errorf("got %v, want CodeInternal", err)
			}
		})
	}
}

func TestParseAnswer_Limits(t *testing.T) {
	one := `{"text":"w","box":{"x":0,"y":0,"width":5,"height":5}},`
	text := fmt.Sprintf(`{"version":1,"lines":[{"words":[%s]}]}`, strings.TrimSuffix(strings.Repeat(one, jarvis.MaxWords+5), ","))
	r, err := parseAnswer([]byte(text), image.Rect(0, 0, 50, 50), "mine", "")
	if err != nil || len(r.Words) != jarvis.MaxWords {
		t.Errorf("%v: what is beyond the words that a reading may have is left out", err)
	}
}

func FuzzParseAnswer(f *testing.F) {
	f.Add([]byte(`{"version":1,"text":"one\n\ntwo"}`))
	f.Add([]byte(`{"version":1,"panels":[{"lines":[{"words":[{"text":"a","box":{"x":1,"y":2,"width":3,"height":4},"confidence":5}]}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseAnswer(data, image.Rect(0, 0, 50, 50), "mine", "eng")
		if err != nil {
			if code := jarvis.ErrorCode(err); code != jarvis.CodeInternal {
				t.Errorf("code %s", code)
			}
			return
		}
		if err := r.Check(); err != nil {
			t.Error(err)
		}
	})
}
