package catalogtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

// aMinute is the length of leases here.
const aMinute = time.Minute

func testReadings(t *testing.T, h Harness) {
	t.Run("Protocol", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		older, newer := newUnread(noon), newUnread(noon.Add(time.Second))
		insert(t, cat, older, newer)
		wantReadStatus(t, cat, noon, jarvis.ReadStatus{Waiting: 2})

		first := claimOne(t, cat, noon)
		want := &jarvis.Claim{
			Lease: jarvis.Lease{ID: newer.ID, Token: first.Token}, Capture: newer, Until: noon.Add(aMinute), Claims: 1,
		}
		wantEqual(t, "the claim", first, want)
		if first.Token.IsZero() {
			t.Fatal("a lease has no token")
		}
		second := claimOne(t, cat, noon)
		if second.ID != older.ID || second.Token == first.Token {
			t.Fatalf("the second claim is %+v", second.Lease)
		}
		wantNoClaim(t, cat, noon)
		wantReadStatus(t, db.open(t), noon, jarvis.ReadStatus{Leased: 2})

		reading := newReading("two words", noon)
		finish(t, cat, first.Lease, reading, "two words")
		text := reading.Text
		newer.OCRText = &text
		wantFound(t, cat, newer)
		wantTexts(t, db.open(t), &jarvis.CaptureText{Capture: newer, State: jarvis.TextRead, Reading: reading},
			&jarvis.CaptureText{Capture: older, State: jarvis.TextWaiting})
		wantError(t, cat.FinishReading(t.Context(), first.Lease, reading, ""), jarvis.CodeConflict, messageLeaseOver(newer.ID))
		wantReadStatus(t, cat, noon, jarvis.ReadStatus{Leased: 1, Read: 1})
	})

	t.Run("LeaseEnds", func(t *testing.T) {
		cat := h.open(t)
		c := newUnread(noon)
		insert(t, cat, c)
		first := claimOne(t, cat, noon)
		wantNoClaim(t, cat, noon.Add(aMinute-time.Microsecond))
		if again, err := cat.ClaimReading(t.Context(), c.ID, noon, aMinute); again != nil || err != nil {
			t.Fatalf("ClaimReading of what is leased = %+v, %v", again, err)
		}
		second := claimOne(t, cat, noon.Add(aMinute))
		if second.Claims != 2 || second.Failures != 0 {
			t.Errorf("a second claim says it is %d, after %d failures", second.Claims, second.Failures)
		}
		for _, use := range []error{
			cat.FinishReading(t.Context(), first.Lease, newReading("late", noon), "late"),
			cat.FailReading(t.Context(), first.Lease, jarvis.ReadFailure{Reason: "late"}),
			cat.SetAside(t.Context(), first.Lease, "late", "late"),
		} {
			wantError(t, use, jarvis.CodeConflict, messageLeaseOver(c.ID))
		}
		if err := cat.ReleaseReading(t.Context(), first.Lease); err != nil {
			t.Errorf("ReleaseReading of a lease that is over: %v", err)
		}
		wantReadStatus(t, cat, noon.Add(aMinute), jarvis.ReadStatus{Leased: 1})
		// Whoever is late still counts, as long as nobody else was faster.
		finish(t, cat, second.Lease, newReading("in time", noon), "in time")
	})

	t.Run("Failures", func(t *testing.T) {
		cat := h.open(t)
		c := newUnread(noon)
		insert(t, cat, c)
		claim := claimOne(t, cat, noon)
		retry := noon.Add(5 * time.Minute)
		if err := cat.FailReading(t.Context(), claim.Lease, jarvis.ReadFailure{Reason: "the engine\x00 ended", Retry: retry}); err != nil {
			t.Fatalf("FailReading: %v", err)
		}
		wantReadStatus(t, cat, noon, jarvis.ReadStatus{Delayed: 1})
		wantTexts(t, cat, &jarvis.CaptureText{Capture: c, State: jarvis.TextWaiting, Reason: "the engine\uFFFD ended"})
		wantNoClaim(t, cat, retry.Add(-time.Microsecond))
		claim = claimOne(t, cat, retry)
		if claim.Failures != 1 || claim.Claims != 2 {
			t.Errorf("the claim after a failure is number %d after %d failures", claim.Claims, claim.Failures)
		}
		if err := cat.ReleaseReading(t.Context(), claim.Lease); err != nil {
			t.Fatalf("ReleaseReading: %v", err)
		}
		claim = claimOne(t, cat, noon) // at once, whatever the time
		if claim.Failures != 1 || claim.Claims != 2 {
			t.Errorf("the claim after a release is number %d after %d failures", claim.Claims, claim.Failures)
		}
		if err := cat.SetAside(t.Context(), claim.Lease, "damaged", "inbox"); err != nil {
			t.Fatalf("SetAside: %v", err)
		}
		wantNoClaim(t, cat, noon.Add(1000*time.Hour))
		wantReadStatus(t, cat, noon, jarvis.ReadStatus{Failed: 1})
		wantTexts(t, cat, &jarvis.CaptureText{Capture: c, State: jarvis.TextFailed, Reason: "damaged"})
		wantMatches(t, cat, wordsQuery("inbox"), c)
		failed, err := cat.FindFailed(t.Context(), jarvis.Cursor{}, 10)
		if err != nil {
			t.Fatalf("FindFailed: %v", err)
		}
		wantEqual(t, "FindFailed", failed, []*jarvis.FailedReading{{ID: c.ID, Timestamp: c.Timestamp, Failures: 2, Reason: "damaged"}})

		wantRequeued(t, cat, jarvis.RequeueFilter{Failed: true, To: noon}, noon, 0)
		wantRequeued(t, cat, jarvis.RequeueFilter{Failed: true, From: noon}, noon, 1)
		claim = claimOne(t, cat, noon)
		if claim.Failures != 0 || claim.Claims != 1 || claim.Redo {
			t.Errorf("the claim after a retry is %+v", claim)
		}
		finish(t, cat, claim.Lease, newReading("now", noon), "now")
		wantMatches(t, cat, wordsQuery("inbox"))
		wantMatches(t, cat, wordsQuery("now"), c)
	})

	t.Run("FindFailedPages", func(t *testing.T) {
		cat := h.open(t)
		var want []*jarvis.FailedReading
		for i := range 25 {
			c := newUnread(noon.Add(time.Duration(i/3) * time.Second))
			insert(t, cat, c)
			if i%5 == 4 {
				continue
			}
			claim, err := cat.ClaimReading(t.Context(), c.ID, noon, aMinute)
			if err != nil || claim == nil {
				t.Fatalf("ClaimReading = %v, %v", claim, err)
			}
			if err := cat.FailReading(t.Context(), claim.Lease, jarvis.ReadFailure{Reason: "no"}); err != nil {
				t.Fatalf("FailReading: %v", err)
			}
			want = append(want, &jarvis.FailedReading{ID: c.ID, Timestamp: c.Timestamp, Failures: 1, Reason: "no"})
		}
		slices.SortFunc(want, func(a, b *jarvis.FailedReading) int { return compareCursors(b.Cursor(), a.Cursor()) })
		var got []*jarvis.FailedReading
		for after := (jarvis.Cursor{}); ; {
			page, err := cat.FindFailed(t.Context(), after, 7)
			if err != nil {
				t.Fatalf("FindFailed: %v", err)
			}
			got = append(got, page...)
			if len(page) < 7 {
				break
			}
			after = page[6].Cursor()
		}
		wantEqual(t, "the pages of FindFailed", got, want)
		_, err := cat.FindFailed(t.Context(), jarvis.Cursor{}, 0)
		wantError(t, err, jarvis.CodeInvalid, messageLimit(0))
	})

	t.Run("TextFromBefore", func(t *testing.T) {
		cat := h.open(t)
		text := "typed before"
		c := newUnread(noon)
		c.OCRText = &text
		insert(t, cat, c)
		claim := claimOne(t, cat, noon)
		wantEqual(t, "the capture to be indexed", claim.Capture, c)
		finish(t, cat, claim.Lease, nil, text)
		wantFound(t, cat, c)
		wantTexts(t, cat, &jarvis.CaptureText{Capture: c, State: jarvis.TextRead})
		wantMatches(t, cat, wordsQuery("typed", "before"), c)
	})

	t.Run("Redo", func(t *testing.T) {
		cat := h.open(t)
		c, other, waiting := newUnread(noon), newUnread(noon.Add(-time.Second)), newUnread(noon.Add(-2*time.Second))
		insert(t, cat, c, other)
		for range 2 {
			finish(t, cat, claimOne(t, cat, noon).Lease, newReading("old words", noon), "old words")
		}
		insert(t, cat, waiting)
		wantRequeued(t, cat, jarvis.RequeueFilter{To: noon}, noon.Add(time.Hour), 2)
		wantRequeued(t, cat, jarvis.RequeueFilter{From: noon}, noon.Add(time.Hour), 1)
		wantRequeued(t, cat, jarvis.RequeueFilter{Failed: true}, noon.Add(time.Hour), 0)
		wantReadStatus(t, cat, noon.Add(time.Hour), jarvis.ReadStatus{Waiting: 3})
		wantMatches(t, cat, wordsQuery("old"), c, other) // found until then
		claim := claimOne(t, cat, noon.Add(time.Hour))
		if !claim.Redo || claim.ID != c.ID || claim.Capture.OCRText == nil || *claim.Capture.OCRText != "old words" {
			t.Fatalf("the claim of what is read anew is %+v", claim)
		}
		text := "new words"
		c.OCRText = &text
		finish(t, cat, claim.Lease, newReading(text, noon.Add(time.Hour)), text)
		wantFound(t, cat, c)
		wantMatches(t, cat, wordsQuery("old"), other)
		wantMatches(t, cat, wordsQuery("new"), c)
		wantRequeued(t, cat, jarvis.RequeueFilter{}, noon.Add(2*time.Hour), 3)
		if claim = claimOne(t, cat, noon.Add(2*time.Hour)); !claim.Redo {
			t.Error("what is read a third time is not to be read anew")
		}
	})

	t.Run("Twins", func(t *testing.T) {
		cat := h.open(t)
		a, b, unlike := newUnread(noon), newUnread(noon.Add(time.Second)), newUnread(noon.Add(2*time.Second))
		b.ContentDigest = a.ContentDigest
		none, noneToo := newUnread(noon.Add(3*time.Second)), newUnread(noon.Add(4*time.Second))
		none.ContentDigest, noneToo.ContentDigest = nil, nil
		insert(t, cat, a, b, unlike, none, noneToo)
		reading := newReading("seen twice", noon)
		claim := func(c *jarvis.Capture, now time.Time) *jarvis.Claim {
			t.Helper()
			claim, err := cat.ClaimReading(t.Context(), c.ID, now, aMinute)
			if err != nil || claim == nil {
				t.Fatalf("ClaimReading = %v, %v", claim, err)
			}
			return claim
		}
		finish(t, cat, claim(a, noon).Lease, reading, "seen twice")
		finish(t, cat, claim(noneToo, noon).Lease, newReading("of no digest", noon), "of no digest")
		wantEqual(t, "the twin", claim(b, noon).Twin, reading)
		for _, c := range []*jarvis.Capture{unlike, none} {
			if twin := claim(c, noon).Twin; twin != nil {
				t.Errorf("another image has the twin %+v", twin)
			}
		}
		now := noon.Add(time.Hour)
		wantRequeued(t, cat, jarvis.RequeueFilter{}, now, 5)
		if twin := claim(a, now).Twin; twin != nil {
			t.Errorf("what is to be read anew has the twin %+v", twin)
		}
		redo := claim(b, now)
		if redo.Twin != nil {
			t.Errorf("what is to be read anew has the twin %+v", redo.Twin)
		}
		anew := newReading("read anew", now)
		finish(t, cat, redo.Lease, anew, "read anew")
		wantEqual(t, "the twin that was read anew", claim(a, now.Add(aMinute)).Twin, anew)
		remove(t, cat, b.ID)
		if twin := claim(a, now.Add(2*aMinute)).Twin; twin != nil {
			t.Errorf("what was deleted is the twin %+v", twin)
		}
	})

	t.Run("Gone", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		read, leased, waiting := newUnread(noon.Add(time.Minute)), newUnread(noon.Add(time.Second)), newUnread(noon)
		insert(t, cat, read, leased, waiting)
		finish(t, cat, claimOne(t, cat, noon).Lease, newReading("to be gone", noon), "to be gone")
		lease := claimOne(t, cat, noon).Lease
		for _, c := range []*jarvis.Capture{read, leased, waiting} {
			remove(t, cat, c.ID)
		}
		for _, table := range []string{"queue", "readings", "documents"} {
			if n := count(t, db.SQL(t), "SELECT count(*) FROM "+table); n != 0 {
				t.Errorf("%d rows of %s are left", n, table)
			}
		}
		wantMatches(t, cat, wordsQuery("gone"))
		wantReadStatus(t, cat, noon, jarvis.ReadStatus{})
		wantNoClaim(t, cat, noon.Add(time.Hour))
		wantTexts(t, cat)
		missing := jarvis.Lease{ID: jarvis.NewRandomID(), Token: jarvis.NewRandomID()}
		for _, c := range []struct {
			lease   jarvis.Lease
			code    jarvis.Code
			message string
		}{
			{lease, jarvis.CodeDeleted, messageDeleted(leased.ID)},
			{missing, jarvis.CodeNotFound, messageMissing(missing.ID)},
		} {
			wantError(t, cat.FinishReading(t.Context(), c.lease, newReading("x", noon), "x"), c.code, c.message)
			wantError(t, cat.FailReading(t.Context(), c.lease, jarvis.ReadFailure{Reason: "x"}), c.code, c.message)
			wantError(t, cat.SetAside(t.Context(), c.lease, "x", "x"), c.code, c.message)
			if err := cat.ReleaseReading(t.Context(), c.lease); err != nil {
				t.Errorf("ReleaseReading of what is gone: %v", err)
			}
		}
		if claim, err := cat.ClaimReading(t.Context(), missing.ID, noon, aMinute); claim != nil || err != nil {
			t.Errorf("ClaimReading of what is gone = %+v, %v", claim, err)
		}
	})

	t.Run("NoText", func(t *testing.T) {
		open := h.New
		if h.NewSealed != nil {
			open = h.NewSealed
		}
		cat, err := open(t).OpenNew(t.Context(), newSealed())
		if err != nil {
			t.Fatalf("OpenNew: %v", err)
		}
		t.Cleanup(func() {
			if err := cat.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		c := newUnread(noon)
		insert(t, cat, c)
		finish(t, cat, claimOne(t, cat, noon).Lease, newReading("not to be kept", noon), "inbox")
		wantFound(t, cat, c)
		wantTexts(t, cat, &jarvis.CaptureText{Capture: c, State: jarvis.TextRead})
		wantMatches(t, cat, wordsQuery("inbox"), c)
	})

	t.Run("Invalid", func(t *testing.T) {
		cat := h.open(t)
		c := newUnread(noon)
		insert(t, cat, c)
		lease := claimOne(t, cat, noon).Lease
		bad := newReading("two words", noon)
		bad.Words[1].End = 100
		wantError(t, cat.FinishReading(t.Context(), lease, bad, "two words"), jarvis.CodeInvalid, "")
		wantReadStatus(t, cat, noon, jarvis.ReadStatus{Leased: 1})
		for _, limit := range []int{0, -1, jarvis.MaxPage + 1} {
			_, err := cat.ClaimReadings(t.Context(), noon, aMinute, limit)
			wantError(t, err, jarvis.CodeInvalid, messageLimit(limit))
		}
		_, err := cat.FindTexts(t.Context(), make([]jarvis.ID, jarvis.MaxPage+1))
		wantError(t, err, jarvis.CodeInvalid, messageLimit(jarvis.MaxPage+1))
	})

	t.Run("Model", func(t *testing.T) {
		cats := []Catalog{}
		db := h.New(t)
		for range 2 {
			cats = append(cats, db.open(t))
		}
		rapid.Check(t, func(t *rapid.T) { anyReading(t, cats) })
	})

	t.Run("ManyWorkers", func(t *testing.T) {
		const handles = 3
		db := h.New(t)
		var cats []Catalog
		for range handles {
			cats = append(cats, db.open(t))
		}
		var captures []*jarvis.Capture
		for i := range proof.Rounds(300, 3000) {
			captures = append(captures, newUnread(noon.Add(time.Duration(i)*time.Second)))
		}
		insertFast(t, captures, cats...)
		var mu sync.Mutex
		read := make(map[jarvis.ID]int)
		atOnce(t, writers, func(worker int) error {
			cat := cats[worker%handles]
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			for {
				claims, err := cat.ClaimReadings(background, noon, aMinute, 1+random.IntN(5))
				if err != nil || len(claims) == 0 {
					return err
				}
				for _, claim := range claims {
					if random.IntN(4) == 0 {
						err = cat.ReleaseReading(background, claim.Lease)
					} else {
						mu.Lock()
						read[claim.ID]++
						mu.Unlock()
						err = cat.FinishReading(background, claim.Lease, newReading("read once", noon), "read once")
					}
					if err != nil {
						return err
					}
				}
			}
		})
		// One that a worker released as the last of all may be left.
		for {
			claims, err := cats[0].ClaimReadings(background, noon, aMinute, 100)
			if err != nil {
				t.Fatalf("ClaimReadings: %v", err)
			}
			if len(claims) == 0 {
				break
			}
			for _, claim := range claims {
				read[claim.ID]++
				finish(t, cats[0], claim.Lease, newReading("read once", noon), "read once")
			}
		}
		for _, c := range captures {
			if read[c.ID] != 1 {
				t.Fatalf("capture %s was read %d times", c.ID, read[c.ID])
			}
		}
		wantReadStatus(t, cats[1], noon, jarvis.ReadStatus{Read: int64(len(captures))})
	})
}

// newUnread is newCapture with a digest of its own.
func newUnread(at time.Time) *jarvis.Capture {
	return newCapture(at, func(c *jarvis.Capture) { c.ContentDigest = []byte(c.ID.String())[:32] })
}

// newReading reads every word of a text.
func newReading(text string, at time.Time) *jarvis.Reading {
	r := &jarvis.Reading{Text: text, Language: "eng", Engine: "test 1.0", Masked: 1, ReadAt: at.Truncate(time.Microsecond)}
	for start := 0; start < len(text); {
		end := start
		for end < len(text) && text[end] != ' ' {
			end++
		}
		r.Words = append(r.Words, jarvis.Word{
			Start: start, End: end, Box: jarvis.Box{X: 10 * start, Y: 20, Width: 10 * (end - start), Height: 12}, Confidence: 90, Masked: start > 0,
		})
		start = end + 1
	}
	return r
}

func claimOne(t tester, cat Catalog, now time.Time) *jarvis.Claim {
	t.Helper()
	claims, err := cat.ClaimReadings(background, now, aMinute, 1)
	if err != nil {
		t.Fatalf("ClaimReadings: %v (cause: %v)", err, errors.Unwrap(err))
	}
	if len(claims) != 1 {
		t.Fatalf("ClaimReadings = %d claims, want one", len(claims))
	}
	return claims[0]
}

func wantNoClaim(t tester, cat Catalog, now time.Time) {
	t.Helper()
	claims, err := cat.ClaimReadings(background, now, aMinute, 10)
	if err != nil || len(claims) != 0 {
		t.Fatalf("ClaimReadings = %v, %v; want none", claims, err)
	}
}

func finish(t tester, cat Catalog, lease jarvis.Lease, r *jarvis.Reading, document string) {
	t.Helper()
	if err := cat.FinishReading(background, lease, r, document); err != nil {
		t.Fatalf("FinishReading(%s): %v (cause: %v)", lease.ID, err, errors.Unwrap(err))
	}
}

func wantReadStatus(t tester, cat Catalog, now time.Time, want jarvis.ReadStatus) {
	t.Helper()
	got, err := cat.ReadStatus(background, now)
	if err != nil {
		t.Fatalf("ReadStatus: %v (cause: %v)", err, errors.Unwrap(err))
	}
	wantEqual(t, "ReadStatus", got, want)
}

func wantRequeued(t tester, cat Catalog, f jarvis.RequeueFilter, now time.Time, want int64) {
	t.Helper()
	got, err := cat.Requeue(background, f, now)
	if err != nil || got != want {
		t.Fatalf("Requeue(%+v) = %d, %v; want %d", f, got, err, want)
	}
}

// wantTexts finds just these, and not an id that nobody has.
func wantTexts(t tester, cat Catalog, want ...*jarvis.CaptureText) {
	t.Helper()
	ids := []jarvis.ID{jarvis.NewRandomID()}
	for _, text := range want {
		ids = append(ids, text.Capture.ID)
	}
	got, err := cat.FindTexts(background, ids)
	if err != nil {
		t.Fatalf("FindTexts: %v (cause: %v)", err, errors.Unwrap(err))
	}
	wantEqual(t, "FindTexts", got, want)
}

func messageLeaseOver(id jarvis.ID) string {
	return fmt.Sprintf("the lease on capture %s is over: it was given to another, finished, or taken back", id)
}

// queued is a capture of queueModel.
type queued struct {
	capture          *jarvis.Capture
	waits            bool // it is in the queue
	failed           bool
	due              time.Time // zero is at once
	token            jarvis.ID
	claims, failures int
	redo             bool
}

// anyReading does anything in any order to the captures that it inserts, and
// compares with a queue in memory. What earlier tries left is all read.
func anyReading(t *rapid.T, cats []Catalog) {
	ctx := context.Background()
	now := noon
	var all []*queued
	for i := range rapid.IntRange(1, 6).Draw(t, "captures") {
		// Newer than all of the tries before, and far enough for every claim.
		c := newUnread(noon.Add(time.Duration(i) * time.Second))
		insert(t, cats[0], c)
		all = append(all, &queued{capture: c, waits: true})
	}
	defer func() {
		for _, q := range all {
			remove(t, cats[0], q.capture.ID)
		}
	}()
	cat := func() Catalog { return rapid.SampledFrom(cats).Draw(t, "handle") }
	one := func() *queued { return rapid.SampledFrom(all).Draw(t, "capture") }
	claimed := func(q *queued, claim *jarvis.Claim) {
		q.claims++
		q.due, q.token = now.Add(aMinute), claim.Token
		if claim.Claims != q.claims || claim.Failures != q.failures || claim.Redo != q.redo || !claim.Until.Equal(q.due) {
			t.Fatalf("the claim is %+v, want one of %+v", claim, q)
		}
	}
	isDue := func(q *queued) bool { return q.waits && !q.failed && !q.due.After(now) }
	// use calls with the lease that was last given, or another.
	use := func(what string, done func(q *queued), call func(lease jarvis.Lease) error) {
		q := one()
		lease := jarvis.Lease{ID: q.capture.ID, Token: q.token}
		if q.token.IsZero() || rapid.IntRange(0, 4).Draw(t, "another lease") == 0 {
			lease.Token = jarvis.NewRandomID()
			wantError(t, call(lease), jarvis.CodeConflict, messageLeaseOver(lease.ID))
			return
		}
		if err := call(lease); err != nil {
			t.Fatalf("%s: %v (cause: %v)", what, err, errors.Unwrap(err))
		}
		q.token = jarvis.ID{}
		done(q)
	}
	t.Repeat(map[string]func(*rapid.T){
		"wait": func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "seconds")) * time.Second) },
		"claim": func(t *rapid.T) {
			var want []*queued
			for _, q := range all {
				if isDue(q) {
					want = append(want, q)
				}
			}
			slices.SortFunc(want, func(a, b *queued) int { return compareCursors(b.capture.Cursor(), a.capture.Cursor()) })
			want = want[:min(len(want), rapid.IntRange(1, 3).Draw(t, "limit"))]
			got, err := cat().ClaimReadings(ctx, now, aMinute, max(len(want), 1))
			if err != nil || len(got) != len(want) {
				t.Fatalf("ClaimReadings = %d, %v; want %d", len(got), err, len(want))
			}
			for i, claim := range got {
				if claim.ID != want[i].capture.ID {
					t.Fatalf("claim %d is not of the newest that wait", i)
				}
				claimed(want[i], claim)
			}
		},
		"claim one": func(t *rapid.T) {
			q := one()
			claim, err := cat().ClaimReading(ctx, q.capture.ID, now, aMinute)
			if err != nil || (claim != nil) != isDue(q) {
				t.Fatalf("ClaimReading = %+v, %v", claim, err)
			}
			if claim != nil {
				claimed(q, claim)
			}
		},
		"finish": func(*rapid.T) {
			use("FinishReading", func(q *queued) { q.waits = false }, func(lease jarvis.Lease) error {
				return cat().FinishReading(ctx, lease, newReading("some text", now), "some text")
			})
		},
		"fail": func(t *rapid.T) {
			retry := now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "backoff")) * time.Second)
			use("FailReading", func(q *queued) { q.failures, q.due = q.failures+1, retry }, func(lease jarvis.Lease) error {
				return cat().FailReading(ctx, lease, jarvis.ReadFailure{Reason: "failed", Retry: retry})
			})
		},
		"set aside": func(*rapid.T) {
			use("SetAside", func(q *queued) { q.failures, q.failed = q.failures+1, true }, func(lease jarvis.Lease) error {
				return cat().SetAside(ctx, lease, "failed", "a title")
			})
		},
		"release": func(*rapid.T) {
			q := one()
			if err := cat().ReleaseReading(ctx, jarvis.Lease{ID: q.capture.ID, Token: cmp.Or(q.token, jarvis.NewRandomID())}); err != nil {
				t.Fatalf("ReleaseReading: %v", err)
			}
			if !q.token.IsZero() {
				q.token, q.due = jarvis.ID{}, time.Time{}
				q.claims--
			}
		},
		"retry": func(*rapid.T) {
			n := int64(0)
			for _, q := range all {
				if q.waits && q.failures > 0 {
					*q = queued{capture: q.capture, waits: true, redo: q.redo}
					n++
				}
			}
			wantRequeued(t, cat(), jarvis.RequeueFilter{Failed: true}, now, n)
		},
		"redo": func(t *rapid.T) {
			from, to := one().capture.Timestamp, one().capture.Timestamp
			n := int64(0)
			for _, q := range all {
				if at := q.capture.Timestamp; !at.Before(from) && at.Before(to) {
					*q = queued{capture: q.capture, waits: true, redo: true}
					n++
				}
			}
			wantRequeued(t, cat(), jarvis.RequeueFilter{From: from, To: to}, now, n)
		},
		"": func(t *rapid.T) {
			var want jarvis.ReadStatus
			for _, q := range all {
				switch {
				case !q.waits:
					want.Read++
				case q.failed:
					want.Failed++
				case !q.due.After(now):
					want.Waiting++
				case q.token.IsZero():
					want.Delayed++
				default:
					want.Leased++
				}
			}
			wantReadStatus(t, cat(), now, want)
		},
	})
}
