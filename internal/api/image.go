package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jarvis-memory/jarvis"
)

// typeOf returns the type that huma describes.
func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// image returns the operation of a handler that answers with an image.
func (s *Server) image(handle func(http.ResponseWriter, *http.Request) error, parameters func() []*huma.Param) operation {
	return func(m *mounting, op huma.Operation) {
		binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
		content := map[string]*huma.MediaType{"image/jpeg": {Schema: binary}}
		if op.OperationID == "get-image" {
			content["image/png"], content["image/webp"] = content["image/jpeg"], content["image/jpeg"]
		}
		op.Parameters = append(parameters(), &huma.Param{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString, Format: "uuid"}})
		op.Responses["200"] = &huma.Response{Description: "The image", Content: content}
		op.Responses["206"] = &huma.Response{Description: "A range of it", Content: content}
		op.Responses["304"] = &huma.Response{Description: "Not modified"}
		op.Responses["416"] = op.Responses["400"]
		m.api.OpenAPI().AddOperation(&op)
		m.HandleFunc(op.Method+" "+op.Path, s.orRefuse(handle))
	}
}

func imageParameters() []*huma.Param {
	return []*huma.Param{{Name: "download", In: "query", Description: "1 for an image that is saved as a file.", Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{"1"}}}}
}

func thumbnailParameters() []*huma.Param {
	return []*huma.Param{{Name: "width", In: "query", Description: "In pixels; 320 when it is left out.", Schema: &huma.Schema{Type: huma.TypeInteger}}}
}

// captureOf returns the capture that a path names.
func (s *Server) captureOf(r *http.Request) (*jarvis.Capture, error) {
	id, err := jarvis.ParseID(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return s.o.Catalog.FindCapture(r.Context(), id)
}

// errImageGone is of a row whose image is not there.
func errImageGone(id jarvis.ID, cause error) error {
	return &jarvis.Error{Code: jarvis.CodeNotFound, Op: "api: image", Err: cause, Message: "the image of capture " + id.String() + " is gone from the storage; run jarvis verify on the server"}
}

// read returns the image of a capture, and what gives its memory back.
func (s *Server) read(ctx context.Context, c *jarvis.Capture) ([]byte, func(), error) {
	taken, err := s.reading.take(ctx, c.FileSize)
	if err != nil {
		return nil, nil, err
	}
	data, err := s.o.Archive.Image(ctx, c)
	if err == nil {
		return data, func() { s.reading.give(taken) }, nil
	}
	s.reading.give(taken)
	if errors.Is(err, jarvis.ErrNotFound) {
		// It may have been removed since the row was read.
		if _, goneErr := s.o.Catalog.FindCapture(ctx, c.ID); goneErr != nil {
			return nil, nil, goneErr
		}
		err = errImageGone(c.ID, err)
	}
	return nil, nil, err
}

func (s *Server) getImage(w http.ResponseWriter, r *http.Request) error {
	c, err := s.captureOf(r)
	if err != nil {
		return err
	}
	if err := s.mayFetch(r.Context(), c.ID); err != nil {
		return err
	}
	download := r.URL.Query().Get("download")
	if download != "" && download != "1" {
		return jarvis.Errorf(jarvis.CodeInvalid, "the parameter download is 1 or is left out")
	}
	looked := func() error { s.record(r.Context(), jarvis.ActionView, 1); return nil }
	disposition := "inline"
	if download == "1" {
		looked = func() error { return s.recordNow(r.Context(), jarvis.ActionExport, 1) }
		disposition = "attachment"
	}
	tag := s.keepable(w, r, etag(c, ""))
	if unchanged(r, tag) {
		return answerUnchanged(w, looked())
	}
	data, release, err := s.read(r.Context(), c)
	if err != nil {
		return err
	}
	defer release()
	format := formatOf(c)
	if err := looked(); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", format.MediaType())
	h.Set("Content-Disposition", disposition+`; filename="`+c.Timestamp.UTC().Format("2006-01-02T15-04-05.000Z")+"_"+c.ID.String()+format.Extension()+`"`)
	s.send(w, r, data)
	return nil
}

// formatOf returns the format that a row's file has.
func formatOf(c *jarvis.Capture) jarvis.Format {
	name, err := jarvis.ParseBlobName(c.Filepath)
	if err != nil {
		return jarvis.JPEG
	}
	return name.Format()
}

// mayFetch fails for a worker, whose credential is for what is to be read, unless
// the capture is.
func (s *Server) mayFetch(ctx context.Context, id jarvis.ID) error {
	if principal(ctx).Scope != jarvis.ScopeWork {
		return nil
	}
	queue, err := s.queue()
	if err != nil {
		return err
	}
	texts, err := queue.FindTexts(ctx, []jarvis.ID{id})
	if err != nil {
		return err
	}
	if len(texts) == 0 || texts[0].State != jarvis.TextWaiting {
		return jarvis.Errorf(jarvis.CodeForbidden, "this capture does not wait to be read: a credential that may work sees only those that do")
	}
	return nil
}

func (s *Server) getThumbnail(w http.ResponseWriter, r *http.Request) error {
	c, err := s.captureOf(r)
	if err != nil {
		return err
	}
	width := 320
	if text := r.URL.Query().Get("width"); text != "" {
		if width, err = strconv.Atoi(text); err != nil || width < 1 || width > 10_000 {
			return jarvis.Errorf(jarvis.CodeInvalid, "the width of a thumbnail is a number of pixels from 1 to 10000")
		}
	}
	if s.o.Thumbnails == nil {
		return jarvis.Errorf(jarvis.CodeNotFound, "this server makes no thumbnails: look at the image itself")
	}
	tag := s.keepable(w, r, etag(c, "thumbnail "+strconv.Itoa(width)))
	if unchanged(r, tag) {
		s.record(r.Context(), jarvis.ActionView, 1)
		return answerUnchanged(w, nil)
	}
	small, err := s.o.Thumbnails.Thumbnail(r.Context(), c.ID, width, func(ctx context.Context) ([]byte, error) {
		data, release, err := s.read(ctx, c)
		if err == nil {
			// What is decoded has a bound of its own.
			release()
		}
		return data, err
	})
	if err != nil {
		return err
	}
	s.record(r.Context(), jarvis.ActionView, 1)
	w.Header().Set("Content-Type", jarvis.JPEG.MediaType())
	s.send(w, r, small)
	return nil
}

// etag returns a tag of a capture's image, or "" when it is not known what is
// stored. It tells nothing of the image to who has not seen it: the digest is
// of what is on disk, and is not told itself.
func etag(c *jarvis.Capture, of string) string {
	if c.StoredSHA256 == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(c.ID.String() + "\x00" + string(c.StoredSHA256) + "\x00" + of))
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
}

// keepable sets the tag, and says who may keep the answer: only the browser of a
// person who called the computer their own, and it asks each time whether the
// image is still there.
func (s *Server) keepable(w http.ResponseWriter, r *http.Request, tag string) string {
	if tag != "" {
		w.Header().Set("Etag", tag)
	}
	w.Header().Set("Vary", "Cookie, Authorization")
	if principal(r.Context()).Own {
		w.Header().Set("Cache-Control", "private, no-cache")
	}
	return tag
}

// unchanged reports whether the client has the image already. The capture was
// looked up: it still exists.
func unchanged(r *http.Request, tag string) bool {
	return tag != "" && matches(r.Header.Get("If-None-Match"), tag)
}

// answerUnchanged answers 304, unless the look could not be recorded: what a client
// keeps is looked at as much as what it gets anew.
func answerUnchanged(w http.ResponseWriter, err error) error {
	if err == nil {
		w.WriteHeader(http.StatusNotModified)
	}
	return err
}

// matches reports whether a list of tags has the tag, as If-None-Match compares.
func matches(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
}

// send answers with an image, or the range of it that is asked for.
func (s *Server) send(w http.ResponseWriter, r *http.Request, data []byte) {
	w.Header().Set("Accept-Ranges", "bytes")
	if spec := r.Header.Get("Range"); spec != "" && !namesNothing(spec) {
		some := &ranged{ResponseWriter: w}
		http.ServeContent(some, r, "", time.Time{}, bytes.NewReader(data))
		if some.refused {
			s.refuse(w, r, &statusError{http.StatusRequestedRangeNotSatisfiable, jarvis.Errorf(jarvis.CodeInvalid, "the image has %d bytes, and none in this range", len(data))})
		}
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		s.write(w, r, data)
	}
}

// namesNothing reports whether a range is one of the last zero bytes, which the
// standard library would answer with a range that ends before it begins. It is
// passed over, as RFC 9110 permits for every range.
func namesNothing(spec string) bool {
	_, ranges, _ := strings.Cut(spec, "=")
	for one := range strings.SplitSeq(ranges, ",") {
		last, ok := strings.CutPrefix(strings.TrimSpace(one), "-")
		if ok && last != "" && strings.Trim(last, "0") == "" {
			return true
		}
	}
	return false
}

// ranged holds back what the standard library says of a range that is none.
type ranged struct {
	http.ResponseWriter
	refused bool
}

// WriteHeader implements http.ResponseWriter.
func (w *ranged) WriteHeader(status int) {
	if w.refused = status == http.StatusRequestedRangeNotSatisfiable; !w.refused {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (w *ranged) Write(p []byte) (int, error) {
	if w.refused {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}
