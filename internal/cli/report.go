package cli

import (
	"context"
	"errors"

	"github.com/jarvis-memory/jarvis"
)

// reportError writes the one line, or with --json the one object, that says why
// the program failed. A reader that went away, and an error that was told
// before, are not told.
func (c *console) reportError(err error) {
	message := errorMessage(err)
	if message == "" {
		return
	}
	if c.log != nil {
		c.log.Error(plain(message), "code", errorCode(err), "exit", exitStatus(err))
		return
	}
	if !c.json {
		c.note("jarvis: %s", message)
		return
	}
	line, err := jsonLine(struct {
		Error string      `json:"error"`
		Code  jarvis.Code `json:"code"`
		Exit  int         `json:"exit"`
	}{message, errorCode(err), exitStatus(err)})
	if err != nil {
		c.note("jarvis: %s", message)
		return
	}
	c.tell(line)
}

// errorMessage returns what a person is told about err, without a name before it.
func errorMessage(err error) string {
	if err == nil || errors.Is(err, errClosedPipe) {
		return ""
	}
	if status, ok := errors.AsType[*statusError](err); ok {
		return status.message
	}
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	known, ok := errors.AsType[*jarvis.Error](err)
	switch {
	case !ok:
		return "unexpected: " + err.Error() + ": please report this"
	case known.Code == jarvis.CodeInternal && known.Err != nil:
		return known.Message + " (" + known.Err.Error() + ")"
	}
	return known.Message
}

// errorCode is the code that --json gives for err: one of package jarvis, or
// for what only a command line knows "partial", "wrong" or "interrupted".
func errorCode(err error) jarvis.Code {
	switch exitStatus(err) {
	case exitPartial:
		return "partial"
	case exitInterrupted:
		return "interrupted"
	case exitWrong:
		return jarvis.CodeCorrupt
	}
	return jarvis.ErrorCode(err)
}
