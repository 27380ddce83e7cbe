package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/timetext"
)

type ocrCmd struct {
	Status ocrStatusCmd `cmd:"" help:"Count the captures that wait, are being read, or were set aside, and say why."`
	Retry  ocrRetryCmd  `cmd:"" help:"Have captures read again of which that failed."`
	Redo   ocrRedoCmd   `cmd:"" help:"Have captures read anew that were read before."`
}

// Help is the long help.
func (ocrCmd) Help() string {
	return `The text in captures is read by the server, or by jarvis work. A capture that cannot be
read is tried again after a minute, five, half an hour and two hours, and then set
aside; it is kept, and found by its title and its address.

Examples:

    jarvis ocr status
    jarvis ocr retry
    jarvis ocr redo --from 2026-01-01 --to 2026-01-31 --wait
`
}

type ocrStatusCmd struct {
	Watch bool `help:"Show a bar until nothing waits any more."`
}

// Help is the long help.
func (ocrStatusCmd) Help() string {
	return `Looks at the queue for three seconds while something waits, to say how fast it gets
shorter and how long that will take.

Examples:

    jarvis ocr status
    jarvis ocr status --watch
    jarvis ocr status --json | jq .waiting
`
}

// sampled is how long a queue is looked at to learn its speed.
const sampled = 3 * time.Second

// ocrStatus is the object that --json prints.
type ocrStatus struct {
	jarvis.ReadStatus
	PerMinute   *float64 `json:"per_minute"`   // captures that were read; null when nothing waits
	SecondsLeft *int64   `json:"seconds_left"` // at that speed; null when it is not known
	// Reasons are those of the newest reasonsFrom that were set aside; null where the
	// token does not permit to know them.
	Reasons []asideReason `json:"reasons"`
}

// asideReason is why captures were set aside.
type asideReason struct {
	Reason   string    `json:"reason"`
	Captures int64     `json:"captures"`
	Newest   jarvis.ID `json:"newest"` // of them
}

// reasonsFrom is how many captures that were set aside are looked at.
const reasonsFrom = 1000

// Run prints the state of the queue.
func (cmd *ocrStatusCmd) Run(ctx context.Context, a *app) error {
	return a.withMemory(ctx, func(m memory, _ *time.Location) error {
		if cmd.Watch {
			if err := a.watchQueue(ctx, m); err != nil {
				return err
			}
		}
		s, err := a.sampleQueue(ctx, m)
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(s)
		}
		a.printQueue(s)
		return nil
	})
}

// sampleQueue counts the queue, and how fast it gets shorter.
func (a *app) sampleQueue(ctx context.Context, m memory) (*ocrStatus, error) {
	first, err := m.ReadStatus(ctx, a.now())
	if err != nil {
		return nil, err
	}
	s := &ocrStatus{ReadStatus: first}
	if s.Reasons, err = findReasons(ctx, m); err != nil || first.Waiting+first.Leased == 0 {
		return s, err
	}
	begun := a.now()
	if err := pauseFor(ctx, sampled); err != nil {
		return nil, err
	}
	if s.ReadStatus, err = m.ReadStatus(ctx, a.now()); err != nil {
		return nil, err
	}
	speed := float64(max(s.Read-first.Read, 0)) / a.now().Sub(begun).Minutes()
	s.PerMinute = &speed
	if speed > 0 {
		left := int64(float64(s.Waiting+s.Leased) / speed * 60)
		s.SecondsLeft = &left
	}
	return s, nil
}

// pauseFor waits, or until ctx ends.
func pauseFor(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// findReasons counts why captures were set aside.
func findReasons(ctx context.Context, m memory) ([]asideReason, error) {
	failed, err := m.FindFailed(ctx, jarvis.Cursor{}, reasonsFrom)
	if jarvis.ErrorCode(err) == jarvis.CodeForbidden {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, at := []asideReason{}, map[string]int{}
	for _, f := range failed {
		i, ok := at[f.Reason]
		if !ok {
			i = len(all)
			at[f.Reason] = i
			all = append(all, asideReason{Reason: f.Reason, Newest: f.ID})
		}
		all[i].Captures++
	}
	return all, nil
}

// printQueue prints the state of the queue for a person.
func (a *app) printQueue(s *ocrStatus) {
	line := func(name, value string) { a.printf("%s  %s\n", a.style.faint(pad(name, 10)), value) }
	line("read", countText(s.Read))
	line("waiting", countText(s.Waiting))
	leased := countText(s.Leased)
	if s.Leased > 0 && s.PerMinute != nil && s.SecondsLeft == nil {
		leased += " (what a worker had that was killed waits until its lease ends)"
	}
	line("being read", leased)
	line("failed", countText(s.Delayed)+" to be tried again")
	line("set aside", countText(s.Failed))
	switch {
	case s.PerMinute == nil:
	case s.SecondsLeft == nil:
		line("speed", "nothing was read within three seconds")
		if s.Leased == 0 {
			a.printf("\nWhat waits is not found, not by its title either, until it is read: that takes jarvis serve\n" +
				"or jarvis work, and an engine that works. With ocr_engine = none, titles are indexed without.\n")
		}
	default:
		line("speed", fmt.Sprintf("about %.0f a minute", *s.PerMinute))
		line("time left", "about "+aboutTime(time.Duration(*s.SecondsLeft)*time.Second))
	}
	if len(s.Reasons) == 0 {
		return
	}
	t := table{columns: []column{{title: "SET ASIDE", right: true}, {title: "NEWEST"}, {title: "WHY", shrink: 20}}}
	for _, r := range s.Reasons {
		t.add(countText(r.Captures), r.Newest.String(), r.Reason)
	}
	a.printf("\n")
	t.print(a.console, true)
	if s.Failed > reasonsFrom {
		a.printf("%s\n", a.style.faint(fmt.Sprintf("These are the newest %s.", countText(reasonsFrom))))
	}
}

// aboutTime returns a length of time as a person says it.
func aboutTime(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return plural(int64(d.Round(time.Second)/time.Second), "second")
	case d < 90*time.Minute:
		return plural(int64(d.Round(time.Minute)/time.Minute), "minute")
	case d < 48*time.Hour:
		return plural(int64(d.Round(time.Hour)/time.Hour), "hour")
	}
	return plural(int64(d.Round(24*time.Hour)/(24*time.Hour)), "day")
}

// watched is how often a queue is looked at while a bar shows it, and unread how
// long nothing may happen until that is told.
const (
	watched = time.Second
	unread  = 15 * time.Second
)

// watchQueue shows a bar until nothing waits any more. What failed and is tried
// again later is not waited for.
func (a *app) watchQueue(ctx context.Context, m memory) error {
	bar := a.newProgress("captures")
	defer bar.hide()
	var first jarvis.ReadStatus
	last, changed, told := int64(-1), a.now(), false
	for {
		s, err := m.ReadStatus(ctx, a.now())
		if err != nil {
			return err
		}
		if last < 0 {
			first = s
		}
		left := s.Waiting + s.Leased
		if left == 0 {
			return nil
		}
		done := max(s.Read-first.Read, 0)
		bar.set(done, done+left)
		if done != last {
			last, changed = done, a.now()
		}
		if !told && s.Leased == 0 && a.now().Sub(changed) > unread {
			told = true
			bar.hide()
			a.warn("nothing is being read: it takes jarvis serve or jarvis work, and an engine that works; with ocr_engine = none, titles are found without")
		}
		if err := pauseFor(ctx, watched); err != nil {
			return err
		}
	}
}

// queued is the object that --json prints of captures that are to be read.
type queued struct {
	Queued int64 `json:"queued"`
}

type ocrRetryCmd struct {
	requeueFlags
}

// Help is the long help.
func (ocrRetryCmd) Help() string {
	return `Has those captures read again that were set aside, and those that failed and would be
tried again later, as if they had never failed. Of use once what kept them from being
read is mended: see jarvis ocr status.

Examples:

    jarvis ocr retry
    jarvis ocr retry --from yesterday --wait
`
}

// Run puts captures into the queue.
func (cmd *ocrRetryCmd) Run(ctx context.Context, a *app) error {
	return cmd.requeue(ctx, a, true)
}

type ocrRedoCmd struct {
	requeueFlags
	Yes bool `help:"Do not ask, when no range is given."`
}

// Help is the long help.
func (ocrRedoCmd) Help() string {
	return `Has captures read anew: with another engine, in other languages, or after a newer
version read them badly. They keep their text, and are found by it, until then.

Examples:

    jarvis ocr redo --from 2026-01-01 --to 2026-01-31
    jarvis ocr redo --from 3d --wait
`
}

// Run puts captures into the queue.
func (cmd *ocrRedoCmd) Run(ctx context.Context, a *app) error {
	if cmd.From == "" && cmd.To == "" {
		if err := a.confirm(ctx, cmd.Yes, "Have every capture of the store read anew?"); err != nil {
			return err
		}
	}
	return cmd.requeue(ctx, a, false)
}

// requeueFlags select captures to be read.
type requeueFlags struct {
	From string `placeholder:"TIME" help:"Only captures from this time on."`
	To   string `placeholder:"TIME" help:"Only captures up to this time."`
	Wait bool   `help:"Show a bar until they are read."`
}

// inRange follows what is said of all captures that are selected.
func (f *requeueFlags) inRange() string {
	if f.From == "" && f.To == "" {
		return ""
	}
	return " in that range"
}

// requeue puts captures into the queue: those that failed, or all.
func (f *requeueFlags) requeue(ctx context.Context, a *app, failed bool) error {
	return a.withMemory(ctx, func(m memory, loc *time.Location) error {
		from, to, err := timetext.ParseRange(f.From, f.To, a.now(), loc)
		if err != nil {
			return err
		}
		n, err := m.Requeue(ctx, jarvis.RequeueFilter{From: from, To: to, Failed: failed}, a.now())
		if err != nil {
			return err
		}
		switch {
		case a.json:
			err = a.printJSON(queued{n})
		case n > 0:
			a.printf("Queued %s to be read\n", plural(n, "capture"))
		case failed:
			a.printf("Queued no capture: none had failed%s\n", f.inRange())
		default:
			a.printf("Queued no capture: there is none%s\n", f.inRange())
		}
		if err = errors.Join(err, a.flush()); err != nil || !f.Wait {
			return err
		}
		return a.watchQueue(ctx, m)
	})
}
