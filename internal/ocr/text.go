package ocr

import (
	"image"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
)

// textBuilder puts the words of an engine together to a reading, as
// jarvis.Reading says, and leaves out what is longer than a reading may be.
type textBuilder struct {
	bounds image.Rectangle // of the image: boxes are cut to it
	text   strings.Builder
	words  []jarvis.Word
	gap    string // goes before the next word
	full   bool
}

// word adds a word of the current line. Blanks in it become one, and control
// characters none; where nothing is left, nothing is added.
func (b *textBuilder) word(text string, box image.Rectangle, confidence float64) {
	text = cleanWord(text)
	if text == "" || len(b.words) == jarvis.MaxWords {
		return
	}
	box = box.Intersect(b.bounds)
	if b.gap == " " && b.continues(text, box) {
		b.gap = ""
	}
	if !b.add(text) {
		return
	}
	start := b.text.Len() - len(text)
	b.words = append(b.words, jarvis.Word{
		Start:      start,
		End:        b.text.Len(),
		Box:        jarvis.Box{X: box.Min.X, Y: box.Min.Y, Width: box.Dx(), Height: box.Dy()},
		Confidence: percent(confidence),
	})
}

// continues reports whether text goes on where the last word ended: engines cut
// Chinese and Japanese into words that nobody writes apart. Something wider than
// a character between them is a gap that means something.
func (b *textBuilder) continues(text string, box image.Rectangle) bool {
	if len(b.words) == 0 {
		return false
	}
	last := b.words[len(b.words)-1].Box
	before, _ := utf8.DecodeLastRuneInString(b.text.String())
	after, _ := utf8.DecodeRuneInString(text)
	return isDense(before) && isDense(after) && box.Min.X-(last.X+last.Width) <= max(last.Height, box.Dy())
}

// isDense reports whether r is of a script whose words are not apart, or its
// punctuation.
func isDense(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) ||
		r >= 0x3000 && r <= 0x30ff || // punctuation, and the stroke that lengthens
		r >= 0xff01 && r <= 0xff60 // forms as wide as a character
}

// unplaced adds text of the current line that nobody knows the place of.
func (b *textBuilder) unplaced(text string) {
	if text = cleanWord(text); text != "" {
		b.add(text)
	}
}

// add appends to the text. Once something did not fit, nothing does.
func (b *textBuilder) add(text string) bool {
	if b.full || b.text.Len()+len(b.gap)+len(text) > jarvis.MaxText {
		b.full = true
		return false
	}
	b.text.WriteString(b.gap)
	b.text.WriteString(text)
	b.gap = " "
	return true
}

// line ends a line, and panel a panel, where something is in it.
func (b *textBuilder) line() {
	if b.gap == " " {
		b.gap = "\n"
	}
}

func (b *textBuilder) panel() {
	if b.gap != "" {
		b.gap = "\n\n"
	}
}

// reading returns what was added.
func (b *textBuilder) reading(language, engine string) (*jarvis.Reading, error) {
	r := &jarvis.Reading{Text: b.text.String(), Words: b.words, Language: language, Engine: engine}
	if err := r.Check(); err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "ocr", "the engine's words make no text", err)
	}
	return r, nil
}

// percent cuts a confidence to 0 to 100; what is no number is 0.
func percent(c float64) int {
	if math.IsNaN(c) {
		return 0
	}
	return int(math.Round(min(max(c, 0), 100)))
}

// cleanWord returns text without control characters and with single blanks.
func cleanWord(text string) string {
	if !needsCleaning(text) {
		return text
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(text), " ")
}

func needsCleaning(text string) bool {
	return !utf8.ValidString(text) ||
		strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}
