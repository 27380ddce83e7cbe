package ocr

import (
	"bytes"
	"image"
	"strconv"
	"strings"
	"unicode"

	"github.com/jarvis-memory/jarvis"
)

// tsvHeader begins what tesseract writes. Later versions may add columns before
// none of these.
const tsvHeader = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"

const tsvColumns = 12

// The levels of rows that matter.
const (
	tsvPage = 1
	tsvWord = 5
)

// tsvRow is one row. Its text is the last column.
type tsvRow struct {
	numbers [10]int // all columns before conf
	conf    float64
	text    string
}

func (r tsvRow) level() int { return r.numbers[0] }

// line identifies the line of a word: page, block, paragraph and line.
func (r tsvRow) line() [4]int { return [4]int(r.numbers[1:5]) }

// parseTSV reads tesseract's words. Each of its pages is one of the panels, which
// are parts of the image; one that is missing means that it broke off.
func parseTSV(out []byte, b *textBuilder, panels []image.Rectangle) error {
	head, rest, _ := bytes.Cut(out, []byte("\n"))
	if string(bytes.TrimRight(head, "\r")) != tsvHeader {
		return nonsense("the first line is not that of its tables")
	}
	pages := 0
	var panel image.Rectangle // that of the page
	var line [4]int
	for len(rest) > 0 {
		var text []byte
		text, rest, _ = bytes.Cut(rest, []byte("\n"))
		text = bytes.TrimRight(text, "\r")
		if len(text) == 0 {
			continue
		}
		row, ok := parseRow(text)
		switch {
		case !ok:
			return nonsense("a row is not as those of its tables are")
		case row.level() == tsvPage:
			if pages == len(panels) || row.numbers[1] != pages+1 {
				return nonsense("its pages are not those that it was given")
			}
			panel = panels[pages]
			pages++
			b.panel()
		case row.level() == tsvWord:
			if pages == 0 || row.numbers[1] != pages {
				return nonsense("a word is on no page")
			}
			if line != row.line() {
				b.line()
				line = row.line()
			}
			addRow(b, row, panel)
		}
	}
	if pages != len(panels) {
		return nonsense("it broke off before the last page")
	}
	return nil
}

// noise is the confidence below which what has no letter and no digit is taken for
// an icon, a line or a shadow. Words of as little confidence are kept: a fifth of
// those below 20 is right, and dropping them would cost a fiftieth of all.
const noise = 40

// addRow adds a word. A confidence below zero is tesseract's mark of what is no
// word.
func addRow(b *textBuilder, row tsvRow, panel image.Rectangle) {
	if row.conf < 0 || row.conf < noise && !strings.ContainsFunc(row.text, isWordRune) {
		return
	}
	x, y, w, h := row.numbers[6], row.numbers[7], row.numbers[8], row.numbers[9]
	box := image.Rect(x, y, x+w, y+h).Add(panel.Min).Intersect(panel)
	b.word(row.text, box, row.conf)
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

// maxNumber bounds the numbers of a row, so that sums of them are numbers too.
const maxNumber = 1 << 24

func parseRow(line []byte) (row tsvRow, ok bool) {
	columns := bytes.SplitN(line, []byte("\t"), tsvColumns)
	if len(columns) < tsvColumns-1 {
		return row, false
	}
	for i := range row.numbers {
		n, err := strconv.Atoi(string(columns[i]))
		if err != nil || n < 0 || n > maxNumber {
			return row, false
		}
		row.numbers[i] = n
	}
	conf, err := strconv.ParseFloat(string(columns[10]), 64)
	if err != nil {
		return row, false
	}
	row.conf = conf
	if len(columns) == tsvColumns {
		row.text = string(columns[11])
	}
	return row, true
}

// nonsense is the error of an engine that said something else than it should.
func nonsense(what string) error {
	return jarvis.Errorf(jarvis.CodeInternal, "the engine's answer makes no sense: %s", what)
}
