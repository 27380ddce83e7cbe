//go:build !linux

package sqlite

import "math"

// checkFileSystem accepts every folder: only on Linux can we tell which are unfit.
func checkFileSystem(string) error { return nil }

// freeSpace is not known here; a full disk is then recognised by the system's
// own error only.
func freeSpace(string) (uint64, error) { return math.MaxUint64, nil }
