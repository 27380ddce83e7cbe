package client

import (
	"context"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// CountDays returns the days in loc that have captures, oldest first, as
// [jarvis.Catalog] does; no location is UTC. The server must know it by its name:
// "Local" is none.
func (c *Client) CountDays(ctx context.Context, from, to time.Time, loc *time.Location) ([]jarvis.DayCount, error) {
	query := rangeQuery(from, to)
	if loc != nil {
		query.Set("tz", loc.String())
	}
	days, _, err := list[jarvis.DayCount](ctx, c, "count days", "/api/days", query)
	return days, err
}

// Minutes is a day, minute by minute.
type Minutes struct {
	From, To time.Time            // of the day in the time zone asked for
	Counts   []jarvis.MinuteCount // by minute, device, monitor and app
	Spans    []jarvis.Span        // by device and time, to the second, without numbers; those of one state are joined
	Gaps     []jarvis.Gap         // what no span explains, to the second
}

// Minutes returns what was captured on a day in loc and what agents did, of all
// devices when none is named; no location is UTC.
func (c *Client) Minutes(ctx context.Context, day jarvis.Day, loc *time.Location, device string) (*Minutes, error) {
	const op = "get the minutes of a day"
	query := rangeQuery(time.Time{}, time.Time{})
	setText(query, "device", device)
	if loc != nil {
		query.Set("tz", loc.String())
	}
	var columns minuteColumns
	if err := c.getJSON(ctx, op, "/api/days/"+day.String()+"/minutes", query, &columns); err != nil {
		return nil, err
	}
	minutes, ok := columns.rows()
	if !ok {
		return nil, c.strange(op)
	}
	return minutes, nil
}

// minuteColumns are the minutes of a day as a server sends them: the nth entries
// of a group's columns belong together, and texts are numbers in a list.
type minuteColumns struct {
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Devices []string  `json:"devices"`
	Apps    []string  `json:"apps"`
	Counts  struct {
		Minute   []int   `json:"minute"`
		Device   []int   `json:"device"`
		Monitor  []int   `json:"monitor"`
		App      []int   `json:"app"`
		Captures []int64 `json:"captures"`
	} `json:"counts"`
	Spans struct {
		Device []int    `json:"device"`
		From   []int    `json:"from"`
		To     []int    `json:"to"`
		State  []string `json:"state"`
	} `json:"spans"`
}

// unexplained is the state of a gap.
const unexplained = "unexplained"

// rows returns the minutes, and false when the columns do not fit each other.
func (m *minuteColumns) rows() (*Minutes, bool) {
	counts, spans, fits := &m.Counts, &m.Spans, true
	text := func(list []string, i int) string {
		if i < 0 || i >= len(list) {
			fits = false
			return ""
		}
		return list[i]
	}
	if n := len(counts.Minute); len(counts.Device) != n || len(counts.Monitor) != n || len(counts.App) != n || len(counts.Captures) != n {
		return nil, false
	}
	if n := len(spans.Device); len(spans.From) != n || len(spans.To) != n || len(spans.State) != n {
		return nil, false
	}
	out := &Minutes{From: m.From, To: m.To}
	for i, minute := range counts.Minute {
		out.Counts = append(out.Counts, jarvis.MinuteCount{
			Minute: m.From.Add(time.Duration(minute) * time.Minute), Device: text(m.Devices, counts.Device[i]),
			Monitor: counts.Monitor[i], AppName: text(m.Apps, counts.App[i]), Captures: counts.Captures[i],
		})
	}
	for i, number := range spans.Device {
		device := text(m.Devices, number)
		from, to := m.From.Add(time.Duration(spans.From[i])*time.Second), m.From.Add(time.Duration(spans.To[i])*time.Second)
		if spans.State[i] == unexplained {
			out.Gaps = append(out.Gaps, jarvis.Gap{Device: device, From: from, To: to})
			continue
		}
		out.Spans = append(out.Spans, jarvis.Span{Device: device, From: from, To: to, State: jarvis.SpanState(spans.State[i])})
	}
	return out, fits
}

// stats are the statistics as a server sends them.
type stats struct {
	jarvis.CatalogStats
	Storage struct {
		Free  int64 `json:"free"`
		Total int64 `json:"total"`
	} `json:"storage"`
}

// Stats sums up the store.
func (c *Client) Stats(ctx context.Context) (*jarvis.CatalogStats, error) {
	var all stats
	if err := c.getJSON(ctx, "get statistics", "/api/stats", nil, &all); err != nil {
		return nil, err
	}
	return &all.CatalogStats, nil
}

// Usage returns the space of the disk that holds the images. A disk that does not
// answer is CodeUnavailable.
func (c *Client) Usage(ctx context.Context) (jarvis.Usage, error) {
	const op = "get the space"
	var all stats
	if err := c.getJSON(ctx, op, "/api/stats", nil, &all); err != nil {
		return jarvis.Usage{}, err
	}
	if all.Storage.Total == 0 {
		return jarvis.Usage{}, c.failure(op, jarvis.CodeUnavailable, "the disk of the server does not answer", nil)
	}
	return jarvis.Usage{Free: all.Storage.Free, Total: all.Storage.Total}, nil
}

// FindDevices describes every device that sent something, or has a token.
func (c *Client) FindDevices(ctx context.Context) ([]jarvis.DeviceInfo, error) {
	devices, _, err := list[jarvis.DeviceInfo](ctx, c, "list devices", "/api/devices", nil)
	return devices, err
}
