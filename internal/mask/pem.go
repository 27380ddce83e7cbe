package mask

import (
	"regexp"
	"strings"
)

// Where private keys begin and end, as engines read it.
var (
	keyBegins = regexp.MustCompile(`(?i:[-—–_=~.]{0,8} ?BEG[I1l|]N [A-Z0-9 ]{0,40}PR[I1l|]VATE ?KEY(?: ?BLOCK)?(?: ?[-—–_=~]{1,8})*|Private-Lines: ?\d{1,3}\b)`)
	keyEnds   = regexp.MustCompile(`(?i:[-—–_=~.]{0,8} ?END [A-Z0-9 ]{0,40}PR[I1l|]VATE ?KEY(?: ?BLOCK)?(?: ?[-—–_=~]{1,8})*)`)
	keyField  = regexp.MustCompile(`\A\s{0,2}(?:Proc-Type|DEK-Info|Comment|Version|Hash|Charset|MessageID): ?[^\n]{0,100}`)
	wordAt    = regexp.MustCompile(`[^\s]+`)
)

// findKeys returns private keys: a begin line and what looks like base64 behind
// it, or an end line and what looks like it before. Either line may be missing
// where the window ends. A line alone is none: texts speak of them.
func findKeys(text string) []span {
	var spans []span
	begins := keyBegins.FindAllStringIndex(text, -1)
	ends := keyEnds.FindAllStringIndex(text, -1)
	e := 0
	from := 0 // nothing before it belongs to another key
	for i, b := range begins {
		limit := len(text)
		if i+1 < len(begins) {
			limit = begins[i+1][0]
		}
		for ; e < len(ends) && ends[e][0] < b[0]; e++ {
			spans, from = appendTail(spans, text, from, ends[e])
		}
		stop := limit
		if e < len(ends) && ends[e][0] < limit {
			stop = ends[e][0]
		}
		end, reached := keyBody(text[:stop], b[1])
		if end == 0 {
			from = b[1]
			continue
		}
		if reached && stop < limit {
			end = ends[e][1]
			e++
		}
		spans = append(spans, span{b[0], end, "private key", rankKey})
		from = end
	}
	for ; e < len(ends); e++ {
		spans, from = appendTail(spans, text, from, ends[e])
	}
	return spans
}

// appendTail appends the key of which only the end is on the screen.
func appendTail(spans []span, text string, from int, end []int) ([]span, int) {
	start := keyTail(text[from:end[0]])
	if start < 0 {
		return spans, end[1]
	}
	return append(spans, span{from + start, end[1], "private key", rankKey}), end[1]
}

// stray is how many words in a row may be in a key that do not look like it: what
// an engine made of a piece of a line.
const stray = 3

// keyBody returns where the base64 that begins at at ends, 0 if there is none, and
// whether the text ends with it.
func keyBody(text string, at int) (end int, reached bool) {
	for {
		f := keyField.FindString(text[at:])
		if f == "" {
			break
		}
		at += len(f)
	}
	weak := 0
	last := at
	for at < len(text) {
		w := wordAt.FindStringIndex(text[at:])
		if w == nil {
			at = len(text)
			break
		}
		word := text[at+w[0] : at+w[1]]
		switch strong, fits := coded(word); {
		case strong, fits && end > 0 && weak == 0 && len(word) >= 4 && random(word):
			end, weak = at+w[1], 0
		case !fits, weak == stray:
			return end, false
		default:
			weak++
		}
		at += w[1]
		last = at
	}
	return end, end > 0 && last == len(strings.TrimRight(text, " \n\t"))
}

// keyTail returns where the base64 begins that text ends with, -1 if it does not.
func keyTail(text string) int {
	start, weak := -1, 0
	for text = strings.TrimRight(text, " \n\t"); text != ""; text = strings.TrimRight(text, " \n\t") {
		at := strings.LastIndexAny(text, " \n\t") + 1
		switch strong, fits := coded(text[at:]); {
		case strong:
			start, weak = at, 0
		case !fits, weak == stray:
			return start
		default:
			weak++
		}
		text = text[:at]
	}
	return start
}

// coded says whether word is surely a stretch of base64, and whether it may be a
// piece of one.
func coded(word string) (strong, fits bool) {
	odd := 0
	for _, c := range word {
		if !isAlnum(c) && !strings.ContainsRune(`+/=\`, c) {
			odd++
		}
	}
	if odd*6 > len(word) {
		return false, false
	}
	return len(word) >= 16 && random(word), len(word) <= 200 || random(word)
}
