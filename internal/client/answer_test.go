package client

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/jarvis-memory/jarvis"
)

// Every code that a server says comes back, and a status stands in where it says
// none.
func TestClient_Refused(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		code   jarvis.Code
		text   string
	}{
		{400, `{"code":"invalid","detail":"the timestamp is none"}`, jarvis.CodeInvalid, "the timestamp is none"},
		{401, `{"code":"no_credential","detail":"sign in"}`, jarvis.CodeNoCredential, "sign in"},
		{403, `{"code":"forbidden","detail":"no"}`, jarvis.CodeForbidden, "no"},
		{404, `{"code":"not_found","detail":"there is no capture"}`, jarvis.CodeNotFound, "there is no capture"},
		{409, `{"code":"conflict","detail":"taken"}`, jarvis.CodeConflict, "taken"},
		{410, `{"code":"deleted","detail":"gone"}`, jarvis.CodeDeleted, "gone"},
		{413, `{"code":"too_large","detail":"large"}`, jarvis.CodeTooLarge, "large"},
		{429, `{"code":"busy","detail":"slowly"}`, jarvis.CodeBusy, "slowly"},
		{500, `{"code":"corrupt","detail":"damaged"}`, jarvis.CodeCorrupt, "damaged"},
		{500, `{"code":"internal","detail":"a defect"}`, jarvis.CodeInternal, "a defect"},
		{503, `{"code":"locked","detail":"sealed"}`, jarvis.CodeLocked, "sealed"},
		{503, `{"code":"mismatch","detail":"mixed"}`, jarvis.CodeMismatch, "mixed"},
		{503, `{"code":"unavailable","detail":"away"}`, jarvis.CodeUnavailable, "away"},
		{507, `{"code":"no_space","detail":"full"}`, jarvis.CodeNoSpace, "full"},
		// A proxy, another version, or something hostile.
		{401, `{}`, jarvis.CodeNoCredential, "the server answered with status 401 Unauthorized"},
		{403, `{`, jarvis.CodeForbidden, "the server answered with status 403 Forbidden"},
		{404, ``, jarvis.CodeNotFound, "the server answered with status 404 Not Found"},
		{409, `[]`, jarvis.CodeConflict, "the server answered with status 409 Conflict"},
		{410, `{"detail":7}`, jarvis.CodeDeleted, "the server answered with status 410 Gone"},
		{413, `null`, jarvis.CodeTooLarge, "the server answered with status 413 Request Entity Too Large"},
		{418, `{"code":"teapot","detail":"short and stout"}`, jarvis.CodeInvalid, "short and stout"},
		{429, `{"code":""}`, jarvis.CodeBusy, "the server answered with status 429 Too Many Requests"},
		{500, `{}`, jarvis.CodeInternal, "the server answered with status 500 Internal Server Error"},
		{502, `{}`, jarvis.CodeUnavailable, "the server answered with status 502 Bad Gateway"},
		{507, `{}`, jarvis.CodeNoSpace, "the server answered with status 507 Insufficient Storage"},
		{400, `{"detail":"two\nlines\u001b[2J and ` + testToken + `"}`, jarvis.CodeInvalid, "two lines [2J and [redacted]"},
		{400, `{"detail":"` + strings.Repeat("ä", 600) + `"}`, jarvis.CodeInvalid, strings.Repeat("ä", 250)},
		{400, `{"detail":"` + strings.Repeat("x", maxProblem) + `"}`, jarvis.CodeInvalid, "the server answered with status 400 Bad Request"},
	} {
		f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) { writeProblem(w, test.status, test.body) })
		c, _ := newClient(t, f.URL, Options{})
		_, err := c.FindCapture(t.Context(), jarvis.NewRandomID())
		wantCode(t, err, test.code)
		if err.Error() != test.text {
			t.Errorf("%d %.60s: the error is %q", test.status, test.body, err)
		}
		c.CloseIdle()
		f.Close()
	}
	f := newFake(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{"code":"deleted","detail":"from a server that is none of ours"}`)
	})
	c, _ := newClient(t, f.URL, Options{})
	_, err := c.FindCapture(t.Context(), jarvis.NewRandomID())
	wantCode(t, err, jarvis.CodeNotFound)
}

func TestAnswerError_Error(t *testing.T) {
	if text := (&AnswerError{Status: 404}).Error(); text != "the server answered with status 404" {
		t.Error(text)
	}
	if text := (&AnswerError{Status: 404, RequestID: "r1"}).Error(); text != "the server answered with status 404 to request r1" {
		t.Error(text)
	}
}

// Whatever a server says, the error is one short line, and never the token.
func FuzzClient_Refused(f *testing.F) {
	f.Add(400, "application/problem+json", `{"code":"invalid","detail":"no","request_id":"r1"}`)
	f.Add(503, "application/problem+json; charset=utf-8", `{"detail":"\u001b[31m\u202eX`)
	f.Add(302, "text/html", `<html>`)
	c, err := New(Options{BaseURL: "https://example.org", Token: testToken})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, kind, body string) {
		res := &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body))}
		_, err := c.refused("test", res)
		failure, ok := errors.AsType[*jarvis.Error](err)
		if !ok || failure.Code == "" || failure.Message == "" || len(failure.Message) > maxMessage || !utf8.ValidString(failure.Message) {
			t.Fatalf("the error is %#v", err)
		}
		text := failure.Message + fmt.Sprint(failure.Err)
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || strings.Contains(text, testToken) {
			t.Fatalf("the error is %q", text)
		}
	})
}
