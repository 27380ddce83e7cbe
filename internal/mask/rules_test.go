package mask

import (
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestLoadRules: what a rule finds begins with one of its keywords, since it is
// tried nowhere else. A rule of another kind belongs into leftOut.
func TestLoadRules(t *testing.T) {
	rules, err := loadRules()
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) < 200 {
		t.Fatalf("there are %d rules", len(rules))
	}
	for _, r := range rules {
		t.Run(r.id, func(t *testing.T) {
			source := strings.NewReplacer(`\A`, "", `\b`, "", `\B`, "", `\z`, "", "$", "").Replace(r.pattern.String())
			if _, err := syntax.Parse(source, syntax.Perl); err != nil {
				t.Fatal(err)
			}
			samples := rapid.StringMatching(source)
			for seed := range 20 {
				sample := strings.NewReplacer("\u017f", "s", "\u212a", "k").Replace(lower(samples.Example(seed)))
				if !slices.ContainsFunc(r.keywords, func(k string) bool { return strings.HasPrefix(sample, k) }) {
					t.Fatalf("%q matches, and begins with none of %q", sample, r.keywords)
				}
			}
		})
	}
}
