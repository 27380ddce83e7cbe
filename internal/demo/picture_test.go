package demo

import (
	"image"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/ocr"
	"github.com/jarvis-memory/jarvis/internal/panel"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// everything is views of all programs, on screens of all kinds.
func everything() []view {
	screens := []screen{{1920, 1080, 1, false}, {2560, 1440, 1.25, true}, {1080, 1920, 1, true}, {1280, 800, 0.9, false}}
	var views []view
	for i, a := range apps {
		for j, s := range screens {
			views = append(views, view{screen: s, app: a.app, story: (i + j) % a.stories, step: a.steps * j / 4})
		}
	}
	for kind, app := range map[KnownKind]string{KnownOnce: appWeb, KnownJapanese: appChat, KnownMasked: appTerminal, KnownSession: appTerminal} {
		views = append(views, view{screen: screens[0], app: app, step: 3, plant: plantOf(kind, 2, 3)})
	}
	return views
}

// TestPicture_Boxes: the box of a word encloses what was drawn of it and nothing that
// was not, and no word lies on another.
func TestPicture_Boxes(t *testing.T) {
	p, err := newPainter()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range everything() {
		with := p.draw(v)
		pixels := slices.Clone(with.img.Pix)
		p.mute = true
		without := p.draw(v)
		p.mute = false
		r := with.reading()
		if err := r.Check(); err != nil {
			t.Fatalf("%+v: %v", v, err)
		}
		if len(with.words) < 20 {
			t.Errorf("%s at step %d: %d words", v.app, v.step, len(with.words))
		}
		left := image.NewAlpha(with.img.Rect) // what differs, and is in no box so far
		for i := 0; i < len(pixels); i += 4 {
			if !slices.Equal(pixels[i:i+3], without.img.Pix[i:i+3]) {
				left.Pix[i/4] = 255
			}
		}
		for i, w := range with.words {
			drawn := 0
			for y := w.box.Min.Y; y < w.box.Max.Y; y++ {
				for x := w.box.Min.X; x < w.box.Max.X; x++ {
					if left.AlphaAt(x, y).A != 0 {
						drawn++
						left.Pix[left.PixOffset(x, y)] = 0
					}
				}
			}
			if drawn == 0 {
				t.Errorf("%s: nothing is drawn in the box of %q at %v, or another word is", v.app, w.text, w.box)
			}
			if says := r.Text[r.Words[i].Start:r.Words[i].End]; w.instead == "" && says != w.text || w.instead != "" && says != w.instead {
				t.Errorf("%s: %q is drawn, and %q read", v.app, w.text, says)
			}
		}
		if i := slices.Index(left.Pix, 255); i >= 0 {
			t.Errorf("%s at step %d: at %d, %d is a letter that is in no box", v.app, v.step, i%left.Stride, i/left.Stride)
		}
	}
}

// TestFill_Known: known words are on the captures of which it is said, where it is
// said, and on no others.
func TestFill_Known(t *testing.T) {
	s, r := filled(t, Options{End: evening(berlin(t)), Location: berlin(t), Days: 1, Devices: 1, PerDay: 24, ClockChange: true, Hostile: true})
	if len(r.Known) != len(knowns) {
		t.Errorf("%d known words of %d", len(r.Known), len(knowns))
	}
	for _, k := range r.Known {
		hits := map[string]bool{}
		for _, h := range k.Hits {
			hits[h.ID.String()] = true
			c, ok := s.captures[h.ID]
			if !ok || !c.At.Equal(h.At) || c.Device != h.Device || c.Monitor != h.Monitor {
				t.Errorf("%s: %+v is %+v", k.Kind, h, c.At)
			}
			if none := k.Kind == KnownTitle || k.Kind == KnownURL; none != (len(h.Boxes) == 0) {
				t.Errorf("%s: %d boxes", k.Kind, len(h.Boxes))
			}
			for _, box := range h.Boxes {
				i := slices.IndexFunc(c.Words, func(w jarvis.Word) bool { return w.Box == box })
				if i < 0 {
					t.Errorf("%s: no word is at %v", k.Kind, box)
					continue
				}
				if k.Kind == KnownMasked && (!c.Words[i].Masked || c.Text[c.Words[i].Start:c.Words[i].End] != "[secret]") {
					t.Errorf("%+v is not masked", c.Words[i])
				}
			}
			if c.Pinned != (k.Kind == KnownPinned) && k.Kind != KnownSessions {
				t.Errorf("%s: pinned is %t", k.Kind, c.Pinned)
			}
		}
		for id, c := range s.captures {
			says := strings.ToLower(strings.Join(strings.Fields(c.Text), " ") + " " + c.Title + " " + c.URL)
			if strings.Contains(says, secret) {
				t.Errorf("a secret is in %q", says)
			}
			if strings.Contains(says, strings.ToLower(k.Text)) != hits[id.String()] {
				t.Errorf("%s: said to be on a capture of %s at %s: %t", k.Kind, c.App, c.At, hits[id.String()])
			}
		}
	}
	if i := slices.IndexFunc(r.Known, func(k Known) bool { return k.Kind == KnownOnce }); i < 0 || len(r.Known[i].Hits) != 1 || len(r.Known[i].Hits[0].Boxes) != 6 {
		t.Errorf("%+v", r.Known[max(i, 0)])
	}
}

// TestPicture_Readable: an engine reads what is drawn.
func TestPicture_Readable(t *testing.T) {
	if _, err := exec.LookPath("tesseract"); err != nil {
		proof.Skip(t, "tesseract is not installed: run scripts/setup-tests.sh")
	}
	engine, err := ocr.NewTesseract(t.Context(), ocr.TesseractOptions{Limits: ocr.Limits{Eager: true}, Panels: panel.Find})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	p, err := newPainter()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []view{
		{screen: screen{1920, 1080, 1, false}, app: appWeb, step: 2},
		{screen: screen{1920, 1080, 1, true}, app: appEditor, story: 1, step: 20},
	} {
		drawn, err := p.picture(v)
		if err != nil {
			t.Fatal(err)
		}
		read, err := engine.Read(t.Context(), drawn.data)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, w := range tokens(read.Text) {
			found[w] = true
		}
		all, seen := 0, 0
		for _, w := range tokens(drawn.reading.Text) {
			if all++; found[w] {
				seen++
			}
		}
		t.Logf("%s: %d of %d words", v.app, seen, all)
		if seen*100 < all*90 {
			t.Errorf("%s: %d of %d words are read", v.app, seen, all)
		}
	}
}
