package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/config"
	"github.com/jarvis-memory/jarvis/internal/timetext"
)

type statsCmd struct {
	From string `placeholder:"TIME" help:"Count days from this one on."`
	To   string `placeholder:"TIME" help:"Count days up to this one."`
}

// Help is the long help.
func (statsCmd) Help() string {
	return `Counts captures and bytes, in all, per device and per day. It reads counters, not
captures, and answers at once whatever the size of the store. --from and --to
concern the days only; without --from, or --json, the last 14 that have captures
are counted.

Examples:

    jarvis stats
    jarvis stats --from 2026-01-01 --to 2026-01-31
    jarvis stats --json | jq -r '.days[] | [.day, .captures] | @tsv'
`
}

// stats is the object that --json prints. Times are null in an empty store, and
// the space is null when the disk does not answer.
type stats struct {
	Captures int64                `json:"captures"`
	Bytes    int64                `json:"bytes"`
	Oldest   *time.Time           `json:"oldest"`
	Newest   *time.Time           `json:"newest"`
	Free     *int64               `json:"free"`  // bytes on the disk of the images
	Total    *int64               `json:"total"` // likewise
	Devices  []jarvis.DeviceCount `json:"devices"`
	Days     []jarvis.DayCount    `json:"days"` // local days; see --tz
}

// Run prints the statistics.
func (cmd *statsCmd) Run(ctx context.Context, a *app) error {
	cfg, err := a.loadConfig()
	if err != nil {
		return err
	}
	from, to, err := timetext.ParseRange(cmd.From, cmd.To, a.now(), cfg.Location)
	if err != nil {
		return err
	}
	m, err := a.openMemory(ctx, cfg, needs{})
	if err != nil {
		return err
	}
	every := a.json || cmd.From != ""
	sums, err := m.Stats(ctx, from, to, cfg.Location, every)
	if err = errors.Join(err, m.close(ctx)); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(sums)
	}
	a.printStats(cfg, sums, every)
	return nil
}

// counters are what statistics are read from.
type counters interface {
	Stats(ctx context.Context) (jarvis.CatalogStats, error)
	CountDays(ctx context.Context, from, to time.Time, loc *time.Location) ([]jarvis.DayCount, error)
}

// collectStats counts every day in range, or the last ones only.
func collectStats(ctx context.Context, catalog counters, from, to time.Time, loc *time.Location, every bool) (*stats, error) {
	sums, err := catalog.Stats(ctx)
	if err != nil {
		return nil, err
	}
	var days []jarvis.DayCount
	if every {
		days, err = catalog.CountDays(ctx, from, to, loc)
	} else {
		days, err = lastDays(ctx, catalog, &sums, to, loc)
	}
	if err != nil {
		return nil, err
	}
	s := &stats{
		Captures: sums.Captures,
		Bytes:    sums.Bytes,
		Devices:  append([]jarvis.DeviceCount{}, sums.Devices...), // [] and never null
		Days:     append([]jarvis.DayCount{}, days...),
	}
	if sums.Captures > 0 {
		s.Oldest, s.Newest = &sums.Oldest, &sums.Newest
	}
	return s, nil
}

// daysShown is how many days a person is shown unless a range is asked for.
const daysShown = 14

// lastDays counts the last days up to a time that have captures, daysShown at
// most. It looks back no further than it has to: counters of years take time.
func lastDays(ctx context.Context, catalog counters, sums *jarvis.CatalogStats, to time.Time, loc *time.Location) ([]jarvis.DayCount, error) {
	if sums.Captures == 0 {
		return nil, nil
	}
	end := sums.Newest
	if !to.IsZero() && to.Before(end) {
		end = to
	}
	for span := 2 * daysShown; ; span *= 4 {
		from := end.AddDate(0, 0, -span)
		days, err := catalog.CountDays(ctx, from, to, loc)
		if err != nil || len(days) >= daysShown || !from.After(sums.Oldest) {
			return days[max(len(days)-daysShown, 0):], err
		}
	}
}

// printStats prints the statistics; every says that no day was left out.
func (a *app) printStats(cfg *config.Config, s *stats, every bool) {
	line := func(name, value string) { a.printf("%s  %s\n", a.style.faint(pad(name, 8)), value) }
	line("captures", countText(s.Captures))
	line("images", sizeText(s.Bytes))
	if s.Captures > 0 {
		line("oldest", timeText(*s.Oldest, cfg.Location))
		line("newest", timeText(*s.Newest, cfg.Location))
	}
	switch {
	case s.Free == nil && cfg.ServerURL != "": // a server does not tell
	case s.Free == nil:
		line("free", "not known: the disk of the images does not answer")
	default:
		line("free", sizeText(*s.Free)+" of "+sizeText(*s.Total))
	}
	if s.Captures == 0 {
		return
	}
	devices := table{columns: []column{{title: "DEVICE", shrink: 12}, {title: "CAPTURES", right: true}, {title: "SIZE", right: true}}}
	for _, d := range s.Devices {
		name := d.Device
		if name == "" {
			name = "(not known)"
		}
		devices.add(name, countText(d.Captures), sizeText(d.Bytes))
	}
	a.printf("\n")
	devices.print(a.console, true)
	a.printDays(s.Days)
	if oldest := s.Oldest.In(cfg.Location).Format(time.DateOnly); !every && len(s.Days) > 0 && oldest < s.Days[0].Day.String() {
		a.printf("%s\n", a.style.faint("Earlier days: see --from, or all of them with --json"))
	}
}

func (a *app) printDays(days []jarvis.DayCount) {
	most := int64(1)
	for _, d := range days {
		most = max(most, d.Captures)
	}
	t := table{columns: []column{
		{title: "DAY"},
		{title: "CAPTURES", right: true},
		{title: "SIZE", right: true},
		{title: "", faint: true, optional: 1},
	}}
	for _, d := range days {
		t.add(d.Day.String(), countText(d.Captures), sizeText(d.Bytes), strings.Repeat("▪", int((d.Captures*24+most-1)/most)))
	}
	a.printf("\n")
	t.print(a.console, true)
}
