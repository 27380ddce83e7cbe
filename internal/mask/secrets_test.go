package mask_test

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
)

// A secret is made up when a test runs: nothing that looks like one is in the
// repository. It is as real ones are: checksums hold, lengths and alphabets are
// those that the issuers document.
type secret struct {
	kind string
	text string // as it stands on a screen
	core string // what must not be left of it
}

const (
	digits  = "0123456789"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower   = "abcdefghijklmnopqrstuvwxyz"
	hexa    = "0123456789abcdef"
	alnum   = digits + upper + lower
	word    = alnum + "_-"
	base64s = alnum + "+/"
	base32  = upper + "234567"
)

func pick(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// group sets blanks, or whatever sep is, after every group of characters. What is
// left over is in groups as long as the last.
func group(s, sep string, sizes ...int) string {
	var parts []string
	for i := 0; s != ""; i++ {
		n := min(sizes[min(i, len(sizes)-1)], len(s))
		parts, s = append(parts, s[:n]), s[n:]
	}
	return strings.Join(parts, sep)
}

func card(r *rand.Rand, prefix string, length int) string {
	n := prefix + pick(r, digits, length-len(prefix)-1)
	sum := 0
	for i := range len(n) {
		d := int(n[len(n)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return fmt.Sprintf("%s%d", n, (10-sum%10)%10)
}

// iban returns a number of the country with the account, as n, a and c say: a
// digit, a capital letter, either.
func iban(r *rand.Rand, country, account string) string {
	var b strings.Builder
	for _, c := range account {
		b.WriteString(pick(r, map[rune]string{'n': digits, 'a': upper, 'c': digits + upper}[c], 1))
	}
	var number strings.Builder
	for _, c := range b.String() + country + "00" {
		if c >= 'A' {
			fmt.Fprintf(&number, "%d", c-'A'+10)
		} else {
			number.WriteRune(c)
		}
	}
	v, _ := new(big.Int).SetString(number.String(), 10)
	rest := new(big.Int).Mod(v, big.NewInt(97)).Int64()
	return fmt.Sprintf("%s%02d%s", country, 98-rest, b.String())
}

func pem(r *rand.Rand, kind string, lines int, end bool) secret {
	dashes := strings.Repeat("-", 5)
	var body []string
	for range lines {
		body = append(body, pick(r, base64s, 64))
	}
	body = append(body, pick(r, base64s, 30)+"==")
	text := dashes + "BEGIN " + kind + dashes + "\n" + strings.Join(body, "\n") + "\n"
	if end {
		text += dashes + "END " + kind + dashes
	} else {
		text = text[:len(text)-50]
	}
	return secret{"pem " + kind, text, strings.Join(body, "")}
}

func jwt(r *rand.Rand, header string, signature int) secret {
	encode := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"sub":"%s","iat":17%s,"name":"%s"}`, pick(r, digits, 10), pick(r, digits, 8), pick(r, lower, 9))
	sign := pick(r, word, signature)
	return secret{"jwt", encode([]byte(header)) + "." + encode([]byte(claims)) + "." + sign, sign}
}

func token(r *rand.Rand, kind, prefix, alphabet string, n int) secret {
	core := pick(r, alphabet, n)
	return secret{kind, prefix + core, core}
}

// kinds are the makers of secrets. Prefixes are taken apart, so that nothing
// here looks like the secret that begins with them.
func kinds() []func(*rand.Rand) secret {
	var all []func(*rand.Rand) secret
	add := func(f func(*rand.Rand) secret) { all = append(all, f) }
	cards := []struct {
		brand, prefix string
		length        int
		sep           string
		sizes         []int
	}{
		{"visa", "4", 16, " ", []int{4}},
		{"visa", "4", 16, "", []int{16}},
		{"visa", "4", 16, "-", []int{4}},
		{"visa 13", "4", 13, " ", []int{4, 3}},
		{"visa 19", "4", 19, " ", []int{4}},
		{"mastercard", "53", 16, " ", []int{4}},
		{"mastercard", "55", 16, "", []int{16}},
		{"mastercard 2", "2345", 16, "-", []int{4}},
		{"amex", "37", 15, " ", []int{4, 6, 5}},
		{"amex", "34", 15, "", []int{15}},
		{"discover", "6011", 16, " ", []int{4}},
		{"diners", "36", 14, " ", []int{4, 6, 4}},
		{"jcb", "3540", 16, " ", []int{4}},
		{"unionpay", "6221", 19, " ", []int{6, 13}},
		{"maestro", "6759", 16, " ", []int{4}},
		{"mir", "2201", 16, " ", []int{4}},
	}
	for _, c := range cards {
		add(func(r *rand.Rand) secret {
			n := card(r, c.prefix, c.length)
			return secret{"card " + c.brand, group(n, c.sep, c.sizes...), n}
		})
	}
	for i, c := range []struct{ country, account string }{
		{"DE", "nnnnnnnnnnnnnnnnnn"},
		{"DE", "nnnnnnnnnnnnnnnnnn"},
		{"AT", "nnnnnnnnnnnnnnnn"},
		{"CH", "nnnnncccccccccccc"},
		{"GB", "aaaannnnnnnnnnnnnn"},
		{"FR", "nnnnnnnnnncccccccccccnn"},
		{"NL", "aaaannnnnnnnnn"},
		{"ES", "nnnnnnnnnnnnnnnnnnnn"},
		{"IT", "annnnnnnnnncccccccccccc"},
		{"PL", "nnnnnnnnnnnnnnnnnnnnnnnn"},
		{"NO", "nnnnnnnnnnn"},
		{"BE", "nnnnnnnnnnnn"},
		{"SE", "nnnnnnnnnnnnnnnnnnnn"},
		{"MT", "aaaannnnncccccccccccccccccc"},
		{"TR", "nnnnnncccccccccccccccc"},
	} {
		add(func(r *rand.Rand) secret {
			n := iban(r, c.country, c.account)
			text := group(n, " ", 4)
			if i%4 == 1 {
				text = n
			}
			return secret{"iban " + c.country, text, n}
		})
	}
	for i, kind := range []string{"RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"} {
		add(func(r *rand.Rand) secret { return pem(r, kind, 3+2*i, true) })
	}
	add(func(r *rand.Rand) secret { return pem(r, "RSA PRIVATE KEY", 8, false) })
	add(func(r *rand.Rand) secret {
		s := pem(r, "PRIVATE KEY", 8, true)
		s.text = strings.ReplaceAll(s.text, "\n", `\n`) + `\n`
		return s
	})
	for _, t := range []struct {
		kind, prefix, alphabet string
		n                      int
	}{
		{"aws", "AK" + "IA", base32, 16},
		{"aws", "AS" + "IA", base32, 16},
		{"github", "gh" + "p_", alnum, 36},
		{"github", "gh" + "o_", alnum, 36},
		{"github", "gh" + "u_", alnum, 36},
		{"github", "gh" + "s_", alnum, 36},
		{"github", "gh" + "r_", alnum, 36},
		{"stripe", "sk_" + "live_", alnum, 24},
		{"stripe", "sk_" + "test_", alnum, 99},
		{"stripe", "rk_" + "live_", alnum, 24},
		{"stripe", "wh" + "sec_", alnum, 32},
		{"openai", "sk" + "-", alnum, 48},
		{"anthropic", "sk-" + "ant-api03-", word, 93},
		{"anthropic", "sk-" + "ant-admin01-", word, 93},
		{"anthropic", "sk-" + "ant-oat01-", word, 93},
		{"google", "AI" + "za", word, 35},
		{"google", "GOC" + "SPX-", word, 28},
		{"google", "ya" + "29.a0", word, 120},
	} {
		add(func(r *rand.Rand) secret { return token(r, t.kind, t.prefix, t.alphabet, t.n) })
	}
	add(func(r *rand.Rand) secret {
		s := token(r, "aws secret", "", base64s, 40)
		s.text = "aws_secret_" + "access_key = " + s.text
		return s
	})
	add(func(r *rand.Rand) secret {
		return token(r, "github", "github_"+"pat_"+pick(r, alnum, 22)+"_", alnum, 59)
	})
	add(func(r *rand.Rand) secret {
		return token(r, "slack", "xo"+"xb-"+pick(r, digits, 12)+"-"+pick(r, digits, 13)+"-", alnum, 24)
	})
	add(func(r *rand.Rand) secret {
		n := func() string { return pick(r, digits, 12) + "-" }
		return token(r, "slack", "xo"+"xp-"+n()+n()+n(), hexa, 32)
	})
	add(func(r *rand.Rand) secret {
		return token(r, "slack", "xa"+"pp-1-A"+pick(r, digits+upper, 10)+"-"+pick(r, digits, 13)+"-", hexa, 64)
	})
	add(func(r *rand.Rand) secret {
		return token(r, "slack", "https://hooks.slack"+".com/services/T"+pick(r, digits+upper, 8)+"/B"+pick(r, digits+upper, 10)+"/", alnum, 24)
	})
	for _, prefix := range []string{"proj", "svcacct", "admin"} {
		add(func(r *rand.Rand) secret {
			first, second := pick(r, word, 74), pick(r, word, 74)
			return secret{"openai", "sk-" + prefix + "-" + first + "T3Blbk" + "FJ" + second, first + second}
		})
	}
	add(func(r *rand.Rand) secret { return jwt(r, `{"alg":"HS256","typ":"JWT"}`, 43) })
	add(func(r *rand.Rand) secret {
		return jwt(r, `{"alg":"RS256","typ":"JWT","kid":"`+pick(r, hexa, 16)+`"}`, 342)
	})
	return all
}

// leakCase is a secret where it is seen.
type leakCase struct {
	name, before, after string
	secret              secret
}

func (c leakCase) text() string { return c.before + c.secret.text + c.after }

// places are where secrets are seen.
var places = []struct{ name, before, after string }{
	{"prose", "Thanks for the call. Please use ", " for the test on Monday, and keep it to yourself."},
	{"shell", "user@host:~$ cd work && ls\nREADME.md  src\nuser@host:~$ export VALUE=", "\nuser@host:~$ make deploy"},
	{"env", "# settings of the server\nPORT=8080\nDEBUG=false\nVALUE=\"", "\"\nLOG_LEVEL=info"},
	{"json", "{\n  \"name\": \"production\",\n  \"value\": \"", "\",\n  \"retries\": 3\n}"},
	{"url", "https://shop.example.com/return?state=ok&value=", "&lang=en"},
	{"table", "| name | value | changed |\n| first | ", " | 2026-03-01 |\n| second | none | 2026-03-02 |"},
}

// leakCases are the n cases that seed makes: every kind in turn, in one place
// after the other.
func leakCases(seed uint64, n int) []leakCase {
	r := rand.New(rand.NewPCG(seed, 5))
	makers := kinds()
	cases := make([]leakCase, 0, n)
	for i := range n {
		s := makers[i%len(makers)](r)
		place := places[(i+i/len(makers))%len(places)]
		if strings.Contains(s.text, "\n") { // where lines are kept
			place = places[(i+i/len(makers))%2]
		}
		cases = append(cases, leakCase{fmt.Sprintf("%s in %s %d", s.kind, place.name, i), place.before, place.after, s})
	}
	return cases
}

// alike makes letters equal that are taken for each other, and drops all but
// letters and digits.
func alike(s string) string {
	pairs := strings.NewReplacer("o", "0", "l", "1", "i", "1", "|", "1", "s", "5", "b", "8", "z", "2")
	return strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' {
			return c
		}
		return -1
	}, pairs.Replace(strings.ToLower(s)))
}

// leaked says whether a piece of the secret is left that says anything: eight
// characters in a row.
func leaked(text string, s secret) bool {
	const piece = 8
	text = alike(text)
	core := alike(s.core)
	for i := 0; i+piece <= len(core); i++ {
		if strings.Contains(text, core[i:i+piece]) {
			return true
		}
	}
	return false
}
