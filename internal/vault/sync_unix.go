//go:build unix

package vault

import (
	"errors"
	"os"
	"syscall"
)

// syncFolder makes the entries of a folder durable.
func syncFolder(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// isFull reports whether a disk, or a person's share of it, is full.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
