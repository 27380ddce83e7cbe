package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jarvis-memory/jarvis"
)

const uploadAbout = "Stores a capture, and answers when it is durable. The same capture sent again gets the same answer."

// uploadInput has no body for huma, which would keep all of it in memory: the form
// is read part by part.
type uploadInput struct{ request *http.Request }

// Resolve implements huma.Resolver.
func (in *uploadInput) Resolve(ctx huma.Context) []error {
	in.request, _ = humago.Unwrap(ctx)
	return nil
}

// storingLasts is how long a capture that was received may take to become durable.
// A client may be slow for longer; a disk that takes longer hangs.
const storingLasts = minute

type uploadOutput struct {
	Existed string `header:"Jarvis-Existed" enum:"true" doc:"Whether the capture was there already; absent when it is new."`
	Body    uploaded
}

// uploaded is what agents are answered with, in this order and with no more.
type uploaded struct {
	ID       jarvis.ID `json:"id"`
	Status   string    `json:"status" enum:"stored"`
	Filepath string    `json:"filepath" doc:"Relative to the server's storage."`
}

func (s *Server) uploadCapture(ctx context.Context, in *uploadInput) (*uploadOutput, error) {
	place, err := s.uploads.take(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer s.uploads.give(place)
	s.metrics.inFlight.Inc()
	defer s.metrics.inFlight.Dec()

	form, err := s.readForm(ctx, in.request)
	if err != nil {
		return nil, err
	}
	defer form.release()
	submission, err := form.submission(principal(ctx))
	if err != nil {
		return nil, err
	}
	storing, cancel := context.WithTimeout(ctx, storingLasts)
	defer cancel()
	stored, err := s.o.Archive.Ingest(storing, submission)
	if err != nil {
		return nil, err
	}
	s.acknowledge(ctx, &stored, submission.Data)
	show(stored.Capture)
	out := &uploadOutput{Body: uploaded{stored.Capture.ID, "stored", stored.Capture.Filepath}}
	if stored.Existed {
		out.Existed = "true"
	}
	return out, nil
}

// acknowledge counts a capture that is durable. What agents send is not in the
// access log.
func (s *Server) acknowledge(ctx context.Context, stored *jarvis.Stored, image []byte) {
	switch {
	case stored.Restored:
		s.metrics.captures.WithLabelValues("restored").Inc()
	case stored.Existed:
		s.metrics.captures.WithLabelValues("existed").Inc()
	default:
		s.metrics.captures.WithLabelValues("new").Inc()
		s.metrics.bytes.Add(float64(stored.Capture.FileSize))
		if s.o.Stored != nil {
			s.o.Stored(stored.Capture, image)
		}
	}
	if principal(ctx).Scope != jarvis.ScopeUpload {
		s.record(ctx, jarvis.ActionAdd, 1)
	}
}

// uploadForm describes the body of an upload.
func uploadForm() *huma.RequestBody {
	text := func(about string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: about} }
	whole := func(about string) *huma.Schema {
		return &huma.Schema{Type: huma.TypeInteger, Minimum: new(float64), Description: about}
	}
	metadata := &huma.Schema{
		Type: huma.TypeObject, Description: "JSON. Other members are passed over.", AdditionalProperties: true,
		Required: []string{"timestamp", "width", "height"},
		Properties: map[string]*huma.Schema{
			"id":            text("A UUID that the client chose; without one, the server does."),
			"timestamp":     text("When the screen was photographed: RFC 3339; without a zone it means UTC."),
			"monitor_index": whole("0 when it is left out."),
			"width":         whole("In pixels, as the image has it."),
			"height":        whole("In pixels, as the image has it."),
			"sha256":        text("Of the image, in hexadecimal digits; it is checked."),
			"agent_id":      text("The name of the device; that of a device's token counts instead."),
			"app_name":      text("The app in front."),
			"window_title":  text("The title of its window."),
			"url":           text("The page that it shows."),
		},
	}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {
		Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"file", "metadata"},
			Properties: map[string]*huma.Schema{
				"file":     {Type: huma.TypeString, ContentEncoding: "binary", Description: "The image."},
				"metadata": metadata,
			},
		},
		Encoding: map[string]*huma.Encoding{
			"file":     {ContentType: "image/jpeg, image/png, image/webp"},
			"metadata": {ContentType: "application/json, text/plain"},
		},
	}}}
}
