//go:build !linux

package ocr

import (
	"os"
	"syscall"
	"time"
)

// attributes put a program into a process group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// subdue lets a process run only when few others want to. Its memory is not
// limited: what there is for that only holds here and there.
func subdue(pid int, _ int64) error { return syscall.Setpriority(syscall.PRIO_PROCESS, pid, 19) }

// awaitExit returns when the process has ended, and leaves it to be reaped; it
// reports false where that cannot be told.
func awaitExit(int) bool { return false }

func reapGroup(int) {}

func starved(int) time.Duration { return 0 }

func peakMemory(*os.ProcessState) int64 { return 0 }
