package query

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jarvis-memory/jarvis"
)

func TestTokens(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"Empty", "", ""},
		{"Words", "Foo bar2 3", "foo@0-3 bar2@4-8 3@9-10"},
		{"Separators", "foo-bar_baz", "foo@0-3 bar@4-7 baz@8-11"},
		{"Accents", "Café Müller", "cafe@0-5 muller@6-13"},
		{"AccentsApart", "e\u0301a", "ea@0-4"},
		{"AccentAtEnd", "cafe\u0301 x", "cafe@0-6 x@7-8"},
		{"SoftHyphen", "Donau\u00ADschiff", "donauschiff@0-13"},
		{"ZeroWidthSpace", "a\u200Bb", "a@0-1 b@4-5"},
		{"Eszett", "Straße STRASSE", "strasse@0-7 strasse@8-15"},
		{"Ligature", "ﬁne", "fine@0-5"},
		{"Fraction", "½", "1@0-2 2@0-2"},
		{"Wide", "ＡＢ１", "ab1@0-9"},
		{"Turkish", "İstanbul", "istanbul@0-9"},
		{"Emoji", "a😀b", "a@0-1 b@5-6"},
		{"OurMarks", "\uE000a\uE002b", "a@3-4 b@7-8"},
		{"Pairs", "日本語", "日本@0-6 本語@3-9 語@6-9"},
		{"One", "日", "日@0-3"},
		{"PairsApart", "日 本\n語", "日本@0-7 本語@4-11 語@8-11"},
		{"PairsParagraphs", "日\n \n本", "日@0-3 本@6-9"},
		{"PairsPunctuation", "日、本", "日@0-3 本@6-9"},
		{"PairsAndWords", "iPhone用 3つ", "iphone@0-6 用@6-9 3@10-11 つ@11-14"},
		{"Voiced", "か\u3099", "が@0-6"},
		{"VoicedHalfWidth", "ｶﾞｲ", "ガイ@0-9 イ@6-9"},
		{"VoicedIsNoAccent", "か が", "かが@0-7 が@4-7"},
		{"VoicedAlone", "\u3099x", "x@3-4"},
		{"LongVowel", "カー", "カー@0-6 ー@3-6"},
		{"Square", "㍿", "株式@0-3 式会@0-3 会社@0-3 社@0-3"},
		{"Thai", "กำ", "ก\u0E4D@0-6 \u0E4Dา@3-6 า@3-6"},
		{"Korean", "한국어 한글", "한국어@0-9 한글@10-16"},
		{"Devanagari", "हिन्दी", "हिन्दी@0-18"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, token := range Tokens(tt.text) {
				got = append(got, fmt.Sprintf("%s@%d-%d", token.Text, token.Start, token.End))
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTokens_Long(t *testing.T) {
	for _, letter := range []string{"a", "ä", "한", "\u0915"} {
		tokens := Tokens(strings.Repeat(letter, 1000) + " next")
		if len(tokens) != 2 || len(tokens[0].Text) > maxWord || len(tokens[0].Text) < maxWord/4 || tokens[1].Text != "next" {
			t.Errorf("%q: %d tokens, the first of %d bytes", letter, len(tokens), len(tokens[0].Text))
		}
		if len(jarvis.TitleMark+tokens[0].Text) > jarvis.MaxToken {
			t.Errorf("%q: too long with a mark", letter)
		}
	}
}

func TestDocument(t *testing.T) {
	const gap, inTitle, inURL = jarvis.DocumentGap, jarvis.TitleMark, jarvis.URLMark
	tests := []struct{ name, text, title, url, want string }{
		{"Empty", "", "", "", ""},
		{"Text", "Foo bar\n", "", "", "foo bar"},
		{"All", "Foo", "My title", "https://x.org/a%20b", strings.Join([]string{
			"foo", gap, "my title", gap, inTitle + "my " + inTitle + "title", gap,
			inURL + "https " + inURL + "x " + inURL + "org " + inURL + "a " + inURL + "b",
		}, " ")},
		{"Title", "", "日本", "", "日本 本 " + gap + " " + inTitle + "日本 " + inTitle + "本"},
		{"URLOfPercent", "", "", "x/100%", inURL + "x " + inURL + "100"},
		{"Punctuation", "...", "-", "/", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Document(tt.text, tt.title, tt.url)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
