package timeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jarvis-memory/jarvis"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code jarvis.Code) {
	t.Helper()
	if e, ok := errors.AsType[*jarvis.Error](err); !ok || e.Code != code {
		t.Fatalf("got error %v, want one of code %s", err, code)
	}
}

// noon is a time of the tests.
var noon = time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC)

// at returns a time of the day of noon.
func at(text string) time.Time {
	t, err := time.Parse("15:04:05", text)
	if err != nil {
		panic(err)
	}
	return time.Date(2026, time.March, 10, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// catalog is a catalogue in memory.
type catalog struct {
	captures []*jarvis.Capture
	spans    []jarvis.Span
	devices  []jarvis.DeviceInfo
}

func (c *catalog) add(captures ...*jarvis.Capture) {
	for _, one := range captures {
		if one.ID.IsZero() {
			one.ID = jarvis.NewRandomID()
		}
	}
	c.captures = append(c.captures, captures...)
	slices.SortFunc(c.captures, compare)
}

func compare(a, b *jarvis.Capture) int {
	return cmp.Or(a.Timestamp.Compare(b.Timestamp), cmp.Compare(a.ID.String(), b.ID.String()))
}

// every adds a capture of the desk each step in [from, to).
func (c *catalog) every(step time.Duration, from, to time.Time) {
	for t := from; t.Before(to); t = t.Add(step) {
		c.add(&jarvis.Capture{Timestamp: t, Device: "desk", AppName: "editor"})
	}
}

func (c *catalog) say(state jarvis.SpanState, from, to time.Time) {
	c.spans = append(c.spans, jarvis.Span{Device: "desk", Number: int64(len(c.spans)), From: from, To: to, State: state})
	slices.SortFunc(c.spans, func(a, b jarvis.Span) int {
		return cmp.Or(cmp.Compare(a.Device, b.Device), a.From.Compare(b.From), cmp.Compare(a.Number, b.Number))
	})
}

func (c *catalog) FindCaptures(_ context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error) {
	limit, err := f.Page()
	if err != nil {
		return nil, err
	}
	all := slices.Clone(c.captures)
	if f.Order == jarvis.NewestFirst {
		slices.Reverse(all)
	}
	found := []*jarvis.Capture{}
	for _, one := range all {
		if f.Device != "" && one.Device != f.Device || f.Monitor != nil && one.MonitorIndex != *f.Monitor ||
			!f.From.IsZero() && one.Timestamp.Before(f.From) || !f.To.IsZero() && !one.Timestamp.Before(f.To) {
			continue
		}
		if after := (&jarvis.Capture{Timestamp: f.After.Timestamp, ID: f.After.ID}); !f.After.IsZero() {
			if order := compare(one, after); f.Order == jarvis.OldestFirst && order <= 0 || f.Order == jarvis.NewestFirst && order >= 0 {
				continue
			}
		}
		if found = append(found, one); len(found) == limit {
			break
		}
	}
	return found, nil
}

func (c *catalog) FindFiles(ctx context.Context, f jarvis.CaptureFilter) ([]jarvis.FileRecord, error) {
	found, err := c.FindCaptures(ctx, f)
	var files []jarvis.FileRecord
	for _, one := range found {
		files = append(files, jarvis.FileRecord{ID: one.ID, Timestamp: one.Timestamp})
	}
	return files, err
}

func (c *catalog) CountMinutes(_ context.Context, from, to time.Time) ([]jarvis.MinuteCount, error) {
	if err := jarvis.CheckMinutesRange(from, to); err != nil {
		return nil, err
	}
	counts := make(map[jarvis.MinuteCount]int64)
	for _, one := range c.captures {
		if !one.Timestamp.Before(from) && one.Timestamp.Before(to) {
			counts[jarvis.MinuteCount{Minute: one.Timestamp.Truncate(time.Minute), Device: one.Device, Monitor: one.MonitorIndex, AppName: one.AppName}]++
		}
	}
	var all []jarvis.MinuteCount
	for key, n := range counts {
		key.Captures = n
		all = append(all, key)
	}
	slices.SortFunc(all, func(a, b jarvis.MinuteCount) int {
		return cmp.Or(a.Minute.Compare(b.Minute), cmp.Compare(a.Device, b.Device), cmp.Compare(a.Monitor, b.Monitor), cmp.Compare(a.AppName, b.AppName))
	})
	return all, nil
}

func (c *catalog) FindSpans(_ context.Context, f jarvis.SpanFilter) ([]jarvis.Span, error) {
	var found []jarvis.Span
	for _, s := range c.spans {
		if s.To.After(f.From) && s.From.Before(f.To) && (f.After == nil || cmp.Or(cmp.Compare(s.Device, f.After.Device), s.From.Compare(f.After.From), cmp.Compare(s.Number, f.After.Number)) > 0) {
			if found = append(found, s); len(found) == f.Limit {
				break
			}
		}
	}
	return found, nil
}

// FindDevices adds what is known of the desk, unless a test says so.
func (c *catalog) FindDevices(context.Context) ([]jarvis.DeviceInfo, error) {
	all := slices.Clone(c.devices)
	if !slices.ContainsFunc(all, func(d jarvis.DeviceInfo) bool { return d.Device == "desk" }) {
		desk := jarvis.DeviceInfo{Device: "desk"}
		for _, one := range c.captures {
			if one.Device == "desk" {
				desk.Captures, desk.Newest = desk.Captures+1, one.Timestamp
			}
		}
		for _, s := range c.spans {
			desk.SpansTo = latest(desk.SpansTo, s.To)
		}
		all = append(all, desk)
	}
	return all, nil
}

// newService returns a service for which it is a time.
func newService(c *catalog, now time.Time) *Service {
	return New(Options{Catalog: c, Now: func() time.Time { return now }})
}

var stateNames = []string{"none", "recording", "unchanged", "idle", "locked", "paused", "excluded", "suspended", "spool_full", "failed", "offline", "unknown", "future"}

// holesText returns holes for a test to compare.
func holesText(holes []jarvis.Hole) []string {
	var all []string
	for _, h := range holes {
		all = append(all, fmt.Sprintf("%s-%s %s", h.From.Format("15:04:05"), h.To.Format("15:04:05"), stateNames[h.State]))
	}
	return all
}
