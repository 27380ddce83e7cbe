package cli

import (
	"context"
	"errors"
	"syscall"

	"github.com/jarvis-memory/jarvis"
)

// The exit statuses. Scripts depend on them: a number never changes its meaning.
const (
	exitDone        = 0
	exitFailure     = 1
	exitInvalid     = 2
	exitNotFound    = 3
	exitPartial     = 4
	exitUnavailable = 5
	exitNoSpace     = 6
	exitMismatch    = 7
	exitWrong       = 8
	exitConflict    = 9
	exitLocked      = 10
	exitForbidden   = 11
	exitInterrupted = 130 // by the person; 128 + SIGINT, as shells count
	exitClosedPipe  = 141 // 128 + SIGPIPE
)

// exitMeaning documents one exit status.
type exitMeaning struct {
	status  int
	meaning string
}

// exitMeanings returns the documented table, printed by "jarvis help exit-codes".
func exitMeanings() []exitMeaning {
	return []exitMeaning{
		{exitDone, "everything that was asked for is done"},
		{exitFailure, "a failure that nobody foresaw"},
		{exitInvalid, "wrong usage, or input that is invalid or too large"},
		{exitNotFound, "no such capture, or it was deleted; or there is no store yet"},
		{exitPartial, "some of several failed; the rest was done"},
		{exitUnavailable, "the database, the storage or the server does not answer, or not in time"},
		{exitNoSpace, "no space is left for captures"},
		{exitMismatch, "catalogue, images and key are not of one store, or the database is newer than this program"},
		{exitWrong, "verify found something wrong, or stored bytes are corrupt"},
		{exitConflict, "in conflict with what exists"},
		{exitLocked, "the store is sealed, and what opens it is not at hand: the identity, its passphrase or the key file"},
		{exitForbidden, "the server does not let this in: the token is missing, wrong or revoked, or permits something else"},
		{exitInterrupted, "interrupted (Ctrl-C), or a question was answered no; what was reported as stored is stored"},
		{exitClosedPipe, "the reader of the output went away (jarvis list | head)"},
	}
}

// errClosedPipe is returned by every write to an output whose reader has gone.
var errClosedPipe = errors.New("the reader of the output went away")

// statusError ends the program with a status that no jarvis.Code stands for. An
// empty message means that everything was already said.
type statusError struct {
	status  int
	message string
}

func (e *statusError) Error() string { return e.message }

// exitStatus is the one place where an error becomes an exit status.
func exitStatus(err error) int {
	if err == nil {
		return exitDone
	}
	if status, ok := errors.AsType[*statusError](err); ok {
		return status.status
	}
	if errors.Is(err, errClosedPipe) || errors.Is(err, syscall.EPIPE) {
		return exitClosedPipe
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	return codeStatus(jarvis.ErrorCode(err))
}

// codeStatus maps the codes of errors to exit statuses.
func codeStatus(code jarvis.Code) int {
	switch code {
	case jarvis.CodeInvalid, jarvis.CodeTooLarge:
		return exitInvalid
	case jarvis.CodeNotFound, jarvis.CodeDeleted:
		return exitNotFound
	case jarvis.CodeUnavailable, jarvis.CodeBusy, jarvis.CodeTimeout:
		return exitUnavailable
	case jarvis.CodeNoSpace:
		return exitNoSpace
	case jarvis.CodeMismatch:
		return exitMismatch
	case jarvis.CodeCorrupt:
		return exitWrong
	case jarvis.CodeConflict:
		return exitConflict
	case jarvis.CodeLocked:
		return exitLocked
	case jarvis.CodeNoCredential, jarvis.CodeForbidden:
		return exitForbidden
	default:
		return exitFailure
	}
}
