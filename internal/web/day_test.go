package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// memory is a catalogue in memory.
type memory struct {
	captures []*jarvis.Capture
	deleted  map[jarvis.ID]bool
}

func (m *memory) FindCapture(_ context.Context, id jarvis.ID) (*jarvis.Capture, error) {
	if m.deleted[id] {
		return nil, jarvis.Errorf(jarvis.CodeDeleted, "the capture was deleted")
	}
	for _, c := range m.captures {
		if c.ID == id {
			return c, nil
		}
	}
	return nil, jarvis.Errorf(jarvis.CodeNotFound, "there is no such capture")
}

func (m *memory) FindCaptures(_ context.Context, f jarvis.CaptureFilter) ([]*jarvis.Capture, error) {
	var found []*jarvis.Capture
	for _, c := range m.captures {
		if !f.From.IsZero() && c.Timestamp.Before(f.From) || !f.To.IsZero() && !c.Timestamp.Before(f.To) ||
			f.Device != "" && c.Device != f.Device || f.Monitor != nil && c.MonitorIndex != *f.Monitor {
			continue
		}
		found = append(found, c)
	}
	slices.SortFunc(found, func(a, b *jarvis.Capture) int {
		if f.Order == jarvis.NewestFirst {
			a, b = b, a
		}
		return a.Timestamp.Compare(b.Timestamp)
	})
	return found[:min(len(found), f.Limit)], nil
}

// add adds a capture.
func (m *memory) add(t testing.TB, at, device string, monitor int, title string) *jarvis.Capture {
	t.Helper()
	taken, err := time.Parse(time.RFC3339Nano, at)
	must(t, err)
	text := "what was read"
	c := &jarvis.Capture{
		Timestamp: taken.UTC(), Device: device, MonitorIndex: monitor, AppName: "Editor", WindowTitle: title, Width: 1920, Height: 1080, OCRText: &text,
		ID: jarvis.CaptureID(jarvis.NewSecret(), [32]byte{}, taken, device, monitor),
	}
	m.captures = append(m.captures, c)
	return c
}

// holes is a Timelines that knows of one.
type holes struct {
	jarvis.Timelines
	hole jarvis.Hole
}

func (h holes) Timeline(_ context.Context, from, to time.Time) (*jarvis.Timeline, error) {
	return &jarvis.Timeline{From: from, To: to, Holes: []jarvis.Hole{h.hole}}, nil
}

type page struct {
	*httptest.ResponseRecorder
	err  error
	data pageData
}

// show asks for a page as the server does.
func show(t testing.TB, p *Pages, address string) page {
	t.Helper()
	mux := http.NewServeMux()
	got := page{ResponseRecorder: httptest.NewRecorder()}
	for _, pattern := range []string{"/{$}", "/day/{day}", "/week/{week}", "/at/{instant}", "/frame/{id}", "/search", "/pins"} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			_, got.err = p.Page(w, r, jarvis.Principal{Kind: jarvis.PrincipalSession, Own: true}, true)
		})
	}
	mux.ServeHTTP(got, httptest.NewRequest(http.MethodGet, address, nil))
	if _, rest, ok := strings.Cut(got.Body.String(), `id="page-data">`); ok && !strings.HasPrefix(address, "/search") {
		text, _, _ := strings.Cut(rest, "</script>")
		must(t, json.Unmarshal([]byte(text), &got.data))
	}
	return got
}

func (p page) want(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.Body.String(), text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

func berlin(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	return loc
}

func TestPages_Day(t *testing.T) {
	m := &memory{deleted: make(map[jarvis.ID]bool)}
	early := m.add(t, "2026-10-23T10:00:00Z", "ann@laptop", 0, "early")
	first := m.add(t, "2026-10-24T22:30:00.5Z", "ann@laptop", 0, `<script>alert("&title")</script>`)
	second := m.add(t, "2026-10-25T00:30:00Z", "ann@laptop", 1, "second")
	last := m.add(t, "2026-10-25T22:59:59Z", "bob@tower", 0, "last")
	late := m.add(t, "2026-10-28T09:00:00Z", "ann@laptop", 0, "late")
	now := time.Date(2026, time.November, 2, 12, 0, 0, 0, time.UTC)
	p := newPages(t, Options{Catalog: m, Location: berlin(t), Version: "1", Now: func() time.Time { return now }})

	day := show(t, p, "/day/2026-10-25")
	day.want(t, "00:30:00", "<title>00:30:00, Sun 25 Oct 2026</title>", "CEST", "/day/2026-10-23", "/day/2026-10-28", `width="1920" height="1080"`,
		`src="/api/captures/`+first.ID.String()+`/fit?width=1280"`, `data-capture="`+first.ID.String()+`"`, "&lt;script&gt;alert(")
	if strings.Contains(day.Body.String(), "<script>alert") || strings.Contains(day.Body.String(), "what was read") {
		t.Error("a title is markup, or the text is in the page")
	}
	if d := day.data; d.Zone != "Europe/Berlin" || d.To-d.From != 25*3600e6 || d.Capture.WindowTitle != first.WindowTitle || d.At != first.Timestamp.UnixMicro() || !d.Own || !d.Secure || d.Previous.String() != "2026-10-23" || d.Next.String() != "2026-10-28" {
		t.Errorf("the data are %+v", d)
	}
	for address, want := range map[string]*jarvis.Capture{
		"/": late, "/?device=bob%40tower": last,
		"/day/2026-10-25?at=2026-10-25T01:00:00Z":                     second,
		"/day/2026-10-25?at=2026-10-25T20:00:00Z":                     last,
		"/day/2026-10-25?at=2026-10-25T20:00:00Z&device=ann%40laptop": second,
		"/day/2026-10-25?device=ann%40laptop&monitor=1":               second,
		"/day/2026-10-25?device=nobody&monitor=7":                     first, // there is none of it, and another is better than nothing
		"/day/2026-10-24?tz=UTC":                                      first,
		"/day/2026-10-25?tz=America%2FSt_Johns":                       last,
		"/frame/" + early.ID.String():                                 early,
		"/week/2026-W43":                                              early,
		"/week/2026-W43?at=2026-10-25T20:00:00Z":                      last,
		"/week/2026-W44":                                              late,
	} {
		got := show(t, p, address)
		if got.err != nil || got.data.Capture == nil || got.data.Capture.ID != want.ID {
			t.Errorf("%s shows %+v, %v", address, got.data.Capture, got.err)
		}
	}
	if week := show(t, p, "/week/2026-W43").data; week.Zoom != "week" || week.Timeline.To-week.Timeline.From != (7*24+1)*3600e6 {
		t.Errorf("the week is %+v", week)
	}
	if got := show(t, p, "/day/2026-10-25?off=240000000"); !strings.Contains(got.Body.String(), "the nearest, 4 min later") {
		t.Error("the page does not say how far off it is")
	}
}

func TestPages_Day_Empty(t *testing.T) {
	m := &memory{}
	now := time.Date(2026, time.November, 2, 12, 0, 0, 0, time.UTC)
	hole := jarvis.Hole{Device: "ann@<laptop>", From: now.AddDate(0, 0, -7), To: now.AddDate(0, 0, 7), State: jarvis.HolePaused}
	p := newPages(t, Options{Catalog: m, Timelines: holes{hole: hole}, Now: func() time.Time { return now }})
	show(t, p, "/").want(t, "There are no captures yet", "jarvis demo", `action="/sign-out"`)
	m.add(t, "2026-10-23T10:00:00Z", "ann@laptop", 0, "early")
	show(t, p, "/day/2026-10-30").want(t, "Nothing was captured on this day", "ann@&lt;laptop&gt;: recording was paused (24 h).", `href="/day/2026-10-23"`)
	show(t, p, "/day/2026-11-02").want(t, "Nothing was captured today yet", "(12 h)")
	show(t, p, "/day/2026-11-03").want(t, "This day has not been yet")
	show(t, p, "/day/2026-10-01").want(t, "No device is known to have been there.", `rel="next" href="/day/2026-10-23"`, "There is no day before")
}

func TestPages_Addresses(t *testing.T) {
	m := &memory{deleted: make(map[jarvis.ID]bool)}
	before := m.add(t, "2026-10-23T10:00:00Z", "ann@laptop", 0, "before")
	gone := m.add(t, "2026-10-23T10:00:10Z", "ann@laptop", 0, "gone")
	after := m.add(t, "2026-10-23T10:00:20Z", "ann@laptop", 2, "after")
	m.captures = slices.DeleteFunc(m.captures, func(c *jarvis.Capture) bool { return c == gone })
	m.deleted[gone.ID] = true
	p := newPages(t, Options{Catalog: m, Now: time.Now})

	deleted := show(t, p, "/frame/"+gone.ID.String())
	deleted.want(t, "This capture was deleted", "/frame/"+before.ID.String(), "/frame/"+after.ID.String())
	if deleted.Code != http.StatusGone || deleted.err != nil {
		t.Errorf("a deleted capture is answered %d, %v", deleted.Code, deleted.err)
	}
	at := show(t, p, "/at/2026-10-23T12:01:00+02:00?zoom=hour")
	where, err := url.Parse(at.Header().Get("Location"))
	must(t, err)
	if q := where.Query(); at.Code != http.StatusFound || where.Path != "/day/2026-10-23" || q.Get("off") != "-40000000" || q.Get("at") != "2026-10-23T10:00:20Z" || q.Get("monitor") != "2" || q.Get("device") != "ann@laptop" || q.Get("zoom") != "hour" {
		t.Errorf("/at leads to %s", where)
	}
	if pins := show(t, p, "/pins"); pins.Header().Get("Location") != "/search?q=is%3Apinned" {
		t.Errorf("/pins leads to %s", pins.Header().Get("Location"))
	}
	for _, wrong := range []string{
		"/day/yesterday", "/day/2026-02-30", "/day/2026-1-1", "/day/0001-01-01", "/week/2026-W54", "/week/2026-W00", "/week/2026W04", "/week/2026-W4", "/at/noon", "/at/0999-01-01T00:00:00Z",
		"/frame/x", "/day/2026-10-23?tz=Local", "/day/2026-10-23?tz=Mars", "/day/2026-10-23?monitor=x", "/day/2026-10-23?monitor=-1", "/?device=%00", "/?device=%ff", "/?device=" + strings.Repeat("x", 256), "/day/2026-10-23?at=x", "/day/2026-10-23?zoom=year", "/day/2026-10-23?zoom=0", "/day/2026-10-23?off=x",
	} {
		if got := show(t, p, wrong); jarvis.ErrorCode(got.err) != jarvis.CodeInvalid || got.Body.Len() > 0 {
			t.Errorf("%s: %v", wrong, got.err)
		}
	}
	if got := show(t, p, "/frame/019be5a4-7c3e-7d10-8f2a-5b6c7d8e9f00"); jarvis.ErrorCode(got.err) != jarvis.CodeNotFound {
		t.Errorf("a capture that never was: %v", got.err)
	}
}

// Every instant lies within the bounds of its day, whatever clocks do.
func TestDayAt(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "America/St_Johns", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe"} {
		loc, err := time.LoadLocation(zone)
		must(t, err)
		for _, start := range []string{"2010-11-05", "2010-03-12", "2026-10-23", "2018-11-02", "2011-12-28"} {
			at, err := time.Parse(time.DateOnly, start)
			must(t, err)
			for range 5 * 24 * 12 {
				day := dayAt(at, loc)
				if from, to := bounds(day, loc); at.Before(from) || !at.Before(to) {
					t.Fatalf("%s in %s is on %s, from %s to %s", at, zone, day, from, to)
				}
				at = at.Add(5 * time.Minute)
			}
		}
	}
}
