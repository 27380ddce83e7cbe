package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/jarvis-memory/jarvis"
)

// Problem is the answer to what failed, after RFC 9457.
type Problem struct {
	Type      string      `json:"type" format:"uri-reference" doc:"Where the code is explained."`
	Title     string      `json:"title" doc:"What the code means."`
	Status    int         `json:"status" doc:"The HTTP status."`
	Detail    string      `json:"detail" doc:"What was wrong, with what, and what to do."`
	Code      jarvis.Code `json:"code" doc:"What kind of failure it is; programs branch on it."`
	RequestID string      `json:"request_id" doc:"Under which the server logged the request."`
}

const problemType = "application/problem+json"

// problemError is a problem as huma takes it for an error.
type problemError struct {
	Problem
	header http.Header
}

// Error implements error.
func (p *problemError) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *problemError) GetStatus() int { return p.Status }

// GetHeaders implements huma.HeadersError.
func (p *problemError) GetHeaders() http.Header { return p.header }

// ContentType implements huma.ContentTypeFilter.
func (*problemError) ContentType(string) string { return problemType }

// kind says how failures of a code are answered.
type kind struct {
	code   jarvis.Code
	status int
	title  string
	// detail is said instead of the error's message, for codes whose messages are
	// for whoever runs the server: they may name paths.
	detail string
}

// kinds are all codes, in the order in which the docs explain them.
var kinds = []kind{
	{jarvis.CodeInvalid, http.StatusBadRequest, "the request is wrong", ""},
	{jarvis.CodeNoCredential, http.StatusUnauthorized, "a credential is needed", ""},
	{jarvis.CodeForbidden, http.StatusForbidden, "the credential does not permit it", ""},
	{jarvis.CodeNotFound, http.StatusNotFound, "there is no such thing", ""},
	{jarvis.CodeConflict, http.StatusConflict, "it conflicts with what there is", ""},
	{jarvis.CodeDeleted, http.StatusGone, "it was deleted", ""},
	{jarvis.CodeTooLarge, http.StatusRequestEntityTooLarge, "it is larger than allowed", ""},
	{jarvis.CodeBusy, http.StatusTooManyRequests, "too many requests", ""},
	{jarvis.CodeInternal, http.StatusInternalServerError, "a defect of Jarvis", "something unforeseen happened; the server's log says more under the request's id"},
	{jarvis.CodeCorrupt, http.StatusInternalServerError, "what is stored is damaged", "what is stored is not what was given; run jarvis verify on the server"},
	{jarvis.CodeUnavailable, http.StatusServiceUnavailable, "the database or the storage does not answer", "the database or the storage does not answer now: try again later"},
	{jarvis.CodeLocked, http.StatusServiceUnavailable, "the store is locked", "the store is sealed, and the server does not have the identity that opens it"},
	{jarvis.CodeMismatch, http.StatusServiceUnavailable, "the store is not whole", "catalogue and storage of the server do not belong together; its log says more"},
	{jarvis.CodeTimeout, http.StatusGatewayTimeout, "it took too long, and was ended", ""},
	{jarvis.CodeNoSpace, http.StatusInsufficientStorage, "the disk is full", "the server's disk is full, or nearly: nothing is stored until there is room"},
}

// kindOf returns how a code is answered. It is the one place where a code becomes
// a status.
func kindOf(code jarvis.Code) kind {
	for _, k := range kinds {
		if k.code == code {
			return k
		}
	}
	return kindOf(jarvis.CodeInternal)
}

// statusError is an error that has another status than its code, as those of
// HTTP itself have.
type statusError struct {
	status int
	err    *jarvis.Error
}

// Error implements error.
func (e *statusError) Error() string { return e.err.Error() }

// Unwrap returns the *jarvis.Error.
func (e *statusError) Unwrap() error { return e.err }

// retryUnavailable is when to come again while the database is away.
const retryUnavailable = 5 * time.Second

// problem returns the answer to an error.
func problem(ctx context.Context, err error) *problemError {
	code := codeOf(ctx, err)
	k := kindOf(code)
	p := &problemError{Problem{
		Type: "/docs#problem-" + string(k.code), Title: k.title, Status: k.status,
		Detail: k.detail, Code: k.code, RequestID: visitOf(ctx).id,
	}, make(http.Header)}
	var again interface{ RetryAfter() time.Duration }
	switch {
	case errors.As(err, &again):
		p.Detail = err.Error()
		p.retry(again.RetryAfter())
	case k.detail == "":
		p.Detail = cmp.Or(err.Error(), k.title)
	case p.Status == http.StatusServiceUnavailable:
		p.retry(retryUnavailable)
	}
	if other, ok := errors.AsType[*statusError](err); ok {
		p.Status = other.status
	}
	if p.Status == http.StatusUnauthorized {
		p.header.Set("WWW-Authenticate", `Bearer realm="jarvis"`)
	}
	return p
}

// codeOf returns the code that an error is answered with. What ended because the
// request did, or took too long, is no defect. What a store says of its own files
// or of its database, in whatever code, is not about what the client sent.
func codeOf(ctx context.Context, err error) jarvis.Code {
	e, ok := errors.AsType[*jarvis.Error](err)
	if !ok {
		if ctx.Err() != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return jarvis.CodeUnavailable
		}
		return jarvis.CodeInternal
	}
	if kindOf(e.Code).detail == "" && !isForClients(e.Op) {
		return jarvis.CodeUnavailable
	}
	return e.Code
}

// isForClients reports whether the messages of an operation may be about what a
// client sent, and then name nothing of the server. Errors that name no operation
// are made for people.
func isForClients(op string) bool {
	return op == "" || strings.HasPrefix(op, "api: ") || strings.HasPrefix(op, "thumbnail: ") || strings.HasPrefix(op, "query: ") || strings.HasPrefix(op, "search: ") || strings.HasPrefix(op, "listen: ")
}

func (p *problemError) retry(after time.Duration) {
	p.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(after.Seconds()))))
}

// fail notes an error for the log, and returns the answer to it.
func (s *Server) fail(ctx context.Context, err error) *problemError {
	visitOf(ctx).err = err
	if p, ok := errors.AsType[*problemError](err); ok {
		return p
	}
	return problem(ctx, err)
}

// refuse answers a request with a problem.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := s.fail(r.Context(), err)
	h := w.Header()
	for name := range h {
		switch name {
		case "Content-Length", "Content-Range", "Content-Disposition", "Etag", "Last-Modified", "Accept-Ranges":
			h.Del(name)
		}
	}
	maps.Copy(h, p.header)
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	text, err := json.Marshal(&p.Problem)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(p.Status)
	s.write(w, r, text)
}

// write writes the last of an answer. When that fails, the client is gone, and
// only the log can be told.
func (s *Server) write(w http.ResponseWriter, r *http.Request, text []byte) {
	if _, err := bytes.NewReader(text).WriteTo(w); err != nil {
		s.log.DebugContext(r.Context(), "the answer was not taken", "request_id", visitOf(r.Context()).id)
	}
}
