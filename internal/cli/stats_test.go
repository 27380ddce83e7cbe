package cli

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

// counted is a catalogue that has one capture on some days, and remembers the
// earliest time that it was asked about.
type counted struct {
	jarvis.Catalog
	days []time.Time // at noon, oldest first
	from time.Time
}

func (c *counted) CountDays(_ context.Context, from, to time.Time, _ *time.Location) ([]jarvis.DayCount, error) {
	if c.from.IsZero() || from.Before(c.from) {
		c.from = from
	}
	var counts []jarvis.DayCount
	for _, day := range c.days {
		if !day.Before(from) && (to.IsZero() || day.Before(to)) {
			counts = append(counts, jarvis.DayCount{Day: jarvis.DayOf(day), Captures: 1})
		}
	}
	return counts, nil
}

func TestLastDays(t *testing.T) {
	noon := time.Date(2026, 1, 24, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var c counted
		for _, ago := range rapid.SliceOfDistinct(rapid.OneOf(rapid.IntRange(0, 60), rapid.IntRange(0, 20000)), rapid.ID[int]).Draw(t, "days ago") {
			c.days = append(c.days, noon.AddDate(0, 0, -ago))
		}
		slices.SortFunc(c.days, time.Time.Compare)
		sums := jarvis.CatalogStats{Captures: int64(len(c.days))}
		if sums.Captures > 0 {
			sums.Oldest, sums.Newest = c.days[0], c.days[len(c.days)-1]
		}
		var to time.Time
		if rapid.Bool().Draw(t, "to") {
			to = noon.AddDate(0, 0, -rapid.IntRange(-10, 20010).Draw(t, "to days ago"))
		}
		var want []jarvis.Day
		for _, day := range c.days {
			if to.IsZero() || day.Before(to) {
				want = append(want, jarvis.DayOf(day))
			}
		}
		want = want[max(len(want)-daysShown, 0):]
		got, err := lastDays(context.Background(), &c, &sums, to, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, want, func(count jarvis.DayCount, day jarvis.Day) bool { return count.Day == day }) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// TestLastDays_Years: of a store of many years only the last weeks are counted.
func TestLastDays_Years(t *testing.T) {
	var c counted
	for day := time.Date(2016, 1, 1, 12, 0, 0, 0, time.UTC); day.Year() < 2026; day = day.AddDate(0, 0, 1) {
		c.days = append(c.days, day)
	}
	newest := c.days[len(c.days)-1]
	sums := jarvis.CatalogStats{Captures: int64(len(c.days)), Oldest: c.days[0], Newest: newest}
	days, err := lastDays(t.Context(), &c, &sums, time.Time{}, time.UTC)
	if err != nil || len(days) != daysShown || c.from.Before(newest.AddDate(0, 0, -2*daysShown)) {
		t.Errorf("%d days, %v, asked from %v on", len(days), err, c.from)
	}
}
