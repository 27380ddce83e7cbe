package api

import (
	"context"
	"slices"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// spanJSON is a span as agents send it.
type spanJSON struct {
	_      struct{}         `additionalProperties:"true"`
	Device string           `json:"device,omitempty" maxLength:"255" doc:"That of a device's token counts instead."`
	Number int64            `json:"number" doc:"Counted by the agent; with the device it is the span's key."`
	From   string           `json:"from" maxLength:"60" doc:"RFC 3339; without a zone it means UTC."`
	To     string           `json:"to" maxLength:"60" doc:"After from."`
	State  jarvis.SpanState `json:"state" enum:"recording,unchanged,idle,locked,paused,excluded,suspended,spool_full,failed"`
}

type putCoverageInput struct {
	Body struct {
		_     struct{}   `additionalProperties:"true"`
		Spans []spanJSON `json:"spans" maxItems:"5000" nullable:"false"`
	}
}

type putCoverageOutput struct {
	Body struct {
		Stored int `json:"stored" doc:"How many spans the server has of those that were sent."`
	}
}

func (s *Server) putCoverage(ctx context.Context, in *putCoverageInput) (*putCoverageOutput, error) {
	p := principal(ctx)
	spans := make([]jarvis.Span, 0, len(in.Body.Spans))
	for _, one := range in.Body.Spans {
		from, err := parseInstant(one.From)
		if err != nil {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "the beginning of span %d: %s", one.Number, err.Error())
		}
		to, err := parseInstant(one.To)
		if err != nil {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "the end of span %d: %s", one.Number, err.Error())
		}
		spans = append(spans, jarvis.Span{Device: deviceOf(p, one.Device), Number: one.Number, From: from, To: to, State: one.State})
	}
	if len(spans) > 0 {
		if err := s.o.Catalog.PutSpans(ctx, spans); err != nil {
			return nil, err
		}
	}
	out := new(putCoverageOutput)
	out.Body.Stored = len(spans)
	return out, nil
}

// The bounds of one answer about coverage.
const (
	coverageRange = 32 * 24 * time.Hour
	coverageSpans = 50_000
)

type getCoverageInput struct {
	From   instant `query:"from" doc:"From this time on; a day before \"to\" when it is left out."`
	To     instant `query:"to" doc:"Before this time; now when it is left out."`
	Device string  `query:"device" maxLength:"255" doc:"Of exactly this device."`
}

type getCoverageOutput struct {
	Body struct {
		From  time.Time     `json:"from"`
		To    time.Time     `json:"to"`
		Spans []jarvis.Span `json:"spans" nullable:"false" doc:"By device and beginning."`
		Gaps  []jarvis.Gap  `json:"gaps" nullable:"false" doc:"The time that no span explains, of devices that sent spans before it, up to now."`
	}
}

func (s *Server) getCoverage(ctx context.Context, in *getCoverageInput) (*getCoverageOutput, error) {
	if err := plainText("device", in.Device); err != nil {
		return nil, err
	}
	now := jarvis.Instant(s.now())
	to := in.To.Time
	if to.IsZero() {
		to = now
	}
	from := in.From.Time
	if from.IsZero() {
		from = to.Add(-24 * time.Hour)
	}
	if from.After(to) || to.Sub(from) > coverageRange {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "coverage is told of at most %d days at once, and from is not after to", int(coverageRange.Hours()/24))
	}
	spans, err := s.spansOf(ctx, jarvis.SpanFilter{From: from, To: to, Device: in.Device})
	if err != nil {
		return nil, err
	}
	gaps, err := s.gaps(ctx, spans, from, earliest(to, now), in.Device)
	if err != nil {
		return nil, err
	}
	out := new(getCoverageOutput)
	out.Body.From, out.Body.To, out.Body.Spans, out.Body.Gaps = from, to, spans, gaps
	s.record(ctx, jarvis.ActionView, 0)
	return out, nil
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// spansOf returns all spans of a time.
func (s *Server) spansOf(ctx context.Context, f jarvis.SpanFilter) ([]jarvis.Span, error) {
	f.Limit = jarvis.MaxPage
	spans := []jarvis.Span{}
	for {
		page, err := s.o.Catalog.FindSpans(ctx, f)
		if err != nil {
			return nil, err
		}
		spans = append(spans, page...)
		if len(page) < f.Limit {
			return spans, nil
		}
		if len(spans) >= coverageSpans {
			return nil, jarvis.Errorf(jarvis.CodeInvalid, "there are more than %d spans in this time: ask for a shorter one, or for one device", coverageSpans)
		}
		f.After = &spans[len(spans)-1]
	}
}

// gaps returns what of [from, to) the spans of each device leave unexplained. A
// device owes an explanation from its first span on.
func (s *Server) gaps(ctx context.Context, spans []jarvis.Span, from, to time.Time, only string) ([]jarvis.Gap, error) {
	devices, err := s.o.Catalog.FindDevices(ctx)
	if err != nil {
		return nil, err
	}
	gaps := []jarvis.Gap{}
	for _, device := range devices {
		if device.SpansTo.IsZero() || only != "" && device.Device != only {
			continue
		}
		first, err := s.o.Catalog.FindSpans(ctx, jarvis.SpanFilter{Device: device.Device, Limit: 1})
		if err != nil {
			return nil, err
		}
		since := from
		if len(first) > 0 && first[0].From.After(from) {
			since = first[0].From
		}
		own := slices.DeleteFunc(slices.Clone(spans), func(one jarvis.Span) bool { return one.Device != device.Device })
		gaps = append(gaps, jarvis.Uncovered(device.Device, own, since, to)...)
	}
	return gaps, nil
}
