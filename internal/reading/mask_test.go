package reading_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/reading"
)

// maskCards takes "4111" for a secret, over the words that it is given.
func maskCards(r *jarvis.Reading) {
	if !strings.Contains(r.Text, "4111") {
		return
	}
	r.Text = strings.ReplaceAll(r.Text, "4111", "[xx]")
	for i := range r.Words {
		r.Words[i].Masked = true
	}
	r.Masked++
}

// TestReader_MaskTwin: what was stored before secrets were masked is masked for the
// captures that take it, and is not itself changed.
func TestReader_MaskTwin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(2)
		all[1].ContentDigest = all[0].ContentDigest
		r := newRig(t, all, func(_ *rig, o *reading.Options) { o.Mask = maskCards })
		stored := &jarvis.Reading{Text: "card 4111", Words: []jarvis.Word{{Start: 5, End: 9}}, Engine: "fake", ReadAt: noon}
		r.change(all[0], func(row *row) { row.read, row.readings = stored, 1 })
		r.start(t)
		r.ended(1)
		r.stop(t)
		got := r.row(all[1])
		if got.read == nil || got.read.Text != "card [xx]" || !got.read.Words[0].Masked || got.read.Masked != 1 || !got.read.ReadAt.Equal(noon) || !strings.HasPrefix(got.document, "card [xx]|") {
			t.Errorf("the twin's text was stored as %+v, document %q", got.read, got.document)
		}
		if stored.Text != "card 4111" || stored.Words[0].Masked || stored.Masked != 0 {
			t.Errorf("what the queue gave was changed to %+v", stored)
		}
		r.stats(t, reading.Stats{Twins: 1, Masked: 1})
	})
}

// TestReader_MaskTwinPanic: a mask that panics lets nothing through.
func TestReader_MaskTwinPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(2)
		all[1].ContentDigest = all[0].ContentDigest
		r := newRig(t, all, func(_ *rig, o *reading.Options) {
			o.Mask = func(*jarvis.Reading) { panic("4111") }
		})
		r.change(all[0], func(row *row) { row.read, row.readings = &jarvis.Reading{Text: "card 4111", Engine: "fake"}, 1 })
		r.start(t)
		r.ended(1)
		r.stop(t)
		if got := r.row(all[1]); got.readings != 0 || got.failures != 1 || strings.Contains(got.reason, "4111") {
			t.Errorf("%d readings, %d failures (%s)", got.readings, got.failures, got.reason)
		}
	})
}

// TestReader_MaskOwnText: a secret in the text that a capture came with is not in
// its document, whether the capture is indexed or set aside.
func TestReader_MaskOwnText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(2)
		text := "card 4111"
		all[0].OCRText, all[1].OCRText = &text, &text
		r := newRig(t, all, func(_ *rig, o *reading.Options) { o.Mask = maskCards })
		r.change(all[1], func(row *row) { row.claims = 20 })
		r.start(t)
		r.ended(2)
		r.stop(t)
		for i, c := range all {
			if got := r.row(c); got.read != nil || !strings.HasPrefix(got.document, "card [xx]|") || *c.OCRText != "card 4111" {
				t.Errorf("capture %d: %+v, document %q, text %q", i, got.read, got.document, *c.OCRText)
			}
		}
		r.stats(t, reading.Stats{Indexed: 1, SetAside: 1})
	})
}

// TestReader_MaskReason: what a program complains of may be what it read.
func TestReader_MaskReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := captures(2)
		r := newRig(t, all, func(r *rig, o *reading.Options) {
			o.Mask = maskCards
			r.engine.read = func(_ context.Context, text string) error {
				code := jarvis.CodeInvalid
				if text == "picture 1" {
					code = jarvis.CodeTooLarge // which sets it aside
				}
				return jarvis.Errorf(code, "it does not know the word 4111")
			}
		})
		r.start(t)
		r.ended(2)
		r.stop(t)
		for i, c := range all {
			if got := r.row(c); got.reason != "it does not know the word [xx]" {
				t.Errorf("capture %d: %q", i, got.reason)
			}
		}
	})
}
