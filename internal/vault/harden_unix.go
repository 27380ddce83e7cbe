//go:build unix && !linux

package vault

import (
	"golang.org/x/sys/unix"

	jarvis "github.com/jarvis-memory/jarvis"
)

// Harden keeps the memory of this process out of core dumps. It holds until the
// process ends. Call it before a key is read.
func Harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return jarvis.WrapError(jarvis.CodeInternal, "vault: harden", "core dumps cannot be turned off", err)
	}
	return nil
}
