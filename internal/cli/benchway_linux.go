package cli

import (
	"errors"

	"golang.org/x/sys/unix"
)

// giveWay lets a process run only when no other wants to, as those of an engine do.
func giveWay(pid int) error {
	const lowest = 19
	err := errors.Join(
		unix.Setpriority(unix.PRIO_PROCESS, pid, lowest),
		unix.SchedSetAttr(pid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE, Nice: lowest}, 0),
	)
	if errors.Is(err, unix.ESRCH) { // it is through already
		return nil
	}
	return err
}
