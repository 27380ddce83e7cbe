package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/api"
)

func TestServer_Days(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		for n := range 3 {
			r.add(n * 12 * 3600) // noon, midnight, noon of the next day
		}
		days := func(query string) string {
			var text []string
			for _, d := range listOf[jarvis.DayCount](r.get(r.reader, "/api/days"+query)).Items {
				text = append(text, fmt.Sprintf("%s:%d", d.Day, d.Captures))
			}
			return strings.Join(text, " ")
		}
		for query, want := range map[string]string{
			"":                           "2026-01-24:1 2026-01-25:2",
			"?tz=America/New_York":       "2026-01-24:2 2026-01-25:1",
			"?from=2026-01-25T00:00:00Z": "2026-01-25:2",
			"?to=2026-01-25T00:00:00Z":   "2026-01-24:1",
			"?from=2027-01-25T00:00:00Z": "",
			"?tz=Europe%2FBerlin&from=2026-01-24T10:00:00Z": "2026-01-24:1 2026-01-25:2",
		} {
			if got := days(query); got != want {
				t.Errorf("%q: %q; want %q", query, got, want)
			}
		}
		for _, query := range []string{"?tz=Nowhere", "?tz=Local", "?tz=..%2F..%2Fetc%2Fpasswd", "?tz=%2Fetc%2Fpasswd", "?from=x", "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"} {
			r.get(r.reader, "/api/days"+query).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
	})
}

// minutes is the answer about a day.
type minutes struct {
	Date, TZ string
	From, To time.Time
	Devices  []string
	Apps     []string
	Counts   struct{ Minute, Device, Monitor, App, Captures []int }
	Spans    struct {
		Device, From, To []int
		State            []string
	}
}

func TestServer_Minutes(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		for n := range 3 {
			r.add(n * 40) // two in the first minute, one in the second
		}
		r.post(r.device, "/api/coverage", `{"spans":[
			{"number":1,"from":"2026-01-24T11:00:00Z","to":"2026-01-24T12:00:00Z","state":"idle"},
			{"number":2,"from":"2026-01-24T12:00:00Z","to":"2026-01-24T12:10:00Z","state":"recording"},
			{"number":3,"from":"2026-01-24T12:10:00Z","to":"2026-01-24T12:20:00Z","state":"recording"},
			{"number":4,"from":"2026-01-24T13:00:00Z","to":"2026-01-25T13:00:00Z","state":"paused"}]}`).want(http.StatusOK)
		var got minutes
		a := r.get(r.reader, "/api/days/2026-01-24/minutes").want(http.StatusOK)
		a.json(&got)
		want := minutes{Date: "2026-01-24", TZ: "UTC", From: noon.Truncate(24 * time.Hour), To: noon.Truncate(24 * time.Hour).Add(24 * time.Hour), Devices: []string{"desk"}, Apps: []string{secretApp}}
		want.Counts.Minute, want.Counts.Device, want.Counts.Monitor, want.Counts.App, want.Counts.Captures = []int{720, 721}, []int{0, 0}, []int{0, 0}, []int{0, 0}, []int{2, 1}
		want.Spans.Device, want.Spans.From, want.Spans.To = []int{0, 0, 0, 0}, []int{39600, 43200, 44400, 46800}, []int{43200, 44400, 46800, 86400}
		want.Spans.State = []string{"idle", "recording", "unexplained", "paused"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the minutes differ (-want +got):\n%s", diff)
		}
		var none minutes
		r.get(r.reader, "/api/days/2026-01-24/minutes?device=other").want(http.StatusOK).json(&none)
		if len(none.Counts.Minute) != 0 || len(none.Spans.From) != 0 {
			t.Errorf("of another device: %+v", none)
		}
		r.get(r.reader, "/api/days/2026-03-29/minutes?tz=Europe/Berlin").want(http.StatusOK).json(&none)
		if none.To.Sub(none.From) != 23*time.Hour {
			t.Errorf("the day of a change of clocks has %s", none.To.Sub(none.From))
		}
		for _, path := range []string{"today/minutes", "2026-02-30/minutes", "2026-1-1/minutes", "9999-12-31/minutes", "1969-12-31/minutes", "2026-01-24/minutes?tz=x"} {
			r.get(r.reader, "/api/days/"+path).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
	})
}

func TestServer_Coverage(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		var put struct{ Stored int }
		r.post(r.device, "/api/coverage", `{"later":1,"spans":[{"device":"not me","number":1,"from":"2026-01-24T12:00:00","to":"2026-01-24T12:10:00Z","state":"recording","later":true}]}`).want(http.StatusOK).json(&put)
		if put.Stored != 1 {
			t.Errorf("%d are stored", put.Stored)
		}
		// It grew, and goes on after a hole; another device is told of by hand.
		r.post(r.device, "/api/coverage", `{"spans":[{"number":1,"from":"2026-01-24T12:00:00Z","to":"2026-01-24T12:20:00Z","state":"recording"},
			{"number":2,"from":"2026-01-24T12:30:00Z","to":"2026-01-24T12:40:00Z","state":"locked"}]}`).want(http.StatusOK)
		r.post(r.admin, "/api/coverage", `{"spans":[{"device":"lap","number":1,"from":"2026-01-24T12:00:00Z","to":"2026-01-24T13:00:00Z","state":"failed"}]}`).want(http.StatusOK)
		r.post(r.device, "/api/coverage", `{"spans":[]}`).want(http.StatusOK)

		type coverage struct {
			Spans []jarvis.Span
			Gaps  []jarvis.Gap
		}
		get := func(query string) string {
			var c coverage
			r.get(r.reader, "/api/coverage"+query).want(http.StatusOK).json(&c)
			var text []string
			for _, s := range c.Spans {
				text = append(text, fmt.Sprintf("%s %d %s %s-%s", s.Device, s.Number, s.State, s.From.Format("15:04"), s.To.Format("15:04")))
			}
			for _, g := range c.Gaps {
				text = append(text, fmt.Sprintf("%s gap %s-%s", g.Device, g.From.Format("15:04"), g.To.Format("15:04")))
			}
			return strings.Join(text, ", ")
		}
		const hour = "?from=2026-01-24T11:00:00Z&to=2026-01-24T13:00:00Z"
		for query, want := range map[string]string{
			hour:                   "desk 1 recording 12:00-12:20, desk 2 locked 12:30-12:40, lap 1 failed 12:00-13:00, desk gap 12:20-12:30, desk gap 12:40-13:00",
			hour + "&device=lap":   "lap 1 failed 12:00-13:00",
			hour + "&device=other": "",
		} {
			if got := get(query); got != want {
				t.Errorf("%q: %q; want %q", query, got, want)
			}
		}
		r.get(r.reader, "/api/coverage").want(http.StatusOK)
		r.post(r.device, "/api/coverage", `{"spans":[{"number":2,"from":"2026-01-24T12:30:00Z","to":"2026-01-24T12:40:00Z","state":"idle"}]}`).wantProblem(http.StatusConflict, jarvis.CodeConflict)
		for _, body := range []string{
			"", "{}", `{"spans":null}`, `{"spans":[{}]}`, `{"spans":[{"number":9,"from":"2026-01-24T12:30:00Z","to":"2026-01-24T12:40:00Z","state":"dancing"}]}`,
			`{"spans":[{"number":9,"from":"2026-01-24T12:40:00Z","to":"2026-01-24T12:40:00Z","state":"idle"}]}`, `{"spans":[{"number":"9"}]}`, `{"spans":[{"number":1e99}]}`,
		} {
			r.post(r.device, "/api/coverage", body).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
		for _, query := range []string{"?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "?from=x"} {
			r.get(r.reader, "/api/coverage"+query).wantProblem(http.StatusBadRequest, jarvis.CodeInvalid)
		}
		devices := listOf[jarvis.DeviceInfo](r.get(r.reader, "/api/devices")).Items
		if len(devices) != 2 || devices[0].Device != "desk" || devices[0].SpansTo.IsZero() {
			t.Errorf("the devices are %+v", devices)
		}
	})
}

func TestServer_Stats(t *testing.T) {
	onAll(t, func(t *testing.T, r *rig) {
		r.add(1)
		var stats struct {
			jarvis.CatalogStats
			Storage jarvis.Usage
		}
		r.get(r.reader, "/api/stats").want(http.StatusOK).json(&stats)
		if stats.Captures != 1 || stats.Bytes == 0 || len(stats.Devices) != 1 || stats.Storage.Total == 0 {
			t.Errorf("the stats are %+v", stats)
		}
	})
}

// busy is a catalogue with two apps in every minute, 20,000 captures a day.
type busy struct{ api.Catalog }

func (busy) CountMinutes(_ context.Context, from, to time.Time) (counts []jarvis.MinuteCount, err error) {
	for at := from; at.Before(to); at = at.Add(time.Minute) {
		for app := range 2 {
			counts = append(counts, jarvis.MinuteCount{Minute: at, Device: "desk", AppName: fmt.Sprintf("app %d", app), Captures: 7})
		}
	}
	return counts, nil
}

// A day of 20,000 captures is some kilobytes.
func TestServer_Minutes_Small(t *testing.T) {
	r := newRig(t, func(o *api.Options) { o.Catalog = busy{o.Catalog} })
	a := r.get(r.reader, "/api/days/2026-01-24/minutes").want(http.StatusOK)
	if len(a.body) < 10<<10 || len(a.body) > 48<<10 {
		t.Errorf("a day is %d bytes", len(a.body))
	}
}
