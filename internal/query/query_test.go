package query

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jarvis-memory/jarvis"
)

// now is a Saturday in Berlin.
var now = time.Date(2026, 1, 24, 15, 30, 0, 0, time.UTC)

func berlin(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// TestParse/* shows what is understood, in the language itself.
func TestParse(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"Empty", "", ""},
		{"Blanks", " \t\n\u3000 ", ""},
		{"Word", "Invoice", "invoice"},
		{"Words", "invoice  march", "invoice march"},
		{"Accents", "Café MÜLLER", "cafe muller"},
		{"Phrase", `"Foo   Bar"`, `"foo bar"`},
		{"PhraseOfOne", `"foo"`, `foo`},
		{"CurlyQuotes", `“foo bar” „baz qux“`, `"foo bar" "baz qux"`},
		{"Prefix", "pre*", "pre*"},
		{"PhrasePrefix", `"foo ba*"`, `"foo ba*"`},
		{"PhrasePrefixOutside", `"foo ba"*`, `"foo ba*"`},
		{"StarInside", "fo*o", `"fo o"`},
		{"StarBefore", "*foo", "foo"},
		{"StarAlone", "*", ""},
		{"Without", "foo -bar", "foo -bar"},
		{"WithoutPhrase", `-"foo bar"`, `-"foo bar"`},
		{"WithoutApp", "-app:code", "-app:code"},
		{"DashAlone", "foo - bar", "foo bar"},
		{"DashAtEnd", "foo -", "foo"},
		{"TwoDashes", "--force", "force"},
		{"DashInside", "foo-bar", `"foo bar"`},
		{"DashBehindQuote", `"foo"-bar`, `foo bar`},
		{"Or", "a b or c", "a b or c"},
		{"OrUpper", "a OR b Or c", "a or b or c"},
		{"OrFirst", "or a", `"or" a`},
		{"OrLast", "a or", `a "or"`},
		{"OrTwice", "a or or b", `a or "or" b`},
		{"OrAlone", "or", `"or"`},
		{"OrQuoted", `a "or" b`, `a "or" b`},
		{"OrOfNothing", "a or --- or b", "a or b"},
		{"NothingOr", "a --- or b", "a b"},
		{"OrWithout", "a or -b or app:x", "a or -b or app:x"},
		{"And", "a AND b", "a b"},
		{"AndIsAWord", "salt and pepper", "salt and pepper"},
		{"Separators", "foo_bar example.org/path don't a,b", `"foo bar" "example org path" "don t" "a b"`},
		{"Address", "https://example.org/a?b=c", `"https example org a b c"`},
		{"Punctuation", `... !? () "" "!" -"" - : ::`, ""},
		{"QuoteOpen", `foo "bar baz`, `foo "bar baz"`},
		{"QuoteInside", `5" disk`, `5 disk`},
		{"QuoteAlone", `"`, ""},
		{"QuotesAdjacent", `"a b""c d"e`, `"a b" "c d" e`},
		{"App", "app:Code", "app:Code"},
		{"AppQuoted", `app:"Text Editor"`, `app:"Text Editor"`},
		{"AppOpen", `app:"Text Ed`, `app:"Text Ed"`},
		{"AppQuotesInside", `app:a"b`, `app:a'b`},
		{"AppEmpty", "app: x", "app x"},
		{"AppBlank", `app:" "`, "app"},
		{"AppOfPunctuation", "app:>_", "app:>_"},
		{"FieldUpper", "APP:code", "app:code"},
		{"Title", `title:"Foo Bar" title:foo-bar title:pre*`, `title:"foo bar" title:"foo bar" title:pre*`},
		{"URL", "url:https://Example.org/a%20b", `url:"https example org a b"`},
		{"URLOfPercent", "url:100%", `url:100`},
		{"Device", "device:me@laptop", "device:me@laptop"},
		{"Monitor", "monitor:1", "monitor:1"},
		{"MonitorWrong", "monitor:left monitor:-1", `"monitor left" "monitor 1"`},
		{"Has", "has:text -HAS:TEXT", "has:text -has:text"},
		{"HasWrong", "has:image", `"has image"`},
		{"Pinned", "is:pinned is:unpinned -is:unpinned", "is:pinned -is:pinned is:pinned"},
		{"UnknownField", "foo:bar", `"foo bar"`},
		{"WithoutUnknownField", "-foo:bar*", `-"foo bar*"`},
		{"After", "after:2026-01-24", "after:2026-01-24"},
		{"Before", "before:2026-01", "before:2026-01-01"},
		{"On", "on:2026-01-24 on:2026-01 on:2026", "on:2026-01-24 on:2026-01 on:2026"},
		{"Yesterday", "on:yesterday", "on:2026-01-23"},
		{"Weekday", "on:monday", "on:2026-01-19"},
		{"Days", "on:3d", "on:2026-01-21"},
		{"AfterDays", "after:3d", "after:2026-01-21T16:30:00+01:00"},
		{"AfterHours", `after:"2h ago"`, "after:2026-01-24T14:30:00+01:00"},
		{"Moment", "before:2026-01-24T10:00", "before:2026-01-24T10:00:00+01:00"},
		{"Days", "on:2026-01-19..2026-01-21", "on:2026-01-19T00:00:00+01:00..2026-01-22T00:00:00+01:00"},
		{"DaysOpen", "on:2026-01-19.. on:..2026-01-19", "after:2026-01-19 before:2026-01-20"},
		{"DaysReversed", "on:2026-02..2026-01", `"on 2026 02 2026 01"`},
		{"NotADate", "on:mondy before:2026-13", `"on mondy" "before 2026 13"`},
		{"Chinese", "中文", "中文"},
		{"ChineseOne", "中", "中"},
		{"ChineseStar", "中文* 中*", "中文 中"},
		{"ChineseWords", "東京 天気", "東京 天気"},
		{"ChinesePhrase", `"東京 天気"`, "東京天気"},
		{"ChineseApart", `"東京、天"`, `"東京,天"`},
		{"ChineseMixed", `iPhone用 2024年`, `"iphone 用" "2024 年"`},
		{"Invalid", "a\xffb\x00c", `"a b c"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := Parse(tt.text, now, berlin(t))
			if got := String(q); got != tt.want {
				t.Errorf("Parse(%q) is %q, want %q", tt.text, got, tt.want)
			}
			if again := Parse(String(q), now, berlin(t)); !cmp.Equal(q, again, equalTimes()) {
				t.Errorf("parsed again: %s", cmp.Diff(q, again, equalTimes()))
			}
		})
	}
}

func equalTimes() cmp.Option {
	return cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })
}

func TestParse_Atoms(t *testing.T) {
	loc := berlin(t)
	words := func(tokens ...string) jarvis.Atom { return jarvis.Atom{Tokens: tokens} }
	prefix := func(tokens ...string) jarvis.Atom { return jarvis.Atom{Tokens: tokens, Prefix: true} }
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, loc) }
	tests := []struct {
		name, text string
		want       []jarvis.Clause
	}{
		{"Or", "a b or -c", []jarvis.Clause{{words("a")}, {words("b"), {Tokens: []string{"c"}, Not: true}}}},
		{"Prefix", `pre* "a b*"`, []jarvis.Clause{{prefix("pre")}, {prefix("a", "b")}}},
		{"Title", `title:"a b*"`, []jarvis.Clause{{prefix(jarvis.TitleMark+"a", jarvis.TitleMark+"b")}}},
		{"URL", `url:a.b`, []jarvis.Clause{{words(jarvis.URLMark+"a", jarvis.URLMark+"b")}}},
		{"Pairs", "日本語", []jarvis.Clause{{words("日本", "本語")}}},
		{"PairsBeforeAWord", `"日本 x"`, []jarvis.Clause{{words("日本", "本", "x")}}},
		{"One", "日", []jarvis.Clause{{prefix("日")}}},
		{"TitlePairs", "title:日本", []jarvis.Clause{{words(jarvis.TitleMark + "日本")}}},
		{"App", `app:"Text Editor"`, []jarvis.Clause{{{Kind: jarvis.AtomApp, Pattern: "Text Editor"}}}},
		{"Monitor", "monitor:2", []jarvis.Clause{{{Kind: jarvis.AtomMonitor, Monitor: 2}}}},
		{"On", "on:2026-01-24", []jarvis.Clause{{{Kind: jarvis.AtomTime, From: day(24), To: day(25)}}}},
		{"After", "after:2026-01-24", []jarvis.Clause{{{Kind: jarvis.AtomTime, From: day(24)}}}},
		{"Before", "before:2026-01-24", []jarvis.Clause{{{Kind: jarvis.AtomTime, To: day(24)}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Parse(tt.text, now, loc).Clauses
			if diff := cmp.Diff(tt.want, got, equalTimes()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
