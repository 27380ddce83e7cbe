package catalogtest

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

func testMinutes(t *testing.T, h Harness) {
	t.Run("Range", func(t *testing.T) {
		cat := h.open(t)
		for name, to := range map[string]time.Time{"Empty": noon, "Backwards": noon.Add(-time.Hour), "Longest": noon.Add(jarvis.MaxMinutesRange), "Never": {}} {
			counts, err := cat.CountMinutes(t.Context(), noon, to)
			if err != nil || counts == nil || len(counts) != 0 {
				t.Errorf("%s: CountMinutes = %v, %v", name, counts, err)
			}
		}
		for _, times := range [][2]time.Time{
			{noon, noon.Add(jarvis.MaxMinutesRange + time.Nanosecond)},
			{{}, noon},
			{jarvis.MinTime, time.Date(250_000, 1, 1, 0, 0, 0, 0, time.UTC)},
		} {
			_, err := cat.CountMinutes(t.Context(), times[0], times[1])
			wantError(t, err, jarvis.CodeInvalid, messageMinutes)
		}
	})

	t.Run("Model", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		random := rand.New(rand.NewPCG(8, 8))
		captures := manyCaptures(400)
		for _, c := range captures {
			c.MonitorIndex = random.IntN(3) - 1
			c.Timestamp = noon.Truncate(time.Minute).Add(time.Duration(random.IntN(4)) * time.Minute)
			switch random.IntN(4) {
			case 0:
				c.Timestamp = c.Timestamp.Add(-time.Microsecond)
			case 1:
				c.Timestamp = c.Timestamp.Add(time.Duration(random.IntN(60_000_000)) * time.Microsecond)
			case 2:
				c.Timestamp = c.Timestamp.Add(time.Duration(random.IntN(40)) * time.Hour)
			}
		}
		captures = append(captures, newCapture(jarvis.MinTime), newCapture(jarvis.MaxTime))
		insertFast(t, captures, cat)
		exec(t, db.SQL(t), "UPDATE captures SET monitor_index = NULL WHERE monitor_index = 0")
		m := newModel(captures...)
		rapid.Check(t, func(t *rapid.T) {
			from := rapid.SampledFrom(captures).Draw(t, "from").Timestamp.Add(time.Duration(rapid.IntRange(-1500, 1500).Draw(t, "off")) * time.Nanosecond)
			length := rapid.OneOf(rapid.Int64Range(0, int64(5*time.Minute)), rapid.Int64Range(0, int64(jarvis.MaxMinutesRange)), rapid.Just(int64(jarvis.MaxMinutesRange)))
			to := from.Add(time.Duration(length.Draw(t, "length")))
			got, err := cat.CountMinutes(background, from, to)
			if err != nil {
				t.Fatalf("CountMinutes(%v, %v): %v", from, to, err)
			}
			wantEqual(t, "CountMinutes", got, m.minutes(from, to))
		})
	})
}

// minutes returns what CountMinutes returns.
func (m *model) minutes(from, to time.Time) []jarvis.MinuteCount {
	counts := make(map[jarvis.MinuteCount]int64)
	for _, c := range m.captures {
		if !c.Timestamp.Before(from) && c.Timestamp.Before(to) {
			counts[jarvis.MinuteCount{Minute: c.Timestamp.Truncate(time.Minute), Device: c.Device, Monitor: c.MonitorIndex, AppName: c.AppName}]++
		}
	}
	var result []jarvis.MinuteCount
	for key, captures := range counts {
		key.Captures = captures
		result = append(result, key)
	}
	slices.SortFunc(result, func(a, b jarvis.MinuteCount) int {
		return cmp.Or(a.Minute.Compare(b.Minute), strings.Compare(a.Device, b.Device), cmp.Compare(a.Monitor, b.Monitor), strings.Compare(a.AppName, b.AppName))
	})
	return result
}
