package jarvis_test

import (
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

func TestQuery_Range(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, time.January, n, 0, 0, 0, 0, time.UTC) }
	between := func(from, to time.Time) jarvis.Atom {
		return jarvis.Atom{Kind: jarvis.AtomTime, From: from, To: to}
	}
	not := between(day(1), day(2))
	not.Not = true
	var open time.Time
	for name, c := range map[string]struct {
		clauses  []jarvis.Clause
		from, to time.Time
	}{
		"None":      {nil, open, open},
		"Words":     {[]jarvis.Clause{{{Kind: jarvis.AtomWords, Tokens: []string{"alpha"}}}}, open, open},
		"One":       {[]jarvis.Clause{{between(day(2), day(5))}}, day(2), day(5)},
		"Both":      {[]jarvis.Clause{{between(day(2), day(5))}, {between(day(3), day(9))}}, day(3), day(5)},
		"HalfOpen":  {[]jarvis.Clause{{between(open, day(5))}, {between(day(3), open)}}, day(3), day(5)},
		"Not":       {[]jarvis.Clause{{not}}, open, open},
		"OneOfTwo":  {[]jarvis.Clause{{between(day(2), day(5)), {Kind: jarvis.AtomPinned}}}, open, open},
		"Backwards": {[]jarvis.Clause{{between(day(6), day(5))}}, day(6), day(5)},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := jarvis.Query{Clauses: c.clauses}.Range()
			if !from.Equal(c.from) || !to.Equal(c.to) {
				t.Errorf("the range is %v to %v, want %v to %v", from, to, c.from, c.to)
			}
		})
	}
}
