package query

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMarks(t *testing.T) {
	tests := []struct {
		name, query, text string
		want              []string
	}{
		{"None", "x", "foo", nil},
		{"Word", "foo", "Foo, foobar FOO", []string{"Foo", "FOO"}},
		{"Prefix", "foo*", "Foo, foobar", []string{"Foo", "foobar"}},
		{"Phrase", `"a b"`, "a b, a-b a x b", []string{"a b", "a-b"}},
		{"Overlap", `"a b" "b c"`, "a b c", []string{"a b c"}},
		{"Choice", "a or b -c", "a b c", []string{"a", "b"}},
		{"OtherFields", "title:a url:a app:a", "a", nil},
		{"Accents", "cafe", "Café.", []string{"Café"}},
		{"Pairs", "本語", "日本語です", []string{"本語"}},
		{"PairsApart", "日本", "日 本", []string{"日 本"}},
		{"OneOfAPair", "本", "日本 語", []string{"本"}},
		{"OneAtTheEnd", "語", "日本 語", []string{"語"}},
		{"OneOfASquare", "式", "㍿", []string{"㍿"}},
		{"OneBehindAWord", `"x 日"`, "x日本", []string{"x日"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, m := range Marks(Parse(tt.query, now, nil), tt.text) {
				got = append(got, tt.text[m.Start:m.End])
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSnippet(t *testing.T) {
	long := strings.Repeat("lorem ipsum ", 30)
	tests := []struct{ name, text, query, want string }{
		{"Empty", "", "x", ""},
		{"Whole", " a\n\n b\tc ", "b", "a [b] c"},
		{"NoMark", long, "x", "lorem ipsum lorem ipsum lorem ipsum lorem…"},
		{"Middle", long + "needle " + long, "needle", "…lorem ipsum [needle] lorem ipsum lorem ipsum…"},
		{"Densest", "b " + long + "b x b " + long, "b", "…lorem ipsum [b] x [b] lorem ipsum lorem ipsum…"},
		{"Pairs", strings.Repeat("日本", 40) + "東京" + strings.Repeat("日本", 40), "東京", "…日本日本[東京]日本日本日本日本…"},
		{"Control", "a\x1b[31mb", "b", "a [31mb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Snippet(tt.text, Marks(Parse(tt.query, now, nil), tt.text), 42)
			got := s.Text
			for _, m := range slices.Backward(s.Marks) {
				got = got[:m.Start] + "[" + got[m.Start:m.End] + "]" + got[m.End:]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFindName(t *testing.T) {
	tests := []struct {
		pattern, name string
		want          int
	}{
		{"firefox", "Firefox", 0},
		{"fire", "Firefox", 0},
		{"fox", "Firefox", -1},
		{"edit", "Text Editor", 1},
		{"text edi", "Text Editor", 0},
		{"tex edi", "Text Editor", -1},
		{"code*", "Code - OSS", 0},
		{"端末", "GNOME端末", 1},
		{">_", ">_", 0},
		{">_", "Terminal", -1},
		{`a"b`, `a"b`, 0},
	}
	for _, tt := range tests {
		if got := FindName(tt.pattern, tt.name); got != tt.want {
			t.Errorf("FindName(%q, %q) = %d, want %d", tt.pattern, tt.name, got, tt.want)
		}
	}
}

func TestTerm(t *testing.T) {
	tests := []struct{ field, value, want string }{
		{"app", "Firefox", "app:Firefox"},
		{"app", "Text Editor", `app:"Text Editor"`},
		{"title", `Say "hello"`, `title:"Say 'hello'"`},
		{"app", "", `app:""`},
	}
	for _, tt := range tests {
		if got := Term(tt.field, tt.value); got != tt.want {
			t.Errorf("Term(%q, %q) = %q, want %q", tt.field, tt.value, got, tt.want)
		}
	}
}

func TestLastTerm(t *testing.T) {
	tests := []struct{ text, field, value string }{
		{"", "", ""},
		{"foo ba", "", "ba"},
		{"foo ", "", ""},
		{"foo app:", "app", ""},
		{"foo -app:Te", "app", "Te"},
		{`app:"Text E`, "app", "Text E"},
		{`"a phr`, "", "a phr"},
	}
	for _, tt := range tests {
		if field, value := LastTerm(tt.text); field != tt.field || value != tt.value {
			t.Errorf("LastTerm(%q) = %q, %q", tt.text, field, value)
		}
	}
}

func TestParse_Bounds(t *testing.T) {
	tests := []struct{ name, text string }{
		{"Words", strings.Repeat("foo ", 5000)},
		{"Choices", strings.Repeat("foo or ", 5000)},
		{"Phrase", `"` + strings.Repeat("foo ", 5000) + `"`},
		{"Characters", strings.Repeat("日本", 5000)},
		{"LongWords", strings.Repeat(strings.Repeat("x", 300)+"-", 100)},
		{"Expanding", strings.Repeat("\uFDFA", 2000)},
		{"Pattern", "app:" + strings.Repeat("x", 9000)},
		{"Quotes", strings.Repeat(`"`, 9000)},
		{"Dates", strings.Repeat("on:x ", 2000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkParse(t, tt.text, berlin(t))
			if q := Parse(tt.text, now, nil); len(q.Clauses) == 0 && tt.name != "Quotes" {
				t.Error("nothing is left")
			}
		})
	}
}
