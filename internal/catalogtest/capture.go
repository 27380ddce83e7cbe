package catalogtest

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

func testCapture(t *testing.T, h Harness) {
	t.Run("RoundTrip", func(t *testing.T) {
		cat := h.open(t)
		text := "what was read: 100% of it"
		for name, c := range map[string]*jarvis.Capture{
			"EveryField": newCapture(noon, func(c *jarvis.Capture) { c.OCRText, c.MonitorIndex, c.Recovered = &text, 3, true }),
			"NoText":     newCapture(noon),
			"EmptyText":  newCapture(noon, func(c *jarvis.Capture) { empty := ""; c.OCRText = &empty }),
			"Bare": newCapture(noon, func(c *jarvis.Capture) {
				*c = jarvis.Capture{ID: c.ID, Filepath: c.Filepath, Timestamp: c.Timestamp, Width: 1, Height: 1, FileSize: 1, CreatedAt: c.CreatedAt}
			}),
			"Largest": newCapture(noon, func(c *jarvis.Capture) {
				c.MonitorIndex, c.Width, c.Height = math.MaxInt32, math.MaxInt32, math.MaxInt32
				c.FileSize, c.StoredSize = math.MaxInt32, math.MaxInt32+1
			}),
			"NegativeMonitor":   newCapture(noon, func(c *jarvis.Capture) { c.MonitorIndex = -1 }),
			"OldestTime":        newCapture(jarvis.MinTime),
			"NewestTime":        newCapture(jarvis.MaxTime),
			"CreatedBeforeTime": newCapture(noon, func(c *jarvis.Capture) { c.CreatedAt = noon.Add(-time.Microsecond) }),
			"FilepathOf500":     newCapture(noon, func(c *jarvis.Capture) { c.Filepath = strings.Repeat("/data", 89) + "/" + c.Filepath }),
		} {
			t.Run(name, func(t *testing.T) {
				insert(t, cat, c)
				wantFound(t, cat, c)
			})
		}
	})

	t.Run("Microseconds", func(t *testing.T) {
		cat := h.open(t)
		kathmandu := location(t, "Asia/Kathmandu")
		for _, us := range []int{0, 1, 499_999, 500_000, 999_999} {
			c := newCapture(time.Date(2026, 1, 24, 20, 39, 9, us*1000, time.UTC))
			want := *c
			c.Timestamp = c.Timestamp.In(kathmandu)
			c.CreatedAt = c.Timestamp
			want.CreatedAt = want.Timestamp
			insert(t, cat, c)
			wantFound(t, cat, &want)
		}
		c := newCapture(noon)
		want := *c
		c.Timestamp = c.Timestamp.Add(999 * time.Nanosecond)
		insert(t, cat, c)
		wantFound(t, cat, &want)
	})

	t.Run("HostileText", func(t *testing.T) {
		cat := h.open(t)
		for _, text := range hostileTexts() {
			c := newCapture(noon, func(c *jarvis.Capture) {
				c.Device = jarvis.CleanText(text, jarvis.MaxDevice)
				c.AppName = jarvis.CleanText(text, jarvis.MaxTitle)
				c.WindowTitle = jarvis.CleanText(text, jarvis.MaxTitle)
				c.URL = jarvis.CleanText(text, jarvis.MaxURL)
				c.OCRText = &text
			})
			insert(t, cat, c)
			wantFound(t, cat, c)
			for _, f := range []jarvis.CaptureFilter{{Device: c.Device}, {AppName: c.AppName}} {
				wantEqual(t, "the page filtered by this text", page(t, cat, f), newModel(c).page(f))
			}
			remove(t, cat, c.ID)
		}
	})

	t.Run("TextReadLater", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		c := newCapture(noon)
		insert(t, cat, c)
		text := "it's 5 o'clock; -- 100% \n\t 时间 🕔"
		exec(t, db.SQL(t), "UPDATE captures SET ocr_text = "+quote(text)+" WHERE id = "+quote(c.ID.String()))
		c.OCRText = &text
		wantFound(t, cat, c)
		if listed := page(t, cat, jarvis.CaptureFilter{}); listed[0].OCRText != nil {
			t.Errorf("FindCaptures fills OCRText with %q", *listed[0].OCRText)
		}
	})

	t.Run("NullMonitor", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		null, one := newCapture(noon), newCapture(noon, func(c *jarvis.Capture) { c.MonitorIndex = 1 })
		insert(t, cat, null, one)
		exec(t, db.SQL(t), "UPDATE captures SET monitor_index = NULL WHERE id = "+quote(null.ID.String()))
		wantFound(t, cat, null)
		m := newModel(null, one)
		for _, monitor := range []int{0, 1, 2, -1, math.MaxInt64} {
			f := jarvis.CaptureFilter{Monitor: &monitor}
			wantEqual(t, "the page of a monitor", page(t, cat, f), m.page(f))
		}
	})

	t.Run("Missing", func(t *testing.T) {
		cat := h.open(t)
		id := jarvis.NewRandomID()
		_, err := cat.FindCapture(t.Context(), id)
		wantError(t, err, jarvis.CodeNotFound, messageMissing(id))
		wantError(t, cat.SetStored(t.Context(), id, "2026/01/24/x.jpg", 1, nil), jarvis.CodeNotFound, messageMissing(id))
		_, err = cat.BeginDelete(t.Context(), id)
		wantError(t, err, jarvis.CodeNotFound, messageMissing(id))
	})

	t.Run("Conflict", func(t *testing.T) {
		cat := h.open(t)
		c := newCapture(noon)
		insert(t, cat, c)
		other := newCapture(noon.Add(time.Hour), func(o *jarvis.Capture) { o.ID, o.Device = c.ID, "eve@desk" })
		for _, again := range []*jarvis.Capture{c, other} {
			wantError(t, cat.InsertCapture(t.Context(), again), jarvis.CodeConflict, messageTaken(c.ID))
		}
		wantState(t, cat, newModel(c))
		wantFound(t, cat, c)
	})

	t.Run("InsertDoesNotKeep", func(t *testing.T) {
		cat := h.open(t)
		c := newCapture(noon)
		given := *c
		insert(t, cat, c)
		wantEqual(t, "the capture after it was inserted", c, &given)
	})

	t.Run("SetStored", func(t *testing.T) {
		cat := h.open(t)
		kept := newCapture(noon)
		c := newCapture(noon, func(c *jarvis.Capture) { c.StoredSize, c.StoredSHA256 = 0, nil })
		insert(t, cat, c, kept)
		wantState(t, cat, newModel(c, kept))
		for _, size := range []int64{99, 1 << 40, 7} {
			c.Filepath = jarvis.NewBlobName(c.ID, c.Timestamp, jarvis.WebP, true).String()
			c.StoredSize, c.StoredSHA256 = size, []byte(strings.Repeat("s", 32))
			if err := cat.SetStored(t.Context(), c.ID, c.Filepath, c.StoredSize, c.StoredSHA256); err != nil {
				t.Fatalf("SetStored: %v", err)
			}
			wantFound(t, cat, c)
			wantState(t, cat, newModel(c, kept))
		}
	})
}

func wantFound(t tester, cat Catalog, want *jarvis.Capture) {
	t.Helper()
	got, err := cat.FindCapture(background, want.ID)
	if err != nil {
		t.Fatalf("FindCapture(%s): %v", want.ID, err)
	}
	wantEqual(t, "FindCapture", got, want)
}

// hostileTexts are what a window title may be, after jarvis.CleanText.
func hostileTexts() []string {
	texts := []string{
		"'", `"`, `\`, `'; DROP TABLE captures; --`, "100% _ ? $1 :name @name %s %d", "{{.}} <script>alert(1)</script>",
		" leading and trailing ", "\t\r\n\v\f", "\x01\x1b[31m\x7f", "👩‍👩‍👧‍👦 🇳🇵", "مرحبا שלום", "e\u0301 \u00e9",
		"\ufeffbyte order mark", "\u202eright to left override", "ẞ ß İ ı", "\U0010ffff", "null", "NULL", "0", "-",
		"bad \xff\xfe\x00 bytes", strings.Repeat("🦉", jarvis.MaxURL), strings.Repeat("x", jarvis.MaxTitle), incompressible(jarvis.MaxURL),
	}
	for i, text := range texts {
		texts[i] = jarvis.CleanText(text, jarvis.MaxURL)
	}
	return texts
}

// incompressible returns text that no database can pack into an index entry by
// compressing it.
func incompressible(n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(jarvis.NewRandomID().String())
	}
	return b.String()[:n]
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
