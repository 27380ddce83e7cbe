package sqlite

import (
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"github.com/jarvis-memory/jarvis"
)

// pager makes a page, the newest first by (timestamp, id), of rows that come by
// seq: that is the order of time, but for captures of one microsecond.
type pager[T interface{ Cursor() jarvis.Cursor }] struct {
	after jarvis.Cursor
	limit int
	rows  []T
	last  time.Time // of the last row
}

func newPager[T interface{ Cursor() jarvis.Cursor }](after jarvis.Cursor, limit int) *pager[T] {
	return &pager[T]{after: after, limit: limit}
}

// errPageFull ends a query when a page is full.
var errPageFull = errors.New("the page is full")

// top returns the last seq that the page may have.
func (p *pager[T]) top() int64 {
	if p.after.IsZero() {
		return math.MaxInt64
	}
	return seqBefore(p.after.Timestamp.UnixMicro() + 1)
}

// add takes the next row. It returns errPageFull when the page is full and the row
// does not belong to it.
func (p *pager[T]) add(row T) error {
	at := row.Cursor()
	if !p.after.IsZero() && compareCursors(at, p.after) >= 0 {
		return nil
	}
	if len(p.rows) >= p.limit && !at.Timestamp.Equal(p.last) {
		return errPageFull
	}
	p.rows = append(p.rows, row)
	p.last = at.Timestamp
	return nil
}

// query adds the rows of a statement. It returns nil when the page is full.
func (p *pager[T]) query(on *conn, scan func(*sqlite3.Stmt) (T, error), sql string, args ...any) error {
	err := on.query(p.adder(scan), sql, args...)
	if errors.Is(err, errPageFull) {
		return nil
	}
	return err
}

func (p *pager[T]) adder(scan func(*sqlite3.Stmt) (T, error)) func(*sqlite3.Stmt) error {
	return func(s *sqlite3.Stmt) error {
		row, err := scan(s)
		if err != nil {
			return err
		}
		return p.add(row)
	}
}

// page returns the rows in their order. It is never nil.
func (p *pager[T]) page() []T {
	slices.SortStableFunc(p.rows, func(a, b T) int { return compareCursors(b.Cursor(), a.Cursor()) })
	if p.rows == nil {
		return []T{}
	}
	return p.rows[:min(len(p.rows), p.limit)]
}

func compareCursors(a, b jarvis.Cursor) int {
	if c := a.Timestamp.Compare(b.Timestamp); c != 0 {
		return c
	}
	return strings.Compare(a.ID.String(), b.ID.String())
}
