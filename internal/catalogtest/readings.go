package catalogtest

import (
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

// leaseLength is how long captures are leased here.
const leaseLength = time.Minute

func testReadings(t *testing.T, h Harness) {
	t.Run("Protocol", func(t *testing.T) {
		db := h.New(t)
		cat := db.open(t)
		older, newer := newUnread(noon), newUnread(noon.Add(time.Second))
		insert(t, cat, older, newer)
		wantReadStatus(t, cat, noon, jarvis.ReadStatus{Waiting: 2})

		first := claimOne(t, cat, noon)
		want := &jarvis.Claim{
			Lease: jarvis.Lease{ID: newer.ID, Token: first.Token}, Capture: newer, Until: noon.Add(leaseLength), Claims: 1,
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
		wantNoClaim(t, cat, noon.Add(leaseLength-time.Microsecond))
		if again, err := cat.ClaimReading(t.Context(), c.ID, noon, leaseLength); again != nil || err != nil {
			t.Fatalf("ClaimReading of what is leased = %+v, %v", again, err)
		}
		second := claimOne(t, cat, noon.Add(leaseLength))
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
		wantReadStatus(t, cat, noon.Add(leaseLength), jarvis.ReadStatus{Leased: 1})
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
			claim, err := cat.ClaimReading(t.Context(), c.ID, noon, leaseLength)
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
			claim, err := cat.ClaimReading(t.Context(), c.ID, now, leaseLength)
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
		wantEqual(t, "the twin that was read anew", claim(a, now.Add(leaseLength)).Twin, anew)
		remove(t, cat, b.ID)
		if twin := claim(a, now.Add(2*leaseLength)).Twin; twin != nil {
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
		if claim, err := cat.ClaimReading(t.Context(), missing.ID, noon, leaseLength); claim != nil || err != nil {
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
			_, err := cat.ClaimReadings(t.Context(), noon, leaseLength, limit)
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
				claims, err := cat.ClaimReadings(background, noon, leaseLength, 1+random.IntN(5))
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
			claims, err := cats[0].ClaimReadings(background, noon, leaseLength, 100)
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
	claims, err := cat.ClaimReadings(background, now, leaseLength, 1)
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
	claims, err := cat.ClaimReadings(background, now, leaseLength, 10)
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
