package demo

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/jarvis-memory/jarvis"
)

// knowns are the known words, and how they are searched for.
var knowns = [...]Known{
	{Kind: KnownOnce, Query: `"` + onceText + `"`, Text: onceText},
	{Kind: KnownSession, Query: sessionText, Text: sessionText},
	{Kind: KnownSessions, Query: sessionsText, Text: sessionsText},
	{Kind: KnownJapanese, Query: "東京", Text: japaneseText},
	{Kind: KnownMasked, Query: maskedText, Text: maskedText},
	{Kind: KnownTitle, Query: titleText, Text: titleText},
	{Kind: KnownURL, Query: urlText, Text: urlText},
	{Kind: KnownPinned, Query: `"` + pinnedText + `"`, Text: pinnedText},
	{Kind: KnownClock, Query: clockText, Text: clockText},
	{Kind: KnownHostile, Query: hostileText, Text: hostileText},
}

// known returns the known words that were stored.
func (f *filling) known() []Known {
	var found []Known
	for _, k := range knowns {
		if k.Hits = f.hits[k.Kind]; len(k.Hits) == 0 {
			continue
		}
		slices.SortFunc(k.Hits, func(a, b Hit) int {
			return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID.String(), b.ID.String()))
		})
		found = append(found, k)
	}
	return found
}

// knownOn returns where known words are on a picture. Those of titles and addresses
// are in no picture.
func knownOn(words []placed, planted plant) map[KnownKind][]jarvis.Box {
	found := map[KnownKind][]jarvis.Box{}
	for _, k := range knowns {
		switch boxes := find(words, k.Text); {
		case k.Kind == KnownTitle || k.Kind == KnownURL:
			if planted.kind == k.Kind {
				found[k.Kind] = nil
			}
		case len(boxes) == 0:
		case k.Kind == KnownMasked:
			for _, w := range words {
				if w.instead != "" {
					found[k.Kind] = append(found[k.Kind], boxOf(w.box))
				}
			}
		default:
			found[k.Kind] = boxes
		}
	}
	return found
}

// find returns the boxes of the words of a text, wherever it is among words.
func find(words []placed, text string) []jarvis.Box {
	var boxes []jarvis.Box
	wanted := tokens(text)
	for i := range words {
		var run []jarvis.Box
		left := wanted
		for j := i; j < len(words) && len(left) > 0; j++ {
			at := slices.Index(tokens(words[j].text), left[0])
			rest := tokens(words[j].text)
			if at < 0 || j > i && at > 0 {
				break
			}
			n := commonPrefix(rest[at:], left)
			if n < len(left) && at+n < len(rest) {
				break
			}
			left = left[n:]
			run = append(run, boxOf(words[j].box))
		}
		if len(left) == 0 {
			boxes = append(boxes, run...)
		}
	}
	return boxes
}

func commonPrefix(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// tokens returns the words of a text as a search compares them.
func tokens(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
