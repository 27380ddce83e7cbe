package catalogtest

import (
	"cmp"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

type spanKey struct {
	device string
	number int64
}

// spanModel keeps spans in memory.
type spanModel map[spanKey]jarvis.Span

// put does what PutSpans does, and returns the span that it refuses.
func (m spanModel) put(spans []jarvis.Span) *jarvis.Span {
	changed := make(spanModel)
	for _, s := range spans {
		key := spanKey{s.Device, s.Number}
		known, ok := changed[key]
		if !ok {
			known, ok = m[key]
		}
		switch {
		case ok && (!known.From.Equal(s.From) || known.State != s.State):
			return &s
		case !ok || known.To.Before(s.To):
			changed[key] = s
		}
	}
	maps.Copy(m, changed)
	return nil
}

func compareSpans(a, b jarvis.Span) int {
	return cmp.Or(strings.Compare(a.Device, b.Device), a.From.Compare(b.From), cmp.Compare(a.Number, b.Number))
}

// page returns what FindSpans returns.
func (m spanModel) page(f jarvis.SpanFilter) []jarvis.Span {
	spans := []jarvis.Span{}
	for _, s := range m {
		switch {
		case !f.From.IsZero() && !s.To.After(f.From),
			!f.To.IsZero() && !s.From.Before(f.To),
			!f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To),
			f.Device != "" && s.Device != f.Device,
			f.After != nil && compareSpans(s, *f.After) <= 0:
			continue
		}
		spans = append(spans, s)
	}
	slices.SortFunc(spans, compareSpans)
	return spans[:min(len(spans), cmp.Or(f.Limit, jarvis.MaxPage))]
}

func put(t tester, cat Catalog, spans ...jarvis.Span) {
	t.Helper()
	if err := cat.PutSpans(background, spans); err != nil {
		t.Fatalf("PutSpans: %v", err)
	}
}

func spans(t tester, cat Catalog, f jarvis.SpanFilter) []jarvis.Span {
	t.Helper()
	got, err := cat.FindSpans(background, f)
	if err != nil || got == nil {
		t.Fatalf("FindSpans(%+v) = %v, %v", f, got, err)
	}
	return got
}

func newSpan(device string, number int64, from, to time.Duration) jarvis.Span {
	return jarvis.Span{Device: device, Number: number, From: noon.Add(from), To: noon.Add(to), State: jarvis.SpanRecording}
}

func testCoverage(t *testing.T, h Harness) {
	t.Run("Growing", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		m := spanModel{}
		want := func() {
			t.Helper()
			wantEqual(t, "FindSpans", spans(t, cat, jarvis.SpanFilter{}), m.page(jarvis.SpanFilter{}))
		}
		want()
		put(t, cat)
		want()
		s := newSpan("ada@desk", 1, 0, time.Minute)
		other := newSpan("ada@desk", 2, time.Minute, time.Hour)
		for _, to := range []time.Duration{time.Minute, time.Minute, time.Hour, time.Second, 1000 * time.Hour, time.Hour} {
			s.To = noon.Add(to)
			put(t, cat, s, other)
			if refused := m.put([]jarvis.Span{s, other}); refused != nil {
				t.Fatalf("the model refuses %v", refused)
			}
			want()
			at := jarvis.SpanFilter{From: noon.Add(500 * time.Hour)} // which only the longest reaches
			wantEqual(t, "FindSpans", spans(t, cat, at), m.page(at))
		}
		wantEqual(t, "FindSpans in another handle", spans(t, db.open(t), jarvis.SpanFilter{}), m.page(jarvis.SpanFilter{}))
	})

	t.Run("Conflict", func(t *testing.T) {
		cat := h.open(t)
		first := newSpan("ada@desk", 7, 0, time.Minute)
		put(t, cat, first)
		earlier, state := first, first
		earlier.From, state.State = first.From.Add(-time.Microsecond), jarvis.SpanIdle
		fresh := newSpan("ada@desk", 8, 0, time.Minute)
		again := fresh
		again.State = jarvis.SpanIdle
		for name, batch := range map[string][]jarvis.Span{
			"From":        {fresh, earlier},
			"State":       {state, fresh},
			"TwoAtOnce":   {fresh, again},
			"FirstOfTwo":  {fresh, again, state},
			"AfterAGrown": {newSpan("ada@desk", 7, 0, time.Hour), fresh, state},
		} {
			refused := spanModel{{first.Device, first.Number}: first}.put(batch)
			wantError(t, cat.PutSpans(t.Context(), batch), jarvis.CodeConflict, messageSpanDiffers(*refused))
			wantEqual(t, name+": the spans after a conflict", spans(t, cat, jarvis.SpanFilter{}), []jarvis.Span{first})
		}
	})

	t.Run("Invalid", func(t *testing.T) {
		cat := h.open(t)
		fresh := newSpan("ada@desk", 8, 0, time.Minute)
		for name, change := range map[string]func(*jarvis.Span){
			"State":     func(s *jarvis.Span) { s.State = "asleep" },
			"NoState":   func(s *jarvis.Span) { s.State = "" },
			"Backwards": func(s *jarvis.Span) { s.To = s.From.Add(-time.Second) },
			"Empty":     func(s *jarvis.Span) { s.To = s.From },
			"TooShort":  func(s *jarvis.Span) { s.To = s.From.Add(999 * time.Nanosecond) },
			"Before":    func(s *jarvis.Span) { s.From = jarvis.MinTime.Add(-time.Microsecond) },
			"After":     func(s *jarvis.Span) { s.To = jarvis.MaxTime.Add(time.Microsecond) },
			"NoTimes":   func(s *jarvis.Span) { s.From, s.To = time.Time{}, time.Time{} },
		} {
			s := newSpan("ada@desk", 7, 0, time.Minute)
			change(&s)
			err := cat.PutSpans(t.Context(), []jarvis.Span{fresh, s})
			wantError(t, err, jarvis.CodeInvalid, s.Check().Error())
			if got := spans(t, cat, jarvis.SpanFilter{}); len(got) != 0 {
				t.Errorf("%s: %v was added", name, got)
			}
		}
		for _, limit := range []int{-1, jarvis.MaxPage + 1} {
			_, err := cat.FindSpans(t.Context(), jarvis.SpanFilter{Limit: limit})
			wantError(t, err, jarvis.CodeInvalid, messageLimit(limit))
		}
	})

	t.Run("RoundTrip", func(t *testing.T) {
		cat := h.open(t)
		m := spanModel{}
		for i, state := range []jarvis.SpanState{
			jarvis.SpanRecording, jarvis.SpanUnchanged, jarvis.SpanIdle, jarvis.SpanLocked, jarvis.SpanPaused,
			jarvis.SpanExcluded, jarvis.SpanSuspended, jarvis.SpanSpoolFull, jarvis.SpanFailed,
		} {
			s := newSpan("ada@desk", int64(i)-2, time.Duration(i)*time.Microsecond, time.Minute)
			s.State = state
			m.put([]jarvis.Span{s})
			s.From, s.To = s.From.In(location(t, "Asia/Kathmandu")).Add(999), s.To.Add(999)
			put(t, cat, s)
		}
		m.put([]jarvis.Span{
			{Device: "", Number: math.MaxInt64, From: jarvis.MinTime, To: jarvis.MaxTime, State: jarvis.SpanFailed},
			{Device: "", Number: math.MinInt64, From: jarvis.MaxTime.Add(-time.Microsecond), To: jarvis.MaxTime, State: jarvis.SpanFailed},
		})
		put(t, cat, m.page(jarvis.SpanFilter{})...)
		for _, from := range []time.Time{{}, noon, jarvis.MaxTime.Add(-time.Microsecond), jarvis.MaxTime} {
			f := jarvis.SpanFilter{From: from}
			wantEqual(t, "FindSpans", spans(t, cat, f), m.page(f))
		}
	})

	t.Run("HostileText", func(t *testing.T) {
		cat := h.open(t)
		for i, text := range append(hostileTexts(), "\xff\x00") {
			s := newSpan(text, int64(i), 0, time.Minute)
			put(t, cat, s, s)
			s.Device = jarvis.CleanText(text, jarvis.MaxDevice)
			wantEqual(t, "the spans of a device", spans(t, cat, jarvis.SpanFilter{Device: text}), []jarvis.Span{s})
		}
	})

	t.Run("AnyOrder", func(t *testing.T) {
		cat := h.open(t)
		rapid.Check(t, func(t *rapid.T) {
			m := spanModel{}
			device := jarvis.NewRandomID().String()
			draw := rapid.Custom(func(t *rapid.T) jarvis.Span {
				from := time.Duration(rapid.IntRange(0, 1).Draw(t, "from")) * time.Second
				s := newSpan(device, int64(rapid.IntRange(1, 4).Draw(t, "number")), from, from+time.Duration(rapid.IntRange(1, 4).Draw(t, "length"))*time.Minute)
				s.State = rapid.SampledFrom([]jarvis.SpanState{jarvis.SpanRecording, jarvis.SpanRecording, jarvis.SpanIdle}).Draw(t, "state")
				return s
			})
			for _, batch := range rapid.SliceOfN(rapid.SliceOfN(draw, 1, 4), 1, 6).Draw(t, "batches") {
				err := cat.PutSpans(background, batch)
				if refused := m.put(batch); refused != nil {
					wantError(t, err, jarvis.CodeConflict, messageSpanDiffers(*refused))
				} else if err != nil {
					t.Fatalf("PutSpans(%v): %v", batch, err)
				}
				f := jarvis.SpanFilter{Device: device}
				wantEqual(t, "FindSpans", spans(t, cat, f), m.page(f))
			}
		})
	})

	t.Run("EveryFilter", func(t *testing.T) {
		cat := h.open(t)
		m := spanModel{}
		seed := manySpans(400)
		put(t, cat, seed...)
		m.put(seed)
		rapid.Check(t, func(t *rapid.T) {
			f := drawSpanFilter(t, seed)
			wantEqual(t, "FindSpans", spans(t, cat, f), m.page(f))

			f.After, f.Limit = nil, rapid.IntRange(20, 150).Draw(t, "limit of a walk")
			var walked []jarvis.Span
			for {
				page := spans(t, cat, f)
				walked = append(walked, page...)
				if len(page) < f.Limit {
					break
				}
				f.After = &page[len(page)-1]
			}
			f.After, f.Limit = nil, 0
			wantEqual(t, "the pages of a walk", walked, m.page(f))
		})
	})

	t.Run("AtOnce", func(t *testing.T) {
		db := h.New(t)
		cats := []Catalog{db.open(t), db.open(t)}
		all := manySpans(proof.Rounds(200, 2000))
		atOnce(t, 8, func(worker int) error { // all send the same, in orders of their own, and let it grow
			random := rand.New(rand.NewPCG(uint64(worker), 9))
			mine := slices.Clone(all)
			random.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
			for batch := range slices.Chunk(mine, 25) {
				shorter := slices.Clone(batch)
				for i, s := range shorter {
					shorter[i].To = s.From.Add(max(time.Microsecond, s.To.Sub(s.From)/2))
				}
				if err := cats[worker%2].PutSpans(background, shorter); err != nil {
					return err
				}
				if err := cats[worker%2].PutSpans(background, batch); err != nil {
					return err
				}
			}
			return nil
		})
		m := spanModel{}
		m.put(all)
		wantEqual(t, "FindSpans", spans(t, cats[0], jarvis.SpanFilter{}), m.page(jarvis.SpanFilter{}))
	})
}

// manySpans returns n spans of a microsecond to some years; many overlap, and
// many begin at once.
func manySpans(n int) []jarvis.Span {
	random := rand.New(rand.NewPCG(6, uint64(n)))
	devices := []string{"ada@desk", "Ada@desk", "bob@lap", "zoë@büro"}
	states := []jarvis.SpanState{jarvis.SpanRecording, jarvis.SpanIdle, jarvis.SpanSuspended}
	var all []jarvis.Span
	for i := range n {
		from := time.Duration(random.IntN(50)) * time.Minute
		if random.IntN(2) == 0 {
			from = time.Duration(random.Int64N(int64(5000 * time.Hour))).Truncate(time.Microsecond)
		}
		length := time.Duration(1+random.Int64N(1<<(1+random.IntN(46)))) * time.Microsecond
		s := newSpan(devices[random.IntN(len(devices))], int64(i), from, from+length)
		s.State = states[random.IntN(len(states))]
		all = append(all, s)
	}
	return all
}

func drawSpanFilter(t *rapid.T, all []jarvis.Span) (f jarvis.SpanFilter) {
	maybe := rapid.Bool()
	far := rapid.SampledFrom([]time.Time{time.Date(-44, 3, 15, 0, 0, 0, 0, time.UTC), jarvis.MinTime, jarvis.MaxTime, time.Date(250_000, 1, 1, 0, 0, 0, 0, time.UTC)})
	at := func(name string) time.Time {
		s := rapid.SampledFrom(all).Draw(t, name)
		off := time.Duration(rapid.IntRange(-1500, 1500).Draw(t, name+" off by"))
		switch rapid.IntRange(0, 6).Draw(t, name+" is") {
		case 0:
			return far.Draw(t, name)
		case 1, 2:
			return s.From.Add(off)
		case 3:
			return s.From
		case 4:
			return s.To
		}
		return s.To.Add(off)
	}
	if maybe.Draw(t, "has from") {
		f.From = at("from")
	}
	if maybe.Draw(t, "has to") {
		f.To = at("to")
	}
	if maybe.Draw(t, "has device") {
		f.Device = rapid.SampledFrom([]string{"ada@desk", "zoë@büro", "nobody@nowhere"}).Draw(t, "device")
	}
	if maybe.Draw(t, "has after") {
		after := rapid.SampledFrom(all).Draw(t, "after")
		after.Device = rapid.SampledFrom([]string{after.Device, "", "bob", "~"}).Draw(t, "device of after")
		after.Number += rapid.Int64Range(-1, 1).Draw(t, "number of after")
		f.After = &after
	}
	f.Limit = rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(1, jarvis.MaxPage)).Draw(t, "limit")
	return f
}

func testDevices(t *testing.T, h Harness) {
	db := h.New(t)
	cat := db.open(t)
	want := func(devices ...jarvis.DeviceInfo) {
		t.Helper()
		for _, cat := range []Catalog{cat, db.open(t)} {
			got, err := cat.FindDevices(t.Context())
			if err != nil || got == nil {
				t.Fatalf("FindDevices = %v, %v", got, err)
			}
			wantEqual(t, "FindDevices", got, devices)
		}
	}
	want()

	sent := jarvis.DeviceInfo{Device: "sent", Captures: 2, Bytes: 2 * 156_200, Newest: noon.Add(time.Second)}
	captures := []*jarvis.Capture{newCapture(noon), newCapture(noon.Add(time.Second)), newCapture(noon.Add(time.Hour))}
	for _, c := range captures {
		c.Device = "sent"
	}
	insert(t, cat, captures...)
	remove(t, cat, captures[2].ID)
	want(sent)

	nameless := newCapture(noon, func(c *jarvis.Capture) { c.Device = "" })
	insert(t, cat, nameless)
	without := jarvis.DeviceInfo{Captures: 1, Bytes: 156_200, Newest: noon}
	want(without, sent)

	put(t, cat, newSpan("spans", 1, 0, time.Hour), newSpan("spans", 2, time.Minute, 2*time.Minute), newSpan("sent", 1, 0, time.Second))
	spanned := jarvis.DeviceInfo{Device: "spans", SpansTo: noon.Add(time.Hour)}
	sent.SpansTo = noon.Add(time.Second)
	want(without, sent, spanned)

	tokens := []*jarvis.Token{newToken("Token"), newToken("sent"), newToken("reader"), newToken("spans")}
	tokens[2].Scope, tokens[3].Scope = jarvis.ScopeRead, jarvis.ScopeAdmin
	insertToken(t, cat, tokens...)
	want(without, jarvis.DeviceInfo{Device: "Token"}, sent, spanned)

	for _, token := range tokens {
		if err := cat.TouchToken(t.Context(), token.Name, noon, "::1"); err != nil {
			t.Fatalf("TouchToken: %v", err)
		}
	}
	sent.LastUsed = minute
	want(without, jarvis.DeviceInfo{Device: "Token", LastUsed: minute}, sent, spanned)

	for _, name := range []string{"Token", "spans"} {
		if err := cat.RevokeToken(t.Context(), name, noon); err != nil {
			t.Fatalf("RevokeToken: %v", err)
		}
	}
	used := jarvis.DeviceInfo{Device: "Token", LastUsed: minute, Revoked: true}
	want(without, used, sent, spanned)

	for _, c := range []*jarvis.Capture{captures[0], captures[1], nameless} {
		remove(t, cat, c.ID)
	}
	want(used, jarvis.DeviceInfo{Device: "sent", SpansTo: sent.SpansTo, LastUsed: minute}, spanned)
}
