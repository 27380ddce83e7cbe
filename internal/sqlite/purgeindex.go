package sqlite

import (
	"context"
	"fmt"
	"math"

	"github.com/ncruces/go-sqlite3"
)

// What a deletion does not reach are words that no search reads any more: those of
// an index that another took the place of (see RebuildIndex), and those of segments
// that a merge under way has consumed, which FTS5 keeps until the merge is done,
// whenever that may be.

// purgeIndex throws both away, in transactions that are short.
func (c *Catalog) purgeIndex(ctx context.Context) error {
	left, err := read(ctx, c, "purge", func(on *conn) (bool, error) {
		old, err := on.number("SELECT EXISTS (" + oldIndexSQL + ")")
		if err != nil || old != 0 {
			return true, err
		}
		spent, err := findSpent(on)
		return len(spent) > 0, err
	})
	if err != nil || !left {
		return err
	}
	c.scrubbed.Store(true)
	for more := true; more && err == nil; {
		more, err = doWrite(ctx, c, "purge", purgeIndexSome)
	}
	return err
}

// purgeIndexSome throws some rows away, and reports whether there may be more.
func purgeIndexSome(on *conn) (more bool, err error) {
	if more, err = discardSome(on); more || err != nil {
		return more, err
	}
	all, err := findSpent(on)
	if err != nil || len(all) == 0 {
		return false, err
	}
	s := all[0]
	n, err := on.changed("DELETE FROM "+s.table+"_data WHERE id IN (SELECT id FROM "+s.table+"_data WHERE id >= ? AND id < ? LIMIT ?)",
		s.id<<pageBits, s.id<<pageBits+s.pages, discardBatch)
	if n == 0 && err == nil {
		err = on.exec("DELETE FROM "+s.table+"_idx WHERE segid = ? AND pgno < ?", s.id, s.pages<<1)
	}
	return true, err
}

// How FTS5 numbers the rows of {index}_data (fts5_index.c): one has the structure,
// all others are pages of the segment that the upper bits name. {index}_idx has the
// numbers of pages twice as large.
const (
	structureID = 10
	pageBits    = 37
)

// spent is what a merge has consumed of a segment.
type spent struct {
	segment
	pages int64 // those before this one
}

// findSpent lists what merges have consumed of segments and is still there. FTS5
// reads neither such pages nor their keys, whose order scrub cannot keep.
func findSpent(on *conn) (found []spent, err error) {
	err = eachIndex(on, math.MinInt64, func(table string) error {
		var record []byte
		_, err := on.find(func(s *sqlite3.Stmt) { record = s.ColumnBlob(0, nil) }, "SELECT block FROM "+table+"_data WHERE id = ?", structureID)
		if err != nil {
			return err
		}
		consumed, ok := spentOf(record)
		if !ok {
			return fmt.Errorf("%w: the structure of %s", sqlite3.CORRUPT, table)
		}
		for _, s := range consumed {
			s.table = table
			left, err := on.number("SELECT EXISTS (SELECT 1 FROM "+table+"_data WHERE id >= ? AND id < ?) OR EXISTS (SELECT 1 FROM "+table+"_idx WHERE segid = ? AND pgno < ?)",
				s.id<<pageBits, s.id<<pageBits+s.pages, s.id, s.pages<<1)
			if err != nil {
				return err
			}
			if left != 0 {
				found = append(found, s)
			}
		}
		return nil
	})
	return found, err
}

// spentOf returns what merges have consumed by a structure record, and false unless
// that is one. After a cookie of four bytes it is made of varints: the levels, all
// their segments, and writes; of each level, the segments that are being merged and
// all that it has; of each segment, its id and the first and the last page of what
// is left, which are 0 when nothing is.
func spentOf(record []byte) (consumed []spent, ok bool) {
	if len(record) < 4 {
		return nil, false
	}
	r := varints{rest: record[4:]}
	levels := r.next()
	r.next()
	r.next()
	for ; levels > 0 && !r.short; levels-- {
		r.next()
		for segments := r.next(); segments > 0 && !r.short; segments-- {
			id, first, last := int64(r.next()), int64(r.next()), r.next()
			switch {
			case first == 0 && last == 0:
				consumed = append(consumed, spent{segment{id: id}, 1 << pageBits})
			case first > 1:
				consumed = append(consumed, spent{segment{id: id}, first})
			}
		}
	}
	return consumed, !r.short && len(r.rest) == 0
}

// varints reads SQLite's: seven bits of each byte, the highest first, for as long
// as its eighth is set; a ninth byte is read whole.
type varints struct {
	rest  []byte
	short bool // they ended too soon
}

func (r *varints) next() (n uint64) {
	for i, b := range r.rest {
		if i == 8 || b < 0x80 {
			shift := 7
			if i == 8 {
				shift = 8
			}
			r.rest = r.rest[i+1:]
			return n<<shift | uint64(b)
		}
		n = n<<7 | uint64(b&0x7f)
	}
	r.rest, r.short = nil, true
	return 0
}
