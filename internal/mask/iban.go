package mask

import (
	"strings"
	"unicode/utf8"
)

// accounts are the forms of account numbers behind the country and the two check
// digits: how many digits (n), capital letters (a) or either (c), from the IBAN
// registry of SWIFT.
var accounts = map[string]string{
	"AD": "8n12c", "AE": "19n", "AL": "8n16c", "AT": "16n", "AZ": "4a20c", "BA": "16n", "BE": "12n", "BG": "4a6n8c",
	"BH": "4a14c", "BI": "23n", "BR": "23n1a1c", "BY": "4c4n16c", "CH": "5n12c", "CR": "18n", "CY": "8n16c", "CZ": "20n",
	"DE": "18n", "DJ": "23n", "DK": "14n", "DO": "4c20n", "EE": "16n", "EG": "25n", "ES": "20n", "FI": "14n", "FK": "2a12n",
	"FO": "14n", "FR": "10n11c2n", "GB": "4a14n", "GE": "2a16n", "GI": "4a15c", "GL": "14n", "GR": "7n16c", "GT": "24c",
	"HN": "4a20n", "HR": "17n", "HU": "24n", "IE": "4a14n", "IL": "19n", "IQ": "4a15n", "IS": "22n", "IT": "1a10n12c",
	"JO": "4a4n18c", "KW": "4a22c", "KZ": "3n13c", "LB": "4n20c", "LC": "4a24c", "LI": "5n12c", "LT": "16n", "LU": "3n13c",
	"LV": "4a13c", "LY": "21n", "MC": "10n11c2n", "MD": "20c", "ME": "18n", "MK": "3n10c2n", "MN": "16n", "MR": "23n",
	"MT": "4a5n18c", "MU": "4a19n3a", "NI": "4a20n", "NL": "4a10n", "NO": "11n", "OM": "3n16c", "PK": "4a16c", "PL": "24n",
	"PS": "4a21c", "PT": "21n", "QA": "4a21c", "RO": "4a16c", "RS": "18n", "RU": "14n15c", "SA": "2n18c", "SC": "4a20n3a",
	"SD": "14n", "SE": "20n", "SI": "15n", "SK": "20n", "SM": "1a10n12c", "SO": "19n", "ST": "21n", "SV": "4a20n",
	"TL": "19n", "TN": "20n", "TR": "6n16c", "UA": "6n19c", "VA": "18n", "VG": "4a16n", "XK": "16n", "YE": "4a4n18c",
}

var letterFor = map[byte]byte{'0': 'O', '1': 'I', '5': 'S', '8': 'B', '2': 'Z'}

func findAccounts(text string) []span {
	var spans []span
	for at := 0; at < len(text); at++ {
		if at > 0 && isAlnum(rune(text[at-1])) {
			continue
		}
		end := accountAt(text, at, 0)
		if end == 0 {
			end = accountAt(text, at, 1)
		}
		if end > 0 {
			spans = append(spans, span{at, end, "IBAN", rankAccount})
			at = end - 1
		}
	}
	return spans
}

// accountAt returns where the IBAN that begins at start ends, 0 if none does. An
// engine may have read the O of Norway as O and 0: so many are then dropped.
func accountAt(text string, start, dropped int) int {
	const shortest = 15
	if start+shortest > len(text) || !isAlnum(rune(text[start])) || !isAlnum(rune(text[start+1])) {
		return 0
	}
	form, ok := accounts[strings.ToUpper(text[start:start+2])]
	if !ok {
		return 0
	}
	if dropped > 0 && lower(text[start+1:start+2+dropped]) != "o0" {
		return 0
	}
	form = "aann" + unfold(form)
	number := make([]byte, 0, len(form))
	small, gaps, last := 0, 0, 0 // small letters; gaps between groups of four; end of the character before
	at := start
	for len(number) < len(form) {
		if at >= len(text) {
			return 0
		}
		c, size := utf8.DecodeRuneInString(text[at:])
		b, ok := fit(c, form[len(number)])
		switch {
		case ok:
			if c >= 'a' && c <= 'z' {
				small++
			}
			number, last = append(number, b), at+size
			if len(number) == 2 {
				last += dropped
				at += dropped
			}
		case last == at && len(number) >= 2 && (c == ' ' || c == '-' || c == '\u00a0' || c == '\n'):
			if len(number)%4 == 0 {
				gaps++
			}
		default:
			return 0
		}
		at += size
	}
	if after, _ := utf8.DecodeRuneInString(text[last:]); isAlnum(after) {
		return 0
	}
	compact := last-start == len(number)+dropped
	if small > 2 && !compact { // a sentence
		return 0
	}
	if divisible(number) || recovered(number, form) || strings.ContainsAny(text[start:last], "@®©") {
		return last
	}
	// It has the form in every place, and stands in groups as these do: a character
	// was misread.
	if gaps == (len(number)-1)/4 && small == 0 && figures(number) >= 8 {
		return last
	}
	return 0
}

// figures is how many digits number has.
func figures(number []byte) int {
	n := 0
	for _, c := range number {
		if c <= '9' {
			n++
		}
	}
	return n
}

// unfold returns "3n2c" as "nnncc".
func unfold(form string) string {
	var b strings.Builder
	n := 0
	for _, c := range form {
		if c >= '0' && c <= '9' {
			n = n*10 + int(c-'0')
			continue
		}
		b.WriteString(strings.Repeat(string(c), n))
		n = 0
	}
	return b.String()
}

// fit returns c as it is in a place of a form, if it may be there.
func fit(c rune, place byte) (byte, bool) {
	switch place {
	case 'n':
		return digitOf(c)
	case 'a':
		if c < utf8.RuneSelf {
			if l, ok := letterFor[byte(c)]; ok {
				return l, true
			}
		}
	default:
		if c >= '0' && c <= '9' {
			return byte(c), true
		}
		if !isAlnum(c) {
			return digitOf(c)
		}
	}
	if !isAlnum(c) {
		return 0, false
	}
	return lowered(byte(c)) - 'a' + 'A', c > '9'
}

// divisible says whether the check digits of number are right (ISO 7064, mod 97).
func divisible(number []byte) bool {
	rest := 0
	for i := range number {
		if c := number[(i+4)%len(number)]; c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}

// recovered says whether number is right once one letter is read as a digit, or
// one digit as a letter, where the form allows both.
func recovered(number []byte, form string) bool {
	for i, c := range number {
		if form[i] != 'c' {
			continue
		}
		other, ok := letterFor[c]
		if !ok {
			other, ok = digitOf(rune(c))
		}
		if !ok {
			continue
		}
		number[i] = other
		right := divisible(number)
		if number[i] = c; right {
			return true
		}
	}
	return false
}
