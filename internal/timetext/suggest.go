package timetext

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis/internal/spelling"
)

const understood = `write 2026-01-24, "2026-01-24 20:39", 20:39, today, yesterday, monday, "2h ago" or 2026-01-24T20:39:09+01:00`

// rewrites turn forms that people try into forms that may be understood.
var rewrites = []struct {
	form *regexp.Regexp
	to   string
}{
	{regexp.MustCompile(`^(\d{4})[/._](\d\d?)[/._](\d\d?)(.*)$`), "$1-$2-$3$4"},
	{regexp.MustCompile(`^(\d{4})(\d\d)(\d\d)$`), "$1-$2-$3"},
	{regexp.MustCompile(`^(\d{4})-?(\d\d)-?(\d\d)[t _-]?(\d\d)[:._-]?(\d\d)[:._-]?(\d\d)(z?)$`), "$1-$2-${3}t$4:$5:$6$7"},
	{regexp.MustCompile(`^(\d\d?)[/.-](\d\d?)[/.-](\d{4})(.*)$`), "$3-$2-$1$4"},
	{regexp.MustCompile(`^(\d\d?)[/.-](\d\d?)[/.-](\d{4})(.*)$`), "$3-$1-$2$4"},
	{regexp.MustCompile(`^(|.* )(\d\d?)[.h](\d\d)$`), "$1$2:$3"},
	{regexp.MustCompile(`^-(\d+ ?[a-z]+)$`), "$1 ago"},
	{regexp.MustCompile(`^last (week|month|year)$`), "1 $1 ago"},
	{regexp.MustCompile(`^(?:an?|one) ([a-z]+) ago$`), "1 $1 ago"},
	{regexp.MustCompile(`^(\d\d?:\d\d(?::\d\d)?) (.+)$`), "$2 $1"},
}

// words that a misspelled one may have meant.
var words = append([]string{
	"now", "today", "yesterday", "tomorrow", "last", "ago",
	"seconds", "minutes", "hours", "days", "weeks", "months", "years",
}, weekdays...)

var (
	longYear  = regexp.MustCompile(`^[+-]?\d{5,}-\d\d?(-|$)`)
	lowerMark = regexp.MustCompile(`(\d)t(\d)|(\d)z$`)
)

// suggest tells the forms nearest to text that are understood, else all of them.
func suggest(text string, now time.Time, loc *time.Location) string {
	if longYear.MatchString(text) {
		return "years have four digits, 1970 to 9999"
	}
	if t, ok := parseEpoch(text); ok {
		return "did you mean " + t.Format(time.RFC3339Nano) + "?"
	}
	var found []string
	for _, candidate := range candidates(text) {
		shown := strconv.Quote(lowerMark.ReplaceAllStringFunc(candidate, strings.ToUpper))
		if _, problem := parse(candidate, now, loc); problem == "" && !slices.Contains(found, shown) {
			found = append(found, shown)
		}
	}
	if len(found) == 0 {
		return understood
	}
	return "did you mean " + strings.Join(found, " or ") + "?"
}

// candidates returns what text may have meant, in no way checked.
func candidates(text string) []string {
	fields := strings.Fields(text)
	for i, field := range fields {
		fields[i] = nearestWord(field)
	}
	out := []string{strings.Join(fields, " ")}
	for _, rewrite := range rewrites {
		if rewrite.form.MatchString(text) {
			out = append(out, rewrite.form.ReplaceAllString(text, rewrite.to))
		}
	}
	return out
}

// nearestWord returns the known word that differs from word by the fewest
// letters, at most two and half of them, else word itself.
func nearestWord(word string) string {
	best, least := word, min(3, len(word)/2+1)
	for _, known := range words {
		if d := spelling.Distance(word, known); d < least {
			best, least = known, d
		}
	}
	return best
}
