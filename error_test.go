package jarvis_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"github.com/jarvis-memory/jarvis"
)

func TestError(t *testing.T) {
	err := jarvis.Errorf(jarvis.CodeNotFound, "no image at %s: %w", "2026/01/24", fs.ErrNotExist)
	wrapped := fmt.Errorf("fetch: %w", err)
	if !errors.Is(wrapped, jarvis.ErrNotFound) || !errors.Is(wrapped, fs.ErrNotExist) {
		t.Errorf("%v hides its code or its cause", wrapped)
	}
	if errors.Is(wrapped, jarvis.ErrConflict) || errors.Is(wrapped, &jarvis.Error{Code: jarvis.CodeNotFound, Message: "another"}) {
		t.Errorf("%v matches an error that it is not", wrapped)
	}
	for _, tt := range []struct {
		err  error
		want jarvis.Code
	}{
		{nil, ""},
		{wrapped, jarvis.CodeNotFound},
		{errors.Join(fs.ErrClosed, err), jarvis.CodeNotFound},
		{fs.ErrClosed, jarvis.CodeInternal},
		{context.Canceled, jarvis.CodeInternal},
	} {
		if got := jarvis.ErrorCode(tt.err); got != tt.want {
			t.Errorf("ErrorCode(%v) = %q; want %q", tt.err, got, tt.want)
		}
	}
}

func TestWrapError(t *testing.T) {
	inner := jarvis.Errorf(jarvis.CodeNoSpace, "the disk is full")
	if got := jarvis.WrapError(jarvis.CodeInternal, "op", "message", inner); got != error(inner) {
		t.Errorf("WrapError replaced %v by %v", inner, got)
	}
	got := jarvis.WrapError(jarvis.CodeUnavailable, "op", "the database does not answer", fs.ErrClosed)
	if got.Error() != "the database does not answer" || !errors.Is(got, fs.ErrClosed) || jarvis.ErrorCode(got) != jarvis.CodeUnavailable {
		t.Errorf("WrapError = %#v", got)
	}
}
