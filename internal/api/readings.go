package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jarvis-memory/jarvis"
)

// Workers elsewhere have captures read through these routes: they claim some, get
// their images, and give back what they say, see package reading.

// queue returns the captures that are to be read.
func (s *Server) queue() (jarvis.Readings, error) {
	if s.o.Readings == nil {
		return nil, jarvis.Errorf(jarvis.CodeNotFound, "this server has no queue of captures to be read")
	}
	return s.o.Readings, nil
}

// maxName bounds what a worker says of its language and its engine, in bytes.
const maxName = 255

// accept makes what a worker sent fit to be stored, or returns CodeInvalid. What the
// worker did about secrets and the time is its own matter: the server goes by its
// settings and its clock.
func (s *Server) accept(r *jarvis.Reading) error {
	if err := r.Check(); err != nil {
		return err
	}
	r.Language, r.Engine = jarvis.CleanText(r.Language, maxName), jarvis.CleanText(r.Engine, maxName)
	now := jarvis.Instant(s.now())
	if r.ReadAt = jarvis.Instant(r.ReadAt); r.ReadAt.Before(jarvis.MinTime) || r.ReadAt.After(now) {
		r.ReadAt = now
	}
	s.mask(r)
	return nil
}

// mask replaces the secrets in a reading that passed Check.
func (s *Server) mask(r *jarvis.Reading) {
	if s.o.Mask != nil {
		s.o.Mask(r)
	}
}

// maskText returns a text without its secrets.
func (s *Server) maskText(text string) string {
	r := jarvis.Reading{Text: jarvis.CleanText(text, jarvis.MaxText)}
	s.mask(&r)
	return r.Text
}

// captureDocument makes the document of a capture in which r was read; with no r, of
// the text that it has.
func (s *Server) captureDocument(ctx context.Context, id jarvis.ID, r *jarvis.Reading) (string, error) {
	store, err := s.o.Catalog.Store(ctx)
	if err != nil {
		return "", err
	}
	c, err := s.o.Catalog.FindCapture(ctx, id)
	if err != nil {
		return "", err
	}
	text := ""
	switch {
	case store.NoText:
	case r != nil:
		text = r.Text
	case c.OCRText != nil:
		text = s.maskText(*c.OCRText)
	}
	return s.o.Document(text, c.WindowTitle, c.URL), nil
}

const claimAbout = "Leases captures that are to be read, the newest first, to a worker. It gets their images, and finishes, fails or releases each before the lease ends."

type claimInput struct {
	Body struct {
		ID    *captureID `json:"id,omitempty" doc:"Just this capture."`
		Limit int        `json:"limit,omitempty" minimum:"1" maximum:"32" default:"1" doc:"At most so many."`
		Lease int        `json:"lease,omitempty" minimum:"1" maximum:"86400" default:"300" doc:"Seconds, from when the server got this."`
	}
}

type claimOutput struct{ Body page[claimJSON] }

// claimJSON is a capture that was leased.
type claimJSON struct {
	Capture  *jarvis.Capture `json:"capture" doc:"With its text, where it has some."`
	Token    jarvis.ID       `json:"token" doc:"Of the lease."`
	Until    time.Time       `json:"until" doc:"When the lease ends, by the server's clock."`
	Claims   int             `json:"claims" doc:"How often it was claimed since it was queued, with this one."`
	Failures int             `json:"failures" doc:"How often reading it failed since."`
	Redo     bool            `json:"redo" doc:"It is to be read anew although it has text."`
	Twin     *jarvis.Reading `json:"twin,omitempty" doc:"What was read in the very same image; absent when there is none."`
}

func (s *Server) claimReadings(ctx context.Context, in *claimInput) (*claimOutput, error) {
	queue, err := s.queue()
	if err != nil {
		return nil, err
	}
	now, lease := jarvis.Instant(s.now()), time.Duration(in.Body.Lease)*time.Second
	var claims []*jarvis.Claim
	if id := in.Body.ID; id == nil {
		claims, err = queue.ClaimReadings(ctx, now, lease, in.Body.Limit)
	} else {
		var one *jarvis.Claim
		if one, err = queue.ClaimReading(ctx, id.ID, now, lease); one != nil {
			claims = append(claims, one)
		}
	}
	if err != nil {
		return nil, err
	}
	out := &claimOutput{page[claimJSON]{Items: make([]claimJSON, 0, len(claims))}}
	for _, c := range claims {
		show(c.Capture)
		out.Body.Items = append(out.Body.Items, claimJSON{c.Capture, c.Token, c.Until, c.Claims, c.Failures, c.Redo, c.Twin})
	}
	if len(claims) > 0 { // a worker that finds nothing looks at nothing, all day
		s.record(ctx, jarvis.ActionView, int64(len(claims)))
	}
	return out, nil
}

const finishAbout = "Stores what was read in a capture, and makes it found. Words are in the order of the text, apart from each other; they begin and end at bytes of its UTF-8, and their boxes are in pixels of the image. A text has at most 1 MiB and 65536 words. Secrets in it are replaced as the settings of the server say. Without a reading the capture keeps the text that it has. A lease that is over is a conflict."

// maxReading bounds a finished reading as JSON, in bytes: the longest text, six bytes
// for each of its own, and as many words as there may be.
const maxReading = 16 << 20

// finishInput has no body for huma, which would keep several times of it in memory.
type finishInput struct {
	ID      captureID `path:"id" doc:"The capture's UUID."`
	request *http.Request
}

// Resolve implements huma.Resolver.
func (in *finishInput) Resolve(ctx huma.Context) []error {
	in.request, _ = humago.Unwrap(ctx)
	return nil
}

type finishBody struct {
	Token   captureID       `json:"token" doc:"Of the lease."`
	Reading *jarvis.Reading `json:"reading,omitempty" doc:"What was read."`
}

func (s *Server) finishReading(ctx context.Context, in *finishInput) (*emptyOutput, error) {
	queue, err := s.queue()
	if err != nil {
		return nil, err
	}
	body, release, err := s.readFinish(ctx, in.request)
	if err != nil {
		return nil, err
	}
	defer release()
	if body.Reading != nil {
		if err := s.accept(body.Reading); err != nil {
			return nil, err
		}
	}
	document, err := s.captureDocument(ctx, in.ID.ID, body.Reading)
	if err == nil {
		err = queue.FinishReading(ctx, jarvis.Lease{ID: in.ID.ID, Token: body.Token.ID}, body.Reading, document)
	}
	return &emptyOutput{http.StatusNoContent}, err
}

// readFinish reads a body, and returns what gives its memory back.
func (s *Server) readFinish(ctx context.Context, r *http.Request) (*finishBody, func(), error) {
	room := int64(maxReading)
	if r.ContentLength >= 0 {
		room = min(room, r.ContentLength)
	}
	taken, err := s.receiving.take(ctx, room)
	if err != nil {
		return nil, nil, err
	}
	body := new(finishBody)
	text, err := io.ReadAll(r.Body)
	switch _, tooLarge := errors.AsType[*http.MaxBytesError](err); {
	case tooLarge:
		err = jarvis.Errorf(jarvis.CodeTooLarge, "the reading has more than the %d bytes that are taken", maxReading)
	case err != nil && ctx.Err() == nil:
		err = &jarvis.Error{Code: jarvis.CodeInvalid, Op: "api: read a reading", Err: err, Message: "the body broke off, or came too slowly"}
	case err == nil && (json.Unmarshal(text, body) != nil || body.Token.IsZero()): // not its error, which may quote it
		err = jarvis.Errorf(jarvis.CodeInvalid, "the body is not the JSON that is taken here")
	}
	if err != nil {
		s.receiving.give(taken)
		return nil, nil, err
	}
	return body, func() { s.receiving.give(taken) }, nil
}

// finishForm describes the body of what finishes a reading.
func (s *Server) finishForm() *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {
		Schema: s.document.Components.Schemas.Schema(typeOf[finishBody](), true, "FinishBody"),
	}}}
}

// maxFailure bounds a failure as JSON, in bytes.
const maxFailure = 64 << 10

const failAbout = "Says why a capture was not read. It is tried again from \"retry\" on, or set aside without it. A lease that is over is a conflict."

type failInput struct {
	ID   captureID `path:"id" doc:"The capture's UUID."`
	Body struct {
		Token  captureID `json:"token" doc:"Of the lease."`
		Reason string    `json:"reason" doc:"For a person; at most 1000 bytes are kept."`
		Retry  string    `json:"retry,omitempty" maxLength:"60" doc:"RFC 3339. Without it the capture is set aside, and found by what else is known of it."`
	}
}

func (s *Server) failReading(ctx context.Context, in *failInput) (*emptyOutput, error) {
	queue, err := s.queue()
	if err != nil {
		return nil, err
	}
	lease, reason := jarvis.Lease{ID: in.ID.ID, Token: in.Body.Token.ID}, s.maskText(in.Body.Reason)
	if in.Body.Retry == "" {
		document, err := s.captureDocument(ctx, in.ID.ID, nil)
		if err == nil {
			err = queue.SetAside(ctx, lease, reason, document)
		}
		return &emptyOutput{http.StatusNoContent}, err
	}
	retry, err := parseInstant(in.Body.Retry)
	if err == nil {
		err = queue.FailReading(ctx, lease, jarvis.ReadFailure{Reason: reason, Retry: retry})
	}
	return &emptyOutput{http.StatusNoContent}, err
}

type releaseInput struct {
	ID   captureID `path:"id" doc:"The capture's UUID."`
	Body struct {
		Token captureID `json:"token" doc:"Of the lease."`
	}
}

func (s *Server) releaseReading(ctx context.Context, in *releaseInput) (*emptyOutput, error) {
	queue, err := s.queue()
	if err == nil {
		err = queue.ReleaseReading(ctx, jarvis.Lease{ID: in.ID.ID, Token: in.Body.Token.ID})
	}
	return &emptyOutput{http.StatusNoContent}, err
}

type readingsOutput struct {
	Body struct {
		jarvis.ReadStatus
		NoText bool `json:"no_text" doc:"The store keeps no text of images: captures are found by title and address only."`
	}
}

func (s *Server) getReadings(ctx context.Context, _ *struct{}) (*readingsOutput, error) {
	queue, err := s.queue()
	if err != nil {
		return nil, err
	}
	store, err := s.o.Catalog.Store(ctx)
	if err != nil {
		return nil, err
	}
	out := new(readingsOutput)
	out.Body.NoText = store.NoText
	out.Body.ReadStatus, err = queue.ReadStatus(ctx, jarvis.Instant(s.now()))
	return out, err
}

type failedInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"5000" default:"100"`
	Cursor string `query:"cursor" maxLength:"200" doc:"Of the previous page."`
}

type failedOutput struct{ Body page[*jarvis.FailedReading] }

func (s *Server) listFailed(ctx context.Context, in *failedInput) (*failedOutput, error) {
	queue, err := s.queue()
	if err != nil {
		return nil, err
	}
	after, err := jarvis.ParseCursor(in.Cursor)
	if err != nil {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "this is not a cursor: use the one that the previous page gave")
	}
	// One more tells whether there is a next page.
	found, err := queue.FindFailed(ctx, after, min(in.Limit+1, jarvis.MaxPage))
	if err != nil {
		return nil, err
	}
	out := &failedOutput{page[*jarvis.FailedReading]{Items: append([]*jarvis.FailedReading{}, found...)}}
	if len(found) > in.Limit || len(found) == jarvis.MaxPage {
		out.Body.Items = out.Body.Items[:in.Limit]
		out.Body.Next = out.Body.Items[in.Limit-1].Cursor().String()
	}
	s.record(ctx, jarvis.ActionView, int64(len(out.Body.Items)))
	return out, nil
}

const requeueAbout = "Has captures read anew: all of a time, or those that failed. They keep their text meanwhile. It may be repeated."

type requeueInput struct {
	Period
	Failed bool `query:"failed" default:"false" doc:"Only those that were set aside, or failed and wait."`
}

type requeueOutput struct {
	Body struct {
		Queued int64 `json:"queued"`
	}
}

func (s *Server) requeueReadings(ctx context.Context, in *requeueInput) (*requeueOutput, error) {
	queue, err := s.queue()
	if err == nil {
		err = in.check()
	}
	if err != nil {
		return nil, err
	}
	out := new(requeueOutput)
	out.Body.Queued, err = queue.Requeue(ctx, jarvis.RequeueFilter{From: in.From.Time, To: in.To.Time, Failed: in.Failed}, jarvis.Instant(s.now()))
	return out, err
}
