package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jarvis-memory/jarvis"
)

// fitWidths are the widths of pictures that fit into a page, in pixels.
func fitWidths() []int { return []int{1280, 1920, 2560} }

func fitParameters() []*huma.Param {
	var widths []any
	for _, width := range fitWidths() {
		widths = append(widths, width)
	}
	return []*huma.Param{
		{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"}},
		{Name: "width", In: "query", Required: true, Description: "In pixels.", Schema: &huma.Schema{Type: huma.TypeInteger, Enum: widths}},
	}
}

func (s *Server) getFit(w http.ResponseWriter, r *http.Request) error {
	c, err := s.captureOf(r)
	if err != nil {
		return err
	}
	q, err := readQueries(r, fitParameters())
	if err != nil {
		return err
	}
	width, err := strconv.Atoi(q["width"])
	if err != nil || !slices.Contains(fitWidths(), width) {
		return jarvis.Errorf(jarvis.CodeInvalid, "the parameter width is 1280, 1920 or 2560")
	}
	tag := etag(c, "fit "+strconv.Itoa(width))
	s.keepForever(w, r, tag)
	if unchanged(r, tag) {
		s.record(r.Context(), jarvis.ActionView, 1)
		return answerUnchanged(w, nil)
	}
	if c.Width <= width || s.o.Thumbnails == nil {
		return s.sendOriginal(w, r, c)
	}
	small, err := s.o.Thumbnails.Thumbnail(r.Context(), c.ID, width, func(ctx context.Context) ([]byte, error) {
		data, release, err := s.read(ctx, c)
		if err == nil {
			// What is decoded has a bound of its own.
			release()
		}
		return data, err
	})
	switch code := jarvis.ErrorCode(err); {
	case code == jarvis.CodeTooLarge, err != nil && code == jarvis.CodeNotFound:
		// A browser may be able to show what is too large to be made small here.
		return s.sendOriginal(w, r, c)
	case err != nil:
		return err
	}
	s.record(r.Context(), jarvis.ActionView, 1)
	w.Header().Set("Content-Type", jarvis.JPEG.MediaType())
	s.send(w, r, small)
	return nil
}

// sendOriginal answers with an image as it was given.
func (s *Server) sendOriginal(w http.ResponseWriter, r *http.Request, c *jarvis.Capture) error {
	data, release, err := s.read(r.Context(), c)
	if err != nil {
		return err
	}
	defer release()
	s.record(r.Context(), jarvis.ActionView, 1)
	w.Header().Set("Content-Type", formatOf(c).MediaType())
	s.send(w, r, data)
	return nil
}
