package search

import (
	"strconv"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// cursor is where a page begins. The zero cursor is before the first.
type cursor struct {
	kind  byte
	group jarvis.Grouping // in capitals, the kind is of sessions
	at    jarvis.Cursor   // begin behind this capture
	cut   jarvis.Cursor   // of kindMoments: moments were cut behind this capture; mostly zero

	// Of the ranked orders: what was captured from then on is left out, so that
	// what arrives does not move the pages, and so many results come before.
	asOf time.Time
	skip int
}

// The kinds, the first character of a cursor.
const (
	kindFrames        = 'f' // captures, by time
	kindMoments       = 'm' // moments, by time; those that began before at were shown
	kindCut           = 'c' // moments, by time; all begin anew behind at
	kindRanked        = 'r' // captures, by relevance
	kindRankedMoments = 'b' // moments, by relevance
)

// String returns an opaque text, safe in an address.
func (c cursor) String() string {
	switch c.kind {
	case 0:
		return ""
	case kindRanked, kindRankedMoments:
		return c.letter() + strconv.FormatInt(c.asOf.UnixMicro(), 36) + "." + strconv.Itoa(c.skip)
	}
	text := c.letter() + c.at.String()
	if !c.cut.IsZero() {
		text += "." + c.cut.String()
	}
	return text
}

func (c cursor) letter() string {
	if c.group == jarvis.GroupSessions {
		return string(c.kind - 'a' + 'A')
	}
	return string(c.kind)
}

// parseCursor reads what String returned for a search of the same order.
func parseCursor(text string, sort jarvis.Sort, group jarvis.Grouping) (cursor, error) {
	if text == "" {
		return cursor{}, nil
	}
	invalid := jarvis.Errorf(jarvis.CodeInvalid, "%.80q is not a cursor of this search: use the one that the previous page gave", text)
	c := cursor{kind: text[0], group: group}
	if group == jarvis.GroupSessions {
		c.kind += 'a' - 'A'
	}
	if !fits(c.kind, sort, group != jarvis.GroupNone) {
		return cursor{}, invalid
	}
	if sort == jarvis.SortTime {
		at, cut, _ := strings.Cut(text[1:], ".")
		var err, cutErr error
		c.at, err = jarvis.ParseCursor(at)
		c.cut, cutErr = jarvis.ParseCursor(cut)
		if err != nil || cutErr != nil || c.at.IsZero() || c.kind != kindMoments && cut != "" {
			return cursor{}, invalid
		}
		return c, nil
	}
	asOf, skip, _ := strings.Cut(text[1:], ".")
	micro, err := strconv.ParseInt(asOf, 36, 64)
	c.asOf = time.UnixMicro(micro).UTC()
	if err != nil || c.asOf.Before(jarvis.MinTime) || c.asOf.After(jarvis.MaxTime) {
		return cursor{}, invalid
	}
	c.skip, err = strconv.Atoi(skip)
	if err != nil || c.skip < 1 || c.skip > jarvis.MaxRanked {
		return cursor{}, invalid
	}
	return c, nil
}

func fits(kind byte, sort jarvis.Sort, grouped bool) bool {
	switch {
	case sort == jarvis.SortTime && grouped:
		return kind == kindMoments || kind == kindCut
	case sort == jarvis.SortTime:
		return kind == kindFrames
	case grouped:
		return kind == kindRankedMoments
	}
	return kind == kindRanked
}
