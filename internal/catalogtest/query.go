package catalogtest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

// vocabulary has words that begin others, words that mean something to databases, and
// letters beyond ASCII.
var vocabulary = []string{
	"alpha", "alphabet", "al", "a", "beta", "be", "or", "and", "not", "near", "null", "select", "ünï", "ü", "日本", "本語", "語", "7", "77", "straße",
	jarvis.TitleMark + "alpha", jarvis.TitleMark + "beta", jarvis.URLMark + "alpha", jarvis.DocumentGap,
}

// indexModel is an index in memory that looks at every capture.
type indexModel struct {
	captures  []*jarvis.Capture
	documents map[jarvis.ID]string
	random    *rand.Rand
}

// newIndexModel fills an empty catalogue with captures of which most were read.
func newIndexModel(t tester, cat Catalog, n int) *indexModel {
	t.Helper()
	m := &indexModel{documents: make(map[jarvis.ID]string), random: rand.New(rand.NewPCG(5, 5))}
	m.add(t, cat, n)
	return m
}

// add adds n captures.
func (m *indexModel) add(t tester, cat Catalog, n int) {
	t.Helper()
	for range n {
		i := len(m.captures)
		c := newUnread(noon.Add(time.Duration(i/2) * 7 * time.Hour)) // in pairs
		c.AppName = []string{"Firefox", "firefox", "Text Editor", ""}[m.random.IntN(4)]
		c.Device = []string{"ada@desk", "grace@lab"}[m.random.IntN(2)]
		c.MonitorIndex = m.random.IntN(3)
		insert(t, cat, c)
		m.captures = append(m.captures, c)
		if m.random.IntN(4) == 0 {
			pin(t, cat, c, true)
		}
		if m.random.IntN(6) == 0 {
			continue
		}
		claim, err := cat.ClaimReading(background, c.ID, noon, leaseLength)
		if err != nil || claim == nil {
			t.Fatalf("ClaimReading = %v, %v", claim, err)
		}
		var document []string
		for range m.random.IntN(12) {
			document = append(document, vocabulary[min(m.random.IntN(len(vocabulary)), m.random.IntN(len(vocabulary)))])
		}
		m.documents[c.ID] = strings.Join(document, " ")
		reading := newReading([]string{"", "text"}[m.random.IntN(2)], noon)
		finish(t, cat, claim.Lease, reading, m.documents[c.ID])
		c.OCRText = &reading.Text
	}
}

// matching returns what a query matches, the newest first.
func (m *indexModel) matching(q jarvis.Query) []*jarvis.Capture {
	var result []*jarvis.Capture
	for _, c := range m.captures {
		if Matches(q, c, m.documents[c.ID]) {
			result = append(result, c)
		}
	}
	slices.SortFunc(result, func(a, b *jarvis.Capture) int { return compareCursors(b.Cursor(), a.Cursor()) })
	return result
}

// Matches reports whether a query matches a capture with a document, "" for none,
// as naively as can be.
func Matches(q jarvis.Query, c *jarvis.Capture, document string) bool {
	for _, clause := range q.Clauses {
		if !slices.ContainsFunc(clause, func(a jarvis.Atom) bool { return holds(a, c, document) != a.Not }) {
			return false
		}
	}
	return true
}

// holds looks at an atom without its Not.
func holds(a jarvis.Atom, c *jarvis.Capture, document string) bool {
	switch a.Kind {
	case jarvis.AtomApp:
		return slices.Contains(a.Names, c.AppName)
	case jarvis.AtomDevice:
		return slices.Contains(a.Names, c.Device)
	case jarvis.AtomMonitor:
		return a.Monitor == c.MonitorIndex
	case jarvis.AtomTime:
		return (a.From.IsZero() || !c.Timestamp.Before(a.From)) && (a.To.IsZero() || c.Timestamp.Before(a.To))
	case jarvis.AtomText:
		return c.OCRText != nil && *c.OCRText != ""
	case jarvis.AtomPinned:
		return c.Pinned
	}
	tokens := strings.Split(document, " ")
	for i := range tokens {
		if i+len(a.Tokens) > len(tokens) {
			return false
		}
		follow := true
		for j, token := range a.Tokens {
			follow = follow && (tokens[i+j] == token || a.Prefix && j == len(a.Tokens)-1 && strings.HasPrefix(tokens[i+j], token))
		}
		if follow {
			return true
		}
	}
	return false
}

// drawQuery draws a query of any shape; most match something.
func (m *indexModel) drawQuery(t *rapid.T) (q jarvis.Query) {
	for range rapid.IntRange(0, 3).Draw(t, "clauses") {
		var clause jarvis.Clause
		for range rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(t, "atoms") {
			clause = append(clause, m.drawAtom(t))
		}
		q.Clauses = append(q.Clauses, clause)
	}
	return q
}

func (m *indexModel) drawAtom(t *rapid.T) jarvis.Atom {
	a := jarvis.Atom{Not: rapid.IntRange(0, 3).Draw(t, "not") == 0}
	at := func(label string) time.Time {
		i := rapid.IntRange(-1, len(m.captures)-1).Draw(t, label)
		if i < 0 {
			return time.Time{}
		}
		return m.captures[i].Timestamp.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "off")) * time.Microsecond)
	}
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		a.Kind, a.Names = jarvis.AtomApp, rapid.SliceOfN(rapid.SampledFrom([]string{"Firefox", "firefox", "Text Editor", "", "none"}), 0, 2).Draw(t, "apps")
	case 1:
		a.Kind, a.Names = jarvis.AtomDevice, rapid.SliceOfN(rapid.SampledFrom([]string{"ada@desk", "grace@lab", "none"}), 0, 2).Draw(t, "devices")
	case 2:
		a.Kind, a.Monitor = jarvis.AtomMonitor, rapid.IntRange(0, 3).Draw(t, "monitor")
	case 3:
		a.Kind, a.From, a.To = jarvis.AtomTime, at("from"), at("to")
	case 4:
		a.Kind = rapid.SampledFrom([]jarvis.AtomKind{jarvis.AtomText, jarvis.AtomPinned}).Draw(t, "state")
	default:
		a.Kind = jarvis.AtomWords
		a.Prefix = rapid.IntRange(0, 3).Draw(t, "prefix") == 0
		a.Tokens = []string{rapid.SampledFrom(vocabulary).Draw(t, "token")}
		for range rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "more") {
			a.Tokens = append(a.Tokens, rapid.SampledFrom(vocabulary).Draw(t, "token"))
		}
		if document := strings.Split(m.documents[rapid.SampledFrom(m.captures).Draw(t, "from").ID], " "); rapid.Bool().Draw(t, "of a document") && document[0] != "" {
			start := rapid.IntRange(0, len(document)-1).Draw(t, "start")
			a.Tokens = document[start:min(len(document), start+len(a.Tokens))]
		}
		if runes := []rune(a.Tokens[len(a.Tokens)-1]); a.Prefix && len(runes) > 1 {
			a.Tokens = slices.Clone(a.Tokens)
			a.Tokens[len(a.Tokens)-1] = string(runes[:rapid.IntRange(1, len(runes)).Draw(t, "prefix length")])
		}
	}
	return a
}
