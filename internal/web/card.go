package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
)

// card is a session of results.
type card struct {
	ID, Href       string
	Day, Span      string // such as "Sat 24 Jan 2026" and "15:02:10 to 15:20:44"
	ISO            string
	Seen, Where    string
	Device, App    string
	Title, Snippet []piece
	Alt            string
}

// piece is a part of a text, which matches or does not.
type piece struct {
	Text string
	Mark bool
}

// cardScript is what the scripts know of a card. Instants are microseconds since 1970.
type cardScript struct {
	ID      jarvis.ID    `json:"id"`
	At      int64        `json:"at"`
	From    int64        `json:"from"`
	To      int64        `json:"to"`
	Count   int64        `json:"count"`
	Device  string       `json:"device"`
	Monitor int          `json:"monitor"`
	Width   int          `json:"width"`
	Height  int          `json:"height"`
	Boxes   []jarvis.Box `json:"boxes"`
}

// The most of a result that its card shows: boxes, and characters of one piece.
const (
	maxCardBoxes = 100
	maxPiece     = 300
)

// card describes a session.
func (a *asked) card(r *jarvis.SearchResult, found *jarvis.SearchPage) card {
	c := r.Capture
	from, to := r.From.In(a.zone), r.To.In(a.zone)
	day := dayAt(c.Timestamp, a.zone)
	v := url.Values{
		"at": {c.Timestamp.UTC().Format(time.RFC3339Nano)}, "device": {c.Device}, "monitor": {strconv.Itoa(c.MonitorIndex)},
		"q": {found.Understood},
	}
	if a.tz != "" {
		v.Set("tz", a.tz)
	}
	seen := card{
		ID: c.ID.String(), Href: "/day/" + day.String() + "?" + v.Encode(),
		Day: to.Format("Mon 2 Jan 2006"), Span: spanText(from, to), ISO: c.Timestamp.UTC().Format(time.RFC3339Nano),
		Seen: seenText(r), Where: where(r, found),
		Device: c.Device, App: c.AppName,
		Title: pieces(clip(c.WindowTitle, maxPiece), r.Title), Snippet: pieces(r.Snippet.Text, r.Snippet.Marks),
		Alt: "Screenshot of " + to.Format("15:04:05, Mon 2 Jan 2006"),
	}
	if c.MonitorIndex > 0 {
		seen.Device += ", monitor " + strconv.Itoa(c.MonitorIndex+1)
	}
	return seen
}

func (a *asked) cardScript(r *jarvis.SearchResult) cardScript {
	c := r.Capture
	return cardScript{
		ID: c.ID, At: c.Timestamp.UnixMicro(), From: r.From.UnixMicro(), To: r.To.UnixMicro(), Count: r.Count,
		Device: c.Device, Monitor: c.MonitorIndex, Width: c.Width, Height: c.Height,
		Boxes: append([]jarvis.Box{}, r.Boxes[:min(len(r.Boxes), maxCardBoxes)]...),
	}
}

// spanText writes from when to when something was, both times of one zone.
func spanText(from, to time.Time) string {
	const clock = "15:04:05"
	switch {
	case from.Format(time.DateTime) == to.Format(time.DateTime):
		return to.Format(clock)
	case from.Format(time.DateOnly) == to.Format(time.DateOnly):
		return from.Format(clock) + " to " + to.Format(clock)
	}
	return from.Format("Mon 2 Jan, "+clock) + " to " + to.Format(clock)
}

// seenText says how often something was seen, and how long.
func seenText(r *jarvis.SearchResult) string {
	if r.Count == 1 {
		return "seen once"
	}
	return "seen " + grouped(r.Count) + " times over " + lengthText(r.To.Sub(r.From))
}

// where says where in the capture the words were found; empty where none were looked
// for.
func where(r *jarvis.SearchResult, found *jarvis.SearchPage) string {
	var places []string
	if len(r.Snippet.Marks) > 0 || len(r.Boxes) > 0 {
		places = append(places, "on the screen")
	}
	if len(r.Title) > 0 {
		places = append(places, "in the title")
	}
	if len(places) == 0 {
		for _, term := range found.Terms {
			if strings.HasPrefix(term.Query, "url:") {
				return "in the address"
			}
		}
	}
	return strings.Join(places, " and ")
}

// pieces cuts a text at its marks. What is longer than a card can show is clipped; of
// a mark that is cut, the part that is left is marked.
func pieces(text string, marks []jarvis.Mark) []piece {
	var all []piece
	at := 0
	add := func(end int, mark bool) {
		end = min(end, len(text))
		for end < len(text) && !utf8.RuneStart(text[end]) {
			end++
		}
		if end > at {
			all = append(all, piece{clip(text[at:end], maxPiece), mark})
			at = end
		}
	}
	for _, m := range marks {
		add(m.Start, false)
		add(m.End, true)
	}
	add(len(text), false)
	return all
}
