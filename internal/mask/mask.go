// Package mask replaces secrets in what was read from a screen, before it is
// stored: card numbers, IBANs, private keys, and the keys and tokens of
// services. What takes the place of a secret says what it was, "[card number]",
// and nothing else of it is kept.
//
// Text that was read from pixels is not text that was copied: a long token has
// blanks and line breaks in it, and letters for digits. Cards, accounts, private
// keys and the tokens that people meet most are therefore looked for by our own
// code, which knows how long they are; all others by the rules of gitleaks.
package mask

import (
	"slices"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// Masker finds secrets. It is safe for concurrent use.
type Masker struct {
	rules []rule
}

// New returns a Masker. It takes some 20 ms: make one and keep it.
func New() (*Masker, error) {
	rules, err := loadRules()
	if err != nil {
		return nil, &jarvis.Error{Code: jarvis.CodeInternal, Op: "mask.New", Message: "the rules for secrets on screen cannot be loaded", Err: err}
	}
	return &Masker{rules: rules}, nil
}

// span is a secret: the bytes [start, end) of a text, and what it is.
type span struct {
	start, end int
	kind       string
	rank       int // of two that overlap, the lower one names them
}

// The ranks, by how much it takes to be taken for one by chance.
const (
	rankKey = iota
	rankToken
	rankAccount
	rankCard
	rankRule
)

// passes bounds how often a text is gone through. What is masked can bring parts
// together that look like a secret; more than twice has not been seen.
const passes = 4

// Mask replaces the secrets in the text of r, which passed Reading.Check, and adds
// their number to r.Masked. Words stay consistent with the text: of the words that
// a secret reaches into, the first one covers the placeholder and what is around
// it, the others cover what is left of them, mostly nothing; all are Masked and
// keep their boxes. The text between secrets is not changed, and never gets longer.
// The reading passes Reading.Check afterwards too. Masking again changes nothing.
func (m *Masker) Mask(r *jarvis.Reading) {
	for range passes {
		spans := m.find(r.Text)
		if len(spans) == 0 {
			return
		}
		r.Words = maskWords(r.Words, spans)
		r.Text = maskText(r.Text, spans)
		r.Masked += len(spans)
	}
}

// MaskText replaces the secrets in a text of any kind, such as the title of a
// window or the address of a page, and returns their number.
func (m *Masker) MaskText(text string) (string, int) {
	r := jarvis.Reading{Text: text}
	m.Mask(&r)
	return r.Text, r.Masked
}

// find returns the secrets in text, in order and apart from each other.
func (m *Masker) find(text string) []span {
	small := lower(text)
	spans := findKeys(text, small)
	spans = append(spans, findTokens(text, small)...)
	spans = append(spans, findPasswords(text, small)...)
	spans = append(spans, findAccounts(text)...)
	spans = append(spans, findCards(text)...)
	spans = append(spans, findByRules(m.rules, text, small)...)
	return merge(spans)
}

// merge joins spans that overlap.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	merged := spans[:0]
	for _, s := range spans {
		last := len(merged) - 1
		if last < 0 || s.start >= merged[last].end {
			merged = append(merged, s)
			continue
		}
		if s.rank < merged[last].rank {
			merged[last].kind, merged[last].rank = s.kind, s.rank
		}
		merged[last].end = max(merged[last].end, s.end)
	}
	return merged
}

// placeholder stands for s. It is never longer than the secret, so that a text
// never outgrows jarvis.MaxText.
func (s span) placeholder() string {
	if p := "[" + s.kind + "]"; len(p) <= s.end-s.start {
		return p
	}
	return "[secret]"[:min(len("[secret]"), s.end-s.start)]
}

func maskText(text string, spans []span) string {
	var b strings.Builder
	b.Grow(len(text))
	from := 0
	for _, s := range spans {
		b.WriteString(text[from:s.start])
		b.WriteString(s.placeholder())
		from = s.end
	}
	b.WriteString(text[from:])
	return b.String()
}

// maskWords returns the words of a text as they are once its spans are masked.
func maskWords(words []jarvis.Word, spans []span) []jarvis.Word {
	masked := slices.Clone(words)
	shift := 0  // how much shorter the text before the word has become
	next := 0   // the first span that does not end before the word
	taken := -1 // the last span that has a word to stand for it
	for i := range masked {
		w := &masked[i]
		for next < len(spans) && spans[next].end <= w.Start {
			shift += spans[next].saved()
			next++
		}
		start, end := w.Start-shift, w.End-shift
		for k, before := next, shift; k < len(spans) && spans[k].start < w.End; k++ {
			s := spans[k]
			w.Masked = true
			first := s.start - before
			after := first + len(s.placeholder())
			before += s.saved()
			if w.Start >= s.start { // the secret began before the word, or with it
				start = first
				if taken >= k {
					start = after
				}
			}
			taken = max(taken, k)
			if end = after; w.End > s.end {
				end = w.End - before
			}
		}
		w.Start, w.End = start, end
	}
	return masked
}

// saved is by how many bytes masking s makes a text shorter.
func (s span) saved() int { return s.end - s.start - len(s.placeholder()) }
