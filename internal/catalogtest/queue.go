package catalogtest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

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
		q.due, q.token = now.Add(leaseLength), claim.Token
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
			got, err := cat().ClaimReadings(ctx, now, leaseLength, max(len(want), 1))
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
			claim, err := cat().ClaimReading(ctx, q.capture.ID, now, leaseLength)
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
