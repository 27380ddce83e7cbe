package query

import (
	"testing"
	"time"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "foo bar", `"a phrase" pre* -without -"a b"`, "a or b OR -c", `app:"Text Editor" title:x device:y monitor:1 url:https://example.org/%41`,
		"before:2026-01 after:3d on:yesterday on:2026-01-01..2026-02", "has:text is:pinned -is:unpinned", "foo-bar example.org/path don't",
		"日本語 中* ｶﾞ \u3099", `"unbalanced`, "- -- -: :", "\xff\x00", "İ ß ﬁ ½",
	} {
		f.Add(seed)
	}
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) { checkParse(t, text, loc) })
}

func FuzzTokens(f *testing.F) {
	for _, seed := range []string{"", "Foo bar", "日本 語\n\nカ", "ｶﾞ ㍿ กำ", "cafe\u0301 x\u00ADy", "\xff\x00\uE000", "Ꭰ ꭰ İ ς"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkTokens(t, text) })
}
