package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/jarvis-memory/jarvis"
)

// page is what a list is answered with.
type page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last."`
}

type listInput struct {
	Selection
	Order  string `query:"order" enum:"newest,oldest" default:"newest"`
	Limit  int    `query:"limit" minimum:"1" maximum:"5000" default:"100"`
	Cursor string `query:"cursor" maxLength:"200" doc:"Of the previous page."`
}

type listOutput struct{ Body page[*jarvis.Capture] }

func (s *Server) listCaptures(ctx context.Context, in *listInput) (*listOutput, error) {
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	if f.After, err = jarvis.ParseCursor(in.Cursor); err != nil {
		return nil, jarvis.Errorf(jarvis.CodeInvalid, "this is not a cursor: use the one that the previous page gave")
	}
	if in.Order == "oldest" {
		f.Order = jarvis.OldestFirst
	}
	// One more tells whether there is a next page.
	f.Limit = min(in.Limit+1, jarvis.MaxPage)
	found, err := s.o.Catalog.FindCaptures(ctx, f)
	if err != nil {
		return nil, err
	}
	out := new(listOutput)
	if len(found) > in.Limit || len(found) == jarvis.MaxPage {
		found = found[:in.Limit]
		out.Body.Next = found[in.Limit-1].Cursor().String()
	}
	out.Body.Items = found
	for _, c := range found {
		show(c)
	}
	s.record(ctx, jarvis.ActionView, int64(len(found)))
	return out, nil
}

// show makes a row fit for a client. One that an older Jarvis made names its file
// as the server's disk has it.
func show(c *jarvis.Capture) {
	name, err := jarvis.ParseBlobName(c.Filepath)
	if err != nil {
		c.Filepath = ""
		return
	}
	c.Filepath = name.String()
}

// record writes into the access log what the caller did.
func (s *Server) record(ctx context.Context, action jarvis.Action, captures int64) {
	s.o.Guard.Record(principal(ctx), action, captures)
}

// recordNow writes into the access log what the caller is about to do, which is
// not done when that fails.
func (s *Server) recordNow(ctx context.Context, action jarvis.Action, captures int64) error {
	return s.o.Guard.RecordNow(ctx, principal(ctx), action, captures)
}

type captureInput struct {
	ID captureID `path:"id" doc:"The capture's UUID."`
}

// captureID is a jarvis.ID that must be given.
type captureID struct{ jarvis.ID }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *captureID) UnmarshalText(text []byte) (err error) {
	id.ID, err = jarvis.ParseID(string(text))
	return err
}

type captureOutput struct{ Body *jarvis.Capture }

func (s *Server) getCapture(ctx context.Context, in *captureInput) (*captureOutput, error) {
	c, err := s.o.Catalog.FindCapture(ctx, in.ID.ID)
	if err != nil {
		return nil, err
	}
	show(c)
	s.record(ctx, jarvis.ActionView, 1)
	return &captureOutput{c}, nil
}

type receiptOutput struct{ Body jarvis.Receipt }

func (s *Server) deleteCapture(ctx context.Context, in *captureInput) (*receiptOutput, error) {
	switch _, err := s.o.Catalog.FindCapture(ctx, in.ID.ID); {
	case err == nil:
		if err := s.recordNow(ctx, jarvis.ActionDelete, 1); err != nil {
			return nil, err
		}
	case !errors.Is(err, jarvis.ErrNotFound) && !errors.Is(err, jarvis.ErrDeleted):
		return nil, err
	}
	var failure error
	receipt, err := s.o.Archive.RemoveIDs(ctx, []jarvis.ID{in.ID.ID}, s.removing(ctx, func(_ jarvis.ID, err error) { failure = err }))
	s.metrics.deleted.Add(float64(receipt.Removed))
	if err == nil {
		err = failure
	}
	if err != nil {
		return nil, err
	}
	return &receiptOutput{receipt}, nil
}

// removing returns the callbacks of a removal: thumbnails go with their captures.
func (s *Server) removing(ctx context.Context, failed func(jarvis.ID, error)) jarvis.RemoveOptions {
	purge := func(id jarvis.ID) {
		if s.o.Thumbnails == nil {
			return
		}
		if err := s.o.Thumbnails.Purge(id); err != nil {
			s.log.WarnContext(ctx, "the thumbnails of a deleted capture could not be removed now, and will be with the next start",
				"request_id", visitOf(ctx).id, "id", id.String(), "error", cause(err))
		}
	}
	return jarvis.RemoveOptions{
		Removed: purge,
		// Its row may be gone, and only its image be left.
		Failed: func(id jarvis.ID, err error) { purge(id); failed(id, err) },
	}
}

type emptyOutput struct{ Status int }

func (s *Server) pin(ctx context.Context, in *captureInput) (*emptyOutput, error) {
	return s.setPinned(ctx, in.ID.ID, true)
}

func (s *Server) unpin(ctx context.Context, in *captureInput) (*emptyOutput, error) {
	return s.setPinned(ctx, in.ID.ID, false)
}

func (s *Server) setPinned(ctx context.Context, id jarvis.ID, pinned bool) (*emptyOutput, error) {
	if err := s.o.Catalog.SetPinned(ctx, id, pinned); err != nil {
		return nil, err
	}
	s.record(ctx, jarvis.ActionPin, 1)
	return &emptyOutput{http.StatusNoContent}, nil
}
