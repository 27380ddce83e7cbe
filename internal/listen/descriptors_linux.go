package listen

import (
	"os"

	"golang.org/x/sys/unix"
)

// descriptorLimit returns how many files this process may have open; 0 when that
// is not known.
func descriptorLimit() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	const enough = 1 << 30 // "unlimited" does not fit into an int
	return int(min(limit.Cur, enough))
}

// openDescriptors returns how many files this process has open; 0 when that is
// not known.
func openDescriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries) - 1 // one is the folder that was read
}
