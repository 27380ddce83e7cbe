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

func TestCaptureErrors(t *testing.T) {
	id, err := jarvis.ParseID("019bf0a0-0000-7000-8000-000000000001")
	if err != nil {
		t.Fatalf("ParseID: %v", err)
	}
	for _, tt := range []struct {
		err  *jarvis.Error
		is   error
		text string
	}{
		{jarvis.NoCapture(id), jarvis.ErrNotFound, "there is no capture 019bf0a0-0000-7000-8000-000000000001"},
		{jarvis.CaptureDeleted(id), jarvis.ErrDeleted, "capture 019bf0a0-0000-7000-8000-000000000001 was deleted"},
		{jarvis.CaptureExists(id), jarvis.ErrConflict, "there already is a capture 019bf0a0-0000-7000-8000-000000000001"},
		{jarvis.DeletionPending(id), jarvis.ErrConflict, "the deletion of capture 019bf0a0-0000-7000-8000-000000000001 is not finished: run the same deletion again, then undo it"},
	} {
		if !errors.Is(tt.err, tt.is) || tt.err.Error() != tt.text {
			t.Errorf("%q (%s); want %q", tt.err, tt.err.Code, tt.text)
		}
	}
}

func TestCaptureFilter_Page(t *testing.T) {
	for limit, want := range map[int]int{0: jarvis.DefaultPage, 1: 1, jarvis.MaxPage: jarvis.MaxPage} {
		if got, err := (&jarvis.CaptureFilter{Limit: limit}).Page(); got != want || err != nil {
			t.Errorf("a page of limit %d is %d, %v; want %d", limit, got, err, want)
		}
	}
	for _, limit := range []int{-1, jarvis.MaxPage + 1} {
		if _, err := (&jarvis.CaptureFilter{Limit: limit}).Page(); !errors.Is(err, jarvis.ErrInvalid) {
			t.Errorf("a page of limit %d: %v", limit, err)
		}
	}
}
