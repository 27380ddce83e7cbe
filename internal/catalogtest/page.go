package catalogtest

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// background is for calls within properties, whose own context ends with each
// try.
var background = context.Background()

func testPage(t *testing.T, h Harness) {
	t.Run("Empty", func(t *testing.T) {
		cat := h.open(t)
		if got := page(t, cat, jarvis.CaptureFilter{}); len(got) != 0 {
			t.Fatalf("an empty catalogue lists %d captures", len(got))
		}
		files, err := cat.FindFiles(t.Context(), jarvis.CaptureFilter{})
		if err != nil || len(files) != 0 {
			t.Fatalf("FindFiles of an empty catalogue = %v, %v", files, err)
		}
	})

	t.Run("Limit", func(t *testing.T) {
		cat := h.open(t)
		var captures []*jarvis.Capture
		for i := range 101 {
			captures = append(captures, newCapture(noon.Add(time.Duration(i)*time.Second)))
		}
		insert(t, cat, captures...)
		for limit, want := range map[int]int{0: 100, 1: 1, 100: 100, jarvis.MaxPage: 101} {
			f := jarvis.CaptureFilter{Limit: limit}
			if got := page(t, cat, f); len(got) != want {
				t.Errorf("a page with limit %d has %d captures, want %d", limit, len(got), want)
			}
		}
		for _, limit := range []int{-1, jarvis.MaxPage + 1} {
			f := jarvis.CaptureFilter{Limit: limit}
			_, err := cat.FindCaptures(t.Context(), f)
			wantError(t, err, jarvis.CodeInvalid, messageLimit(limit))
			_, err = cat.FindFiles(t.Context(), f)
			wantError(t, err, jarvis.CodeInvalid, messageLimit(limit))
		}
		if s, err := cat.Summarize(t.Context(), jarvis.CaptureFilter{Limit: -1}); err != nil || s.Captures != 101 {
			t.Errorf("Summarize, which ignores the limit, = %+v, %v", s, err)
		}
	})

	t.Run("TimeBounds", func(t *testing.T) {
		cat := h.open(t)
		m := newModel(
			newCapture(jarvis.MinTime), newCapture(jarvis.MinTime.Add(time.Microsecond)), newCapture(noon),
			newCapture(jarvis.MaxTime.Add(-time.Microsecond)), newCapture(jarvis.MaxTime))
		insert(t, cat, m.selected(jarvis.CaptureFilter{})...)
		times := []time.Time{
			{},
			time.Date(-44, 3, 15, 0, 0, 0, 0, time.UTC), jarvis.MinTime, jarvis.MinTime.Add(time.Microsecond),
			noon, noon.Add(time.Microsecond), noon.Add(time.Nanosecond), noon.In(time.FixedZone("", 20_700)),
			jarvis.MaxTime, jarvis.MaxTime.Add(time.Microsecond), time.Date(250_000, 1, 1, 0, 0, 0, 0, time.UTC),
		}
		for _, from := range times {
			for _, to := range times {
				for _, order := range []jarvis.Order{jarvis.NewestFirst, jarvis.OldestFirst} {
					wantPage(t, cat, m, jarvis.CaptureFilter{From: from, To: to, Order: order})
				}
			}
		}
	})

	t.Run("EveryFilter", func(t *testing.T) {
		cat := h.open(t)
		m := newModel()
		captures := manyCaptures(400)
		insert(t, cat, captures...)
		for _, c := range captures {
			m.captures[c.ID] = c
		}
		pinSome(t, cat, captures)
		rapid.Check(t, func(t *rapid.T) {
			f := drawFilter(t, captures)
			wantPage(t, cat, m, f)
			s, err := cat.Summarize(background, f)
			if err != nil {
				t.Fatalf("Summarize(%+v): %v", f, err)
			}
			wantEqual(t, "Summarize", s, m.summary(f))
		})
	})

	t.Run("Walk", func(t *testing.T) {
		cat := h.open(t)
		captures := manyCaptures(300)
		insert(t, cat, captures...)
		pinSome(t, cat, captures)
		m := newModel(captures...)
		rapid.Check(t, func(t *rapid.T) {
			f := drawFilter(t, captures)
			f.After, f.Limit = jarvis.Cursor{}, rapid.SampledFrom([]int{1, 7, 100, 299, 300, 301, jarvis.MaxPage}).Draw(t, "limit")
			if f.Limit == 1 {
				f.Device = "ada@desk" // or the walk is long
			}
			walked := walk(t, cat, f)
			everything := f
			everything.Limit = jarvis.MaxPage
			wantEqual(t, "the pages of a walk", walked, m.page(everything))
		})
	})

	t.Run("OneMicrosecond", func(t *testing.T) {
		count := proof.Rounds(1500, 3000) // more than SQLite has room for in one microsecond's slot
		cat := h.open(t)
		var captures []*jarvis.Capture
		for range count {
			captures = append(captures, newCapture(noon))
		}
		insertFast(t, captures, cat)
		m := newModel(captures...)
		for _, order := range []jarvis.Order{jarvis.NewestFirst, jarvis.OldestFirst} {
			for _, limit := range []int{100, 1024, count - 1, count} {
				f := jarvis.CaptureFilter{Order: order, Limit: limit}
				walked := walk(t, cat, f)
				f.Limit = jarvis.MaxPage
				wantEqual(t, "the pages of one microsecond", walked, m.page(f))
			}
		}
		wantState(t, cat, m)
	})

	t.Run("AfterWhatIsGone", func(t *testing.T) {
		cat := h.open(t)
		captures := []*jarvis.Capture{newCapture(noon), newCapture(noon), newCapture(noon), newCapture(noon.Add(time.Second))}
		insert(t, cat, captures...)
		m := newModel(captures...)
		middle := page(t, cat, jarvis.CaptureFilter{})[1].Cursor()
		remove(t, cat, middle.ID)
		delete(m.captures, middle.ID)
		for _, order := range []jarvis.Order{jarvis.NewestFirst, jarvis.OldestFirst} {
			wantPage(t, cat, m, jarvis.CaptureFilter{Order: order, After: middle})
		}
	})
}

func wantPage(t tester, cat Catalog, m *model, f jarvis.CaptureFilter) {
	t.Helper()
	wantEqual(t, "FindCaptures", page(t, cat, f), m.page(f))
	files, err := cat.FindFiles(background, f)
	if err != nil {
		t.Fatalf("FindFiles(%+v): %v", f, err)
	}
	wantEqual(t, "FindFiles", files, m.files(f))
}

// walk reads all pages.
func walk(t tester, cat Catalog, f jarvis.CaptureFilter) []*jarvis.Capture {
	t.Helper()
	var all []*jarvis.Capture
	for {
		got := page(t, cat, f)
		if len(got) > 0 && got[0].Cursor() == f.After {
			t.Fatalf("the page after %s begins with it", f.After.ID)
		}
		all = append(all, got...)
		if len(got) < f.Limit {
			return all
		}
		cursor, err := jarvis.ParseCursor(got[len(got)-1].Cursor().String())
		if err != nil {
			t.Fatalf("the cursor of a capture: %v", err)
		}
		f.After = cursor
	}
}

// manyCaptures returns n captures in which every value of every filter occurs
// often, and many times are equal.
func manyCaptures(n int) []*jarvis.Capture {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	var captures []*jarvis.Capture
	for range n {
		at := noon.Add(time.Duration(random.IntN(40)) * time.Microsecond)
		if random.IntN(2) == 0 {
			at = noon.Add(time.Duration(random.IntN(40)) * time.Hour)
		}
		captures = append(captures, newCapture(at, func(c *jarvis.Capture) {
			c.Device = pick("", "ada@desk", "ada@lap", "Ada@desk", "zoë@büro")
			c.AppName = pick("", "Firefox", "firefox", "Terminal", "メモ")
			c.MonitorIndex = random.IntN(3)
			c.CreatedAt = noon.Add(time.Duration(random.IntN(5)) * time.Hour)
			c.FileSize = 1 + random.Int64N(1000)
			c.StoredSize = random.Int64N(3) * c.FileSize
			if c.StoredSize == 0 {
				c.StoredSHA256 = nil
			}
		}))
	}
	return captures
}

// drawFilter draws each part of a filter on its own, so that every combination
// comes up.
func drawFilter(t *rapid.T, captures []*jarvis.Capture) jarvis.CaptureFilter {
	maybe := rapid.Bool()
	near := func(name string) time.Time {
		c := rapid.SampledFrom(captures).Draw(t, name)
		return c.Timestamp.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, name+" off by")) * time.Microsecond)
	}
	var f jarvis.CaptureFilter
	if maybe.Draw(t, "has from") {
		f.From = near("from")
	}
	if maybe.Draw(t, "has to") {
		f.To = near("to")
	}
	if maybe.Draw(t, "has device") {
		f.Device = rapid.SampledFrom([]string{"ada@desk", "Ada@desk", "zoë@büro", "nobody@nowhere"}).Draw(t, "device")
	}
	if maybe.Draw(t, "has app") {
		f.AppName = rapid.SampledFrom([]string{"Firefox", "firefox", "メモ", "Nothing"}).Draw(t, "app")
	}
	if maybe.Draw(t, "has monitor") {
		monitor := rapid.IntRange(0, 3).Draw(t, "monitor")
		f.Monitor = &monitor
	}
	if maybe.Draw(t, "has pinned") {
		pinned := maybe.Draw(t, "pinned")
		f.Pinned = &pinned
	}
	if maybe.Draw(t, "has created before") {
		f.CreatedBefore = noon.Add(time.Duration(rapid.IntRange(-1, 6).Draw(t, "created before")) * time.Hour)
	}
	if maybe.Draw(t, "oldest first") {
		f.Order = jarvis.OldestFirst
	}
	if maybe.Draw(t, "has after") {
		f.After = rapid.SampledFrom(captures).Draw(t, "after").Cursor()
		if maybe.Draw(t, "after is none of them") {
			f.After.ID = slices.MinFunc(captures, func(a, b *jarvis.Capture) int { return compareCursors(a.Cursor(), b.Cursor()) }).ID
		}
	}
	f.Limit = rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(1, jarvis.MaxPage)).Draw(t, "limit")
	return f
}
