//go:build unix

package config

import (
	"io/fs"
	"syscall"
)

// isPrivate reports whether only the owner of a file can read it, or it is a
// secret that root gives to the group of a container: owned by root, 0440.
func isPrivate(info fs.FileInfo) bool {
	perm := info.Mode().Perm()
	if perm&0o077 == 0 {
		return true
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	return ok && owner.Uid == 0 && perm == 0o440
}
