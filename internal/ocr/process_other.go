//go:build !linux

package ocr

import (
	"os"
	"syscall"
	"time"
)

// attributes put a program into a process group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// confine does nothing: what there is to limit the memory of another process holds
// only here and there.
func confine(int, int64) error { return nil }

// subdue lets a process run only when few others want to.
func subdue(pid int) error { return syscall.Setpriority(syscall.PRIO_PROCESS, pid, 19) }

// awaitExit returns when the process has ended, and leaves it to be reaped; it
// reports false where that cannot be told.
func awaitExit(int) bool { return false }

func reapGroup(int) {}

func starved(int) time.Duration { return 0 }

func peakMemory(*os.ProcessState) int64 { return 0 }
