package mask

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// token is a kind of secret that services issue: a prefix that says whose it is,
// and a body of random characters. Lengths and alphabets are those that the
// issuers document or, where they do not, those of the rules of gitleaks.
type token struct {
	kind     string
	begins   string         // the first two characters that prefix can have, in lower case; apart by dots
	prefix   *regexp.Regexp // as it is read, with letters that engines take for others
	alphabet string         // of the body, in which case does not count
	// sizes are the lengths that the body has, the shortest first; none are known
	// where there are none. A body that was read in pieces is put together again
	// up to them.
	sizes []int
	least int  // the shortest body that is taken for one: part of a token may be on the screen
	dots  bool // the body may have dots
	parts bool // it has one at least
	named bool // the prefix is a name, not a part of the token
}

const (
	letters = "abcdefghijklmnopqrstuvwxyz"
	alnum   = "0123456789" + letters
	wordly  = alnum + "_-"
	dash    = `[-—–~]{1,2}`
)

func prefix(pattern string) *regexp.Regexp { return regexp.MustCompile(`\A(?:` + pattern + `)`) }

var tokens = []token{
	{kind: "AWS key", begins: "ak.as.ab.ac.a3", prefix: prefix(`A(?:K[I1lT|]|S[I1lT|]|B[I1lT|]|CC)A|A3T[A-Z0-9]`), alphabet: alnum, sizes: []int{16}, least: 14},
	{kind: "AWS key", begins: "aw.se", prefix: prefix(`(?i:aws|secret)(?:[\w .-]{0,24}(?i:secret|access))?[_ .-]?(?i:access)?[_ .-]?(?i:key)["'“”‘’]{0,2}\s{0,2}(?:[=:|]|=>)\s{0,2}["'“”‘’]{0,2}`), alphabet: alnum + "+/", sizes: []int{40}, least: 36, named: true},
	{kind: "AWS key", begins: "iq.fw", prefix: prefix(`IQoJb3JpZ2lu|FwoGZXIvYXdz`), alphabet: alnum + "+/=", least: 60},
	{kind: "GitHub token", begins: "gh", prefix: prefix(`gh[pousrt0] ?_ ?`), alphabet: alnum, sizes: []int{36}, least: 12},
	{kind: "GitHub token", begins: "gi", prefix: prefix(`github[_ ]{1,2}pat[_ ]{1,2}`), alphabet: alnum + "_", sizes: []int{82}, least: 16},
	{kind: "Slack token", begins: "xo", prefix: prefix(`xox[abceoprs](?:[.]xox[bp])?` + dash), alphabet: wordly, least: 10},
	{kind: "Slack token", begins: "xa", prefix: prefix(`xapp` + dash), alphabet: wordly, least: 16},
	{kind: "Slack token", begins: "ho.ht", prefix: prefix(`(?:https? ?: ?//)?hooks ?\. ?slack ?\. ?com ?/ ?(?:services|workflows|triggers) ?/ ?`), alphabet: alnum + "/", sizes: []int{44, 48}, least: 20},
	{kind: "Stripe key", begins: "sk.rk", prefix: prefix(`[sr]k ?_ ?(?:[lL1I|]{1,2}[i1lI|]ve|test|prod) ?_ ?`), alphabet: alnum, sizes: []int{24, 99}, least: 10},
	{kind: "Stripe key", begins: "wh", prefix: prefix(`wh ?sec ?_ ?`), alphabet: alnum, sizes: []int{32}, least: 20},
	{kind: "Anthropic key", begins: "sk", prefix: prefix(`sk` + dash + `ant` + dash), alphabet: wordly, sizes: []int{101}, least: 20},
	{kind: "OpenAI key", begins: "sk", prefix: prefix(`sk` + dash + `(?:proj|svcacct|admin)` + dash), alphabet: wordly, sizes: []int{48, 124, 156}, least: 20},
	{kind: "OpenAI key", begins: "sk", prefix: prefix(`sk` + dash), alphabet: alnum, sizes: []int{48}, least: 30},
	{kind: "Google key", begins: "ai.a1.al.at.a|", prefix: prefix(`A[I1lT|]za`), alphabet: wordly, sizes: []int{35}, least: 28},
	{kind: "Google key", begins: "go.g0", prefix: prefix(`G[O0]CSPX` + dash), alphabet: wordly, sizes: []int{28}, least: 16},
	{kind: "Google key", begins: "ya", prefix: prefix(`ya29 ?\. ?`), alphabet: wordly, dots: true, least: 30},
	{kind: "JWT", begins: "ey.e ", prefix: prefix(`e ?y ?[JI]`), alphabet: wordly + "=/+", dots: true, parts: true, least: 40},
	{kind: "access token", begins: "be.au", prefix: prefix(`(?i:bearer|authorization["'”]?\s?[:=]\s?["'“]?(?:basic|token)) `), alphabet: wordly + "=/+", dots: true, least: 20, named: true},
}

func findTokens(text, small string) []span {
	var spans []span
	over := make([]int, len(tokens)) // where the last body ended that was too short: a later beginning within it is of none
	for at := 0; at < len(text); at++ {
		if at > 0 && isAlnum(rune(text[at-1])) {
			continue
		}
		if s, ok := tokenAt(text, small, at, over); ok {
			spans = append(spans, s)
			at = s.end - 1
		}
	}
	return spans
}

func tokenAt(text, small string, start int, over []int) (span, bool) {
	const begin = 2
	if start+begin > len(small) {
		return span{}, false
	}
	for i := range tokens {
		t := &tokens[i]
		if start < over[i] || !strings.Contains(t.begins, small[start:start+begin]) {
			continue
		}
		p := t.prefix.FindStringIndex(text[start:min(len(text), start+longestPrefix)])
		if p == nil {
			continue
		}
		end, ok := t.body(text, start+p[1])
		if !ok {
			over[i] = end
			continue
		}
		if t.named {
			start += p[1]
		}
		return span{start, end, t.kind, rankToken}, true
	}
	return span{}, false
}

// longestPrefix bounds the prefix of a token, in bytes.
const longestPrefix = 128

// body returns where the body that begins at start ends, and whether it is one.
func (t *token) body(text string, start int) (end int, ok bool) {
	p := t.piece(text, start, math.MaxInt)
	end = p.end
	count, chance := p.count, random(p.text)
	for count > 0 && !t.complete(count) {
		if p = t.next(text, end, count); p.count == 0 {
			break
		}
		end, count, chance = p.end, count+p.count, chance || random(p.text)
	}
	return end, count >= t.least && chance && (!t.parts || strings.Contains(text[start:end], "."))
}

// slack is by how many characters a body may differ from its size: an engine
// drops some, and doubles some.
const slack = 2

// complete says whether a body of so many characters lacks none.
func (t *token) complete(count int) bool {
	return t.sizes != nil && count >= t.sizes[len(t.sizes)-1]-slack
}

// next returns the part of the body that goes on behind the gap at at, or one
// without characters. Short words may be a part if what follows them surely is.
func (t *token) next(text string, at, count int) part {
	const short, words = 5, 2
	missing := math.MaxInt - slack
	if t.sizes != nil {
		missing = t.sizes[len(t.sizes)-1] - count
	}
	sure := slices.ContainsFunc(t.sizes, func(size int) bool { return count >= size-slack && count <= size+slack })
	var all part
	for range words + 1 {
		p := t.piece(text, t.gap(text, at, missing), missing)
		goesOn := t.goesOn(text, p, missing, sure)
		all = part{end: p.end, count: all.count + p.count, text: all.text + p.text}
		if goesOn {
			return all
		}
		if p.count == 0 || p.count > short || p.count >= missing || p.end == len(text) || text[p.end] != ' ' {
			break
		}
		at, missing, sure = p.end, missing-p.count, true
	}
	return part{}
}

// gap returns where the text goes on behind blanks or the end of a line, which
// an engine puts into a token, and a terminal where the line is full. If much is
// missing, one misread character may be before it.
func (t *token) gap(text string, at, missing int) int {
	const much = 8
	c, size := utf8.DecodeRuneInString(text[at:])
	if t.dots && c == '.' || missing >= much && misread(c) {
		at += size
	}
	for range 2 {
		if at < len(text) && text[at] == ' ' {
			at++
		}
	}
	switch {
	case at < len(text) && text[at] == '\n':
		at++
	case t.dots && strings.HasPrefix(text[at:], ". "):
		at += len(". ")
	}
	return at
}

// part is a stretch of characters of a body.
type part struct {
	end   int
	count int    // of characters of the alphabet
	text  string // with others between them
}

// piece returns the stretch that begins at start. In one that lacks so many
// characters, one or two others may be between those of the alphabet: engines
// read f as £.
func (t *token) piece(text string, start, missing int) part {
	p := part{end: start}
	odd := 0
	for at := start; at < len(text); {
		c, size := utf8.DecodeRuneInString(text[at:])
		at += size
		if t.has(c) {
			p.end, p.count, odd = at, p.count+1, 0
			continue
		}
		if t.dots && c == '.' {
			continue
		}
		if odd++; odd > 2 || p.count >= missing || !misread(c) {
			break
		}
	}
	p.text = text[start:p.end]
	return p
}

func (t *token) has(c rune) bool {
	return c < utf8.RuneSelf && strings.IndexByte(t.alphabet, lowered(byte(c))) >= 0
}

// misread says whether engines read c for a letter or a digit.
func misread(c rune) bool { return strings.ContainsRune(`@£¥€®©¢§°|(){}[]!?é—–_,;\`, c) }

// goesOn says whether p, which comes behind a gap, is more of the same body, of
// which so many characters are missing: it is not if it may be a word. If the body
// may be complete without it, it has to be random to be sure.
func (t *token) goesOn(text string, p part, missing int, sure bool) bool {
	const long = 6
	switch {
	case p.count == 0, p.count > missing+slack, sure && (p.count < long || !random(p.text)):
		return false
	case p.end < len(text) && (text[p.end] == '=' || text[p.end] == ':'): // a name, and its value
		return false
	case t.sizes != nil:
		return !plain(p.text)
	default:
		return p.count >= 4 && random(p.text) && strings.ContainsAny(lower(p.text), letters)
	}
}

// plain says whether s may be a word: all letters, of which at most the first is
// a capital.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (i > 0 || c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// random says whether s has digits and letters, or capitals behind small letters,
// as hardly any word does.
func random(s string) bool {
	digit, letter, inner := false, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digit = true
		case c >= 'a' && c <= 'z':
			letter = true
		case c >= 'A' && c <= 'Z':
			letter = true
			inner = inner || i > 0 && s[i-1] >= 'a' && s[i-1] <= 'z'
		}
	}
	return digit && letter || inner
}

func isAlnum(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func lowered(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// lower returns s with ASCII letters in lower case, byte for byte.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		b[i] = lowered(c)
	}
	return string(b)
}
