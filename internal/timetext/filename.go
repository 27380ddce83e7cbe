package timetext

import (
	"path"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Years that a date in a file name may have. Screenshots are not older, and
// other digits that look like a date mostly have other years.
const (
	firstYear = 1990
	lastYear  = 2099
)

// FromFileName returns the time in the name that a screenshot tool gave a file,
// and false when there is none. Local time is in loc; see Local. Folders in
// name are ignored.
//
// It goes by the numbers and not by the words around them, which every language
// has its own of:
//
//	Screenshot from 2026-01-24 20-39-09-1.png         GNOME, Cinnamon, niri
//	Bildschirmfoto vom 2026-01-24 20-39-09.png        the same, translated
//	Screenshot_20260124_203909.png                    KDE, Android
//	Screenshot 2026-01-24 at 8.39.09 PM (2).png       macOS
//	Screenshot 2026-01-24 203909.png                  Windows
//	2026-01-24-203909_1920x1080_scrot.png             scrot, hyprshot
//	20260124_20h39m09s_grim.png                       grim
//	2026-01-24_20-39.png                              flameshot
//	2026-01-24T20:39:09.123Z.png                      maim and scripts
//	Editor 24_01_2026 20_39_09.png                    Windows Game Bar
//	1769287149.png, 1769287149123.png                 seconds or milliseconds since 1970
//
// A date and a time of day are needed, since a day alone is no moment. Of a date
// whose day and month could be either, such as 03_04_2026, nothing is made;
// with dots, 03.04.2026, the day is first. Numbers since 1970 count only when
// they are the whole name and within 2010 to 2033, so that they begin with a 1
// as no telephone number with its area code does in North America.
func FromFileName(name string, loc *time.Location) (time.Time, bool) {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	stem := extensionForm.ReplaceAllString(base[:min(len(base), longestName)], "")
	if t, ok := parseEpoch(stem); ok {
		return t, true
	}
	for i := range len(stem) {
		if !isDigit(stem[i]) || !mayBegin(stem[:i]) {
			continue
		}
		if wall, zone, ok := readMoment(stem[i:]); ok {
			if zone == nil {
				zone = loc
			}
			return Local(wall, zone).UTC(), true
		}
	}
	return time.Time{}, false
}

// longestName is more than any file system allows.
const longestName = 1024

// extensionForm is an extension, which the end of a time (8.39.09 PM) is not.
var extensionForm = regexp.MustCompile(`\.[A-Za-z][0-9A-Za-z]{1,4}$`)

// parseEpoch reads a whole text of 10 digits as seconds since 1970, of 13 as
// milliseconds, from 2010 to 2033.
func parseEpoch(text string) (time.Time, bool) {
	if len(text) != 10 && len(text) != 13 || leadingDigits(text) != len(text) {
		return time.Time{}, false
	}
	t := time.Unix(int64(number(text[:10])), 0)
	if len(text) == 13 {
		t = t.Add(time.Duration(number(text[10:])) * time.Millisecond)
	}
	return t.UTC(), text[0] == '1' && t.UTC().Year() >= 2010
}

// mayBegin reports whether a number after prefix stands for itself: it is not
// the rest of a longer one, nor part of a hexadecimal hash.
func mayBegin(prefix string) bool {
	start := len(prefix)
	for start > 0 && (isDigit(prefix[start-1]) || isLetter(prefix[start-1])) {
		start--
	}
	word := prefix[start:]
	if word == "" {
		return true
	}
	return !isDigit(word[len(word)-1]) && strings.IndexFunc(word, func(r rune) bool { return r|0x20 > 'f' }) >= 0
}

// readMoment reads a date and a time of day at the beginning of text. A nil
// zone is local time.
func readMoment(text string) (wall time.Time, zone *time.Location, ok bool) {
	day, rest, ok := readDate(text)
	if !ok {
		return time.Time{}, nil, false
	}
	half, between, rest := readBetween(rest)
	var clock time.Duration
	if n := leadingDigits(rest); n >= 6 {
		clock, rest, ok = readCompactClock(rest, n)
	} else {
		clock, rest, ok = readClock(rest, between == "" || len(between) == 1 || between == " at ")
	}
	if !ok {
		return time.Time{}, nil, false
	}
	clock, rest = readHalf(clock, half, rest)
	if strings.EqualFold(between, "t") {
		zone, rest = readOffset(rest)
	}
	if rest != "" && (isDigit(rest[0]) || isLetter(rest[0])) {
		return time.Time{}, nil, false
	}
	return day.Add(clock), zone, true
}

// readDate reads 2026-01-24, 20260124, or 24_01_2026.
func readDate(text string) (day time.Time, rest string, ok bool) {
	switch n := leadingDigits(text); {
	case n == 8 || n == 14 || n == 17: // alone, or with the time of day to the second or the millisecond
		return date(number(text[:4]), number(text[4:6]), number(text[6:8]), text[8:])
	case n == 4:
		month, rest, sep, ok := readPart(text[4:], 0)
		if !ok {
			return time.Time{}, "", false
		}
		d, rest, _, ok := readPart(rest, sep)
		if !ok {
			return time.Time{}, "", false
		}
		return date(number(text[:4]), month, d, rest)
	case n == 1 || n == 2:
		second, rest, sep, ok := readPart(text[n:], 0)
		if !ok || len(rest) < 5 || rest[0] != sep || leadingDigits(rest[1:]) != 4 {
			return time.Time{}, "", false
		}
		return dateOf(number(text[:n]), second, number(rest[1:5]), sep, rest[5:])
	}
	return time.Time{}, "", false
}

// readPart reads a separator, which must be sep unless sep is 0, and one or two digits.
func readPart(text string, sep byte) (n int, rest string, found byte, ok bool) {
	if text == "" || !strings.Contains("-_.", text[:1]) || sep != 0 && text[0] != sep {
		return 0, "", 0, false
	}
	width := leadingDigits(text[1:])
	if width != 1 && width != 2 {
		return 0, "", 0, false
	}
	return number(text[1 : 1+width]), text[1+width:], text[0], true
}

// dateOf settles which of two numbers is the day.
func dateOf(first, second, year int, sep byte, rest string) (time.Time, string, bool) {
	dayFirst, _, okDayFirst := date(year, second, first, rest)
	monthFirst, _, okMonthFirst := date(year, first, second, rest)
	switch {
	case okDayFirst && (!okMonthFirst || first == second || sep == '.'):
		return dayFirst, rest, true
	case okMonthFirst && !okDayFirst && sep != '.':
		return monthFirst, rest, true
	}
	return time.Time{}, "", false
}

func date(year, month, day int, rest string) (time.Time, string, bool) {
	if year < firstYear || year > lastYear || checkDay(year, month, day) != "" {
		return time.Time{}, "", false
	}
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC), rest, true
}

// halves are the words for am and pm that stand before the time of day, the
// Korean ones also in the decomposed form that macOS stores.
var halves = map[string]byte{
	"上午": 'a', "午前": 'a', "오전": 'a', "\u110b\u1169\u110c\u1165\u11ab": 'a',
	"下午": 'p', "午後": 'p', "오후": 'p', "\u110b\u1169\u1112\u116e": 'p',
}

// readBetween reads what separates the date from the time of day: a sign, or a
// word such as "at", in any language.
func readBetween(text string) (half byte, between, rest string) {
	end := strings.IndexFunc(text, unicode.IsDigit)
	const longest = 16 // characters, as in " alle ore "
	if end < 0 || utf8.RuneCountInString(text[:end]) > longest {
		return 0, "", ""
	}
	for word, h := range halves {
		if strings.Contains(text[:end], word) {
			half = h
		}
	}
	return half, text[:end], text[end:]
}

// readCompactClock reads 203909 or 203909123.
func readCompactClock(text string, width int) (time.Duration, string, bool) {
	if width != 6 && width != 9 {
		return 0, "", false
	}
	fraction := text[6:width]
	clock, problem := parseClock([]string{text[:2], text[2:4], text[4:6], fraction, ""})
	rest := text[width:]
	if fraction == "" {
		fraction, rest = readFraction(rest)
		clock += micros(fraction)
	}
	return clock, rest, problem == ""
}

// readClock reads 20-39-09, 8.39.09 or 20h39m09s, with a fraction, and 20-39
// where bare allows a time without seconds.
func readClock(text string, bare bool) (time.Duration, string, bool) {
	n := leadingDigits(text)
	if n != 1 && n != 2 {
		return 0, "", false
	}
	hour, rest := text[:n], text[n:]
	minute, rest, sep, ok := readTwo(rest, "-_.:h")
	if !ok {
		return 0, "", false
	}
	then := string(sep)
	if sep == 'h' {
		then = "m"
	}
	second, after, _, ok := readTwo(rest, then)
	switch {
	case ok:
		rest = after
		if sep == 'h' {
			rest = strings.TrimPrefix(rest, "s")
		}
	case !bare || sep == '.':
		return 0, "", false
	}
	clock, problem := parseClock([]string{hour, minute, second, "", ""})
	if problem != "" {
		return 0, "", false
	}
	var fraction string
	if second != "" {
		if fraction, after = readMillis(rest, sep); fraction == "" {
			fraction, after = readFraction(rest)
		}
		rest = after
	}
	return clock + micros(fraction), rest, true
}

// readTwo reads one of the separators and exactly two digits.
func readTwo(text, separators string) (digits, rest string, sep byte, ok bool) {
	if text == "" || !strings.Contains(separators, text[:1]) || leadingDigits(text[1:]) != 2 {
		return "", text, 0, false
	}
	return text[1:3], text[3:], text[0], true
}

// readFraction reads ".123" or ",123456789".
func readFraction(text string) (digits, rest string) {
	if text == "" || text[0] != '.' && text[0] != ',' {
		return "", text
	}
	n := leadingDigits(text[1:])
	if n > 9 {
		return "", text
	}
	return text[1 : 1+n], text[1+n:]
}

// readMillis reads three digits after the separator of the time itself
// (2026-01-24-20-39-09-123, as Xiaomi writes) or after nothing but the "s" of
// 20h39m09s123. Fewer digits there count files of the same second.
func readMillis(text string, sep byte) (digits, rest string) {
	if sep == 'h' {
		if leadingDigits(text) == 3 {
			return text[:3], text[3:]
		}
		return "", text
	}
	if text == "" || text[0] != sep || leadingDigits(text[1:]) != 3 {
		return "", text
	}
	return text[1:4], text[4:]
}

func micros(fraction string) time.Duration {
	return time.Duration(number((fraction + "000000")[:6])) * time.Microsecond
}

// halfForm is AM or PM after a time of day; macOS writes U+202F before it.
var halfForm = regexp.MustCompile(`^[ \x{a0}\x{202f}]*(([AaPp])\.?[Mm]\.?)(?:$|[^A-Za-z0-9])`)

// readHalf reads AM or PM after a time of day, and applies it or the one that
// stood before. Hours that are none of a half day stay as they are.
func readHalf(clock time.Duration, half byte, text string) (time.Duration, string) {
	if at := halfForm.FindStringSubmatchIndex(text); at != nil {
		half, text = text[at[4]]|0x20, text[at[3]:]
	}
	const noon = 12 * time.Hour
	switch {
	case half == 'p' && clock < noon:
		clock += noon
	case half == 'a' && clock >= noon && clock < noon+time.Hour:
		clock -= noon
	}
	return clock, text
}

var offsetForm = regexp.MustCompile(`^(?:[Zz]|[+-]\d\d[:_]?\d\d)`)

// readOffset reads the zone of an ISO 8601 time, nil when there is none.
func readOffset(text string) (*time.Location, string) {
	found := offsetForm.FindString(text)
	if found == "" {
		return nil, text
	}
	zone, problem := parseZone(strings.ToLower(strings.ReplaceAll(found, "_", ":")), nil)
	if problem != "" {
		return nil, text
	}
	return zone, text[len(found):]
}

func leadingDigits(text string) int {
	n := 0
	for n < len(text) && isDigit(text[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
