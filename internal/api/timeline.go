package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jarvis-memory/jarvis"
)

// maxTimelines is how many timelines, indices, lists of sheets and pages are made at once.
const maxTimelines = 8

const (
	timelineAbout = "Sums a time up by minute: how many captures each monitor has, of which app, and why a minute has none. A day of one monitor is some 4 KB."
	indexAbout    = "Tells where the captures of a device are: their times, monitors and apps, in columns of binary numbers. docs/timeline.md has its form."
	sheetsAbout   = "Lists the sheets of small pictures of a monitor. A sheet's name changes with what is in it."
	sheetAbout    = "Returns a sheet: up to 60 pictures of 320 x 180 pixels, ten in a row, each at the place of its time. With its current name, the browser of a person's own computer may keep it."
	nearestAbout  = "Returns the capture that is nearest to a time, and how far off it is."
	fitAbout      = "Returns the image as a JPEG of at most a width, or as it was given if it is no wider."
)

// timelines returns what sums up times.
func (s *Server) timelines() (jarvis.Timelines, error) {
	if s.o.Timelines == nil {
		return nil, jarvis.Errorf(jarvis.CodeNotFound, "this server sums no times up")
	}
	return s.o.Timelines, nil
}

// summing takes a place of those that timelines have. It is to be given back.
func (s *Server) summing(ctx context.Context) (jarvis.Timelines, func(), error) {
	t, err := s.timelines()
	if err != nil {
		return nil, nil, err
	}
	place, err := s.sums.take(ctx, 1)
	return t, func() { s.sums.give(place) }, err
}

type timelineInput struct {
	From instant `query:"from" required:"true" doc:"From this time on, rounded to the minute."`
	To   instant `query:"to" required:"true" doc:"Before this time; at most 8 days later."`
}

type timelineOutput struct{ Body *jarvis.Timeline }

func (s *Server) getTimeline(ctx context.Context, in *timelineInput) (*timelineOutput, error) {
	t, done, err := s.summing(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := t.Timeline(ctx, in.From.Time, in.To.Time)
	if err != nil {
		return nil, err
	}
	var captures int64
	for _, lane := range found.Lanes {
		for i := 0; i < len(lane.Minutes); i += jarvis.MinuteBytes {
			captures += int64(lane.Minutes[i])
		}
	}
	s.record(ctx, jarvis.ActionView, captures)
	return &timelineOutput{found}, nil
}

// sheetsInput names the sheets of a monitor.
type sheetsInput struct {
	Device  string  `query:"device" maxLength:"255" doc:"Of exactly this device; empty for the one that nobody named."`
	Monitor int     `query:"monitor" minimum:"0" maximum:"2147483647" default:"0"`
	Kind    string  `query:"kind" enum:"hour,five" default:"hour" doc:"Sheets of an hour, a tile a minute, or of five minutes, a tile every five seconds."`
	From    instant `query:"from" required:"true" doc:"Sheets that have an instant from this time on."`
	To      instant `query:"to" required:"true" doc:"Before this time; at most 8 days later."`
}

type sheetsOutput struct{ Body page[jarvis.Sheet] }

func (s *Server) listSheets(ctx context.Context, in *sheetsInput) (*sheetsOutput, error) {
	if err := plainText("device", in.Device); err != nil {
		return nil, err
	}
	t, done, err := s.summing(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	found, err := t.Sheets(ctx, in.Device, in.Monitor, jarvis.SheetKind(in.Kind), in.From.Time, in.To.Time)
	if err != nil {
		return nil, err
	}
	s.record(ctx, jarvis.ActionView, 0)
	return &sheetsOutput{page[jarvis.Sheet]{Items: append([]jarvis.Sheet{}, found...)}}, nil
}

type nearestInput struct {
	At      instant       `query:"at" required:"true" doc:"The time that is meant."`
	Device  string        `query:"device" maxLength:"255" doc:"Of exactly this device; any when it is left out."`
	Monitor optional[int] `query:"monitor" doc:"Of exactly this monitor; any when it is left out."`
}

type nearestOutput struct {
	Body struct {
		Capture *jarvis.Capture `json:"capture" doc:"Without its text."`
		Off     int64           `json:"off" doc:"Microseconds from the time that was meant to the capture; below zero when it is earlier."`
	}
}

func (s *Server) getNearest(ctx context.Context, in *nearestInput) (*nearestOutput, error) {
	if err := plainText("device", in.Device); err != nil {
		return nil, err
	}
	t, err := s.timelines()
	if err != nil {
		return nil, err
	}
	c, err := t.Nearest(ctx, in.Device, in.Monitor.value, in.At.Time)
	if err != nil {
		return nil, err
	}
	show(c)
	out := new(nearestOutput)
	out.Body.Capture, out.Body.Off = c, c.Timestamp.Sub(in.At.Time).Microseconds()
	s.record(ctx, jarvis.ActionView, 1)
	return out, nil
}

// binary returns the operation of a handler that answers with bytes of a media type.
func (s *Server) binary(handle func(http.ResponseWriter, *http.Request) error, media []string, parameters ...*huma.Param) operation {
	return func(m *mounting, op huma.Operation) {
		content := make(map[string]*huma.MediaType)
		for _, one := range media {
			content[one] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
		}
		op.Parameters = parameters
		op.Responses["200"] = &huma.Response{Description: http.StatusText(http.StatusOK), Content: content}
		if media[0] == jarvis.JPEG.MediaType() {
			op.Responses["206"] = &huma.Response{Description: "A range of it", Content: content}
			op.Responses["304"] = &huma.Response{Description: "Not modified"}
			op.Responses["416"] = op.Responses["400"]
		}
		m.api.OpenAPI().AddOperation(&op)
		m.HandleFunc(op.Method+" "+op.Path, s.orRefuse(handle))
	}
}

func textParameter(name string, required bool, about string) *huma.Param {
	return &huma.Param{Name: name, In: "query", Required: required, Description: about, Schema: &huma.Schema{Type: huma.TypeString}}
}

func indexParameters() []*huma.Param {
	return []*huma.Param{
		textParameter("device", false, "Of exactly this device; empty for the one that nobody named."),
		textParameter("from", true, "From this time on."), textParameter("to", true, "Before this time; at most 8 days later."),
	}
}

func sheetParameters() []*huma.Param {
	return []*huma.Param{
		textParameter("device", false, "Of exactly this device; empty for the one that nobody named."),
		textParameter("monitor", false, "The monitor's number; 0 when it is left out."),
		textParameter("kind", false, "hour or five; hour when it is left out."),
		textParameter("from", true, "When the sheet begins."),
		textParameter("name", false, "What the list of sheets calls it. Whoever leaves it out, or has an old one, gets the sheet as it is now, and must not keep it."),
	}
}

// queries are the parameters of a request whose handler is raw.
type queries map[string]string

// readQueries reads the parameters of a request, which are those of a list, each once at
// most, and text.
func readQueries(r *http.Request, known []*huma.Param) (queries, error) {
	read := make(queries)
	for name, values := range r.URL.Query() {
		var found bool
		for _, p := range known {
			found = found || p.Name == name && p.In == "query"
		}
		if !found {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "there is no parameter %.40q here", name)
		}
		if len(values) != 1 || len(values[0]) > jarvis.MaxDevice {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "the parameter %s is given once, and has %d bytes at most", name, jarvis.MaxDevice)
		}
		if err := plainText(name, values[0]); err != nil {
			return nil, err
		}
		read[name] = values[0]
	}
	return read, nil
}

// instant returns the time of a parameter, which must be given.
func (q queries) instant(name string) (time.Time, error) {
	t, err := parseInstant(q[name])
	if err != nil {
		return t, jarvis.Errorf(jarvis.CodeInvalid, "the parameter %s: %s", name, err.Error())
	}
	return t, nil
}

func (s *Server) getIndex(w http.ResponseWriter, r *http.Request) error {
	q, err := readQueries(r, indexParameters())
	if err != nil {
		return err
	}
	from, err := q.instant("from")
	if err != nil {
		return err
	}
	to, err := q.instant("to")
	if err != nil {
		return err
	}
	t, done, err := s.summing(r.Context())
	if err != nil {
		return err
	}
	defer done()
	index, err := t.Index(r.Context(), q["device"], from, to)
	if err != nil {
		return err
	}
	s.record(r.Context(), jarvis.ActionView, 0)
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Vary", "Accept-Encoding, Cookie, Authorization")
	if acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		if index, err = compress(index); err != nil {
			return err
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(index)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		s.write(w, r, index)
	}
	return nil
}

// acceptsGzip reports whether the client says so. One that says "gzip;q=0" does not.
func acceptsGzip(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept-Encoding") {
		for one := range strings.SplitSeq(line, ",") {
			name, weight, _ := strings.Cut(one, ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				weight = strings.ReplaceAll(weight, " ", "")
				return !strings.HasPrefix(weight, "q=0") || strings.Trim(weight, "q=0.") != ""
			}
		}
	}
	return false
}

func compress(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, bytes.NewReader(data)); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (s *Server) getSheet(w http.ResponseWriter, r *http.Request) error {
	q, err := readQueries(r, sheetParameters())
	if err != nil {
		return err
	}
	from, err := q.instant("from")
	if err != nil {
		return err
	}
	monitor := 0
	if text := q["monitor"]; text != "" {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 0 {
			return jarvis.Errorf(jarvis.CodeInvalid, "the parameter monitor is the number of a monitor, from 0 on")
		}
		monitor = int(n)
	}
	kind := jarvis.SheetHour
	if text, ok := q["kind"]; ok {
		kind = jarvis.SheetKind(text)
	}
	sheet, err := s.sheetAt(r.Context(), q["device"], monitor, kind, from)
	if err != nil {
		return err
	}
	tag := `"` + sheet.Name + `"`
	if q["name"] == sheet.Name {
		s.keepForever(w, r, tag)
	}
	if unchanged(r, tag) {
		s.record(r.Context(), jarvis.ActionView, int64(sheet.Tiles))
		return answerUnchanged(w, nil)
	}
	// How many are made at once is bounded where they are made.
	name, jpeg, err := s.o.Timelines.Sheet(r.Context(), q["device"], monitor, kind, from)
	if err != nil {
		return err
	}
	if name != q["name"] { // it changed since, or an image is missing
		w.Header().Del("Etag")
		w.Header().Set("Cache-Control", "no-store")
	}
	s.record(r.Context(), jarvis.ActionView, int64(sheet.Tiles))
	w.Header().Set("Content-Type", jarvis.JPEG.MediaType())
	s.send(w, r, jpeg)
	return nil
}

// sheetAt returns the sheet that begins at from, without making it.
func (s *Server) sheetAt(ctx context.Context, device string, monitor int, kind jarvis.SheetKind, from time.Time) (jarvis.Sheet, error) {
	length := kind.Length()
	if length == 0 {
		return jarvis.Sheet{}, jarvis.Errorf(jarvis.CodeInvalid, "the parameter kind is hour or five")
	}
	t, done, err := s.summing(ctx)
	if err != nil {
		return jarvis.Sheet{}, err
	}
	defer done()
	found, err := t.Sheets(ctx, device, monitor, kind, from, from.Add(length))
	if err != nil {
		return jarvis.Sheet{}, err
	}
	for _, sheet := range found {
		if sheet.From.Equal(from) {
			return sheet, nil
		}
	}
	return jarvis.Sheet{}, jarvis.Errorf(jarvis.CodeNotFound, "there are no captures of this monitor in a sheet that begins then")
}

// keepForever says that the browser of a person's own computer may keep an answer
// whose address names what is in it.
func (s *Server) keepForever(w http.ResponseWriter, r *http.Request, tag string) {
	s.keepable(w, r, tag)
	if principal(r.Context()).Own {
		w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	}
}
