package catalogtest

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// accessModel is an access log in memory: lines by what they are about.
type accessModel map[jarvis.Access]*jarvis.Access

func (m accessModel) record(a jarvis.Access) {
	a.Minute = a.Minute.UTC().Truncate(time.Minute)
	key := a
	key.Times, key.Captures = 0, 0
	line := m[key]
	if line == nil {
		line = &key
		m[key] = line
	}
	line.Times += a.Times
	line.Captures += a.Captures
}

func compareAccesses(a, b *jarvis.Access) int {
	return cmp.Or(b.Minute.Compare(a.Minute), strings.Compare(a.Who, b.Who), strings.Compare(a.Address, b.Address), strings.Compare(string(a.Action), string(b.Action)))
}

// page returns what FindAccess returns.
func (m accessModel) page(f jarvis.AccessFilter) []jarvis.Access {
	lines := []jarvis.Access{}
	for _, line := range m {
		switch {
		case !f.From.IsZero() && line.Minute.Before(f.From),
			!f.To.IsZero() && !line.Minute.Before(f.To),
			f.Who != "" && line.Who != f.Who,
			f.Action != "" && line.Action != f.Action,
			f.After != nil && compareAccesses(line, f.After) <= 0:
			continue
		}
		lines = append(lines, *line)
	}
	slices.SortFunc(lines, func(a, b jarvis.Access) int { return compareAccesses(&a, &b) })
	return lines[:min(len(lines), cmp.Or(f.Limit, jarvis.DefaultPage))]
}

func accesses(t tester, cat Catalog, f jarvis.AccessFilter) []jarvis.Access {
	t.Helper()
	lines, err := cat.FindAccess(background, f)
	if err != nil || lines == nil {
		t.Fatalf("FindAccess(%+v) = %v, %v", f, lines, err)
	}
	return lines
}

func record(t tester, cat Catalog, lines ...jarvis.Access) {
	t.Helper()
	for _, a := range lines {
		if err := cat.RecordAccess(background, a); err != nil {
			t.Fatalf("RecordAccess(%+v): %v", a, err)
		}
	}
}

// manyAccesses returns n accesses of few lines.
func manyAccesses(n int) []jarvis.Access {
	random := rand.New(rand.NewPCG(4, uint64(n)))
	pick := func(from ...string) string { return from[random.IntN(len(from))] }
	actions := []jarvis.Action{jarvis.ActionView, jarvis.ActionSearch, jarvis.ActionDelete, jarvis.ActionRefused}
	var lines []jarvis.Access
	for range n {
		lines = append(lines, jarvis.Access{
			Minute:   minute.Add(time.Duration(random.IntN(5))*time.Minute + time.Duration(random.Int64N(int64(time.Minute)))),
			Who:      pick("token Desk", "token desk", "session 1", "local zoë", "nobody"),
			Address:  pick("", "10.0.0.1", "10.0.0.10", "::1"),
			Action:   actions[random.IntN(len(actions))],
			Times:    random.Int64N(4),
			Captures: random.Int64N(1000),
		})
	}
	return lines
}

func testAccessLog(t *testing.T, h Harness) {
	t.Run("Lines", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		m := accessModel{}
		wantEqual(t, "an empty log", accesses(t, cat, jarvis.AccessFilter{}), m.page(jarvis.AccessFilter{}))
		kathmandu := location(t, "Asia/Kathmandu")
		for _, a := range []jarvis.Access{
			{Minute: noon, Who: "token x", Address: "::1", Action: jarvis.ActionView, Times: 1, Captures: 100},
			{Minute: minute.Add(time.Minute - 1), Who: "token x", Address: "::1", Action: jarvis.ActionView, Times: 2, Captures: 50},
			{Minute: noon.In(kathmandu), Who: "token x", Address: "::1", Action: jarvis.ActionView, Times: 1 << 40, Captures: 1 << 50},
			{Minute: minute.Add(time.Minute), Who: "token x", Address: "::1", Action: jarvis.ActionView, Times: 1},
			{Minute: noon, Who: "token X", Address: "::1", Action: jarvis.ActionView, Times: 1},
			{Minute: noon, Who: "token x", Address: "::2", Action: jarvis.ActionView, Times: 1},
			{Minute: noon, Who: "token x", Address: "::1", Action: jarvis.ActionExport, Times: 1},
			{Minute: jarvis.MinTime, Who: "nobody", Action: jarvis.ActionRefused, Times: 1},
			{Minute: jarvis.MaxTime, Who: "nobody", Action: jarvis.ActionRefused, Times: 1},
		} {
			record(t, cat, a)
			m.record(a)
			for range 2 {
				wantEqual(t, "the log", accesses(t, cat, jarvis.AccessFilter{}), m.page(jarvis.AccessFilter{}))
			}
		}
		wantEqual(t, "the log in another handle", accesses(t, db.open(t), jarvis.AccessFilter{}), m.page(jarvis.AccessFilter{}))
	})

	t.Run("HostileText", func(t *testing.T) {
		cat := h.open(t)
		for _, text := range append(hostileTexts(), "\xff\x00") {
			a := jarvis.Access{Minute: noon, Who: "local " + text, Address: text, Action: jarvis.ActionView, Times: 1}
			record(t, cat, a, a)
			want := a
			want.Minute, want.Times = minute, 2
			want.Who, want.Address = jarvis.CleanText(a.Who, jarvis.MaxWho), jarvis.CleanText(text, jarvis.MaxAddress)
			wantEqual(t, "the lines of one", accesses(t, cat, jarvis.AccessFilter{Who: a.Who}), []jarvis.Access{want})
		}
	})

	t.Run("Limit", func(t *testing.T) {
		cat := h.open(t)
		for _, limit := range []int{-1, jarvis.MaxPage + 1} {
			_, err := cat.FindAccess(t.Context(), jarvis.AccessFilter{Limit: limit})
			wantError(t, err, jarvis.CodeInvalid, messageLimit(limit))
		}
		for i := range jarvis.DefaultPage + 1 {
			record(t, cat, jarvis.Access{Minute: noon.Add(time.Duration(i) * time.Minute), Who: "x", Times: 1})
		}
		for limit, want := range map[int]int{0: jarvis.DefaultPage, 1: 1, jarvis.MaxPage: jarvis.DefaultPage + 1} {
			if lines := accesses(t, cat, jarvis.AccessFilter{Limit: limit}); len(lines) != want {
				t.Errorf("a page with limit %d has %d lines, want %d", limit, len(lines), want)
			}
		}
	})

	t.Run("AtOnce", func(t *testing.T) {
		db := h.New(t)
		cats := []Catalog{db.open(t), db.open(t)}
		lines := manyAccesses(proof.Rounds(600, 20_000))
		m := accessModel{}
		for _, a := range lines {
			m.record(a)
		}
		atOnce(t, writers, func(worker int) error {
			for i := worker; i < len(lines); i += writers {
				if err := cats[worker%len(cats)].RecordAccess(background, lines[i]); err != nil {
					return err
				}
			}
			return nil
		})
		all := jarvis.AccessFilter{Limit: jarvis.MaxPage}
		for _, cat := range cats {
			wantEqual(t, "the log of many at once", accesses(t, cat, all), m.page(all))
		}
	})

	t.Run("EveryFilter", func(t *testing.T) {
		cat := h.open(t)
		m := accessModel{}
		lines := manyAccesses(250)
		record(t, cat, lines...)
		for _, a := range lines {
			m.record(a)
		}
		rapid.Check(t, func(t *rapid.T) {
			f := drawAccessFilter(t, lines)
			wantEqual(t, "FindAccess", accesses(t, cat, f), m.page(f))

			f.After, f.Limit = nil, rapid.IntRange(5, 40).Draw(t, "limit of a walk")
			var walked []jarvis.Access
			for {
				page := accesses(t, cat, f)
				walked = append(walked, page...)
				if len(page) < f.Limit {
					break
				}
				f.After = &page[len(page)-1]
			}
			f.After, f.Limit = nil, jarvis.MaxPage
			wantEqual(t, "the pages of a walk", walked, m.page(f))
		})
	})
}

func drawAccessFilter(t *rapid.T, lines []jarvis.Access) (f jarvis.AccessFilter) {
	one := func(name string) jarvis.Access { return rapid.SampledFrom(lines).Draw(t, name) }
	maybe := rapid.Bool()
	far := rapid.SampledFrom([]time.Time{time.Date(-44, 3, 15, 0, 0, 0, 0, time.UTC), jarvis.MinTime, jarvis.MaxTime, time.Date(250_000, 1, 1, 0, 0, 0, 0, time.UTC)})
	at := func(name string) time.Time {
		switch rapid.IntRange(0, 3).Draw(t, name+" is") {
		case 0:
			return far.Draw(t, name)
		case 1:
			return one(name).Minute
		}
		return one(name).Minute.Truncate(time.Minute).Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, name+" off by")))
	}
	if maybe.Draw(t, "has from") {
		f.From = at("from")
	}
	if maybe.Draw(t, "has to") {
		f.To = at("to")
	}
	if maybe.Draw(t, "has who") {
		f.Who = rapid.SampledFrom([]string{one("who").Who, "Nobody", "~"}).Draw(t, "who")
	}
	if maybe.Draw(t, "has action") {
		f.Action = rapid.SampledFrom([]jarvis.Action{one("action").Action, jarvis.ActionPin}).Draw(t, "action")
	}
	if maybe.Draw(t, "has after") { // a line, or what is none
		after := jarvis.Access{Minute: one("after").Minute.UTC().Truncate(time.Minute), Who: one("after").Who, Address: one("after").Address, Action: one("after").Action}
		f.After = &after
	}
	f.Limit = rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(1, jarvis.MaxPage)).Draw(t, "limit")
	return f
}
