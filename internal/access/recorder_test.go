package access_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/access"
)

func unavailable(string) error { return jarvis.Errorf(jarvis.CodeUnavailable, "the database is away") }

func TestRecorder_AddsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		r := access.NewRecorder(m, nil)
		minute := time.Now().UTC() // a bubble begins at a whole one
		for range 100 {
			r.Add("session a", "192.0.2.1", jarvis.ActionView, 3)
		}
		r.Add("session a", "192.0.2.2", jarvis.ActionView, 1)
		r.Add("session a", "192.0.2.1", jarvis.ActionExport, 1)
		r.Add("local lena", "", jarvis.ActionDelete, 7)
		if m.writes.Load() != 0 {
			t.Errorf("%d writes before their time", m.writes.Load())
		}
		pass(10 * time.Second)
		if m.writes.Load() != 4 {
			t.Errorf("%d writes, want one for each line", m.writes.Load())
		}
		pass(49 * time.Second)
		r.Add("session a", "192.0.2.1", jarvis.ActionView, 1)
		pass(time.Second)
		r.Add("session a", "192.0.2.1", jarvis.ActionView, 1)
		if err := r.Close(t.Context()); err != nil {
			t.Fatalf("Close: %v", err)
		}
		want := map[jarvis.Access]bool{
			{Minute: minute, Who: "session a", Address: "192.0.2.1", Action: jarvis.ActionView, Times: 101, Captures: 301}:              true,
			{Minute: minute, Who: "session a", Address: "192.0.2.2", Action: jarvis.ActionView, Times: 1, Captures: 1}:                  true,
			{Minute: minute, Who: "session a", Address: "192.0.2.1", Action: jarvis.ActionExport, Times: 1, Captures: 1}:                true,
			{Minute: minute, Who: "local lena", Action: jarvis.ActionDelete, Times: 1, Captures: 7}:                                     true,
			{Minute: minute.Add(time.Minute), Who: "session a", Address: "192.0.2.1", Action: jarvis.ActionView, Times: 1, Captures: 1}: true,
		}
		got := map[jarvis.Access]bool{}
		m.mu.Lock()
		for _, a := range m.lines {
			got[a] = true
		}
		m.mu.Unlock()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("recorded (-want +got):\n%s", diff)
		}
	})
}

func TestRecorder_IdleHasNothingToDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		entered := 0
		m.breakWith(func(string) error { entered++; return nil })
		r := access.NewRecorder(m, nil)
		pass(time.Hour)
		r.Add("session a", "192.0.2.1", jarvis.ActionView, 1)
		pass(time.Hour)
		if entered != 1 {
			t.Errorf("the database was asked %d times, want once", entered)
		}
		for range 2 {
			if err := r.Close(t.Context()); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		r = access.NewRecorder(nil, nil)
		r.Add("session a", "192.0.2.1", jarvis.ActionView, 1)
		if err := r.Close(t.Context()); err != nil {
			t.Errorf("Close without a log: %v", err)
		}
	})
}

func TestRecorder_DatabaseAway(t *testing.T) {
	for _, code := range []jarvis.Code{jarvis.CodeUnavailable, jarvis.CodeNoSpace, jarvis.CodeBusy} {
		t.Run(string(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				var log logged
				r := access.NewRecorder(m, log.logger())
				m.breakWith(func(string) error { return jarvis.Errorf(code, "the database is away") })
				for range 60 {
					r.Add("session a", "192.0.2.1", jarvis.ActionView, 2)
					pass(time.Minute)
				}
				if n := strings.Count(log.String(), "\n"); n != 1 || m.writes.Load() != 0 {
					t.Errorf("%d writes, logged:\n%s", m.writes.Load(), log.String())
				}
				m.breakWith(nil)
				pass(10 * time.Second)
				if lines, times, captures := m.of(jarvis.ActionView); len(lines) != 60 || times != 60 || captures != 120 {
					t.Errorf("%d lines about %d views of %d captures", len(lines), times, captures)
				}
				if n := strings.Count(log.String(), "\n"); n != 2 || strings.Contains(log.String(), "not complete") {
					t.Errorf("logged:\n%s", log.String())
				}
				if err := r.Close(t.Context()); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
		})
	}
}

func TestRecorder_KeepsABound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var log logged
		r := access.NewRecorder(m, log.logger())
		m.breakWith(unavailable)
		for i := range 5000 {
			r.Add(fmt.Sprintf("token %d", i), "192.0.2.1", jarvis.ActionView, 1)
		}
		r.Add("token 1", "192.0.2.1", jarvis.ActionView, 1) // has its line
		pass(10 * time.Second)
		r.Add("token 2", "192.0.2.1", jarvis.ActionView, 1) // also after an attempt
		if !strings.Contains(log.String(), "dropped=904") {
			t.Errorf("logged:\n%s", log.String())
		}
		err := r.Close(t.Context())
		if jarvis.ErrorCode(err) != jarvis.CodeUnavailable || !strings.Contains(err.Error(), "4096 lines") {
			t.Errorf("Close: %v", err)
		}
		m.breakWith(nil)
		if err := r.Close(t.Context()); err != nil {
			t.Errorf("Close again: %v", err)
		}
		if lines, times, _ := m.of(jarvis.ActionView); len(lines) != 4096 || times != 4098 {
			t.Errorf("%d lines, %d times", len(lines), times)
		}
	})
}

// A line that the database never takes must not keep back the others.
func TestRecorder_RefusedLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		var log logged
		r := access.NewRecorder(m, log.logger())
		m.breakWith(func(op string) error {
			if op == "RecordAccess bad" {
				return jarvis.Errorf(jarvis.CodeInvalid, "no such line")
			}
			return nil
		})
		for i := range 20 {
			r.Add(fmt.Sprintf("token %d", i), "", jarvis.ActionView, 1)
		}
		r.Add("bad", "", jarvis.ActionView, 1)
		if err := r.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
		if m.writes.Load() != 20 || strings.Count(log.String(), "not complete") != 1 {
			t.Errorf("%d writes, logged:\n%s", m.writes.Load(), log.String())
		}
	})
}

// A database that does not answer costs no caller anything, and no stop more
// than its context.
func TestRecorder_DatabaseHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		r := access.NewRecorder(m, nil)
		m.blockWith(func(ctx context.Context) { <-ctx.Done() })
		r.Add("session a", "192.0.2.1", jarvis.ActionView, 1)
		pass(12 * time.Second) // in the middle of an attempt
		began := time.Now()
		r.Add("session b", "192.0.2.1", jarvis.ActionView, 1)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("Add took %v", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := r.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || jarvis.ErrorCode(err) != jarvis.CodeUnavailable || time.Since(began) != time.Second {
			t.Errorf("Close: %v after %v", err, time.Since(began))
		}
		began = time.Now()
		if err := r.Flush(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 10*time.Second {
			t.Errorf("Flush: %v after %v", err, time.Since(began))
		}
		m.blockWith(nil)
		if err := r.Close(t.Context()); err != nil {
			t.Errorf("Close again: %v", err)
		}
		if _, times, _ := m.of(jarvis.ActionView); times != 2 {
			t.Errorf("%d views, want both", times)
		}
	})
}

// Close ends an attempt that the timer began after one line, and writes the rest.
func TestRecorder_CloseWhileWriting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		r := access.NewRecorder(m, nil)
		m.blockWith(func(context.Context) { <-time.After(time.Second) })
		for i := range 10 {
			r.Add(fmt.Sprintf("token %d", i), "", jarvis.ActionView, 1)
		}
		pass(10*time.Second + time.Millisecond)
		if err := r.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
		if m.writes.Load() != 10 {
			t.Errorf("%d writes, want each line once", m.writes.Load())
		}
		r.Add("token x", "", jarvis.ActionView, 1)
		pass(time.Hour)
		if m.writes.Load() != 10 {
			t.Errorf("after Close, a line was written in time")
		}
		if err := r.Close(t.Context()); err != nil || m.writes.Load() != 11 {
			t.Errorf("Close again: %v, %d writes", err, m.writes.Load())
		}
	})
}

// After Close nothing is written, even when it gave up: the database is closed next.
func TestRecorder_ClosedForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		r := access.NewRecorder(m, nil)
		m.blockWith(func(context.Context) { <-time.After(time.Second) })
		for i := range 10 {
			r.Add(fmt.Sprintf("token %d", i), "", jarvis.ActionView, 1)
		}
		pass(10*time.Second + time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if err := r.Close(ctx); jarvis.ErrorCode(err) != jarvis.CodeUnavailable || !strings.Contains(err.Error(), "10 lines") {
			t.Errorf("Close: %v", err)
		}
		pass(time.Hour)
		if m.writes.Load() != 1 {
			t.Errorf("%d writes, want the one that was under way", m.writes.Load())
		}
	})
}

func TestRecorder_Concurrently(t *testing.T) {
	m := newMemory()
	r := access.NewRecorder(m, nil)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 500 {
				r.Add(fmt.Sprintf("token %d", i), "", jarvis.ActionView, 1)
				if j%100 == 0 {
					if err := r.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Go(func() {
		if err := r.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	if err := r.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, times, captures := m.of(jarvis.ActionView); times != 4000 || captures != 4000 {
		t.Errorf("%d views of %d captures", times, captures)
	}
}

// What was recorded at once is in the log of a server that is killed next.
func TestGuard_RecordNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		g := newGuard(t, m, access.Options{})
		p := jarvis.Principal{Kind: jarvis.PrincipalToken, Name: "boss", Address: "192.0.2.1"}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for _, ctx := range []context.Context{t.Context(), gone} {
			if err := g.RecordNow(ctx, p, jarvis.ActionDelete, 3); err != nil {
				t.Errorf("RecordNow: %v", err)
			}
		}
		if _, times, captures := m.of(jarvis.ActionDelete); times != 2 || captures != 6 {
			t.Errorf("%d deletions of %d captures are in the log, want 2 of 6", times, captures)
		}
		m.breakWith(unavailable)
		if err := g.RecordNow(t.Context(), p, jarvis.ActionExport, 1); jarvis.ErrorCode(err) != jarvis.CodeUnavailable {
			t.Errorf("RecordNow while the database is away: %v", err)
		}
		m.breakWith(nil)
		m.blockWith(func(ctx context.Context) { <-ctx.Done() })
		began := time.Now()
		if err := g.RecordNow(t.Context(), p, jarvis.ActionExport, 1); jarvis.ErrorCode(err) != jarvis.CodeUnavailable || time.Since(began) != 5*time.Second {
			t.Errorf("RecordNow while the database hangs: %v after %v", err, time.Since(began))
		}
		m.blockWith(nil)
		pass(time.Minute)
		if _, times, _ := m.of(jarvis.ActionExport); times != 2 {
			t.Errorf("%d exports in the log, want both later", times)
		}
	})
}

func TestGuard_RecordNow_WithoutALog(t *testing.T) {
	g := access.New(access.Options{Credentials: newMemory()})
	if err := g.RecordNow(t.Context(), jarvis.Principal{}, jarvis.ActionDelete, 1); err != nil {
		t.Errorf("RecordNow: %v", err)
	}
}

// Whoever got a cookie is in the log, and nobody gets one who is not.
func TestGuard_Redeem_Records(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{})
	session(t, g, true)
	if _, times, _ := m.of(jarvis.ActionSignIn); times != 1 {
		t.Errorf("%d sign-ins in the log when the session was given, want 1", times)
	}
	secret, _, err := g.NewSignIn(t.Context())
	if err != nil {
		t.Fatalf("NewSignIn: %v", err)
	}
	m.breakWith(func(op string) error {
		if strings.HasPrefix(op, "RecordAccess") {
			return unavailable(op)
		}
		return nil
	})
	r := from(peer)
	r.Method = "POST"
	if cookie, _, err := g.Redeem(r, secret, true); cookie != nil || jarvis.ErrorCode(err) != jarvis.CodeUnavailable {
		t.Errorf("Redeem while the log cannot be written: cookie given: %t, %v", cookie != nil, err)
	}
}
