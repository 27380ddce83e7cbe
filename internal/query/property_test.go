package query

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// pieces are what drawn texts are made of: few words, so that they meet, and all
// that is special.
var pieces = []string{
	"a", "b", "ab", "Foo", "foo", "BAR", "naïve", "naive\u0308", "Straße", "ﬁne", "½", "x\u00ADy", "don't",
	" ", " ", " ", "\n", "\n\n", "\t", "\u3000", "-", "--", "*", ":", ".", "_", "/", ",", `"`, "“", "”",
	" or ", " OR ", " AND ", "app:", "title:", "url:", "device:", "monitor:", "on:", "before:", "after:", "has:text", "is:pinned", "-app:",
	"2026-01-24", "2026", "3d", "yesterday", "..", "2026-01", "10:30", "%41",
	"日", "本", "日本", "日本語", "カ", "ｶﾞ", "が", "か\u3099", "か ゛", "ー", "㍿", "ไทย", "กำ", "한국어", "हिन्दी", "\u3099", "\u0301", "\u200B", "\u200D",
	"\xff", "\x00", "\uE000", "\uE002", "😀", "İ", "ς", "Σ",
}

func texts(most int) *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, most).Draw(t, "pieces"), "")
		}),
		rapid.String(),
	)
}

func TestParse_AnyText(t *testing.T) {
	loc := berlin(t)
	rapid.Check(t, func(t *rapid.T) { checkParse(t, texts(40).Draw(t, "text"), loc) })
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// checkParse checks what holds of every query.
func checkParse(t failer, text string, loc *time.Location) {
	t.Helper()
	q := Parse(text, now, loc)
	form := String(q)
	if again := Parse(form, now, loc); !cmp.Equal(q, again, equalTimes()) {
		t.Fatalf("%q is %q, which is another query: %s", text, form, cmp.Diff(q, again, equalTimes()))
	}
	if again := String(Parse(form, now, loc)); again != form {
		t.Fatalf("%q is %q, and then %q", text, form, again)
	}
	atoms := 0
	for _, clause := range q.Clauses {
		if len(clause) == 0 {
			t.Fatalf("%q has an empty clause", text)
		}
		for _, a := range clause {
			atoms++
			checkAtom(t, text, a)
		}
	}
	if atoms > maxAtoms || len(form) > maxForm {
		t.Fatalf("%d conditions of %d bytes", atoms, len(form))
	}
}

func checkAtom(t failer, text string, a jarvis.Atom) {
	t.Helper()
	switch a.Kind {
	case jarvis.AtomWords:
		if len(a.Tokens) == 0 || len(a.Tokens) > maxPhrase {
			t.Fatalf("%q has a phrase of %d words", text, len(a.Tokens))
		}
		for _, token := range a.Tokens {
			checkToken(t, strings.TrimPrefix(strings.TrimPrefix(token, jarvis.TitleMark), jarvis.URLMark))
		}
	case jarvis.AtomApp, jarvis.AtomDevice:
		if a.Pattern == "" || a.Names != nil {
			t.Fatalf("%q has the pattern %q with names %q", text, a.Pattern, a.Names)
		}
	case jarvis.AtomTime:
		if a.From.IsZero() && a.To.IsZero() || !a.To.IsZero() && !a.From.Before(a.To) {
			t.Fatalf("%q is from %s to %s", text, a.From, a.To)
		}
	}
}

// checkToken checks what every catalogue relies on.
func checkToken(t failer, token string) {
	t.Helper()
	if token == "" || len(token) > maxWord || !utf8.ValidString(token) {
		t.Fatalf("token %q of %d bytes", token, len(token))
	}
	for _, r := range token {
		plain := unicode.In(r, unicode.L, unicode.M, unicode.N)
		if !plain || r < utf8.RuneSelf && (unicode.IsUpper(r) || !isASCIIWord(byte(r))) {
			t.Fatalf("token %q has %q", token, r)
		}
	}
}

func TestTokens_AnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkTokens(t, texts(60).Draw(t, "text")) })
}

// checkTokens checks what holds of the tokens of every text.
func checkTokens(t failer, text string) {
	t.Helper()
	tokens := Tokens(text)
	var last Token
	for _, token := range tokens {
		checkToken(t, token.Text)
		if token.Start < last.Start || token.End < last.End || token.End <= token.Start || token.End > len(text) {
			t.Fatalf("of %q, %q is at %d to %d, behind %d to %d", text, token.Text, token.Start, token.End, last.Start, last.End)
		}
		if !inRun(token.Text) { // a token is found again: it is a word of its own
			if again := Tokens(token.Text); len(again) != 1 || again[0].Text != token.Text {
				t.Fatalf("of %q, %q becomes %v", text, token.Text, again)
			}
		}
		last = token
	}
	document := Document(text, text, "")
	for i, word := range strings.Split(document, " ") {
		if word == "" && document != "" {
			t.Fatalf("document %q has an empty token", document)
		}
		if i < len(tokens) && word != tokens[i].Text {
			t.Fatalf("token %d of document %q is not %q", i, document, tokens[i].Text)
		}
	}
}

// TestDocument_AnyLength checks that every document has room in every database,
// that only the end of a long text is left out, and of short ones nothing.
func TestDocument_AnyLength(t *testing.T) {
	long := func(most int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			piece := rapid.OneOf(rapid.SampledFrom(append(pieces, "\uFDFA", "word ", strings.Repeat("w", 300))), rapid.String()).Draw(t, "piece")
			times := most / max(len(piece), 1)
			if rapid.Bool().Draw(t, "not the most") {
				times = rapid.IntRange(0, times).Draw(t, "times")
			}
			return strings.Repeat(piece, times)
		})
	}
	cut := 0
	rapid.Check(t, func(t *rapid.T) {
		text, title, address := long(260_000).Draw(t, "text"), long(jarvis.MaxTitle).Draw(t, "title"), long(jarvis.MaxURL).Draw(t, "address")
		document := Document(text, title, address)
		if len(document) > jarvis.MaxDocument {
			t.Fatalf("a document of %d bytes", len(document))
		}
		whole, fields := textsOf(Tokens(text)), Document("", title, address)
		if len(whole)+len(gap)+len(fields) <= jarvis.MaxDocument {
			if document != strings.TrimSuffix(strings.TrimPrefix(whole+gap+fields, gap), gap) {
				t.Fatalf("a document of %d bytes lacks something of %d and %d", len(document), len(whole), len(fields))
			}
			return
		}
		cut++
		kept := strings.TrimSuffix(strings.TrimSuffix(document, fields), gap)
		if !strings.HasSuffix(document, fields) || !strings.HasPrefix(whole+" ", kept+" ") || len(document) < jarvis.MaxDocument-len(gap)-jarvis.MaxToken {
			t.Fatalf("a document of %d bytes is not the beginning of %d, and %d", len(document), len(whole), len(fields))
		}
	})
	if cut == 0 {
		t.Error("no document was cut")
	}
}

func textsOf(tokens []Token) string {
	words := make([]string, len(tokens))
	for i, token := range tokens {
		words[i] = token.Text
	}
	return strings.Join(words, " ")
}

// TestTokens_LongWord would take half an hour if each character of a word were
// looked at for each.
func TestTokens_LongWord(t *testing.T) {
	if n := len(Tokens(strings.Repeat("a", jarvis.MaxText))); n != 1 {
		t.Errorf("a long word becomes %d tokens", n)
	}
}

// TestTokens_EveryCharacter checks that no character folds to what would be
// folded once more, in a document and in the query that looks for it.
func TestTokens_EveryCharacter(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.IsGraphic(r) { // most are not assigned
			continue
		}
		var first []string
		for _, token := range Tokens(string(r)) {
			first = append(first, token.Text)
			checkToken(t, token.Text)
		}
		if inRun(strings.Join(first, "")) {
			continue // pairs
		}
		var second []string
		for _, token := range Tokens(strings.Join(first, " ")) {
			second = append(second, token.Text)
		}
		if !slices.Equal(first, second) {
			t.Errorf("%U becomes %q, and then %q", r, first, second)
		}
	}
}

// TestQuery_Substring checks that what a run of characters has in its middle is
// found, alone and as a phrase.
func TestQuery_Substring(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run := rapid.SliceOfN(rapid.SampledFrom([]rune("日本語中文かがカー")), 1, 8).Draw(t, "run")
		from := rapid.IntRange(0, len(run)-1).Draw(t, "from")
		to := rapid.IntRange(from+1, len(run)).Draw(t, "to")
		text := "x " + string(run) + " y"
		part := string(run[from:to])
		marks := Marks(Parse(part, now, nil), text)
		if len(marks) == 0 {
			t.Fatalf("%q is not found in %q", part, text)
		}
		for _, m := range marks {
			if !strings.Contains(text[m.Start:m.End], part) {
				t.Fatalf("%q is marked for %q", text[m.Start:m.End], part)
			}
		}
		other := Marks(Parse(part+"国", now, nil), text)
		if len(other) > 0 {
			t.Fatalf("%q is found in %q", part+"国", text)
		}
	})
}

// shared are texts that a drawn document and a drawn query share.
var shared = []string{"a", "ab", "b", "foo", "Foo", "naïve", "日", "日本", "本語", "カ", "ｶﾞ", " ", " ", " ", " ", "\n", ".", ",", "-"}

func TestMarks_AnyText(t *testing.T) {
	pick := func(t *rapid.T, more []string, name string) string {
		return strings.Join(rapid.SliceOfN(rapid.SampledFrom(append(more, shared...)), 0, 20).Draw(t, name), "")
	}
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		text := pick(t, nil, "text")
		q := Parse(pick(t, []string{`"`, "*", " or ", "title:"}, "query"), now, nil)
		marks := Marks(q, text)
		end := 0
		for _, m := range marks {
			if m.Start < end || m.End <= m.Start || m.End > len(text) || !utf8.ValidString(text[m.Start:m.End]) {
				t.Fatalf("marks %v of %q", marks, text)
			}
			end = m.End
			if !holds(q, text[m.Start:m.End]) {
				t.Fatalf("%q is marked in %q for %q", text[m.Start:m.End], text, String(q))
			}
			found++
		}
		if len(marks) == 0 && holds(q, text) {
			t.Fatalf("nothing is marked in %q for %q", text, String(q))
		}
		checkSnippet(t, text, marks, rapid.IntRange(1, 80).Draw(t, "size"))
	})
	proof.Record(t, "%d marks were looked at", found)
}

// holds reports whether one of the words of q is in the document of text.
func holds(q jarvis.Query, text string) bool {
	document := strings.Fields(Document(text, "", ""))
	for _, clause := range q.Clauses {
		for _, a := range clause {
			if a.Kind == jarvis.AtomWords && !a.Not && contains(document, a) {
				return true
			}
		}
	}
	return false
}

func contains(document []string, a jarvis.Atom) bool {
	for i := 0; i+len(a.Tokens) <= len(document); i++ {
		part := slices.Clone(document[i : i+len(a.Tokens)])
		if last := len(part) - 1; a.Prefix && strings.HasPrefix(part[last], a.Tokens[last]) {
			part[last] = a.Tokens[last]
		}
		if slices.Equal(part, a.Tokens) {
			return true
		}
	}
	return false
}

// checkSnippet checks what holds of every snippet.
func checkSnippet(t *rapid.T, text string, marks []jarvis.Mark, size int) {
	s := Snippet(text, marks, size)
	if len(s.Text) > size+2*len(ellipsis) || strings.ContainsAny(s.Text, "\n\t") || s.Marks == nil {
		t.Fatalf("snippet %q of %d bytes", s.Text, size)
	}
	plain := strings.Join(strings.FieldsFunc(text, isBlank), " ")
	if !strings.Contains(" "+plain+" ", strings.Trim(s.Text, ellipsis)) {
		t.Fatalf("snippet %q is not of %q", s.Text, plain)
	}
	marked := make(map[string]bool)
	longest := 0
	for _, m := range marks {
		longest = max(longest, m.End-m.Start)
		marked[strings.Join(strings.FieldsFunc(text[m.Start:m.End], isBlank), " ")] = true
	}
	end := 0
	for _, m := range s.Marks {
		if m.Start < end || m.End <= m.Start || m.End > len(s.Text) {
			t.Fatalf("marks %v of snippet %q", s.Marks, s.Text)
		}
		end = m.End
		if part := s.Text[m.Start:m.End]; !marked[part] && longest <= size {
			t.Fatalf("%q is marked in snippet %q", part, s.Text)
		}
	}
	if len(marks) > 0 && marks[0].End-marks[0].Start <= size && len(s.Marks) == 0 {
		t.Fatalf("no mark in snippet %q of %q", s.Text, text)
	}
}
