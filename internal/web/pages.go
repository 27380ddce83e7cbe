package web

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Page answers a request for /, /day/{day}, /week/{week}, /at/{instant}, /frame/{id},
// /search or /pins, whose parts are path values, and returns of how many captures the
// page tells. secure says that the browser trusts the connection. An error says
// what is wrong with the address; then nothing was answered.
func (p *Pages) Page(w http.ResponseWriter, r *http.Request, principal jarvis.Principal, secure bool) (int64, error) {
	switch {
	case r.URL.Path == "/search":
		return p.search(w, r, principal, secure)
	case r.URL.Path == "/pins":
		http.Redirect(w, r, "/search?q="+url.QueryEscape("is:pinned"), http.StatusFound)
		return 0, nil
	}
	m, err := p.moment(r)
	if err != nil {
		return 0, err
	}
	switch {
	case r.PathValue("day") != "":
		if err := m.day.UnmarshalText([]byte(r.PathValue("day"))); err != nil {
			return 0, jarvis.Errorf(jarvis.CodeInvalid, "%.40q is not a day: an address is /day/2026-01-24", r.PathValue("day"))
		}
	case r.PathValue("week") != "":
		if m.day, err = parseWeek(r.PathValue("week")); err != nil {
			return 0, err
		}
		m.zoom = "week"
		return p.showWeek(w, r, principal, secure, m)
	case r.PathValue("instant") != "":
		return 0, p.goTo(w, r, m)
	case r.PathValue("id") != "":
		return p.showFrame(w, r, principal, secure, m)
	default:
		c, err := p.first(r.Context(), jarvis.CaptureFilter{Device: m.device, Monitor: m.monitor, Order: jarvis.NewestFirst})
		if err != nil {
			return 0, err
		}
		m.day = dayAt(p.now(), m.zone)
		if c != nil {
			m.day, m.capture = dayAt(c.Timestamp, m.zone), c
		}
	}
	return p.showDay(w, r, principal, secure, m)
}

// moment reads the query of an address.
func (p *Pages) moment(r *http.Request) (*moment, error) {
	q := r.URL.Query()
	m := &moment{zone: p.o.Location, zoom: "day", device: q.Get("device"), words: jarvis.CleanText(q.Get("q"), 1000)}
	if len(m.device) > jarvis.MaxDevice || jarvis.CleanText(m.device, jarvis.MaxDevice) != m.device {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "%.60q is not the name of a device", m.device)
	}
	var err error
	if name := q.Get("tz"); name != "" {
		if m.zone, err = time.LoadLocation(name); err != nil || name == "Local" {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "%.60q is not a time zone: write tz=Europe/Berlin", name)
		}
	}
	if text := q.Get("monitor"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > math.MaxInt32 {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "%.20q is not a monitor: they are counted from 0", text)
		}
		m.monitor = &n
	}
	if text := q.Get("at"); text != "" {
		if m.at, err = parseInstant(text); err != nil {
			return nil, err
		}
	}
	if text := q.Get("off"); text != "" {
		if m.off, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "%.20q is not a number of microseconds", text)
		}
	}
	if text := q.Get("zoom"); text != "" {
		seconds, err := strconv.Atoi(text)
		if text != "hour" && text != "day" && text != "week" && (err != nil || seconds < 1 || seconds > 14*86400) {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "%.20q is not how much is shown: hour, day, week, or a number of seconds", text)
		}
		m.zoom = text
	}
	return m, nil
}

// parseInstant reads RFC 3339.
func parseInstant(text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}, jarvis.Errorf(jarvis.CodeInvalid, "%.60q is not an instant: write 2026-01-24T15:20:00Z", text)
	}
	t = jarvis.Instant(t)
	if t.Before(jarvis.MinTime) || t.After(jarvis.MaxTime) {
		return time.Time{}, jarvis.Errorf(jarvis.CodeInvalid, "%s is not between the years 1970 and 9999", t.Format(time.RFC3339))
	}
	return t, nil
}

// parseWeek returns the Monday of a week, YYYY-Www.
func parseWeek(text string) (jarvis.Day, error) {
	var year, week int
	if _, err := fmt.Sscanf(text, "%4d-W%2d", &year, &week); err == nil && fmt.Sprintf("%04d-W%02d", year, week) == text {
		// The fourth of January is in the first week.
		fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)
		monday := fourth.AddDate(0, 0, (week-1)*7-(int(fourth.Weekday())+6)%7)
		if y, w := monday.ISOWeek(); y == year && w == week {
			return jarvis.DayOf(monday), nil
		}
	}
	return jarvis.Day{}, jarvis.Errorf(jarvis.CodeInvalid, "%.40q is not a week: an address is /week/2026-W04", text)
}

// showWeek shows a week: at the time that is asked for, else from its first capture.
func (p *Pages) showWeek(w http.ResponseWriter, r *http.Request, principal jarvis.Principal, secure bool, m *moment) (int64, error) {
	from, to := weekAround(m.day, m.zone)
	if from.Before(jarvis.MinTime) || to.After(jarvis.MaxTime) {
		return 0, jarvis.Errorf(jarvis.CodeInvalid, "the week is not between the years 1970 and 9999")
	}
	at := m.at
	if at.IsZero() || at.Before(from) || !at.Before(to) {
		at = from
	}
	c, err := p.find(r.Context(), m, at, from, to)
	if err != nil {
		return 0, err
	}
	if c != nil {
		m.day, m.capture = dayAt(c.Timestamp, m.zone), c
	}
	return p.showDay(w, r, principal, secure, m)
}

// goTo leads to the capture that is nearest to an instant, and says how far it is.
func (p *Pages) goTo(w http.ResponseWriter, r *http.Request, m *moment) error {
	at, err := parseInstant(r.PathValue("instant"))
	if err != nil {
		return err
	}
	c, err := p.find(r.Context(), m, at, time.Time{}, time.Time{})
	if err != nil {
		return err
	}
	q := make(url.Values)
	day := dayAt(at, m.zone)
	if c != nil {
		day = dayAt(c.Timestamp, m.zone)
		q.Set("at", c.Timestamp.UTC().Format(time.RFC3339Nano))
		q.Set("device", c.Device)
		q.Set("monitor", strconv.Itoa(c.MonitorIndex))
		if off := c.Timestamp.Sub(at).Microseconds(); off != 0 {
			q.Set("off", strconv.FormatInt(off, 10))
		}
	} else {
		q.Set("at", at.UTC().Format(time.RFC3339Nano))
	}
	for _, name := range []string{"zoom", "tz", "q"} {
		if value := r.URL.Query().Get(name); value != "" {
			q.Set(name, value)
		}
	}
	http.Redirect(w, r, "/day/"+day.String()+"?"+q.Encode(), http.StatusFound)
	return nil
}

// showFrame shows the day of one capture, at that capture.
func (p *Pages) showFrame(w http.ResponseWriter, r *http.Request, principal jarvis.Principal, secure bool, m *moment) (int64, error) {
	id, err := jarvis.ParseID(r.PathValue("id"))
	if err != nil {
		return 0, err
	}
	c, err := p.o.Catalog.FindCapture(r.Context(), id)
	switch {
	case errors.Is(err, jarvis.ErrDeleted):
		return 0, p.showDeleted(w, r, id, m)
	case err != nil:
		return 0, err
	}
	m.day, m.capture = dayAt(c.Timestamp, m.zone), c
	m.device, m.monitor = c.Device, &c.MonitorIndex
	return p.showDay(w, r, principal, secure, m)
}

// showDeleted says that a capture was deleted, and offers those that were taken
// before and after it: an id that the store chose tells when it was.
func (p *Pages) showDeleted(w http.ResponseWriter, r *http.Request, id jarvis.ID, m *moment) error {
	data := problemData{Status: http.StatusGone, Title: "This capture was deleted", Detail: "Its image and its text are gone for good."}
	if at, ok := takenAt(id); ok {
		for _, f := range []struct {
			jarvis.CaptureFilter
			text string
		}{
			{jarvis.CaptureFilter{To: at, Order: jarvis.NewestFirst}, "The one before it, "},
			{jarvis.CaptureFilter{From: at, Order: jarvis.OldestFirst}, "The one after it, "},
		} {
			c, err := p.first(r.Context(), f.CaptureFilter)
			if err != nil {
				return err
			}
			if c != nil {
				local := c.Timestamp.In(m.zone)
				data.Links = append(data.Links, link{"/frame/" + c.ID.String(), f.text + local.Format("15:04:05, Mon 2 Jan 2006")})
			}
		}
	}
	return p.show(w, r, data.Status, "problem.html", data)
}

// takenAt returns the time in an id of version 7.
func takenAt(id jarvis.ID) (time.Time, bool) {
	text := strings.ReplaceAll(id.String(), "-", "")
	ms, err := strconv.ParseInt(text[:12], 16, 64)
	if err != nil || text[12] != '7' {
		return time.Time{}, false
	}
	at := time.UnixMilli(ms).UTC()
	return at, !at.Before(jarvis.MinTime) && !at.After(jarvis.MaxTime)
}
