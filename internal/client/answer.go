package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jarvis-memory/jarvis"
)

// AnswerError is the cause of every error that a server answered with.
type AnswerError struct {
	Status     int
	RequestID  string        // under which the server logged it; may be empty
	RetryAfter time.Duration // how long the server asks to wait; 0 if it does not
}

// Error implements error.
func (a *AnswerError) Error() string {
	if a.RequestID == "" {
		return fmt.Sprintf("the server answered with status %d", a.Status)
	}
	return fmt.Sprintf("the server answered with status %d to request %s", a.Status, a.RequestID)
}

const (
	maxProblem = 64 << 10 // bytes of an error that a server words
	maxMessage = 500      // bytes of it that are passed on
)

// refused returns the error of an answer that is none of success, and closes it.
func (c *Client) refused(op string, res *http.Response) (verdict, error) {
	answer := &AnswerError{Status: res.StatusCode, RetryAfter: retryAfter(res.Header.Get("Retry-After"), time.Now())}
	v := verdict{again: res.StatusCode >= 500, begun: true, wait: answer.RetryAfter}
	var problem struct {
		Detail    string      `json:"detail"`
		Code      jarvis.Code `json:"code"`
		RequestID string      `json:"request_id"`
	}
	text, err := readBounded(res.Body, maxProblem)
	err = errors.Join(err, res.Body.Close())
	if kind, _, kindErr := mime.ParseMediaType(res.Header.Get("Content-Type")); err == nil && kindErr == nil && kind == "application/problem+json" {
		err = json.Unmarshal(text, &problem)
	}
	if err != nil { // what is left of it is not to be trusted
		problem.Detail, problem.Code, problem.RequestID = "", "", ""
	}
	answer.RequestID = c.clean(problem.RequestID)
	code := problem.Code
	switch {
	case !isCode(code):
		code = codeOf(res.StatusCode)
	case code == jarvis.CodeLocked, code == jarvis.CodeMismatch, code == jarvis.CodeCorrupt:
		v.again = false // only a person can change it
	case code == jarvis.CodeTimeout:
		v.again = false // it would take as long again
	}
	message := c.clean(problem.Detail)
	switch {
	case res.StatusCode < 400:
		message = "the server refers to another address: give that one instead, if it is right"
	case message == "":
		message = fmt.Sprintf("the server answered with status %d %s", res.StatusCode, http.StatusText(res.StatusCode))
	}
	if res.StatusCode == http.StatusTooManyRequests {
		message = withWait(message, answer.RetryAfter)
	}
	return v, c.failure(op, code, message, answer)
}

// withWait adds how long the server asks to wait to a message that does not say
// it.
func withWait(message string, wait time.Duration) string {
	text := fmt.Sprintf("%d s", int64(math.Ceil(wait.Seconds())))
	if wait == 0 || strings.Contains(message, text) {
		return message
	}
	return message + ": try again in " + text
}

// codeOf returns the code of a status for which the server gave none, as a proxy
// before it does.
func codeOf(status int) jarvis.Code {
	switch status {
	case http.StatusUnauthorized:
		return jarvis.CodeNoCredential
	case http.StatusForbidden:
		return jarvis.CodeForbidden
	case http.StatusNotFound:
		return jarvis.CodeNotFound
	case http.StatusConflict:
		return jarvis.CodeConflict
	case http.StatusGone:
		return jarvis.CodeDeleted
	case http.StatusRequestEntityTooLarge:
		return jarvis.CodeTooLarge
	case http.StatusTooManyRequests:
		return jarvis.CodeBusy
	case http.StatusInternalServerError:
		return jarvis.CodeInternal
	case http.StatusInsufficientStorage:
		return jarvis.CodeNoSpace
	}
	if status >= 500 {
		return jarvis.CodeUnavailable
	}
	return jarvis.CodeInvalid
}

func isCode(code jarvis.Code) bool {
	switch code {
	case jarvis.CodeInvalid, jarvis.CodeTooLarge, jarvis.CodeNotFound, jarvis.CodeConflict, jarvis.CodeDeleted,
		jarvis.CodeUnavailable, jarvis.CodeNoSpace, jarvis.CodeMismatch, jarvis.CodeCorrupt, jarvis.CodeLocked,
		jarvis.CodeNoCredential, jarvis.CodeForbidden, jarvis.CodeBusy, jarvis.CodeTimeout, jarvis.CodeInternal:
		return true
	}
	return false
}

// retryAfter reads a Retry-After header: seconds, or a time.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(text, 10, 32); err == nil {
		return time.Duration(max(seconds, 0)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// clean makes text of a server fit for an error: short, in one line, without
// what a terminal would obey, and without the token.
func (c *Client) clean(text string) string {
	if token := c.token(); token != "" {
		text = strings.ReplaceAll(text, token, "[redacted]")
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	return jarvis.CleanText(strings.TrimSpace(text), maxMessage)
}

// judge says what the failure of a request means: err is nil, a *jarvis.Error,
// which is final, or one of the network.
func (c *Client) judge(ctx context.Context, op string, err error) (verdict, error) {
	if err == nil {
		return verdict{}, nil
	}
	if known, ok := errors.AsType[*jarvis.Error](err); ok {
		return verdict{}, c.failure(op, known.Code, known.Message, known.Err)
	}
	if ctx.Err() != nil {
		return verdict{}, c.ended(ctx, op, err)
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // without the address: it holds what was asked for
	}
	v := verdict{again: true, begun: true}
	reason := "the connection broke off: check the network and the server"
	dial, isNet := errors.AsType[*net.OpError](err)
	_, isDNS := errors.AsType[*net.DNSError](err)
	_, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case errors.Is(err, errStalled):
		reason = "it does not answer: check the network and the server"
	case isCertificate:
		v, reason = verdict{}, "its certificate is not valid here, so that it may be another's: check the address, or have this machine trust the certificate's authority"
	case errors.Is(err, http.ErrSchemeMismatch):
		v, reason = verdict{}, "it speaks HTTP without TLS there: check the address"
	case isDNS:
		v.begun, reason = false, "its name is not known: check the address and the network"
	case isNet && dial.Op == "dial":
		v.begun, reason = false, "nothing answers there: is it running, and is the address right?"
	}
	return v, c.failure(op, jarvis.CodeUnavailable, fmt.Sprintf("the server %s cannot be reached: %s", c.base.Host, reason), err)
}

// ended is the error of a request whose context is done. last is what happened
// before.
func (c *Client) ended(ctx context.Context, op string, last error) error {
	reason := "it was cancelled"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		reason = "it took too long"
	}
	cause := ctx.Err()
	if failure, ok := errors.AsType[*jarvis.Error](last); ok {
		reason += "; before, " + failure.Message
		cause = errors.Join(cause, failure)
	}
	return c.failure(op, jarvis.CodeUnavailable, "the server "+c.base.Host+" was not waited for: "+reason, cause)
}

// failure returns the error of an operation.
func (c *Client) failure(op string, code jarvis.Code, message string, cause error) error {
	return &jarvis.Error{Code: code, Op: "client: " + op, Message: message, Err: cause}
}
