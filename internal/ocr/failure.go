package ocr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"github.com/jarvis-memory/jarvis"
)

// maxComplaint is how much of what a program complained of is shown, in bytes.
const maxComplaint = 200

// outcome is what went wrong around a program that has ended.
type outcome struct {
	wait   error // of waiting for it
	input  error // of giving it the image
	limits error // of lowering its priority, and of killing what was left
}

// name returns the program as messages call it.
func (p program) name() string { return filepath.Base(p.path) }

// startError says why the program did not start.
func (p program) startError(ctx context.Context, err error) error {
	message := "this machine is out of processes, files or memory"
	switch {
	case ctx.Err() != nil:
		return stopped(ctx)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, exec.ErrNotFound):
		message = "it is not there, or what it needs to run is not"
	case errors.Is(err, fs.ErrPermission):
		message = "it may not be run: check its permissions"
	case errors.Is(err, syscall.ENOEXEC):
		message = "it is no program of this kind of machine, or a script without #! in its first line"
	}
	return jarvis.WrapError(jarvis.CodeUnavailable, "ocr: start",
		fmt.Sprintf("%s cannot be started: %s", p.name(), message), err)
}

// judge returns what the program said, or what its end means.
func (p program) judge(ctx context.Context, state *os.ProcessState, out, complaints *capped, o outcome) ([]byte, error) {
	cause := context.Cause(ctx)
	fail := func(code jarvis.Code, format string, args ...any) ([]byte, error) {
		return nil, jarvis.WrapError(code, "ocr: run", p.name()+" "+fmt.Sprintf(format, args...),
			errors.Join(o.wait, o.input, o.limits, cause))
	}
	status, _ := state.Sys().(syscall.WaitStatus)
	// Half of it in use means that the limit was met: it is one of addresses, more
	// of which are taken than are used.
	short := peakMemory(state) > p.memory/2
	switch {
	case errors.Is(cause, errTooMuch):
		return fail(jarvis.CodeInternal, "said more than %d MiB about one image, and was ended", maxOutput>>20)
	case o.wait == nil && (o.input == nil || unread(o.input)):
		return out.kept.Bytes(), nil
	case errors.Is(cause, errTooLong):
		return fail(jarvis.CodeTimeout, "took longer than %v, and was ended", p.timeout)
	case cause != nil:
		return nil, stopped(ctx)
	case !state.Success() && short:
		return fail(jarvis.CodeTooLarge, "ended (%s) when it had no more memory: it may take %d MiB", state, p.memory>>20)
	case status.Signaled():
		return fail(jarvis.CodeInternal, "crashed over the image (%s)%s", status.Signal(), complaint(complaints))
	case !state.Success():
		return fail(jarvis.CodeInvalid, "did not read the image, and ended with status %d%s", status.ExitStatus(), complaint(complaints))
	case errors.Is(o.wait, exec.ErrWaitDelay):
		return fail(jarvis.CodeInternal, "left something running that holds on to its output")
	}
	return fail(jarvis.CodeInternal, "could not be given the image")
}

// unread reports whether a program just did not want all of its input.
func unread(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, os.ErrClosed)
}

// complaint returns the last line that a program complained with, to be appended to a
// message.
func complaint(complaints *capped) string {
	lines := strings.FieldsFunc(complaints.kept.String(), func(r rune) bool { return r == '\n' || r == '\r' })
	for _, line := range slices.Backward(lines) {
		line = strings.Map(func(r rune) rune {
			if unicode.IsPrint(r) {
				return r
			}
			return -1
		}, line)
		if line = strings.TrimSpace(line); line != "" {
			return ": " + jarvis.CleanText(line, maxComplaint)
		}
	}
	return ""
}
