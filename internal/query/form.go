package query

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/timetext"
)

// String returns q in the language that Parse reads, in one form for all texts
// that mean the same: parsed again, in the same zone, it is q.
func String(q jarvis.Query) string {
	var b strings.Builder
	for i, clause := range q.Clauses {
		if i > 0 {
			b.WriteByte(' ')
		}
		for j, atom := range clause {
			if j > 0 {
				b.WriteString(" or ")
			}
			b.WriteString(atomString(atom))
		}
	}
	return b.String()
}

// Term returns the term of a query that looks for value in a field: app, device,
// title, url. It quotes where it has to.
func Term(field, value string) string {
	value = cleanPattern(value)
	if value == "" || strings.ContainsFunc(value, unicode.IsSpace) {
		return field + `:"` + value + `"`
	}
	return field + ":" + value
}

func atomString(a jarvis.Atom) string {
	text := positiveString(a)
	if a.Not {
		return "-" + text
	}
	return text
}

func positiveString(a jarvis.Atom) string {
	switch a.Kind {
	case jarvis.AtomWords:
		return wordsString(a)
	case jarvis.AtomApp:
		return Term("app", a.Pattern)
	case jarvis.AtomDevice:
		return Term("device", a.Pattern)
	case jarvis.AtomMonitor:
		return "monitor:" + strconv.Itoa(a.Monitor)
	case jarvis.AtomTime:
		return timeString(a.From, a.To)
	case jarvis.AtomText:
		return "has:text"
	case jarvis.AtomPinned:
		return "is:pinned"
	}
	return ""
}

// timeString writes a condition of time: as a day, a month or a year where it is one.
func timeString(from, to time.Time) string {
	switch {
	case to.IsZero():
		return "after:" + instantString(from)
	case from.IsZero():
		return "before:" + instantString(to)
	}
	for _, layout := range []string{"2006", "2006-01", time.DateOnly} {
		text := from.Format(layout)
		span, err := timetext.ParseSpan(text, from, from.Location())
		if err == nil && span.Start.Equal(from) && span.End.Equal(to) {
			return "on:" + text
		}
	}
	return "on:" + momentString(from) + ".." + momentString(to)
}

// instantString writes the end of a stretch of time, as a day where it is the
// first moment of one.
func instantString(t time.Time) string {
	text := t.Format(time.DateOnly)
	if span, err := timetext.ParseSpan(text, t, t.Location()); err == nil && span.Start.Equal(t) {
		return text
	}
	return momentString(t)
}

// momentString writes a moment. Zones of the past that RFC 3339 cannot write,
// with seconds, are left for UTC.
func momentString(t time.Time) string {
	if _, offset := t.Zone(); offset%60 != 0 {
		t = t.UTC()
	}
	return t.Format(time.RFC3339Nano)
}

// wordsString writes a phrase, in quotes unless it is one word, or one run of
// characters.
func wordsString(a jarvis.Atom) string {
	field := ""
	tokens := a.Tokens
	for _, f := range []struct{ name, mark string }{{"title:", jarvis.TitleMark}, {"url:", jarvis.URLMark}} {
		if len(tokens) > 0 && strings.HasPrefix(tokens[0], f.mark) {
			field = f.name
			tokens = unmarked(tokens, f.mark)
		}
	}
	text, bare := joined(tokens)
	if a.Prefix && !inRun(tokens[len(tokens)-1]) {
		text += "*"
	}
	if bare && !strings.EqualFold(text, operatorOr) {
		return field + text
	}
	return field + `"` + text + `"`
}

func unmarked(tokens []string, mark string) []string {
	plain := make([]string, len(tokens))
	for i, token := range tokens {
		plain[i] = strings.TrimPrefix(token, mark)
	}
	return plain
}

// joined returns a text that has the given tokens, and whether it is one word, or
// one run of characters.
func joined(tokens []string) (text string, bare bool) {
	var b strings.Builder
	bare = true
	for i, token := range tokens {
		switch {
		case i == 0:
		case continues(tokens[i-1], token):
			_, token, _ = cutRune(token)
		case inRun(tokens[i-1]) && inRun(token):
			bare = false
			b.WriteByte(',') // a blank would not part them
		default:
			bare = false
			b.WriteByte(' ')
		}
		b.WriteString(token)
	}
	return b.String(), bare
}
