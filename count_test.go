package jarvis_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

func TestBucketOf(t *testing.T) {
	for _, tt := range []struct {
		time time.Time
		want jarvis.Bucket
	}{
		{time.Unix(0, 0), 0},
		{time.Unix(899, 999_999_999), 0},
		{time.Unix(900, 0), 1},
		{time.Unix(0, -1), -1},
		{time.Unix(-900, 0), -1},
		{time.Unix(-901, 0), -2},
		{time.Unix(math.MaxInt64, 0), math.MaxInt32},
		{time.Unix(math.MinInt64, 0), math.MinInt32},
	} {
		if got := jarvis.BucketOf(tt.time); got != tt.want {
			t.Errorf("BucketOf(%d s) = %d; want %d", tt.time.Unix(), got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		bucket := jarvis.Bucket(rapid.Int32().Draw(t, "bucket"))
		into := time.Duration(rapid.Int64Range(0, int64(15*time.Minute)-1).Draw(t, "into"))
		if got := jarvis.BucketOf(bucket.Start().Add(into)); got != bucket {
			t.Errorf("BucketOf(%v) = %d; want %d", bucket.Start().Add(into), got, bucket)
		}
	})
}

// TestDayCounter counts one capture in each quarter hour of five days.
func TestDayCounter(t *testing.T) {
	for name, tt := range map[string]struct {
		zone     string
		noon     string // of the third day
		from, to string // empty for an open side
		want     []int64
	}{
		"Ordinary":     {"UTC", "2026-01-24T12:00:00Z", "", "", []int64{96, 96, 96, 96, 96}},
		"Quarters":     {"Asia/Kathmandu", "2026-01-24T12:00:00+05:45", "", "", []int64{96, 96, 96, 96, 96}},
		"OneDay":       {"UTC", "2026-01-24T12:00:00Z", "2026-01-24T13:00:00Z", "2026-01-24T13:00:01Z", []int64{0, 0, 96, 0, 0}},
		"UntilDawn":    {"UTC", "2026-01-24T12:00:00Z", "", "2026-01-25T00:00:00Z", []int64{96, 96, 96, 0, 0}},
		"PastDawn":     {"UTC", "2026-01-24T12:00:00Z", "2026-01-24T23:59:59.9Z", "2026-01-25T00:00:00.1Z", []int64{0, 0, 96, 96, 0}},
		"Backwards":    {"UTC", "2026-01-24T12:00:00Z", "2026-01-25T00:00:00Z", "2026-01-24T00:00:00Z", []int64{0, 0, 0, 0, 0}},
		"LongDay":      {"Europe/Berlin", "2026-10-25T12:00:00+01:00", "", "", []int64{96, 96, 100, 96, 96}},
		"ShortDay":     {"Europe/Berlin", "2026-03-29T12:00:00+02:00", "", "", []int64{96, 96, 92, 96, 96}},
		"TwoMidnights": {"America/Havana", "2026-11-01T12:00:00-05:00", "", "", []int64{96, 96, 100, 96, 96}},
		// At 00:01 the clocks went back to 23:01 of the day before.
		"Back":          {"America/St_Johns", "2010-11-07T12:00:00-03:30", "", "", []int64{96, 99, 97, 96, 96}},
		"BackEve":       {"America/St_Johns", "2010-11-07T12:00:00-03:30", "2010-11-06T12:00:00-02:30", "2010-11-06T12:01:00-02:30", []int64{0, 99, 0, 0, 0}},
		"BackAndOnward": {"America/St_Johns", "2010-11-07T12:00:00-03:30", "2010-11-07T12:00:00-03:30", "", []int64{0, 0, 97, 96, 96}},
	} {
		t.Run(name, func(t *testing.T) {
			loc, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatalf("load the time zone: %v", err)
			}
			noon := parseTime(t, tt.noon).In(loc)
			counter := jarvis.NewDayCounter(parseTime(t, tt.from), parseTime(t, tt.to), loc)
			first, last := counter.Buckets()
			for bucket := jarvis.BucketOf(noon.AddDate(0, 0, -4)); bucket < jarvis.BucketOf(noon.AddDate(0, 0, 4)); bucket++ {
				day := jarvis.DayIn(bucket.Start(), loc)
				inFive := day.Compare(jarvis.DayIn(noon.AddDate(0, 0, -2), loc)) >= 0 && day.Compare(jarvis.DayIn(noon.AddDate(0, 0, 2), loc)) <= 0
				if inFive && first <= bucket && bucket <= last {
					counter.Add(bucket, 2, 25)
					counter.Add(bucket, -1, -15)
				}
			}
			want := []jarvis.DayCount{}
			for i, n := range tt.want {
				if n > 0 {
					want = append(want, jarvis.DayCount{Day: jarvis.DayIn(noon.AddDate(0, 0, i-2), loc), Captures: n, Bytes: 10 * n})
				}
			}
			if diff := cmp.Diff(want, counter.Days()); diff != "" {
				t.Errorf("days (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDayCounter_FarAway(t *testing.T) {
	far := []time.Time{
		time.Unix(math.MinInt64, 0), time.Date(-44, 3, 15, 0, 0, 0, 0, time.UTC), jarvis.MinTime,
		jarvis.MaxTime, time.Date(250_000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(math.MaxInt64, 0),
	}
	at := []time.Time{jarvis.MinTime, jarvis.MaxTime}
	for i, from := range far {
		for j, to := range far[i+1:] {
			counter := jarvis.NewDayCounter(from, to, nil)
			first, last := counter.Buckets()
			for _, at := range at {
				if bucket := jarvis.BucketOf(at); first <= bucket && bucket <= last {
					counter.Add(bucket, 1, 10)
				}
			}
			want := []jarvis.DayCount{}
			if i <= 2 && i+1+j > 2 {
				want = append(want, jarvis.DayCount{Day: jarvis.DayOf(jarvis.MinTime), Captures: 1, Bytes: 10})
			}
			if i <= 3 && i+1+j >= 3 {
				want = append(want, jarvis.DayCount{Day: jarvis.DayOf(jarvis.MaxTime), Captures: 1, Bytes: 10})
			}
			if diff := cmp.Diff(want, counter.Days()); diff != "" {
				t.Errorf("days from %v to %v (-want +got):\n%s", from, to, diff)
			}
		}
	}
}

// parseTime reads RFC 3339. Empty text is the zero time.
func parseTime(t *testing.T, text string) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatalf("parse a time: %v", err)
	}
	return parsed
}
