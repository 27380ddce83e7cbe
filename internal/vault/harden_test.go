//go:build linux

package vault

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// Harden cannot be undone, so it runs in a process of its own.
func TestHarden(t *testing.T) {
	if os.Getenv("JARVIS_TEST_HARDEN") == "1" {
		reportHardened(t)
		return
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^TestHarden$", "-test.v")
	cmd.Env = append(os.Environ(), "JARVIS_TEST_HARDEN=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func reportHardened(t *testing.T) {
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 1 {
		t.Fatalf("dumpable is %d before, error %v: the test would prove nothing", dumpable, err)
	}
	if err := Harden(); err != nil {
		t.Fatal(err)
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 0 {
		t.Errorf("dumpable is %d, error %v", dumpable, err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("the limit of core dumps is %+v, error %v", limit, err)
	}
	if err := Harden(); err != nil {
		t.Errorf("a second time: %v", err)
	}
}
