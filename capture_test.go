package jarvis_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

func TestInstant(t *testing.T) {
	in := time.Date(2026, 1, 24, 23, 30, 0, 123_456_789, time.FixedZone("", -3600))
	want := time.Date(2026, 1, 25, 0, 30, 0, 123_456_000, time.UTC)
	if got := jarvis.Instant(in); got != want {
		t.Errorf("Instant(%v) = %v; want %v", in, got, want)
	}
}

func TestCleanText(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		limit      int
	}{
		{"plain", "plain", 10},
		{"", "", 10},
		{"a\x00b", "a\uFFFDb", 10},
		{"a\xffb", "a\uFFFDb", 10},
		{"grün", "grü", 4},
		{"grün", "gr", 3},
		{"日本", "", 2},
		{"abc", "", 0},
	} {
		if got := jarvis.CleanText(tt.text, tt.limit); got != tt.want {
			t.Errorf("CleanText(%q, %d) = %q; want %q", tt.text, tt.limit, got, tt.want)
		}
	}
}

func FuzzCleanText(f *testing.F) {
	f.Add("grün\x00\xff", 3)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit &= math.MaxInt16
		got := jarvis.CleanText(text, limit)
		if len(got) > limit || !utf8.ValidString(got) || strings.Contains(got, "\x00") {
			t.Fatalf("CleanText(%q, %d) = %q", text, limit, got)
		}
		if again := jarvis.CleanText(got, limit); again != got {
			t.Fatalf("cleaned again, %q becomes %q", got, again)
		}
	})
}

func TestCursor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := jarvis.Capture{
			ID:        jarvis.NewRandomID(),
			Timestamp: time.UnixMicro(rapid.Int64Range(jarvis.MinTime.UnixMicro(), jarvis.MaxTime.UnixMicro()).Draw(t, "µs")).UTC(),
		}
		text := c.Cursor().String()
		got, err := jarvis.ParseCursor(text)
		if err != nil || got != c.Cursor() {
			t.Fatalf("ParseCursor(%q) = %v, %v; want %v", text, got, err, c.Cursor())
		}
		if strings.Trim(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			t.Fatalf("%q is not safe in an address", text)
		}
	})
	if got, err := jarvis.ParseCursor(jarvis.Cursor{}.String()); err != nil || !got.IsZero() {
		t.Errorf("the zero cursor comes back as %v, %v", got, err)
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add((&jarvis.Capture{ID: jarvis.NewRandomID(), Timestamp: jarvis.MaxTime}).Cursor().String())
	f.Add("AAAA")
	f.Add("=")
	f.Add((&jarvis.Capture{ID: jarvis.NewRandomID(), Timestamp: time.UnixMicro(math.MaxInt64)}).Cursor().String())
	f.Fuzz(func(t *testing.T, text string) {
		c, err := jarvis.ParseCursor(text)
		if err != nil {
			if !errors.Is(err, jarvis.ErrInvalid) {
				t.Fatalf("ParseCursor(%q): %v", text, err)
			}
			return
		}
		if c.IsZero() != (text == "") || c.Timestamp.Year() < 1 || c.Timestamp.Year() > 9999 {
			t.Fatalf("ParseCursor(%q) = %v", text, c)
		}
	})
}

func TestDay_Text(t *testing.T) {
	day := jarvis.Day{Year: 2024, Month: time.February, Date: 29}
	text, err := json.Marshal(day)
	if err != nil || string(text) != `"2024-02-29"` {
		t.Errorf("Marshal gives %s, error %v", text, err)
	}
	var again jarvis.Day
	if err := json.Unmarshal(text, &again); err != nil || again != day {
		t.Errorf("Unmarshal gives %v, error %v", again, err)
	}
	for _, text := range []string{"", "2023-02-29", "2024-2-29", "2024/02/29", "2024-02-29T00:00:00Z", " 2024-02-29"} {
		if err := again.UnmarshalText([]byte(text)); !errors.Is(err, jarvis.ErrInvalid) {
			t.Errorf("%q is read as %v, error %v", text, again, err)
		}
	}
}

func TestDay(t *testing.T) {
	late := time.Date(2026, 1, 24, 23, 30, 0, 0, time.FixedZone("", -3600))
	day := jarvis.DayOf(late)
	if day.String() != "2026-01-25" || day.Folder() != "2026/01/25" || !day.Start().Equal(time.Date(2026, 1, 25, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("DayOf(%v) = %v in %s", late, day, day.Folder())
	}
	if jarvis.DayOf(late.AddDate(0, 0, -1)).Compare(day) >= 0 {
		t.Error("a day does not come after the one before it")
	}
	text, err := json.Marshal(day)
	if err != nil || string(text) != `"2026-01-25"` {
		t.Errorf("JSON shows %s, %v", text, err)
	}
	for _, folder := range []string{"", "2026", "2026/1/24", "2026/02/30", "2026/01/24/", "/2026/01/24", "2026-01-24", "2026/13/01", "..../../.."} {
		if day, ok := jarvis.ParseDayFolder(folder); ok {
			t.Errorf("ParseDayFolder(%q) = %v", folder, day)
		}
	}
}

func TestBlobName(t *testing.T) {
	id, err := jarvis.ParseID("019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 24, 20, 39, 9, 0, time.UTC)
	for _, tt := range []struct {
		format jarvis.Format
		sealed bool
		want   string
	}{
		{jarvis.JPEG, false, "2026/01/24/019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00.jpg"},
		{jarvis.PNG, false, "2026/01/24/019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00.png"},
		{jarvis.WebP, false, "2026/01/24/019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00.webp"},
		{jarvis.JPEG, true, "2026/01/24/019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00.jpg.age"},
	} {
		name := jarvis.NewBlobName(id, at, tt.format, tt.sealed)
		if name.String() != tt.want || name.Format() != tt.format || name.Sealed() != tt.sealed || name.ID() != id || name.Day() != jarvis.DayOf(at) {
			t.Errorf("NewBlobName(%v, sealed %v) = %s", tt.format, tt.sealed, name)
		}
		for _, prefix := range []string{"", "/data/captures/", "elsewhere/"} {
			if parsed, err := jarvis.ParseBlobName(prefix + tt.want); err != nil || parsed != name {
				t.Errorf("ParseBlobName(%q) = %s, %v", prefix+tt.want, parsed, err)
			}
		}
	}
	if (jarvis.BlobName{}).String() != "" || !(jarvis.BlobName{}).IsZero() {
		t.Error("the zero name is no name")
	}
}

func FuzzParseBlobName(f *testing.F) {
	f.Add("/data/captures/2026/01/24/019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00.jpg")
	f.Add("2026/01/24/../../../etc/passwd")
	f.Add("2026/01/24/019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00.jpg.age")
	f.Add("2026/01/24/019BE5A4-7c3e-7d10-8f2a-5b6c7d8e9f00.jpg")
	f.Fuzz(func(t *testing.T, path string) {
		name, err := jarvis.ParseBlobName(path)
		if err != nil {
			if !errors.Is(err, jarvis.ErrInvalid) {
				t.Fatalf("ParseBlobName(%q): %v", path, err)
			}
			return
		}
		text := name.String()
		if !strings.HasSuffix(path, text) || strings.Count(text, "/") != 3 || strings.Contains(text, "..") {
			t.Fatalf("ParseBlobName(%q) = %q", path, text)
		}
		if again, err := jarvis.ParseBlobName(text); err != nil || again != name {
			t.Fatalf("%q does not come back: %v, %v", text, again, err)
		}
	})
}
