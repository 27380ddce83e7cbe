package search

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/query"
)

// filled returns captures whose documents an older program made.
func filled(n int) *fake {
	f := &fake{}
	for i := range n {
		c := text("A", "fox", i)
		c.WindowTitle = "A title"
		f.add(c)
	}
	for _, e := range f.captures {
		e.document = "old"
	}
	return f
}

// old counts the documents that are not what they are made now.
func (f *fake) old() (n int) {
	for _, e := range f.captures {
		if e.document != query.Document(textOf(e.capture), e.capture.WindowTitle, e.capture.URL) {
			n++
		}
	}
	return n
}

func TestService_Reindex(t *testing.T) {
	f := filled(2*reindexBatch + 7)
	var last, total int64
	err := f.service().Reindex(t.Context(), false, func(done, of int64) {
		if f.rebuilds == 0 {
			last, total = done, of
		}
	})
	if err != nil || f.old() != 0 || f.rebuilds != 1 || !f.position.IsZero() {
		t.Errorf("%v: %d are old, %d rebuilds, position %v", err, f.old(), f.rebuilds, f.position)
	}
	if last != int64(len(f.captures)) || total != last {
		t.Errorf("progress ended with %d of %d", last, total)
	}
}

// Text that came with a capture is stored as it came, and found without its secrets.
func TestService_Reindex_Mask(t *testing.T) {
	f := filled(3)
	s := f.service()
	s.mask = func(r *jarvis.Reading) { r.Text = strings.ReplaceAll(r.Text, "fox", "[animal]") }
	if err := s.Reindex(t.Context(), false, nil); err != nil {
		t.Fatal(err)
	}
	for _, e := range f.captures {
		if want := query.Document("[animal]", e.capture.WindowTitle, e.capture.URL); e.document != want {
			t.Errorf("the document is %q, want %q", e.document, want)
		}
	}
}

func TestService_Reindex_Resume(t *testing.T) {
	f := filled(5 * reindexBatch)
	ctx, cancel := context.WithCancel(t.Context())
	batches := 0
	f.onSet = func([]jarvis.Document) {
		if batches++; batches == 3 {
			cancel()
		}
	}
	index := brokenIndex{f, ctx.Err}
	s := New(Options{Index: index, Readings: f, Catalog: f})
	if err := s.Reindex(ctx, false, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if n := f.old(); n != 2*reindexBatch || f.position.IsZero() {
		t.Fatalf("%d are old", n)
	}
	batches = 0
	f.rebuild = func(context.Context) error { return errBroken }
	if err := f.service().Reindex(t.Context(), false, nil); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	if batches != 3 || f.old() != 0 || f.position.IsZero() { // the third once more, and the last two
		t.Errorf("%d batches more, %d are old", batches, f.old())
	}
	batches, f.rebuild = 0, nil
	if err := f.service().Reindex(t.Context(), false, nil); err != nil || !f.position.IsZero() || batches != 2 {
		t.Errorf("%v: %d batches more", err, batches)
	}
	batches = 0
	f.position = f.captures[3*reindexBatch].capture.Cursor()
	if err := f.service().Reindex(t.Context(), true, nil); err != nil || batches != 1+5+1 {
		t.Errorf("%v: %d batches from the start", err, batches)
	}
}

// brokenIndex fails when it is told to, as every catalogue does when a context ends.
type brokenIndex struct {
	*fake
	err func() error
}

func (b brokenIndex) FindDocumented(ctx context.Context, after jarvis.Cursor, limit int) ([]*jarvis.Capture, error) {
	if err := b.err(); err != nil {
		return nil, err
	}
	return b.fake.FindDocumented(ctx, after, limit)
}

// TestService_Reindex_ReadMeanwhile reads a capture anew, several times, between the
// moment at which its text was looked at and the one at which its document is written.
func TestService_Reindex_ReadMeanwhile(t *testing.T) {
	f := filled(10)
	rounds := 0
	f.onTexts = func([]jarvis.ID) {
		if rounds++; rounds <= 3 {
			says := []string{"dog", "cat", "cow"}[rounds-1]
			f.captures[1].capture.OCRText = &says // its document came first, and was overtaken
		}
	}
	if err := f.service().Reindex(t.Context(), false, nil); err != nil || f.old() != 0 || rounds != 4 {
		t.Errorf("%v: %d are old after %d rounds", err, f.old(), rounds)
	}
}
