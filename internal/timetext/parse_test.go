package timetext

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tests name zones that a bare machine does not have

	"github.com/jarvis-memory/jarvis"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// at reads the wanted instant of a table.
func at(t testing.TB, text string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return instant.UTC()
}

// A Saturday evening in Berlin.
const saturday = "2026-01-24T20:39:09.123456+01:00"

func TestParse_Moments(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	now := at(t, saturday)
	for text, want := range map[string]string{
		"2026-01-24T20:39:09+01:00":           "2026-01-24T19:39:09Z",
		"2026-01-24T19:39:09Z":                "2026-01-24T19:39:09Z",
		"2026-01-24t19:39:09z":                "2026-01-24T19:39:09Z",
		"2026-01-24 19:39:09Z":                "2026-01-24T19:39:09Z",
		"2026-01-24 19:39:09 UTC":             "2026-01-24T19:39:09Z",
		"2026-01-24T19:39:09-00:00":           "2026-01-24T19:39:09Z",
		"2026-01-24T19:39:09.5Z":              "2026-01-24T19:39:09.5Z",
		"2026-01-24T19:39:09,25Z":             "2026-01-24T19:39:09.25Z",
		"2026-01-24T19:39:09.123456789Z":      "2026-01-24T19:39:09.123456Z",
		"2026-01-24T19:39:09.999999999+00:00": "2026-01-24T19:39:09.999999Z",
		"2026-01-24 20:39:09 +0100":           "2026-01-24T19:39:09Z",
		"2026-01-24 20:39:09 +01":             "2026-01-24T19:39:09Z",
		"2026-01-24T14:39:09-05:30":           "2026-01-24T20:09:09Z",
		"2026-01-24T20:39":                    "2026-01-24T19:39:00Z",
		"2026-01-24 20:39":                    "2026-01-24T19:39:00Z",
		" 2026-01-24   20:39 ":                "2026-01-24T19:39:00Z",
		"2026-07-24 20:39":                    "2026-07-24T18:39:00Z",
		"2026-1-4 8:09":                       "2026-01-04T07:09:00Z",
		"2016-12-31T23:59:60Z":                "2017-01-01T00:00:00Z",
		"20:39":                               "2026-01-24T19:39:00Z",
		"20:39:09.5":                          "2026-01-24T19:39:09.5Z",
		"8:39 PM":                             "2026-01-24T19:39:00Z",
		"8pm":                                 "2026-01-24T19:00:00Z",
		"12 am":                               "2026-01-23T23:00:00Z",
		"12:30 p.m.":                          "2026-01-24T11:30:00Z",
		"9:00 UTC":                            "2026-01-24T09:00:00Z",
		"now":                                 "2026-01-24T19:39:09.123456Z",
		"NOW":                                 "2026-01-24T19:39:09.123456Z",
		"today 14:30":                         "2026-01-24T13:30:00Z",
		"Yesterday 14:30":                     "2026-01-23T13:30:00Z",
		"yesterday at 2:30 pm":                "2026-01-23T13:30:00Z",
		"tomorrow 0:00":                       "2026-01-24T23:00:00Z",
		"monday 9:00":                         "2026-01-19T08:00:00Z",
		"last saturday at 9:00":               "2026-01-17T08:00:00Z",
		"sat 9:00":                            "2026-01-24T08:00:00Z",
		"2h ago":                              "2026-01-24T17:39:09.123456Z",
		"2h":                                  "2026-01-24T17:39:09.123456Z",
		"30m ago":                             "2026-01-24T19:09:09.123456Z",
		"90 s ago":                            "2026-01-24T19:37:39.123456Z",
		"1h30m ago":                           "2026-01-24T18:09:09.123456Z",
		"1 hour 30 minutes ago":               "2026-01-24T18:09:09.123456Z",
		"3d":                                  "2026-01-21T19:39:09.123456Z",
		"3 days ago":                          "2026-01-21T19:39:09.123456Z",
		"2w":                                  "2026-01-10T19:39:09.123456Z",
		"1 month ago":                         "2025-12-24T19:39:09.123456Z",
		"6 months ago":                        "2025-07-24T18:39:09.123456Z", // the same hour of the day, in summer time
		"1y":                                  "2025-01-24T19:39:09.123456Z",
		"1y 1mo 1d 1h ago":                    "2024-12-23T18:39:09.123456Z",
		"0s ago":                              "2026-01-24T19:39:09.123456Z",
		"1970-01-01T00:00:00Z":                "1970-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999Z":         "9999-12-31T23:59:59.999999Z",
		"9999-12-31T23:59:59.999999999Z":      "9999-12-31T23:59:59.999999Z",
	} {
		t.Run(text, func(t *testing.T) {
			span, err := ParseSpan(text, now, berlin)
			if err != nil {
				t.Fatal(err)
			}
			if !span.IsMoment() || !span.Start.Equal(at(t, want)) || span.Start.Location() != time.UTC {
				t.Errorf("ParseSpan = %v, want %s", span, want)
			}
		})
	}
}

func TestParseSpan_Periods(t *testing.T) {
	now := at(t, saturday)
	for _, test := range []struct{ zone, text, start, end string }{
		{"Europe/Berlin", "2026-01-24", "2026-01-23T23:00:00Z", "2026-01-24T23:00:00Z"},
		{"Europe/Berlin", "today", "2026-01-23T23:00:00Z", "2026-01-24T23:00:00Z"},
		{"Europe/Berlin", "yesterday", "2026-01-22T23:00:00Z", "2026-01-23T23:00:00Z"},
		{"Europe/Berlin", "tomorrow", "2026-01-24T23:00:00Z", "2026-01-25T23:00:00Z"},
		{"Europe/Berlin", "saturday", "2026-01-23T23:00:00Z", "2026-01-24T23:00:00Z"},
		{"Europe/Berlin", "last saturday", "2026-01-16T23:00:00Z", "2026-01-17T23:00:00Z"},
		{"Europe/Berlin", "sunday", "2026-01-17T23:00:00Z", "2026-01-18T23:00:00Z"},
		{"Europe/Berlin", "Fri", "2026-01-22T23:00:00Z", "2026-01-23T23:00:00Z"},
		{"Europe/Berlin", "2026-01", "2025-12-31T23:00:00Z", "2026-01-31T23:00:00Z"},
		{"Europe/Berlin", "2026-12", "2026-11-30T23:00:00Z", "2026-12-31T23:00:00Z"},
		{"Europe/Berlin", "2026", "2025-12-31T23:00:00Z", "2026-12-31T23:00:00Z"},
		{"Europe/Berlin", "2024-02-29", "2024-02-28T23:00:00Z", "2024-02-29T23:00:00Z"},
		{"Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"}, // 23 hours
		{"Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"}, // 25 hours
		{"America/New_York", "today", "2026-01-24T05:00:00Z", "2026-01-25T05:00:00Z"},
		{"Pacific/Auckland", "today", "2026-01-24T11:00:00Z", "2026-01-25T11:00:00Z"}, // already Sunday there
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		{"America/Havana", "2025-11-02", "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"}, // midnight came twice
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},   // a day that was skipped
		{"Europe/Berlin", "1970-01-01", "1970-01-01T00:00:00Z", "1970-01-01T23:00:00Z"},
		{"Europe/Berlin", "1970", "1970-01-01T00:00:00Z", "1970-12-31T23:00:00Z"},
		{"America/New_York", "9999-12-31", "9999-12-31T05:00:00Z", "9999-12-31T23:59:59.999999Z"},
		{"America/New_York", "9999", "9999-01-01T05:00:00Z", "9999-12-31T23:59:59.999999Z"},
	} {
		t.Run(test.zone+" "+test.text, func(t *testing.T) {
			span, err := ParseSpan(test.text, now, zone(t, test.zone))
			if err != nil {
				t.Fatal(err)
			}
			if !span.Start.Equal(at(t, test.start)) || !span.End.Equal(at(t, test.end)) {
				t.Errorf("ParseSpan = %v to %v, want %s to %s", span.Start, span.End, test.start, test.end)
			}
		})
	}
}

// A day by name is a day in the zone that is given with it.
func TestParse_TodayInAnotherZone(t *testing.T) {
	night := at(t, "2026-01-24T00:30:00+01:00")
	got, err := Parse("9:00 UTC", night, zone(t, "Europe/Berlin"))
	if err != nil || !got.Equal(at(t, "2026-01-23T09:00:00Z")) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestParseSpan_MonthsBackEndOnRealDays(t *testing.T) {
	for _, test := range []struct{ now, text, want string }{
		{"2026-03-31T12:00:00Z", "1 month ago", "2026-02-28T12:00:00Z"},
		{"2024-03-31T12:00:00Z", "1 month ago", "2024-02-29T12:00:00Z"},
		{"2024-02-29T12:00:00Z", "1 year ago", "2023-02-28T12:00:00Z"},
		{"2026-01-31T12:00:00Z", "2 months ago", "2025-11-30T12:00:00Z"},
		{"2026-03-01T12:00:00Z", "1d", "2026-02-28T12:00:00Z"},
	} {
		got, err := Parse(test.text, at(t, test.now), time.UTC)
		if err != nil || !got.Equal(at(t, test.want)) {
			t.Errorf("%s at %s: %v, %v; want %s", test.text, test.now, got, err, test.want)
		}
	}
}

func TestParseSpan_Refuses(t *testing.T) {
	now := at(t, saturday)
	berlin := zone(t, "Europe/Berlin")
	for text, says := range map[string]string{
		"":                           "the time is empty: write 2026-01-24",
		"  ":                         "the time is empty",
		"soon":                       `"soon" is not a time: write 2026-01-24`,
		strings.Repeat("1 day ", 20): "is too long for a time",
		"yesteday":                   `did you mean "yesterday"?`,
		"yestrday 14:30":             `did you mean "yesterday 14:30"?`,
		"wensday":                    `did you mean "wednesday"?`,
		"3 dyas ago":                 `did you mean "3 days ago"?`,
		"2026/01/24":                 `did you mean "2026-01-24"?`,
		"2026.01.24 20:39":           `did you mean "2026-01-24 20:39"?`,
		"20260124":                   `did you mean "2026-01-24"?`,
		"20260124T203909Z":           `did you mean "2026-01-24T20:39:09Z"?`,
		"2026-01-24-203909":          `did you mean "2026-01-24T20:39:09"?`,
		"24.01.2026":                 `did you mean "2026-01-24"?`,
		"24/01/2026 20:39":           `did you mean "2026-01-24 20:39"?`,
		"03/04/2026":                 `did you mean "2026-04-03" or "2026-03-04"?`,
		"20.39":                      `did you mean "20:39"?`,
		"yesterday 20h39":            `did you mean "yesterday 20:39"?`,
		"14:30 yesterday":            `did you mean "yesterday 14:30"?`,
		"-2h":                        `did you mean "2h ago"?`,
		"last week":                  `did you mean "1 week ago"?`,
		"an hour ago":                `did you mean "1 hour ago"?`,
		"1769287149":                 "did you mean 2026-01-24T20:39:09Z?",
		"1769287149123":              "did you mean 2026-01-24T20:39:09.123Z?",
		"2026-02-30":                 "February 2026 has the days 01 to 28",
		"2026-13":                    "months go from 01 to 12",
		"2026-00-10 10:00":           "months go from 01 to 12",
		"2026-01-24 24:00":           "hours go from 00 to 23",
		"2026-01-24 20:60":           "minutes go from 00 to 59",
		"2026-01-24 20:39:61":        "seconds go from 00 to 59",
		"2026-01-24 20:38:60":        "seconds go from 00 to 59",
		"13:00 pm":                   "hours go from 1 to 12",
		"2026-01-24T20:39:09+24:00":  "an offset from UTC goes from",
		"2026-01-24T20:39:09.Z":      "is not a time",
		"2026-01 20:39":              "is not a time",
		"10000-01-01":                "years have four digits, 1970 to 9999",
		"10000-01-01T00:00:00Z":      "years have four digits",
		"1969-12-31":                 "is out of range: a time must be from 1970-01-01T00:00:00Z to 9999-12-31T23:59:59.999999Z",
		"1969-12-31T23:59:59Z":       "out of range",
		"1970-01-01 00:30":           "out of range", // still 1969 in UTC
		"0000-01-01":                 "out of range",
		"9999-12-31T23:59:59-01:00":  "out of range",
		"100 years ago":              "out of range",
		"999999 years ago":           "out of range",
		"999999h 999999h 999999h":    "out of range",
	} {
		t.Run(text, func(t *testing.T) {
			span, err := ParseSpan(text, now, berlin)
			if jarvis.ErrorCode(err) != jarvis.CodeInvalid || !strings.Contains(err.Error(), says) {
				t.Errorf("ParseSpan = %v, %v; want CodeInvalid saying %q", span, err, says)
			}
		})
	}
}

func TestParseRange(t *testing.T) {
	now := at(t, saturday)
	berlin := zone(t, "Europe/Berlin")
	for _, test := range []struct{ from, to, start, end string }{
		{"", "", "", ""},
		{"yesterday", "", "2026-01-22T23:00:00Z", ""},
		{"", "yesterday", "", "2026-01-23T23:00:00Z"},
		{"2026-01-24", "2026-01-24", "2026-01-23T23:00:00Z", "2026-01-24T23:00:00Z"},
		{"yesterday", "yesterday", "2026-01-22T23:00:00Z", "2026-01-23T23:00:00Z"},
		{"2026-01", "2026-02", "2025-12-31T23:00:00Z", "2026-02-28T23:00:00Z"},
		{"20:00", "21:00", "2026-01-24T19:00:00Z", "2026-01-24T20:00:00Z"},
		{"2h ago", "now", "2026-01-24T17:39:09.123456Z", "2026-01-24T19:39:09.123456Z"},
		{"2h ago", "today", "2026-01-24T17:39:09.123456Z", "2026-01-24T23:00:00Z"},
	} {
		start, end, err := ParseRange(test.from, test.to, now, berlin)
		if err != nil {
			t.Errorf("%q to %q: %v", test.from, test.to, err)
			continue
		}
		for _, side := range []struct {
			got  time.Time
			want string
		}{{start, test.start}, {end, test.end}} {
			if side.want == "" != side.got.IsZero() || side.want != "" && !side.got.Equal(at(t, side.want)) {
				t.Errorf("%q to %q: %v to %v, want %s to %s", test.from, test.to, start, end, test.start, test.end)
			}
		}
	}
	for _, test := range []struct{ from, to, says string }{
		{"today", "yesterday 10:00", `no time lies between "today" (2026-01-24T00:00:00+01:00) and "yesterday 10:00" (2026-01-23T10:00:00+01:00)`},
		{"20:39", "20:39", "no time lies between"},
		{"2026-01-25", "2026-01-24", "no time lies between"},
		{"nonsense", "", `"nonsense" is not a time`},
		{"", "nonsense", `"nonsense" is not a time`},
	} {
		_, _, err := ParseRange(test.from, test.to, now, berlin)
		if jarvis.ErrorCode(err) != jarvis.CodeInvalid || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%q to %q: %v, want %q", test.from, test.to, err, test.says)
		}
	}
}
