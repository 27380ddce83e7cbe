package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

type daysInput struct {
	Period
	Zone string `query:"tz" maxLength:"60" doc:"The time zone whose days are meant, such as Europe/Berlin; UTC when it is left out."`
}

type daysOutput struct{ Body page[jarvis.DayCount] }

func (s *Server) listDays(ctx context.Context, in *daysInput) (*daysOutput, error) {
	zone, err := zoneOf(in.Zone)
	if err == nil {
		err = in.check()
	}
	if err != nil {
		return nil, err
	}
	days, err := s.o.Catalog.CountDays(ctx, in.From.Time, in.To.Time, zone)
	if err != nil {
		return nil, err
	}
	s.record(ctx, jarvis.ActionView, 0)
	return &daysOutput{page[jarvis.DayCount]{Items: append([]jarvis.DayCount{}, days...)}}, nil
}

const minutesAbout = "Counts the captures of a day by minute, device, monitor and app, and says what agents did: in columns, so that a day is a few kilobytes."

type minutesInput struct {
	Date   jarvis.Day `path:"date" doc:"YYYY-MM-DD"`
	Zone   string     `query:"tz" maxLength:"60" doc:"The time zone whose day is meant; UTC when it is left out."`
	Device string     `query:"device" maxLength:"255" doc:"Of exactly this device."`
}

type minutesOutput struct{ Body minutes }

// minutes is a day in columns: the nth entries of one group's columns belong
// together.
type minutes struct {
	Date    jarvis.Day `json:"date"`
	Zone    string     `json:"tz"`
	From    time.Time  `json:"from"`
	To      time.Time  `json:"to"`
	Devices []string   `json:"devices" nullable:"false" doc:"Devices, which columns count from 0."`
	Apps    []string   `json:"apps" nullable:"false" doc:"Apps, which columns count from 0."`
	Counts  struct {
		Minute   []int   `json:"minute" nullable:"false" doc:"Minutes since \"from\"."`
		Device   []int   `json:"device" nullable:"false"`
		Monitor  []int   `json:"monitor" nullable:"false"`
		App      []int   `json:"app" nullable:"false"`
		Captures []int64 `json:"captures" nullable:"false"`
	} `json:"counts"`
	Spans struct {
		Device []int    `json:"device" nullable:"false"`
		From   []int    `json:"from" nullable:"false" doc:"Seconds since the day's \"from\"."`
		To     []int    `json:"to" nullable:"false" doc:"Seconds since the day's \"from\"."`
		State  []string `json:"state" nullable:"false" doc:"What the agent did, or \"unexplained\"."`
	} `json:"spans"`
}

// unexplained is the state of a time about which an agent said nothing.
const unexplained jarvis.SpanState = "unexplained"

func (s *Server) getMinutes(ctx context.Context, in *minutesInput) (*minutesOutput, error) {
	zone, err := zoneOf(in.Zone)
	if err == nil {
		err = plainText("device", in.Device)
	}
	if err != nil {
		return nil, err
	}
	y, m, d := in.Date.Year, in.Date.Month, in.Date.Date
	from, to := time.Date(y, m, d, 0, 0, 0, 0, zone).UTC(), time.Date(y, m, d+1, 0, 0, 0, 0, zone).UTC()
	if from.Before(jarvis.MinTime) || to.After(jarvis.MaxTime) {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "the day is not between the years 1970 and 9999")
	}
	counts, err := s.o.Catalog.CountMinutes(ctx, from, to)
	if err != nil {
		return nil, err
	}
	spans, err := s.spansOf(ctx, jarvis.SpanFilter{From: from, To: to, Device: in.Device})
	if err != nil {
		return nil, err
	}
	gaps, err := s.gaps(ctx, spans, from, earliest(to, jarvis.Instant(s.now())), in.Device)
	if err != nil {
		return nil, err
	}
	for _, gap := range gaps {
		spans = append(spans, jarvis.Span{Device: gap.Device, From: gap.From, To: gap.To, State: unexplained})
	}
	out := &minutesOutput{minutes{Date: in.Date, Zone: zone.String(), From: from, To: to}}
	captures := out.Body.fill(counts, spans, in.Device)
	s.record(ctx, jarvis.ActionView, captures)
	return out, nil
}

// names numbers texts in the order in which they come.
type names struct {
	list    []string
	numbers map[string]int
}

func newNames() *names { return &names{[]string{}, make(map[string]int)} }

func (n *names) number(name string) int {
	number, ok := n.numbers[name]
	if !ok {
		number = len(n.list)
		n.list = append(n.list, name)
		n.numbers[name] = number
	}
	return number
}

// fill makes columns of counts and spans, and returns how many captures they are
// about.
func (m *minutes) fill(counts []jarvis.MinuteCount, spans []jarvis.Span, device string) (captures int64) {
	devices, apps := newNames(), newNames()
	c, sp := &m.Counts, &m.Spans
	c.Minute, c.Device, c.Monitor, c.App, c.Captures = []int{}, []int{}, []int{}, []int{}, []int64{}
	for _, one := range counts {
		if device != "" && one.Device != device {
			continue
		}
		c.Minute = append(c.Minute, int(one.Minute.Sub(m.From)/time.Minute))
		c.Device = append(c.Device, devices.number(one.Device))
		c.Monitor = append(c.Monitor, one.Monitor)
		c.App = append(c.App, apps.number(one.AppName))
		c.Captures = append(c.Captures, one.Captures)
		captures += one.Captures
	}
	sp.Device, sp.From, sp.To, sp.State = []int{}, []int{}, []int{}, []string{}
	for _, one := range joined(spans) {
		from, to := m.second(one.From), m.second(one.To)
		if from == to {
			continue
		}
		sp.Device = append(sp.Device, devices.number(one.Device))
		sp.From, sp.To, sp.State = append(sp.From, from), append(sp.To, to), append(sp.State, string(one.State))
	}
	m.Devices, m.Apps = devices.list, apps.list
	return captures
}

// second returns the second of the day in which t lies, or the day's beginning or
// end.
func (m *minutes) second(t time.Time) int {
	return int(min(max(t.Sub(m.From), 0), m.To.Sub(m.From)) / time.Second)
}

// joined orders spans by device and time, and makes one of those that go on in the
// same state.
func joined(spans []jarvis.Span) []jarvis.Span {
	slices.SortStableFunc(spans, func(a, b jarvis.Span) int {
		return cmp.Or(cmp.Compare(a.Device, b.Device), a.From.Compare(b.From))
	})
	var all []jarvis.Span
	for _, one := range spans {
		if n := len(all); n > 0 && all[n-1].Device == one.Device && all[n-1].State == one.State && !one.From.After(all[n-1].To) {
			if one.To.After(all[n-1].To) {
				all[n-1].To = one.To
			}
			continue
		}
		all = append(all, one)
	}
	return all
}

type statsOutput struct {
	Body struct {
		Captures int64                `json:"captures"`
		Bytes    int64                `json:"bytes" doc:"On disk where that is known, else as they were given."`
		Oldest   time.Time            `json:"oldest"`
		Newest   time.Time            `json:"newest"`
		Devices  []jarvis.DeviceCount `json:"devices" nullable:"false"`
		Storage  struct {
			Free  int64 `json:"free"`
			Total int64 `json:"total"`
		} `json:"storage" doc:"Bytes of the disk; 0 when it does not answer."`
	}
}

func (s *Server) getStats(ctx context.Context, _ *struct{}) (*statsOutput, error) {
	stats, err := s.o.Catalog.Stats(ctx)
	if err != nil {
		return nil, err
	}
	out := new(statsOutput)
	b := &out.Body
	b.Captures, b.Bytes, b.Oldest, b.Newest = stats.Captures, stats.Bytes, stats.Oldest, stats.Newest
	b.Devices = append([]jarvis.DeviceCount{}, stats.Devices...)
	// A disk that hangs is no reason to keep the numbers of the database.
	short, cancel := context.WithTimeout(ctx, healthWaits)
	defer cancel()
	if usage, err := s.o.Storage.Usage(short); err == nil {
		b.Storage.Free, b.Storage.Total = usage.Free, usage.Total
	}
	s.record(ctx, jarvis.ActionView, 0)
	return out, nil
}

type devicesOutput struct{ Body page[jarvis.DeviceInfo] }

func (s *Server) listDevices(ctx context.Context, _ *struct{}) (*devicesOutput, error) {
	devices, err := s.o.Catalog.FindDevices(ctx)
	if err != nil {
		return nil, err
	}
	s.record(ctx, jarvis.ActionView, 0)
	return &devicesOutput{page[jarvis.DeviceInfo]{Items: append([]jarvis.DeviceInfo{}, devices...)}}, nil
}
