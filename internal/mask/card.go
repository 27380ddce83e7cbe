package mask

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// network is who issues cards whose numbers begin between two prefixes of the
// same length, both inclusive, and how many digits those have. The source is
// ISO/IEC 7812 and what the networks publish. Those that begin with 1 are left
// out: times in microseconds do, too.
type network struct {
	from, to string
	lengths  string // each as a letter: m is 13
}

var networks = []network{
	{"4", "4", "mps"},                        // Visa
	{"51", "55", "p"}, {"2221", "2720", "p"}, // Mastercard
	{"34", "34", "o"}, {"37", "37", "o"}, // American Express
	{"300", "305", "np"}, {"3095", "3095", "np"}, // Diners Club
	{"36", "36", "nopqrs"}, {"38", "39", "npqrs"}, // Diners Club
	{"6011", "6011", "pqrs"}, {"644", "659", "pqrs"}, // Discover, RuPay, Verve
	{"3528", "3589", "pqrs"},                   // JCB
	{"62", "62", "pqrs"}, {"81", "82", "pqrs"}, // UnionPay, RuPay
	{"50", "50", "mnopqrs"}, {"56", "58", "mnopqrs"}, // Maestro, Dankort, Elo, Verve, RuPay
	{"60", "60", "pqrs"},                             // RuPay, Hipercard
	{"63", "63", "mnopqrs"}, {"67", "67", "mnopqrs"}, // Maestro, InstaPayment, InterPayment
	{"2200", "2205", "pqrs"},                                            // Mir, Borica
	{"9792", "9792", "p"}, {"8600", "8600", "p"}, {"9860", "9860", "p"}, // Troy, UzCard, Humo
}

// issued says whether a network issues such numbers.
func issued(number string) bool {
	length := byte('a' + len(number) - 1)
	for _, n := range networks {
		p := number[:min(len(n.from), len(number))]
		if p >= n.from && p <= n.to && strings.IndexByte(n.lengths, length) >= 0 {
			return true
		}
	}
	return false
}

// luhn says whether the last digit of number is its checksum.
func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// digits are a group of digits in a text.
type digits struct {
	start, end int
	number     string // with what was misread put right
	joint      string // what is between the group before and this one, if that may be inside a number
	joined     bool   // there is such a group
	hard       bool   // a letter, or a digit behind a dot, touches it: it is part of something else
	dubious    int    // characters that were put right
}

// digitFor is what engines read for a digit.
var digitFor = map[rune]byte{'O': '0', 'o': '0', 'Q': '0', '@': '0', '®': '0', '©': '0', 'l': '1', 'I': '1', '|': '1', 'i': '1', '!': '1', 'Z': '2', 'S': '5', 's': '5', 'B': '8'}

// groups returns the groups of digits in text.
func groups(text string) []digits {
	var found []digits
	for at := 0; at < len(text); {
		c, size := utf8.DecodeRuneInString(text[at:])
		if _, ok := digitOf(c); !ok {
			at += size
			continue
		}
		g := digits{start: at}
		var number []byte
		plain := 0
		for at < len(text) {
			c, size = utf8.DecodeRuneInString(text[at:])
			d, ok := digitOf(c)
			if !ok {
				break
			}
			if number = append(number, d); c == rune(d) {
				plain++
			}
			at += size
		}
		g.end, g.number, g.dubious = at, string(number), len(number)-plain
		if plain*2 < len(number) {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(text[:g.start])
		g.hard = isAlnum(before) || dotted(text, g.start, -1) || dotted(text, g.end, 1)
		after, _ := utf8.DecodeRuneInString(text[g.end:])
		g.hard = g.hard || isAlnum(after)
		if n := len(found); n > 0 {
			g.joint = text[found[n-1].end:g.start]
			g.joined = isJoint(g.joint)
		}
		found = append(found, g)
	}
	return found
}

func digitOf(c rune) (byte, bool) {
	if c >= '0' && c <= '9' {
		return byte(c), true
	}
	d, ok := digitFor[c]
	return d, ok
}

// dotted says whether a dot and a digit follow at, in the given direction.
func dotted(text string, at, direction int) bool {
	if direction < 0 {
		return at >= 2 && text[at-1] == '.' && text[at-2] >= '0' && text[at-2] <= '9'
	}
	return at+1 < len(text) && text[at] == '.' && text[at+1] >= '0' && text[at+1] <= '9'
}

func isJoint(s string) bool {
	switch s {
	case " ", "  ", "-", "–", "—", "\u00a0", " - ", "\n", "- ", " -":
		return true
	}
	return false
}

// spoken finds what announces the number of a card.
var spoken = regexp.MustCompile(`(?i)(?:\b|_)(?:[a-z]*card|[a-z]*karten?|visa|maestro|amex|american express|carte|tarjeta|carta|pan|cc)(?:\b|_|nummer|num)`)

// announced is how far before a number that may be, in bytes.
const announced = 60

func findCards(text string) []span {
	all := groups(text)
	var spans []span
	for i := 0; i < len(all); {
		n := cardAt(all[i:], true)
		if n == 0 {
			i++
			continue
		}
		start := all[i].start
		if !isAnnounced(text[max(0, start-announced):start]) {
			second := i > 0 && len(spans) > 0 && spans[len(spans)-1].end == all[i-1].end
			if n = cardAt(all[i:], false); n == 0 || !second && midRow(all, i, n) {
				i++
				continue
			}
		}
		spans = append(spans, span{start, all[i+n-1].end, "card number", rankCard})
		i += n
	}
	return spans
}

// isAnnounced says whether the text before a number speaks of a card. What was
// masked speaks of none.
func isAnnounced(before string) bool {
	if at := strings.LastIndex(before, "]"); at >= 0 {
		before = before[at:]
	}
	return spoken.MatchString(before)
}

// cardAt returns how many groups are the number of a card, 0 if the first begins
// none.
func cardAt(groups []digits, told bool) int {
	n, number, dubious := 0, "", 0
	for i, g := range groups {
		number += g.number
		dubious += g.dubious
		if g.hard || i > 0 && !g.joined || len(number) > 19 || dubious > 4 || i == maxGroups {
			break
		}
		if len(number) >= 13 && issued(number) && isCard(groups[:i+1], number, told) {
			n = i + 1
		}
	}
	return n
}

// maxGroups is in how many groups the number of a card is at most.
const maxGroups = 6

// midRow says whether the n groups from i on, which have the form of a card's
// number, are the middle of a row of numbers, as tables have them. Numbers that
// come with that of a card are short, or are of another card.
func midRow(all []digits, i, n int) bool {
	free := func(next int) bool {
		return next == len(all) || !all[next].joined || all[next].joint == "\n"
	}
	if !shaped(all[i : i+n]) {
		return !free(i) || !free(i+n)
	}
	short := func(g digits, joint string) bool { return len(g.number) < 4 && !g.hard && !tight(joint) }
	return !free(i) && !short(all[i-1], all[i].joint) ||
		!free(i+n) && !short(all[i+n], all[i+n].joint) && cardAt(all[i+n:], false) == 0
}

// tight says whether a joint holds what it joins together.
func tight(joint string) bool { return strings.TrimSpace(joint) != "" }

// isCard says whether groups whose number a network issues are that of a card. If
// it was announced, the groups may be of any size, and in groups of the usual
// sizes one digit may be misread.
func isCard(groups []digits, number string, told bool) bool {
	if strings.Trim(number, number[:1]) == "" {
		return false
	}
	usual := shaped(groups)
	if told {
		return luhn(number) || usual && len(groups) > 2
	}
	if len(number) == 13 && len(groups) == 1 { // articles have 13 digits, too
		return false
	}
	return (usual || len(number) >= 15 && mended(groups)) && luhn(number)
}

// mended says whether groups are of the usual sizes without one of the blanks.
func mended(groups []digits) bool {
	for i := 1; i < len(groups); i++ {
		if groups[i].joint != " " {
			continue
		}
		one := groups[i-1]
		one.number += groups[i].number
		if shaped(slices.Concat(groups[:i-1], []digits{one}, groups[i+1:])) {
			return true
		}
	}
	return false
}

// shaped says whether the groups are of sizes in which cards have their number,
// and apart in the same way, on one line.
func shaped(groups []digits) bool {
	var b strings.Builder
	for i, g := range groups {
		if i > 0 && (g.joint == "\n" || g.joint != groups[1].joint) {
			return false
		}
		b.WriteByte(byte('a' + min(len(g.number), 20) - 1)) // d is a group of four
	}
	switch shape := b.String(); shape {
	case "dddd", "dddda", "ddddb", "ddddc", "dfe", "dfd", "dcccc", "dccc", "dde", "ddda", "dddb", "dddc", "fm", "hh", "dl", "ld", "ddh", "hdd", "dhd", "fe", "dj", "de":
		return true
	default:
		return len(shape) == 1
	}
}
