package jarvis

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

func checkReading(r *Reading) error {
	switch {
	case len(r.Text) > MaxText:
		return Errorf(CodeInvalid, "the text has %d bytes, and may have %d", len(r.Text), MaxText)
	case !utf8.ValidString(r.Text) || strings.ContainsRune(r.Text, 0):
		return Errorf(CodeInvalid, "the text is not UTF-8, or has NUL bytes")
	case len(r.Words) > MaxWords:
		return Errorf(CodeInvalid, "the text has %d words, and may have %d", len(r.Words), MaxWords)
	case r.Masked < 0:
		return Errorf(CodeInvalid, "the text has %d secrets", r.Masked)
	}
	end := 0
	for i, w := range r.Words {
		b := w.Box
		switch {
		case w.Start < end, w.End < w.Start, w.End > len(r.Text):
			return Errorf(CodeInvalid, "word %d is at bytes %d to %d of the text: words follow each other within it", i, w.Start, w.End)
		case min(b.X, b.Y, b.Width, b.Height) < 0 || max(b.X, b.Y, b.Width, b.Height) > maxBox:
			return Errorf(CodeInvalid, "word %d has a box beyond any image", i)
		case w.Confidence < 0 || w.Confidence > 100:
			return Errorf(CodeInvalid, "word %d has the confidence %d: it is 0 to 100", i, w.Confidence)
		}
		end = w.End
	}
	return nil
}

// maxBox bounds the numbers of a box, in pixels.
const maxBox = 1 << 24

// wordsVersion is the first byte of EncodeWords.
const wordsVersion = 1

// EncodeWords returns words, which passed Reading.Check, as bytes for a catalogue
// to keep: some 7 bytes a word. No words are no bytes.
func EncodeWords(words []Word) []byte {
	if len(words) == 0 {
		return nil
	}
	b := []byte{wordsVersion}
	b = binary.AppendUvarint(b, uint64(len(words)))
	end, last := 0, Box{}
	for _, w := range words {
		b = binary.AppendUvarint(b, uint64(w.Start-end))
		b = binary.AppendUvarint(b, uint64(w.End-w.Start))
		b = binary.AppendVarint(b, int64(w.Box.X-last.X))
		b = binary.AppendVarint(b, int64(w.Box.Y-last.Y))
		b = binary.AppendUvarint(b, uint64(w.Box.Width))
		b = binary.AppendVarint(b, int64(w.Box.Height-last.Height))
		mark := byte(w.Confidence) << 1
		if w.Masked {
			mark |= 1
		}
		b = append(b, mark)
		end, last = w.End, w.Box
	}
	return b
}

// DecodeWords reads what EncodeWords returned; anything else is CodeCorrupt.
func DecodeWords(b []byte) ([]Word, error) {
	if len(b) == 0 {
		return nil, nil
	}
	d := wordDecoder{rest: b}
	d.failed = d.byte() != wordsVersion
	n := d.uvarint(MaxWords)
	words := make([]Word, 0, min(n, len(b)/7))
	end, last := 0, Box{}
	for range n {
		var w Word
		w.Start = end + d.uvarint(MaxText)
		w.End = w.Start + d.uvarint(MaxText)
		w.Box.X = last.X + d.varint()
		w.Box.Y = last.Y + d.varint()
		w.Box.Width = d.uvarint(maxBox)
		w.Box.Height = last.Height + d.varint()
		mark := d.byte()
		w.Confidence, w.Masked = int(mark>>1), mark&1 != 0
		if d.failed {
			break
		}
		words = append(words, w)
		end, last = w.End, w.Box
	}
	if d.failed || len(d.rest) > 0 {
		return nil, Errorf(CodeCorrupt, "the places of the words of a text are not what was stored: have the capture read again")
	}
	return words, nil
}

// wordDecoder takes numbers off the front of bytes until there are none.
type wordDecoder struct {
	rest   []byte
	failed bool
}

func (d *wordDecoder) byte() byte {
	if d.failed || len(d.rest) == 0 {
		d.failed = true
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *wordDecoder) uvarint(limit int) int {
	v, n := binary.Uvarint(d.rest)
	if d.failed || n <= 0 || v > uint64(limit) {
		d.failed = true
		return 0
	}
	d.rest = d.rest[n:]
	return int(v)
}

func (d *wordDecoder) varint() int {
	v, n := binary.Varint(d.rest)
	if d.failed || n <= 0 || v > maxBox || v < -maxBox {
		d.failed = true
		return 0
	}
	d.rest = d.rest[n:]
	return int(v)
}
