package vault

import (
	"golang.org/x/sys/unix"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Harden keeps the memory of this process out of core dumps, and away from
// debuggers and other processes of the same user. It holds until the process
// ends. Afterwards root owns the process's files in /proc. Call it before a
// key is read.
func Harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return jarvis.WrapError(jarvis.CodeInternal, "vault: harden", "core dumps cannot be turned off", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return jarvis.WrapError(jarvis.CodeInternal, "vault: harden", "the memory cannot be hidden from other processes", err)
	}
	return nil
}
