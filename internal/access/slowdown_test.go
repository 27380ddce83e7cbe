package access_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	jarvis "github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/access"
)

// wrong makes n requests with different wrong tokens and returns the last error.
func wrong(t *testing.T, g *access.Guard, peer string, n int) error {
	t.Helper()
	var err error
	for i := range n {
		if _, err = g.Authenticate(from(peer, "Authorization", "Bearer "+wrongToken(i+1))); err == nil {
			t.Fatal("a wrong token was let in")
		}
	}
	return err
}

// after returns the RetryAfter of an error of CodeBusy, and 0 for others.
func after(t *testing.T, err error) time.Duration {
	t.Helper()
	var slowed interface{ RetryAfter() time.Duration }
	if is := errors.As(err, &slowed); is != (jarvis.ErrorCode(err) == jarvis.CodeBusy) {
		t.Fatalf("%v has RetryAfter: %t, and the code %s", err, is, jarvis.ErrorCode(err))
	} else if !is {
		return 0
	}
	wait := slowed.RetryAfter()
	if wait < time.Second || wait > time.Minute || wait%time.Second != 0 {
		t.Errorf("RetryAfter %v", wait)
	}
	return wait
}

func TestGuard_SlowsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		g := newGuard(t, m, access.Options{})
		text := token(t, g, "desk", jarvis.ScopeUpload)
		secret, _, err := g.NewSignIn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := after(t, wrong(t, g, peer, 10)); got != 0 {
			t.Fatalf("the tenth wrong one has to wait %v", got)
		}
		if got := after(t, wrong(t, g, peer, 1)); got != 6*time.Second {
			t.Fatalf("the eleventh wrong one has to wait %v, want 6 s", got)
		}
		pass(6 * time.Second)
		if got := after(t, wrong(t, g, peer, 1)); got != 6*time.Second {
			t.Fatalf("the next has to wait %v, want 6 s", got)
		}
		pass(12 * time.Second)
		if got := after(t, wrong(t, g, peer, 1)); got != 0 {
			t.Fatalf("after the wait, the next has to wait %v", got)
		}
		if got := after(t, wrong(t, g, peer, 1000)); got != time.Minute {
			t.Fatalf("after a thousand, the next has to wait %v, want a minute", got)
		}
		// Right ones from there, which nobody used before, do not wait.
		began := time.Now()
		if p, err := g.Authenticate(from(peer, "Authorization", "Bearer "+text)); err != nil || p.Name != "desk" {
			t.Errorf("the right token: %+v, %v", p, err)
		}
		if _, _, err := g.Redeem(post(peer), secret, true); err != nil {
			t.Errorf("the right link: %v", err)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("they waited %v", waited)
		}
		// Nor do they clear what wrong ones did.
		if got := after(t, wrong(t, g, peer, 1)); got != time.Minute {
			t.Errorf("then a wrong one has to wait %v, want a minute", got)
		}
		pass(3 * time.Minute)
		if got := after(t, wrong(t, g, peer, 10)); got != 0 {
			t.Errorf("three minutes later, the tenth has to wait %v", got)
		}
	})
}

func TestGuard_SlowsDown_Kinds(t *testing.T) {
	kinds := map[string]func(g *access.Guard, i int) error{
		"Token": func(g *access.Guard, i int) error {
			_, err := g.Authenticate(from(peer, "Authorization", "Bearer "+wrongToken(i+1)))
			return err
		},
		"SameToken": func(g *access.Guard, _ int) error {
			_, err := g.Authenticate(from(peer, "Authorization", "Bearer "+wrongToken(1)))
			return err
		},
		"Malformed": func(g *access.Guard, _ int) error {
			_, err := g.Authenticate(from(peer, "Authorization", "Bearer password"))
			return err
		},
		"Cookie": func(g *access.Guard, i int) error {
			_, err := g.Authenticate(from(peer, "Cookie", "jarvis="+wrongToken(i + 1)[8:]))
			return err
		},
		"Link": func(g *access.Guard, i int) error {
			_, _, err := g.Redeem(post(peer), wrongToken(i + 1)[8:], true)
			return err
		},
		"MalformedLink": func(g *access.Guard, _ int) error {
			_, _, err := g.Redeem(post(peer), "password", true)
			return err
		},
	}
	for name, attempt := range kinds {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				g := newGuard(t, m, access.Options{})
				for i := range 11 {
					want := time.Duration(0)
					if i == 10 {
						want = 6 * time.Second
					}
					if got := after(t, attempt(g, i)); got != want {
						t.Fatalf("attempt %d has to wait %v, want %v", i+1, got, want)
					}
				}
			})
		})
	}
	t.Run("NothingSaidIsNoFailure", func(t *testing.T) {
		g := newGuard(t, newMemory(), access.Options{})
		for range 100 {
			if _, err := g.Authenticate(from(peer)); jarvis.ErrorCode(err) != jarvis.CodeNoCredential {
				t.Fatal(err)
			}
		}
		if got := after(t, wrong(t, g, peer, 1)); got != 0 {
			t.Errorf("then a wrong one has to wait %v", got)
		}
	})
}

func TestGuard_SlowsDown_Addresses(t *testing.T) {
	tests := []struct {
		name, first, second string
		forwarded           string
		same                bool
	}{
		{name: "SameFour", first: "192.0.2.1:1", second: "192.0.2.1:2", same: true},
		{name: "SameFourMapped", first: "192.0.2.1:1", second: "[::ffff:192.0.2.1]:2", same: true},
		{name: "NextFour", first: "192.0.2.1:1", second: "192.0.2.2:1"},
		{name: "SameSubscriber", first: "[2001:db8:1:2::1]:1", second: "[2001:db8:1:2:ffff::9]:2", same: true},
		{name: "NextSubscriber", first: "[2001:db8:1:2::1]:1", second: "[2001:db8:1:3::1]:1"},
		{name: "ProxyClients", first: "10.0.0.1:1", second: "10.0.0.1:1", forwarded: "203.0.113.9"},
		{name: "NoAddress", first: "@", second: "@", same: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			g := newGuard(t, newMemory(), access.Options{Proxies: prefixes("10.0.0.0/8")})
			after(t, wrong(t, g, test.first, 15))
			r := from(test.second, "Authorization", "Bearer "+wrongToken(99))
			if test.forwarded != "" {
				r.Header.Set("X-Forwarded-For", test.forwarded)
			}
			_, err := g.Authenticate(r)
			if got := after(t, err) > 0; got != test.same {
				t.Errorf("slowed down: %t, want %t", got, test.same)
			}
		})
	}
}

// However many addresses somebody has, what is remembered of them is bounded.
func TestGuard_SlowsDown_InBoundedMemory(t *testing.T) {
	m := newMemory()
	g := newGuard(t, m, access.Options{})
	heap := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	attack := func(first, end int) {
		for i := first; i < end; i++ {
			for _, address := range []string{peer, fmt.Sprintf("[2001:db8:%x:%x::1]:1", i>>16, i&0xffff)} {
				if _, err := g.Authenticate(from(address, "Cookie", "jarvis="+wrongToken(i)[8:])); err == nil {
					t.Fatal("let in")
				}
			}
		}
	}
	attack(0, 5_000)
	before := heap()
	attack(5_000, 20_000)
	if now := heap(); now > before+384<<10 {
		t.Errorf("the heap grew from %d to %d bytes", before, now)
	}
	if err := g.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines, times, _ := m.of(jarvis.ActionRefused)
	if len(lines) > 3*257 || times != 40_000 {
		t.Errorf("%d lines about %d refusals, want few about all of them", len(lines), times)
	}
}

// While the catalogue is slow and somebody at an address tries many credentials,
// those who are known go on, and no other waits for long.
func TestGuard_Gate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		g := newGuard(t, m, access.Options{})
		known := token(t, g, "known", jarvis.ScopeUpload)
		fresh := token(t, g, "fresh", jarvis.ScopeUpload)
		late := token(t, g, "late", jarvis.ScopeUpload)
		if _, err := g.Authenticate(from(peer, "Authorization", "Bearer "+known)); err != nil {
			t.Fatal(err)
		}
		after(t, wrong(t, g, peer, 20))

		const slow = 3 * time.Second
		m.blockWith(func(ctx context.Context) {
			select {
			case <-time.After(slow):
			case <-ctx.Done():
			}
		})
		var attack sync.WaitGroup
		begin := func() {
			for i := range 50 {
				attack.Go(func() {
					_, err := g.Authenticate(from(peer, "Authorization", "Bearer "+wrongToken(1000+i)))
					if after(t, err) == 0 {
						t.Errorf("wrong: %v", err)
					}
				})
			}
			synctest.Wait()
		}
		ask := func(peer, text string, lasts time.Duration) (took time.Duration, err error) {
			ctx, cancel := context.WithTimeout(t.Context(), lasts)
			defer cancel()
			began := time.Now()
			_, err = g.Authenticate(from(peer, "Authorization", "Bearer "+text).WithContext(ctx))
			return time.Since(began), err
		}

		lookups := m.lookups.Load()
		begin()
		if took, err := ask(peer, known, time.Minute); err != nil || took != slow {
			t.Errorf("one that is known: %v after %v", err, took)
		}
		attack.Wait()
		if got := m.lookups.Load() - lookups; got > 9 {
			t.Errorf("%d look-ups in 3 s, want few at a time", got)
		}
		begin()
		if took, err := ask("198.51.100.1:1", fresh, time.Minute); err != nil || took != slow {
			t.Errorf("one from elsewhere: %v after %v", err, took)
		}
		attack.Wait()
		begin()
		if took, err := ask(peer, late, time.Minute); after(t, err) != 5*time.Second || took != 2*time.Second {
			t.Errorf("one that nobody knows: %v after %v, want to come again after two seconds", err, took)
		}
		attack.Wait()
		begin()
		if took, err := ask(peer, late, time.Second); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
			t.Errorf("one that goes away: %v after %v", err, took)
		}
		attack.Wait()
		m.blockWith(nil)
		if _, err := ask(peer, late, time.Minute); err != nil {
			t.Errorf("later: %v", err)
		}
	})
}

func TestGuard_SlowsDown_SaysSo(t *testing.T) {
	g := newGuard(t, newMemory(), access.Options{})
	err := wrong(t, g, peer, 15)
	if !strings.Contains(err.Error(), "try again in") || strings.Contains(err.Error(), "192.0.2.7") {
		t.Errorf("message %q", err)
	}
	var own *jarvis.Error
	if !errors.As(err, &own) || own.Code != jarvis.CodeBusy {
		t.Errorf("%v is no *jarvis.Error of %s", err, jarvis.CodeBusy)
	}
}
