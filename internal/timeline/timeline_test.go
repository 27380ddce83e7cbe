package timeline

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jarvis-memory/jarvis"
)

func TestService_Timeline_Holes(t *testing.T) {
	const step = 5 * time.Second
	from, to := at("10:00:00"), at("11:00:00")
	for _, test := range []struct {
		name string
		fill func(*catalog)
		now  time.Time
		want []string
	}{
		{"None", func(c *catalog) { c.every(step, from, to) }, noon, nil},
		{"Unknown", func(c *catalog) {
			c.every(step, from, at("10:20:00"))
			c.every(step, at("10:40:00"), to)
		}, noon, []string{"10:20:00-10:40:00 unknown"}},
		{"Short", func(c *catalog) {
			c.every(step, from, at("10:20:00"))
			c.every(step, at("10:21:00"), to)
		}, noon, nil},
		{"Explained", func(c *catalog) {
			c.every(step, from, at("10:20:10"))
			c.every(step, at("10:39:40"), to)
			c.say(jarvis.SpanRecording, from, at("10:20:10"))
			c.say(jarvis.SpanPaused, at("10:20:10"), at("10:30:05"))
			c.say(jarvis.SpanLocked, at("10:30:05"), at("10:39:40"))
			c.say(jarvis.SpanRecording, at("10:39:40"), to)
		}, noon, []string{"10:20:10-10:30:05 paused", "10:30:05-10:39:40 locked"}},
		{"Unchanged", func(c *catalog) {
			c.every(step, from, at("10:20:00"))
			c.every(step, at("10:50:00"), to)
			c.say(jarvis.SpanUnchanged, at("10:20:00"), at("10:50:00"))
		}, noon, []string{"10:20:00-10:50:00 unchanged"}},
		{"PartlyExplained", func(c *catalog) {
			c.every(step, from, at("10:20:00"))
			c.every(step, at("10:50:00"), to)
			c.say(jarvis.SpanIdle, at("10:30:00"), at("10:40:00"))
		}, noon, []string{"10:20:00-10:30:00 unknown", "10:30:00-10:40:00 idle", "10:40:00-10:50:00 unknown"}},
		{"Overlapping", func(c *catalog) { // who began later knows better; then the first goes on
			c.every(step, from, at("10:20:00"))
			c.every(step, at("10:50:00"), to)
			c.say(jarvis.SpanIdle, at("10:20:00"), at("10:50:00"))
			c.say(jarvis.SpanExcluded, at("10:30:00"), at("10:35:00"))
			c.say(jarvis.SpanFailed, at("10:32:00"), at("10:40:00"))
		}, noon, []string{"10:20:00-10:30:00 idle", "10:30:00-10:32:00 excluded", "10:32:00-10:40:00 failed", "10:40:00-10:50:00 idle"}},
		{"WithinCaptures", func(c *catalog) { // of another monitor, for instance
			c.every(step, from, to)
			c.say(jarvis.SpanRecording, from, to)
			c.say(jarvis.SpanExcluded, at("10:30:10"), at("10:30:40"))
			c.say(jarvis.SpanUnchanged, at("10:31:00"), at("10:31:30"))
			c.say(jarvis.SpanIdle, at("10:32:00"), at("10:32:02"))
		}, noon, []string{"10:30:10-10:30:40 excluded"}},
		{"NotArrived", func(c *catalog) {
			c.every(step, from, at("10:20:00"))
			c.every(step, at("10:40:00"), to)
			c.say(jarvis.SpanRecording, from, to)
		}, noon, []string{"10:20:00-10:40:00 recording"}},
		{"Offline", func(c *catalog) { c.every(step, from, at("10:20:00")) }, noon, []string{"10:20:00-11:00:00 offline"}},
		{"OfflineAfterToken", func(c *catalog) {
			c.every(step, from, at("10:20:00"))
			c.devices = []jarvis.DeviceInfo{{Device: "desk", Captures: 1, Newest: at("10:19:55"), LastUsed: at("10:45:00")}}
		}, noon, []string{"10:20:00-10:45:00 unknown", "10:45:00-11:00:00 offline"}},
		{"Future", func(c *catalog) { c.every(step, from, at("10:20:00")) }, at("10:20:30"), []string{"10:20:30-11:00:00 future"}},
		{"OfflineAndFuture", func(c *catalog) { c.every(step, from, at("10:20:00")) }, at("10:30:00"), []string{"10:20:00-10:30:00 offline", "10:30:00-11:00:00 future"}},
		{"AllFuture", func(c *catalog) { c.every(step, from.Add(-time.Hour), from) }, at("09:59:30"), []string{"10:00:00-11:00:00 future"}},
		{"EmptyExplained", func(c *catalog) { c.say(jarvis.SpanSuspended, at("09:00:00"), noon) }, noon, []string{"10:00:00-11:00:00 suspended"}},
		{"EmptyOffline", func(c *catalog) { c.every(step, at("08:00:00"), at("08:01:00")) }, noon, []string{"10:00:00-11:00:00 offline"}},
		{"BeforeTheFirst", func(c *catalog) { c.every(step, at("11:30:00"), noon) }, noon, nil},
		{"LongSilent", func(c *catalog) { c.add(&jarvis.Capture{Device: "desk", Timestamp: from.AddDate(0, -2, 0)}) }, noon, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := new(catalog)
			test.fill(c)
			found, err := newService(c, test.now).Timeline(t.Context(), from, to)
			must(t, err)
			if got := holesText(found.Holes); !slices.Equal(got, test.want) {
				t.Errorf("the holes are\n%q, want\n%q", got, test.want)
			}
		})
	}
}

func TestService_Timeline_Lanes(t *testing.T) {
	c := new(catalog)
	from := at("10:00:00")
	add := func(text string, device string, monitor int, app string, n int) {
		for i := range n {
			c.add(&jarvis.Capture{Timestamp: at(text).Add(time.Duration(i) * time.Millisecond), Device: device, MonitorIndex: monitor, AppName: app})
		}
	}
	add("10:00:00", "desk", 0, "editor", 3)
	add("10:00:30", "desk", 0, "mail", 1)
	add("10:01:00", "desk", 0, "mail", 2)
	add("10:01:30", "desk", 0, "editor", 2)
	add("10:02:00", "desk", 0, "", 1)
	add("10:03:00", "desk", 1, "editor", 300)
	add("10:03:00", "", 0, "mail", 1)
	c.say(jarvis.SpanRecording, from, at("10:04:00"))
	c.say(jarvis.SpanLocked, at("10:04:00"), at("10:10:00"))
	got, err := newService(c, noon).Timeline(t.Context(), from.Add(7*time.Second), at("10:05:01"))
	must(t, err)
	if !got.From.Equal(from) || !got.To.Equal(at("10:06:00")) || fmt.Sprint(got.Apps) != "[editor mail]" {
		t.Errorf("the timeline is from %s to %s, of %q", got.From, got.To, got.Apps)
	}
	const (
		other, mixed = jarvis.MinuteOther, jarvis.MinuteMixed
		same, locked = byte(jarvis.HoleUnchanged), byte(jarvis.HoleLocked)
		unknown      = byte(jarvis.HoleUnknown)
		gone         = byte(jarvis.HoleOffline)
	)
	want := []jarvis.Lane{
		{Device: "", Monitor: 0, Minutes: []byte{0, 0, unknown, 0, 0, unknown, 0, 0, unknown, 1, 2, 0, 0, 0, gone, 0, 0, gone}},
		{Device: "desk", Monitor: 0, Minutes: []byte{4, 1, 0, 4, mixed, 0, 1, other, 0, 0, 0, same, 0, 0, locked, 0, 0, locked}},
		{Device: "desk", Monitor: 1, Minutes: []byte{0, 0, same, 0, 0, same, 0, 0, same, 255, 1, 0, 0, 0, locked, 0, 0, locked}},
	}
	c.devices = []jarvis.DeviceInfo{{Device: "", Newest: at("10:03:00")}}
	got, err = newService(c, noon).Timeline(t.Context(), from, at("10:06:00"))
	must(t, err)
	if len(got.Lanes) != len(want) {
		t.Fatalf("the lanes are %v", got.Lanes)
	}
	for i := range want {
		if fmt.Sprint(got.Lanes[i]) != fmt.Sprint(want[i]) {
			t.Errorf("the lane is\n%v, want\n%v", got.Lanes[i], want[i])
		}
	}
}

// Days are as long as their zone has them, and a week takes several counts.
func TestService_Timeline_Ranges(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	c := new(catalog)
	for day := range 30 {
		c.every(time.Hour, time.Date(2026, time.March, 15+day, 0, 30, 0, 0, berlin), time.Date(2026, time.March, 15+day, 23, 0, 0, 0, berlin))
	}
	s := newService(c, noon.AddDate(1, 0, 0))
	for _, test := range []struct {
		days  int
		first int // of March
		hours int
	}{{1, 28, 24}, {1, 29, 23}, {7, 23, 7*24 - 1}, {8, 16, 8 * 24}} {
		from := time.Date(2026, time.March, test.first, 0, 0, 0, 0, berlin)
		got, err := s.Timeline(t.Context(), from, from.AddDate(0, 0, test.days))
		must(t, err)
		captures := 0
		for i := 0; i < len(got.Lanes[0].Minutes); i += jarvis.MinuteBytes {
			captures += int(got.Lanes[0].Minutes[i])
		}
		want := 0
		for _, one := range c.captures {
			if !one.Timestamp.Before(from) && one.Timestamp.Before(from.AddDate(0, 0, test.days)) {
				want++
			}
		}
		if len(got.Lanes[0].Minutes) != test.hours*60*jarvis.MinuteBytes || captures != want {
			t.Errorf("March %d has %d minutes and %d captures, want %d and %d", test.first, len(got.Lanes[0].Minutes)/jarvis.MinuteBytes, captures, test.hours*60, want)
		}
	}
	for _, to := range []time.Time{noon, noon.Add(-time.Second), noon.Add(jarvis.MaxTimelineRange + time.Minute), jarvis.MaxTime.Add(time.Hour)} {
		_, err := s.Timeline(t.Context(), noon, to)
		wantCode(t, err, jarvis.CodeInvalid)
	}
}

// Whatever spans say, holes are in order, apart, within the time, and not too many.
func TestService_Timeline_Property(t *testing.T) {
	states := []jarvis.SpanState{jarvis.SpanRecording, jarvis.SpanUnchanged, jarvis.SpanIdle, jarvis.SpanPaused, jarvis.SpanExcluded}
	from, to := at("10:00:00"), at("12:00:00")
	rapid.Check(t, func(r *rapid.T) {
		c := new(catalog)
		second := rapid.IntRange(-600, 7800)
		for range rapid.IntRange(0, 20).Draw(r, "spans") {
			begin := second.Draw(r, "begin")
			c.say(rapid.SampledFrom(states).Draw(r, "state"), from.Add(time.Duration(begin)*time.Second), from.Add(time.Duration(begin+rapid.IntRange(1, 2000).Draw(r, "length"))*time.Second))
		}
		for range rapid.IntRange(0, 20).Draw(r, "captures") {
			c.add(&jarvis.Capture{Device: "desk", Timestamp: from.Add(time.Duration(second.Draw(r, "capture")) * time.Second)})
		}
		now := from.Add(time.Duration(second.Draw(r, "now")) * time.Second)
		got, err := newService(c, now).Timeline(t.Context(), from, to)
		must(t, err)
		last := from
		for i, h := range got.Holes {
			if h.From.Before(last) || !h.From.Before(h.To) || h.To.After(to) || h.State == jarvis.HoleNone {
				r.Fatalf("hole %d of %q is out of order", i, holesText(got.Holes))
			}
			if i > 0 && h.From.Equal(last) && h.State == got.Holes[i-1].State {
				r.Fatalf("holes %d of %q are one", i, holesText(got.Holes))
			}
			if (h.State == jarvis.HoleFuture) != !h.From.Before(now) {
				r.Fatalf("hole %d of %q is not past or future at %s", i, holesText(got.Holes), now)
			}
			last = h.To
		}
	})
}

// Slivers give way before the list grows without end.
func TestFewer(t *testing.T) {
	all := make(map[string][]stretch)
	for _, name := range []string{"a", "b"} {
		for i := range maxHoles {
			begin := noon.Add(time.Duration(i) * time.Hour)
			all[name] = append(all[name], stretch{begin, begin.Add(time.Duration(i+1) * time.Millisecond), jarvis.HoleIdle})
		}
	}
	fewer(all)
	if n := len(all["a"]) + len(all["b"]); n > maxHoles || n < maxHoles-2 {
		t.Errorf("%d holes are left", n)
	}
}

func TestService_Nearest(t *testing.T) {
	c := new(catalog)
	one, two := &jarvis.Capture{Timestamp: at("10:00:00"), Device: "desk"}, &jarvis.Capture{Timestamp: at("10:01:00"), Device: "desk", MonitorIndex: 1}
	s := newService(c, noon)
	_, err := s.Nearest(t.Context(), "", nil, noon)
	wantCode(t, err, jarvis.CodeNotFound)
	c.add(one, two)
	for _, test := range []struct {
		device  string
		monitor *int
		at      string
		want    *jarvis.Capture
	}{
		{"", nil, "09:00:00", one},
		{"", nil, "10:00:00", one},
		{"", nil, "10:00:30", one},
		{"", nil, "10:00:31", two},
		{"", nil, "23:00:00", two},
		{"desk", new(0), "10:00:59", one},
		{"desk", new(1), "10:00:01", two},
		{"desk", new(2), "10:00:01", nil},
		{"lap", nil, "10:00:01", nil},
	} {
		got, err := s.Nearest(t.Context(), test.device, test.monitor, at(test.at))
		if test.want == nil {
			wantCode(t, err, jarvis.CodeNotFound)
			continue
		}
		if must(t, err); got != test.want {
			t.Errorf("the nearest to %s is that of %s", test.at, got.Timestamp)
		}
	}
}
