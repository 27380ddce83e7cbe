package mask

import (
	_ "embed"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// gitleaksRules are the rules of gitleaks v8.30.1, under the MIT licence beside
// them, unchanged: a newer version is put in their place.
//
//go:embed gitleaks.toml
var gitleaksRules string

// ruleFile is what is used of the format of gitleaks. Its conditions on paths and
// commits say nothing about a screen.
type ruleFile struct {
	Allowlist allowlist
	Rules     []struct {
		ID          string
		Regex       string
		SecretGroup int
		Entropy     float64
		Keywords    []string
		Allowlists  []allowlist
	}
}

type allowlist struct {
	Condition   string // "AND": what else it demands, it demands as well
	RegexTarget string
	Paths       []string
	Regexes     []string
	Stopwords   []string
}

// rule finds one kind of secret where one of its keywords stands.
type rule struct {
	id       string
	pattern  *regexp.Regexp // of what begins with a keyword
	whole    bool           // no letter or digit may be before it
	group    int            // of the pattern, that is the secret
	entropy  float64        // the least, in bits per character
	keywords []string       // in lower case
	allowed  []allowed
}

// allowed is what is no secret.
type allowed struct {
	target    string
	regexes   []*regexp.Regexp
	stopwords []string
}

// leftOut are the rules that are not tried.
var leftOut = []string{
	// findKeys and findTokens see to these.
	"private-key", "jwt", "openai-api-key", "slack-webhook-url", "slack-config-access-token",
	// They do not begin with a word that is rare, or reach over many lines.
	"azure-ad-client-secret", "curl-auth-header", "curl-auth-user", "facebook-access-token", "freemius-secret-key", "hashicorp-tf-api-token",
	"kubernetes-secret-yaml", "maxmind-license-key", "microsoft-teams-webhook", "nuget-config-password", "sidekiq-sensitive-url",
	"sourcegraph-access-token",
}

// elsewhere are the keywords of rules that have others than those that they begin with.
var elsewhere = map[string][]string{
	"airtable-personnal-access-token": {"pat"},
	"lob-api-key":                     {"lob"},
	"lob-pub-api-key":                 {"lob"},
	"new-relic-browser-api-token":     {"new-relic", "newrelic", "new_relic"},
	"new-relic-insert-key":            {"new-relic", "newrelic", "new_relic"},
	"new-relic-user-api-key":          {"new-relic", "newrelic", "new_relic"},
	"typeform-api-token":              {"typeform"},
}

const (
	// ruleTail is how most rules end: a secret is followed by one of these. On a
	// screen it is followed by anything.
	ruleTail   = `(?:[\x60'"\s;]|\\[nr]|$)`
	screenTail = `(?:[^0-9A-Za-z_-]|\z)`
	// ruleHead is the rest of the name before a keyword.
	ruleHead = `[\w.-]{0,50}?`
	// ruleReach is how far behind a keyword a secret ends, in bytes.
	ruleReach = 600
)

func loadRules() ([]rule, error) {
	var file ruleFile
	if _, err := toml.Decode(gitleaksRules, &file); err != nil {
		return nil, fmt.Errorf("the rules of gitleaks: %w", err)
	}
	everywhere, err := compileAllowed([]allowlist{file.Allowlist})
	if err != nil {
		return nil, err
	}
	var rules []rule
	for _, f := range file.Rules {
		if f.Regex == "" || slices.Contains(leftOut, f.ID) {
			continue
		}
		r := rule{id: f.ID, group: f.SecretGroup, entropy: f.Entropy, keywords: f.Keywords}
		if keywords, ok := elsewhere[f.ID]; ok {
			r.keywords = keywords
		}
		source := f.Regex
		if rest, ok := strings.CutSuffix(source, ruleTail); ok {
			source = rest + screenTail
		}
		flags := ""
		if strings.HasPrefix(source, "(?i)") {
			flags, source = "(?i)", source[len("(?i)"):]
		}
		source = strings.ReplaceAll(source, ruleHead, "")
		source, r.whole = strings.CutPrefix(source, `\b`)
		if r.pattern, err = regexp.Compile(flags + `\A(?:` + source + `)`); err != nil {
			return nil, fmt.Errorf("rule %s of gitleaks: %w", f.ID, err)
		}
		own, err := compileAllowed(f.Allowlists)
		if err != nil {
			return nil, fmt.Errorf("rule %s of gitleaks: %w", f.ID, err)
		}
		r.allowed = append(slices.Clone(everywhere), own...)
		rules = append(rules, r)
	}
	return rules, nil
}

func compileAllowed(lists []allowlist) ([]allowed, error) {
	var all []allowed
	for _, l := range lists {
		if strings.EqualFold(l.Condition, "AND") && len(l.Paths) > 0 {
			continue
		}
		a := allowed{target: l.RegexTarget, stopwords: l.Stopwords}
		for _, source := range l.Regexes {
			re, err := regexp.Compile(source)
			if err != nil {
				return nil, fmt.Errorf("what is allowed: %w", err)
			}
			a.regexes = append(a.regexes, re)
		}
		if len(a.regexes)+len(a.stopwords) > 0 {
			all = append(all, a)
		}
	}
	return all, nil
}

// findByRules tries each rule where one of its keywords stands, and nowhere else:
// what that takes is bounded by the number of keywords.
func findByRules(rules []rule, text, small string) []span {
	var spans []span
	for i := range rules {
		r := &rules[i]
		for _, keyword := range r.keywords {
			for at := 0; ; {
				found := strings.Index(small[at:], keyword)
				if found < 0 {
					break
				}
				at += found
				s, ok := r.at(text, at)
				if ok {
					spans = append(spans, s)
				}
				at += len(keyword)
			}
		}
	}
	return spans
}

func (r *rule) at(text string, start int) (span, bool) {
	if before, _ := utf8.DecodeLastRuneInString(text[:start]); r.whole && (isAlnum(before) || before == '_') {
		return span{}, false
	}
	m := r.pattern.FindStringSubmatchIndex(text[start:min(len(text), start+ruleReach)])
	if m == nil {
		return span{}, false
	}
	group := r.group
	for i := 1; group == 0 && i < len(m)/2; i++ {
		if m[2*i] < m[2*i+1] {
			group = i
		}
	}
	from, to := start+m[2*group], start+m[2*group+1]
	match := text[nameBefore(text, start) : start+m[1]]
	if entropy(text[from:to]) <= r.entropy || r.allows(text[from:to], match) {
		return span{}, false
	}
	for to < len(text) && (isAlnum(rune(text[to])) || text[to] == '_' || text[to] == '-') {
		to++
	}
	if to-from < len("[secret]") {
		return span{}, false
	}
	return span{from, to, r.kind(), rankRule}, true
}

// nameBefore returns where the name begins that goes on at end.
func nameBefore(text string, end int) int {
	const longest = 50
	from := end
	for from > 0 && end-from < longest && (isAlnum(rune(text[from-1])) || strings.IndexByte("_.-", text[from-1]) >= 0) {
		from--
	}
	return from
}

// allows says whether a rule takes the secret for none. What is to be looked for
// in a whole line is looked for in the match: lines on a screen are not lines of a file.
func (r *rule) allows(secret, match string) bool {
	small := lower(secret)
	for _, a := range r.allowed {
		target := secret
		if a.target != "" {
			target = match
		}
		if slices.ContainsFunc(a.regexes, func(re *regexp.Regexp) bool { return re.MatchString(target) }) ||
			slices.ContainsFunc(a.stopwords, func(w string) bool { return strings.Contains(small, w) }) {
			return true
		}
	}
	return false
}

// kinds are the names of what several rules find.
var kinds = []struct{ rules, kind string }{
	{"aws-", "AWS key"},
	{"github-", "GitHub token"},
	{"slack-", "Slack token"},
	{"stripe-", "Stripe key"},
	{"openai-", "OpenAI key"},
	{"anthropic-", "Anthropic key"},
	{"gcp-", "Google key"},
	{"jwt", "JWT"},
	{"generic-", "secret"},
}

func (r *rule) kind() string {
	for _, k := range kinds {
		if strings.HasPrefix(r.id, k.rules) {
			return k.kind
		}
	}
	return strings.ReplaceAll(r.id, "-", " ")
}

// entropy is how many bits a character of s tells, going by how often each is in s.
func entropy(s string) float64 {
	var count [256]int
	for i := range len(s) {
		count[s[i]]++
	}
	bits := 0.0
	for _, n := range count {
		if n > 0 {
			p := float64(n) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
