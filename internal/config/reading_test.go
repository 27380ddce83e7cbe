package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestLoad_Reading(t *testing.T) {
	w := newWorld(t)
	w.env["JARVIS_OCR_LANGUAGES"] = "eng+chi_sim"
	w.env["JARVIS_OCR_TIMEOUT"] = "90"
	w.env["JARVIS_OCR_MEMORY"] = "512MiB"
	w.env["JARVIS_OCR_WORKERS"] = "3"
	w.env["JARVIS_OCR_TOKEN"] = "s3cret"
	w.env["JARVIS_MASK_SECRETS"] = "off"
	w.env["JARVIS_SEARCH_TIMEOUT"] = "1500ms"
	c := w.load(nil)
	r := c.Reading
	if r.Languages != "eng+chi_sim" || r.Timeout != 90*time.Second || r.Memory != 512<<20 || r.Workers != 3 || r.MaskSecrets || r.Token.Reveal() != "s3cret" || c.SearchTimeout != 1500*time.Millisecond {
		t.Errorf("got %+v", c)
	}
	if out := fmt.Sprintf("%+v %#v", c, c); strings.Contains(out, "s3cret") {
		t.Errorf("the token is printed: %s", out)
	}
}

func TestLoad_Engine(t *testing.T) {
	for _, test := range []struct {
		text, shown string
		want        Engine
	}{
		{"Tesseract", "tesseract", Engine{Tesseract: true}},
		{"none", "none", Engine{}},
		{"program: /opt/my reader", "program: /opt/my ...", Engine{Command: []string{"/opt/my", "reader"}}},
		{`program:"/opt/my reader" --model 'a "b" c' -x=`, `program: /opt/my reader ...`, Engine{Command: []string{"/opt/my reader", "--model", `a "b" c`, "-x="}}},
		{`program: a ""`, `program: a ...`, Engine{Command: []string{"a", ""}}},
		{"program:  /bin/x ", "program: /bin/x", Engine{Command: []string{"/bin/x"}}},
		{"program: /bin/x --key s3cret", "program: /bin/x ...", Engine{Command: []string{"/bin/x", "--key", "s3cret"}}},
		{"https://GPU.example.org/ocr/", "https://gpu.example.org/ocr", Engine{URL: "https://gpu.example.org/ocr"}},
	} {
		t.Run(test.text, func(t *testing.T) {
			w := newWorld(t)
			w.env["JARVIS_OCR_ENGINE"] = test.text
			c := w.load(nil)
			if diff := cmp.Diff(test.want, c.Reading.Engine); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if c.Reading.Engine.None() != (test.text == "none") {
				t.Error("it is taken for none")
			}
			for _, v := range c.Values {
				if v.Key == "ocr_engine" && v.Value != test.shown {
					t.Errorf("shown as %q, want %q", v.Value, test.shown)
				}
			}
		})
	}
}

func TestLoad_ReadingRefused(t *testing.T) {
	for _, test := range []struct{ key, text, says string }{
		{"ocr_engine", "abbyy", `it is no engine: write tesseract, none, program:`},
		{"ocr_engine", "ftp://ann:s3cret@gpu.example.org", "it is no engine"},
		{"ocr_engine", "program: ", "names no program"},
		{"ocr_engine", "program: 'a", "without its other"},
		{"ocr_engine", "https://ann:s3cret@gpu.example.org", "give a token instead"},
		{"ocr_languages", "eng deu", "write them as the engine names them, such as eng+deu"},
		{"ocr_languages", "eng+", "such as eng+deu"},
		{"ocr_languages", "-l", "such as eng+deu"},
		{"ocr_languages", "/etc/x", "such as eng+deu"},
		{"ocr_languages", "eng+deu+eng", `"eng" is named twice`},
		{"ocr_languages", "a+b+c+d+e+f+g+h+i", "at most 8"},
		{"ocr_workers", "0", "not a number from 1 to 256"},
		{"ocr_timeout", "soon", "write 30s, 2m or a number of seconds"},
		{"ocr_timeout", "2h", "give 1s to 1h"},
		{"ocr_memory", "1MiB", "give 64MiB to 64GiB"},
		{"ocr_token", "s3cret x", "not a token"},
		{"mask_secrets", "maybe", "neither on nor off"},
		{"search_timeout", "0", "give 100ms to 10m"},
	} {
		t.Run(test.key+"="+test.text, func(t *testing.T) {
			in := Input{Flags: map[string]string{test.key: test.text}}
			w := newWorld(t)
			w.refuses(in, test.says)
			in.LookupEnv = w.lookup
			if _, err := Load(in); strings.Contains(err.Error(), "s3cret") {
				t.Errorf("%v", err)
			}
		})
	}
}
