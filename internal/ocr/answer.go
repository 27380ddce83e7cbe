package ocr

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"io"
	"strings"

	"github.com/jarvis-memory/jarvis"
)

// contract is the version of what engines of the person's own answer
// (docs/reading.md). Fields that are not known are passed over, so that it may
// grow.
const contract = 1

// answer is what such an engine says about an image: one of Panels, Lines and
// Text.
type answer struct {
	Version  int           `json:"version"`
	Engine   string        `json:"engine"`
	Language string        `json:"language"`
	Panels   []answerPanel `json:"panels"`
	Lines    []answerLine  `json:"lines"`
	Text     string        `json:"text"`
}

type answerPanel struct {
	Lines []answerLine `json:"lines"`
}

type answerLine struct {
	Words []answerWord `json:"words"`
}

type answerWord struct {
	Text       string      `json:"text"`
	Box        *jarvis.Box `json:"box"`
	Confidence *float64    `json:"confidence"` // none is 100
}

// maxNamed bounds the names of engines and languages, in bytes.
const maxNamed = 100

// parseAnswer reads an answer about an image with these bounds. Engine and
// language are those that hold where it does not say them.
func parseAnswer(data []byte, bounds image.Rectangle, engine, language string) (*jarvis.Reading, error) {
	var a answer
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&a); err != nil {
		return nil, jarvis.WrapError(jarvis.CodeInternal, "ocr: answer", nonsense("it is not JSON of the form that is asked for").Error(), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nonsense("there is more after the JSON")
	}
	if a.Version != contract {
		return nil, jarvis.Errorf(jarvis.CodeInternal, "the engine's answer has the version %d: this Jarvis knows version %d", a.Version, contract)
	}
	if a.Panels == nil && a.Lines != nil {
		a.Panels = []answerPanel{{Lines: a.Lines}}
	} else if a.Lines != nil {
		return nil, nonsense("it has lines within panels, and others beside")
	}
	if a.Panels != nil && a.Text != "" {
		return nil, nonsense("it has words, and a text beside")
	}
	b := textBuilder{bounds: bounds}
	if err := a.addTo(&b); err != nil {
		return nil, err
	}
	return b.reading(named(a.Language, language), named(a.Engine, engine))
}

// addTo hands the words on, or the lines of a text without any.
func (a *answer) addTo(b *textBuilder) error {
	for _, panel := range a.Panels {
		for _, line := range panel.Lines {
			for _, word := range line.Words {
				box, err := word.place(b.bounds)
				if err != nil {
					return err
				}
				confidence := 100.0
				if word.Confidence != nil {
					confidence = *word.Confidence
				}
				if confidence < 0 || confidence > 100 {
					return nonsense("a confidence is not of 0 to 100")
				}
				b.word(word.Text, box, confidence)
			}
			b.line()
		}
		b.panel()
	}
	for line := range strings.Lines(a.Text) {
		if cleanWord(line) == "" {
			b.panel()
			continue
		}
		b.unplaced(line)
		b.line()
	}
	return nil
}

// place returns the box of a word, which has to be on the image; some engines
// round up, so that only part of it may be beyond.
func (w *answerWord) place(bounds image.Rectangle) (image.Rectangle, error) {
	if w.Box == nil {
		return image.Rectangle{}, nonsense("a word has no box")
	}
	b := *w.Box
	if min(b.X, b.Y, b.Width, b.Height) < 0 || max(b.X, b.Y, b.Width, b.Height) > maxNumber {
		return image.Rectangle{}, nonsense("a box is beyond any image")
	}
	box := image.Rect(b.X, b.Y, b.X+b.Width, b.Y+b.Height).Intersect(bounds)
	if box.Empty() {
		return box, nonsense("a box is empty, or not on the image")
	}
	return box, nil
}

// named returns the name that an engine gave, or the one that holds otherwise.
func named(text, otherwise string) string {
	if text = jarvis.CleanText(cleanWord(text), maxNamed); text != "" {
		return text
	}
	return otherwise
}
