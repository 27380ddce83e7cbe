package sqlite

import (
	"time"

	"github.com/jarvis-memory/jarvis"
)

// The seq of a capture follows its time: a slot for each microsecond, and the
// low bits break ties. 1024 places a microsecond fit 63 bits until the year
// 2112; from then on a microsecond has 16.
const (
	slotBits    = 10
	farSlotBits = 4
	farMicros   = int64(1) << 52
)

// slot returns the first seq of a microsecond.
func slot(micros int64) int64 {
	if micros < farMicros {
		return micros << slotBits
	}
	return farMicros<<slotBits + (micros-farMicros)<<farSlotBits
}

// seqBefore returns the last seq before a microsecond, whatever that is.
func seqBefore(micros int64) int64 {
	return slot(min(max(micros, 0), jarvis.MaxTime.UnixMicro()+1)) - 1
}

// place returns a free seq for a capture: the slot of its time, else the next
// after those taken. It looks at the last one taken of 1024 at a time, so that
// thousands of captures at one microsecond cost one lookup each.
func place(c *conn, micros int64) (int64, error) {
	const window = 1 << slotBits
	for seq := slot(micros); ; seq += window {
		last, err := c.number("SELECT coalesce(max(seq), -1) FROM captures WHERE seq BETWEEN ? AND ?", seq, seq+window-1)
		if err != nil {
			return 0, err
		}
		if last < 0 {
			return seq, nil
		}
		if last < seq+window-1 {
			return last + 1, nil
		}
	}
}

// ceilMicros returns the first microsecond that is not before t.
func ceilMicros(t time.Time) int64 {
	micros := t.UnixMicro()
	if time.UnixMicro(micros).Before(t) {
		micros++
	}
	return micros
}

// bucketOf returns the bucket of a time in the catalogue.
func bucketOf(micros int64) jarvis.Bucket { return jarvis.BucketOf(time.UnixMicro(micros)) }
