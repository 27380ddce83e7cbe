package timetext

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

const wallLayout = "2006-01-02 15:04:05"

func wall(t testing.TB, text string) time.Time {
	t.Helper()
	w, err := time.Parse(wallLayout, text)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestLocal(t *testing.T) {
	for _, test := range []struct{ name, zone, wall, want string }{
		{"winter", "Europe/Berlin", "2026-01-24 20:39:09", "2026-01-24T19:39:09Z"},
		{"summer", "Europe/Berlin", "2026-07-24 20:39:09", "2026-07-24T18:39:09Z"},
		{"just before the gap", "Europe/Berlin", "2026-03-29 01:59:59", "2026-03-29T00:59:59Z"},
		{"gap", "Europe/Berlin", "2026-03-29 02:00:00", "2026-03-29T01:00:00Z"},        // shown as 03:00
		{"in the gap", "Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29T01:30:00Z"}, // shown as 03:30
		{"just after the gap", "Europe/Berlin", "2026-03-29 03:00:00", "2026-03-29T01:00:00Z"},
		{"before the second hour", "Europe/Berlin", "2026-10-25 01:59:59", "2026-10-24T23:59:59Z"},
		{"ambiguous", "Europe/Berlin", "2026-10-25 02:00:00", "2026-10-25T00:00:00Z"},
		{"ambiguous, last", "Europe/Berlin", "2026-10-25 02:59:59", "2026-10-25T00:59:59Z"},
		{"after the second hour", "Europe/Berlin", "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"},
		{"gap west of UTC", "America/New_York", "2026-03-08 02:30:00", "2026-03-08T07:30:00Z"},
		{"ambiguous west of UTC", "America/New_York", "2026-11-01 01:30:00", "2026-11-01T05:30:00Z"},
		{"gap of half an hour", "Australia/Lord_Howe", "2026-10-04 02:15:00", "2026-10-03T15:45:00Z"}, // shown as 02:45
		{"after that gap", "Australia/Lord_Howe", "2026-10-04 02:30:00", "2026-10-03T15:30:00Z"},
		{"ambiguous half hour", "Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04T14:45:00Z"},
		{"after that half hour", "Australia/Lord_Howe", "2026-04-05 02:00:00", "2026-04-04T15:30:00Z"},
		{"skipped day", "Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T22:00:00Z"}, // shown as the 31st, noon
		{"end of a leap year", "Australia/Lord_Howe", "2041-01-01 12:00:00", "2041-01-01T01:00:00Z"},
		{"before zones", "Europe/Berlin", "1800-01-01 12:00:00", "1800-01-01T11:06:32Z"},
		{"far off", "Europe/Berlin", "9999-07-01 12:00:00", "9999-07-01T10:00:00Z"},
		{"UTC", "UTC", "2026-01-24 20:39:09", "2026-01-24T20:39:09Z"},
	} {
		t.Run(test.zone+"/"+test.name, func(t *testing.T) {
			if got := Local(wall(t, test.wall), zone(t, test.zone)); !got.Equal(at(t, test.want)) {
				t.Errorf("Local(%s) = %s, want %s", test.wall, got.Format(time.RFC3339), test.want)
			}
		})
	}
}

// A wall clock that was read off a clock is read back to that instant or to an
// earlier one that showed the same.
func TestLocal_IsTheFirstInstantThatShowsIt(t *testing.T) {
	names := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "Asia/Kathmandu", "America/Havana", "Antarctica/Troll", "Africa/Monrovia"}
	rapid.Check(t, func(rt *rapid.T) {
		loc := zone(t, rapid.SampledFrom(names).Draw(rt, "zone"))
		instant := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(rt, "second"), 0).In(loc)
		if near := rapid.Int64Range(-7200, 7200).Draw(rt, "near"); rapid.Bool().Draw(rt, "at a change") {
			if _, change := instant.ZoneBounds(); !change.IsZero() {
				instant = change.Add(time.Duration(near) * time.Second)
			}
		}
		shown := instant.Format(wallLayout)
		got := Local(instant, loc)
		if got.After(instant) || got.In(loc).Format(wallLayout) != shown {
			rt.Fatalf("%s shows %s; Local returns %s", instant.UTC(), shown, got.UTC())
		}
		for earlier := got.Add(-30 * time.Minute); earlier.After(got.Add(-25 * time.Hour)); earlier = earlier.Add(-30 * time.Minute) {
			if earlier.In(loc).Format(wallLayout) == shown {
				rt.Fatalf("%s shows %s before %s", earlier.UTC(), shown, got.UTC())
			}
		}
	})
}
