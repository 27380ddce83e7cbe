package catalogtest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

func testCount(t *testing.T, h Harness) {
	t.Run("Empty", func(t *testing.T) {
		wantCounts(t, h.open(t), newModel())
	})

	t.Run("RandomWrites", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		random := rand.New(rand.NewPCG(2, 3))
		captures := manyCaptures(proof.Rounds(150, 500))
		m := newModel(captures...)
		insert(t, cat, captures...)
		for _, c := range captures {
			switch random.IntN(3) {
			case 0:
				remove(t, cat, c.ID)
				delete(m.captures, c.ID)
			case 1:
				if err := cat.SetStored(t.Context(), c.ID, c.Filepath, 77, nil); err != nil {
					t.Fatalf("SetStored: %v", err)
				}
				c.StoredSize, c.StoredSHA256 = 77, nil
			}
		}
		wantState(t, cat, m)
		wantState(t, db.open(t), m)
		for id := range m.captures {
			remove(t, cat, id)
			delete(m.captures, id)
		}
		wantState(t, cat, m)
	})

	t.Run("ManyDevices", func(t *testing.T) {
		cat := h.open(t)
		m := newModel()
		for i := range 130 {
			c := newCapture(noon, func(c *jarvis.Capture) { c.Device = fmt.Sprintf("%c%d@desk", "aAzZé"[i%5], i) })
			c.Device = jarvis.CleanText(c.Device, jarvis.MaxDevice)
			m.captures[c.ID] = c
			insert(t, cat, c)
		}
		wantCounts(t, cat, m)
	})

	t.Run("DaysInZones", func(t *testing.T) {
		cat := h.open(t)
		captures := capturesAtDayBorders(t)
		insertFast(t, captures, cat)
		m := newModel(captures...)
		wantCounts(t, cat, m)
		rapid.Check(t, func(t *rapid.T) {
			zone := rapid.SampledFrom(zones).Draw(t, "zone")
			loc := location(t, zone)
			var from, to time.Time
			if rapid.Bool().Draw(t, "has from") {
				from = rapid.SampledFrom(captures).Draw(t, "from").Timestamp.In(loc)
			}
			if rapid.Bool().Draw(t, "has to") {
				to = rapid.SampledFrom(captures).Draw(t, "to").Timestamp
			}
			got, err := cat.CountDays(background, from, to, loc)
			if err != nil {
				t.Fatalf("CountDays(%v, %v, %v): %v", from, to, loc, err)
			}
			if !from.IsZero() && !to.IsZero() && !from.Before(to) {
				return // nothing, or the one day that both round out to
			}
			wantEqual(t, "CountDays in "+zone, got, m.days(from, to, loc))
		})
	})

	// At 00:01 the clocks went back to 23:01 of the day before, which thus came twice.
	t.Run("DayThatReturns", func(t *testing.T) {
		cat := h.open(t)
		loc := location(t, "America/St_Johns")
		m := newModel()
		for _, at := range []string{"02:00:00", "02:30:30", "02:50:00", "03:50:00"} {
			parsed, err := time.Parse(time.RFC3339, "2010-11-07T"+at+"Z")
			if err != nil {
				t.Fatalf("parse a time: %v", err)
			}
			c := newCapture(parsed)
			m.captures[c.ID] = c
			insert(t, cat, c)
		}
		for _, from := range []time.Time{{}, time.Date(2010, 11, 6, 12, 0, 0, 0, loc), time.Date(2010, 11, 7, 12, 0, 0, 0, loc)} {
			for _, to := range []time.Time{{}, time.Date(2010, 11, 7, 0, 0, 0, 0, loc), time.Date(2010, 11, 7, 12, 0, 0, 0, loc)} {
				if !to.IsZero() && !from.Before(to) {
					continue
				}
				got, err := cat.CountDays(t.Context(), from, to, loc)
				if err != nil {
					t.Fatalf("CountDays(%v, %v): %v", from, to, err)
				}
				wantEqual(t, "CountDays", got, m.days(from, to, loc))
			}
		}
	})

	t.Run("DaysFarAway", func(t *testing.T) {
		cat := h.open(t)
		m := newModel(newCapture(jarvis.MinTime), newCapture(noon), newCapture(jarvis.MaxTime))
		insert(t, cat, m.selected(jarvis.CaptureFilter{})...)
		far := []time.Time{time.Date(-44, 3, 15, 0, 0, 0, 0, time.UTC), jarvis.MinTime, noon, jarvis.MaxTime, time.Date(250_000, 1, 1, 0, 0, 0, 0, time.UTC)}
		for i, from := range far {
			for _, to := range far[i+1:] {
				got, err := cat.CountDays(t.Context(), from, to, time.UTC)
				if err != nil {
					t.Fatalf("CountDays(%v, %v): %v", from, to, err)
				}
				wantEqual(t, "CountDays", got, m.days(from, to, time.UTC))
			}
		}
	})
}

// zones have offsets of whole, half and quarter hours, days of 23, 23.5, 24.5
// and 25 hours, days that begin at one o'clock or have two midnights, and one
// day that does not exist.
var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe",
	"Australia/Eucla", "Pacific/Chatham", "America/Sao_Paulo", "America/Havana", "Atlantic/Azores", "Pacific/Apia",
	"Pacific/Kiritimati", "Asia/Beirut",
}

func location(t tester, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatalf("load the time zone %s: %v", name, err)
	}
	return loc
}

// capturesAtDayBorders returns captures around the midnights of days on which
// some zone changes its clocks, and of ordinary days.
func capturesAtDayBorders(t tester) []*jarvis.Capture {
	days := []string{
		"2026-01-24", "2026-03-29", "2026-10-25", // Europe
		"2026-03-08", "2026-11-01", // America
		"2026-04-05", "2026-10-04", "2026-09-27", // Australia and Chatham
		"2018-02-18", "2018-11-04", // São Paulo, at midnight
		"2011-12-30", // Apia had no such day
	}
	var captures []*jarvis.Capture
	for _, zone := range zones {
		loc := location(t, zone)
		for i, day := range days {
			midnight, err := time.ParseInLocation("2006-01-02", day, loc)
			if err != nil {
				t.Fatalf("parse a day: %v", err)
			}
			for _, off := range []time.Duration{-time.Hour, -time.Microsecond, 0, time.Microsecond, 30 * time.Minute, 90 * time.Minute, 24 * time.Hour} {
				captures = append(captures, newCapture(midnight.Add(off), func(c *jarvis.Capture) { c.StoredSize = int64(i + 1) }))
			}
		}
	}
	return captures
}

// wantCounts compares the counters with the model, which counts the captures.
func wantCounts(t tester, cat Catalog, m *model) {
	t.Helper()
	stats, err := cat.Stats(background)
	if err != nil {
		t.Fatalf("Stats: %v", err)
	}
	wantEqual(t, "Stats", stats, m.stats())
	summary, err := cat.Summarize(background, jarvis.CaptureFilter{})
	if err != nil {
		t.Fatalf("Summarize: %v", err)
	}
	wantEqual(t, "Summarize", summary, m.summary(jarvis.CaptureFilter{}))
	for _, loc := range []*time.Location{time.UTC, location(t, "Asia/Kathmandu")} {
		days, err := cat.CountDays(background, time.Time{}, time.Time{}, loc)
		if err != nil {
			t.Fatalf("CountDays: %v", err)
		}
		wantEqual(t, "CountDays in "+loc.String(), days, m.days(time.Time{}, time.Time{}, loc))
	}
}
