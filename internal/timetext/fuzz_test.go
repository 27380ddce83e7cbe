package timetext

import (
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// FuzzParseSpan checks that nothing panics, that what is understood is within
// bounds, and that a moment written out is read back as itself.
func FuzzParseSpan(f *testing.F) {
	for _, seed := range []string{
		"2026-01-24T20:39:09.123456789+01:00", "2026-01", "yesterday at 8:39 pm", "last mon 9:00 utc",
		"1y 2 months 3d 4h ago", "24/01/2026", "yesteday", "1769287149", "9999-12-31", "1970",
	} {
		f.Add(seed)
	}
	loc := zone(f, "Australia/Lord_Howe")
	now := at(f, saturday)
	f.Fuzz(func(t *testing.T, text string) {
		span, err := ParseSpan(text, now, loc)
		if err != nil {
			if jarvis.ErrorCode(err) != jarvis.CodeInvalid {
				t.Fatal(err)
			}
			return
		}
		if span.End.Before(span.Start) || span.Start.Before(jarvis.MinTime) || span.End.After(jarvis.MaxTime) {
			t.Fatalf("%q is %v", text, span)
		}
		if span.Start != jarvis.Instant(span.Start) || span.End != jarvis.Instant(span.End) {
			t.Fatalf("%q is %v: not in UTC to the microsecond", text, span)
		}
		again, err := Parse(span.Start.In(loc).Format(time.RFC3339Nano), now, loc)
		if err != nil || !again.Equal(span.Start) {
			t.Fatalf("%q is %v, which reads back as %v, %v", text, span.Start, again, err)
		}
	})
}

// FuzzFromFileName checks that nothing panics, that times lie in the years that
// file names may have, and that words around a name change nothing.
func FuzzFromFileName(f *testing.F) {
	for _, seed := range []string{
		"Screenshot from 2026-01-24 20-39-09-1.png", "Screenshot 2026-01-24 at 8.39.09\u202fPM (2).png",
		"20260124_20h39m09s_grim.png", "2026-01-24T20:39:09,123+01:00.png", "Editor 1_24_2026 8_39_09 PM.png",
		"1769283549123.webp", "截屏2026-01-24 下午8.39.09.png", "Screenshot_2026-01-24-20-39-09-123_app.jpg",
	} {
		f.Add(seed)
	}
	loc := zone(f, "America/New_York")
	f.Fuzz(func(t *testing.T, name string) {
		got, ok := FromFileName(name, loc)
		if !ok {
			return
		}
		if year := got.Year(); year < firstYear-1 || year > lastYear+1 {
			t.Fatalf("%q is from %v", name, got)
		}
		if in, ok := FromFileName("folder 2020-02-02 10-10-10/"+name, loc); !ok || !in.Equal(got) {
			t.Fatalf("%q is from %v, and from %v in a folder", name, got, in)
		}
	})
}
