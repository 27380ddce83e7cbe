package ocr

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// attributes put a program into a process group of its own, and have it killed
// when this process ends, however that happens.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// lowest is the nice value of processes that give way to all others.
const lowest = 19

// From linux/ioprio.h.
const (
	ioprioProcess = 1
	ioprioIdle    = 3 << 13
)

// oomScore makes the kernel end the program first when the machine runs out of
// memory; 1000 is the most.
const oomScore = 1000

// coreLimit of 1 byte keeps core dumps, which have the screen in them, from
// files and, other than 0, from the program that the kernel pipes them to.
const coreLimit = 1

// confine limits the memory of a process, and what may become of it. What it
// starts from now on inherits that.
func confine(pid int, memory int64) error {
	return errors.Join(
		limit(pid, unix.RLIMIT_CORE, coreLimit),
		limit(pid, unix.RLIMIT_AS, uint64(memory)),
		os.WriteFile(fmt.Sprintf("/proc/%d/oom_score_adj", pid), strconv.AppendInt(nil, oomScore, 10), 0),
	)
}

// subdue lets a process, and what it starts from now on, run and use disks only
// when no other wants to. It does as much of that as the kernel knows.
func subdue(pid int) error {
	err := errors.Join(
		unix.Setpriority(unix.PRIO_PROCESS, pid, lowest),
		unix.SchedSetAttr(pid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE, Nice: lowest}, 0),
	)
	if _, _, errno := unix.Syscall(unix.SYS_IOPRIO_SET, ioprioProcess, uintptr(pid), ioprioIdle); errno != 0 {
		err = errors.Join(err, errno)
	}
	return err
}

// limit lowers a limit of a process; only root could raise one.
func limit(pid, resource int, most uint64) error {
	var now unix.Rlimit
	if err := unix.Prlimit(pid, resource, nil, &now); err != nil {
		return err
	}
	most = min(most, now.Max)
	return unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil)
}

// awaitExit returns when the process has ended, and leaves it to be reaped; it
// reports false where that cannot be told.
func awaitExit(pid int) bool {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}

// reapGroup reaps what a program left behind, where orphans become children of
// this process: in a container, it is often the first one.
func reapGroup(pid int) {
	for {
		_, err := unix.Wait4(-pid, nil, 0, nil)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// starved returns how long a process, which has not been reaped, was ready to
// run without a processor (proc_pid_schedstat(5), its second number), and 0 when
// the kernel does not say.
func starved(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	n, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(n)
}

// peakMemory returns the most memory that a process, or one that it started, ever
// had in use, in bytes.
func peakMemory(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}
