// Package proof says how hard the tests of this repository try, and keeps what
// the long ones saw. Only tests import it.
package proof

import (
	"fmt"
	"os"
	"testing"
)

// Rounds returns few in an ordinary test run and full under "make prove",
// which sets JARVIS_PROVE=1.
func Rounds(few, full int) int {
	if Long() {
		return full
	}
	return few
}

// Long reports whether this run is "make prove".
func Long() bool { return os.Getenv("JARVIS_PROVE") == "1" }

// Record logs what a proof saw and, under "make prove", appends it as one line
// to the file that JARVIS_PROVE_REPORT names.
func Record(t testing.TB, format string, args ...any) {
	t.Helper()
	line := t.Name() + ": " + fmt.Sprintf(format, args...)
	t.Log(line)
	report := os.Getenv("JARVIS_PROVE_REPORT")
	if !Long() || report == "" {
		return
	}
	f, err := os.OpenFile(report, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatalf("open the report of the proofs: %v", err)
	}
	_, err = fmt.Fprintln(f, line)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		t.Fatalf("write the report of the proofs: %v", err)
	}
}

// Skip skips a test that this machine cannot run, with the reason and the
// remedy. Under CI=true a skip is a failure: a check that does not run there
// protects nothing.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("cannot be skipped under CI=true: "+format, args...)
	}
	t.Skipf(format, args...)
}
