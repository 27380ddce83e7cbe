package timetext

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// longest bounds the texts that are looked at; no time takes more.
const longest = 64

// ParseSpan reads a time as a person writes it. now is the time to which words
// refer; text without a zone is local time in loc, see Local. In any case of
// letters:
//
//	2026-01-24T20:39:09.123456+01:00   RFC 3339; a space for the T, no seconds, a comma, no zone will do
//	2026-01-24   2026-01   2026        a day, a month, a year
//	20:39   20:39:09   8:39 pm         today
//	now   today   yesterday   tomorrow
//	monday   mon   last monday         the latest one, today included; with "last", before today
//	yesterday 14:30   monday at 9:00   a time of that day
//	2h ago   3d   1 week ago   1h30m   before now: s, m, h, d, w, month, y; days and longer by the calendar
//
// What is finer than a microsecond is cut off. A moment outside jarvis.MinTime
// and jarvis.MaxTime is refused; a day, a month or a year is cut to them.
// Errors are CodeInvalid and tell the nearest form that is understood.
func ParseSpan(text string, now time.Time, loc *time.Location) (Span, error) {
	clean := strings.ToLower(strings.Join(strings.Fields(text), " "))
	switch {
	case clean == "":
		return Span{}, jarvis.Errorf(jarvis.CodeInvalid, "the time is empty: %s", understood)
	case len(clean) > longest:
		return Span{}, jarvis.Errorf(jarvis.CodeInvalid, "%.40q... is too long for a time: %s", text, understood)
	}
	span, problem := parse(clean, now.In(loc), loc)
	switch {
	case problem == notATime:
		return Span{}, jarvis.Errorf(jarvis.CodeInvalid, "%q is not a time: %s", text, suggest(clean, now.In(loc), loc))
	case problem != "":
		return Span{}, jarvis.Errorf(jarvis.CodeInvalid, "%q is not a time: %s", text, problem)
	}
	return bound(span, text)
}

// bound cuts a span to the times that a capture may have.
func bound(span Span, text string) (Span, error) {
	moment := span.IsMoment()
	span = Span{jarvis.Instant(span.Start), jarvis.Instant(span.End)}
	outside := span.Start.After(jarvis.MaxTime) || span.End.Before(jarvis.MinTime) || moment && span.Start.Before(jarvis.MinTime)
	if outside || !moment && !span.End.After(jarvis.MinTime) {
		return Span{}, jarvis.Errorf(jarvis.CodeInvalid, "%q is out of range: a time must be from %s to %s",
			text, jarvis.MinTime.Format(time.RFC3339), jarvis.MaxTime.Format(time.RFC3339Nano))
	}
	if span.Start.Before(jarvis.MinTime) {
		span.Start = jarvis.MinTime
	}
	if span.End.After(jarvis.MaxTime) {
		span.End = jarvis.MaxTime
	}
	return span, nil
}

// notATime is the problem of a text of no known form.
const notATime = "unknown form"

// parse reads clean text, lower-case with single spaces. problem is empty when
// it was understood, and otherwise says what is wrong in the words of a message.
func parse(text string, now time.Time, loc *time.Location) (span Span, problem string) {
	if text == "now" {
		return Span{now, now}, ""
	}
	if at, ok := parseAgo(text, now, loc); ok {
		return Span{at, at}, ""
	}
	if span, problem := parsePeriod(text, now, loc); problem != notATime {
		return span, problem
	}
	return parseMoment(text, now, loc)
}

var (
	agoForm  = regexp.MustCompile(`^((?:\d{1,6} ?[a-z]+ ?)+?)( ago)?$`)
	agoParts = regexp.MustCompile(`(\d+) ?([a-z]+)`)
)

// ago is a distance in time, by the calendar from days on.
type ago struct {
	months, days int
	exact        time.Duration
}

var agoUnits = map[string]ago{
	"s": {exact: time.Second}, "sec": {exact: time.Second}, "secs": {exact: time.Second}, "second": {exact: time.Second}, "seconds": {exact: time.Second},
	"m": {exact: time.Minute}, "min": {exact: time.Minute}, "mins": {exact: time.Minute}, "minute": {exact: time.Minute}, "minutes": {exact: time.Minute},
	"h": {exact: time.Hour}, "hr": {exact: time.Hour}, "hrs": {exact: time.Hour}, "hour": {exact: time.Hour}, "hours": {exact: time.Hour},
	"d": {days: 1}, "day": {days: 1}, "days": {days: 1},
	"w": {days: 7}, "week": {days: 7}, "weeks": {days: 7},
	"mo": {months: 1}, "month": {months: 1}, "months": {months: 1},
	"y": {months: 12}, "yr": {months: 12}, "year": {months: 12}, "years": {months: 12},
}

// parseAgo reads "2h ago", "3d", "1 week 2 days ago".
func parseAgo(text string, now time.Time, loc *time.Location) (time.Time, bool) {
	form := agoForm.FindStringSubmatch(text)
	if form == nil {
		return time.Time{}, false
	}
	var months, days int
	at := now
	for _, part := range agoParts.FindAllStringSubmatch(form[1], -1) {
		n, err := strconv.Atoi(part[1])
		unit, ok := agoUnits[part[2]]
		if err != nil || !ok {
			return time.Time{}, false
		}
		months, days = months+n*unit.months, days+n*unit.days
		at = at.Add(-time.Duration(n) * unit.exact) // cannot overflow: below 10^6 hours
	}
	if months == 0 && days == 0 {
		return at, true
	}
	return Local(back(at.In(loc), months, days), loc), true
}

// back returns the wall clock t months and days earlier. A month that is too
// short ends on its last day: a month before 31 March is 28 February.
func back(t time.Time, months, days int) time.Time {
	first := time.Date(t.Year(), t.Month()-time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	day := min(t.Day(), first.AddDate(0, 1, -1).Day())
	return time.Date(first.Year(), first.Month(), day-days, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

var periodForm = regexp.MustCompile(`^(\d{4})(?:-(\d\d?)(?:-(\d\d?))?)?$`)

// parsePeriod reads a day, a month or a year.
func parsePeriod(text string, now time.Time, loc *time.Location) (Span, string) {
	if day, ok := namedDay(text, now); ok {
		return daySpan(day, day.AddDate(0, 0, 1), loc), ""
	}
	form := periodForm.FindStringSubmatch(text)
	if form == nil {
		return Span{}, notATime
	}
	year, month, day := number(form[1]), number(form[2]), number(form[3])
	first := time.Date(year, time.Month(max(month, 1)), max(day, 1), 0, 0, 0, 0, time.UTC)
	switch {
	case form[2] == "":
		return daySpan(first, first.AddDate(1, 0, 0), loc), ""
	case month < 1 || month > 12:
		return Span{}, "months go from 01 to 12"
	case form[3] == "":
		return daySpan(first, first.AddDate(0, 1, 0), loc), ""
	}
	if problem := checkDay(year, month, day); problem != "" {
		return Span{}, problem
	}
	return daySpan(first, first.AddDate(0, 0, 1), loc), ""
}

// daySpan returns the span between two midnights.
func daySpan(start, end time.Time, loc *time.Location) Span {
	return Span{Local(start, loc), Local(end, loc)}
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// namedDay returns the midnight, as a wall clock, of the day that a word names.
func namedDay(text string, now time.Time) (time.Time, bool) {
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	switch text {
	case "today":
		return today, true
	case "yesterday":
		return today.AddDate(0, 0, -1), true
	case "tomorrow":
		return today.AddDate(0, 0, 1), true
	}
	name, last := strings.CutPrefix(text, "last ")
	for i, weekday := range weekdays {
		if name != weekday && name != weekday[:3] {
			continue
		}
		days := (int(now.Weekday()) - i + 7) % 7
		if days == 0 && last {
			days = 7
		}
		return today.AddDate(0, 0, -days), true
	}
	return time.Time{}, false
}

var momentForm = regexp.MustCompile(`^(?:(.+?)(?:t| at | ))?` + // the day
	`(\d\d?)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)? ?` + // the time of day
	`(am|pm|a\.m\.|p\.m\.)? ?` +
	`(z|utc|gmt|[+-]\d\d(?::?\d\d)?)?$`)

// parseMoment reads a time of day, of today or of the day before it.
func parseMoment(text string, now time.Time, loc *time.Location) (Span, string) {
	form := momentForm.FindStringSubmatch(text)
	if form == nil || form[3] == "" && form[6] == "" { // an hour alone could be anything
		return Span{}, notATime
	}
	zone, problem := parseZone(form[7], loc)
	if problem != "" {
		return Span{}, problem
	}
	day, problem := parseDay(form[1], now.In(zone))
	if problem != "" {
		return Span{}, problem
	}
	clock, problem := parseClock(form[2:7])
	if problem != "" {
		return Span{}, problem
	}
	at := Local(day.Add(clock), zone)
	return Span{at, at}, ""
}

// parseDay returns the midnight, as a wall clock, of a day by name or by date.
// No text is today.
func parseDay(text string, now time.Time) (time.Time, string) {
	if text == "" {
		text = "today"
	}
	if day, ok := namedDay(text, now); ok {
		return day, ""
	}
	form := periodForm.FindStringSubmatch(text)
	if form == nil || form[3] == "" {
		return time.Time{}, notATime
	}
	year, month, day := number(form[1]), number(form[2]), number(form[3])
	if problem := checkDay(year, month, day); problem != "" {
		return time.Time{}, problem
	}
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC), ""
}

// parseClock returns the time since midnight: hour, minute, second, fraction,
// am or pm. Second 60 is a leap second, which clocks show as the next minute.
func parseClock(parts []string) (time.Duration, string) {
	hour, minute, second := number(parts[0]), number(parts[1]), number(parts[2])
	if half := parts[4]; half != "" {
		if hour < 1 || hour > 12 {
			return 0, "before am and pm, hours go from 1 to 12"
		}
		hour %= 12
		if half[0] == 'p' {
			hour += 12
		}
	}
	switch {
	case hour > 23:
		return 0, "hours go from 00 to 23"
	case minute > 59:
		return 0, "minutes go from 00 to 59"
	case second > 60 || second == 60 && minute != 59:
		return 0, "seconds go from 00 to 59"
	}
	micro := number((parts[3] + "000000")[:6])
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute +
		time.Duration(second)*time.Second + time.Duration(micro)*time.Microsecond, ""
}

// parseZone returns the zone of an offset, and loc for none.
func parseZone(text string, loc *time.Location) (*time.Location, string) {
	switch text {
	case "":
		return loc, ""
	case "z", "utc", "gmt":
		return time.UTC, ""
	}
	digits := strings.ReplaceAll(text[1:], ":", "") + "00"
	hours, minutes := number(digits[:2]), number(digits[2:4])
	if hours > 23 || minutes > 59 {
		return nil, "an offset from UTC goes from -23:59 to +23:59"
	}
	seconds := hours*3600 + minutes*60
	if text[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), ""
}

// checkDay says what is wrong with a date.
func checkDay(year, month, day int) string {
	if month < 1 || month > 12 {
		return "months go from 01 to 12"
	}
	last := time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	if day < 1 || day > last {
		return time.Month(month).String() + " " + strconv.Itoa(year) + " has the days 01 to " + strconv.Itoa(last)
	}
	return ""
}

// number returns the value of at most nine digits that a form has matched, 0 for none.
func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}
