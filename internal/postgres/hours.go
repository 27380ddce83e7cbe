package postgres

import (
	"strconv"
	"time"
)

// A document is found by the hours that it is of, and by each 8, 64, 512 and 4096
// of them; see jarvis_lexemes. maxCover is how many of one level are looked for at
// most.
const (
	levels    = 5
	levelRune = 1114000
	maxCover  = 64
)

// cover returns lexemes of which every document of [from, to) has one, and few of
// others do; nil when it would take too many.
func cover(from, to time.Time) (lexemes []string) {
	const wanted = 16
	for level := range levels {
		width := int64(time.Hour/time.Microsecond) << (3 * level)
		first, last := floorDiv(from.UnixMicro(), width), floorDiv(to.UnixMicro()-1, width)
		if n := last - first; n > wanted && level < levels-1 || n >= maxCover {
			continue
		}
		for n := first; n <= last; n++ {
			lexemes = append(lexemes, string(rune(levelRune+level))+strconv.FormatInt(n, 10))
		}
		return lexemes
	}
	return nil
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((b - 1 - a) / b)
	}
	return a / b
}
