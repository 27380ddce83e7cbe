package ocr

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jarvis-memory/jarvis"
	"github.com/jarvis-memory/jarvis/internal/proof"
)

func TestMain(m *testing.M) {
	adoptOrphans()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if _, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
			fmt.Fprintln(os.Stderr, "a process was left behind, running or not reaped")
			code = 1
		}
		os.Exit(code)
	}))
}

// script writes a program that tests run instead of a real one.
func script(t testing.TB, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "engine")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// fakeTesseract writes a program that says what tesseract says about itself, and
// then does what body says, $input being where the image is to be read from.
func fakeTesseract(t testing.TB, body string) string {
	t.Helper()
	return script(t, `case $1 in
--version) echo "tesseract 5.9.1"; echo " leptonica-1"; exit ;;
--list-langs) echo 'List of available languages in "/x/" (4):'; echo deu; echo eng; echo osd; echo script/Latin; exit ;;
esac
`+body)
}

// quick are limits for tests.
func quick() Limits { return Limits{Workers: 2, Timeout: 30 * time.Second, Eager: true} }

// openTesseract opens the real one, or skips the test.
func openTesseract(t testing.TB, o TesseractOptions) *Tesseract {
	t.Helper()
	if _, err := exec.LookPath("tesseract"); err != nil {
		proof.Skip(t, "tesseract is not installed: run scripts/setup-tests.sh")
	}
	o.Limits.Eager = true
	e, err := NewTesseract(t.Context(), o)
	if jarvis.ErrorCode(err) == jarvis.CodeUnavailable {
		proof.Skip(t, "%v; or run scripts/setup-tests.sh", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, e)
	return e
}

func openFake(t testing.TB, l Limits, body string) *Tesseract {
	t.Helper()
	e, err := NewTesseract(t.Context(), TesseractOptions{Limits: l, Program: fakeTesseract(t, body)})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, e)
	return e
}

func closeAtEnd(t testing.TB, e Engine) {
	t.Helper()
	t.Cleanup(func() {
		for range 2 { // the second time, nothing happens
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := e.Read(context.Background(), blank(t)); jarvis.ErrorCode(err) != jarvis.CodeUnavailable {
			t.Errorf("read after Close: %v", err)
		}
	})
}

// wantError checks the code of an error, and that the message names what it has to.
func wantError(t testing.TB, err error, code jarvis.Code, parts ...string) {
	t.Helper()
	if jarvis.ErrorCode(err) != code {
		t.Fatalf("got %v (%s), want %s", err, jarvis.ErrorCode(err), code)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

// pids reads the numbers that a script wrote into a file, one a line.
func pids(t testing.TB, path string) []int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []int
	for field := range strings.FieldsSeq(string(text)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pid)
	}
	return all
}

// awaitFile waits until a script has written into a file.
func awaitFile(t testing.TB, path string) {
	t.Helper()
	awaitTrue(t, path+" is not written", func() bool {
		info, err := os.Stat(path)
		return err == nil && info.Size() > 0
	})
}

func awaitTrue(t testing.TB, otherwise string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(otherwise)
		}
	}
}

// state returns the letter of proc_pid_stat(5), "" for a process that is gone.
func state(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return rest[:1]
}
