package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jarvis-memory/jarvis"
)

// instant is a time in a request: RFC 3339, and in UTC where it names no zone. The
// zero instant is none.
type instant struct{ time.Time }

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *instant) UnmarshalText(text []byte) error {
	t, err := parseInstant(string(text))
	i.Time = t
	return err
}

// Schema implements huma.SchemaProvider.
func (instant) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "A time as RFC 3339 has it; without a zone it means UTC.", Examples: []any{"2026-01-24T20:39:09.123456Z"}}
}

// parseInstant reads a time as RFC 3339 has it, or without a zone, which means
// UTC. The years are those that captures may have.
func parseInstant(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		t, err := time.Parse(layout, text)
		if err != nil || strings.Contains(text, ",") { // time.Parse takes a comma for a point
			continue
		}
		if t.Before(jarvis.MinTime) || t.After(jarvis.MaxTime) {
			return time.Time{}, jarvis.Errorf(jarvis.CodeInvalid, "the time is not between the years 1970 and 9999")
		}
		return jarvis.Instant(t), nil
	}
	return time.Time{}, jarvis.Errorf(jarvis.CodeInvalid, "it is no time: write 2026-01-24T20:39:09Z, or 2026-01-24T20:39:09.123456+01:00")
}

// optional is a parameter that may be left out, unlike one that is zero.
type optional[T any] struct {
	value *T
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *optional[T]) UnmarshalText(text []byte) error {
	value := new(T)
	if err := json.Unmarshal(text, value); err != nil {
		return jarvis.Errorf(jarvis.CodeInvalid, "%.40q is not a value that this can have", text)
	}
	o.value = value
	return nil
}

// Schema implements huma.SchemaProvider: a parameter is text until it is read.
func (optional[T]) Schema(huma.Registry) *huma.Schema {
	var value any = *new(T)
	if _, ok := value.(bool); ok {
		return &huma.Schema{Type: huma.TypeString, Enum: []any{"true", "false"}}
	}
	return &huma.Schema{Type: huma.TypeString, Pattern: "^[0-9]{1,10}$"}
}

// Period is a half-open range of time. It is exported because huma passes over
// what is embedded and not exported.
type Period struct {
	From instant `query:"from" doc:"From this time on."`
	To   instant `query:"to" doc:"Before this time."`
}

func (p Period) check() error {
	if !p.From.IsZero() && !p.To.IsZero() && p.From.After(p.To.Time) {
		return jarvis.Errorf(jarvis.CodeInvalid, "the time ends before it begins: from is after to")
	}
	return nil
}

// Selection selects captures. For its name see Period.
type Selection struct {
	Period
	Device  string         `query:"device" maxLength:"255" doc:"Of exactly this device."`
	App     string         `query:"app" maxLength:"4096" doc:"Of exactly this app."`
	Monitor optional[int]  `query:"monitor" doc:"Of exactly this monitor."`
	Pinned  optional[bool] `query:"pinned" doc:"Only pinned ones, or only others."`
}

// plainText fails for a parameter that no stored text can equal, and that not every
// database takes: one with a NUL, or that is not UTF-8.
func plainText(name, value string) error {
	if !utf8.ValidString(value) || strings.Contains(value, "\x00") {
		return jarvis.Errorf(jarvis.CodeInvalid, "the parameter %s is not text: it has a NUL, or bytes that are not UTF-8", name)
	}
	return nil
}

func (s *Selection) filter() (jarvis.CaptureFilter, error) {
	if err := cmp.Or(plainText("device", s.Device), plainText("app", s.App)); err != nil {
		return jarvis.CaptureFilter{}, err
	}
	return jarvis.CaptureFilter{
		From: s.From.Time, To: s.To.Time, Device: s.Device, AppName: s.App, Monitor: s.Monitor.value, Pinned: s.Pinned.value,
	}, s.check()
}

// zoneOf returns the time zone of a name; no name is UTC.
func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "%.60q is not a time zone: write Europe/Berlin, or leave it out for UTC", name)
	}
	return zone, nil
}

// accessCursor is a position in the access log.
type accessCursor struct {
	Minute  time.Time     `json:"m"`
	Who     string        `json:"w"`
	Address string        `json:"a"`
	Action  jarvis.Action `json:"x"`
}

func cursorOf(a *jarvis.Access) (string, error) {
	text, err := json.Marshal(accessCursor{a.Minute, a.Who, a.Address, a.Action})
	return base64.RawURLEncoding.EncodeToString(text), err
}

// parseAccessCursor reads what cursorOf returned, and nil of empty text.
func parseAccessCursor(text string) (*jarvis.Access, error) {
	if text == "" {
		return nil, nil
	}
	var c accessCursor
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err == nil {
		err = json.Unmarshal(decoded, &c)
	}
	if year := c.Minute.Year(); err != nil || c.Minute.IsZero() || year < 1 || year > 9999 {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "this is not a cursor: use the one that the previous page gave")
	}
	return &jarvis.Access{
		Minute: jarvis.Instant(c.Minute), Who: jarvis.CleanText(c.Who, jarvis.MaxWho),
		Address: jarvis.CleanText(c.Address, jarvis.MaxAddress), Action: jarvis.Action(jarvis.CleanText(string(c.Action), jarvis.MaxWho)),
	}, nil
}
