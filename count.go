package jarvis

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Bucket is a quarter of an hour, counted from 1970: the grain of a catalogue's
// counters. A bucket belongs to the day in which it begins. Every zone has been
// a whole number of quarter hours from UTC since 1972, so that none spans
// midnight, except where clocks were set back a minute after it (St. John's,
// until 2011).
type Bucket int32

const bucketSeconds = 15 * 60

// BucketOf returns the bucket that t lies in; the first or the last there is
// when t lies some 60,000 years away.
func BucketOf(t time.Time) Bucket {
	seconds := t.Unix()
	bucket := seconds / bucketSeconds
	if seconds%bucketSeconds < 0 {
		bucket--
	}
	return Bucket(min(max(bucket, math.MinInt32), math.MaxInt32))
}

// Start returns the first instant of the bucket.
func (b Bucket) Start() time.Time { return time.Unix(int64(b)*bucketSeconds, 0).UTC() }

// DayIn returns the date of t in loc.
func DayIn(t time.Time, loc *time.Location) Day {
	year, month, date := t.In(loc).Date()
	return Day{year, month, date}
}

// DayCounter adds counters up to days, for [Catalog].CountDays. It is for one
// goroutine.
type DayCounter struct {
	loc         *time.Location
	first, last *Day // nil where that side is open
	firstBucket Bucket
	lastBucket  Bucket
	days        map[Day]*DayCount
}

// NewDayCounter returns a counter of the days in loc from that of from to that
// of the last instant before to; a zero time leaves that side open, and no
// location is UTC.
func NewDayCounter(from, to time.Time, loc *time.Location) *DayCounter {
	if loc == nil {
		loc = time.UTC
	}
	c := &DayCounter{loc: loc, firstBucket: math.MinInt32, lastBucket: math.MaxInt32, days: make(map[Day]*DayCount)}
	// The buckets of a day need not follow each other: clocks that are set back
	// at midnight return to a day that was over. No day takes longer than two.
	const margin = 2 * 24 * time.Hour
	if !from.IsZero() {
		from = withinBuckets(from)
		first := DayIn(from, loc)
		c.first, c.firstBucket = &first, BucketOf(from.Add(-margin))
	}
	if !to.IsZero() {
		to = withinBuckets(to.Add(-1))
		last := DayIn(to, loc)
		c.last, c.lastBucket = &last, BucketOf(to.Add(margin))
	}
	return c
}

// withinBuckets returns t, or the nearest time that a bucket can hold. The
// calendar of times far beyond is not to be trusted.
func withinBuckets(t time.Time) time.Time {
	if bucket := BucketOf(t); bucket == math.MinInt32 || bucket == math.MaxInt32 {
		return bucket.Start()
	}
	return t
}

// Buckets returns the buckets among which those of the days lie, both
// inclusive. Others need not be added.
func (c *DayCounter) Buckets() (first, last Bucket) { return c.firstBucket, c.lastBucket }

// Add counts captures and bytes of a bucket, in any order, and passes over one
// of another day. Either may be negative: what counters take back.
func (c *DayCounter) Add(bucket Bucket, captures, bytes int64) {
	day := DayIn(bucket.Start(), c.loc)
	if c.first != nil && day.Compare(*c.first) < 0 || c.last != nil && day.Compare(*c.last) > 0 {
		return
	}
	sum := c.days[day]
	if sum == nil {
		sum = &DayCount{Day: day}
		c.days[day] = sum
	}
	sum.Captures += captures
	sum.Bytes += bytes
}

// Days returns the days that have captures, oldest first.
func (c *DayCounter) Days() []DayCount {
	days := make([]DayCount, 0, len(c.days))
	for _, day := range slices.SortedFunc(maps.Keys(c.days), Day.Compare) {
		if sum := c.days[day]; sum.Captures != 0 {
			days = append(days, *sum)
		}
	}
	return days
}

// MaxMinutesRange is the longest time that CountMinutes counts at once: two days
// and some, so that a day in any time zone fits whatever its clocks do.
const MaxMinutesRange = 50 * time.Hour

// CheckMinutesRange returns CodeInvalid when from and to are too far apart for
// CountMinutes.
func CheckMinutesRange(from, to time.Time) error {
	if to.Sub(from) > MaxMinutesRange {
		return Errorf(CodeInvalid, "minutes are counted for at most %.0f hours at once: ask for a shorter time", MaxMinutesRange.Hours())
	}
	return nil
}

// MinuteCount is the captures of one minute, of one app on one monitor.
type MinuteCount struct {
	Minute   time.Time `json:"minute"` // its start
	Device   string    `json:"device"`
	Monitor  int       `json:"monitor"`
	AppName  string    `json:"app_name"`
	Captures int64     `json:"captures"`
}
