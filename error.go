package jarvis

import (
	"errors"
	"fmt"
	"strings"
)

// Code says what kind of failure an [Error] is. Callers branch on codes; one
// function maps them to an exit status and one to an HTTP status.
type Code string

// The codes.
const (
	CodeInvalid      Code = "invalid"       // the input is wrong; the same call fails again
	CodeTooLarge     Code = "too_large"     // more bytes or pixels than allowed
	CodeNotFound     Code = "not_found"     // there is no such thing
	CodeConflict     Code = "conflict"      // the id is taken by a different capture
	CodeDeleted      Code = "deleted"       // the capture existed and was deleted on purpose
	CodeUnavailable  Code = "unavailable"   // the database or the storage does not answer, or may not be trusted now
	CodeNoSpace      Code = "no_space"      // the disk is full, or below the watermark
	CodeMismatch     Code = "mismatch"      // the catalogue and the tree are not of one store, or the database is newer than the program
	CodeCorrupt      Code = "corrupt"       // stored bytes are not what was stored
	CodeLocked       Code = "locked"        // it is sealed, and the identity that opens it is not at hand
	CodeNoCredential Code = "no_credential" // nobody said who asks, or what they said is not valid (any more)
	CodeForbidden    Code = "forbidden"     // who asks may not do that
	CodeBusy         Code = "busy"          // too much at once; the same call may succeed later
	CodeTimeout      Code = "timeout"       // it took longer than it may, and was ended
	CodeInternal     Code = "internal"      // a defect of Jarvis, or an error nobody foresaw
)

// Error is the one error type that crosses a package border. Message is a whole
// sentence part for a person: what was wrong, with what, and what to do. It
// holds no secret. Err is the cause for logs and for errors.Is; a message shown
// to a person never needs it.
type Error struct {
	Code    Code
	Op      string // the operation, such as "sqlite: insert capture"; may be empty
	Message string
	Err     error
}

// Errorf returns an *Error of the given code. A %w verb sets the cause.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Message: err.Error(), Err: errors.Unwrap(err)}
}

// WrapError returns an *Error with a message of its own and err as its cause.
// It returns err unchanged when err already is an *Error.
func WrapError(code Code, op, message string, err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return &Error{Code: code, Op: op, Message: message, Err: err}
}

// NoCapture is the error of every catalogue for an id that it never had.
func NoCapture(id ID) *Error { return Errorf(CodeNotFound, "there is no capture %s", id) }

// CaptureDeleted is the error of every catalogue for an id that was deleted.
func CaptureDeleted(id ID) *Error { return Errorf(CodeDeleted, "capture %s was deleted", id) }

// CaptureExists is the error of every catalogue for an id that is taken.
func CaptureExists(id ID) *Error { return Errorf(CodeConflict, "there already is a capture %s", id) }

// DeletionPending is the error of every catalogue for a deletion that must be
// finished first.
func DeletionPending(id ID) *Error {
	return Errorf(CodeConflict, "the deletion of capture %s is not finished: run the same deletion again, then undo it", id)
}

// CaptureReferred is the error of every catalogue for a capture that a table of
// another program refers to.
func CaptureReferred(id ID) *Error {
	return Errorf(CodeConflict, "a table that is not Jarvis's refers to capture %s: remove the reference first", id)
}

// NamesTaken is the error of every catalogue for a database to adopt in which
// columns or tables have names that this program needs.
func NamesTaken(names []string) *Error {
	return Errorf(CodeMismatch, "the database already has %s, which this program needs for itself: rename it and try again", strings.Join(names, ", "))
}

// ForeignID is the error of every catalogue for a row to adopt whose id is none.
func ForeignID(text string) *Error {
	return Errorf(CodeCorrupt, "the catalogue has a capture with the id %.60q, which is not a UUID: correct the row and try again", text)
}

// CaptureTwice is the error of every catalogue for rows to adopt whose ids
// differ in capital letters only.
func CaptureTwice(id string) *Error {
	return Errorf(CodeCorrupt, "the catalogue has capture %.60s twice, once with capital letters: remove a row and try again", id)
}

// CapitalsReferred is the error of every catalogue for a row to adopt whose id
// would have to be put in small letters, and in another program's table too.
func CapitalsReferred() *Error {
	return Errorf(CodeConflict, "a table that is not Jarvis's refers to a capture whose id has capital letters: write the id in small letters in both and try again")
}

// NoToken is the error of every catalogue for a name that no token has.
func NoToken(name string) *Error {
	return Errorf(CodeNotFound, "there is no token %q", name)
}

// NoCredential is the error of every catalogue for a hash of no token or session.
func NoCredential() *Error {
	return Errorf(CodeNotFound, "there is no such token or session, or it has ended")
}

// NoSession is the error of every catalogue for an id that no session has.
func NoSession(id ID) *Error { return Errorf(CodeNotFound, "there is no session %s", id) }

// NoSignIn is the error of every catalogue for a link that cannot be redeemed.
func NoSignIn() *Error {
	return Errorf(CodeNotFound, "the sign-in link was used before or has expired: make another with jarvis signin")
}

// TokenExists is the error of every catalogue for a name that a token has or had.
func TokenExists(name string) *Error {
	return Errorf(CodeConflict, "there already is a token %q, or was one of another scope: choose another name, or revoke the one that is", name)
}

// CredentialExists is the error of every catalogue for a hash or a session's id
// that is taken.
func CredentialExists() *Error {
	return Errorf(CodeConflict, "there already is a credential of this text: make another")
}

// SpanDiffers is the error of every catalogue for a span whose number is taken
// by another.
func SpanDiffers(s Span) *Error {
	return Errorf(CodeConflict, "span %d of device %q was sent before with another beginning or state: give it another number", s.Number, s.Device)
}

// Error returns the message, without the cause: a cause may name a path, a
// host or a statement that the reader must not see.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an *Error of the same code without a message,
// so that errors.Is(err, jarvis.ErrNotFound) holds for every not-found error.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Message == "" && t.Code == e.Code
}

// Targets for errors.Is, one per code that callers branch on.
var (
	ErrInvalid     = &Error{Code: CodeInvalid}
	ErrTooLarge    = &Error{Code: CodeTooLarge}
	ErrNotFound    = &Error{Code: CodeNotFound}
	ErrConflict    = &Error{Code: CodeConflict}
	ErrDeleted     = &Error{Code: CodeDeleted}
	ErrUnavailable = &Error{Code: CodeUnavailable}
	ErrNoSpace     = &Error{Code: CodeNoSpace}
	ErrMismatch    = &Error{Code: CodeMismatch}
	ErrCorrupt     = &Error{Code: CodeCorrupt}
	ErrLocked      = &Error{Code: CodeLocked}
)

// ErrorCode returns the code of the first *Error in err's chain, CodeInternal
// for any other error, and "" for nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
