package web

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// moment is what an address asks for.
type moment struct {
	day     jarvis.Day
	at      time.Time // zero for none
	device  string    // empty for any
	monitor *int      // nil for any
	zoom    string
	zone    *time.Location
	off     int64           // microseconds
	capture *jarvis.Capture // that is asked for; nil for the nearest
	words   string          // whose hits are shown
}

// dayData is what the page of a day shows.
type dayData struct {
	Title, DayText string
	Day            jarvis.Day
	DayQuery       string
	Previous, Next *link
	Highlight      string
	Zooms          []zoom
	Caption        caption
	Capture        *jarvis.Capture
	Alt            string
	Empty          *empty
	Seconds        struct{ From, To, At int64 }
	Data           pageData
	previous, next *jarvis.Day
}

type zoom struct {
	Name, Text string
	Pressed    bool
}

type caption struct{ Date, Time, ISO, Zone, Device, Monitor, App, Title, Off, Spoken string }

// pageData is what the page's scripts know when they begin. Instants are microseconds
// since 1970. See static/base/types.d.ts.
type pageData struct {
	Zone      string          `json:"zone"`
	Day       jarvis.Day      `json:"day"`
	From      int64           `json:"from"`
	To        int64           `json:"to"`
	Now       int64           `json:"now"`
	Zoom      string          `json:"zoom"`
	At        int64           `json:"at"`
	Off       int64           `json:"off"`
	Previous  *jarvis.Day     `json:"previous"`
	Next      *jarvis.Day     `json:"next"`
	Timeline  timelineData    `json:"timeline"`
	Capture   *jarvis.Capture `json:"capture"`
	Device    string          `json:"device"`
	Monitor   int             `json:"monitor"`
	Own       bool            `json:"own"`
	Secure    bool            `json:"secure"`
	Version   string          `json:"version"`
	Highlight string          `json:"highlight"`
}

type timelineData struct {
	From  int64         `json:"from"`
	To    int64         `json:"to"`
	Apps  []string      `json:"apps"`
	Lanes []jarvis.Lane `json:"lanes"`
	Holes []holeData    `json:"holes"`
}

type holeData struct {
	Device string           `json:"device"`
	From   int64            `json:"from"`
	To     int64            `json:"to"`
	State  jarvis.HoleState `json:"state"`
}

// newTimelineData returns a timeline as the scripts want it.
func newTimelineData(t *jarvis.Timeline) timelineData {
	d := timelineData{
		From: t.From.UnixMicro(), To: t.To.UnixMicro(),
		Apps: append([]string{}, t.Apps...), Lanes: append([]jarvis.Lane{}, t.Lanes...), Holes: []holeData{},
	}
	for _, hole := range t.Holes {
		d.Holes = append(d.Holes, holeData{hole.Device, hole.From.UnixMicro(), hole.To.UnixMicro(), hole.State})
	}
	return d
}

// bounds returns where a day begins and ends.
func bounds(day jarvis.Day, zone *time.Location) (from, to time.Time) {
	return startOf(day.Year, day.Month, day.Date, zone), startOf(day.Year, day.Month, day.Date+1, zone)
}

// startOf returns the first instant of a date: the first of two midnights, and where
// clocks go over midnight the instant at which they do.
func startOf(year int, month time.Month, date int, zone *time.Location) time.Time {
	start := time.Date(year, month, date, 0, 0, 0, 0, zone)
	if _, _, shown := start.Date(); shown != time.Date(year, month, date, 0, 0, 0, 0, time.UTC).Day() {
		if _, set := start.ZoneBounds(); !set.IsZero() {
			return set
		}
	}
	return start
}

// dayAt returns the day within whose bounds t lies. It is the date of t, except in
// the hour that clocks show again after they were set back over midnight.
func dayAt(t time.Time, zone *time.Location) jarvis.Day {
	day := jarvis.DayIn(t, zone)
	if _, to := bounds(day, zone); !t.Before(to) {
		return jarvis.DayIn(to, zone)
	}
	return day
}

// find returns the capture that is nearest to a time and taken within [from, to), or
// nil.
func (p *Pages) find(ctx context.Context, m *moment, at, from, to time.Time) (*jarvis.Capture, error) {
	f := jarvis.CaptureFilter{Device: m.device, Monitor: m.monitor, Limit: 1}
	f.From, f.To, f.Order = from, earlier(at.Add(time.Microsecond), to), jarvis.NewestFirst
	before, err := p.first(ctx, f)
	if err != nil {
		return nil, err
	}
	f.From, f.To, f.Order = later(at, from), to, jarvis.OldestFirst
	after, err := p.first(ctx, f)
	if err != nil || after == nil {
		return before, err
	}
	if before != nil && at.Sub(before.Timestamp) <= after.Timestamp.Sub(at) {
		return before, nil
	}
	return after, nil
}

// first returns the first capture of a filter, or nil.
func (p *Pages) first(ctx context.Context, f jarvis.CaptureFilter) (*jarvis.Capture, error) {
	f.Limit = 1
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return nil, nil
	}
	found, err := p.o.Catalog.FindCaptures(ctx, f)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func earlier(a, b time.Time) time.Time {
	if !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// showDay answers with a day, and returns of how many captures it tells.
func (p *Pages) showDay(w http.ResponseWriter, r *http.Request, principal jarvis.Principal, secure bool, m *moment) (int64, error) {
	data, err := p.dayData(r.Context(), m)
	if err != nil {
		return 0, err
	}
	data.Data.Own, data.Data.Secure = principal.Own, secure
	if data.Capture == nil {
		return 0, p.show(w, r, http.StatusOK, "day.html", data)
	}
	return 1, p.show(w, r, http.StatusOK, "day.html", data)
}

// dayData gathers what the page of a moment shows.
func (p *Pages) dayData(ctx context.Context, m *moment) (*dayData, error) {
	from, to := bounds(m.day, m.zone)
	if from.Before(jarvis.MinTime) || to.After(jarvis.MaxTime) {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the day is not between the years 1970 and 9999")
	}
	now := jarvis.Instant(p.now())
	capture := m.capture
	var err error
	if capture == nil {
		if capture, err = p.choose(ctx, m, from, to, now); err != nil {
			return nil, err
		}
	}
	at := m.at
	switch {
	case capture != nil && (m.at.IsZero() || m.capture != nil):
		at = capture.Timestamp
	case at.IsZero():
		at = earlier(from.Add(to.Sub(from)/2), later(now, from))
	}
	d := &dayData{Day: m.day, Capture: capture, Highlight: m.words}
	if err := p.neighbours(ctx, d, m, from, to); err != nil {
		return nil, err
	}
	timeline, err := p.timeline(ctx, m, from, to)
	if err != nil {
		return nil, err
	}
	d.Data = pageData{
		Zone: m.zone.String(), Day: m.day, From: from.UnixMicro(), To: to.UnixMicro(), Now: now.UnixMicro(),
		Zoom: m.zoom, At: at.UnixMicro(), Off: m.off, Previous: d.previous, Next: d.next, Timeline: newTimelineData(timeline),
		Capture: withoutText(capture), Device: m.device, Version: p.o.Version, Highlight: m.words,
	}
	if capture != nil {
		d.Data.Device, d.Data.Monitor = capture.Device, capture.MonitorIndex
	} else {
		d.Empty = d.whyEmpty(timeline, from, to, now)
	}
	d.describe(m, at)
	return d, nil
}

// choose returns the capture with which the view of a day begins: the nearest to the
// time that is asked for; else the newest of today, and the first of another day. Where
// the device or the monitor has none that day, it is another one's. nil where the day
// has none.
func (p *Pages) choose(ctx context.Context, m *moment, from, to, now time.Time) (*jarvis.Capture, error) {
	at := m.at
	if at.IsZero() {
		at = from
		if !now.Before(from) && now.Before(to) {
			at = to
		}
	}
	wanted := *m
	for {
		c, err := p.find(ctx, &wanted, at, from, to)
		if err != nil || c != nil {
			return c, err
		}
		switch {
		case wanted.monitor != nil:
			wanted.monitor = nil
		case wanted.device != "":
			wanted.device = ""
		default:
			return nil, nil
		}
	}
}

// neighbours finds the nearest days before and after that have captures.
func (p *Pages) neighbours(ctx context.Context, d *dayData, m *moment, from, to time.Time) error {
	before, err := p.first(ctx, jarvis.CaptureFilter{To: from, Order: jarvis.NewestFirst})
	if err != nil {
		return err
	}
	after, err := p.first(ctx, jarvis.CaptureFilter{From: to, Order: jarvis.OldestFirst})
	if err != nil {
		return err
	}
	d.previous, d.Previous = m.dayOf(before)
	d.next, d.Next = m.dayOf(after)
	d.DayQuery = m.query()
	return nil
}

// dayOf returns the day of a capture, and a link to it; nil for no capture.
func (m *moment) dayOf(c *jarvis.Capture) (*jarvis.Day, *link) {
	if c == nil {
		return nil, nil
	}
	day := dayAt(c.Timestamp, m.zone)
	return &day, &link{"/day/" + day.String() + m.query(), dayText(day)}
}

// query returns what addresses of other days keep of this one.
func (m *moment) query() string {
	q := make(url.Values)
	if m.zoom != "day" {
		q.Set("zoom", m.zoom)
	}
	if m.device != "" {
		q.Set("device", m.device)
	}
	if m.monitor != nil {
		q.Set("monitor", strconv.Itoa(*m.monitor))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

func dayText(day jarvis.Day) string { return day.Start().Format("Mon 2 Jan 2006") }

// timeline sums up the day, or the week around it where that is what is seen.
func (p *Pages) timeline(ctx context.Context, m *moment, from, to time.Time) (*jarvis.Timeline, error) {
	if m.zoom == "week" {
		from, to = weekAround(m.day, m.zone)
		from, to = later(from, jarvis.MinTime), earlier(to, jarvis.MaxTime)
	}
	if p.o.Timelines == nil {
		return &jarvis.Timeline{From: from.UTC(), To: to.UTC()}, nil
	}
	return p.o.Timelines.Timeline(ctx, from, to)
}

// weekAround returns the bounds of the week of a day, from Monday.
func weekAround(day jarvis.Day, zone *time.Location) (from, to time.Time) {
	monday := day.Date - (int(day.Start().Weekday())+6)%7
	return startOf(day.Year, day.Month, monday, zone), startOf(day.Year, day.Month, monday+7, zone)
}

// describe writes what is said of the moment.
func (d *dayData) describe(m *moment, at time.Time) {
	local := at.In(m.zone)
	d.DayText = dayText(m.day)
	d.Caption = caption{Date: local.Format("Mon 2 Jan 2006"), Time: local.Format("15:04:05"), ISO: at.UTC().Format(time.RFC3339Nano), Zone: local.Format("MST")}
	d.Caption.Spoken = d.Caption.Time + ", no captures"
	if c := d.Capture; c != nil {
		d.Caption.Device, d.Caption.App, d.Caption.Title = c.Device, c.AppName, c.WindowTitle
		d.Caption.Monitor = "monitor " + strconv.Itoa(c.MonitorIndex+1)
		d.Caption.Spoken = d.Caption.Time + ", " + cmp.Or(c.AppName, "an app that nobody named")
		if m.off != 0 {
			d.Caption.Off = offText(m.off)
		}
		d.Alt = "Screenshot, " + d.Caption.Time + ": " + cmp.Or(c.WindowTitle, c.AppName, "nobody said what it shows")
	}
	d.Title = d.Caption.Time + ", " + d.Caption.Date
	d.Seconds.From, d.Seconds.To, d.Seconds.At = d.Data.From/1e6, d.Data.To/1e6, at.Unix()
	for _, z := range []zoom{{Name: "hour", Text: "Hour"}, {Name: "day", Text: "Day"}, {Name: "week", Text: "Week"}} {
		z.Pressed = z.Name == m.zoom
		d.Zooms = append(d.Zooms, z)
	}
}

// offText says how far a capture is from the time that was asked for.
func offText(off int64) string {
	which := "later"
	if off < 0 {
		off, which = -off, "earlier"
	}
	return "the nearest, " + lengthText(time.Duration(off)*time.Microsecond) + " " + which
}

// lengthText says how long something is: "42 s", "18 min", "3 h 5 min", "2 d 4 h".
func lengthText(d time.Duration) string {
	two := func(a int64, unit string, b int64, smaller string) string {
		text := strconv.FormatInt(a, 10) + " " + unit
		if b > 0 {
			text += " " + strconv.FormatInt(b, 10) + " " + smaller
		}
		return text
	}
	switch seconds := int64(d.Round(time.Second) / time.Second); {
	case d < time.Second:
		return "less than a second"
	case seconds < 60:
		return two(seconds, "s", 0, "")
	case seconds < 3600:
		return two(seconds/60, "min", 0, "")
	case seconds < 48*3600:
		return two(seconds/3600, "h", seconds%3600/60, "min")
	default:
		return two(seconds/86400, "d", seconds%86400/3600, "h")
	}
}

// withoutText returns a capture without what was read in it: the text has its own
// address.
func withoutText(c *jarvis.Capture) *jarvis.Capture {
	if c == nil || c.OCRText == nil {
		return c
	}
	bare := *c
	bare.OCRText = nil
	return &bare
}

// empty says why a day shows nothing.
type empty struct {
	Heading string
	Reasons []string
	First   bool // there are no captures at all
}

// whyEmpty says why a day has no captures.
func (d *dayData) whyEmpty(timeline *jarvis.Timeline, from, to, now time.Time) *empty {
	e := &empty{Heading: "Nothing was captured on this day"}
	switch {
	case d.Previous == nil && d.Next == nil:
		return &empty{Heading: "There are no captures yet", First: true, Reasons: []string{"The first one shows here as soon as it arrives."}}
	case !now.After(from):
		e.Heading = "This day has not been yet"
		return e
	case now.Before(to):
		e.Heading = "Nothing was captured today yet"
	}
	if e.Reasons = reasons(timeline.Holes, from, earlier(to, now)); len(e.Reasons) == 0 {
		e.Reasons = []string{"No device is known to have been there."}
	}
	return e
}

// reasons says for each device, in a sentence, what it was doing.
func reasons(holes []jarvis.Hole, from, to time.Time) []string {
	var devices []string
	sums := make(map[string]map[jarvis.HoleState]time.Duration)
	for _, hole := range holes {
		length := earlier(hole.To, to).Sub(later(hole.From, from))
		if length <= 0 {
			continue
		}
		if sums[hole.Device] == nil {
			devices = append(devices, hole.Device)
			sums[hole.Device] = make(map[jarvis.HoleState]time.Duration)
		}
		sums[hole.Device][hole.State] += length
	}
	var said []string
	for _, device := range devices {
		states := make([]jarvis.HoleState, 0, len(sums[device]))
		for state := range sums[device] {
			states = append(states, state)
		}
		slices.SortFunc(states, func(a, b jarvis.HoleState) int {
			return cmp.Or(cmp.Compare(sums[device][b], sums[device][a]), cmp.Compare(a, b))
		})
		var causes []string
		for _, state := range states[:min(len(states), 3)] {
			causes = append(causes, stateText(state)+" ("+lengthText(sums[device][state])+")")
		}
		said = append(said, cmp.Or(device, "A device that nobody named")+": "+strings.Join(causes, ", ")+".")
	}
	return said
}

// stateText says why there is nothing.
func stateText(state jarvis.HoleState) string {
	switch state {
	case jarvis.HoleRecording:
		return "recorded, but what it took has not arrived"
	case jarvis.HoleUnchanged:
		return "nothing on the screen changed"
	case jarvis.HoleIdle:
		return "nobody was there"
	case jarvis.HoleLocked:
		return "the screen was locked"
	case jarvis.HolePaused:
		return "recording was paused"
	case jarvis.HoleExcluded:
		return "what was shown is never captured"
	case jarvis.HoleSuspended:
		return "it slept"
	case jarvis.HoleSpoolFull:
		return "it had no room for captures"
	case jarvis.HoleFailed:
		return "capturing failed"
	case jarvis.HoleOffline:
		return "it was not heard of, and may still send what it has"
	case jarvis.HoleFuture:
		return "not yet"
	default:
		return "unknown: it said nothing"
	}
}
