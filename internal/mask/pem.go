package mask

import (
	"regexp"
	"strings"
)

// Where private keys begin and end, as engines read it.
var (
	keyBegins = regexp.MustCompile(`(?i:(?:[-—–_~]{1,8} ?)*BEG[I1l|]N [A-Z0-9 ]{0,40}PR[I1l|]VATE ?KEY(?: ?BLOCK)?(?: ?[-—–_=~]{1,8})*|Private-Lines: ?\d{1,3}\b)`)
	keyEnds   = regexp.MustCompile(`(?i:(?:[-—–_~]{1,8} ?)*END [A-Z0-9 ]{0,40}PR[I1l|]VATE ?KEY(?: ?BLOCK)?(?: ?[-—–_=~]{1,8})*)`)
	keyField  = regexp.MustCompile(`\A\s{0,2}(?:Proc-Type|DEK-Info|Comment|Version|Hash|Charset|MessageID): ?[^\n]{0,100}`)
)

// findKeys returns private keys: a begin line and what looks like base64 behind
// it, or an end line and what looks like it before. Either line may be missing
// where the window ends. A line alone is none: texts speak of them.
func findKeys(text, small string) []span {
	if !strings.Contains(small, "vate key") && !strings.Contains(small, "vatekey") && !strings.Contains(small, "private-lines") {
		return nil
	}
	var spans []span
	begins := keyBegins.FindAllStringIndex(text, -1)
	ends := keyEnds.FindAllStringIndex(text, -1)
	from := 0 // nothing before it belongs to another key
	tails := func(until int) {
		for len(ends) > 0 && ends[0][0] < until {
			if start := keyTail(text[from:ends[0][0]]); start >= 0 {
				spans = append(spans, span{from + start, ends[0][1], "private key", rankKey})
			}
			from = ends[0][1]
			ends = ends[1:]
		}
	}
	for i, b := range begins {
		tails(b[0])
		for len(ends) > 0 && ends[0][0] < b[1] { // "END BEGIN"
			ends = ends[1:]
		}
		limit := len(text)
		if i+1 < len(begins) {
			limit = begins[i+1][0]
		}
		whole := len(ends) > 0 && ends[0][0] < limit
		if whole {
			limit = ends[0][0]
		}
		end, all := keyBody(text[b[1]:limit])
		from = b[1] + end
		if end == 0 {
			continue
		}
		if whole && end > 0 && (all || limit-from < lastLine || mostlyCoded(text[b[1]:limit])) {
			from = ends[0][1]
			ends = ends[1:]
		}
		spans = append(spans, span{b[0], from, "private key", rankKey})
	}
	tails(len(text))
	return spans
}

// lastLine is how long the last line of a key may be, in bytes. It is hard to tell
// from words when an engine has torn it.
const lastLine = 100

// keyBody returns where the base64 that text begins with ends, 0 if there is none,
// and whether that is all of the text.
func keyBody(text string) (end int, all bool) {
	at := 0
	for {
		field := keyField.FindString(text[at:])
		if field == "" {
			break
		}
		at += len(field)
	}
	for at < len(text) {
		line, _, _ := strings.Cut(text[at:], "\n")
		from, to := coded(line)
		switch {
		case to > 0:
			end = at + to
			if rest := line[to:]; strings.Trim(rest, closing+" ") != "" || strings.ContainsAny(rest, quotes) {
				return end, false
			}
		case strings.TrimSpace(line[from:]) == "" && end == 0: // the rest of the begin line, an empty one
		case end > 0 && ending(line):
			end = at + len(line)
		default:
			return end, false
		}
		at += len(line) + 1
	}
	return end, end > 0
}

// mostlyCoded says whether most of the text is in lines of base64.
func mostlyCoded(text string) bool {
	size := 0
	for line := range strings.Lines(text) {
		if _, to := coded(line); to > 0 {
			size += len(line)
		}
	}
	return size*3 > len(text)*2
}

// keyTail returns where the base64 begins that text ends with, -1 if it does not.
func keyTail(text string) int {
	start := -1
	for rest := strings.TrimRight(text, " \n"); rest != ""; {
		begin := strings.LastIndexByte(rest, '\n') + 1
		from, to := coded(rest[begin:])
		if to == 0 && (start >= 0 || !ending(rest[begin:])) {
			return start
		}
		if start = begin + from; from > 0 {
			return start
		}
		rest = strings.TrimRight(rest[:begin], " \n")
	}
	return start
}

// ending says whether line may be the last of a key, which is shorter than others.
func ending(line string) bool {
	line = strings.TrimSpace(line)
	return !strings.Contains(line, " ") && len(line) >= 3 && (random(line) || strings.HasSuffix(line, "=")) && !strings.ContainsAny(line, ":;@$#%<>")
}

// coded returns the stretch of line that is base64, of which an engine may have
// made several words, with odd characters in them; to is 0 if there is none. More
// than half of the line is in long words that are no words of a language, or one is
// long and hardly anything else may not be base64.
func coded(line string) (from, to int) {
	size, long, short := 0, 0, 0
	loose := -1 // where a row of words began that may be pieces of base64
	for at := 0; at < len(line); {
		if line[at] == ' ' {
			at++
			continue
		}
		word, _, _ := strings.Cut(line[at:], " ")
		next := at + len(word)
		size += len(word)
		word = strings.TrimRight(word, closing)
		end := at + len(word)
		piece, strong := coding(word)
		switch {
		case strong:
			if long == 0 {
				from = at
				if loose >= 0 {
					from = loose
				}
			}
			long, to = long+len(word), end
		case to > 0 && loose >= 0 && random(word):
			to = end
		}
		switch {
		case !piece, end < next: // something closes behind it
			loose = -1
		case loose < 0:
			loose = at
		}
		if piece && !strong {
			short += len(word)
		}
		if to > 0 && strings.ContainsAny(line[end:next], quotes) {
			break
		}
		at = next
	}
	if long*2 <= size && (long == 0 || (long+short)*8 < size*7) {
		return 0, 0
	}
	return from, to
}

// closing is what may follow a key in the same word. Quotes end it.
const (
	quotes  = "\"'“”‘’`"
	closing = quotes + ",;)>}]"
)

// coding says whether word may be a piece of base64, and whether it must be.
func coding(word string) (piece, strong bool) {
	odd, runes := 0, 0
	for _, c := range word {
		runes++
		if !isAlnum(c) && !strings.ContainsRune(`+/=\`, c) {
			odd++
		}
	}
	if odd*6 > runes && odd > 1 {
		return false, false
	}
	return random(word) || runes < 4, runes >= 12 && random(word)
}
